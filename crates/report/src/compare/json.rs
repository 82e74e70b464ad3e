//! A comparison for machines. Version 1 of the document only grows: no key changes its meaning or goes.

use super::{Came, Comparison, Side, Turn};
use crate::{
    Status, Whole,
    json::{seconds, text},
};
use serde_json::{Value, json};

impl Turn {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Holds => "holds",
            Self::FailsOtherwise => "fails-otherwise",
            Self::NotApplicable => "not-applicable",
            Self::AppliesAndHolds => "applies-and-holds",
            Self::AppliesAndFails => "applies-and-fails",
        }
    }
}

/// All sides, and each comparison of one with the next, as one JSON document, ended by LF.
#[must_use]
pub fn comparison_json(sides: &[Side], steps: &[Comparison], whole: Whole) -> String {
    let document = json!({
        "format": "mailproof-comparison",
        "version": 1,
        "result": whole.to_string().replace(' ', "-"),
        "exit_code": whole.exit_code(),
        "sides": sides.iter().map(side).collect::<Vec<_>>(),
        "comparisons": steps.iter().zip(sides.windows(2)).map(|(step, pair)| comparison(step, pair)).collect::<Vec<_>>(),
    });
    text(&document)
}

fn side(side: &Side) -> Value {
    let mut value = json!({
        "label": side.label,
        "release": side.release,
        "comes_up": matches!(side.came, Came::Up(_)),
        "seconds": seconds(side.took),
        "troubles": side.troubles,
    });
    match &side.came {
        Came::Not { words, remedies } => {
            value["said"] = words.as_str().into();
            value["remedies"] = remedies.as_slice().into();
        }
        Came::Up(reports) => {
            let scenario = |report: &crate::ScenarioReport| {
                let mut scenario = json!({ "name": report.name, "status": report.status.as_str() });
                if let Status::Error(why) | Status::NotApplicable(why) = &report.status {
                    scenario["reason"] = why.as_str().into();
                }
                scenario
            };
            value["scenarios"] = reports.iter().map(scenario).collect::<Vec<_>>().into();
        }
    }
    value
}

fn comparison(found: &Comparison, pair: &[Side]) -> Value {
    let flip =
        |flip: &super::Flip| json!({ "turn": flip.turn.as_str(), "reason": flip.reason, "scenarios": flip.scenarios });
    let change = |change: &super::Change| json!({ "diff": change.lines, "scenarios": change.scenarios });
    let unclear = |(scenario, why): &(String, String)| json!({ "scenario": scenario, "reason": why });
    json!({
        "from": pair[0].label,
        "to": pair[1].label,
        "result": found.verdict().to_string().replace(' ', "-"),
        "not_up": found.not_up.iter().map(|(label, ..)| label.as_str()).collect::<Vec<_>>(),
        "flips": found.flips.iter().map(flip).collect::<Vec<_>>(),
        "changes": found.changes.iter().map(change).collect::<Vec<_>>(),
        "unclear": found.unclear.iter().map(unclear).collect::<Vec<_>>(),
        "doubts": found.doubts,
        "varying": found.varying,
        "same": found.same,
        "apply_to_neither": found.neither,
    })
}
