//! `gateway compare`: what two gateways, or two revisions of one, do otherwise.

use crate::{Failed, Trial, diagnostics::copy_of, root, run, said, scratch, trial};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("compare::a_change_is_told_once_and_nothing_is_written", a_change_is_told_once_and_nothing_is_written),
        trial("compare::other_names_are_no_difference", other_names_are_no_difference),
        trial("compare::a_dovecot_that_refuses_old_lines_says_which", a_dovecot_that_refuses_old_lines_says_which),
    ]
}

/// Those that need no engine.
pub(crate) fn pure() -> Vec<Trial> {
    vec![trial("compare::what_cannot_be_compared_is_told", what_cannot_be_compared_is_told)]
}

fn what_cannot_be_compared_is_told() -> Result<(), Failed> {
    run(&["gateway", "compare", "hardened"])?.must(2, &["required arguments were not provided"])?;
    run(&["gateway", "compare", "hardened", "--release", "trixie"])?.must(2, &["two releases at least"])?;
    run(&["gateway", "compare", "hardened", "--release", "Trixie,../x"])?.must(2, &["no name of a Debian release"])?;
    run(&["gateway", "compare", "hardened", "peer", "--report", "junit=x"])?.must(2, &["written as json"])?;
    run(&["gateway", "compare", "hardened@no-such-revision", "hardened"])?.must(3, &["no-such-revision", "help"])
}

/// A copy in a repository of its own, with one commit.
fn committed(gateway: &str, name: &str) -> Result<PathBuf, Failed> {
    let copy = copy_of(gateway, name)?;
    for words in ["init -q", "add .", "-c user.name=a -c user.email=a@a.example commit -q -m one"] {
        let done = said(Command::new("git").arg("-C").arg(&copy).args(words.split(' ')).output()?);
        done.must(0, &[])?;
    }
    Ok(copy)
}

fn a_change_is_told_once_and_nothing_is_written() -> Result<(), Failed> {
    let copy = committed("debian-stock", "compare")?;
    let (new, old) = (copy.display().to_string(), format!("{}@HEAD", copy.display()));
    let few = ["-s", "spf/fail", "-s", "spf/pass", "-s", "dkim/rsa-pass"];
    let words = |new: &str| [&["gateway", "compare", &old, new], &few[..]].concat().join("\n");
    let compare = |new: &str| run(&words(new).split('\n').collect::<Vec<_>>());
    compare(&old)?.must(0, &["3 the same"])?;
    let settings = copy.join("postfix/main.cf");
    let text = fs::read_to_string(&settings)?;
    fs::write(&settings, text + "\nsmtpd_banner = $myhostname ESMTP changed\nsmtpd_client_restrictions = reject\n")?;
    let report = scratch("compare-report")?.join("compared.json");
    let with_report = [&words(&new), "--report", &format!("json={}", report.display())].join("\n");
    let compared = run(&with_report.split('\n').collect::<Vec<_>>())?;
    compared.must(1, &["Held, and fails now", "+S: 220 mx.gateway.example ESMTP changed", "and likewise 2 more"])?;
    if compared.out.matches("ESMTP changed").count() != 1 {
        return Err(format!("it is not told once:\n{}", compared.out).into());
    }
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(report)?)?;
    let turned = &report["comparisons"][0]["flips"];
    if report["exit_code"] != 1 || !turned.to_string().contains("spf/pass") {
        return Err(format!("{report:#}").into());
    }
    let changed = said(Command::new("git").arg("-C").arg(&copy).args(["status", "--porcelain"]).output()?);
    if changed.out == " M postfix/main.cf\n" { Ok(()) } else { Err(changed.out.into()) }
}

/// The same gateway, of another domain.
fn other_names_are_no_difference() -> Result<(), Failed> {
    let copy = copy_of("debian-stock", "renamed")?;
    for file in ["gateway.toml", "mailname", "postfix/main.cf"] {
        let text = fs::read_to_string(copy.join(file))?;
        let renamed = text.replace("gateway.example", "renamed.example").replace("mx.renamed", "mail.renamed");
        if renamed == text {
            return Err(format!("{file} does not name the domain").into());
        }
        fs::write(copy.join(file), renamed)?;
    }
    let gateway = copy.display().to_string();
    let words =
        ["gateway", "compare", "debian-stock", &gateway, "-s", "spf/fail", "-s", "spf/pass", "-s", "dkim/rsa-pass"];
    run(&words)?.must(0, &["3 the same"])
}

/// What was widely copied in 2018, on the Dovecot of today.
fn a_dovecot_that_refuses_old_lines_says_which() -> Result<(), Failed> {
    let copy = copy_of("documented-2018", "refused")?;
    let old = fs::read_to_string(root().join("gateways/documented-2018/dovecot/tls-2018.conf.refused"))?;
    let file = copy.join(Path::new("dovecot/dovecot.conf"));
    fs::write(&file, fs::read_to_string(&file)? + "\n" + &old)?;
    let compared = run(&["gateway", "compare", "documented-2018", &copy.display().to_string(), "-s", "spf/pass"])?;
    compared.must(
        1,
        &[
            "Does not come up",
            "Unknown setting: ssl_dh_parameters_length",
            "ssl_protocols = !SSLv2 !SSLv3 → ssl_min_protocol = TLSv1",
            "ssl_prefer_server_ciphers = yes → ssl_server_prefer_ciphers = server",
            "does not come up, and the other does",
        ],
    )
}
