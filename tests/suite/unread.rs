//! A mail server whose log is not read: what became of mail is told by replies and mailboxes alone, and is true.

use crate::{Failed, Trial, diagnostics::copy_of, run, scratch, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("unread::outcomes_are_told_by_replies_and_mailboxes", outcomes_are_told_by_replies_and_mailboxes)]
}

/// A scenario of which the first transaction has this outcome, behind it a control and a recipient who is not there.
fn scenario(outcome: &str) -> String {
    let transaction = |label: &str, recipients: &str, outcome: &str| {
        format!(
            r#"
[[transaction]]
label     = "{label}"
client    = {{ ip = "192.0.2.10", ehlo = "mail.unread.example" }}
mail-from = "billing@unread.example"
rcpt-to   = [{recipients}]
message   = """
From: billing@unread.example
To: {{alice}}
Subject: x

x
"""
expect = {{ outcome = "{outcome}" }}
"#
        )
    };
    let users = r#""{alice}", "{bob}""#;
    [
        "title = \"What becomes of mail\"\nzone.\"unread.example\".spf = \"v=spf1 ip4:192.0.2.10 -all\"\n".to_owned(),
        transaction("delivered", users, outcome),
        transaction("control", users, "delivered"),
        transaction("refused", r#""nobody@{gateway}""#, "rejected"),
    ]
    .concat()
}

/// Exim as Debian has it: it logs into files, and not by syslog.
fn outcomes_are_told_by_replies_and_mailboxes() -> Result<(), Failed> {
    let gateway = copy_of("exim", "unread-gateway")?;
    let file = gateway.join("exim4/conf.d/main/000_local");
    let told = fs::read_to_string(&file)?;
    let untold: String =
        told.lines().filter(|line| !line.starts_with("log_file_path")).map(|l| format!("{l}\n")).collect();
    if told == untold {
        return Err("the gateway says nothing of its log".into());
    }
    fs::write(&file, untold)?;
    let directory = scratch("unread")?;
    let [right, wrong] = [("right.toml", "delivered"), ("wrong.toml", "rejected")].map(|(name, outcome)| {
        let path = directory.join(name);
        fs::write(&path, scenario(outcome)).map(|()| path.display().to_string())
    });
    let (right, wrong, gateway) = (right?, wrong?, gateway.display().to_string());
    run(&["scenario", "run", &right, "--gateway", &gateway])?.must(0, &["1 held"])?;
    let said = "was delivered to INBOX, not rejected";
    let log = "the log had not said: anything that is understood of the mail server at mx.gateway.example";
    run(&["scenario", "run", &wrong, "--gateway", &gateway])?.must(1, &[said, log])
}
