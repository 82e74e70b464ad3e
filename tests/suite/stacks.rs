//! Stacks as a user handles them: evidence of the pretend Internet, reports, snapshots, runs beside each other.

use crate::{Failed, Held, Trial, diagnostics::copy_of, mailproof, run, scratch, trial};
use std::{fs, path::Path};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("stacks::the_library_runs_on_a_gateway_of_other_names", the_library_runs_on_a_gateway_of_other_names),
        trial("stacks::mailboxes_are_read_without_a_password", mailboxes_are_read_without_a_password),
        trial("stacks::two_runs_at_the_same_time_both_succeed", two_runs_at_the_same_time_both_succeed),
        trial("stacks::jobs_do_not_change_a_byte_of_the_snapshots", jobs_do_not_change_a_byte_of_the_snapshots),
        trial(
            "stacks::in_ci_a_missing_snapshot_fails_and_nothing_is_written",
            in_ci_a_missing_snapshot_fails_and_nothing_is_written,
        ),
        trial(
            "stacks::the_gateway_sees_the_address_that_a_scenario_names",
            the_gateway_sees_the_address_that_a_scenario_names,
        ),
        trial("stacks::junit_and_json_tell_of_the_same_run", junit_and_json_tell_of_the_same_run),
        trial("stacks::images_stay_under_a_stack", images_stay_under_a_stack),
        trial("stacks::a_line_is_explained_by_what_it_does", a_line_is_explained_by_what_it_does),
    ]
}

/// The same gateway, with another domain and other users; one scenario of each kind.
fn the_library_runs_on_a_gateway_of_other_names() -> Result<(), Failed> {
    let copy = copy_of("hardened", "other-names")?;
    rename(
        &copy,
        &[("gateway.example", "club.example"), ("gateway\\.example", "club\\.example"), ("alice@", "anna@")],
    )?;
    let gateway = copy.display().to_string();
    let chosen = ["dmarc/forged", "recipients/", "identity/mal", "dns/own", "dane/inbound", "relay/"];
    let words = [&["scenario", "run", "--gateway", &gateway], &chosen[..]].concat();
    run(&words)?.must(0, &["with a new snapshot"])?;
    let snapshot = fs::read_to_string(copy.join("snapshots/recipients/upper-case.snap.new"))?;
    let names = ["S: 220 mx.club.example", "anna@club.example: delivered to INBOX"];
    match names.into_iter().find(|name| !snapshot.contains(name)) {
        None => Ok(()),
        Some(name) => Err(format!("{name} is not in\n{snapshot}").into()),
    }
}

/// A Maildir, an mbox file, and whatever Dovecot keeps; several messages each, one with lines that look like the next one's start.
fn mailboxes_are_read_without_a_password() -> Result<(), Failed> {
    let copy = copy_of("one-box", "no-passwords")?;
    let carl = "[[mailbox]]\naddress = \"carl@club.example\"\nrole = \"alice\"\nstore = { maildir = \"/srv/carl/Maildir\" }\n\n[[host]]";
    rename(
        &copy,
        &[
            ("password = \"anna-secret\"\nstore    = { maildir = \"/srv/anna/Maildir\" }\n", ""),
            (
                "password = \"bert-secret\"\nstore    = { maildir = \"/srv/bert/Maildir\" }",
                "store = { mbox = \"/var/mail/bert\" }\nrole = \"bob\"",
            ),
            ("home_mailbox = Maildir/\n", ""),
            ("maildir:~/Maildir", "mbox:~/mail:INBOX=/var/mail/%u"),
            ("useradd -m -b /srv $user", "useradd -m -b /srv -G mail $user"),
            ("[[host]]", carl),
            ("for user in anna bert;", "for user in anna bert carl;"),
            (
                "\"newaliases\"",
                "\"newaliases; install -d -o carl /srv/carl; echo /srv/carl/Maildir/ > ~carl/.forward; chown carl: ~carl/.forward\"",
            ),
        ],
    )?;
    let mut text = "title = \"Mail arrives\"\n".to_owned();
    for (at, to) in ["{alice}", "{bob}", "anna@club.example", "{bob}", "{bob}", "{alice}"].iter().enumerate() {
        text += &format!(
            "[[transaction]]\nlabel = \"{at}\"\nclient = {{ ip = \"198.51.100.20\", ehlo = \"mail.sender.example\" }}\n\
             mail-from = \"billing@sender.example\"\nrcpt-to = [\"{to}\"]\n\
             message = \"From: billing@sender.example\\nTo: {to}\\nSubject: Number {at}\\n\\nHello\\n\\nFrom here on\\n\"\n\
             [transaction.expect]\noutcome = {{ delivered = \"INBOX\" }}\naccepted = 1\n\n"
        );
    }
    let file = scratch("no-passwords-scenario")?.join("arrives.toml");
    fs::write(&file, text)?;
    let (file, gateway) = (file.display().to_string(), copy.display().to_string());
    run(&["scenario", "run", "--gateway", &gateway, &file, "recipients/upper-case"])?.must(0, &["1 held"])
}

/// Puts other words into every text file below a directory.
fn rename(directory: &Path, words: &[(&str, &str)]) -> Result<(), Failed> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            rename(&path, words)?;
        } else {
            let text = fs::read_to_string(&path)?;
            fs::write(&path, words.iter().fold(text, |text, (old, new)| text.replace(old, new)))?;
        }
    }
    Ok(())
}

fn two_runs_at_the_same_time_both_succeed() -> Result<(), Failed> {
    let start = || mailproof(&["scenario", "run", "spf/pass", "relay/signed"]).output();
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(start);
        (start(), one.join().expect("no panic"))
    });
    crate::said(one?).must(0, &["held"])?;
    crate::said(other?).must(0, &["held"])
}

fn jobs_do_not_change_a_byte_of_the_snapshots() -> Result<(), Failed> {
    let written = |jobs: &str| {
        let copy = copy_of("hardened", &format!("jobs-{jobs}"))?;
        let gateway = copy.display().to_string();
        // scenarios of different kinds: refused, delivered, relayed; of those in tls many run alone in any case
        let subjects = ["delivery", "spf", "dkim", "dmarc", "dns", "relay", "dane", "mta-sts"];
        run(&[&["scenario", "run", "--gateway", &gateway, "--jobs", jobs], &subjects[..]].concat())?.must(0, &[])?;
        let mut files = Vec::new();
        for subject in fs::read_dir(copy.join("snapshots"))? {
            for file in fs::read_dir(subject?.path())? {
                let path = file?.path();
                files.push((path.strip_prefix(&copy)?.to_owned(), fs::read_to_string(&path)?));
            }
        }
        files.sort();
        Ok::<_, Failed>(files)
    };
    let (one, many) = (written("1")?, written("20")?);
    if one.len() < 35 {
        return Err(format!("only {} snapshots", one.len()).into());
    }
    match one.iter().zip(&many).find(|(a, b)| a != b) {
        None if one.len() == many.len() => Ok(()),
        different => Err(format!("{} and {} files, first difference: {different:#?}", one.len(), many.len()).into()),
    }
}

fn in_ci_a_missing_snapshot_fails_and_nothing_is_written() -> Result<(), Failed> {
    let copy = copy_of("hardened", "no-snapshots")?;
    let gateway = copy.display().to_string();
    run(&["scenario", "run", "spf/pass", "--gateway", &gateway, "--ci"])?.must(1, &["spf/pass", "snapshot"])?;
    if copy.join("snapshots").exists() {
        return Err("something was written".into());
    }
    run(&["scenario", "run", "spf/pass", "--gateway", &gateway])?.must(0, &["scenario accept"])?;
    if !copy.join("snapshots/spf/pass.snap.new").exists() {
        return Err("nothing was proposed".into());
    }
    Ok(())
}

/// DESIGN's one idea: no setting of the gateway says where its clients come from, and it believes what it sees.
fn the_gateway_sees_the_address_that_a_scenario_names() -> Result<(), Failed> {
    let path = scratch("addresses")?.join("report.json");
    run(&["scenario", "run", "spf/pass", "spf/ipv6", "--report", &format!("json={}", path.display())])?.must(0, &[])?;
    let report = fs::read_to_string(&path)?;
    for seen in ["[192.0.2.10]", "[2001:db8:", "IPv6:2001:db8:"] {
        if !report.contains(seen) {
            return Err(format!("no {seen} in what the gateway logged and wrote:\n{report}").into());
        }
    }
    Ok(())
}

fn images_stay_under_a_stack() -> Result<(), Failed> {
    let _held = Held::up("debian-stock")?;
    run(&["stack", "prune", "--images"])?.must(4, &["needs the images", "stack down"])
}

fn junit_and_json_tell_of_the_same_run() -> Result<(), Failed> {
    let directory = scratch("reports")?;
    let (json, junit) = (directory.join("report.json"), directory.join("report.xml"));
    let (to_json, to_junit) = (format!("json={}", json.display()), format!("junit={}", junit.display()));
    run(&["scenario", "run", "delivery", "--report", &to_json, "--report", &to_junit])?.must(0, &[])?;
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(json)?)?;
    let count = report["scenarios"].as_array().map_or(0, Vec::len);
    let cases = fs::read_to_string(junit)?.matches("<testcase ").count();
    if count == 0 || count != cases {
        return Err(format!("{count} scenarios in JSON, {cases} in JUnit").into());
    }
    Ok(())
}

/// Lines that do something both ways, to what is delivered, and nothing at all, of both daemons.
fn a_line_is_explained_by_what_it_does() -> Result<(), Failed> {
    const IDLE: [&str; 2] = ["tls_low_cipherlist", "ssl_min_protocol"];
    let busy = [
        ("smtpd_tls_protocols", "versions: takes away TLSv1.3"),
        ("smtp_tls_protocols", "newest version offered: TLSv1.2 instead of TLSv1.3"),
        ("smtpd_tls_received_header", "Received field: tells TLS instead of"),
        ("ssl_server_dh_file", "DH group: 4096 bits"),
    ];
    let names = busy.iter().map(|(name, _)| *name).chain(IDLE);
    let words: Vec<&str> = ["gateway", "explain", "documented-2018", "--json"].into_iter().chain(names).collect();
    let said = run(&words)?;
    said.must(0, &[])?;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&said.out)?;
    let effects = |name: &str| {
        let row =
            rows.iter().find(|row| row["line"].as_str().is_some_and(|line| line.starts_with(&format!("{name} ="))));
        row.map(|row| row["effects"].to_string()).ok_or_else(|| format!("{name} is not explained:\n{}", said.out))
    };
    for (name, effect) in busy {
        let seen = effects(name)?;
        if !seen.contains(effect) {
            return Err(format!("{name} has these effects, not `{effect}`: {seen}").into());
        }
    }
    for name in IDLE {
        let seen = effects(name)?;
        if seen != "[]" {
            return Err(format!("{name} is to have no effect, and has {seen}").into());
        }
    }
    Ok(())
}
