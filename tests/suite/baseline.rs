//! `scenario run --baseline`: what a gateway does today is what is expected of it from then on.

use crate::{Failed, Trial, diagnostics::copy_of, mailproof, run, said, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("baseline::after_it_only_changes_speak", after_it_only_changes_speak)]
}

/// Debian's own configuration gets some of these wrong.
fn after_it_only_changes_speak() -> Result<(), Failed> {
    let copy = copy_of("debian-stock", "baseline")?;
    let list = copy.join("known-failures.toml");
    let by_hand =
        "# By hand.\n[[failure]]\nscenario = [\"delivery/unknown-user\", \"spf/permerror\"]\nreason   = \"so it is\"\n";
    fs::write(&list, by_hand)?;
    let gateway = copy.display().to_string();
    let chosen = ["dkim/rsa-pass", "dkim/unaligned", "delivery/unknown-user", "spf/fail", "spf/permerror", "spf/pass"];
    let words = [&["scenario", "run", "--gateway", &gateway], &chosen[..]].concat();
    let in_ci = said(mailproof(&[&words[..], &["--baseline"]].concat()).env("CI", "true").output()?);
    in_ci.must(2, &["a baseline is written"])?;

    let first = run(&[&words[..], &["--baseline"]].concat())?;
    first
        .must(0, &["2 held, 4 known to fail", "Baseline: 3 failures, for 2 reasons", "1 entry that held taken out"])?;
    first
        .must(0, &["6 snapshots accepted", "the reply to end-of-data is 250, not 5xx dkim/rsa-pass, dkim/unaligned"])?;
    let text = fs::read_to_string(&list)?;
    let grouped = "scenario = [\n    \"dkim/rsa-pass\",\n    \"dkim/unaligned\",\n]\nreason   = \"the reply to end-of-data is 250, not 5xx\"";
    let is_kept = text.starts_with("# By hand.\n[[failure]]\nscenario = [\"delivery/unknown-user\"]\n");
    if !is_kept || !text.contains(grouped) {
        return Err(format!("this is no baseline:\n{text}").into());
    }
    run(&[&words[..], &["--ci"]].concat())?.must(0, &["2 held, 4 known to fail"])?;
    // and a change is told: Debian's filter takes what it took before no more
    let settings = copy.join("postfix/main.cf");
    fs::write(&settings, fs::read_to_string(&settings)? + "\nsmtpd_milters =\n")?;
    run(&["scenario", "run", "--gateway", &gateway, "dkim/rsa-pass", "--ci"])?.must(1, &["with another snapshot"])
}
