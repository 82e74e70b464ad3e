//! Changed settings, probes, look-ups and TLS reports: text to values, and faults.

use crate::{
    parse,
    seams::{GOOD, each_is_told, spoiled},
    whole,
};
use mail::Service;
use plan::{Daemon, setting_path};

#[test]
fn settings_are_set_or_taken_out() {
    let settings = parse(GOOD).unwrap().settings;
    let changes: Vec<_> =
        settings.changes.iter().map(|c| (c.daemon, c.name.value.as_str(), c.value.as_deref())).collect();
    assert_eq!(
        changes,
        [
            (Daemon::Postfix, "smtpd_tls_security_level", Some("")),
            (Daemon::Postfix, "smtp_tls_loglevel", Some("2")),
            (Daemon::Dovecot, "ssl_min_protocol", Some("TLSv1")),
            (Daemon::Postfix, "smtpd_tls_protocols", None),
        ]
    );
    assert_eq!(&GOOD[settings.changes[3].name.span.clone()], "\"smtpd_tls_protocols\"");
    let words = |text: &str| whole(text).unwrap().claims.settings.words();
    assert_eq!(words(GOOD), ["taken", "a message with `unused`", "a message with `deprecated`"]);
    let silent = spoiled("says  = [\"unused\", \"deprecated\"]", "silent = true");
    assert_eq!(words(&silent)[1], "no message");
}

#[test]
fn a_setting_may_be_of_one_service_or_block() {
    for (name, blocks, own) in [
        ("[::1]:465/inet/smtpd_tls_wrappermode", &["[::1]:465", "inet"][..], "smtpd_tls_wrappermode"),
        ("service imap-login/inet_listener imaps/ssl", &["service imap-login", "inet_listener imaps"], "ssl"),
        (
            "service auth/unix_listener /var/spool/postfix/private/auth/mode",
            &["service auth", "unix_listener /var/spool/postfix/private/auth"],
            "mode",
        ),
        ("local 192.0.2.0/24/ssl_server/cert_file", &["local 192.0.2.0/24", "ssl_server"], "cert_file"),
        ("local_name *.a.example/protocol imap/ssl", &["local_name *.a.example", "protocol imap"], "ssl"),
    ] {
        let text = spoiled("ssl_min_protocol =", &format!("\"{name}\" ="));
        let changes = parse(&text).unwrap().settings.changes;
        assert!(changes.iter().any(|change| change.name.value == name), "{name}");
        assert_eq!(setting_path(name), (blocks.to_vec(), own));
    }
    assert_eq!(setting_path("ssl"), (Vec::new(), "ssl"));
}

#[test]
fn a_probe_claims_what_stands_there() {
    let scenario::Scenario { plan, claims } = whole(GOOD).unwrap();
    let [first, second, third] = plan.probes.as_slice() else { panic!("{}", plan.probes.len()) };
    assert_eq!(
        claims.probes[0].words(),
        [
            "STARTTLS required",
            "takes exactly TLSv1.2, TLSv1.3",
            "takes X25519MLKEM768, TLS_AES_256_GCM_SHA384",
            "takes none of NULL, anonymous, export, 3DES, RC4, CBC, static-RSA, AES128-SHA, ffdhe2048",
            "the server's order of cipher suites",
            "no DHE group of less than 2048 bits",
            "certificate verified",
            "certificate with a key EC P-256",
            "profile mozilla-intermediate",
            "a login before TLS refused",
            "plaintext behind STARTTLS dropped",
            "has tickets, resumption",
            "has no early-data",
            "no TLSA records",
        ]
    );
    assert_eq!(&GOOD[claims.probes[0].iter().nth(5).unwrap().span.clone()], "2048");
    assert_eq!((first.service.value, first.server_name.as_ref()), (Service::Imap, None));
    assert_eq!(second.server_name.as_ref().map(|name| name.as_str()), Some("other.example"));
    assert_eq!(claims.probes[2].words()[1], "takes no version of TLS");
    assert_eq!(third.label, "in the clear");
    for (word, service) in [("pop3s", Service::Pop3s), ("sieve", Service::Sieve), ("submissions", Service::Submissions)]
    {
        let plan = parse(&spoiled("service     = \"imap\"", &format!("service = \"{word}\""))).unwrap();
        assert_eq!(plan.probes[1].service.value, service);
    }
}

#[test]
fn whatever_is_asked_has_a_word_of_its_own() {
    let labels =
        |text: &str| -> Vec<String> { parse(text).unwrap().probes.into_iter().map(|probe| probe.label).collect() };
    assert_eq!(labels(GOOD), ["imap", "imap 2", "in the clear"]);
    // what the file says goes before what is usual
    assert_eq!(labels(&spoiled("\"in the clear\"", "\"imap\"")), ["imap 2", "imap 3", "imap"]);
    let plan = parse(GOOD).unwrap();
    let lookups: Vec<&str> = plan.lookups.iter().map(|lookup| lookup.label.as_str()).collect();
    assert_eq!(lookups, ["s1._domainkey.partner.example TXT", "nothing there"]);
    assert_eq!(plan.reports[0].label, "partner.example");
}

#[test]
fn a_look_up_claims_what_stands_there() {
    let scenario::Scenario { plan, claims } = whole(GOOD).unwrap();
    let words = |at: usize| claims.lookups[at].words();
    assert_eq!(words(0), ["NOERROR", "a record with `v=DKIM1`", "an authentic answer", "lint: dkim-key-weak"]);
    assert_eq!(words(1), ["NXDOMAIN", "no records", "an authentic answer", "nothing to be said of it"]);
    assert_eq!(
        (plan.lookups[0].name.value.as_str(), plan.lookups[0].record_type.as_str()),
        ("s1._domainkey.partner.example", "TXT")
    );
}

#[test]
fn a_tls_report_claims_what_stands_there() {
    assert_eq!(
        whole(GOOD).unwrap().claims.reports[0].words(),
        [
            "a policy of type sts reported",
            "1 connection reported as good",
            "2 connections reported as failed",
            "failures reported as sts-policy-fetch-error, validation-failure",
        ]
    );
}

#[test]
fn each_of_the_four_is_enough_for_a_scenario() {
    for text in [
        "[[probe]]\nservice = \"smtp\"\nexpect = { starttls = \"absent\" }",
        "[[lookup]]\nname = \"gateway.example\"\ntype = \"MX\"\nexpect = { authentic = false }",
        "[setting]\npostfix = { a = \"b\" }\nexpect = { taken = false }",
    ] {
        let plan = parse(&format!("title = \"One\"\n{text}")).unwrap();
        assert!(plan.transactions.is_empty());
    }
    let idle = "title = \"One\"\n[setting]\npostfix = { a = \"b\" }\n";
    assert_eq!(parse(idle).unwrap_err().flaws()[0].message, "this scenario claims nothing");
    let report = "title = \"One\"\n[zone.\"partner.example\"]\ntls-rpt = \"v=TLSRPTv1; rua=mailto:a@partner.example\"\n\
                  [[tls-report]]\ndomain = \"partner.example\"\nexpect = { failed = 1 }";
    assert_eq!(parse(report).unwrap_err().flaws()[0].message, "nothing is sent, so nothing is reported");
}

#[rustfmt::skip]
const SETTINGS: &[(&str, &str, &str, &str)] = &[
    ("[\"smtpd_tls_protocols\"]", "[\"smtp_tls_loglevel\"]", "`smtp_tls_loglevel` is changed twice", "\"smtp_tls_loglevel\""),
    ("[\"smtpd_tls_protocols\"]", "[\"a\", \"a\"]", "`a` is changed twice", "\"a\""),
    ("taken = true", "silent = true", "no daemon says anything, and one says something", "true"),
    ("taken = true", "silent = false", "`silent` can only be `true`", "false"),
    ("postfix = { smtpd_tls_security_level = \"\", smtp_tls_loglevel = \"2\" }\ndovecot = { ssl_min_protocol = \"TLSv1\" }\nunset   = { postfix = [\"smtpd_tls_protocols\"], dovecot = [] }", "postfix = {}", "no setting is changed", "[setting]"),
];

#[rustfmt::skip]
const PROBES: &[(&str, &str, &str, &str)] = &[
    ("\"in the clear\"", "\"in the clear\"\nexpect = { login = \"refused\" }\nservice = \"smtp\"\n[[probe]]\nlabel = \"in the clear\"", "two are called `in the clear`", "\"in the clear\""),
    ("\"mozilla-intermediate\"", "\"mozilla-intermediat\"", "no profile `mozilla-intermediat`", "\"mozilla-intermediat\""),
    ("\"mozilla-intermediate\"", "\"mine.toml\"", "a scenario cannot be judged by `mine.toml`", "\"mine.toml\""),
    ("\"anonymous\"", "\"annonymous\"", "`annonymous` is neither a cipher suite nor a group nor a family of suites", "\"annonymous\""),
    ("\"X25519MLKEM768\"", "\"X25519MLKEM786\"", "`X25519MLKEM786` is neither a cipher suite nor a group nor a family of suites", "\"X25519MLKEM786\""),
    ("\"AES128-SHA\"", "\"TLS_AES_256_GCM_SHA384\"", "`TLS_AES_256_GCM_SHA384` is claimed and denied", "\"TLS_AES_256_GCM_SHA384\""),
    ("[\"early-data\"]", "[\"tickets\"]", "`tickets` is claimed and denied", "[\"tickets\", \"resumption\"]"),
    ("service     = \"imap\"\nserver-name = \"other.example\"\nexpect      = {", "service     = \"imaps\"\nexpect = { starttls = \"required\",", "imaps speaks TLS from its first octet", "\"required\""),
    ("service     = \"imap\"\nserver-name = \"other.example\"\nexpect      = {", "service     = \"pop3s\"\nexpect = { login = \"refused\",", "pop3s speaks TLS from its first octet", "\"refused\""),
    ("service     = \"imap\"\nserver-name = \"other.example\"\nexpect      = {", "service     = \"submissions\"\nexpect = { injection = \"dropped\",", "submissions speaks TLS from its first octet", "\"dropped\""),
    ("starttls = \"absent\", versions = []", "starttls = \"absent\", versions = [\"TLSv1.3\"]", "without TLS that cannot be seen of smtp", "[\"TLSv1.3\"]"),
    ("starttls = \"absent\", versions = []", "versions = [], key = \"Ed25519\"", "without TLS that cannot be seen of smtp", "\"Ed25519\""),
    ("starttls = \"absent\", versions = []", "versions = [], has = [\"tickets\"]", "without TLS that cannot be seen of smtp", "[\"tickets\"]"),
    ("starttls = \"absent\", versions = []", "versions = [], order = \"server\"", "without TLS that cannot be seen of smtp", "\"server\""),
    ("starttls = \"absent\", versions = []", "versions = [], peer = \"verified\"", "without TLS that cannot be seen of smtp", "\"verified\""),
    ("starttls = \"absent\", versions = []", "versions = [], takes = [\"3DES\"]", "without TLS that cannot be seen of smtp", "[\"3DES\"]"),
    ("[\"early-data\"]", "[\"resumption\", \"tickets\"]", "`tickets` is claimed and denied", "[\"tickets\", \"resumption\"]"),
    ("starttls = \"absent\", versions = []", "versions = [], tlsa = \"matches\"", "without TLS that cannot be seen of smtp", "\"matches\""),
];

#[rustfmt::skip]
const LOOKUPS: &[(&str, &str, &str, &str)] = &[
    ("records   = []", "records   = [\"192.0.2.1\"]", "that cannot be with NXDOMAIN", "[\"192.0.2.1\"]"),
    ("\"NOERROR\"\ncontains  = \"v=DKIM1\"\nauthentic = true", "\"REFUSED\"\nrecords = []\ncontains = \"v=DKIM1\"", "that cannot be with REFUSED", "\"v=DKIM1\""),
    ("rcode     = \"NOERROR\"\ncontains  = \"v=DKIM1\"", "rcode     = \"SERVFAIL\"", "that cannot be with SERVFAIL", "true"),
    ("contains  = \"v=DKIM1\"", "contains  = \"v=DKIM1\"\nrecords = [\"v=DKIM2; p=\"]", "none of these records has `v=DKIM1` in it", "\"v=DKIM1\""),
    ("\"www.partner.example\"\ntype  = \"A\"\n[lookup.expect]\nrcode     = \"NXDOMAIN\"\nrecords   = []",
        "\"www.partners.example\"\ntype  = \"A\"\n[lookup.expect]\nrcode     = \"NOERROR\"\nrecords   = [\"192.0.2.1\"]",
        "no zone has www.partners.example", "\"www.partners.example\""),
    ("\"s1._domainkey.partner.example\"", "\"s1._domainkey.partners.example\"", "no zone has s1._domainkey.partners.example", "\"s1._domainkey.partners.example\""),
    ("\"nothing there\"", "\"nothing there\"\nname = \"a.example\"\ntype = \"A\"\nexpect = { rcode = \"NXDOMAIN\" }\n[[lookup]]\nlabel = \"nothing there\"", "two are called `nothing there`", "\"nothing there\""),
];

#[rustfmt::skip]
const REPORTS: &[(&str, &str, &str, &str)] = &[
    ("tls-rpt = \"v=TLSRPTv1; rua=mailto:tls@partner.example\"\n", "", "partner.example does not say where reports go", "\"partner.example\""),
    ("failed = 2", "failed = 0", "connections fail, and none fails", "0"),
];

#[test]
fn faults_of_settings_are_told() {
    each_is_told(SETTINGS);
}

#[test]
fn faults_of_probes_are_told() {
    each_is_told(PROBES);
}

#[test]
fn faults_of_look_ups_are_told() {
    each_is_told(LOOKUPS);
}

#[test]
fn of_a_name_without_a_zone_it_is_claimed_that_there_is_nothing() {
    for (from, to) in [
        ("\"www.partner.example\"", "\"www.partners.example\""),
        ("contains  = \"v=DKIM1\"", "contains  = \"v=DKIM1\"\nrecords = [\"v=DKIM1; p=\", \"another\"]"),
        ("contains  = \"v=DKIM1\"", "contains  = '\"v=DKIM1;'\nrecords = [\"v=DKIM1; p=\"]"),
    ] {
        parse(&spoiled(from, to)).unwrap_or_else(|faults| panic!("{to}: {:?}", faults.flaws()));
    }
}

#[test]
fn faults_of_tls_reports_are_told() {
    each_is_told(REPORTS);
}

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    for (from, to, near) in [
        ("\"mozilla-intermediate\"", "\"mozilla-intermediat\"", "mozilla-intermediate"),
        ("\"anonymous\"", "\"annonymous\"", "anonymous"),
        ("\"NXDOMAIN\"", "\"NXDOMIAN\"", "NXDOMAIN"),
        ("\"sts-policy-fetch-error\"", "\"sts-policy-fetch-eror\"", "sts-policy-fetch-error"),
        ("\"EC P-256\"", "\"EC P256\"", "EC P-256"),
        ("\"early-data\"", "\"earlydata\"", "early-data"),
        ("\"smtp\"", "\"smpt\"", "smtp"),
        ("\"self-signed\"", "\"selfsigned\"", "self-signed"),
        ("mta-sts = \"v", "mta_sts = \"v", "mta-sts"),
    ] {
        let faults = parse(&spoiled(from, to)).unwrap_err();
        let help = faults.flaws()[0].help.clone().unwrap_or_default();
        assert!(help.starts_with(&format!("did you mean `{near}`?")), "{to}: {help}");
    }
}
