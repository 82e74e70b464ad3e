//! The conventions of the tree (ARCHITECTURE.md, "Conventions") as tests.

use crate::{Failed, Trial, root, trial};
use regex::Regex;
use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "tidy::rust_files_open_with_their_purpose_and_stay_small",
            rust_files_open_with_their_purpose_and_stay_small,
        ),
        trial("tidy::pure_rooms_know_no_other_world", pure_rooms_know_no_other_world),
        trial("tidy::citations_have_one_form_and_name_known_rfcs", citations_have_one_form_and_name_known_rfcs),
        trial("tidy::no_file_names_a_machine", no_file_names_a_machine),
        trial("tidy::no_message_takes_the_programs_name_for_granted", no_message_takes_the_programs_name_for_granted),
        trial("tidy::only_mailless_words_in_the_container_room", only_mailless_words_in_the_container_room),
    ]
}

/// Files that git tracks or would track, with their text; binary files are left out.
fn files(endings: &[&str]) -> Result<Vec<(PathBuf, String)>, Failed> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    let names = String::from_utf8(listed.stdout)?;
    let wanted = names.lines().filter(|n| endings.iter().any(|e| n.ends_with(e)));
    Ok(wanted.filter_map(|n| Some((n.into(), fs::read_to_string(root().join(n)).ok()?))).collect())
}

fn none(faults: Vec<String>) -> Result<(), Failed> {
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn rust_files_open_with_their_purpose_and_stay_small() -> Result<(), Failed> {
    let mut faults = Vec::new();
    let mut sizes = Vec::new();
    for (path, text) in files(&[".rs"])? {
        let lines = text.lines().count();
        sizes.push(lines);
        if !text.starts_with("//! ") {
            faults.push(format!("{}: does not open with `//!`", path.display()));
        }
        if lines > 600 {
            faults.push(format!("{}: {lines} lines, more than 600", path.display()));
        }
    }
    sizes.sort_unstable();
    if sizes[sizes.len() / 2] > 150 {
        faults.push(format!("the median file has {} lines, more than 150", sizes[sizes.len() / 2]));
    }
    none(faults)
}

fn pure_rooms_know_no_other_world() -> Result<(), Failed> {
    const PURE: [&str; 17] = [
        "mail",
        "zonefile",
        "plan",
        "form",
        "claims",
        "scenario",
        "compose",
        "evidence",
        "maillog",
        "verdict",
        "report",
        "import",
        "scanner/profile",
        "scanner/assess",
        "scanner/aggregate",
        "scanner/explain",
        "scanner/lint",
    ];
    const WORLD: [&str; 9] =
        ["container", "dns", "pki", "wire", "stack", "runner", "tokio", "testcontainers", "tempfile"];
    let mut faults = Vec::new();
    let io = Regex::new(
        r"std::(fs|net::(Tcp|Udp)|process)|SystemTime::now|Instant::now|OffsetDateTime::now|thread_rng|OsRng",
    )?;
    for room in PURE {
        let manifest =
            fs::read_to_string(root().join("crates").join(room).join("Cargo.toml"))?.parse::<toml::Table>()?;
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for name in dependencies.into_iter().flat_map(toml::Table::keys) {
            if WORLD.contains(&name.as_str()) {
                faults.push(format!("crates/{room}: a pure room depends on {name}"));
            }
        }
    }
    for (path, text) in files(&[".rs"])? {
        let inside = PURE.iter().any(|room| path.starts_with(format!("crates/{room}/src")));
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_test = path.ends_with("reference.rs") || path.ends_with("tests.rs");
        if let Some(found) = io.find(code).filter(|_| inside && !is_test) {
            faults.push(format!("{}: a pure room uses {}", path.display(), found.as_str()));
        }
    }
    none(faults)
}

fn citations_have_one_form_and_name_known_rfcs() -> Result<(), Failed> {
    let known = fs::read_to_string(root().join("docs/rfcs.toml"))?.parse::<toml::Table>()?;
    let numbers: BTreeSet<String> = numbers(&known);
    let cited = Regex::new(r"\bRFC ?(\d+)([^\w]{0,2}(?:section|Section|sect\.|§)? ?[0-9A-Z]?)")?;
    let mut faults = Vec::new();
    for (path, text) in files(&[".rs", ".toml", ".md"])? {
        for (number, line) in text.lines().enumerate() {
            for found in cited.captures_iter(line) {
                let place = format!("{}:{}", path.display(), number + 1);
                if found[0].starts_with("RFC") && !found[0].starts_with("RFC ") {
                    faults.push(format!("{place}: write `RFC {}`", &found[1]));
                }
                if found[2].to_lowercase().contains("sect") {
                    faults.push(format!("{place}: write `RFC {} §…`", &found[1]));
                }
                if !numbers.contains(&found[1]) {
                    faults.push(format!("{place}: RFC {} is not in docs/rfcs.toml", &found[1]));
                }
            }
        }
    }
    none(faults)
}

/// Keys of every table of the file that are numbers.
fn numbers(table: &toml::Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in table {
        if key.bytes().all(|b| b.is_ascii_digit()) {
            found.insert(key.clone());
        }
        if let Some(inner) = value.as_table() {
            found.extend(numbers(inner));
        }
    }
    found
}

fn no_file_names_a_machine() -> Result<(), Failed> {
    let paths = Regex::new(r"(^|[^A-Za-z0-9_.{}$-])/(work|farm|root|home/[a-z]+)/")?;
    let mut faults = Vec::new();
    for (path, text) in files(&[".rs", ".toml", ".md", ".sh", "Dockerfile", ".cf", ".conf", "run"])? {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| paths.is_match(line)) {
            faults.push(format!("{}:{}: names a path of one machine: {line}", path.display(), number + 1));
        }
    }
    none(faults)
}

fn only_mailless_words_in_the_container_room() -> Result<(), Failed> {
    let programs = Regex::new(r"(?i)\b(postfix|dovecot|opendkim|opendmarc|rspamd|policyd|smtp|imap)\b")?;
    let mut faults = Vec::new();
    for (path, text) in files(&[".rs"])?.into_iter().filter(|(p, _)| p.starts_with("crates/container/src")) {
        if let Some(found) = programs.find(&text) {
            faults.push(format!("{}: the container room names `{}`", path.display(), found.as_str()));
        }
    }
    none(faults)
}

/// Who works in a checkout calls `cargo xtask`, everybody else `mailproof`: a message has a placeholder, or is told.
fn no_message_takes_the_programs_name_for_granted() -> Result<(), Failed> {
    let named = Regex::new(r"`mailproof [a-z]|cargo xtask")?;
    let mut faults = Vec::new();
    for (path, text) in files(&[".rs"])?.into_iter().filter(|(path, _)| path.starts_with("crates")) {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !is_test && named.is_match(line)) {
            if !line.trim_start().starts_with("//") {
                faults.push(format!("{}:{}: names the program: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none(faults)
}
