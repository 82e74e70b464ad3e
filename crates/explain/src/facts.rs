//! Evidence as plain facts: what was asked, and the answer as a list of words.

use evidence::{Cleartext, Evidence, FateStatus, Features, Injection, LoginSeen, Observed, Probed, Transaction, Trust};
use std::collections::BTreeMap;

/// Facts by what they are about, such as `smtp` and `versions`. What was not observed is no fact.
pub type Facts = BTreeMap<(String, String), Vec<String>>;

/// The facts in the evidence of a scenario; `hosts` are words for its transactions, in their order.
#[must_use]
pub fn facts(evidence: &Evidence, transactions: &[&str]) -> Facts {
    let mut facts = Facts::new();
    for probed in evidence.probes.iter().filter_map(Observed::seen) {
        let subject = probed.service.to_string();
        let mut add = |what: &str, values: Vec<String>| {
            facts.insert((subject.clone(), what.to_owned()), values);
        };
        of_probe(probed, &mut add);
    }
    for (seen, subject) in evidence.transactions.iter().zip(transactions) {
        let mut add = |what: &str, values: Vec<String>| {
            facts.insert(((*subject).to_owned(), what.to_owned()), values);
        };
        of_transaction(seen, &mut add);
    }
    facts
}

fn of_probe(probed: &Probed, add: &mut dyn FnMut(&str, Vec<String>)) {
    if let Observed::Seen(cleartext) = &probed.cleartext {
        of_cleartext(cleartext, add);
    }
    let is_told = probed.versions.iter().all(|version| version.suites.seen().is_some());
    if is_told {
        add("versions", probed.taken().map(|version| version.version.clone()).collect());
        add("cipher suites", probed.suites().into_iter().map(str::to_owned).collect());
    }
    for version in &probed.versions {
        let order = version.order.map(|order| format!("{order:?}").to_lowercase());
        add(&format!("order of suites in {}", version.version), order.into_iter().collect());
    }
    if let Observed::Seen(groups) = &probed.groups {
        add("groups", groups.clone());
    }
    if let Observed::Seen(dh) = &probed.dh {
        let words = dh.as_ref().map(|dh| format!("{} bits{}", dh.bits, dh.name.iter().map(|n| format!(" ({n})")).collect::<String>()));
        add("DH group", words.into_iter().collect());
    }
    if let Observed::Seen(signatures) = &probed.signatures {
        add("signature schemes", signatures.clone());
    }
    let keys = probed.chains.iter().filter_map(|chain| chain.certificates.first());
    add("certificates", keys.map(|own| format!("{} for {}", own.key, own.names.join(", "))).collect());
    of_features(&probed.features, add);
}

fn of_cleartext(seen: &Cleartext, add: &mut dyn FnMut(&str, Vec<String>)) {
    add("STARTTLS", vec![if seen.offers_starttls { "offered" } else { "not offered" }.to_owned()]);
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
        ("session tickets", &features.tickets),
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
    let status = seen.fates.iter().map(|fate| match fate.status {
        FateStatus::Sent => "delivered",
        FateStatus::Deferred => "deferred",
        FateStatus::Bounced => "bounced",
        FateStatus::Held => "held",
        FateStatus::Discarded => "discarded",
    });
    add("outcome", status.map(str::to_owned).collect());
    let protected = seen.arrived.iter().map(|a| if a.is_protected { "over TLS" } else { "in cleartext" });
    add("how it came", protected.map(str::to_owned).collect());
    if let Some(offer) = seen.connections.iter().rev().find_map(|c| c.offer.as_ref()) {
        add("versions offered", offer.versions.clone());
        add("cipher suites offered", offer.suites.clone());
        add("groups offered", offer.groups.clone());
        add("signature schemes offered", offer.signatures.clone());
        add("server name sent", offer.server_name.iter().cloned().collect());
    }
    let trust = seen.relays.iter().filter_map(|relay| relay.handshake.as_ref()).map(|handshake| match handshake.peer {
        Trust::Anonymous => "anonymous",
        Trust::Untrusted(_) => "untrusted",
        Trust::Trusted => "trusted",
        Trust::Verified => "verified",
    });
    add("peer, as logged", trust.map(str::to_owned).collect());
    let received = seen.delivered.iter().flat_map(|copy| copy.message.all("Received"));
    let tells = received.map(|field| if field.contains("using TLS") { "tells TLS" } else { "does not tell TLS" });
    add("Received field", tells.map(str::to_owned).collect());
}
