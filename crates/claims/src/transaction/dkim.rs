//! `dkim`: the DKIM result of the whole message, or of the signatures of a domain, a selector, an algorithm.

use super::{Case, Transaction, alternatives::less_told, causes, gateway_side};
use crate::{
    Cause, Check, Claim, Written,
    results::{self, Signer},
};
use form::{
    Decode, Flaw, Node, Required, Shape, Text, tables,
    values::{Line, Named, OneOrMany},
};
use mail::{DkimResult, Domain};
use plan::{KeyAlgorithm, Signature, Spanned};
use toml::de::DeValue;

/// The DKIM results of the message are these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dkim {
    /// One result for the whole message: the best of all signatures.
    Overall(DkimResult),
    /// Every signature of each of these has this result, and there is one.
    Signatures(Vec<(Signer, DkimResult)>),
}

/// `a=` of a signature (RFC 6376 §3.3, RFC 8463 §3).
#[derive(Debug, Clone)]
pub(super) struct SignatureAlgorithm(&'static str);

impl SignatureAlgorithm {
    const ALL: [(&'static str, &'static str); 3] = [
        ("rsa-sha256", "RSA"),
        ("ed25519-sha256", "Ed25519 (RFC 8463 §3)"),
        ("rsa-sha1", "RSA with SHA-1, which RFC 8301 §3.1 forbids"),
    ];
}

impl form::Keyword for SignatureAlgorithm {
    const WHAT: &'static str = "an algorithm of signatures";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        Self::ALL.into_iter().map(|(word, doc)| (word, Self(word), doc)).collect()
    }
}

tables! {
    /// Signatures that are meant.
    SignerTable "signer" [Any] {
        /// `d=` (RFC 6376 §3.5).
        domain: Required<Domain>,
        /// `s=`; any if not said. A result that does not name it (`header.s`) leaves the claim unclear.
        selector: Option<Line>,
        /// `a=`; any if not said. A result that does not name it (`header.a`) leaves the claim unclear.
        algorithm: Option<SignatureAlgorithm>,
    }
}

impl Decode for Signer {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<Domain as Text>::shape(), SignerTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            let domain = <Domain as Decode>::read(node, flaws)?;
            return Some(Self { domain, selector: None, algorithm: None });
        }
        let table = SignerTable::read(node, flaws)?;
        Some(Self {
            domain: table.domain.0?,
            selector: table.selector.map(|selector| selector.0),
            algorithm: table.algorithm.map(|algorithm| algorithm.0.to_owned()),
        })
    }
}

impl Claim<Transaction> for Dkim {
    fn words(&self) -> String {
        match self {
            Self::Overall(result) => format!("DKIM {result}"),
            Self::Signatures(list) => {
                let list: Vec<String> =
                    list.iter().map(|(signer, result)| format!("DKIM {result} of {signer}")).collect();
                list.join(", ")
            }
        }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        match self {
            Self::Overall(claim) => case.result("dkim", *claim, &case.dkim),
            Self::Signatures(claims) => case.contradiction("dkim").unwrap_or_else(|| signatures(claims, case)),
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        if let Some(cause) = gateway_side::silence(case, "dkim") {
            return Some(cause);
        }
        causes::dkim(case, |signature: &Signature| match self {
            Self::Overall(_) => true,
            Self::Signatures(list) => list.iter().any(|(signer, _)| is_meant(signer, signature)),
        })
    }
}

/// Whether a signature that the file makes is one of these.
fn is_meant(signer: &Signer, signature: &Signature) -> bool {
    let algorithm = match (signature.key, signature.sha1) {
        (KeyAlgorithm::Ed25519, _) => "ed25519-sha256",
        (_, true) => "rsa-sha1",
        (_, false) => "rsa-sha256",
    };
    signer.domain == signature.domain.value
        && signer.selector.as_ref().is_none_or(|selector| selector.eq_ignore_ascii_case(&signature.selector.value))
        && signer.algorithm.as_ref().is_none_or(|wanted| wanted == algorithm)
}

/// What is seen to be false decides, whatever else cannot be told.
fn signatures(claims: &[(Signer, DkimResult)], case: &Case<'_>) -> Check {
    let mut unclear = None;
    for (signer, claim) in claims {
        let found = match results::dkim_of(signer, case.seen) {
            Ok(found) => found,
            Err(why) => {
                unclear = less_told(unclear, case.untold("dkim", format!("whether DKIM of {signer} is {claim}"), why));
                continue;
            }
        };
        let fails = |what: String| Check::Fails(what, case.said_of("dkim"));
        if let Some(other) = found.certain.iter().find(|result| *result != claim) {
            return fails(format!("DKIM of {signer} is {other}, not {claim}"));
        }
        if let Some(why) = results::may_be_more("dkim", case.seen).filter(|_| found.certain.is_empty()) {
            unclear = less_told(unclear, Check::unclear(format!("whether DKIM of {signer} is {claim}"), why));
            continue;
        }
        match found.possible.first() {
            None if found.certain.is_empty() => return fails(format!("no DKIM result is for a signature of {signer}")),
            None => {}
            Some(why) => {
                let what = format!("whether DKIM of {signer} is {claim}");
                unclear = less_told(unclear, case.untold("dkim", what, why.clone()));
            }
        }
    }
    unclear.unwrap_or(Check::Holds)
}

impl Written<Transaction> for Dkim {
    const KEY: &'static str = "dkim";
    const DOC: &'static str = "The DKIM result: of the whole message, or by domain, as in `{ pass = \"bank.example\" }`, by selector and algorithm, as in `{ pass = { domain = \"bank.example\", selector = \"s1\", algorithm = \"rsa-sha256\" } }`, or a list of both.";
    type Form = Self;

    fn read(written: Spanned<Self>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

type ByResult = Named<DkimResult, OneOrMany<Signer>>;

impl Decode for Dkim {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<DkimResult as Decode>::shape(), ByResult::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            return DkimResult::read(node, flaws).map(Self::Overall);
        }
        let before = flaws.len();
        let named = ByResult::read(node, flaws)?;
        if named.0.is_empty() && flaws.len() == before {
            flaws.push(Flaw::new("`dkim` claims nothing").at(&node.span(), "a result and a domain are needed"));
        }
        let signatures =
            named.0.into_iter().flat_map(|(result, signers)| signers.0.into_iter().map(move |s| (s, result.value)));
        Some(Self::Signatures(signatures.collect()))
    }
}
