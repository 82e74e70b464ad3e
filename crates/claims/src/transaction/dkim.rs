//! `dkim`: the DKIM result of the whole message, or of the signatures of a domain.

use super::{Case, Transaction, causes, gateway_side};
use crate::{Cause, Check, Claim, Written, results};
use evidence::Observed;
use form::{
    Decode, Flaw, Node, Shape,
    values::{Named, OneOrMany},
};
use mail::{DkimResult, Domain};
use plan::{Signature, Spanned};
use toml::de::DeValue;

/// The DKIM results of the message are these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dkim {
    /// One result for the whole message: the best of all signatures.
    Overall(DkimResult),
    /// Every signature of each of these domains has this result, and there is one.
    Signatures(Vec<(Domain, DkimResult)>),
}

impl Claim<Transaction> for Dkim {
    fn words(&self) -> String {
        match self {
            Self::Overall(result) => format!("DKIM {result}"),
            Self::Signatures(list) => {
                let list: Vec<String> =
                    list.iter().map(|(domain, result)| format!("DKIM {result} of {domain}")).collect();
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
            Self::Signatures(list) => list.iter().any(|(domain, _)| *domain == signature.domain.value),
        })
    }
}

fn signatures(claims: &[(Domain, DkimResult)], case: &Case<'_>) -> Check {
    let mut unclear = None;
    for (domain, claim) in claims {
        let found = match results::dkim_of(domain, case.seen) {
            Observed::Seen(found) => found,
            Observed::Unobserved(why) => {
                unclear = Some(Check::unclear(format!("whether DKIM of {domain} is {claim}"), why));
                continue;
            }
        };
        if let Some(why) = results::may_be_more("dkim", case.seen).filter(|_| found.is_empty()) {
            unclear = Some(Check::unclear(format!("whether DKIM of {domain} is {claim}"), why));
            continue;
        }
        if found.is_empty() {
            return Check::Fails(format!("no DKIM result is for a signature of {domain}"), case.said_of("dkim"));
        }
        if let Some(other) = found.iter().find(|result| *result != claim) {
            return Check::Fails(format!("DKIM of {domain} is {other}, not {claim}"), case.said_of("dkim"));
        }
    }
    unclear.unwrap_or(Check::Holds)
}

impl Written<Transaction> for Dkim {
    const KEY: &'static str = "dkim";
    const DOC: &'static str =
        "The DKIM result: of the whole message, or by domain, as in `{ pass = \"bank.example\" }`.";
    type Form = Self;

    fn read(written: Spanned<Self>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

type ByResult = Named<DkimResult, OneOrMany<Domain>>;

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
            named.0.into_iter().flat_map(|(result, domains)| domains.0.into_iter().map(move |d| (d, result.value)));
        Some(Self::Signatures(signatures.collect()))
    }
}
