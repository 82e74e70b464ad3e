//! The command line: help, exit codes, commands that need no engine.

use crate::{Failed, Trial, diagnostics::copy_of, root, run, scratch, trial};
use std::{fs, path::Path};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cli::help_names_every_command", help_names_every_command),
        trial("cli::a_wrong_word_is_a_usage_error", a_wrong_word_is_a_usage_error),
        trial("cli::list_shows_every_scenario_with_its_title", list_shows_every_scenario_with_its_title),
        trial("cli::describe_says_what_is_sent_and_claimed", describe_says_what_is_sent_and_claimed),
        trial("cli::check_passes_the_library", check_passes_the_library),
        trial("cli::describe_says_which_hosts_are_played", describe_says_which_hosts_are_played),
        trial("cli::plan_is_json", plan_is_json),
        trial("cli::a_plan_has_the_hosts_that_are_played", a_plan_has_the_hosts_that_are_played),
        trial("cli::only_settings_that_stand_there_are_explained", only_settings_that_stand_there_are_explained),
        trial("cli::nothing_matched_has_its_own_exit_code", nothing_matched_has_its_own_exit_code),
        trial("cli::files_from_elsewhere_are_all_read", files_from_elsewhere_are_all_read),
        trial(
            "cli::scenarios_are_read_for_the_gateway_that_is_named",
            scenarios_are_read_for_the_gateway_that_is_named,
        ),
        trial("cli::proposals_are_accepted_wherever_they_lie", proposals_are_accepted_wherever_they_lie),
        trial("cli::schema_and_reference_are_in_step", schema_and_reference_are_in_step),
    ]
}

fn help_names_every_command() -> Result<(), Failed> {
    run(&["--help"])?.must(
        0,
        &["init", "run", "scenario", "stack", "gateway", "schema", "bench", "completions", "man", "--engine", "--root"],
    )?;
    run(&["scenario", "--help"])?.must(0, &["run", "list", "describe", "check", "plan", "accept"])?;
    run(&["stack", "--help"])?.must(0, &["up", "down", "logs", "prune"])?;
    run(&["gateway", "--help"])?.must(0, &["explain"])?;
    run(&["gateway", "explain", "--help"])?.must(0, &["NAME|DIR", "SETTING", "--gateway", "--json"])?;
    run(&["scenario", "run", "--help"])?.must(0, &["--gateway", "--jobs", "--report", "--keep", "--ci"])
}

fn a_wrong_word_is_a_usage_error() -> Result<(), Failed> {
    run(&["scenario", "rum"])?.must(2, &["unrecognized subcommand 'rum'"])?;
    run(&["scenario", "run", "--jobs", "0"])?.must(2, &["--jobs"])?;
    run(&["scenario", "run", "--report", "pdf=x"])?
        .must(2, &["`pdf` is no kind of report; expected json, junit, github, sarif or code-quality"])
}

fn list_shows_every_scenario_with_its_title() -> Result<(), Failed> {
    let listed = run(&["scenario", "list"])?;
    listed.must(0, &["dmarc/forged-from-reject", "A forged From under p=reject is refused at end of DATA"])?;
    let count = crate::scenarios::library()?.len();
    let lines = listed.out.lines().filter(|line| line.contains('/')).count();
    if lines < count { Err(format!("{lines} lines for {count} scenarios").into()) } else { Ok(()) }
}

fn describe_says_what_is_sent_and_claimed() -> Result<(), Failed> {
    run(&["scenario", "describe", "dmarc/forged-from-reject"])?
        .must(0, &["198.51.100.66", "billing@bank.example", "RFC 9989 §4.3", "rejected"])
}

fn describe_says_which_hosts_are_played() -> Result<(), Failed> {
    let expected = [
        "The harness plays",
        "mx.dane-311.example at 198.51.100.56",
        "TLSA 3 1 1 of its certificate",
        "TLSA 3 1 1 of no certificate of its",
        "SMTP with STARTTLS, a good certificate",
        "runs sendmail",
        "peer verified",
        "- deferred",
    ];
    run(&["scenario", "describe", "dane/tlsa-3-1-1"])?.must(0, &expected)
}

fn check_passes_the_library() -> Result<(), Failed> {
    run(&["scenario", "check"])?.must(0, &["nothing wrong"])
}

fn plan_is_json() -> Result<(), Failed> {
    let plan = run(&["scenario", "plan", "spf/pass"])?;
    plan.must(0, &[])?;
    let json: serde_json::Value = serde_json::from_str(&plan.out)?;
    match json.pointer("/spf~1pass/transactions/0/rcpt_to") {
        Some(_) => Ok(()),
        None => Err(format!("no transaction in {json}").into()),
    }
}

fn a_plan_has_the_hosts_that_are_played() -> Result<(), Failed> {
    let plan = run(&["scenario", "plan", "dane/several-mx"])?;
    plan.must(0, &[])?;
    let json: serde_json::Value = serde_json::from_str(&plan.out)?;
    let hosts = json.pointer("/dane~1several-mx/hosts").and_then(|hosts| hosts.as_array());
    let names: Vec<&str> = hosts.into_iter().flatten().filter_map(|host| host["name"].as_str()).collect();
    if names.len() < 2 { Err(format!("{names:?} are no several hosts").into()) } else { Ok(()) }
}

fn only_settings_that_stand_there_are_explained() -> Result<(), Failed> {
    run(&["gateway", "explain", "documented-2018", "smtpd_banner"])?
        .must(5, &["documented-2018 has no line `smtpd_banner` about TLS"])?;
    run(&["gateway", "explain", "no-such-gateway"])?
        .must(5, &["`no-such-gateway`", "`--gateway` names another gateway"])?;
    run(&["gateway", "explain", "--gateway", "no-such-gateway"])?.must(3, &["no-such-gateway"])
}

fn nothing_matched_has_its_own_exit_code() -> Result<(), Failed> {
    run(&["scenario", "list", "no-such-scenario"])?.must(5, &["no scenario matches `no-such-scenario`"])
}

/// Two files whose last two parts are equal, in a directory, and a third that is called as one of the library.
fn files_from_elsewhere_are_all_read() -> Result<(), Failed> {
    let directory = scratch("elsewhere")?;
    let good = fs::read_to_string(root().join("scenarios/spf/pass.toml"))?;
    for (place, title) in [("a/dmarc", "The first"), ("b/dmarc", "The second"), ("spf", "The third")] {
        fs::create_dir_all(directory.join(place))?;
        let text = good.lines().map(|line| match line.starts_with("title") {
            true => format!("title = \"{title}\"\n"),
            false => format!("{line}\n"),
        });
        fs::write(directory.join(place).join("pass.toml"), text.collect::<String>())?;
    }
    let listed = run(&["scenario", "list", &directory.display().to_string(), "spf/pass"])?;
    listed.must(0, &["The first", "The second", "The third", "elsewhere/spf/pass.toml", "spf/pass"])?;
    let count = listed.out.lines().filter(|line| line.contains("pass")).count();
    if count == 4 { Ok(()) } else { Err(format!("{count} scenarios instead of 4:\n{}", listed.out).into()) }
}

fn scenarios_are_read_for_the_gateway_that_is_named() -> Result<(), Failed> {
    let copy = copy_of("hardened", "other-domain")?;
    let file = copy.join("gateway.toml");
    fs::write(&file, fs::read_to_string(&file)?.replace("gateway.example", "other.example"))?;
    let gateway = copy.display().to_string();
    let text = fs::read_to_string(root().join("scenarios/spf/pass.toml"))?.replace("{alice}", "alice@gateway.example");
    let own = copy.join("own.toml").display().to_string();
    fs::write(&own, text)?;
    for command in ["list", "describe", "check", "plan"] {
        run(&["scenario", command, "spf/pass"])?.must(0, &[])?;
        run(&["scenario", command, "spf/pass", "--gateway", "no-such-gateway"])?.must(3, &["no-such-gateway"])?;
        run(&["scenario", command, "spf/pass", "--gateway", &gateway])?.must(0, &[])?;
        run(&["scenario", command, &own, "--gateway", &gateway])?.must(3, &["gateway.example", "other.example"])?;
    }
    run(&["scenario", "plan", "spf/pass", "--gateway", &gateway])?.must(0, &["alice@other.example"])
}

fn proposals_are_accepted_wherever_they_lie() -> Result<(), Failed> {
    let propose = |path: &Path| -> Result<(), Failed> {
        fs::create_dir_all(path.parent().ok_or("a file lies somewhere")?)?;
        Ok(fs::write(path, "---\nsource: x\nexpression: evidence\n---\nS: 220 mx\n")?)
    };
    let copy = copy_of("hardened", "accepting")?;
    let gateway = copy.display().to_string();
    propose(&copy.join("snapshots/spf/pass.snap.new"))?;
    run(&["scenario", "accept", "spf/pass", "--gateway", &gateway])?.must(0, &["accepted spf/pass of accepting"])?;
    run(&["scenario", "accept", "spf/pass", "--gateway", &gateway])?.must(5, &["a proposed snapshot"])?;
    let file = scratch("accepting-files")?.join("own.toml");
    fs::copy(root().join("scenarios/spf/pass.toml"), &file)?;
    let beside = file.with_file_name("snapshots");
    propose(&beside.join("accepting/own.snap.new"))?;
    propose(&beside.join("another/own.snap.new"))?;
    let file = file.display().to_string();
    run(&["scenario", "accept", &file, "--gateway", &gateway])?.must(0, &["own.toml of accepting"])?;
    run(&["scenario", "accept", &file])?.must(0, &["own.toml of another"])?;
    let is_there = |path: &str| beside.join(path).is_file() && copy.join("snapshots/spf/pass.snap").is_file();
    if is_there("accepting/own.snap") && is_there("another/own.snap") { Ok(()) } else { Err("no snapshot".into()) }
}

fn schema_and_reference_are_in_step() -> Result<(), Failed> {
    let printed = run(&["schema"])?;
    printed.must(0, &[])?;
    if printed.out != fs::read_to_string(root().join("scenarios/schema.json"))? {
        return Err("scenarios/schema.json is not what `cargo xtask schema --write` writes".into());
    }
    // the others are written into a root of their own
    let written = scratch("schemas")?;
    for directory in ["scenarios", "docs", "gateways", "profiles"] {
        fs::create_dir_all(written.join(directory))?;
    }
    let said = run(&["schema", "--write", "--root", &written.display().to_string()])?;
    said.must(0, &["docs/scenario.md", "known-failures"])?;
    for path in said.out.lines().filter_map(|line| line.strip_prefix("wrote ")) {
        if fs::read_to_string(written.join(path))? != fs::read_to_string(root().join(path))? {
            return Err(format!("{path} is not what `cargo xtask schema --write` writes").into());
        }
    }
    Ok(())
}
