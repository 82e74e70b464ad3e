//! A gateway that asks a sender's own MTA whether the sender is there, before it takes mail (Postfix: `reject_unverified_sender`).

use crate::{Failed, Trial, diagnostics::copy_of, run, scratch, trial};
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("callbacks::senders_answer_who_calls_back", senders_answer_who_calls_back)]
}

fn senders_answer_who_calls_back() -> Result<(), Failed> {
    let copy = copy_of("one-box", "callbacks")?;
    let path = copy.join("postfix/main.cf");
    let more = "smtpd_sender_restrictions = reject_unverified_sender\nunverified_sender_reject_code = 550\n\
        unverified_sender_defer_code = 450\naddress_verify_poll_delay = 1s\n";
    fs::write(&path, fs::read_to_string(&path)? + more)?;
    let directory = scratch("callbacks-scenarios")?;
    let zone = |name: &str, records: &str| {
        format!("[zone.\"{name}.example\"]\nspf = \"v=spf1 ip4:198.51.100.20 -all\"\nrecords = \"{records}\"\n")
    };
    let mail = |name: &str, outcome: &str| {
        format!(
            "[[transaction]]\nclient = {{ ip = \"198.51.100.20\", ehlo = \"mail.{name}.example\" }}\n\
             mail-from = \"billing@{name}.example\"\nrcpt-to = [\"{{alice}}\"]\n\
             message = \"From: billing@{name}.example\\nTo: {{alice}}\\n\\nHello\\n\"\n\
             [transaction.expect]\noutcome = {outcome}\n"
        )
    };
    let write = |name: &str, parts: &[String]| {
        let path = directory.join(name);
        let text = format!("title = \"A sender is called back\"\n{}", parts.concat());
        fs::write(&path, text).map(|()| path.display().to_string())
    };
    let known = mail("known", "{ delivered = \"INBOX\" }");
    let host = "[host.\"mx.unknown.example\"]\nip = \"203.0.113.7\"\n\
        smtp = { replies = { rcpt-to = \"550 5.1.1 nobody here\" } }\n";
    let plausible = write("known.toml", &[zone("known", ""), known.clone()])?;
    let unknown = [zone("known", ""), zone("unknown", "@ IN MX 10 mx"), host.to_owned(), known];
    let refused = write("unknown.toml", &[unknown.concat(), mail("unknown", "\"rejected\"")])?;
    let gateway = copy.display().to_string();
    // nobody says where the sender's MTA is, and nobody is there
    run(&["scenario", "run", "--gateway", &gateway, &plausible])?.must(1, &["1 failed"])?;
    let toml = copy.join("gateway.toml");
    fs::write(&toml, fs::read_to_string(&toml)?.replacen("release ", "plausible-senders = true\nrelease ", 1))?;
    run(&["scenario", "run", "--gateway", &gateway, &plausible, &refused])?.must(0, &["2 held"])
}
