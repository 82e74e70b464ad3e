//! Parts of a run as processes of their own, and the one report that is made of theirs.

use crate::{Failed, Said, Trial, mailproof, run, said, scratch, trial};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Stdio};

pub(crate) fn pure() -> Vec<Trial> {
    vec![
        trial("shards::a_part_that_there_is_not_is_refused", a_part_that_there_is_not_is_refused),
        trial("shards::files_that_are_no_parts_are_refused", files_that_are_no_parts_are_refused),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("shards::five_processes_come_to_what_one_comes_to", five_processes_come_to_what_one_comes_to)]
}

/// A claim that no gateway keeps.
const BROKEN: &str = r#"title = "A mail to nobody is delivered"
[[transaction]]
client    = { ip = "192.0.2.10", ehlo = "mail.shop.example" }
mail-from = "a@shop.example"
rcpt-to   = ["nobody-of-that-name@{gateway}"]
message   = "Subject: x\n\nx\n"
expect    = { reply = { to = "rcpt-to", code = 250 } }
"#;

fn a_part_that_there_is_not_is_refused() -> Result<(), Failed> {
    run(&["run", "--shard", "6/5"])?.must(2, &["there is no part 6"])?;
    run(&["run", "--shard", "five"])?.must(2, &["as in 2/5"])?;
    run(&["run", "--times", "x.json"])?.must(2, &["--shard"])?;
    run(&["run", "--shard", "1/2", "--baseline"])?.must(2, &["cannot be used with"])?;
    run(&["run", "--shard", "1/2", "--times", "nosuch.json"])?.must(3, &["nosuch.json", "--report json=FILE"])
}

fn files_that_are_no_parts_are_refused() -> Result<(), Failed> {
    let place = scratch("no-parts")?;
    let write = |name: &str, text: &str| {
        let path = place.join(name);
        fs::write(&path, text).map(|()| path.display().to_string())
    };
    let (other, cut) = (write("other.json", "{}")?, write("cut.json", "{\"format\": \"mailp")?);
    run(&["report", "merge"])?.must(2, &["<FILE>..."])?;
    run(&["report", "merge", "nosuch.json"])?.must(2, &["nosuch.json"])?;
    run(&["report", "merge", &other, &cut])?.must(2, &["other.json is no report of a run"])?;
    run(&["report", "merge", &cut])?.must(2, &["no report is whole", "cut.json is cut off"])
}

fn five_processes_come_to_what_one_comes_to() -> Result<(), Failed> {
    let place = scratch("shards")?;
    let broken = place.join("broken.toml");
    fs::write(&broken, BROKEN)?;
    let broken = broken.display().to_string();

    // some parts have nothing to do
    let few = ["delivery/unknown-user", "spf/pass"];
    let one = whole(&place.join("few"), &few)?;
    let parts = five(&place.join("few"), &few)?;
    let merged = merge(&place.join("few"), &parts)?;
    same(&one, &merged)?;
    merged.said.must(0, &["scenarios: "])?;

    let more = [&few[..], &["spf/fail", "delivery/two-recipients", "relay/", &broken]].concat();
    let one = whole(&place.join("more"), &more)?;
    let parts = five(&place.join("more"), &more)?;
    let merged = merge(&place.join("more"), &parts)?;
    same(&one, &merged)?;
    merged.said.must(1, &["Failures", "broken.toml", "550"])?;
    let junit = fs::read_to_string(place.join("more/merged.xml"))?;
    let cases = |text: &str| text.matches("<testcase").count();
    let scenarios = merged.report["scenarios"].as_array().map_or(0, Vec::len);
    if cases(&junit) != scenarios || !junit.contains("<failure") {
        return Err(format!("{scenarios} scenarios, and JUnit has:\n{junit}").into());
    }

    // each part is missed, whatever was in it
    for gone in 0..parts.len() {
        let others: Vec<String> =
            parts.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, part)| part.clone()).collect();
        let merged = merge(&place.join("more"), &others)?;
        let has_failure =
            merged.report["scenarios"].as_array().into_iter().flatten().any(|one| one["status"] == "failed");
        merged
            .said
            .must(if has_failure { 1 } else { 4 }, &[&format!("part {} of 5 is missing", gone + 1), "left out"])?;
    }
    let twice = [&parts[..], &parts[..1]].concat();
    merge(&place.join("more"), &twice)?.said.must(2, &["part 1 of 5 is there twice"])?;
    let text = fs::read_to_string(&parts[0])?;
    fs::write(&parts[0], &text[..text.len() / 2])?;
    let cut = merge(&place.join("more"), &parts)?;
    cut.said.must(cut.said.code.unwrap_or(0).max(1), &["is cut off", "part 1 of 5 is missing"])
}

/// What a command said, and the JSON report that it left.
struct Reported {
    said: Said,
    report: Value,
}

fn words(more: &[&str], chosen: &[&str], report: &Path) -> Vec<String> {
    let to = format!("json={}", report.display());
    let all = [&["run", "--gateway", "one-box", "--report", &to][..], more, chosen].concat();
    all.into_iter().map(str::to_owned).collect()
}

fn command(words: &[String]) -> std::process::Command {
    mailproof(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn whole(place: &Path, chosen: &[&str]) -> Result<Reported, Failed> {
    fs::create_dir_all(place)?;
    let path = place.join("whole.json");
    let said = said(command(&words(&[], chosen, &path)).output()?);
    Ok(Reported { said, report: read(&path)? })
}

/// The files of five parts, that ran at the same time.
fn five(place: &Path, chosen: &[&str]) -> Result<Vec<String>, Failed> {
    let path = |index: usize| place.join(format!("{index}.json"));
    let times = place.join("whole.json").display().to_string();
    let start = |index: usize| {
        let part = format!("{index}/5");
        let words = words(&["--shard", &part, "--times", &times], chosen, &path(index));
        command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let running = (1..=5).map(start).collect::<Result<Vec<_>, _>>()?;
    for (index, process) in (1..).zip(running) {
        let said = said(process.wait_with_output()?);
        if !path(index).is_file() {
            return Err(format!("part {index} left no report:\n{}\n{}", said.out, said.err).into());
        }
    }
    Ok((1..=5).map(|index| path(index).display().to_string()).collect())
}

fn merge(place: &Path, parts: &[String]) -> Result<Reported, Failed> {
    let path = place.join("merged.json");
    let _ = fs::remove_file(&path);
    let reports = [format!("json={}", path.display()), format!("junit={}", place.join("merged.xml").display())];
    let words = ["report", "merge", "--report", &reports[0], "--report", &reports[1]];
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).chain(parts.iter().cloned()).collect();
    let said = said(command(&words).output()?);
    let report = if path.is_file() { read(&path)? } else { Value::Null };
    Ok(Reported { said, report })
}

fn read(path: &Path) -> Result<Value, Failed> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// Fails unless both came to the same: each scenario's verdict with its findings and snapshot, the result, and the exit code.
fn same(one: &Reported, other: &Reported) -> Result<(), Failed> {
    let messages =
        |list: &Value| list.as_array().into_iter().flatten().map(|one| one["message"].clone()).collect::<Vec<_>>();
    let of = |reported: &Reported| {
        let scenarios = reported.report["scenarios"].as_array().into_iter().flatten().map(|scenario| {
            let transactions = scenario["transactions"].as_array().into_iter().flatten();
            let wrong: Vec<_> =
                transactions.map(|one| (messages(&one["findings"]), messages(&one["errors"]))).collect();
            let verdict = [&scenario["name"], &scenario["status"], &scenario["reason"], &scenario["snapshot"]];
            json!([verdict, wrong])
        });
        let whole = ["result", "exit_code", "died", "strays", "left_out"].map(|key| reported.report[key].clone());
        (scenarios.collect::<Vec<_>>(), whole, reported.said.code)
    };
    let (one, other) = (of(one), of(other));
    if one == other { Ok(()) } else { Err(format!("one run:\n{one:#?}\nits parts:\n{other:#?}").into()) }
}
