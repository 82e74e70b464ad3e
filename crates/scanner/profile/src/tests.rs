//! The shipped profiles on servers made by hand, and files with faults.

use crate::{Aspect, Deviation, Profile, gaps, judge, names, shipped, unobserved};
use evidence::{
    Certificate, ChainSeen, DhSeen, Features, Observed, Observed::Seen, Order, Probed, Trust, VersionSeen, Weight,
};
use mail::Service;

const TLS13: [&str; 3] = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];
const TLS12: [&str; 2] = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];

fn text(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn version(name: &str, suites: &[&str], order: Option<Order>) -> VersionSeen {
    VersionSeen { version: name.to_owned(), suites: Seen(text(suites)), order }
}

fn certificate(key: &str, signature: &str) -> Certificate {
    Certificate {
        subject: "mx.gateway.example".to_owned(),
        issuer: "An Issuer".to_owned(),
        names: text(&["mx.gateway.example"]),
        key: key.to_owned(),
        signature: signature.to_owned(),
        not_before: "2026-10-01T00:00:00Z".to_owned(),
        not_after: "2026-12-29T23:59:59Z".to_owned(),
    }
}

fn chain(certificates: Vec<Certificate>) -> ChainSeen {
    ChainSeen { server_name: None, certificates, trust: Trust::Verified, digests: Vec::new() }
}

/// A server that takes TLS 1.3 alone.
fn modern() -> Probed {
    let refused = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"].map(|name| version(name, &[], None));
    let mut versions = refused.to_vec();
    versions.push(version("TLSv1.3", &TLS13, Some(Order::Client)));
    Probed {
        service: Service::Smtp,
        server: "mx.gateway.example:25".to_owned(),
        cleartext: Observed::Unobserved("not asked".to_owned()),
        versions,
        groups: Seen(text(&["X25519MLKEM768", "X25519", "secp256r1"])),
        dh: Seen(None),
        signatures: Seen(text(&["ecdsa_secp256r1_sha256"])),
        chains: Observed::Seen(vec![chain(vec![certificate("EC P-256", "ecdsa-with-SHA256")])]),
        features: Features {
            tickets: Seen(true),
            resumption: Seen(true),
            secure_renegotiation: Seen(false),
            client_renegotiation: Seen(false),
            compression: Seen(false),
            fallback_scsv: Seen(false),
            early_data: Seen(false),
            extended_master_secret: Seen(false),
            encrypt_then_mac: Seen(false),
            ocsp_stapling: Seen(false),
        },
        tlsa: Observed::Unobserved("not asked".to_owned()),
    }
}

/// A server that takes TLS 1.2 as well.
fn intermediate() -> Probed {
    let mut probed = modern();
    probed.versions[3] = version("TLSv1.2", &TLS12, Some(Order::Client));
    probed.features.secure_renegotiation = Seen(true);
    probed.features.extended_master_secret = Seen(true);
    probed
}

fn judged(name: &str, probed: &Probed) -> Vec<String> {
    judge(&Profile::find(name).unwrap(), probed).iter().map(ToString::to_string).collect()
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn each_shipped_profile_reads_and_says_where_it_is_from() {
    assert_eq!(names().len(), shipped().len());
    for profile in shipped() {
        assert!(profile.source.starts_with("https://"), "{}", profile.name);
        assert!(profile.date.len() >= 7 && profile.date.starts_with("20"), "{}", profile.name);
        assert!(profile.suites.as_ref().unwrap().allowed().count() >= 3, "{}", profile.name);
        assert_eq!(Profile::find(&profile.name).as_ref(), Some(&profile));
    }
    assert_eq!(Profile::find("mozilla"), None);
}

#[test]
fn a_modern_server_is_as_every_profile_but_old_asks() {
    for name in ["mozilla-modern", "ncsc-nl-2025"] {
        assert_eq!(judged(name, &modern()), nothing(), "{name}");
        assert_eq!(unobserved(&Profile::find(name).unwrap(), &modern()), nothing(), "{name}");
    }
    assert_eq!(judged("mozilla-intermediate", &intermediate()), nothing());
    assert_eq!(judged("ncsc-nl-2025", &intermediate()), nothing());
    assert_eq!(judged("mozilla-intermediate", &modern()), ["version: TLSv1.2 is not taken; wanted: TLSv1.2"]);
    assert_eq!(
        judged("mozilla-modern-5.7", &modern()),
        ["group: X25519MLKEM768 is taken; wanted: only x25519, secp256r1 and secp384r1"]
    );
}

#[test]
fn an_old_version_deviates_and_takes_its_suites_with_it() {
    let mut probed = intermediate();
    probed.versions[1] = version("TLSv1", &["TLS_RSA_WITH_3DES_EDE_CBC_SHA"], None);
    let deviations = judge(&Profile::find("mozilla-intermediate").unwrap(), &probed);
    let expected = Deviation {
        what: Aspect::Version,
        seen: "TLSv1 is taken".to_owned(),
        wanted: "only TLSv1.3 and TLSv1.2".to_owned(),
        weight: Weight::Fault,
    };
    assert_eq!(deviations, [expected]);
    assert_eq!(deviations[0].to_string(), "version: TLSv1 is taken; wanted: only TLSv1.3 and TLSv1.2");
    assert_eq!(
        judged("mozilla-modern", &intermediate()),
        ["version: TLSv1.2 is taken; wanted: only TLSv1.3"],
        "suites of TLS 1.2 go with it"
    );
}

#[test]
fn suites_are_told_one_by_one() {
    let mut probed = intermediate();
    let suites = [&TLS12[..], &["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]].concat();
    probed.versions[3] = version("TLSv1.2", &suites, Some(Order::Server));
    assert_eq!(
        judged("mozilla-intermediate", &probed),
        [
            "cipher suite: TLS_RSA_WITH_AES_128_CBC_SHA is taken in TLSv1.2; \
             wanted: one of the 9 that the profile lets be",
            "cipher suite: TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 is taken in TLSv1.2; \
             wanted: one of the 9 that the profile lets be",
            "order: the server's in TLSv1.2; wanted: the client's",
        ]
    );
    let by_level = judge(&Profile::find("ncsc-nl-2025").unwrap(), &probed);
    let weights: Vec<(Aspect, Weight)> = by_level.iter().map(|deviation| (deviation.what, deviation.weight)).collect();
    assert_eq!(weights, [(Aspect::Suite, Weight::Fault), (Aspect::Suite, Weight::Notice)], "{by_level:?}");
}

#[test]
fn order_by_level_matters_only_with_suites_to_phase_out() {
    let phased_out = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256";
    let order = |suites: &[&str], order| {
        let mut probed = intermediate();
        probed.versions[3] = version("TLSv1.2", suites, Some(order));
        let mut said = judged("ncsc-nl-2025", &probed);
        said.retain(|sentence| sentence.starts_with("order"));
        said
    };
    assert_eq!(order(&TLS12, Order::Client), nothing());
    assert_eq!(order(&[TLS12[0], phased_out], Order::Server), nothing());
    assert_eq!(
        order(&[TLS12[0], phased_out], Order::Client),
        ["order: the client's in TLSv1.2; wanted: the server's, with suites that may stay first"]
    );
    let early = order(&[phased_out, TLS12[0]], Order::Server);
    assert_eq!(early.len(), 1, "{early:?}");
    assert!(early[0].contains(&format!("{phased_out} is before {}", TLS12[0])), "{early:?}");
}

#[test]
fn the_old_profile_wants_the_servers_order() {
    let said = judged("mozilla-old-5.7", &intermediate());
    assert!(said.contains(&"order: the client's in TLSv1.2; wanted: the server's".to_owned()), "{said:?}");
    assert!(said.contains(&"version: TLSv1 is not taken; wanted: TLSv1".to_owned()), "{said:?}");
}

#[test]
fn a_small_group_deviates_by_bits_or_by_name() {
    let mut probed = intermediate();
    probed.dh = Seen(Some(DhSeen { bits: 1024, name: None }));
    let bits = "Diffie-Hellman group: a group without a known name, 1024 bits; wanted: at least 2048 bits";
    assert_eq!(judged("mozilla-intermediate", &probed), [bits]);
    assert_eq!(judged("ncsc-nl-2025", &probed).len(), 1);
    probed.dh = Seen(Some(DhSeen { bits: 3072, name: Some("ffdhe3072".to_owned()) }));
    assert_eq!(judged("mozilla-intermediate", &probed), nothing());
    assert_eq!(
        judged("ncsc-nl-2025", &probed),
        ["Diffie-Hellman group: ffdhe3072, 3072 bits; wanted: that it is phased out"]
    );
}

#[test]
fn certificates_are_judged_by_key_signature_and_lifetime() {
    let mut probed = intermediate();
    let mut own = certificate("RSA 2048", "sha1WithRSAEncryption");
    own.not_after = "2027-12-01T00:00:00Z".to_owned();
    let issuer = Certificate {
        subject: "An Issuer".to_owned(),
        issuer: "A Root".to_owned(),
        ..certificate("RSA 1024", "sha256WithRSAEncryption")
    };
    let root = Certificate { subject: "A Root".to_owned(), issuer: "A Root".to_owned(), ..issuer.clone() };
    probed.chains = Observed::Seen(vec![chain(vec![own, issuer, root])]);
    assert_eq!(
        judged("mozilla-intermediate", &probed),
        [
            "certificate signature: sha1WithRSAEncryption (mx.gateway.example); wanted: only ecdsa-with-SHA256, \
             ecdsa-with-SHA384, ecdsa-with-SHA512 and sha256WithRSAEncryption",
            "certificate lifetime: 426 days (mx.gateway.example); wanted: at most 366 days",
        ]
    );
    let weights: Vec<_> = judge(&Profile::find("ncsc-nl-2025").unwrap(), &probed)
        .iter()
        .map(|deviation| (deviation.what, deviation.weight))
        .collect();
    let (key, signature) = (Aspect::CertificateKey, Aspect::CertificateSignature);
    assert_eq!(weights, [(key, Weight::Notice), (signature, Weight::Fault), (key, Weight::Fault)]);
}

#[test]
fn features_of_old_versions_matter_only_with_them() {
    let mut probed = intermediate();
    probed.features.secure_renegotiation = Seen(false);
    probed.features.client_renegotiation = Seen(true);
    probed.features.early_data = Seen(true);
    assert_eq!(
        judged("ncsc-nl-2025", &probed),
        [
            "secure-renegotiation: no; wanted: yes",
            "early-data: yes; wanted: no",
            "client-renegotiation: yes; wanted: no"
        ]
    );
    probed.versions[3] = version("TLSv1.2", &[], None);
    assert_eq!(judged("ncsc-nl-2025", &probed), ["early-data: yes; wanted: no"]);
}

#[test]
fn what_was_not_observed_is_no_deviation_and_is_told() {
    let why = || "the server fell silent".to_owned();
    let mut probed = intermediate();
    for version in &mut probed.versions {
        version.suites = Observed::Unobserved(why());
        version.order = None;
    }
    probed.groups = Observed::Unobserved(why());
    probed.signatures = Observed::Unobserved(why());
    probed.dh = Observed::Unobserved(why());
    probed.chains.seen_mut().unwrap().clear();
    for profile in shipped() {
        assert_eq!(judge(&profile, &probed), [], "{}", profile.name);
        let what: Vec<Aspect> = gaps(&profile, &probed).iter().map(|gap| gap.what).collect();
        for aspect in [Aspect::Version, Aspect::Suite, Aspect::Group, Aspect::CertificateKey] {
            assert!(what.contains(&aspect), "{}: {what:?}", profile.name);
        }
    }
    let modern = unobserved(&Profile::find("mozilla-modern").unwrap(), &probed);
    assert!(modern.contains(&"group: the server fell silent".to_owned()), "{modern:?}");
    assert!(!modern.iter().any(|gap| gap.starts_with("signature")), "it does not ask: {modern:?}");
}

#[test]
fn a_server_without_tls_deviates() {
    let mut probed = modern();
    for version in &mut probed.versions {
        version.suites = Seen(Vec::new());
    }
    let said = judged("ncsc-nl-2025", &probed);
    assert!(said[0].starts_with("version: no version is taken"), "{said:?}");
    probed.versions.clear();
    assert_eq!(judged("ncsc-nl-2025", &probed), ["version: no TLS at all; wanted: TLS"]);
}

#[test]
fn a_user_writes_a_profile_with_openssl_names() {
    let text = "title = \"Ours\"\nsource = \"https://wiki.gateway.example/tls\"\ndate = \"2026-11\"\n\
                [suites]\ngood = [\"ECDHE-ECDSA-AES256-GCM-SHA384\", \"TLS_AES_256_GCM_SHA384\"]\n\
                required = [\"TLS_AES_256_GCM_SHA384\"]\n[groups]\ngood = [\"prime256v1\"]\n";
    let profile = Profile::read(text, "ours").unwrap();
    assert_eq!(profile.suites.as_ref().unwrap().good[0], TLS12[0]);
    let deviations: Vec<_> = judge(&profile, &intermediate()).iter().map(|deviation| deviation.seen.clone()).collect();
    assert_eq!(deviations.len(), 5, "three suites and two groups: {deviations:?}");
}

#[test]
fn all_faults_of_a_file_are_told_with_their_lines() {
    let text = "title = \"Ours\"\nsource = \"here\"\norder = \"servers\"\n\n[versions]\ngood = [\"TLSv1.2\", \"TLS1.3\"]\n\
                required = [\"TLSv1.1\"]\n[suites]\ngoood = []\nphase-out = [\"ECDHE-RSA-AES128-GMC-SHA256\"]\n\
                [groups]\ngood = [\"x25519\", \"X25519\"]\n[dh]\nbits = -1\n[certificate.keys]\ngood = [\"RSA\"]\n\
                [features]\nforbidden = [\"compresion\", 1]\n";
    let lines = faults(text);
    for expected in [
        "1: a profile needs `date`; add `date = …`: text",
        "3: `servers` is not an order; did you mean `server`?",
        "6: `TLS1.3` is no known version; did you mean `TLSv1.3`?",
        "7: `TLSv1.1` is required and has no level; add it to one of `good`, `sufficient`, `phase-out`",
        "9: unknown key `goood`; did you mean `good`?",
        "10: `ECDHE-RSA-AES128-GMC-SHA256` is no known cipher suite; \
         did you mean `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`?",
        "12: `x25519` is listed twice; leave it where it belongs",
        "14: `bits` must be an integer from 1 to 65535",
        "16: `RSA` is no known certificate key; ",
        "18: `compresion` is not a feature; did you mean `compression`?",
        "18: `forbidden` must be",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected}\nis not in\n{lines:#?}");
    }
    assert_eq!(lines.len(), 11, "{lines:#?}");
}

/// The faults of a file, as `LINE: MESSAGE; HELP`.
fn faults(text: &str) -> Vec<String> {
    let line = |flaw: &form::Flaw| {
        let start = flaw.labels[0].0.start;
        let line = text[..start].matches('\n').count() + 1;
        format!("{line}: {}; {}", flaw.message, flaw.help.as_deref().unwrap_or_default())
    };
    Profile::read(text, "ours").unwrap_err().flaws().iter().map(line).collect()
}

#[test]
fn a_fault_of_syntax_has_its_line() {
    assert!(faults("title = \"Ours\"\n[suites\n")[0].starts_with("2: "));
    let empty = faults("title = \"\"\nsource = \"\"\ndate = \"\"\n");
    assert!(empty[0].starts_with("1: the profile asks for nothing"), "{empty:?}");
}

#[test]
fn schema_and_reference_lie_in_the_tree() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let schema = format!("{}\n", serde_json::to_string_pretty(&crate::schema()).unwrap());
    for (file, made) in [("profiles/schema.json", schema), ("docs/profile.md", crate::reference())] {
        let there = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(there == made, "{file} is not what `cargo xtask schema --write` writes");
    }
}
