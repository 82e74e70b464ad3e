//! Lies about what a service takes.

use super::{Planted, are_found, of};
use crate::served::{bad, certificate, cleartext, good, names, plain, probe, unobserved, version};
use claims::probe::Probe;
use evidence::{DhSeen, Evidence, Injection, LoginSeen, LookedUp, Observed, Order, Probed, Trust};

fn probed(seen: Probed) -> Evidence {
    Evidence { probes: vec![Observed::Seen(seen)], ..Evidence::default() }
}

fn seen(evidence: &mut Evidence) -> &mut Probed {
    evidence.probes[0].seen_mut().unwrap()
}

fn suites(evidence: &mut Evidence, of: &str, suites: &[&str]) {
    version(seen(evidence), of).suites = Observed::Seen(names(suites));
}

fn tlsa(evidence: &mut Evidence) -> &mut LookedUp {
    seen(evidence).tlsa.seen_mut().unwrap()
}

fn not_answered(planted: Planted) -> Planted {
    let refused =
        |evidence: &mut Evidence| evidence.probes = vec![Observed::Unobserved("connection refused".to_owned())];
    planted.unseen("not answered", refused).or_not_reached()
}

/// What is seen before TLS.
fn before_tls() -> Vec<Planted> {
    let required = || {
        let mut seen = good();
        cleartext(&mut seen).mail_from =
            Observed::Seen("530 5.7.0 Must issue a STARTTLS command first".parse().unwrap());
        probed(seen)
    };
    let no_cleartext = |e: &mut Evidence| seen(e).cleartext = unobserved();
    vec![
        of("starttls = \"absent\"", probed(plain()))
            .lie("offered", |e| cleartext(seen(e)).offers_starttls = true)
            .unseen("cleartext", no_cleartext),
        of("starttls = \"optional\"", probed(good()))
            .lie("not offered", |e| cleartext(seen(e)).offers_starttls = false)
            .lie("required", |e| cleartext(seen(e)).mail_from = Observed::Seen("530 5.7.0 no".parse().unwrap()))
            .unseen("another refusal", |e| {
                cleartext(seen(e)).mail_from = Observed::Seen("450 4.7.1 no".parse().unwrap())
            })
            .unseen("MAIL FROM", |e| cleartext(seen(e)).mail_from = unobserved())
            .unseen("cleartext", no_cleartext),
        of("starttls = \"required\"", required())
            .lie("not offered", |e| cleartext(seen(e)).offers_starttls = false)
            .lie("works without", |e| cleartext(seen(e)).mail_from = Observed::Seen("250 ok".parse().unwrap()))
            .unseen("MAIL FROM", |e| cleartext(seen(e)).mail_from = unobserved()),
        of("login = \"refused\"", probed(good()))
            .lie("taken", |e| cleartext(seen(e)).login = Observed::Seen(LoginSeen::Taken("535 no".to_owned())))
            .unseen("login", |e| cleartext(seen(e)).login = unobserved())
            .unseen("cleartext", no_cleartext),
        of("injection = \"dropped\"", probed(good()))
            .lie("answered", |e| cleartext(seen(e)).injection = Observed::Seen(Injection::Answered("250 x".to_owned())))
            .unseen("injection", |e| cleartext(seen(e)).injection = unobserved())
            .unseen("cleartext", no_cleartext),
    ]
}

/// Versions, suites, groups and features.
fn taken() -> Vec<Planted> {
    vec![
        of("versions = [\"TLSv1.2\", \"TLSv1.3\"]", probed(good()))
            .lie("one more", |e| suites(e, "TLSv1.1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]))
            .lie("one less", |e| suites(e, "TLSv1.2", &[]))
            .lie("none", |e| *seen(e) = plain())
            .unseen("TLSv1", |e| version(seen(e), "TLSv1").suites = unobserved())
            .unseen("TLSv1.2", |e| version(seen(e), "TLSv1.2").suites = unobserved()),
        of("versions = []", probed(plain())).lie("some", |e| *seen(e) = good()),
        of("takes = [\"ECDHE-ECDSA-AES256-GCM-SHA384\"]", probed(good()))
            .lie("not that suite", |e| suites(e, "TLSv1.2", &["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]))
            .unseen("suites", |e| version(seen(e), "TLSv1.2").suites = unobserved()),
        of("takes = [\"x25519\"]", probed(good()))
            .lie("not that group", |e| seen(e).groups = Observed::Seen(names(&["X25519MLKEM768", "secp256r1"])))
            .unseen("groups", |e| seen(e).groups = unobserved()),
        of("refuses = [\"CBC\", \"RC4\"]", probed(good()))
            .lie("a suite", |e| suites(e, "TLSv1.2", &["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"]))
            .unseen("SSLv3", |e| version(seen(e), "SSLv3").suites = unobserved()),
        of("refuses = [\"ffdhe2048\"]", probed(good()))
            .lie("a group", |e| seen(e).groups = Observed::Seen(names(&["ffdhe2048"])))
            .lie("a group of DHE suites", |e| {
                seen(e).dh = Observed::Seen(Some(DhSeen { bits: 2048, name: Some("ffdhe2048".to_owned()) }));
            })
            .unseen("DHE", |e| seen(e).dh = unobserved())
            .unseen("groups", |e| seen(e).groups = unobserved()),
        of("order = \"client\"", probed(good()))
            .lie("the server's", |e| version(seen(e), "TLSv1.2").order = Some(Order::Server))
            .unseen("order", |e| version(seen(e), "TLSv1.2").order = None)
            .unseen("an older version", |e| version(seen(e), "TLSv1").suites = unobserved()),
        of("dh-bits = 1024", probed(bad()))
            .lie("one bit less", |e| seen(e).dh = Observed::Seen(Some(DhSeen { bits: 1023, name: None })))
            .unseen("DHE", |e| seen(e).dh = unobserved()),
        of("has = [\"tickets\", \"resumption\"]", probed(good()))
            .lie("one is not there", |e| seen(e).features.resumption = Observed::Seen(false))
            .unseen("one", |e| seen(e).features.tickets = unobserved()),
        of("has-not = [\"compression\", \"early-data\"]", probed(good()))
            .lie("one is there", |e| seen(e).features.early_data = Observed::Seen(true))
            .unseen("one", |e| seen(e).features.compression = unobserved()),
        of("profile = \"mozilla-intermediate\"", probed(good()))
            .lie("an old version", |e| suites(e, "TLSv1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]))
            .unseen("a version", |e| version(seen(e), "TLSv1").suites = unobserved()),
    ]
}

/// Certificates and what the DNS says of them.
fn shown() -> Vec<Planted> {
    let no_chains = |e: &mut Evidence| seen(e).chains = unobserved();
    let no_tls = |e: &mut Evidence| seen(e).versions.clear();
    let none = || {
        let mut seen = good();
        seen.tlsa = plain().tlsa;
        probed(seen)
    };
    vec![
        of("peer = \"verified\"", probed(good()))
            .lie("only trusted", |e| seen(e).chains.seen_mut().unwrap()[0].trust = Trust::Trusted)
            .lie("a second one", |e| {
                let chains = seen(e).chains.seen_mut().unwrap();
                let mut second = chains[0].clone();
                second.trust = Trust::Untrusted(None);
                chains.push(second);
            })
            .unseen("chains", no_chains)
            .unseen("TLS", no_tls),
        of("key = \"EC P-256\"", probed(good()))
            .lie("another key", |e| {
                seen(e).chains.seen_mut().unwrap()[0].certificates =
                    vec![certificate("mx.gateway.example", "RSA 2048")];
            })
            .unseen("chains", no_chains)
            .unseen("TLS", no_tls),
        of("tlsa = \"matches\"", probed(good()))
            .lie("another digest", |e| tlsa(e).records = names(&["3 1 1 EE55"]))
            .lie("not authentic", |e| tlsa(e).is_authentic = false)
            .lie("none", |e| tlsa(e).records.clear())
            .unseen("the answer", |e| seen(e).tlsa = unobserved())
            .unseen("an answer that is an error", |e| tlsa(e).rcode = "SERVFAIL".to_owned())
            .unseen("chains", no_chains),
        of("tlsa = \"none\"", none())
            .lie("one", |e| *tlsa(e) = good().tlsa.seen().unwrap().clone())
            .unseen("the answer", |e| seen(e).tlsa = unobserved()),
    ]
}

#[test]
fn each_lie_is_found() {
    let planted = [before_tls(), taken(), shown()].into_iter().flatten().map(not_answered);
    are_found::<Probe>(planted.collect(), |claim| probe(vec![claim.to_owned()]));
}
