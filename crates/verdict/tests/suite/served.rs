//! A service as a probe might have seen it, to be changed by each test, and claims on it.

use crate::canned::{HELP_LINES, claims, plan};
use claims::{Claims, Scenario};
use evidence::{
    Certificate, ChainSeen, Cleartext, DhSeen, Evidence, Features, Injection, LoginSeen, LookedUp, Observed, Order,
    Probed, Trust, VersionSeen,
};
use mail::Service;
use mailproof_verdict::{Checked, Verdict, judge};
use plan::{Plan, Probe, Source, Spanned};
use std::ops::Range;

pub(crate) const PROBE: &str = r#"title = "What a service takes"

[[probe]]
label   = "border"
service = "smtp"

[probe.expect]
claim   = "of this kind"
"#;

/// Where a text stands in another.
pub(crate) fn span(text: &str, part: &str) -> Range<usize> {
    let at = text.find(part).unwrap();
    at..at + part.len()
}

/// A scenario without mail, from the text of its file.
pub(crate) fn bare(text: &str) -> Scenario {
    let like = plan("spf = \"fail\"").plan;
    let source = Source { text: text.to_owned(), ..(*like.source).clone() };
    let plan = Plan { source: source.into(), zones: Vec::new(), transactions: Vec::new(), ..like };
    Scenario { plan, claims: Claims::default() }
}

/// A probe of SMTP with these claims.
pub(crate) fn probe(stated: Vec<String>) -> Scenario {
    let at = span(PROBE, "\"of this kind\"");
    let probe = Probe {
        label: "border".to_owned(),
        service: Spanned { value: Service::Smtp, span: span(PROBE, "\"smtp\"") },
        server_name: None,
        span: span(PROBE, "[[probe]]"),
    };
    let mut scenario = bare(PROBE);
    scenario.plan.probes = vec![probe];
    scenario.claims.probes = vec![claims(&stated, &at)];
    scenario
}

pub(crate) fn verdict(plan: &Scenario, seen: Observed<Probed>) -> Verdict {
    judge(plan, &Evidence { probes: vec![seen], ..Evidence::default() })
}

fn checked(claim: String, seen: &Probed) -> Checked {
    verdict(&probe(vec![claim]), Observed::Seen(seen.clone())).probes.swap_remove(0)
}

pub(crate) fn holds(claim: String, seen: &Probed) {
    let checked = checked(claim.clone(), seen);
    assert!(checked.findings.is_empty() && checked.errors.is_empty(), "{claim:?}: {checked:?}");
}

/// It must fail, with this message and this text in the help, and point at the claim and at the service.
pub(crate) fn fails(claim: String, seen: &Probed, message: &str, help: &str) {
    let checked = checked(claim, seen);
    let said: Vec<String> = checked.findings.iter().map(ToString::to_string).collect();
    assert_eq!((said, checked.errors.len()), (vec![format!("border: {message}")], 0));
    let finding = &checked.findings[0];
    assert!(finding.help().contains(help), "{}", finding.help());
    assert!(finding.help().lines().count() <= HELP_LINES, "{}", finding.help());
    assert_eq!(finding.places().iter().map(|place| place.line).collect::<Vec<_>>(), [8, 5]);
}

/// It must be unclear, and the help must have this reason.
pub(crate) fn is_unclear(claim: String, seen: &Probed, reason: &str) {
    let checked = checked(claim.clone(), seen);
    assert_eq!((checked.findings.len(), checked.errors.len()), (0, 1), "{claim:?}: {checked:?}");
    assert!(checked.errors[0].help().contains(reason), "{}", checked.errors[0].help());
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn unobserved<T>() -> Observed<T> {
    Observed::Unobserved("the server closed the connection".to_owned())
}

/// The suites of a version, which must be one of the five.
pub(crate) fn version<'a>(seen: &'a mut Probed, name: &str) -> &'a mut VersionSeen {
    seen.versions.iter_mut().find(|version| version.version == name).unwrap()
}

/// What it does before TLS.
pub(crate) fn cleartext(seen: &mut Probed) -> &mut Cleartext {
    match &mut seen.cleartext {
        Observed::Seen(cleartext) => cleartext,
        Observed::Unobserved(why) => panic!("{why}"),
    }
}

pub(crate) fn certificate(subject: &str, key: &str) -> Certificate {
    Certificate {
        subject: subject.to_owned(),
        issuer: "Mailproof Intermediate".to_owned(),
        names: vec![subject.to_owned()],
        key: key.to_owned(),
        signature: "ecdsa-with-SHA256".to_owned(),
        not_before: "2026-11-24T00:00:00Z".to_owned(),
        not_after: "2027-02-22T00:00:00Z".to_owned(),
    }
}

/// A border MTA as it should be.
pub(crate) fn good() -> Probed {
    let version = |name: &str, suites: &[&str], order| VersionSeen {
        version: name.to_owned(),
        suites: Observed::Seen(names(suites)),
        order,
    };
    let old = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];
    let new = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];
    let is = Observed::Seen;
    Probed {
        service: Service::Smtp,
        server: "mx.gateway.example:25".to_owned(),
        cleartext: Observed::Seen(Cleartext {
            greeting: "220 mx.gateway.example ESMTP".to_owned(),
            capabilities: names(&["PIPELINING", "STARTTLS", "8BITMIME"]),
            offers_starttls: true,
            login: Observed::Seen(LoginSeen::Refused("503 5.5.1 authentication not enabled".to_owned())),
            mail_from: Observed::Seen("250 2.1.0 Ok".parse().unwrap()),
            injection: Observed::Seen(Injection::Dropped),
        }),
        versions: vec![
            version("SSLv3", &[], None),
            version("TLSv1", &[], None),
            version("TLSv1.1", &[], None),
            version("TLSv1.2", &old, Some(Order::Client)),
            version("TLSv1.3", &new, Some(Order::Client)),
        ],
        groups: Observed::Seen(names(&["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"])),
        dh: Observed::Seen(None),
        signatures: Observed::Seen(names(&["ecdsa_secp256r1_sha256"])),
        chains: Observed::Seen(vec![ChainSeen {
            server_name: Some("mx.gateway.example".to_owned()),
            certificates: vec![certificate("mx.gateway.example", "EC P-256")],
            trust: Trust::Verified,
            digests: names(&["3 1 1 aa11", "3 0 1 bb22", "2 1 1 cc33", "2 0 1 dd44"]),
        }]),
        features: Features {
            tickets: is(true),
            resumption: is(true),
            secure_renegotiation: is(true),
            client_renegotiation: is(false),
            compression: is(false),
            fallback_scsv: is(true),
            early_data: is(false),
            extended_master_secret: is(true),
            encrypt_then_mac: is(false),
            ocsp_stapling: is(false),
        },
        tlsa: Observed::Seen(LookedUp {
            rcode: "NOERROR".to_owned(),
            is_authentic: true,
            records: names(&["3 1 1 AA11"]),
            remarks: Vec::new(),
        }),
    }
}

/// One that takes whatever there is.
pub(crate) fn bad() -> Probed {
    let mut seen = good();
    version(&mut seen, "TLSv1").suites =
        Observed::Seen(names(&["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5"]));
    version(&mut seen, "TLSv1").order = Some(Order::Server);
    version(&mut seen, "TLSv1.2").suites =
        Observed::Seen(names(&["TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "TLS_DH_anon_WITH_AES_128_GCM_SHA256"]));
    seen.dh = Observed::Seen(Some(DhSeen { bits: 1024, name: Some("modp1024".to_owned()) }));
    seen
}

/// One that speaks no TLS.
pub(crate) fn plain() -> Probed {
    let mut seen =
        Probed { versions: Vec::new(), chains: Observed::Unobserved("there is no TLS".to_owned()), ..good() };
    seen.tlsa = Observed::Seen(LookedUp {
        rcode: "NXDOMAIN".to_owned(),
        is_authentic: true,
        records: Vec::new(),
        remarks: Vec::new(),
    });
    let before = cleartext(&mut seen);
    before.offers_starttls = false;
    before.capabilities = names(&["PIPELINING", "8BITMIME"]);
    seen
}
