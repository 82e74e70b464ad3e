//! Bad files in, messages out: each says what is wrong, where, and what to do.

use crate::{Failed, Trial, root, run, scratch, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("diagnostics::all_faults_of_a_scenario_at_once", all_faults_of_a_scenario_at_once),
        trial("diagnostics::two_zones_that_contradict_each_other", two_zones_that_contradict_each_other),
        trial("diagnostics::toml_syntax", toml_syntax),
        trial("diagnostics::a_gateway_that_is_not_there", a_gateway_that_is_not_there),
        trial("diagnostics::a_gateway_file_with_an_unknown_key", a_gateway_file_with_an_unknown_key),
        trial("diagnostics::a_known_failure_that_is_no_scenario", a_known_failure_that_is_no_scenario),
    ]
}

const GOOD: &str = r#"title = "A good one"
cites = ["RFC 7208 §2.6"]

[zone."bank.example"]
spf = "v=spf1 ip4:192.0.2.10 -all"

[[transaction]]
client    = { ip = "192.0.2.10", ehlo = "mail.bank.example", tls = "starttls" }
mail-from = "billing@bank.example"
rcpt-to   = ["alice@gateway.example"]
message   = """
From: billing@bank.example
Subject: x

x
"""
[transaction.expect]
outcome = { delivered = "INBOX" }
"#;

/// Checks a scenario made from the good one by these replacements.
fn check(name: &str, changes: &[(&str, &str)], words: &[&str]) -> Result<(), Failed> {
    let file = scratch(&format!("diagnostics-{name}"))?.join("bad.toml");
    let text = changes.iter().fold(GOOD.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    });
    fs::write(&file, text)?;
    run(&["scenario", "check", &file.display().to_string()])?.must(3, words)
}

fn all_faults_of_a_scenario_at_once() -> Result<(), Failed> {
    let changes = [
        ("mail-from", "mail-form"),
        ("alice@gateway.example\"]", "alice\"]\nsign = [{ domain = \"bank.example\", selector = \"s9\" }]"),
        ("192.0.2.10\",", "192.0.2.300\","),
    ];
    check("all", &changes, &["mail-form", "mail-from", "local-part@domain", "s9", "192.0.2.300", "bad.toml"])
}

fn two_zones_that_contradict_each_other() -> Result<(), Failed> {
    let second = "[zone.\"a.bank.example\"]\nspf = \"v=spf1 -all\"\n\n[[transaction]]";
    let changes = [("spf = ", "records = \"a IN TXT \\\"v=spf1 +all\\\"\"\nspf = "), ("[[transaction]]", second)];
    check("zones", &changes, &["a.bank.example"])
}

fn toml_syntax() -> Result<(), Failed> {
    check("syntax", &[("title = \"A good one\"", "title = \"A good one")], &["bad.toml"])
}

fn a_gateway_that_is_not_there() -> Result<(), Failed> {
    run(&["scenario", "run", "--gateway", "no-such-gateway"])?.must(3, &["no-such-gateway", "gateway.toml"])
}

/// A copy of a shipped gateway, changed.
pub(crate) fn copy_of(gateway: &str, name: &str) -> Result<std::path::PathBuf, Failed> {
    let copy = scratch(name)?;
    copy_tree(&root().join("gateways").join(gateway), &copy)?;
    let _ = fs::remove_dir_all(copy.join("snapshots"));
    Ok(copy)
}

fn copy_tree(from: &std::path::Path, to: &std::path::Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn a_gateway_file_with_an_unknown_key() -> Result<(), Failed> {
    let copy = copy_of("hardened", "unknown-key")?;
    let file = copy.join("gateway.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("relese = \"trixie\"\n{text}"))?;
    run(&["scenario", "run", "--gateway", &copy.display().to_string()])?.must(3, &["relese", "release", "gateway.toml"])
}

fn a_known_failure_that_is_no_scenario() -> Result<(), Failed> {
    let copy = copy_of("hardened", "stranger")?;
    let text = "[[failure]]\nscenario = \"spf/pas\"\nreason = \"it was so\"\n[[failure]]\nscenario = \"gone.toml\"\nreson = \"x\"\n";
    fs::write(copy.join("known-failures.toml"), text)?;
    let all = ["there is no scenario `spf/pas`", "did you mean `spf/pass`?", "`gone.toml`", "unknown key `reson`"];
    run(&["scenario", "run", "--gateway", &copy.display().to_string()])?.must(3, &all)
}
