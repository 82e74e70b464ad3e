//! `spf`: the SPF result, of MAIL FROM or of HELO.

use super::{Case, Transaction, causes, gateway_side};
use crate::{
    Cause, Check, Claim, Written,
    results::{self, Identity},
};
use form::{Decode, Flaw, Node, Shape, tables};
use mail::SpfResult;
use plan::Spanned;
use toml::de::DeValue;

/// The SPF result of an identity is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spf {
    /// What is checked.
    pub identity: Identity,
    /// What comes of it.
    pub result: SpfResult,
}

tables! {
    /// SPF results by what is checked (RFC 7208 §2.3, §2.4).
    SpfTable "SPF" [Some] {
        /// The name that the client says in EHLO.
        helo: Option<SpfResult>,
        /// The reverse-path; the name in EHLO, if that is null.
        mail_from: Option<SpfResult>,
    }
}

impl Claim<Transaction> for Spf {
    fn words(&self) -> String {
        match self.identity {
            Identity::MailFrom => format!("SPF {}", self.result),
            Identity::Helo => format!("SPF {} of HELO", self.result),
        }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        match self.identity {
            Identity::MailFrom => case.result("spf", self.result, &case.spf),
            Identity::Helo => case.result("spf", self.result, &results::spf(Identity::Helo, false, case.seen)),
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        let of_mail_from = || (self.identity == Identity::MailFrom).then(|| causes::spf(case))?;
        gateway_side::silence(case, "spf").or_else(of_mail_from)
    }
}

impl Written<Transaction> for Spf {
    const KEY: &'static str = "spf";
    const DOC: &'static str = "The SPF result: of MAIL FROM, or by identity, as in `{ helo = \"fail\" }`.";
    type Form = SpfForm;

    fn read(written: Spanned<SpfForm>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let claim = |value| Spanned { value, span: written.span.clone() };
        written.value.0.into_iter().map(claim).collect()
    }
}

/// One result, or one for each identity.
#[derive(Debug, Clone)]
pub struct SpfForm(Vec<Spf>);

impl Decode for SpfForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<SpfResult as Decode>::shape(), SpfTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let of = |identity| move |result| Spf { identity, result };
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            return SpfResult::read(node, flaws).map(of(Identity::MailFrom)).map(|claim| Self(vec![claim]));
        }
        let table = SpfTable::read(node, flaws)?;
        let helo = table.helo.map(of(Identity::Helo));
        Some(Self(helo.into_iter().chain(table.mail_from.map(of(Identity::MailFrom))).collect()))
    }
}
