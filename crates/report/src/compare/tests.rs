//! What differs is told by its cause, and what does not is not.

use super::*;
use crate::{Snapshot, Style};
use evidence::{Evidence, LookedUp, Observed};
use plan::{Source, World};

const CLAIM: &str = "title = \"What the DNS says\"\n[[lookup]]\nlabel = \"one\"\nname = \"a.example\"\ntype = \"TXT\"\n\
                     expect = { rcode = \"NOERROR\" }\n";

/// What came of a look-up that is answered so.
fn report(name: &str, rcode: &str) -> ScenarioReport {
    let source = Source { name: name.to_owned(), path: name.to_owned(), text: CLAIM.to_owned() };
    let scenario = scenario::parse(source, &World::default()).unwrap();
    let seen = LookedUp { rcode: rcode.to_owned(), is_authentic: false, records: Vec::new(), remarks: Vec::new() };
    let evidence = Evidence { lookups: vec![Observed::Seen(seen)], ..Evidence::default() };
    let verdict = verdict::judge(&scenario, &evidence);
    ScenarioReport {
        name: name.to_owned(),
        file: std::path::PathBuf::new(),
        title: String::new(),
        status: if verdict.holds() { Status::Held } else { Status::Failed },
        snapshot: Snapshot::None,
        died: Vec::new(),
        verdict: Some(verdict),
        evidence: Some(evidence),
        took: Duration::ZERO,
    }
}

fn without(name: &str, status: Status) -> ScenarioReport {
    ScenarioReport { status, verdict: None, evidence: None, ..report(name, "NOERROR") }
}

fn side(label: &str, came: Came) -> Side {
    let (label, release) = (label.to_owned(), "trixie".to_owned());
    Side { label, release, came, troubles: Vec::new(), took: Duration::ZERO }
}

fn compared(old: Vec<ScenarioReport>, new: Vec<ScenarioReport>) -> (Comparison, String) {
    let (old, new) = (side("old", Came::Up(old)), side("new", Came::Up(new)));
    let found = compare(&old, &new, &Renames::default());
    let text = comparison_text(&old, &new, &found, &Style { color: false, width: 100, program: "mailproof" });
    (found, text)
}

#[test]
fn the_same_is_as_expected() {
    let same =
        || vec![report("a", "NOERROR"), report("b", "SERVFAIL"), without("c", Status::NotApplicable("x".into()))];
    let (found, text) = compared(same(), same());
    assert_eq!((found.verdict(), found.same, found.neither), (Whole::AsExpected, 2, 1));
    assert!(text.ends_with("\n2 the same, 1 apply to neither\n"), "{text}");
}

#[test]
fn what_turns_is_told_by_its_cause_and_the_same_change_once() {
    let (ok, bad) = ("NOERROR", "SERVFAIL");
    let lacks = || Status::NotApplicable("it has no imaps".to_owned());
    let old = vec![
        report("a", ok),
        report("b", ok),
        report("c", bad),
        report("d", ok),
        without("e", lacks()),
        report("f", ok),
    ];
    let new = vec![
        report("a", bad),
        report("b", bad),
        report("c", ok),
        without("d", lacks()),
        report("e", bad),
        report("f", ok),
    ];
    let (found, text) = compared(old, new);
    assert_eq!((found.verdict(), found.same), (Whole::Failure, 1));
    let wrong = "the response code is SERVFAIL, not NOERROR";
    let turns: Vec<(Turn, &str, String)> =
        found.flips.iter().map(|flip| (flip.turn, flip.reason.as_str(), flip.scenarios.join(" "))).collect();
    assert_eq!(
        turns,
        [
            (Turn::Fails, wrong, "a b".to_owned()),
            (Turn::Holds, wrong, "c".to_owned()),
            (Turn::NotApplicable, "it has no imaps", "d".to_owned()),
            (Turn::AppliesAndFails, wrong, "e".to_owned()),
        ]
    );
    assert_eq!(found.changes.iter().map(|change| change.scenarios.join(" ")).collect::<Vec<_>>(), ["a b", "c"]);
    let changed: Vec<&String> = found.changes[0].lines.iter().filter(|line| !line.starts_with(' ')).collect();
    assert!(changed[0].starts_with('-') && changed[0].contains(ok), "{changed:?}");
    assert!(text.contains("Held, and fails now\n  the response code is SERVFAIL, not NOERROR\n    a, b\n"), "{text}");
    assert!(text.contains("  a, and likewise 1 more: b\n"), "{text}");
}

#[test]
fn what_few_have_is_doubtful() {
    let (ok, bad) = ("NOERROR", "SERVFAIL");
    let all = |rcode: &str| vec![report("a", rcode), report("b", rcode), report("c", rcode)];
    assert!(compared(all(ok), all(bad)).0.doubtful().is_empty());
    let (found, _) = compared(vec![report("a", ok), report("b", ok)], vec![report("a", bad), report("b", ok)]);
    assert_eq!(found.doubtful().into_iter().collect::<Vec<_>>(), ["a"]);
    assert!(is_same(&report("a", bad), &report("a", bad), &Renames::default()));
    assert!(!is_same(&report("a", ok), &report("a", bad), &Renames::default()));
}

#[test]
fn what_could_not_be_told_is_no_difference() {
    let lost = || without("a", Status::Error("nobody answered".to_owned()));
    let (found, text) = compared(vec![report("a", "NOERROR")], vec![lost()]);
    assert_eq!((found.verdict(), found.flips.len()), (Whole::Error, 0));
    assert!(text.contains("a: new: nobody answered"), "{text}");
    // and does not hide one
    let old = vec![report("a", "NOERROR"), report("b", "NOERROR")];
    assert_eq!(compared(old, vec![lost(), report("b", "SERVFAIL")]).0.verdict(), Whole::Failure);
}

#[test]
fn a_gateway_that_does_not_come_up_is_a_difference_in_its_own_words() {
    let words = "mx: dovecot ended with exit 89\ndoveconf: Fatal: Unknown setting: ssl_cert".to_owned();
    let down = |label: &str| side(label, Came::Not { words: words.clone(), remedies: vec!["ssl_cert → x".to_owned()] });
    let (old, new) = (side("old", Came::Up(vec![report("a", "NOERROR")])), down("new"));
    let found = compare(&old, &new, &Renames::default());
    assert_eq!(found.verdict(), Whole::Failure);
    let text = comparison_text(&old, &new, &found, &Style { color: false, width: 100, program: "mailproof" });
    for part in ["Does not come up: new\n  mx: dovecot ended", "\n  doveconf: Fatal", "ssl_cert → x"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(compare(&down("old"), &new, &Renames::default()).verdict(), Whole::Error);
}

#[test]
fn the_document_has_every_difference() {
    let sides =
        [side("old", Came::Up(vec![report("a", "NOERROR")])), side("new", Came::Up(vec![report("a", "SERVFAIL")]))];
    let found = compare(&sides[0], &sides[1], &Renames::default());
    let whole = found.verdict();
    let document: serde_json::Value = serde_json::from_str(&comparison_json(&sides, &[found], whole)).unwrap();
    assert_eq!(document["exit_code"], 1);
    assert_eq!(document["comparisons"][0]["flips"][0]["turn"], "fails");
    assert_eq!(document["comparisons"][0]["changes"][0]["scenarios"][0], "a");
    assert_eq!(document["sides"][1]["scenarios"][0]["status"], "failed");
}
