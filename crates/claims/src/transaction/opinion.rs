//! `opinion`: what the harness itself makes of DMARC and of the ARC chain, for the message that was sent.

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written};
use evidence::{DmarcOpinion, Observed};
use form::{Decode, Flaw, Node, Shape, tables};
use mail::{ArcResult, DmarcResult};
use plan::Spanned;
use toml::de::DeValue;

/// The harness's own result is this, by the zones as they were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// Of DMARC, by RFC 9989.
    Dmarc(DmarcResult),
    /// Of the ARC chain (RFC 8617 §5.2).
    Arc(ArcResult),
}

tables! {
    /// The harness's own results.
    OpinionTable "opinion" [Some] {
        /// Of DMARC.
        dmarc: Option<DmarcResult>,
        /// Of the ARC chain (RFC 8617 §5.2); one that is not good is bad, in whatever way.
        arc: Option<ArcResult>,
    }
}

impl Claim<Transaction> for Opinion {
    fn words(&self) -> String {
        let claim = match self {
            Self::Dmarc(result) => format!("DMARC {result}"),
            Self::Arc(result) => format!("ARC {result}"),
        };
        format!("{claim} in the harness's own judgement")
    }

    /// DMARC must be so for each domain that From names, and there must be one.
    fn check(&self, case: &Case<'_>) -> Check {
        let unclear = |why: &str| Check::unclear(format!("whether it holds: {}", self.words()), why);
        let opinion = match &case.seen.opinion {
            None => return unclear("the harness was not asked for its own judgement (`--second-opinion`)"),
            Some(Observed::Unobserved(why)) => return unclear(why),
            Some(Observed::Seen(opinion)) => opinion,
        };
        match self {
            Self::Dmarc(claim) => match opinion.dmarc.iter().find(|dmarc| dmarc.result != *claim) {
                Some(DmarcOpinion { author, result, .. }) => Check::fails(
                    format!("DMARC of {author} is {result} in the harness's own judgement, not {claim}"),
                    format!("SPF of MAIL FROM is {} for {}", opinion.mail_from.result, opinion.mail_from.domain),
                ),
                None if opinion.dmarc.is_empty() => unclear("From names no domain"),
                None => Check::Holds,
            },
            Self::Arc(claim) if opinion.arc == *claim => Check::Holds,
            Self::Arc(claim) => Check::Fails(
                format!("ARC is {} in the harness's own judgement, not {claim}", opinion.arc),
                opinion.arc_reason.iter().map(|why| format!("the chain fails: {why}")).collect(),
            ),
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        match self {
            Self::Dmarc(_) => causes::dmarc(case),
            Self::Arc(_) => {
                let seal = case.planned.message.seals().last()?;
                Some(Cause::new(&seal.selector.span, "sealed with this key"))
            }
        }
    }
}

/// A DMARC result alone, or each in a table.
#[derive(Debug, Clone)]
pub struct Opinions(Vec<Opinion>);

impl Decode for Opinions {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<DmarcResult as Decode>::shape(), OpinionTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            return DmarcResult::read(node, flaws).map(|result| Self(vec![Opinion::Dmarc(result)]));
        }
        let OpinionTable { dmarc, arc } = OpinionTable::read(node, flaws)?;
        Some(Self(dmarc.map(Opinion::Dmarc).into_iter().chain(arc.map(Opinion::Arc)).collect()))
    }
}

impl Written<Transaction> for Opinion {
    const KEY: &'static str = "opinion";
    const DOC: &'static str = "What the harness itself makes of the octets that were sent, by the zones as published: of DMARC (RFC 9989 §4), or of each as in `{ dmarc = \"fail\", arc = \"pass\" }`.";
    type Form = Opinions;

    fn read(written: Spanned<Opinions>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let Spanned { value: Opinions(list), span } = written;
        list.into_iter().map(|value| Spanned { value, span: span.clone() }).collect()
    }
}
