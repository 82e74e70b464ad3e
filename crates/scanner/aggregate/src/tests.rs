//! Reports as they come, and what they come to.

use super::*;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;

fn xml(id: &str, records: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><feedback><version>1.0</version><report_metadata><org_name>receiver.example</org_name>\
         <email>dmarc@receiver.example</email><report_id>{id}</report_id><date_range><begin>1764547200</begin>\
         <end>1764633599</end></date_range></report_metadata><policy_published><domain>Bank.example</domain>\
         <adkim>r</adkim><aspf>s</aspf><p>reject</p><sp>none</sp></policy_published>{records}</feedback>"
    )
}

fn record(ip: &str, count: u32, evaluated: (&str, &str, &str), results: &str) -> String {
    let (disposition, dkim, spf) = evaluated;
    format!(
        "<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition>\
         <dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>bank.example</header_from>\
         <envelope_from>bank.example</envelope_from></identifiers><auth_results>{results}</auth_results></record>"
    )
}

fn spf(domain: &str, result: &str) -> String {
    format!("<spf><domain>{domain}</domain><scope>mfrom</scope><result>{result}</result></spf>")
}

fn dkim(domain: &str, result: &str) -> String {
    format!("<dkim><domain>{domain}</domain><selector>s1</selector><result>{result}</result></dkim>")
}

fn told(records: &str) -> Vec<String> {
    let report = read(xml("1", records).as_bytes()).unwrap();
    let summaries = summarize(&[report]);
    let line = |source: &Source| {
        let worth = |list: &[Worth]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let Source { mails, spf, dkim, disposition, .. } = source;
        format!("{mails}: {} | {} | {disposition}", worth(spf), worth(dkim))
    };
    summaries["bank.example"].sources.iter().map(line).collect()
}

#[test]
fn a_source_is_told_with_what_its_results_were_worth() {
    let records = [
        record(
            "192.0.2.10",
            7,
            ("none", "pass", "pass"),
            &(dkim("bank.example", "pass") + &spf("bank.example", "pass")),
        ),
        record("192.0.2.20", 5, ("none", "fail", "fail"), &(dkim("esp.example", "pass") + &spf("esp.example", "pass"))),
        record("198.51.100.66", 3, ("reject", "fail", "fail"), &spf("attacker.example", "softfail")),
        record("198.51.100.67", 2, ("none", "pass", "fail"), &spf("attacker.example", "fail")),
    ];
    assert_eq!(
        told(&records.concat()),
        [
            "7: pass bank.example, aligned | pass bank.example s1, aligned | none",
            "5: pass esp.example, not aligned | pass esp.example s1, not aligned | none",
            "3: softfail attacker.example | none | reject",
            "2: fail attacker.example | none, counted as pass | none",
        ]
    );
}

#[test]
fn of_several_signatures_the_one_near_the_author_was_aligned() {
    let both = dkim("esp.example", "pass") + &dkim("mail.bank.example", "pass");
    let of = record("192.0.2.10", 1, ("none", "pass", "fail"), &both);
    assert_eq!(told(&of), ["1: none | pass esp.example s1, not aligned and pass mail.bank.example s1, aligned | none"]);
    let other = record("192.0.2.10", 1, ("none", "pass", "fail"), &dkim("bank.test", "pass"));
    assert_eq!(told(&other), ["1: none | pass bank.test s1, aligned | none"], "under another name of the same owner's");
    let alike = record("192.0.2.10", 1, ("none", "fail", "fail"), &dkim("notbank.example", "pass"));
    assert_eq!(told(&alike), ["1: none | pass notbank.example s1, not aligned | none"]);
}

#[test]
fn reports_of_one_domain_are_summed_and_none_counts_twice() {
    let one = |id: &str, ip: &str| {
        let records = record(ip, 2, ("none", "fail", "pass"), &spf("bank.example", "pass"));
        read(xml(id, &records).as_bytes()).unwrap()
    };
    let all = [one("1", "192.0.2.10"), one("2", "192.0.2.10"), one("2", "192.0.2.10"), one("3", "192.0.2.11")];
    let summary = &summarize(&all)["bank.example"];
    let mails: Vec<u64> = summary.sources.iter().map(|source| source.mails).collect();
    assert_eq!((summary.reports, mails), (3, vec![4, 2]));
    assert_eq!(summary.policies, ["p=reject; sp=none; adkim=r; aspf=s".to_owned()].into());
    assert_eq!(summary.span, (1_764_547_200, 1_764_633_599));
    assert!(summary.sources[0].passes());
}

#[test]
fn a_report_comes_as_xml_packed_or_in_a_mail() {
    let xml = xml("1", &record("192.0.2.10", 1, ("none", "fail", "pass"), &spf("bank.example", "pass")));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(xml.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mail = |kind: &str, octets: &[u8]| {
        format!(
            "From: dmarc@receiver.example\r\nSubject: Report Domain: bank.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\n\
             Content-Type: application/{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            BASE64_MIME.encode(octets)
        )
    };
    let want = read(xml.as_bytes()).unwrap();
    assert_eq!(read(&gzip).unwrap(), want);
    assert_eq!(read(format!("\u{feff}{xml}").as_bytes()).unwrap(), want);
    assert_eq!(read(mail("gzip", &gzip).as_bytes()).unwrap(), want);
    assert_eq!(read(mail("xml", xml.as_bytes()).as_bytes()).unwrap(), want);
    for (octets, why) in [
        (b"Subject: hello\r\n\r\nno report\r\n".as_slice(), "no mail with a report"),
        (b"<html></html>", "its XML is no report"),
        (&gzip[..gzip.len() / 2], "cannot be unpacked"),
        (b"", "no mail with a report"),
    ] {
        let said = read(octets).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn what_unpacks_to_more_than_a_report_has_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..=LARGEST >> 20 {
        gzip.write_all(&zeros).unwrap();
    }
    assert!(read(&gzip.finish().unwrap()).unwrap_err().contains("more than 64 MiB"));
}

proptest! {
    #[test]
    fn whatever_comes_is_a_report_or_is_not(octets in proptest::collection::vec(any::<u8>(), 0..200), start in 0..4_usize) {
        let start = [&b""[..], b"\x1f\x8b", b"PK\x03\x04", b"<?xml version=\"1.0\"?><feedback>"][start];
        let _ = read(&[start, &octets].concat());
    }
}
