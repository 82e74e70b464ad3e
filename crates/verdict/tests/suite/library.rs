//! Every scenario of the library against evidence that does not fit it.

use crate::canned::{delivered, parse, rejected};
use evidence::Evidence;
use mailproof_verdict::judge;
use std::{fs, path::Path};

#[test]
fn every_claim_that_fails_or_is_unclear_has_two_places_in_the_file() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let (mut files, mut shown) = (0, 0);
    for subject in fs::read_dir(library).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(subject).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let plan = parse(&text);
            files += 1;
            for seen in [rejected(), delivered("INBOX")] {
                let verdict = judge(
                    &plan,
                    &Evidence { transactions: vec![seen; plan.plan.transactions.len()], ..Evidence::default() },
                );
                let places = verdict.findings().map(|f| f.places()).chain(verdict.errors().map(|e| e.places()));
                for places in places {
                    assert_eq!(places.len(), 2, "{text}");
                    assert!(places.iter().all(|place| place.line > 1), "{places:?} in\n{text}");
                    shown += 1;
                }
            }
        }
    }
    assert!(files > 30 && shown > 100, "{files} {shown}");
}
