//! `lookup` as a user calls it, on zone files of the user's own: no engine is needed.

use crate::{Failed, Said, Trial, run, scratch, trial};
use serde_json::Value;
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("lookup::the_exit_code_says_what_was_found", the_exit_code_says_what_was_found),
        trial("lookup::json_has_what_is_printed", json_has_what_is_printed),
        trial("lookup::two_zone_files_are_one_world", two_zone_files_are_one_world),
        trial("lookup::what_lies_outside_the_zones_was_not_seen", what_lies_outside_the_zones_was_not_seen),
        trial("lookup::a_wrong_zone_file_is_named_with_its_line", a_wrong_zone_file_is_named_with_its_line),
        trial("lookup::a_wrong_word_is_a_usage_error", a_wrong_word_is_a_usage_error),
    ]
}

const GOOD: &str = r#"$ORIGIN bank.example.
@ MX 10 mx
mx A 192.0.2.25
@ TXT "v=spf1 mx -all"
s1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example"
_mta-sts TXT "v=STSv1; id=1"
mta-sts A 192.0.2.80
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@bank.example"
"#;

/// Looks a domain up in zone files with these texts.
fn look(test: &str, zones: &[&str], words: &[&str]) -> Result<Said, Failed> {
    let directory = scratch(&format!("lookup-{test}"))?;
    let mut all = vec!["lookup".to_owned()];
    for (number, zone) in zones.iter().enumerate() {
        let file = directory.join(format!("{number}.zone"));
        fs::write(&file, zone)?;
        all.extend(["--zone".to_owned(), file.display().to_string()]);
    }
    let all: Vec<&str> = all.iter().map(String::as_str).chain(words.iter().copied()).collect();
    run(&all)
}

fn the_exit_code_says_what_was_found() -> Result<(), Failed> {
    let good = look("exit", &[GOOD], &["bank.example"])?;
    // the selector is found in the file, and records come as `dig +short` shows them
    good.must(0, &["bank.example MX 10 mx.bank.example.", "s1._domainkey.bank.example TXT DKIM \"v=DKIM1;"])?;
    let passes_all = GOOD.replace("mx -all", "+all");
    look("exit", &[&passes_all], &["bank.example"])?.must(1, &["fault", "spf-passes-all", "(RFC 7208 §5.1)"])?;
    look("exit", &[GOOD], &["bank.example", "--type", "MX"])?.must(0, &["10 mx.bank.example."])?;
    look("exit", &[GOOD], &["_none.bank.example", "--type", "TXT"])?.must(5, &["no record (NXDOMAIN)"])?;
    look("exit", &[GOOD], &["shop.example"])?.must(3, &["shop.example does not lie in bank.example"])
}

fn json_has_what_is_printed() -> Result<(), Failed> {
    let bad = GOOD.replace("p=reject", "p=reject; pct=50");
    let said = look("json", &[&bad], &["bank.example", "--json"])?;
    said.must(0, &[])?;
    let entries: Value = serde_json::from_str(&said.out)?;
    let of = |what: &str| entries.as_array().into_iter().flatten().find(|entry| entry["what"] == what);
    let dmarc = of("DMARC").ok_or("no DMARC")?;
    let remark = &dmarc["answer"]["seen"]["remarks"][0];
    let expected = [
        (&dmarc["name"], "_dmarc.bank.example"),
        (&dmarc["type"], "TXT"),
        (&remark["code"], "dmarc-obsolete-tag"),
        (&remark["weight"], "notice"),
        (&remark["cites"], "RFC 9989 §9.3"),
        (&remark["help"], "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example"),
    ];
    match expected.iter().find(|(seen, wanted)| *seen != wanted) {
        Some((seen, wanted)) => Err(format!("{seen} is not {wanted} in {dmarc:#}").into()),
        None => Ok(()),
    }
}

fn two_zone_files_are_one_world() -> Result<(), Failed> {
    let including = GOOD.replace("v=spf1 mx -all", "v=spf1 include:_spf.sender.example -all");
    let sender = "$ORIGIN sender.example.\n_spf TXT \"v=spf1 ip4:198.51.100.0/24 ?all\"\n";
    let both = look("two", &[&including, sender], &["bank.example", "--type", "TXT"])?;
    both.must(0, &["include:_spf.sender.example"])?;
    if both.out.contains("was not seen") {
        return Err(format!("the second file was not read:\n{}", both.out).into());
    }
    // a fault behind the include is found as well
    let broken = sender.replace("ip4:198.51.100.0/24", "ip4:198.51.100.0/33");
    look("two", &[&including, &broken], &["bank.example"])?.must(1, &["spf-prefix", "198.51.100.0/33"])?;
    look("two", &[GOOD, GOOD], &["bank.example"])?.must(3, &["two files are of the zone bank.example"])
}

fn what_lies_outside_the_zones_was_not_seen() -> Result<(), Failed> {
    let including = GOOD.replace("v=spf1 mx -all", "v=spf1 include:_spf.sender.example -all");
    let said = look("outside", &[&including], &["bank.example"])?;
    said.must(0, &["unseen", "_spf.sender.example TXT was not seen: _spf.sender.example lies in none of the zones"])?;
    said.must(0, &["25.2.0.192.in-addr.arpa PTR not seen:"])?;
    match ["spf-include-none", "ptr-none"].iter().find(|code| said.out.contains(**code)) {
        Some(code) => Err(format!("{code} was said of what was not seen:\n{}", said.out).into()),
        None => Ok(()),
    }
}

fn a_wrong_zone_file_is_named_with_its_line() -> Result<(), Failed> {
    let wrong = GOOD.replace("mx A 192.0.2.25", "mx A 192.0.2");
    look("wrong", &[&wrong], &["bank.example"])?.must(3, &["0.zone: line 3 is not understood"])?;
    let open = format!("{GOOD}@ TXT (\"never closed\"\n");
    look("wrong", &[&open], &["bank.example"])?.must(3, &["0.zone: line 10 is not understood"])?;
    run(&["lookup", "--zone", "no-such.zone", "bank.example"])?.must(3, &["no-such.zone: the zone file cannot be read"])
}

fn a_wrong_word_is_a_usage_error() -> Result<(), Failed> {
    run(&["lookup", "bank.example", "--resolver", "127.0.0.1"])?.must(2, &["unexpected argument '--resolver'"])?;
    run(&["lookup"])?.must(2, &["<DOMAIN>"])?;
    let both = ["lookup", "bank.example", "--zone", "a.zone", "--server", "127.0.0.1:53"];
    run(&both)?.must(2, &["cannot be used with"])?;
    look("word", &[GOOD], &["bank.example", "--type", "NOPE"])?.must(2, &["`NOPE` is no record type"])
}
