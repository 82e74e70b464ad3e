//! `assess` as a user calls it: a gateway, and a server and zone of the user's own.

use crate::{Failed, Held, Said, Trial, docker, run, scratch, trial};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    thread::JoinHandle,
};

/// Those that need no engine.
pub(crate) fn pure() -> Vec<Trial> {
    vec![
        trial("assess::a_wrong_word_is_a_usage_error", a_wrong_word_is_a_usage_error),
        trial("assess::where_nobody_listens_nothing_is_graded", where_nobody_listens_nothing_is_graded),
        trial("assess::a_server_is_asked_for_its_users", a_server_is_asked_for_its_users),
        trial("assess::a_zone_is_assessed_without_its_server", a_zone_is_assessed_without_its_server),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("assess::the_hardened_gateway_fails_nothing", the_hardened_gateway_fails_nothing),
        trial("assess::a_configuration_of_2018_fails_by_name", a_configuration_of_2018_fails_by_name),
        trial("assess::a_server_is_assessed_with_its_zone", a_server_is_assessed_with_its_zone),
    ]
}

const ZONE: &str = r#"$ORIGIN gateway.example.
@ MX 10 mx
mx A 127.0.0.1
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@gateway.example"
_mta-sts TXT "v=STSv1; id=1"
mta-sts A 127.0.0.1
"#;

/// The checks of an assessment.
struct Checks(Vec<Value>);

impl Checks {
    fn of(said: &Said) -> Result<Self, Failed> {
        let shown: Value = serde_json::from_str(&said.out).map_err(|e| format!("{e}:\n{}\n{}", said.out, said.err))?;
        Ok(Self(shown["checks"].as_array().ok_or("no checks")?.clone()))
    }

    /// Fails unless there is a check of this group and name with this grade and these words.
    fn must(&self, group: &str, name: &str, grade: &str, words: &str) -> Result<(), Failed> {
        let of: Vec<&Value> = self.0.iter().filter(|check| check["group"] == group && check["name"] == name).collect();
        let is_it = |check: &&&Value| {
            check["grade"] == grade && check["reason"].as_str().is_some_and(|reason| reason.contains(words))
        };
        match of.iter().find(is_it) {
            Some(_) => Ok(()),
            None => Err(format!("no {grade} of {group} {name} with `{words}` among {of:#?}").into()),
        }
    }

    fn graded(&self, grade: &str) -> Vec<&Value> {
        self.0.iter().filter(|check| check["grade"] == grade).collect()
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, Failed> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn zone(test: &str, text: &str) -> Result<String, Failed> {
    let file = scratch(&format!("assess-{test}"))?.join("gateway.zone");
    fs::write(&file, text)?;
    Ok(file.display().to_string())
}

fn a_wrong_word_is_a_usage_error() -> Result<(), Failed> {
    run(&["assess", "hardened", "--gateway", "hardened"])?.must(2, &["cannot be used with"])?;
    run(&["assess", "hardened", "--host", "localhost"])?.must(2, &["cannot be used with"])?;
    run(&["assess", "--host", "localhost", "--zone", "a.zone"])?.must(2, &["--domain"])?;
    run(&["assess", "--host", "localhost", "--policy-host", "localhost:8443"])?.must(2, &["--zone"])?;
    run(&["assess", "--host", "localhost", "--profile", "modern"])?.must(2, &["no profile `modern`"])?;
    run(&["assess", "no-such-gateway"])?.must(3, &["no-such-gateway"])?;
    let file = zone("wrong", "@ MX ten mx\n")?;
    let words = ["assess", "--host", "localhost:1", "--zone", &file, "--domain", "gateway.example"];
    run(&words)?.must(3, &["gateway.zone: line 1 is not understood"])
}

fn where_nobody_listens_nothing_is_graded() -> Result<(), Failed> {
    let host = format!("127.0.0.1:{}", free_port()?);
    run(&["assess", "--host", &host])?.must(4, &["no connection", "is the service running", "not tested"])?;
    let said = run(&["assess", "--host", &host, "--json"])?;
    said.must(4, &[])?;
    let checks = Checks::of(&said)?;
    checks.must("relay", "VRFY", "not-tested", "no connection to 127.0.0.1")?;
    let tested = checks.0.len() - checks.graded("not-tested").len();
    if tested == 0 { Ok(()) } else { Err(format!("{tested} checks were graded:\n{}", said.out).into()) }
}

/// An SMTP server without TLS that knows its postmaster. It serves as many connections as there are, until the test ends.
fn server() -> Result<(u16, JoinHandle<()>), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let served = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut lines = BufReader::new(stream.try_clone()?).lines();
                stream.write_all(b"220 mx.gateway.example ESMTP Postfix\r\n")?;
                while let Some(line) = lines.next().transpose()? {
                    let reply = match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
                        "EHLO" => "250 mx.gateway.example",
                        "VRFY" if line.contains("postmaster@gateway.example") => "252 2.0.0 postmaster",
                        "VRFY" => "550 5.1.1 User unknown",
                        "MAIL" => "250 2.1.0 Ok",
                        "QUIT" => "221 2.0.0 Bye",
                        _ => "502 5.5.2 Error: command not recognized",
                    };
                    stream.write_all(format!("{reply}\r\n").as_bytes())?;
                }
                Ok(())
            });
        }
    });
    Ok((port, served))
}

fn a_server_is_asked_for_its_users() -> Result<(), Failed> {
    let (port, _served) = server()?;
    let host = format!("127.0.0.1:{port}");
    let said = run(&["assess", "--host", &host, "--domain", "gateway.example", "--json"])?;
    said.must(1, &[])?;
    let checks = Checks::of(&said)?;
    checks.must("transport", "STARTTLS", "fail", "not offered")?;
    checks.must("relay", "VRFY", "notice", "it tells who has a mailbox: `252 2.0.0 postmaster`")?;
    checks.must("relay", "EXPN", "pass", "it tells nothing: 502")?;
    checks.must("relay", "open relay, a stranger to a stranger", "not-tested", "one of its own")?;
    checks.must("dns-authentication", "SPF", "not-tested", "no zone was given")?;
    run(&["assess", "--host", &host, "--domain", "gateway.example"])?
        .must(1, &["change to: disable_vrfy_command = yes"])
}

fn a_zone_is_assessed_without_its_server() -> Result<(), Failed> {
    let (file, port) = (zone("alone", ZONE)?, free_port()?);
    let (host, policy) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    let all = ["assess", "--host", &host, "--zone", &file, "--domain", "gateway.example", "--json"];
    let said = run(&[&all[..], &["--policy-host", &policy]].concat())?;
    said.must(4, &[])?;
    let checks = Checks::of(&said)?;
    checks.must("dns-authentication", "SPF", "pass", "v=spf1 mx -all")?;
    checks.must("dns-authentication", "PTR", "not-tested", "lies in none of the zones")?;
    checks.must("mta-sts", "record", "pass", "v=STSv1; id=1")?;
    checks.must(
        "mta-sts",
        "policy",
        "not-tested",
        &format!("mta-sts.gateway.example cannot be reached at {policy}"),
    )?;
    checks.must("reports", "TLS reports", "notice", "nobody is told")?;
    let nowhere = zone("nowhere", &ZONE.replace("mta-sts A 127.0.0.1", ""))?;
    let said = run(&["assess", "--host", &host, "--zone", &nowhere, "--domain", "gateway.example", "--json"])?;
    let checks = Checks::of(&said)?;
    checks.must("mta-sts", "policy", "not-tested", "the zone has no address for mta-sts.gateway.example")?;
    checks.must("mta-sts", "record", "fail", "mta-sts.gateway.example has no address")
}

fn the_hardened_gateway_fails_nothing() -> Result<(), Failed> {
    let said = run(&["assess", "hardened", "--json"])?;
    let checks = Checks::of(&said)?;
    if !checks.graded("fail").is_empty() {
        return Err(format!("{:#?}", checks.graded("fail")).into());
    }
    checks.must("dane", "matches", "pass", "every certificate")?;
    checks.must("mta-sts", "MX", "pass", "every MX")?;
    checks.must("relay", "VRFY", "pass", "502")?;
    said.must(0, &[])
}

fn a_configuration_of_2018_fails_by_name() -> Result<(), Failed> {
    let said = run(&["assess", "documented-2018", "--json"])?;
    said.must(1, &[])?;
    let checks = Checks::of(&said)?;
    checks.must("transport", "versions", "fail", "TLSv1")?;
    checks.must("dns-authentication", "DMARC", "notice", "p=none")?;
    checks.must("mta-sts", "record", "notice", "there is no MTA-STS record")?;
    checks.must("relay", "open relay, a stranger to a stranger", "pass", "refused")
}

fn a_server_is_assessed_with_its_zone() -> Result<(), Failed> {
    const NAME: &str = "mx.gateway.example";
    let held = Held::up("hardened")?;
    let container = held.container(NAME)?;
    let (address, _) = held.smtp(NAME)?.rsplit_once(':').ok_or("no port")?;
    let directory = scratch("assess-own")?;
    let write = |file: &Path, text: &str| fs::write(file, text);
    let (roots, zone) = (directory.join("roots.pem"), directory.join("gateway.zone"));
    write(&roots, &docker(&["exec", container, "cat", "/etc/ssl/certs/ca-certificates.crt"])?)?;
    write(&zone, &ZONE.replace("127.0.0.1", address))?;
    let (roots, zone) = (roots.display().to_string(), zone.display().to_string());
    let words = ["assess", "--host", NAME, "--zone", &zone, "--domain", "gateway.example", "--json"];
    // the name is known to the zone alone, and so is the policy host
    let said = run(&[&words[..], &["--ca", &roots]].concat())?;
    said.must(0, &[])?;
    let checks = Checks::of(&said)?;
    checks.must("certificate", "trusted", "pass", "a root that is known")?;
    checks.must("certificate", "name", "pass", &format!("for {NAME}"))?;
    checks.must("mta-sts", "policy host", "pass", "a certificate that verifies")?;
    checks.must("mta-sts", "MX", "pass", "every MX is in the policy")?;
    checks.must("mta-sts", "certificate", "pass", &format!("{NAME} has one that verifies"))?;
    checks.must("dane", "TLSA records", "notice", "there are none")?;
    checks.must("relay", "VRFY", "pass", "502")?;
    // by other roots neither the server nor the policy host is trusted
    let said = run(&words)?;
    said.must(1, &[])?;
    Checks::of(&said)?.must("mta-sts", "policy host", "fail", "its certificate does not verify")
}
