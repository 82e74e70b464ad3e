//! The scenario room from outside: the library of scenarios, diagnostics, and texts that nobody wrote.

extern crate mailproof_scenario as scenario;

mod by;
mod controls;
mod diagnostics;
mod library;
mod meaning;
mod messages;
mod needs;
mod outbound;
mod questions;
mod seams;
mod stage;
mod strange;
mod transcripts;

use plan::{Plan, Source, World};
use scenario::{Faults, Scenario};

/// Two ADMDs, as the shipped gateways have them.
fn world() -> World {
    let text = |list: &[&str]| list.iter().map(|name| name.parse().unwrap()).collect();
    World {
        alice: Some("alice@gateway.example".parse().unwrap()),
        bob: Some("bob@gateway.example".parse().unwrap()),
        mx: Some(("mx.gateway.example".parse().unwrap(), "203.0.113.25".parse().unwrap())),
        authserv_id: "gateway.example".to_owned(),
        gateway: text(&["gateway.example"]),
        logins: ["alice@gateway.example", "bob@gateway.example", "carol@sender.example", "dave@sender.example"]
            .map(|login| login.parse().unwrap())
            .to_vec(),
        reserved: text(&["gateway.example", "sender.example"]),
        addresses: ["203.0.113.25", "203.0.113.30"].map(|ip| ip.parse().unwrap()).to_vec(),
        profiles: ["mozilla-modern", "mozilla-intermediate", "ncsc-nl-2025"].map(str::to_owned).to_vec(),
        follows: vec![plan::Specification::Rfc9989],
    }
}

fn parse(text: &str) -> Result<Plan, Faults> {
    whole(text).map(|scenario| scenario.plan)
}

fn whole(text: &str) -> Result<Scenario, Faults> {
    scenario::parse(Source { name: "subject/name".into(), path: "name.toml".into(), text: text.into() }, &world())
}

/// Every scenario that the project ships: name and text.
fn shipped() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for subject in std::fs::read_dir(root().join("scenarios")).unwrap() {
        let subject = subject.unwrap().path();
        for file in subject.is_dir().then(|| std::fs::read_dir(&subject).unwrap()).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "toml") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
