//! Claims on what a service takes.

use crate::canned::{list, word};
use crate::served::{
    bad, cleartext, fails, good, holds, is_unclear, names, plain, probe, unobserved, verdict, version,
};
use evidence::{DhSeen, Evidence, Injection, LoginSeen, Observed, Order, Weight};
use mail::Service;
use mailproof_verdict::judge;
use plan::{Daemon, SettingChange, Spanned};
use profile::Profile;

fn starttls(what: &str) -> String {
    word("starttls", what)
}

fn versions(versions: &[&str]) -> String {
    list("versions", versions)
}

#[test]
fn exactly_the_claimed_versions_are_taken() {
    holds(versions(&["TLSv1.2", "TLSv1.3"]), &good());
    holds(versions(&["TLSv1.3", "TLSv1.2"]), &good());
    holds(versions(&[]), &plain());
    fails(
        versions(&["TLSv1.2", "TLSv1.3"]),
        &bad(),
        "it takes TLSv1, TLSv1.2, TLSv1.3, not exactly TLSv1.2, TLSv1.3",
        "TLSv1 is taken: TLS_RSA_WITH_3DES_EDE_CBC_SHA, TLS_RSA_WITH_RC4_128_MD5",
    );
    fails(
        versions(&["TLSv1.1", "TLSv1.2", "TLSv1.3"]),
        &good(),
        "it takes TLSv1.2, TLSv1.3, not exactly TLSv1.1, TLSv1.2, TLSv1.3",
        "TLSv1.1 is not taken with any cipher suite",
    );
    fails(versions(&[]), &good(), "it takes TLSv1.2, TLSv1.3, not none", "TLSv1.3 is taken");
    fails(
        versions(&["TLSv1.3"]),
        &plain(),
        "it takes no version of TLS, not exactly TLSv1.3",
        "mx.gateway.example:25 speaks no TLS at all; it does not offer STARTTLS",
    );
}

#[test]
fn a_version_that_was_not_observed_is_unclear_unless_another_one_contradicts() {
    let mut seen = good();
    version(&mut seen, "TLSv1").suites = unobserved();
    is_unclear(versions(&["TLSv1.2", "TLSv1.3"]), &seen, "TLSv1: the server closed the connection");
    is_unclear(versions(&["TLSv1", "TLSv1.2", "TLSv1.3"]), &seen, "TLSv1: the server closed the connection");
    fails(versions(&["TLSv1.2"]), &seen, "it takes TLSv1.2, TLSv1.3, not exactly TLSv1.2", "TLSv1.3 is taken");
    seen.versions.retain(|version| version.version != "TLSv1.3");
    version(&mut seen, "TLSv1").suites = Observed::Seen(Vec::new());
    is_unclear(versions(&["TLSv1.2", "TLSv1.3"]), &seen, "nothing was seen of TLSv1.3");
}

#[test]
fn suites_families_and_groups_are_taken_by_any_of_their_names() {
    let takes = |names: &[&str]| list("takes", names);
    holds(takes(&["TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "X25519", "P-256"]), &good());
    holds(takes(&["RC4", "3DES", "MD5", "anonymous", "static-RSA", "CBC", "SHA1"]), &bad());
    fails(takes(&["X25519", "X448", "RC4"]), &good(), "it does not take X448, RC4", "groups: X25519MLKEM768, X25519");
    fails(takes(&["AES128-SHA"]), &plain(), "it does not take AES128-SHA", "speaks no TLS at all");
    let mut seen = good();
    seen.groups = unobserved();
    is_unclear(takes(&["X25519"]), &seen, "groups: the server closed the connection");
    holds(takes(&["TLS_AES_128_GCM_SHA256"]), &seen);
    version(&mut seen, "TLSv1").suites = unobserved();
    is_unclear(takes(&["RC4"]), &seen, "TLSv1: the server closed the connection");
    holds(takes(&["TLS_AES_128_GCM_SHA256"]), &seen);
    seen.groups = good().groups;
    fails(takes(&["RC4", "X448"]), &seen, "it does not take X448", "TLSv1.3: TLS_AES_256_GCM_SHA384");
}

#[test]
fn what_must_be_refused_is_not_taken_in_any_version() {
    let refuses = |names: &[&str]| list("refuses", names);
    holds(refuses(&["NULL", "anonymous", "export", "3DES", "RC4", "DES", "CBC", "static-RSA", "MD5", "SHA1"]), &good());
    holds(refuses(&["NULL", "export", "DES", "X448"]), &bad());
    holds(refuses(&["RC4"]), &plain());
    fails(
        refuses(&["NULL", "3DES", "anonymous", "P-256"]),
        &bad(),
        "it takes 3DES, anonymous, P-256",
        "3DES: TLS_RSA_WITH_3DES_EDE_CBC_SHA in TLSv1\nanonymous: TLS_DH_anon_WITH_AES_128_GCM_SHA256 in TLSv1.2\n\
         P-256: secp256r1",
    );
    let mut seen = good();
    version(&mut seen, "SSLv3").suites = unobserved();
    is_unclear(refuses(&["RC4"]), &seen, "SSLv3: the server closed the connection");
    holds(refuses(&["X448"]), &seen);
    seen.dh = unobserved();
    is_unclear(refuses(&["ffdhe2048"]), &seen, "the DHE group: the server closed the connection");
}

#[test]
fn the_order_of_suites_is_the_same_in_every_version_before_1_3() {
    let order = |whose: &str| word("order", whose);
    holds(order("client"), &good());
    let told = "in TLSv1.2 the client's order of suites counts";
    fails(order("server"), &good(), told, "TLSv1.2: the client's order counts");
    let told = "in TLSv1 the server's order of suites counts";
    fails(order("client"), &bad(), told, "TLSv1: the server's order counts\nTLSv1.2: the client's order counts");
    let mut seen = good();
    version(&mut seen, "TLSv1.3").order = Some(Order::Server);
    holds(order("client"), &seen);
    version(&mut seen, "TLSv1.1").suites = unobserved();
    is_unclear(order("client"), &seen, "TLSv1.1: the server closed the connection");
    version(&mut seen, "TLSv1.1").suites = Observed::Seen(Vec::new());
    version(&mut seen, "TLSv1.2").order = None;
    is_unclear(order("client"), &seen, "nothing was seen of an order in TLSv1.2");
    version(&mut seen, "TLSv1.2").suites = Observed::Seen(names(&["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]));
    is_unclear(order("client"), &seen, "no version before TLS 1.3 is taken with two suites or more");
}

#[test]
fn a_dhe_group_has_so_many_bits_or_there_is_none() {
    holds("dh-bits = 2048".to_owned(), &good());
    fails("dh-bits = 2048".to_owned(), &bad(), "its DHE group has 1024 bits, less than 2048", "1024 bits, modp1024");
    let mut seen = bad();
    seen.dh = Observed::Seen(Some(DhSeen { bits: 2048, name: None }));
    holds("dh-bits = 2048".to_owned(), &seen);
    seen.dh = unobserved();
    is_unclear("dh-bits = 2048".to_owned(), &seen, "the server closed the connection");
}

#[test]
fn features_are_there_or_not() {
    let (has, has_not) = (|names: &[&str]| list("has", names), |names: &[&str]| list("has-not", names));
    let on = ["tickets", "resumption", "secure-renegotiation", "fallback-scsv", "extended-master-secret"];
    let off = ["client-renegotiation", "compression", "early-data", "encrypt-then-mac", "ocsp-stapling"];
    holds(has(&on), &good());
    holds(has_not(&off), &good());
    fails(has(&["tickets", "compression"]), &good(), "it has no compression", "compression: no");
    fails(has_not(&["tickets", "compression"]), &good(), "it has tickets", "tickets: yes");
    let mut seen = good();
    seen.features.compression = unobserved();
    is_unclear(has_not(&["compression"]), &seen, "the server closed the connection");
    is_unclear(has(&["compression"]), &seen, "the server closed the connection");
    fails(has_not(&["compression", "tickets"]), &seen, "it has tickets", "tickets: yes");
}

#[test]
fn starttls_is_absent_optional_or_required() {
    let [absent, optional, required] = ["absent", "optional", "required"].map(|word| move || starttls(word));
    holds(optional(), &good());
    holds(absent(), &plain());
    let told = "it says that it can PIPELINING, STARTTLS, 8BITMIME";
    fails(absent(), &good(), "it offers STARTTLS", told);
    let works = "it replied 250 2.1.0 Ok to MAIL FROM without TLS";
    fails(required(), &good(), "it works without TLS as well", works);
    for claim in [optional(), required()] {
        fails(claim, &plain(), "it does not offer STARTTLS", "it says that it can PIPELINING, 8BITMIME");
    }
    let mut seen = good();
    let reply =
        |seen: &mut evidence::Probed, reply: &str| cleartext(seen).mail_from = Observed::Seen(reply.parse().unwrap());
    reply(&mut seen, "530 5.7.0 Must issue a STARTTLS command first");
    holds(required(), &seen);
    fails(optional(), &seen, "it refuses to work without TLS", "530 5.7.0 Must issue a STARTTLS command first");
    reply(&mut seen, "450 4.7.1 greylisted");
    is_unclear(required(), &seen, "450 4.7.1 greylisted to MAIL FROM without TLS, which says nothing of TLS");
    cleartext(&mut seen).mail_from = unobserved();
    is_unclear(optional(), &seen, "MAIL FROM: the server closed the connection");
    seen.cleartext = unobserved();
    is_unclear(absent(), &seen, "the server closed the connection");
}

#[test]
fn a_submission_service_may_ask_for_a_login_instead_of_tls() {
    let mut seen = good();
    seen.service = Service::Submission;
    cleartext(&mut seen).mail_from = Observed::Seen("530 5.7.0 Authentication required".parse().unwrap());
    holds(starttls("required"), &seen);
    cleartext(&mut seen).login = Observed::Seen(LoginSeen::Taken("535 5.7.8 failed".to_owned()));
    holds(starttls("optional"), &seen);
}

#[test]
fn of_a_mailbox_the_login_tells_whether_tls_is_required() {
    for service in [Service::Imap, Service::Pop3, Service::Sieve] {
        let mut seen = good();
        seen.service = service;
        cleartext(&mut seen).mail_from = Observed::Unobserved("it is no SMTP".to_owned());
        holds(starttls("required"), &seen);
        cleartext(&mut seen).login = Observed::Seen(LoginSeen::Taken("a1 NO failed".to_owned()));
        let help = "a login without TLS was looked at: a1 NO failed";
        fails(starttls("required"), &seen, "it works without TLS as well", help);
        holds(starttls("optional"), &seen);
        cleartext(&mut seen).login = unobserved();
        is_unclear(starttls("required"), &seen, "login: the server closed the connection");
    }
}

#[test]
fn a_login_before_tls_is_refused_or_taken() {
    let login = |what: &str| word("login", what);
    holds(login("refused"), &good());
    fails(login("taken"), &good(), "a login before TLS is refused", "503 5.5.1 authentication not enabled");
    let mut seen = good();
    cleartext(&mut seen).login = Observed::Seen(LoginSeen::Taken("535 5.7.8 failed".to_owned()));
    holds(login("taken"), &seen);
    fails(login("refused"), &seen, "a login before TLS is taken", "535 5.7.8 failed");
    cleartext(&mut seen).login = unobserved();
    is_unclear(login("refused"), &seen, "the server closed the connection");
    seen.cleartext = Observed::Unobserved("TLS is implicit".to_owned());
    is_unclear(login("refused"), &seen, "TLS is implicit");
}

#[test]
fn plaintext_behind_starttls_is_dropped_or_answered() {
    let injection = |what: &str| word("injection", what);
    let mut seen = good();
    for kind in [Injection::Dropped, Injection::Closed] {
        cleartext(&mut seen).injection = Observed::Seen(kind);
        holds(injection("dropped"), &seen);
    }
    let told = "plaintext behind STARTTLS is not answered";
    fails(injection("answered"), &seen, told, "the connection was closed");
    cleartext(&mut seen).injection = Observed::Seen(Injection::Answered("250 2.0.0 Ok".to_owned()));
    holds(injection("answered"), &seen);
    let told = "plaintext that was injected behind STARTTLS is answered under TLS";
    fails(injection("dropped"), &seen, told, "the answer was 250 2.0.0 Ok");
    cleartext(&mut seen).injection = unobserved();
    is_unclear(injection("dropped"), &seen, "the server closed the connection");
}

#[test]
fn a_profile_holds_without_faults() {
    let claim = || word("profile", "mozilla-intermediate");
    holds(claim(), &good());
    let judged = profile::judge(&Profile::find("mozilla-intermediate").unwrap(), &bad());
    let faults = judged.iter().filter(|deviation| deviation.weight == Weight::Fault).count();
    let told = format!("profile mozilla-intermediate does not hold in {faults} points");
    fails(claim(), &bad(), &told, "TLSv1 is taken");
    fails(claim(), &plain(), "profile mozilla-intermediate does not hold in one point", "no TLS at all");
    let mut seen = good();
    version(&mut seen, "TLSv1.2").order = Some(Order::Server);
    let noticed = profile::judge(&Profile::find("mozilla-intermediate").unwrap(), &seen);
    assert!(noticed.iter().any(|deviation| deviation.weight == Weight::Notice), "{noticed:?}");
    holds(claim(), &seen);
    let mut seen = good();
    version(&mut seen, "TLSv1").suites = unobserved();
    is_unclear(claim(), &seen, "unobserved: version: TLSv1: the server closed the connection");
    is_unclear(word("profile", "mine"), &good(), "there is no profile of this name");
}

#[test]
fn claims_on_a_probe_that_was_not_made_are_unclear() {
    let plan = probe(vec![versions(&[]), list("takes", &["RC4"]), "dh-bits = 2048".to_owned()]);
    let nothing = judge(&plan, &Evidence::default());
    assert_eq!((nothing.findings().count(), nothing.errors().count()), (0, 3));
    assert!(nothing.is_unclear() && !nothing.holds());
    assert_eq!(nothing.snapshot, "# border\n\nnothing was seen\n");
    let refused = verdict(&plan, Observed::Unobserved("connection refused".to_owned()));
    let errors: Vec<&mailproof_verdict::Unclear> = refused.errors().collect();
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[0].to_string(), "border: it cannot be told whether it holds: takes no version of TLS");
    assert_eq!((errors[0].help().as_str(), errors[0].subject()), ("unobserved: connection refused", "border"));
    assert_eq!(refused.snapshot, "# border\n\nunobserved: connection refused\n");
}

#[test]
fn a_changed_setting_of_the_service_is_the_cause() {
    let mut plan = probe(vec![versions(&["TLSv1.3"])]);
    let change = |daemon, name: &str, line: &str| SettingChange {
        daemon,
        name: Spanned { value: name.to_owned(), span: crate::served::span(&plan.plan.source.text, line) },
        value: Some("x".to_owned()),
    };
    plan.plan.settings.changes = vec![
        change(Daemon::Dovecot, "ssl_min_protocol", "title"),
        change(Daemon::Postfix, "smtpd_tls_protocols", "label"),
    ];
    let verdict = verdict(&plan, Observed::Seen(good()));
    let finding = verdict.findings().next().unwrap();
    let place = &finding.places()[1];
    assert_eq!((place.line, place.what.as_str()), (4, "with this setting"));
}
