//! What a run comes to.

use crate::canned::{bare, one_of_each, run};
use evidence::{Delivered, Observed};
use mail::Message;
use mailproof_report::{Status, Style, Whole, exit_code, junit, verdict};

const PLAIN: Style = Style { color: false, width: 120, program: "mailproof" };

#[test]
fn each_status_has_its_weight() {
    for (status, outside, in_ci) in [
        (Status::Held, 0, 0),
        (Status::KnownFailure("why".to_owned()), 0, 0),
        (Status::NotApplicable("why".to_owned()), 0, 0),
        (Status::SnapshotNew, 0, 1),
        (Status::Failed, 1, 1),
        (Status::UnexpectedPass("why".to_owned()), 1, 1),
        (Status::SnapshotDiffers, 1, 1),
        (Status::Error("why".to_owned()), 4, 4),
    ] {
        let mut run = run(vec![bare("a/b", Status::Held), bare("a/c", status.clone())]);
        assert_eq!(exit_code(&run), outside, "{status:?}");
        run.is_ci = true;
        assert_eq!(exit_code(&run), in_ci, "{status:?} in CI");
    }
}

#[test]
fn a_failure_outweighs_an_error_and_nothing_is_as_expected() {
    assert_eq!(verdict(&one_of_each()), Whole::Failure);
    assert_eq!(
        [(true, true), (false, true), (true, false)].map(|(wrong, unclear)| Whole::of(wrong, unclear).exit_code()),
        [1, 4, 1]
    );
    assert_eq!(verdict(&run(vec![])), Whole::AsExpected);
}

#[test]
fn what_belongs_to_no_scenario_counts_too() {
    let mut run = run(vec![bare("a/b", Status::Held)]);
    run.died = vec!["mx: opendmarc ended with exit 137".to_owned()];
    assert_eq!(verdict(&run), Whole::Error);
    run.strays = Observed::Unobserved("the mailbox could not be read".to_owned());
    run.died.clear();
    assert_eq!(verdict(&run), Whole::Error);
    let message = Message::parse(b"Subject: Hello\r\n\r\n");
    let mailbox = "alice@gateway.example".parse().unwrap();
    let stray = Delivered { mailbox, folder: "INBOX".to_owned(), recipient: None, message };
    run.strays = Observed::Seen(vec![stray]);
    assert_eq!(verdict(&run), Whole::Failure);
    let junit = junit(&run, &PLAIN);
    assert!(junit.contains("<failure message=\"in INBOX of alice@gateway.example:\" type=\"run\">"), "{junit}");
}
