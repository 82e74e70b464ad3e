//! `gateway users`: who has a mailbox, as the daemons tell it.

use crate::{Failed, Trial, diagnostics::copy_of, run, trial};
use serde_json::Value;
use std::{fs, path::Path};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("users::a_database_is_asked_through_the_daemon", a_database_is_asked_through_the_daemon),
        trial("users::a_database_that_is_down_is_told", a_database_that_is_down_is_told),
        trial("users::what_is_found_is_written_and_scenarios_run", what_is_found_is_written_and_scenarios_run),
    ]
}

fn change(directory: &Path, file: &str, from: &str, to: &str) -> Result<(), Failed> {
    let path = directory.join(file);
    let text = fs::read_to_string(&path)?;
    if !text.contains(from) {
        return Err(format!("{} has no {from}", path.display()).into());
    }
    Ok(fs::write(&path, text.replace(from, to))?)
}

/// Takes every `[[mailbox]]` out of a gateway.toml.
fn without_mailboxes(directory: &Path) -> Result<(), Failed> {
    let path = directory.join("gateway.toml");
    let text = fs::read_to_string(&path)?;
    let (head, rest) = text.split_once("[[mailbox]]").ok_or("no mailbox")?;
    let (_, hosts) = rest.split_once("[[host]]").ok_or("no host")?;
    Ok(fs::write(&path, format!("{head}[[host]]{hosts}"))?)
}

/// A user that stands nowhere but in the database.
fn a_database_is_asked_through_the_daemon() -> Result<(), Failed> {
    let copy = copy_of("ispmail", "planted-user")?;
    without_mailboxes(&copy)?;
    change(&copy, "mysql/mailserver.sql", "'bob@gateway.example', ", "'b.o''b@gateway.example', ")?;
    let said = run(&["gateway", "users", &copy.display().to_string(), "--json"])?;
    said.must(0, &[])?;
    let users: Value = serde_json::from_str(&said.out)?;
    let told: Vec<(&str, String)> = users["mailboxes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (one["address"].as_str().unwrap_or("?"), one["told_by"].to_string()))
        .collect();
    let by = || r#"["doveadm user","virtual_mailbox_maps in mysql"]"#.to_owned();
    let expected = [("alice@gateway.example", by()), ("b.o'b@gateway.example", by())];
    if told == expected { Ok(()) } else { Err(format!("{told:?}").into()) }
}

fn a_database_that_is_down_is_told() -> Result<(), Failed> {
    let copy = copy_of("ispmail", "no-database")?;
    let directory = copy.display().to_string();
    without_mailboxes(&copy)?;
    change(&copy, "gateway.toml", r#"["mariadbd", "--user=mysql"]"#, r#"["sleep", "infinity"]"#)?;
    change(&copy, "gateway.toml", "ready   = { listening = 3306 }", "ready   = { listening = 6379 }")?;
    run(&["gateway", "users", &directory])?.must(4, &["could not be told: doveadm user:", "told of a mailbox"])
}

/// Users of the system, whose passwords nobody knows: their mailboxes are read on the host.
fn what_is_found_is_written_and_scenarios_run() -> Result<(), Failed> {
    let copy = copy_of("one-box", "found-users")?;
    let directory = copy.display().to_string();
    without_mailboxes(&copy)?;
    let words = ["scenario", "run", "relay/open-relay", "--gateway", &directory];
    run(&words)?.must(0, &["not applicable", "asks its daemons who there is"])?;
    run(&["gateway", "users", &directory, "--write"])?.must(0, &["told by doveadm user", "2 mailboxes written"])?;
    run(&words)?.must(0, &["1 with a new snapshot"])?;
    run(&["gateway", "users", &directory, "--write"])?.must(2, &["has a list of its own"])
}
