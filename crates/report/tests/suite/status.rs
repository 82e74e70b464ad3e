//! What a run comes to.

use crate::canned::{bare, one_of_each, run};
use mailproof_report::{Status, Whole, exit_code, verdict};

#[test]
fn each_status_has_its_weight() {
    for (status, outside, in_ci) in [
        (Status::Held, 0, 0),
        (Status::KnownFailure("why".to_owned()), 0, 0),
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
