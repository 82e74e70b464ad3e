//! Tables of facts and the grades that they get.

mod certificates;
mod dns;
mod mail_relay;
mod services;

use crate::{Check, DomainFacts, Facts, Grade, Group, ServiceFacts, Software, assess};
use evidence::{
    Certificate, ChainSeen, Cleartext, Features, Injection, LoginSeen, LookedUp, Observed, Observed::Seen, Order,
    Probed, Remark, Trust, VersionSeen, Weight,
};
use mail::{Reply, Service};
use plan::Daemon;
use profile::Profile;

const NOW: &str = "2026-11-24T12:00:00Z";
const HOST: &str = "mx.gateway.example";
const DIGEST: &str = "3 1 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn text(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn unseen<T>() -> Observed<T> {
    Observed::Unobserved("the line was cut".to_owned())
}

fn version(name: &str, suites: &[&str]) -> VersionSeen {
    let order = (suites.len() > 1).then_some(Order::Client);
    VersionSeen { version: name.to_owned(), suites: Seen(text(suites)), order }
}

fn reply(code: u16, line: &str) -> Reply {
    Reply { code, lines: text(&[line]) }
}

fn found(records: &[&str]) -> LookedUp {
    let rcode = if records.is_empty() { "NXDOMAIN" } else { "NOERROR" };
    LookedUp { rcode: rcode.to_owned(), is_authentic: true, records: text(records), remarks: Vec::new() }
}

/// Records of which the lint says something, so that the grade is its.
fn remarked(code: &str, weight: Weight, records: &[&str]) -> Observed<LookedUp> {
    let remark = Remark {
        code: code.to_owned(),
        weight,
        text: format!("it is {code}"),
        help: format!("mend {code}"),
        cites: "RFC 7208 §5.1".to_owned(),
    };
    Seen(LookedUp { remarks: vec![remark], ..found(records) })
}

fn chain() -> ChainSeen {
    let own = Certificate {
        subject: HOST.to_owned(),
        issuer: "An Issuer".to_owned(),
        names: text(&[HOST]),
        key: "EC P-256".to_owned(),
        signature: "ecdsa-with-SHA256".to_owned(),
        not_before: "2026-10-01T00:00:00Z".to_owned(),
        not_after: "2026-12-29T23:59:59Z".to_owned(),
    };
    ChainSeen { server_name: None, certificates: vec![own], trust: Trust::Verified, digests: text(&[DIGEST]) }
}

/// A service that is as Mozilla Intermediate asks.
fn probed(service: Service) -> Probed {
    let yes_and_no = [true, true, true, false, false, true, false, true, true, false].map(Seen);
    let [a, b, c, d, e, f, g, h, i, j] = yes_and_no;
    Probed {
        service,
        server: format!("{HOST}:{}", service.port()),
        cleartext: Seen(Cleartext {
            greeting: "220 mx.gateway.example ESMTP".to_owned(),
            capabilities: text(&["STARTTLS"]),
            offers_starttls: true,
            login: Seen(LoginSeen::Refused("530 5.7.0 Must issue a STARTTLS command first".to_owned())),
            mail_from: Seen(reply(if service == Service::Smtp { 250 } else { 530 }, "2.1.0 Ok")),
            injection: Seen(Injection::Dropped),
        }),
        versions: vec![
            version("SSLv3", &[]),
            version("TLSv1", &[]),
            version("TLSv1.1", &[]),
            version("TLSv1.2", &["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]),
            version("TLSv1.3", &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]),
        ],
        groups: Seen(text(&["X25519MLKEM768", "x25519", "secp256r1"])),
        dh: Seen(None),
        signatures: Seen(text(&["ecdsa_secp256r1_sha256"])),
        chains: Observed::Seen(vec![chain()]),
        features: Features {
            tickets: a,
            resumption: b,
            secure_renegotiation: c,
            client_renegotiation: d,
            compression: e,
            fallback_scsv: f,
            early_data: g,
            extended_master_secret: h,
            encrypt_then_mac: i,
            ocsp_stapling: j,
        },
        tlsa: Seen(found(&[DIGEST])),
    }
}

fn service(probed: Observed<Probed>, service: Service, daemon: Daemon) -> ServiceFacts {
    let version = if daemon == Daemon::Postfix { "3.10.13" } else { "2.4.1" };
    let server = format!("{HOST}:{}", service.port());
    ServiceFacts { service, server, software: Some(Software::new(daemon, version)), probed }
}

fn domain() -> DomainFacts {
    DomainFacts {
        domain: "gateway.example".to_owned(),
        mx: Seen(found(&["10 mx.gateway.example."])),
        ptr: vec![("203.0.113.25".to_owned(), Seen(found(&["mx.gateway.example."])))],
        spf: Seen(found(&["\"v=spf1 mx -all\""])),
        dkim: vec![("s1".to_owned(), Seen(found(&["\"v=DKIM1; k=ed25519; p=AAAA\""])))],
        dmarc: Seen(found(&["\"v=DMARC1; p=reject; rua=mailto:dmarc@gateway.example\""])),
        mta_sts: Seen(found(&["\"v=STSv1; id=20261124\""])),
        policy: Seen(crate::PolicyFetch {
            peer: Seen(Trust::Verified),
            answer: Seen((
                200,
                "text/plain; charset=utf-8".to_owned(),
                "version: STSv1\r\nmode: enforce\r\nmx: mx.gateway.example\r\nmax_age: 604800\r\n".to_owned(),
            )),
        }),
        tls_rpt: Seen(found(&["\"v=TLSRPTv1; rua=mailto:tls@gateway.example\""])),
    }
}

/// A host and a domain of which everything is as it should be.
fn good() -> Facts {
    let mut facts = Facts::new("gateway", NOW);
    facts.services.push(service(Seen(probed(Service::Smtp)), Service::Smtp, Daemon::Postfix));
    facts.domains.push(domain());
    facts.is_validated = true;
    facts.relay = mail_relay::good();
    facts
}

/// The facts with the probe of their first service changed.
fn with_probe(change: impl FnOnce(&mut Probed)) -> Facts {
    let mut facts = good();
    if let Seen(probed) = &mut facts.services[0].probed {
        change(probed);
    }
    facts
}

fn profile() -> Profile {
    Profile::find("mozilla-intermediate").unwrap()
}

/// The one check of this name.
fn check(facts: &Facts, group: Group, name: &str) -> Check {
    let checks = assess(facts, &profile()).checks;
    let mut found = checks.iter().filter(|check| check.group == group && check.name == name);
    let check = found.next().unwrap_or_else(|| panic!("no check {name} in {checks:#?}")).clone();
    assert_eq!(found.next(), None, "several checks {name}");
    check
}

#[test]
fn a_good_host_passes_every_check() {
    let assessment = assess(&good(), &profile());
    let wrong: Vec<&Check> = assessment.checks.iter().filter(|check| check.grade != Grade::Pass).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for group in Group::ALL {
        assert!(assessment.of(group).count() >= 2, "{group}");
    }
    assert!(assessment.checks.is_sorted_by_key(|check| check.group));
    assert_eq!(assessment.summary().pass, assessment.checks.len());
    assert!(!assessment.is_failure());
}

#[test]
fn nothing_is_graded_that_was_not_observed() {
    let mut facts = Facts::new("gateway", NOW);
    facts.services.push(service(unseen(), Service::Smtp, Daemon::Postfix));
    facts.domains.push(DomainFacts::unobserved("gateway.example", "there is no zone"));
    let assessment = assess(&facts, &profile());
    for check in &assessment.checks {
        assert_eq!(check.grade, Grade::NotTested, "{check:?}");
        assert!(!check.reason.is_empty() && check.change.is_none(), "{check:?}");
    }
    assert_eq!(assessment.summary().not_tested, assessment.checks.len());
    assert_eq!(check(&facts, Group::MtaSts, "policy").reason, "there is no zone");
}

#[test]
fn a_probe_that_saw_little_is_graded_for_that_alone() {
    let facts = with_probe(|probed| {
        probed.cleartext = unseen();
        for version in &mut probed.versions {
            version.suites = unseen();
            version.order = None;
        }
        probed.groups = unseen();
        probed.dh = unseen();
        probed.chains.seen_mut().unwrap().clear();
        probed.tlsa = unseen();
        probed.features.secure_renegotiation = unseen();
        probed.features.compression = unseen();
    });
    let assessment = assess(&facts, &profile());
    for check in assessment.checks.iter().filter(|check| check.of == "smtp" && check.name != "reachable") {
        assert_eq!(check.grade, Grade::NotTested, "{check:?}");
    }
    assert_eq!(check(&facts, Group::MtaSts, "certificate").grade, Grade::NotTested);
}

#[test]
fn hosts_with_the_same_service_are_told_apart() {
    let mut facts = good();
    let mut second = service(Seen(probed(Service::Smtp)), Service::Smtp, Daemon::Postfix);
    second.server = "mx2.gateway.example:25".to_owned();
    facts.services.push(second);
    let assessment = assess(&facts, &profile());
    let of: Vec<&str> = assessment
        .of(Group::Transport)
        .filter(|check| check.name == "versions")
        .map(|check| check.of.as_str())
        .collect();
    assert_eq!(of, ["smtp mx.gateway.example", "smtp mx2.gateway.example"]);
}
