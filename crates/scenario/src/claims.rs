//! Claims: what must come of a transaction, and whether that can be.

mod contradictions;
mod controls;

pub(crate) use contradictions::contradictions;
pub(crate) use controls::controls;

use crate::language::{DkimForm, ExpectTable, HandshakeTable, ReplyTable};
use form::Flaw;
use mail::Domain;
use plan::{
    Claim, Command, DkimClaim, Expectation, HandshakeClaim, Origin, Outcome, ReplyClaim, Spanned, Transaction, World,
};
use std::ops::Range;

/// Makes the claims of a transaction.
pub(crate) fn build(table: ExpectTable, flaws: &mut Vec<Flaw>) -> Vec<Expectation> {
    let mut found = Vec::new();
    let mut add = |claim: Claim, span: Range<usize>| found.push(Expectation { claim, span });
    for Spanned { value, span } in table.reply.into_iter().flat_map(|replies| replies.0) {
        if let Some(claim) = reply(value, flaws) {
            add(Claim::Reply(claim), span);
        }
    }
    if let Some(Spanned { value, span }) = table.spf {
        add(Claim::Spf(value), span);
    }
    if let Some(Spanned { value, span }) = table.dkim {
        let claim = match value {
            DkimForm::Overall(result) => DkimClaim::Overall(result),
            DkimForm::Signatures(list) => DkimClaim::Signatures(list),
        };
        add(Claim::Dkim(claim), span);
    }
    if let Some(Spanned { value, span }) = table.dmarc {
        add(Claim::Dmarc(value), span);
    }
    if let Some(Spanned { value, span }) = table.arc {
        add(Claim::Arc(value), span);
    }
    if let Some(Spanned { value, span }) = table.outcome {
        add(Claim::Outcome(value.0), span);
    }
    if let Some(claim) = table.handshake {
        let span = claim.span.clone();
        add(Claim::Handshake(handshake(claim, flaws)), span);
    }
    if let Some(Spanned { span, .. }) = table.received {
        add(Claim::Received, span);
    }
    if let Some(Spanned { value, span }) = table.arrived {
        add(Claim::Arrived(value), span);
    }
    if let Some(Spanned { value, span }) = table.offered {
        add(Claim::Offered(value.0.iter().map(|version| version.0.to_owned()).collect()), span);
    }
    if let Some(Spanned { value, span }) = table.fetched {
        add(Claim::Fetched(value), span);
    }
    for Spanned { value, span } in table.header.into_iter().flat_map(|headers| headers.0) {
        if let (Some(name), Some(contains)) = (value.name.0, value.contains.0) {
            add(Claim::Header { name: name.0, contains }, span);
        }
    }
    found
}

fn reply(table: ReplyTable, flaws: &mut Vec<Flaw>) -> Option<ReplyClaim> {
    let code = table.code.0?;
    let class = code.value.0 / 100;
    if let Some(enhanced) = table.enhanced.as_ref().filter(|enhanced| i64::from(enhanced.value.class) != class) {
        let flaw =
            Flaw::new(format!("a {} reply cannot have the enhanced status code {}", code.value.0, enhanced.value));
        flaws.push(
            flaw.at(&enhanced.span, "of another class")
                .at(&code.span, "the reply code")
                .help("both begin with the same digit (RFC 2034 §4)"),
        );
    }
    Some(ReplyClaim {
        to: table.to.0?.value,
        code: u16::try_from(code.value.0).ok()?,
        enhanced: table.enhanced.map(|enhanced| enhanced.value),
        text: table.text.map(|text| text.0),
    })
}

fn handshake(table: Spanned<HandshakeTable>, flaws: &mut Vec<Flaw>) -> HandshakeClaim {
    let Spanned { value: table, span } = table;
    let unprotected = table.version.as_ref().filter(|version| version.value.0 == "none");
    if let Some(version) = unprotected
        && (table.suite.is_some() || table.group.is_some() || table.peer.is_some())
    {
        let flaw = Flaw::new("a connection without TLS has no suite, group or certificate").at(&version.span, "no TLS");
        flaws.push(flaw.at(&span, "but more is claimed of it"));
    }
    HandshakeClaim {
        version: table.version.map(|version| version.value.0.to_owned()),
        suite: table.suite.map(|suite| suite.0),
        group: table.group.map(|group| group.0),
        peer: table.peer.map(|peer| peer.0.to_owned()),
    }
}

/// What a reply makes of the whole message.
#[derive(Clone, Copy)]
enum Fate {
    Accepted,
    Later,
    Refused,
}

impl Fate {
    fn allows(self, outcome: &Outcome) -> bool {
        match self {
            Self::Accepted => !matches!(outcome, Outcome::Rejected),
            Self::Later => matches!(outcome, Outcome::Deferred),
            Self::Refused => matches!(outcome, Outcome::Rejected),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Later => "not now",
            Self::Refused => "refused",
        }
    }
}

/// The fate of the message, if this reply decides it. One recipient of several decides nothing.
fn fate(reply: &ReplyClaim, transaction: &Transaction) -> Option<Fate> {
    let decides = match reply.to {
        Command::Connect | Command::MailFrom | Command::Data | Command::EndOfData => true,
        Command::RcptTo => transaction.rcpt_to.len() == 1,
        Command::Ehlo | Command::Starttls | Command::Auth => false,
    };
    match reply.code {
        200..400 => (reply.to == Command::EndOfData).then_some(Fate::Accepted),
        400..500 => decides.then_some(Fate::Later),
        _ => decides.then_some(Fate::Refused),
    }
}

fn outcome(transaction: &Transaction) -> Option<(&Outcome, &Range<usize>)> {
    transaction.expect.iter().find_map(|expectation| match &expectation.claim {
        Claim::Outcome(outcome) => Some((outcome, &expectation.span)),
        _ => None,
    })
}

/// An outcome in one word.
const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Rejected => "rejected",
        Outcome::Deferred => "deferred",
        Outcome::Delivered(_) => "delivered",
        Outcome::Bounced => "bounced",
        Outcome::Quarantined(_) => "quarantined",
        Outcome::Discarded => "discarded",
    }
}

/// Whether the message is claimed to lie somewhere in the end.
pub(crate) fn must_arrive(transaction: &Transaction) -> bool {
    matches!(outcome(transaction), Some((Outcome::Delivered(_) | Outcome::Quarantined(_), _))) || arrives(transaction)
}

/// Whether a host of the file is claimed to take the message.
fn arrives(transaction: &Transaction) -> bool {
    transaction.expect.iter().any(|expectation| matches!(expectation.claim, Claim::Arrived(_)))
}

/// Whether the gateway under test brings the message to somebody else, as a client.
pub(crate) fn is_outbound(transaction: &Transaction, world: &World) -> bool {
    let is_own = |domain: &Domain| world.gateway.iter().any(|own| domain.is_within(own));
    let from_here = match &transaction.origin {
        Origin::Client(_) => false,
        Origin::Submission(submission) => is_own(submission.login.value.domain()),
        Origin::Sendmail => true,
    };
    from_here && transaction.rcpt_to.iter().any(|recipient| !is_own(recipient.value.domain()))
}
