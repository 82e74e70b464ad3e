//! Services: what they do before TLS, and their TLS.

use super::*;
use evidence::DhSeen;

/// A change of what is seen, the check that it is about, its grade, and the line to change.
type Row = (fn(&mut Probed), &'static str, Grade, Option<&'static str>);

fn cleartext(probed: &mut Probed) -> &mut Cleartext {
    match &mut probed.cleartext {
        Seen(cleartext) => cleartext,
        Observed::Unobserved(why) => panic!("{why}"),
    }
}

fn graded(service_of: Service, daemon: Daemon, rows: &[Row]) {
    for (change, name, grade, line) in rows {
        let mut probed = probed(service_of);
        change(&mut probed);
        let mut facts = good();
        facts.services = vec![service(Seen(probed), service_of, daemon)];
        let check = check(&facts, Group::Transport, name);
        assert_eq!((check.grade, check.change.as_deref()), (*grade, *line), "{check:?}");
    }
}

#[test]
fn mail_from_anybody_at_postfix() {
    graded(
        Service::Smtp,
        Daemon::Postfix,
        &[
            (|p| cleartext(p).offers_starttls = false, "STARTTLS", Grade::Fail, Some("smtpd_tls_security_level = may")),
            (
                |p| cleartext(p).mail_from = Seen(reply(530, "5.7.0 Must issue a STARTTLS command first")),
                "TLS required",
                Grade::Notice,
                Some("smtpd_tls_security_level = may"),
            ),
            (
                |p| cleartext(p).login = Seen(LoginSeen::Taken("535 5.7.8 authentication failed".to_owned())),
                "login before TLS",
                Grade::Fail,
                Some("smtpd_tls_auth_only = yes"),
            ),
            (
                |p| cleartext(p).injection = Seen(Injection::Answered("250 2.1.0 Ok".to_owned())),
                "injection behind STARTTLS",
                Grade::Fail,
                None,
            ),
            (|p| cleartext(p).injection = Seen(Injection::Closed), "injection behind STARTTLS", Grade::Pass, None),
            (
                |p| p.versions[1] = version("TLSv1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]),
                "versions",
                Grade::Fail,
                Some("smtpd_tls_protocols = >=TLSv1.2"),
            ),
            (
                |p| p.versions[4] = version("TLSv1.3", &[]),
                "versions",
                Grade::Notice,
                Some("smtpd_tls_protocols = >=TLSv1.2"),
            ),
            (
                |p| {
                    let suites = [
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                        "TLS_RSA_WITH_AES_128_CBC_SHA",
                        "TLS_DH_anon_WITH_AES_128_CBC_SHA",
                    ];
                    p.versions[3] = version("TLSv1.2", &suites);
                },
                "cipher suites",
                Grade::Fail,
                Some("smtpd_tls_exclude_ciphers = aNULL, kRSA"),
            ),
            (
                |p| p.groups = Seen(text(&["X25519MLKEM768", "x25519", "secp256r1", "secp521r1", "ffdhe2048"])),
                "groups",
                Grade::Fail,
                Some("tls_eecdh_auto_curves = X25519MLKEM768 X25519 prime256v1\ntls_ffdhe_auto_groups ="),
            ),
            (
                |p| p.groups = Seen(text(&["x25519", "ffdhe2048"])),
                "groups",
                Grade::Fail,
                Some("tls_ffdhe_auto_groups ="),
            ),
            (
                |p| p.groups = Seen(text(&["x25519", "secp256r1"])),
                "post-quantum",
                Grade::Notice,
                Some("tls_eecdh_auto_curves = X25519MLKEM768 X25519 prime256v1"),
            ),
            (
                |p| p.groups = Seen(text(&["x25519", "secp521r1", "ffdhe2048"])),
                "post-quantum",
                Grade::Notice,
                Some("tls_eecdh_auto_curves = X25519MLKEM768 X25519"),
            ),
            (
                |p| p.versions[3].order = Some(Order::Server),
                "order",
                Grade::Notice,
                Some("tls_preempt_cipherlist = no"),
            ),
            (
                |p| p.dh = Seen(Some(DhSeen { bits: 1024, name: None })),
                "Diffie-Hellman group",
                Grade::Fail,
                Some("smtpd_tls_dh1024_param_file ="),
            ),
            (
                |p| p.features.compression = Seen(true),
                "compression",
                Grade::Fail,
                Some("tls_ssl_options = NO_COMPRESSION"),
            ),
            (|p| p.features.secure_renegotiation = Seen(false), "renegotiation", Grade::Fail, None),
            (
                |p| p.features.client_renegotiation = Seen(true),
                "renegotiation",
                Grade::Notice,
                Some("tls_ssl_options = NO_RENEGOTIATION"),
            ),
        ],
    );
}

#[test]
fn mail_of_users_at_postfix() {
    let old: fn(&mut Probed) = |p| p.versions[1] = version("TLSv1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]);
    let rows: [Row; 3] = [
        (
            |p| cleartext(p).mail_from = Seen(reply(250, "2.1.0 Ok")),
            "TLS required",
            Grade::Notice,
            Some("smtpd_tls_security_level = encrypt"),
        ),
        (|_| {}, "TLS required", Grade::Pass, None),
        // where TLS is a must, the other setting rules
        (old, "versions", Grade::Fail, Some("smtpd_tls_mandatory_protocols = >=TLSv1.2")),
    ];
    graded(Service::Submission, Daemon::Postfix, &rows);
    let rows: [Row; 1] = [(old, "versions", Grade::Fail, Some("smtpd_tls_mandatory_protocols = >=TLSv1.2"))];
    graded(Service::Submissions, Daemon::Postfix, &rows);
}

#[test]
fn mailboxes_at_dovecot() {
    graded(
        Service::Imap,
        Daemon::Dovecot,
        &[
            (|p| cleartext(p).offers_starttls = false, "STARTTLS", Grade::Fail, Some("ssl = required")),
            (
                |p| cleartext(p).login = Seen(LoginSeen::Taken("a1 NO".to_owned())),
                "login before TLS",
                Grade::Fail,
                Some("auth_allow_cleartext = no"),
            ),
            (
                |p| p.versions[2] = version("TLSv1.1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]),
                "versions",
                Grade::Fail,
                Some("ssl_min_protocol = TLSv1.2"),
            ),
            (
                |p| p.groups = Seen(text(&["X25519MLKEM768", "x25519", "x448"])),
                "groups",
                Grade::Fail,
                Some("ssl_curve_list = X25519MLKEM768:X25519"),
            ),
            (
                |p| p.versions[3].order = Some(Order::Server),
                "order",
                Grade::Notice,
                Some("ssl_server_prefer_ciphers = client"),
            ),
        ],
    );
}

#[test]
fn older_programs_have_other_words() {
    let mut facts = with_probe(|probed| {
        probed.versions[1] = version("TLSv1", &["TLS_RSA_WITH_AES_128_CBC_SHA"]);
        cleartext(probed).login = Seen(LoginSeen::Taken("535 no".to_owned()));
    });
    facts.services[0].software = Some(Software::new(Daemon::Postfix, "3.5.25"));
    let line = |facts: &Facts, name| check(facts, Group::Transport, name).change;
    assert_eq!(line(&facts, "versions").as_deref(), Some("smtpd_tls_protocols = !SSLv3, !TLSv1, !TLSv1.1"));
    facts.services[0].software = Some(Software::new(Daemon::Dovecot, "2.3.19.1"));
    assert_eq!(line(&facts, "login before TLS").as_deref(), Some("disable_plaintext_auth = yes"));
    facts.services[0].software = None;
    assert_eq!(line(&facts, "versions"), None);
}

#[test]
fn the_profile_decides_what_else_is_looked_at() {
    let facts = with_probe(|probed| {
        probed.features.early_data = Seen(true);
        probed.signatures = Seen(text(&["rsa_pkcs1_sha1"]));
        probed.features.client_renegotiation = Seen(true);
    });
    let graded = |name: &str| {
        let checks = assess(&facts, &Profile::find("ncsc-nl-2025").unwrap()).checks;
        checks.into_iter().find(|check| check.name == name).map(|check| check.grade)
    };
    for (name, grade) in [
        ("early-data", Grade::Fail),
        ("signature schemes", Grade::Fail),
        ("extended-master-secret", Grade::Pass),
        ("renegotiation", Grade::Notice),
    ] {
        assert_eq!(graded(name), Some(grade), "{name}");
    }
    let mozilla = assess(&facts, &profile()).checks;
    assert!(!mozilla.iter().any(|check| check.name == "early-data"), "the guideline says nothing of it");
}

#[test]
fn without_tls_there_is_no_more_to_say() {
    let facts = with_probe(|probed| {
        cleartext(probed).offers_starttls = false;
        probed.versions.clear();
        probed.chains.seen_mut().unwrap().clear();
    });
    let assessment = assess(&facts, &profile());
    let of: Vec<(&str, Grade)> =
        assessment.of(Group::Transport).map(|check| (check.name.as_str(), check.grade)).collect();
    let expected = [
        ("reachable", Grade::Pass),
        ("STARTTLS", Grade::Fail),
        ("TLS required", Grade::Pass),
        ("login before TLS", Grade::Pass),
        ("versions", Grade::Fail),
    ];
    assert_eq!(of, expected);
    assert_eq!(assessment.of(Group::Certificate).count(), 0);
    assert_eq!(check(&facts, Group::MtaSts, "certificate").grade, Grade::Fail);
}

#[test]
fn implicit_tls_has_no_cleartext() {
    let mut facts = good();
    let mut probed = probed(Service::Imaps);
    probed.cleartext = Observed::Unobserved("TLS is implicit".to_owned());
    facts.services = vec![service(Seen(probed), Service::Imaps, Daemon::Dovecot)];
    let checks = assess(&facts, &profile()).checks;
    assert!(!checks.iter().any(|check| check.of == "imaps" && check.grade != Grade::Pass), "{checks:#?}");
    assert!(!checks.iter().any(|check| check.name == "STARTTLS"));
}

#[test]
fn tls_13_alone_has_neither_compression_nor_renegotiation() {
    let facts = with_probe(|probed| {
        probed.versions[3] = version("TLSv1.2", &[]);
        probed.features.compression = unseen();
        probed.features.secure_renegotiation = unseen();
        probed.features.client_renegotiation = unseen();
    });
    for name in ["compression", "renegotiation"] {
        assert_eq!(check(&facts, Group::Transport, name).reason, "TLS 1.3 has none");
    }
}
