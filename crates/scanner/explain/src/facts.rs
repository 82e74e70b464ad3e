//! Evidence as plain facts: what was asked, and the answer as a list of words.

use evidence::{
    Cleartext, Evidence, FateStatus, Features, Handshake, Injection, LogLine, LoginSeen, Observed, Probed, Transaction,
    Trust,
};
use std::collections::{BTreeMap, BTreeSet};

/// What facts from the log are called.
pub(crate) const LOG: &str = "log";
/// What every service that was asked has a fact of.
const TLS: &str = "TLS";

/// Facts by what they are about, such as `smtp` and `versions`. What was not observed is no fact.
pub type Facts = BTreeMap<(String, String), Vec<String>>;

/// The facts in evidence: `probes` and `transactions` are words for what is in it, in the same order.
#[must_use]
pub fn facts(evidence: &Evidence, probes: &[&str], transactions: &[&str]) -> Facts {
    let mut facts = Facts::new();
    for (probed, subject) in evidence.probes.iter().zip(probes) {
        let mut add = |what: &str, values: Vec<String>| {
            facts.insert(((*subject).to_owned(), what.to_owned()), values);
        };
        add(TLS, vec![works(probed).to_owned()]);
        if let Observed::Seen(probed) = probed {
            of_probe(probed, &mut add);
        }
    }
    for (seen, subject) in evidence.transactions.iter().zip(transactions) {
        let mut add = |what: &str, values: Vec<String>| {
            facts.insert(((*subject).to_owned(), what.to_owned()), values);
        };
        of_transaction(seen, &mut add);
    }
    facts
}

/// What was asked to get these facts, in words.
#[must_use]
pub fn asked(facts: &Facts) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let subjects: BTreeSet<&String> = facts.keys().map(|(subject, _)| subject).collect();
    for subject in subjects {
        let is_service = facts.contains_key(&(subject.clone(), TLS.to_owned()));
        words.push(if is_service { format!("what {subject} takes of TLS") } else { format!("mail {subject}") });
    }
    words
}

/// A service that does not answer, or with which no handshake comes to an end, has no TLS that works: whoever asks the same
/// of it with other settings, and sees it work, knows that much.
fn works(probed: &Observed<Probed>) -> &'static str {
    let Observed::Seen(probed) = probed else { return "broken" };
    let is_absent = matches!(&probed.cleartext, Observed::Seen(cleartext) if !cleartext.offers_starttls);
    match probed.taken().next() {
        Some(_) => "works",
        None if is_absent => "absent",
        None => "broken",
    }
}

fn of_probe(probed: &Probed, add: &mut dyn FnMut(&str, Vec<String>)) {
    if let Observed::Seen(cleartext) = &probed.cleartext {
        of_cleartext(cleartext, add);
    }
    // the rest is the rest of TLS that works
    if probed.taken().next().is_none() {
        return;
    }
    if probed.versions.iter().all(|version| version.suites.seen().is_some()) {
        add("versions", probed.taken().map(|version| version.version.clone()).collect());
        add("cipher suites", probed.suites().into_iter().map(str::to_owned).collect());
    }
    for version in probed.taken() {
        if let Some(order) = version.order {
            add(&format!("order of suites in {}", version.version), vec![format!("{order:?}").to_lowercase()]);
        }
    }
    if let Observed::Seen(groups) = &probed.groups {
        add("groups", groups.clone());
    }
    if let Observed::Seen(dh) = &probed.dh {
        let name = |name: &String| format!(" ({name})");
        let words = dh.as_ref().map(|dh| format!("{} bits{}", dh.bits, dh.name.as_ref().map(name).unwrap_or_default()));
        add("DH group", vec![words.unwrap_or_else(|| "none".to_owned())]);
    }
    if let Observed::Seen(signatures) = &probed.signatures {
        add("signature schemes", signatures.clone());
    }
    if let Observed::Seen(chains) = &probed.chains {
        let keys = chains.iter().filter_map(|chain| chain.certificates.first());
        add("certificates", keys.map(|own| format!("{} for {}", own.key, own.names.join(", "))).collect());
    }
    of_features(&probed.features, add);
}

fn of_cleartext(seen: &Cleartext, add: &mut dyn FnMut(&str, Vec<String>)) {
    if let Observed::Seen(login) = &seen.login {
        let word = if matches!(login, LoginSeen::Refused(_)) { "refused" } else { "taken" };
        add("login before TLS", vec![word.to_owned()]);
    }
    if let Observed::Seen(reply) = &seen.mail_from {
        add("MAIL FROM before TLS", vec![reply.code.to_string()]);
    }
    if let Observed::Seen(injection) = &seen.injection {
        let word = if matches!(injection, Injection::Answered(_)) { "answered" } else { "not answered" };
        add("command injected behind STARTTLS", vec![word.to_owned()]);
    }
}

fn of_features(features: &Features, add: &mut dyn FnMut(&str, Vec<String>)) {
    for (what, seen) in [
        ("tickets", &features.tickets),
        ("resumption", &features.resumption),
        ("secure renegotiation", &features.secure_renegotiation),
        ("renegotiation by the client", &features.client_renegotiation),
        ("compression", &features.compression),
        ("fallback SCSV", &features.fallback_scsv),
        ("early data", &features.early_data),
        ("extended master secret", &features.extended_master_secret),
        ("encrypt-then-MAC", &features.encrypt_then_mac),
        ("OCSP stapling", &features.ocsp_stapling),
    ] {
        if let Observed::Seen(does) = seen {
            add(what, vec![if *does { "yes" } else { "no" }.to_owned()]);
        }
    }
}

fn of_transaction(seen: &Transaction, add: &mut dyn FnMut(&str, Vec<String>)) {
    let status = seen.object.fates.iter().map(|fate| match fate.status {
        FateStatus::Sent => "delivered",
        FateStatus::Deferred => "deferred",
        FateStatus::Bounced => "bounced",
        FateStatus::Held => "held",
        FateStatus::Discarded => "discarded",
    });
    let status: Vec<String> = status.map(str::to_owned).collect();
    add("outcome", if status.is_empty() { vec![without_fate(seen)] } else { status });
    if let Observed::Seen(handshake) = &seen.handshake {
        of_handshake(handshake, add);
    }
    let protected = seen.arrived.iter().map(|a| if a.is_protected { "over TLS" } else { "in cleartext" });
    add("how it came", protected.map(str::to_owned).collect());
    if let Some(offer) = seen.connections.iter().rev().filter(|c| c.service == "smtp").find_map(|c| c.offer.as_ref()) {
        add("newest version offered", offer.versions.last().into_iter().cloned().collect());
        // a client that does not list its versions tells only the newest
        if let [oldest, _, ..] = offer.versions.as_slice() {
            add("oldest version offered", vec![oldest.clone()]);
        }
        add("cipher suites offered", offer.suites.clone());
        add("groups offered", offer.groups.clone());
        add("signature schemes offered", offer.signatures.clone());
        add("server name sent", vec![offer.server_name.clone().unwrap_or_else(|| "none".to_owned())]);
    }
    let relayed = seen.object.relays.iter().filter_map(|relay| relay.handshake.as_ref());
    let trust = relayed.map(|handshake| match handshake.peer {
        Trust::Anonymous => "anonymous",
        Trust::Untrusted(_) => "untrusted",
        Trust::Trusted => "trusted",
        Trust::Verified => "verified",
    });
    add("peer, as logged", trust.map(str::to_owned).collect());
    if let Some(copy) = seen.object.delivered.first() {
        let tells = copy.message.all("Received").any(|field| field.contains("using TLS"));
        add("Received field", vec![if tells { "tells TLS" } else { "tells nothing of TLS" }.to_owned()]);
    }
    add(LOG, said(&seen.object.log));
}

/// Why a message has no fate: it was never taken.
fn without_fate(seen: &Transaction) -> String {
    let is_good = |reply: &mail::Reply| reply.code / 100 == 2 || reply.code / 100 == 3;
    let bad = seen.dialogue.iter().find_map(|e| Some((&e.to, e.reply.seen().filter(|reply| !is_good(reply))?)));
    bad.map_or_else(|| "given up by the client".to_owned(), |(to, reply)| format!("{} to {to}", reply.code))
}

fn of_handshake(handshake: &Handshake, add: &mut dyn FnMut(&str, Vec<String>)) {
    add("version negotiated", vec![handshake.version.clone()]);
    add("cipher suite negotiated", vec![handshake.suite.clone()]);
    add("group negotiated", handshake.group.iter().cloned().collect());
}

/// What the log says of TLS, each thing once, with `#` for every word that may be another one the next time.
fn said(log: &[LogLine]) -> Vec<String> {
    const ABOUT: [&str; 5] = ["tls", "ssl", "certificate", "dane", "verif"];
    let is_about = |line: &&LogLine| {
        let text = line.text.to_lowercase();
        ABOUT.iter().any(|word| text.contains(word))
    };
    let said: BTreeSet<String> =
        log.iter().filter(is_about).map(|line| format!("`{}: {}`", line.program, lasting(&line.text))).collect();
    said.into_iter().collect()
}

fn lasting(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().map(|word| if is_passing(word) { "#" } else { word }).collect();
    words.dedup();
    words.join(" ")
}

/// Numbers, names with numbers in them, addresses, and ids of the queue, which are hexadecimal.
fn is_passing(word: &str) -> bool {
    let id = word.trim_end_matches(':');
    word.contains(|c: char| c.is_ascii_digit())
        || (id.len() >= 6 && id.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_known_by_what_came_of_it() {
        let gone = Observed::Unobserved("no answer".to_owned());
        let mut seen = facts(&Evidence { probes: vec![gone], ..Evidence::default() }, &["smtp"], &[]);
        seen.insert(("from a client".to_owned(), "outcome".to_owned()), vec!["delivered".to_owned()]);
        assert_eq!(asked(&seen), ["mail from a client", "what smtp takes of TLS"]);
        assert!(asked(&Facts::new()).is_empty());
    }

    #[test]
    fn of_the_log_remains_what_is_the_same_the_next_time() {
        let line = |text: &str| LogLine {
            host: "mx.gateway.example".to_owned(),
            program: "postfix/smtp".to_owned(),
            pid: Some(42),
            text: text.to_owned(),
            is_telling: false,
        };
        let log = [
            line(
                "Untrusted TLS connection established to mx.explain1.example[198.51.100.81]:25: TLSv1.3 with cipher X",
            ),
            line(
                "Untrusted TLS connection established to mx.explain1.example[198.51.100.99]:25: TLSv1.2 with cipher X",
            ),
            line("ABCDEF: to=<bob@explain.example>, delay=0.1"),
        ];
        assert_eq!(said(&log), ["`postfix/smtp: Untrusted TLS connection established to # with cipher X`"]);
        assert_eq!(lasting("DEFACED: certificate"), "# certificate");
        assert_eq!(lasting("FACADE DE DANE"), "# DE DANE");
    }
}
