//! Zone files that a person wrote.

use super::*;

fn origin() -> DnsName {
    "bank.example".parse().unwrap()
}

fn lines(text: &str) -> Vec<String> {
    let file = read(text, &origin());
    assert_eq!(file.faults, [], "{text}");
    file.records.iter().map(|r| format!("{} {} {}", r.owner, type_word(r.record_type), r.data)).collect()
}

#[test]
fn names_hold_any_octet_and_texts_too() {
    let text = r#"
foo:bar/baz TXT "a"
a\.b CNAME x\000y
\195\169 MX 10 @
@ 1h30m IN TXT "\000\255" bare "é\010"
  SPF "v=spf1 -all"
_sip._tcp SRV 0 1 5060 \;
"#;
    let file = read(text, &origin());
    assert_eq!(file.faults, []);
    let owners: Vec<String> = file.records.iter().map(|record| record.owner.to_string()).collect();
    assert_eq!(
        owners,
        [
            "foo:bar/baz.bank.example",
            r"a\.b.bank.example",
            r"\195\169.bank.example",
            "bank.example",
            "bank.example",
            "_sip._tcp.bank.example"
        ]
    );
    assert_eq!(file.records[3].text().unwrap(), b"\x00\xffbare\xc3\xa9\n");
    assert_eq!(type_word(file.records[4].record_type), "SPF");
    assert!(file.records[3].has_ttl && file.records[3].has_quotes && !file.records[4].has_ttl);
}

#[test]
fn a_record_of_any_type_is_octets() {
    for (text, same) in [
        (r"@ TYPE1 \# 4 c0000201", "@ A 192.0.2.1"),
        (r"@ TXT \# 3 02 61 62", "@ TXT ab"),
        (r"@ TYPE99 \# 3 026162", "@ SPF ab"),
        (r"@ type16 \# 0003 (026162 )", "@ TXT ab"),
    ] {
        assert_eq!(lines(text), lines(same));
    }
    let of = |text: &str| read(text, &origin());
    assert_eq!(of(r"@ TYPE65400 \# 0").records.len(), 1);
    assert_eq!(of(r"@ TYPE29 \# 2 00ff").records.len(), 1);
    for bad in [
        r"@ TYPE65400 \# 1",
        r"@ TYPE1 \# 3 000000",
        r"@ TYPE99 \# x",
        r"@ TYPE99 \#",
        r"@ TYPE255 \# 0",
        r"@ RRSIG \# 0",
    ] {
        assert_eq!(of(bad).faults.len(), 1, "{bad}");
    }
}

#[test]
fn every_fault_is_told_with_its_place() {
    let text = "@ TXT \"a\n@ A 192.0.2.300\n@ TXT \"b\"\n@ NOTHING c\n@ TXT d )\n@ MX ten mx\n@ TXT \"\\300\"\n@ CH TXT x\nb\u{430}nk TXT y\n@ TXT (\n";
    let file = read(text, &origin());
    assert_eq!(file.records.len(), 1);
    let told: Vec<_> = file.faults.iter().map(|fault| (fault.line, fault.message.as_str())).collect();
    assert_eq!(told.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(&text[file.faults[1].at.clone()], "@ A 192.0.2.300");
    for (i, said) in [
        (0, "not closed"),
        (1, "`192.0.2.300`"),
        (2, "`NOTHING`"),
        (4, "`ten`"),
        (5, "three digits"),
        (7, "xn--bnk-6cd"),
    ] {
        assert!(told[i].1.contains(said), "{}", told[i].1);
    }
}

#[test]
fn a_record_as_a_line_reads_back_the_same() {
    let text = "a\\.b MX 10 c\n@ TXT \"\\000\" \"é\"\n@ SPF x\n@ SOA ns host 1 2h 3 4 5\nw CNAME @\n@ TLSA 3 1 1 00ff\n@ CAA 0 issue \"ca.example\"\n@ HTTPS 1 . alpn=h2\n@ NAPTR 1 2 \"u\" \"s\" \"\" x\n@ TXT \"\"\n";
    let first = read(text, &origin());
    assert_eq!((first.records.len(), first.faults.len()), (10, 0), "{:?}", first.faults);
    let again: String = first.records.iter().map(Record::to_line).collect();
    let second = read(&again, &"elsewhere.example".parse().unwrap());
    assert_eq!(second.faults, []);
    let data = |file: &ZoneFile| {
        file.records.iter().map(|r| (r.owner.clone(), r.record_type, r.data.clone())).collect::<Vec<_>>()
    };
    assert_eq!(data(&second), data(&first));
}

#[test]
fn what_other_servers_have_is_told_apart() {
    let file = read("@ LOC 52 22 23.000 N\n@ RRSIG SOA 13\n@ TYPE65534 x\n@ NOTHING x\n", &origin());
    let foreign: Vec<bool> = file.faults.iter().map(|fault| fault.is_of_other_servers).collect();
    assert_eq!(foreign, [true, true, true, false]);
}

#[test]
fn any_text_is_read_or_refused() {
    proptest::proptest!(|(text in "([$@;()\"a-z0-9. \\\\\n\u{e9}]|ORIGIN|TTL|TXT|MX|IN|SOA|\\\\# |TYPE|CAA|HTTPS|NAPTR|TLSA){0,60}")| {
        for record in read(&text, &origin()).records {
            let again = read(&record.to_line(), &origin());
            assert_eq!((&again.records[0].owner, &again.records[0].data), (&record.owner, &record.data));
        }
    });
}
