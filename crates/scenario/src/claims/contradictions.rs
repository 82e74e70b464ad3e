//! Claims that cannot all hold, or of which nothing could be seen.

use super::{fate, outcome, word};
use crate::transactions::Scene;
use form::{Flaw, did_you_mean};
use mail::Domain;
use plan::{Claim, Expectation, Host, Interference, Origin, Outcome, StarttlsPlay, Tls, Transaction};

/// Complains of claims that cannot all hold.
pub(crate) fn contradictions(transaction: &Transaction, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) {
    for expectation in &transaction.expect {
        let found = match &expectation.claim {
            Claim::Reply(_) => of_reply(expectation, transaction),
            Claim::Handshake(claim) => of_handshake(claim.version.as_deref(), transaction),
            Claim::Outcome(outcome) => of_folder(outcome, transaction, scene),
            Claim::Received => of_received(transaction, scene),
            Claim::Arrived(host) => of_arrival(host, transaction, &scene.stage.hosts),
            Claim::Offered(_) => of_offer(&scene.stage.hosts),
            Claim::Fetched(_) => of_policy(&scene.stage.hosts),
            Claim::Spf(_) | Claim::Dkim(_) | Claim::Dmarc(_) | Claim::Arc(_) | Claim::Header { .. } => None,
        };
        let Some(flaw) = found else { continue };
        let flaw = if flaw.labels.is_empty() { flaw.at(&expectation.span, "this claim") } else { flaw };
        flaws.push(flaw);
    }
}

fn of_reply(expectation: &Expectation, transaction: &Transaction) -> Option<Flaw> {
    let Claim::Reply(reply) = &expectation.claim else { return None };
    if transaction.origin == Origin::Sendmail {
        let flaw = Flaw::new("a program hands this message in, so no server replies to it");
        return Some(flaw.help("claim its `outcome` instead"));
    }
    let (fate, (outcome, span)) = (fate(reply, transaction)?, outcome(transaction)?);
    if fate.allows(outcome) {
        return None;
    }
    let flaw = Flaw::new(format!("a message cannot be {} after a {} reply", word(outcome), reply.code));
    Some(flaw.at(span, "this outcome").at(&expectation.span, format!("this reply says {}", fate.word())))
}

fn of_handshake(version: Option<&str>, transaction: &Transaction) -> Option<Flaw> {
    let version = version.filter(|version| *version != "none")?;
    let Origin::Client(client) = &transaction.origin else { return None };
    let flaw = || Flaw::new(format!("a client that asks for no TLS cannot get {version}"));
    (client.tls == Tls::None).then(|| flaw().help("add `tls = \"starttls\"` to the client"))
}

/// Folders are in mailboxes, and those are at the gateways.
fn of_folder(outcome: &Outcome, transaction: &Transaction, scene: &Scene<'_>) -> Option<Flaw> {
    let (Outcome::Delivered(Some(folder)) | Outcome::Quarantined(Some(folder))) = outcome else { return None };
    let is_elsewhere = |domain: &Domain| !scene.world.owned().any(|own| domain.is_within(own));
    let flaw = || Flaw::new(format!("nobody who gets this message has a folder {folder}"));
    let all = transaction.rcpt_to.iter().all(|recipient| is_elsewhere(recipient.value.domain()));
    all.then(|| flaw().help("the hosts of this file have no mailboxes: write `outcome = \"delivered\"`"))
}

fn of_received(transaction: &Transaction, scene: &Scene<'_>) -> Option<Flaw> {
    if let Some((lost @ (Outcome::Rejected | Outcome::Deferred | Outcome::Bounced | Outcome::Discarded), span)) =
        outcome(transaction)
    {
        let flaw = Flaw::new(format!("no Received field is seen of a message that is {}", word(lost)));
        return Some(flaw.at(span, "this outcome").help("take `received` or the outcome away"));
    }
    // from the gateway to its peer there is a connection, and a Received field about it
    let world = scene.world;
    let is_peer = |domain: &Domain| {
        world.owned().any(|own| domain.is_within(own)) && !world.gateway.iter().any(|own| domain.is_within(own))
    };
    let to_peer = transaction.rcpt_to.iter().any(|recipient| is_peer(recipient.value.domain()));
    let flaw =
        || Flaw::new("no connection brings this message to the gateway, so its Received field says nothing of one");
    (transaction.origin == Origin::Sendmail && !to_peer)
        .then(|| flaw().help("claim it of mail through `client` or `via.submission`; of the way on, claim `handshake`"))
}

fn of_arrival(name: &Domain, transaction: &Transaction, hosts: &[Host]) -> Option<Flaw> {
    let mtas = || hosts.iter().filter(|host| host.smtp.is_some()).map(|host| host.name.as_str());
    if !mtas().any(|mta| mta == name.as_str()) {
        let help = did_you_mean(name.as_str(), mtas(), &format!("Declare [host.\"{name}\"] with `smtp`"));
        return Some(Flaw::new(format!("no host {name} to take the message")).help(help));
    }
    match outcome(transaction) {
        None | Some((Outcome::Delivered(_), _)) => None,
        Some((other, span)) => {
            let flaw = Flaw::new(format!("{name} cannot have taken a message that is {}", word(other)));
            Some(flaw.at(span, "this outcome").help("take `arrived` or the outcome away"))
        }
    }
}

fn of_offer(hosts: &[Host]) -> Option<Flaw> {
    let mut mtas = hosts.iter().filter_map(|host| host.smtp.as_ref()).peekable();
    if mtas.peek().is_none() {
        let flaw = Flaw::new("there is no host to which the gateway could offer anything");
        return Some(flaw.help("declare a host with `smtp`"));
    }
    let shakes = |play: StarttlsPlay| matches!(play, StarttlsPlay::Offered | StarttlsPlay::Injected);
    let is_asked = mtas.any(|mta| shakes(mta.starttls) && mta.wire != Interference::StripStarttls);
    (!is_asked)
        .then(|| Flaw::new("no host of this file lets a handshake begin").help("declare one that offers STARTTLS"))
}

fn of_policy(hosts: &[Host]) -> Option<Flaw> {
    let is_there = hosts.iter().any(|host| host.https.is_some());
    (!is_there).then(|| {
        Flaw::new("there is no web server that could be asked for a policy").help("declare a host with `https`")
    })
}
