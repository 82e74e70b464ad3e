//! `gateway mutate`: which lines of a configuration no scenario notices.

use crate::{Failed, Trial, diagnostics::copy_of, run, scratch, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("mutate::what_nobody_notices_is_told", what_nobody_notices_is_told)]
}

/// Those that need no engine.
pub(crate) fn pure() -> Vec<Trial> {
    vec![trial("mutate::what_cannot_be_changed_is_told", what_cannot_be_changed_is_told)]
}

fn what_cannot_be_changed_is_told() -> Result<(), Failed> {
    let mutate = |words: &[&str]| run(&[&["gateway", "mutate", "one-box"], words].concat());
    mutate(&["--only", "postfix/main.cf:0"])?.must(2, &["no number of a line"])?;
    mutate(&["--only", "main.cfg"])?.must(2, &["nothing of one-box can be changed there", "help"])?;
    mutate(&["--report", "junit=x"])?.must(2, &["written as json"])?;
    let copy = copy_of("one-box", "mutate-unread")?;
    fs::write(copy.join("unnoticed.toml"), "[[line]]\nfile = \"postfix/main.cf\"\ntext = \"a\"\n")?;
    run(&["gateway", "mutate", &copy.display().to_string()])?.must(3, &["unnoticed.toml", "needs `reason`"])
}

fn what_nobody_notices_is_told() -> Result<(), Failed> {
    let copy = copy_of("one-box", "mutate")?;
    let main = copy.join("postfix/main.cf");
    let text = fs::read_to_string(&main)?;
    let begin = text.lines().count() + 1;
    // noticed, the default already, seen by nobody, and the same with a reason
    let more = "smtpd_client_restrictions = permit_mynetworks, permit\nmessage_size_limit = 10240000\n\
        smtpd_delay_open_until_valid_rcpt = no\nmaximal_queue_lifetime = 4d\n";
    fs::write(&main, format!("{text}{more}"))?;
    let place = |file: &str| {
        format!(
            "[[line]]\nfile = \"{file}\"\ntext = \"maximal_queue_lifetime = 4d\"\nreason = \"nobody waits for days\"\n"
        )
    };
    let domains = text.lines().position(|line| line.starts_with("mydestination")).expect("it takes mail") + 1;
    let line = text.lines().nth(domains - 1).unwrap_or_default();
    let noticed = place("postfix/main.cf").replace("maximal_queue_lifetime = 4d", line);
    fs::write(copy.join("unnoticed.toml"), [place("postfix/main.cf"), place("postfix/gone.cf"), noticed].concat())?;
    let gateway = copy.display().to_string();
    let only: Vec<String> = (begin..begin + 4).chain([domains]).map(|line| format!("main.cf:{line}")).collect();
    let mut words = vec!["gateway", "mutate", &gateway, "-s", "tls/received-cleartext", "-s", "recipients/aliases"];
    words.extend(only.iter().flat_map(|only| ["--only", only.as_str()]));
    let report = scratch("mutate-report")?.join("mutated.json");
    let to = format!("json={}", report.display());
    let mutated = run(&[words.as_slice(), &["--report", &to]].concat())?;
    mutated.must(
        1,
        &[
            "unnoticed.toml: there is no line `postfix/gone.cf: maximal_queue_lifetime = 4d`",
            "localhost` is noticed",
            "message_size_limit = 10240000 — taken away: equivalent",
            "smtpd_delay_open_until_valid_rcpt = no — taken away: no scenario notices",
            "maximal_queue_lifetime = 4d — taken away: no scenario notices: nobody waits for days",
            "— taken away: noticed by ",
        ],
    )?;
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(report)?)?;
    let came = |line: usize| -> Vec<String> {
        let changes = report["changes"].as_array().into_iter().flatten();
        let its = changes.filter(|change| change["line"] == line && change["becomes"].is_null());
        its.map(|change| change["result"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let all: Vec<String> = [domains, begin + 1, begin + 2, begin + 3].into_iter().flat_map(came).collect();
    if all != ["noticed", "equivalent", "unnoticed", "explained"] {
        return Err(format!("{all:?} in {report:#}").into());
    }
    Ok(())
}
