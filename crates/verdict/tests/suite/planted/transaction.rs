//! Lies about mail transactions.

use super::{Planted, are_found, mail, of};
use crate::{
    canned::{
        copy, delivered, exchange, fate, following, handshake, in_queue, notification, plan, question, rejected, result,
    },
    opinions::forged,
    played::{logged, offer, outbound, sent, web},
    received::{USING, field, traced},
};
use claims::transaction;
use evidence::{Disposition, Evidence, FateStatus, MailObject, Observed, Opinion, ResultSource, Transaction, Trust};
use mail::DmarcResult;
use plan::Specification;

fn seen(evidence: &mut Evidence) -> &mut Transaction {
    &mut evidence.transactions[0]
}

fn hidden<T>() -> Observed<T> {
    Observed::Unobserved("the server closed the connection".to_owned())
}

/// The reply to the end of the data is this one.
fn ends(evidence: &mut Evidence, reply: &str) {
    seen(evidence).dialogue[7] = exchange("end-of-data", "", reply);
}

/// A method has another result.
fn says(evidence: &mut Evidence, method: &str, word: &str) {
    seen(evidence).object.results.iter_mut().filter(|r| r.method == method).for_each(|r| r.result = word.to_owned());
}

fn silent(evidence: &mut Evidence) {
    seen(evidence).object.results.clear();
}

fn replies() -> Vec<Planted> {
    let claim = "reply = { to = \"end-of-data\", code = 550, enhanced = \"5.7.1\", text = \"DMARC policy\" }";
    let explained = || {
        let mut evidence = mail(rejected());
        ends(&mut evidence, "550 5.7.23 ask postmaster");
        evidence
    };
    vec![
        of(claim, mail(rejected()))
            .lie("code", |e| ends(e, "551 5.7.1 rejected by DMARC policy"))
            .lie("class", |e| ends(e, "450 5.7.1 rejected by DMARC policy"))
            .lie("enhanced", |e| ends(e, "550 5.7.2 rejected by DMARC policy"))
            .lie("no enhanced", |e| ends(e, "550 rejected by DMARC policy"))
            .lie("text", |e| ends(e, "550 5.7.1 rejected by policy"))
            .lie("to another command", |e| {
                seen(e).dialogue.truncate(5);
                seen(e).dialogue.push(exchange("rcpt-to", "RCPT TO:<a@b>", "550 5.7.1 rejected by DMARC policy"));
            })
            .lie("a later reply", |e| {
                let later = exchange("end-of-data", "", "250 2.0.0 ok");
                seen(e).dialogue.push(later);
            })
            .unseen("reply", |e| seen(e).dialogue[7].reply = hidden())
            .unseen("an earlier reply", |e| {
                seen(e).dialogue.truncate(7);
                seen(e).dialogue[6].reply = hidden();
            })
            .unseen("the rest", |e| seen(e).dialogue.truncate(7)),
        of("reply = { to = \"end-of-data\", code = \"5xx\" }", mail(rejected()))
            .lie("class", |e| ends(e, "451 4.7.1 later"))
            .unseen("reply", |e| seen(e).dialogue[7].reply = hidden()),
        of("spf-explanation = \"ask postmaster\"", explained())
            .lie("text", |e| ends(e, "550 5.7.23 do not ask"))
            .lie("said by a reply that takes it", |e| ends(e, "250 2.0.0 ask postmaster"))
            .unseen("reply", |e| seen(e).dialogue[7].reply = hidden()),
    ]
}

fn results() -> Vec<Planted> {
    let with_helo = || {
        let mut seen = rejected();
        seen.object.results.push(result(
            "spf",
            "none",
            &[("smtp.helo", "h")],
            ResultSource::Log("policyd-spf".to_owned()),
        ));
        mail(seen)
    };
    let with_arc = || {
        let mut seen = delivered("INBOX");
        seen.object.results.push(result("arc", "pass", &[], ResultSource::Header));
        mail(seen)
    };
    let injected = |e: &mut Evidence| seen(e).object.results.iter_mut().for_each(|r| r.injected = Some("x".to_owned()));
    let opinion = || mail(Transaction { opinion: Some(Observed::Seen(forged(Disposition::None))), ..rejected() });
    vec![
        of("spf = \"fail\"", with_helo())
            .lie("result", |e| seen(e).object.results[0].result = "pass".to_owned())
            .lie("two results", |e| {
                let mut other = seen(e).object.results[0].clone();
                other.result = "pass".to_owned();
                seen(e).object.results.push(other);
            })
            .unseen("only HELO", |e| seen(e).object.results.retain(|r| r.result == "none"))
            .unseen("no word", |e| seen(e).object.results[0].result = "hardfail".to_owned())
            .unseen("injected", injected)
            .unseen("results", silent),
        of("spf = { helo = \"none\" }", with_helo())
            .lie("result", |e| seen(e).object.results[3].result = "pass".to_owned())
            .unseen("only MAIL FROM", |e| seen(e).object.results.truncate(3)),
        of("dkim = \"none\"", mail(rejected()))
            .lie("result", |e| says(e, "dkim", "pass"))
            .lie("and a signature", |e| {
                let log = ResultSource::Log("opendkim".to_owned());
                seen(e).object.results.push(result("dkim", "fail", &[("header.d", "x.example")], log));
            })
            .unseen("injected", injected)
            .unseen("results", silent),
        of("dkim = { pass = \"bank.example\" }", mail(delivered("INBOX")))
            .lie("result", |e| says(e, "dkim", "fail"))
            .lie("whose", |e| seen(e).object.results[1].properties[0].1 = "mail.bank.example".to_owned())
            .lie("a second signature", |e| {
                let second = result("dkim", "fail", &[("header.d", "bank.example")], ResultSource::Header);
                seen(e).object.results.push(second);
            })
            .lie("none", |e| says(e, "dkim", "none"))
            .unseen("nameless", |e| seen(e).object.results[1].properties.clear())
            .unseen("injected", injected)
            .unseen("results", silent),
        of("dmarc = \"fail\"", mail(rejected()))
            .lie("result", |e| says(e, "dmarc", "pass"))
            .unseen("injected", injected)
            .unseen("results", silent),
        of("arc = \"pass\"", with_arc())
            .lie("result", |e| says(e, "arc", "fail"))
            .unseen("injected", injected)
            .unseen("results", silent),
        of(
            "result = { method = \"dmarc\", result = \"fail\", properties = { \"header.from\" = \"bank.example\" } }",
            mail(rejected()),
        )
        .lie("result", |e| says(e, "dmarc", "pass"))
        .lie("value", |e| seen(e).object.results[2].properties[0].1 = "x.bank.example".to_owned())
        .lie("property", |e| seen(e).object.results[2].properties[0].0 = "header.d".to_owned())
        .unseen("method", |e| seen(e).object.results[2].method = "dkim".to_owned())
        .unseen("injected", injected),
        of("opinion = \"fail\"", opinion())
            .lie("result", |e| own(e).dmarc[0].result = DmarcResult::Pass)
            .lie("of another author", |e| {
                let mut other = own(e).dmarc[0].clone();
                other.result = DmarcResult::None;
                own(e).dmarc.push(other);
            })
            .unseen("no author", |e| own(e).dmarc.clear())
            .unseen("not known", |e| seen(e).opinion = Some(hidden()))
            .unseen("not asked", |e| seen(e).opinion = None),
    ]
}

fn own(evidence: &mut Evidence) -> &mut Opinion {
    seen(evidence).opinion.as_mut().unwrap().seen_mut().unwrap()
}

fn unknown(evidence: &mut Evidence) {
    seen(evidence).dialogue[7].reply = hidden();
    seen(evidence).object = MailObject::default();
}

fn outcomes() -> Vec<Planted> {
    let inbox = || mail(delivered("INBOX"));
    let to_other = |e: &mut Evidence| seen(e).object.delivered[0].mailbox = "bob@gateway.example".parse().unwrap();
    let queue = |status| mail(in_queue(status));
    vec![
        of("outcome = \"rejected\"", mail(rejected()))
            .lie("taken", |e| ends(e, "250 2.0.0 ok"))
            .lie("for now", |e| ends(e, "451 4.7.1 later"))
            .lie("in a mailbox", |e| seen(e).object.delivered = delivered("INBOX").object.delivered)
            .unseen("reply", |e| seen(e).dialogue[7].reply = hidden())
            .unseen("the rest", |e| seen(e).dialogue.truncate(7)),
        of("outcome = \"deferred\"", queue(FateStatus::Deferred))
            .lie("bounced", |e| seen(e).object.fates[0].status = FateStatus::Bounced)
            .lie("held", |e| seen(e).object.fates[0].status = FateStatus::Held)
            .lie("a later fate", |e| seen(e).object.fates.push(fate("alice@gateway.example", FateStatus::Bounced, "x")))
            .unseen("sent and not found", |e| seen(e).object.fates[0].status = FateStatus::Sent)
            .unseen("of another recipient", |e| {
                seen(e).object.fates[0].recipient = "b@gateway.example".parse().unwrap()
            })
            .unseen("queue", |e| seen(e).object.fates.clear()),
        of("outcome = { delivered = \"INBOX\" }", inbox())
            .lie("folder", |e| seen(e).object.delivered[0].folder = "Junk".to_owned())
            .lie("refused", |e| {
                seen(e).object = MailObject::default();
                ends(e, "550 5.7.1 no");
            })
            .unseen("in another mailbox", to_other)
            .unseen("mailbox", |e| seen(e).object.delivered.clear()),
        of("outcome = \"delivered\"", inbox())
            .lie("deferred", |e| seen(e).object = in_queue(FateStatus::Deferred).object)
            .unseen("everything", unknown),
        of("outcome = \"bounced\"", queue(FateStatus::Bounced))
            .lie("deferred", |e| seen(e).object.fates[0].status = FateStatus::Deferred)
            .unseen("a notification about another one", |e| {
                seen(e).object.fates.clear();
                seen(e).object.bounces = vec![notification("a@b.example", "bob@gateway.example", "failed")];
            })
            .unseen("queue", |e| seen(e).object.fates.clear()),
        of("outcome = \"quarantined\"", mail(delivered("Junk")))
            .lie("folder", |e| seen(e).object.delivered[0].folder = "inbox".to_owned())
            .lie("thrown away", |e| seen(e).object = in_queue(FateStatus::Discarded).object)
            .unseen("mailbox", |e| seen(e).object.delivered.clear()),
        of("outcome = { quarantined = \"Junk\" }", mail(delivered("Junk")))
            .lie("folder", |e| seen(e).object.delivered[0].folder = "Spam".to_owned())
            .lie("on hold", |e| seen(e).object = in_queue(FateStatus::Held).object)
            .unseen("mailbox", |e| seen(e).object.delivered.clear()),
        of("outcome = \"discarded\"", queue(FateStatus::Discarded))
            .lie("held", |e| seen(e).object.fates[0].status = FateStatus::Held)
            .lie("in a mailbox after all", |e| seen(e).object.delivered = delivered("Junk").object.delivered)
            .unseen("queue", |e| seen(e).object.fates.clear()),
        of("accepted = 1", mail(delivered("INBOX")))
            .lie("one more", |e| {
                seen(e).others = vec![MailObject { is_accepted: Some(true), ..MailObject::default() }];
            })
            .lie("one more in a mailbox", |e| {
                seen(e).others =
                    vec![MailObject { delivered: delivered("INBOX").object.delivered, ..MailObject::default() }];
            })
            .lie("none", |e| *seen(e) = rejected())
            .unseen("reply", unknown),
        of("tries = 1", mail(delivered("INBOX"))).lie("once more", |e| {
            let earlier = rejected().dialogue;
            seen(e).earlier.push(earlier);
        }),
    ]
}

fn fields() -> Vec<Planted> {
    fn message(evidence: &mut Evidence) -> &mut mail::Message {
        &mut seen(evidence).object.delivered[0].message
    }
    let nowhere = |e: &mut Evidence| seen(e).object.delivered.clear();
    let inbox = || mail(delivered("INBOX"));
    let top = || {
        let text = "X: gateway\r\nReceived: by mx\r\nX: sent\r\n\r\n";
        let mut seen = delivered("INBOX");
        seen.object.delivered = vec![copy("alice@gateway.example", "INBOX", text)];
        seen.sent = b"X: sent\r\n\r\n".to_vec();
        mail(seen)
    };
    vec![
        of("header = { name = \"Subject\", contains = \"invoice\" }", inbox())
            .lie("text", |e| message(e).fields.iter_mut().for_each(|f| f.value = f.value.replace("invoice", "bill")))
            .lie("name", |e| message(e).fields.iter_mut().for_each(|f| f.name = f.name.replace("Subject", "Topic")))
            .lie("in another copy", |e| {
                seen(e).object.delivered.push(copy("bob@gateway.example", "INBOX", "Subject: x\r\n\r\n"));
            })
            .unseen("copy", nowhere),
        of("header = { name = \"From\", count = 1 }", inbox())
            .lie("two", |e| {
                let from = message(e).fields[2].clone();
                message(e).fields.push(from);
            })
            .lie("none", |e| message(e).fields.retain(|field| field.name != "From"))
            .unseen("copy", nowhere),
        of("header = { name = \"X-Spam\", absent = true }", inbox())
            .lie("one", |e| message(e).fields[0].name = "x-spam".to_owned())
            .unseen("copy", nowhere),
        of("header = { name = \"X\", by = \"gateway\", place = \"above-received\", contains = \"gateway\" }", top())
            .lie("by the sender", |e| seen(e).sent = b"X: gateway\r\nReceived: by mx\r\nX: sent\r\n\r\n".to_vec())
            .lie("below", |e| message(e).fields.rotate_left(1))
            .lie("removed", |e| drop(message(e).fields.remove(0)))
            .unseen("copy", nowhere),
        of("header = { name = \"X\", by = \"sender\", place = \"below-received\", count = 1 }", top())
            .lie("not sent", |e| seen(e).sent.clear())
            .lie("above", |e| message(e).fields.rotate_right(1))
            .unseen("copy", nowhere),
        of("received = \"as-negotiated\"", mail(traced(&field(USING, "ESMTPS"))))
            .lie("version", |e| *seen(e) = traced(&field(&USING.replace("TLSv1.3", "TLSv1.2"), "ESMTPS")))
            .lie("suite", |e| *seen(e) = traced(&field(&USING.replace("AES_256", "AES_128"), "ESMTPS")))
            .lie("with", |e| *seen(e) = traced(&field(USING, "ESMTP")))
            .lie("nothing", |e| *seen(e) = traced(&field("", "ESMTPS")))
            .lie("from elsewhere", |e| *seen(e) = traced(&field(USING, "ESMTPS").replace("198.51.100.66", "192.0.2.9")))
            .lie("another handshake", |e| seen(e).handshake = Observed::Seen(handshake("TLSv1.2", Trust::Verified)))
            .unseen("handshake", |e| seen(e).handshake = hidden())
            .unseen("copy", nowhere),
        of(
            "handshake = { version = \"TLSv1.3\", suite = \"TLS_AES_256_GCM_SHA384\", group = \"x25519\", peer = \"verified\" }",
            inbox(),
        )
        .lie("version", |e| shaken(e).version = "TLSv1.2".to_owned())
        .lie("suite", |e| shaken(e).suite = "TLS_AES_128_GCM_SHA256".to_owned())
        .lie("group", |e| shaken(e).group = Some("secp256r1".to_owned()))
        .lie("peer", |e| shaken(e).peer = Trust::Trusted)
        .unseen("group", |e| shaken(e).group = None)
        .unseen("handshake", |e| seen(e).handshake = hidden()),
        of("handshake = { version = \"none\" }", {
            let mut seen = delivered("INBOX");
            seen.handshake = hidden();
            seen.dialogue.retain(|exchange| exchange.to != "starttls");
            mail(seen)
        })
        .lie("TLS", |e| seen(e).handshake = Observed::Seen(handshake("TLSv1.3", Trust::Verified)))
        .unseen("begun", |e| seen(e).dialogue.push(exchange("starttls", "STARTTLS", "220 go on")))
        .unseen("EHLO", |e| seen(e).dialogue.retain(|exchange| exchange.to != "ehlo")),
    ]
}

fn shaken(evidence: &mut Evidence) -> &mut evidence::Handshake {
    seen(evidence).handshake.seen_mut().unwrap()
}

fn combined() -> Vec<Planted> {
    let two = || {
        let mut seen = delivered("INBOX");
        seen.object.is_accepted = Some(true);
        seen.others = vec![seen.object.clone()];
        mail(seen)
    };
    vec![
        of("messages = [{ dmarc = \"pass\" }, { dmarc = \"pass\", spf = \"pass\" }]", two())
            .lie("of the first", |e| says(e, "dmarc", "fail"))
            .lie("of the second", |e| seen(e).others[0].results[0].result = "fail".to_owned())
            .lie("one less", |e| seen(e).others.clear())
            .lie("one is refused", |e| seen(e).others[0].is_accepted = Some(false))
            .unseen("one", |e| seen(e).others[0].is_accepted = None)
            .unseen("results", |e| seen(e).others[0].results.clear()),
        of("any = [{ spf = \"pass\" }, { dmarc = \"fail\", dkim = \"none\" }]", mail(rejected()))
            .lie("neither", |e| says(e, "dmarc", "none"))
            .lie("only half", |e| says(e, "dkim", "pass"))
            .unseen("half", |e| seen(e).object.results.retain(|r| r.method != "dmarc")),
        of("by = { \"RFC 9989\" = { dmarc = \"fail\" }, \"RFC 7489\" = { dmarc = \"pass\" } }", mail(rejected()))
            .within(|claim| following(Specification::Rfc9989, claim))
            .lie("what the other one asks for", |e| says(e, "dmarc", "pass"))
            .unseen("the result", |e| seen(e).object.results.retain(|r| r.method != "dmarc")),
        of("never = { spf = \"fail\", dmarc = \"pass\" }", mail(rejected()))
            .lie("all of it", |e| says(e, "dmarc", "pass"))
            .unseen("half", |e| seen(e).object.results.retain(|r| r.method != "dmarc")),
        of("questions = { exactly = [\"bank.example TXT\"] }", mail(rejected()))
            .lie("one more", |e| seen(e).questions.push(question("bank.example", "MX", "NOERROR")))
            .lie("none", |e| seen(e).questions.clear()),
        of("questions = { asked = [\"bank.example TXT\"] }", mail(rejected()))
            .lie("another type", |e| seen(e).questions[0].record_type = "MX".to_owned())
            .lie("another name", |e| seen(e).questions[0].name = "x.bank.example".to_owned()),
        of("questions = { never = [\"bank.example MX\"] }", mail(rejected()))
            .lie("asked", |e| seen(e).questions.push(question("bank.example", "MX", "NXDOMAIN"))),
        of("questions = { at-most = 1 }", mail(rejected()))
            .lie("two", |e| seen(e).questions.push(question("bank.example", "MX", "NOERROR"))),
    ]
}

fn outgoing() -> Vec<Planted> {
    let with_web = || {
        let mut seen = sent();
        seen.connections.push(web(true));
        mail(seen)
    };
    vec![
        of("arrived = \"mx.partner.example\"", mail(sent()))
            .lie("another host", |e| seen(e).arrived[0].host = "mx2.partner.example".to_owned())
            .lie("nowhere", |e| seen(e).arrived.clear()),
        of("offered = [\"TLSv1.2\", \"TLSv1.3\"]", mail(sent()))
            .lie("one less", |e| seen(e).connections[0].offer = Some(offer(&["TLSv1.3"])))
            .lie("one more", |e| seen(e).connections[0].offer = Some(offer(&["TLSv1.1", "TLSv1.2", "TLSv1.3"])))
            .unseen("offer", |e| seen(e).connections[0].offer = None),
        of("fetched = true", with_web())
            .lie("nothing asked", |e| seen(e).connections[1].dialogue.clear())
            .lie("no connection", |e| seen(e).connections.truncate(1)),
        of("fetched = false", mail(sent())).lie("asked", |e| seen(e).connections.push(web(true))),
        of("handshake = { version = \"TLSv1.3\", peer = \"trusted\" }", mail(sent()))
            .lie("cleartext", |e| seen(e).connections[0].handshake = hidden())
            .lie("peer", |e| seen(e).object.relays = vec![logged(Trust::Untrusted(None))])
            .unseen("no log", |e| seen(e).object.relays.clear()),
        of("outcome = \"delivered\"", mail(sent()))
            .lie("refused by the program", |e| {
                seen(e).arrived.clear();
                seen(e).program.as_mut().unwrap().status = 69;
            })
            .unseen("for somebody else", |e| seen(e).arrived[0].rcpt_to = vec!["x@partner.example".to_owned()]),
    ]
}

#[test]
fn each_lie_is_found() {
    let out = |claim: &str| outbound(vec![claim.to_owned()]);
    let inbound = [replies(), results(), outcomes(), fields(), combined()].into_iter().flatten();
    let all = inbound.chain(outgoing().into_iter().map(|planted| planted.within(out)));
    are_found::<transaction::Transaction>(all.map(Planted::or_not_reached).collect(), plan);
}
