//! The parts of a run, merged, say what the run says.

use crate::{
    canned::{one_of_each, run, without_mail},
    machines::{places, read, with_cause},
};
use evidence::{Delivered, Observed};
use mail::Message;
use mailproof_report::{
    CannotMerge, Identity, Merged, RunReport, ScenarioReport, ShardOf, Status, Style, Whole, code_quality, github,
    json, junit, merge, sarif, summary, verdict,
};

const PLAIN: Style = Style { color: false, width: 120, program: "mailproof" };

/// One of each, and what fails with a cause at the gateway and without mail.
fn whole() -> RunReport {
    let mut whole = one_of_each();
    whole.scenarios.push(ScenarioReport { name: "dmarc/with-cause".to_owned(), ..with_cause() });
    whole.scenarios.push(without_mail(Status::Failed));
    whole.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    let options = "a second opinion".to_owned();
    whole.identity = Identity { version: "1".to_owned(), scenarios: "5ca1ab1e".to_owned(), options, ..whole.identity };
    whole
}

/// The documents of its parts: scenarios are dealt out in turn.
fn parts(whole: &RunReport, count: usize) -> Vec<RunReport> {
    let names: Vec<String> = whole.scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    let part = |index: usize| RunReport {
        scenarios: whole.scenarios.iter().skip(index).step_by(count).cloned().collect(),
        shard: Some(ShardOf { index: index + 1, count, names: names.clone() }),
        ..whole.clone()
    };
    (0..count).map(part).collect()
}

fn files(parts: &[RunReport]) -> Vec<(String, String)> {
    parts.iter().enumerate().map(|(at, part)| (format!("{at}.json"), json(part, places()))).collect()
}

fn merged(files: &[(String, String)]) -> Result<Merged, Vec<CannotMerge>> {
    merge(files, places().repository)
}

fn refused(files: &[(String, String)]) -> String {
    let faults = merged(files).expect_err("they cannot be merged");
    faults.into_iter().map(|fault| fault.what).collect::<Vec<_>>().join("\n")
}

#[test]
fn merged_parts_say_what_the_run_says_to_people_and_to_machines() {
    let mut whole = whole();
    for is_ci in [false, true] {
        whole.is_ci = is_ci;
        for count in [1, 3, 20] {
            let mut files = files(&parts(&whole, count));
            files.reverse();
            let merged = merged(&files).unwrap();
            assert_eq!(summary(&merged.run, &PLAIN), summary(&whole, &PLAIN));
            assert_eq!(junit(&merged.run, &PLAIN), junit(&whole, &PLAIN));
            assert_eq!(github(&merged.run, places()), github(&whole, places()));
            assert_eq!(sarif(&merged.run, places()), sarif(&whole, places()));
            assert_eq!(code_quality(&merged.run, places()), code_quality(&whole, places()));
            assert_eq!(read(&merged.json()), read(&json(&whole, places())));
        }
    }
    assert_eq!(read(&json(&whole, places()))["scenarios"][0]["file"], "dmarc/forged.toml");
}

#[test]
fn a_merged_report_is_merged_again() {
    let whole = whole();
    let once = merged(&files(&parts(&whole, 3))).unwrap().json();
    assert_eq!(merged(&[("all.json".to_owned(), once.clone())]).unwrap().json(), once);
}

#[test]
fn a_part_that_is_missing_or_cut_off_is_an_error_and_excuses_no_failure() {
    let mut whole = whole();
    let lacking = |merged: &Merged| merged.run.incomplete.join("\n");
    let mut files = self::files(&parts(&whole, 3));
    let (gone, text) = files.remove(1);
    let without = merged(&files).unwrap();
    assert!(lacking(&without).starts_with("part 2 of 3 is missing, and with it "), "{}", lacking(&without));
    assert_eq!(without.run.left_out.len(), parts(&whole, 3)[1].scenarios.len());
    assert_eq!(verdict(&without.run), Whole::Failure, "what failed has failed");
    files.push((gone, text[..text.len() / 2].to_owned()));
    let cut = merged(&files).unwrap();
    assert!(lacking(&cut).starts_with("1.json is cut off") && lacking(&cut).contains("part 2 of 3 is missing"));

    whole.scenarios.retain(|scenario| matches!(scenario.status, Status::Held | Status::KnownFailure(_)));
    let mut files = self::files(&parts(&whole, 2));
    assert_eq!(verdict(&merged(&files).unwrap().run), Whole::AsExpected);
    files.pop();
    let without = merged(&files).unwrap();
    assert_eq!(verdict(&without.run), Whole::Error);
    assert!(summary(&without.run, &PLAIN).contains("The run is not complete\n  part 2 of 2 is missing"));
    assert!(junit(&without.run, &PLAIN).contains("<error message=\"part 2 of 2 is missing"));
    assert!(github(&without.run, places()).contains("part 2 of 2 is missing"));
    let document = read(&without.json());
    assert_eq!((&document["result"], &document["exit_code"]), (&"error".into(), &4.into()));
    assert!(document["incomplete"][0].as_str().unwrap().starts_with("part 2 of 2"));
    // and it stays so, however often it is merged
    let again = merged(&[("all.json".to_owned(), without.json())]).unwrap();
    assert_eq!(verdict(&again.run), Whole::Error);
}

#[test]
fn a_part_that_was_interrupted_is_not_complete() {
    let mut parts = parts(&whole(), 2);
    let lost = parts[0].scenarios.pop().unwrap();
    parts[0].left_out = vec![lost.name.clone()];
    let merged = merged(&files(&parts)).unwrap();
    assert_eq!(merged.run.incomplete, [format!("0.json was interrupted before {}", lost.name)]);
    assert_eq!(merged.run.left_out, [lost.name]);
}

#[test]
fn parts_of_other_runs_and_parts_that_are_there_twice_are_refused_with_what_differs() {
    let whole = whole();
    let parts = parts(&whole, 3);
    let with = |change: fn(&mut RunReport)| {
        let mut parts = parts.clone();
        change(&mut parts[2]);
        refused(&files(&parts))
    };
    assert!(with(|part| part.gateway = "one-box".to_owned()).contains("its gateway is one-box, not hardened"));
    assert!(with(|part| part.identity.version = "2".to_owned()).contains("it was run by Mailproof 2, not 1"));
    assert!(with(|part| part.identity.options = "no second opinion".to_owned()).contains("run with no second opinion"));
    assert!(with(|part| part.identity.gateway = "x".to_owned()).contains("the files of the gateway are other ones"));
    assert!(with(|part| part.identity.scenarios = "x".to_owned()).contains("texts of the scenarios are other ones"));
    assert!(with(|part| part.identity.images = "x".to_owned()).contains("makes its images of are other ones"));
    assert!(with(|part| part.is_ci = true).contains("only one of them was run with --ci"));
    assert!(with(|part| part.shard.as_mut().unwrap().count = 4).contains("it is one of 4, not of 3"));
    assert!(with(|part| part.shard.as_mut().unwrap().names.truncate(8)).contains("not both were to run tls/setting"));
    assert!(
        with(|part| part.shard.as_mut().unwrap().index = 2).contains("part 2 of 3 is there twice: 1.json and 2.json")
    );
    assert!(with(|part| part.shard.as_mut().unwrap().index = 4).contains("there is no part 4 of 3"));
    assert!(with(|part| part.shard = None).contains("it is one of 1, not of 3"));
    let mut overlapping = parts.clone();
    overlapping[2].scenarios.push(parts[0].scenarios[0].clone());
    assert!(refused(&files(&overlapping)).contains("dmarc/forged is in 0.json and in 2.json"));
}

#[test]
fn what_is_no_report_is_refused_and_all_faults_are_told_at_once() {
    let mut files = files(&parts(&whole(), 3));
    files[0].1 = "{}".to_owned();
    files[1].1 = files[1].1.replace("\"version\": 1,\n", "\"version\": 2,\n");
    files[2].1 = files[2].1.replace("\"status\": \"", "\"status\": \"un");
    let told = refused(&files);
    for part in ["0.json is no report of a run", "1.json has version 2", "is unknown"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(refused(&[("a".to_owned(), "no".to_owned())]).contains("a is no JSON"));
    assert!(refused(&[("a".to_owned(), "{\"format\":".to_owned())]).contains("no report is whole: a is cut off"));
}

#[test]
fn mail_that_nobody_sent_is_that_of_all_parts() {
    let stray = |folder: &str| Delivered {
        mailbox: "alice@gateway.example".parse().unwrap(),
        recipient: None,
        folder: folder.to_owned(),
        message: Message::parse(b"Subject: x\r\n\r\nAt noon?\xff\r\n"),
    };
    let parts = |strays: [Observed<Vec<Delivered>>; 2]| {
        let held = run(vec![ScenarioReport { status: Status::Held, ..one_of_each().scenarios[0].clone() }]);
        let mut parts = parts(&held, 2);
        parts.iter_mut().zip(strays).for_each(|(part, strays)| part.strays = strays);
        merged(&files(&parts)).unwrap()
    };
    let both = parts([Observed::Seen(vec![stray("a")]), Observed::Seen(vec![stray("b")])]);
    assert_eq!(both.run.strays.seen().unwrap().iter().map(|s| s.folder.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(summary(&both.run, &PLAIN).contains("| At noon?\\255"));
    assert_eq!(read(&both.json())["strays"]["seen"][1]["folder"], "b");
    let unseen = || Observed::Unobserved("it was gone".to_owned());
    assert_eq!(verdict(&parts([unseen(), Observed::Seen(vec![stray("b")])]).run), Whole::Failure);
    assert_eq!(verdict(&parts([unseen(), Observed::Seen(vec![])]).run), Whole::Error);
}
