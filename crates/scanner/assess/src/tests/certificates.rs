//! Certificates, and the TLSA records beside them.

use super::*;

/// A change of what is seen, the check that it is about, and its grade.
type Row = (fn(&mut Probed), &'static str, Grade);

fn graded(group: Group, rows: &[Row]) {
    for (change, name, grade) in rows {
        let check = check(&with_probe(change), group, name);
        assert_eq!(check.grade, *grade, "{check:?}");
    }
}

fn own(probed: &mut Probed) -> &mut Certificate {
    &mut probed.chains.seen_mut().unwrap()[0].certificates[0]
}

fn untrusted(probed: &mut Probed) {
    probed.chains.seen_mut().unwrap()[0].trust = Trust::Untrusted(Some("self-signed".to_owned()));
}

fn tlsa(probed: &mut Probed, records: &[&str]) {
    probed.tlsa = Seen(found(records));
}

/// The TLSA record of an authority that issued the certificate, which has this name.
fn authority(probed: &mut Probed, name: &str) {
    let record = DIGEST.replacen('3', "2", 1);
    tlsa(probed, &[&record]);
    for chain in probed.chains.seen_mut().unwrap() {
        chain.digests = text(&[&record]);
        chain.certificates[0].names = text(&[name]);
    }
}

#[test]
fn certificates_are_graded() {
    graded(
        Group::Certificate,
        &[
            (|p| p.chains.seen_mut().unwrap()[0].trust = Trust::Trusted, "trusted", Grade::Pass),
            // DANE-EE needs no root, so that hosts which do DANE are content
            (untrusted, "trusted", Grade::Notice),
            (
                |p| {
                    untrusted(p);
                    tlsa(p, &[]);
                },
                "trusted",
                Grade::Fail,
            ),
            (|p| own(p).names = text(&["*.gateway.example"]), "name", Grade::Pass),
            (|p| own(p).names = text(&["mx.other.example"]), "name", Grade::Fail),
            (|p| own(p).names.clear(), "name", Grade::Fail),
            (|p| own(p).not_after = "2026-11-23T00:00:00Z".to_owned(), "validity", Grade::Fail),
            (|p| own(p).not_before = "2026-11-25T00:00:00Z".to_owned(), "validity", Grade::Fail),
            (|p| own(p).not_after = "2026-12-02T00:00:00Z".to_owned(), "validity", Grade::Notice),
            (|p| own(p).not_after = "soon".to_owned(), "validity", Grade::NotTested),
            (|p| own(p).key = "RSA 1024".to_owned(), "key", Grade::Fail),
            (|p| own(p).signature = "sha1WithRSAEncryption".to_owned(), "signature", Grade::Fail),
            (|p| own(p).not_before = "2026-01-01T00:00:00Z".to_owned(), "lifetime", Grade::Notice),
            (|p| own(p).not_before = "2025-01-01T00:00:00Z".to_owned(), "lifetime", Grade::Fail),
            (|p| p.chains.seen_mut().unwrap().clear(), "trusted", Grade::NotTested),
        ],
    );
}

#[test]
fn days_are_told() {
    let reason = |end: &str| {
        let facts = with_probe(|probed| own(probed).not_after = end.to_owned());
        check(&facts, Group::Certificate, "validity").reason
    };
    assert_eq!(reason("2026-12-24T12:00:00Z"), "until 2026-12-24 (30 days)");
    assert_eq!(reason("2026-11-20T12:00:00Z"), "it ended on 2026-11-20 (4 days ago)");
    assert_eq!(reason("2026-11-29T12:00:00Z"), "it ends on 2026-11-29, in 5 days: renew it");
}

#[test]
fn several_certificates_are_graded_each() {
    let facts = with_probe(|probed| {
        let mut second = chain();
        second.certificates[0].key = "RSA 2048".to_owned();
        second.certificates[0].names = text(&["mx.other.example"]);
        probed.chains.seen_mut().unwrap().push(second);
    });
    let assessment = assess(&facts, &profile());
    let names: Vec<(&str, Grade)> = assessment
        .of(Group::Certificate)
        .filter(|check| check.name == "name")
        .map(|check| (check.of.as_str(), check.grade))
        .collect();
    assert_eq!(names, [("smtp (EC P-256)", Grade::Pass), ("smtp (RSA 2048)", Grade::Fail)]);
}

const OTHER: &str = "3 1 1 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const SHA512: &str = "3 1 2 cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\
                      cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

#[test]
fn tlsa_records_are_graded() {
    graded(
        Group::Dane,
        &[
            (|p| tlsa(p, &[]), "TLSA records", Grade::Notice),
            (
                |p| {
                    tlsa(p, &[]);
                    if let Seen(tlsa) = &mut p.tlsa {
                        tlsa.rcode = "SERVFAIL".to_owned();
                    }
                },
                "TLSA records",
                Grade::Fail,
            ),
            (
                |p| {
                    if let Seen(tlsa) = &mut p.tlsa {
                        tlsa.is_authentic = false;
                    }
                },
                "DNSSEC",
                Grade::Fail,
            ),
            (|p| tlsa(p, &[DIGEST, "1 1 1 00"]), "usable", Grade::Notice),
            (|p| tlsa(p, &["0 0 1 00"]), "usable", Grade::Fail),
            (|p| tlsa(p, &["3 1 1 00"]), "usable", Grade::Fail),
            (|p| tlsa(p, &["3 1 1 00"]), "matches", Grade::NotTested),
            (|p| tlsa(p, &["3 1 9 00"]), "usable", Grade::Fail),
            (|p| tlsa(p, &["garbage"]), "usable", Grade::Fail),
            (|p| tlsa(p, &[&DIGEST.to_uppercase()]), "matches", Grade::Pass),
            (|p| tlsa(p, &[OTHER]), "matches", Grade::Fail),
            (|p| tlsa(p, &[OTHER, DIGEST]), "matches", Grade::Pass),
            (|p| tlsa(p, &[SHA512]), "matches", Grade::NotTested),
            // an authority's record wants the host's name in the certificate too (RFC 7672 §3.2.2)
            (|p| authority(p, HOST), "matches", Grade::Pass),
            (|p| authority(p, "other.gateway.example"), "matches", Grade::Fail),
            (
                |p| {
                    p.chains.seen_mut().unwrap().push(chain());
                    p.chains.seen_mut().unwrap()[1].digests = text(&[OTHER]);
                },
                "matches",
                Grade::Fail,
            ),
            // hosts ask for the name of the MX, so that another name's certificate does not matter
            (
                |p| {
                    p.chains.seen_mut().unwrap().push(chain());
                    p.chains.seen_mut().unwrap()[1].server_name = Some("www.gateway.example".to_owned());
                    p.chains.seen_mut().unwrap()[1].digests = text(&[OTHER]);
                },
                "matches",
                Grade::Pass,
            ),
        ],
    );
}

#[test]
fn the_record_to_add_is_told() {
    for (records, name) in [(&[][..], "TLSA records"), (&[OTHER][..], "matches")] {
        let check = check(&with_probe(|probed| tlsa(probed, records)), Group::Dane, name);
        assert_eq!(check.change, Some(format!("_25._tcp.mx.gateway.example. IN TLSA {DIGEST}")));
    }
}

#[test]
fn dane_hangs_on_the_mx_records() {
    let mut facts = good();
    if let Seen(mx) = &mut facts.domains[0].mx {
        mx.is_authentic = false;
    }
    assert_eq!(check(&facts, Group::Dane, "MX by DNSSEC").grade, Grade::Fail);
    facts.is_validated = false;
    assert_eq!(check(&facts, Group::Dane, "MX by DNSSEC").grade, Grade::NotTested, "nobody validated");
    facts.domains.clear();
    assert_eq!(check(&facts, Group::Dane, "MX by DNSSEC").grade, Grade::NotTested);
}

#[test]
fn other_services_need_no_tlsa_records() {
    let mut facts = good();
    let mut probed = probed(Service::Imaps);
    tlsa(&mut probed, &[]);
    facts.services = vec![service(Seen(probed), Service::Imaps, Daemon::Dovecot)];
    assert_eq!(assess(&facts, &profile()).of(Group::Dane).count(), 0);
}
