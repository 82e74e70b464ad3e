//! An assessment for people: its checks by group, one line each, what to change below, and at the end the numbers.

use crate::{Style, columns::broken};
use assess::{Assessment, Check, Grade, Group};
use owo_colors::AnsiColors;
use std::fmt::Write;

/// Room for a grade.
const GRADE: usize = 11;

/// The assessment as text that ends with LF. Columns are aligned within a group, reasons broken at the width of the style; a
/// line to change is never broken, so that it can be copied.
#[must_use]
pub fn assess_text(assessment: &Assessment, style: &Style) -> String {
    let mut out = format!("{}\n", style.bold(&assessment.subject));
    let _ = writeln!(out, "TLS is compared with {}; moment of the assessment: {}", assessment.profile, assessment.now);
    for group in Group::ALL {
        let checks: Vec<&Check> = assessment.of(group).collect();
        if checks.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", style.bold(&group.to_string()));
        let longest =
            |text: fn(&Check) -> &str| checks.iter().map(|check| text(check).chars().count()).max().unwrap_or(0);
        let room = (longest(|check| &check.of), longest(|check| &check.name));
        for check in checks {
            row(&mut out, check, room, style);
        }
    }
    let _ = writeln!(out, "\n{}", numbers(assessment, style));
    out
}

fn row(out: &mut String, check: &Check, (of, name): (usize, usize), style: &Style) {
    let begin = format!("{:of$}  {:name$}  ", check.of, check.name);
    let indent = 2 + GRADE + begin.chars().count();
    let is_wrong = matches!(check.grade, Grade::Notice | Grade::Fail);
    let cites = check.cites.as_ref().filter(|_| is_wrong).map(|cites| format!("({cites})"));
    let words = check.reason.split_whitespace().chain(cites.as_deref());
    let lines = broken(words, indent, style);
    let grade = style.paint(&format!("{:GRADE$}", check.grade.to_string()), color(check.grade));
    let mut lines = lines.iter();
    let _ = writeln!(out, "  {grade}{begin}{}", lines.next().map_or("", String::as_str));
    for line in lines {
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
    for line in check.change.iter().flat_map(|change| change.lines()) {
        let _ = writeln!(out, "  {:GRADE$}{} {line}", "", style.bold("change to:"));
    }
}

const fn color(grade: Grade) -> AnsiColors {
    match grade {
        Grade::Pass => AnsiColors::Green,
        Grade::Notice => AnsiColors::Yellow,
        Grade::Fail => AnsiColors::Red,
        Grade::NotTested => AnsiColors::Magenta,
    }
}

/// `58 checks: 50 pass, 4 notice, 2 fail, 2 not tested`.
fn numbers(assessment: &Assessment, style: &Style) -> String {
    let summary = assessment.summary();
    let parts = [
        (summary.pass, Grade::Pass),
        (summary.notice, Grade::Notice),
        (summary.fail, Grade::Fail),
        (summary.not_tested, Grade::NotTested),
    ];
    let parts = parts.iter().filter(|(many, _)| *many > 0);
    let parts: Vec<String> =
        parts.map(|(many, grade)| style.paint(&format!("{many} {grade}"), color(*grade))).collect();
    let all = assessment.checks.len();
    let all = style.bold(&format!("{all} check{}", if all == 1 { "" } else { "s" }));
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(group: Group, name: &str, grade: Grade, reason: &str, change: Option<&str>) -> Check {
        Check {
            group,
            of: "smtp".to_owned(),
            name: name.to_owned(),
            grade,
            reason: reason.to_owned(),
            change: change.map(str::to_owned),
            cites: Some("RFC 9325 §3.3".to_owned()),
        }
    }

    fn assessment() -> Assessment {
        let wrong = "TLSv1 is taken, TLSv1.1 is taken; wanted: only TLSv1.3 and TLSv1.2";
        Assessment {
            subject: "hardened".to_owned(),
            profile: "Mozilla Intermediate 6.0".to_owned(),
            now: "2026-11-24T12:00:00Z".to_owned(),
            checks: vec![
                check(Group::Transport, "versions", Grade::Fail, wrong, Some("smtpd_tls_protocols = >=TLSv1.2")),
                check(Group::Transport, "order", Grade::Pass, "as the profile asks", None),
                check(Group::Dane, "TLSA records", Grade::NotTested, "no answer", None),
            ],
        }
    }

    #[test]
    fn checks_stand_in_their_groups_and_columns() {
        let expected = "\
hardened
TLS is compared with Mozilla Intermediate 6.0; moment of the assessment: 2026-11-24T12:00:00Z

Transport
  fail       smtp  versions  TLSv1 is taken, TLSv1.1 is taken;
                             wanted: only TLSv1.3 and TLSv1.2
                             (RFC 9325 §3.3)
             change to: smtpd_tls_protocols = >=TLSv1.2
  pass       smtp  order     as the profile asks

DANE
  not tested smtp  TLSA records  no answer

3 checks: 1 pass, 1 fail, 1 not tested
";
        assert_eq!(assess_text(&assessment(), &Style { color: false, width: 66, program: "mailproof" }), expected);
    }

    #[test]
    fn colours_do_not_move_the_columns() {
        let plain = assess_text(&assessment(), &Style { color: false, width: 100, program: "mailproof" });
        let colored = assess_text(&assessment(), &Style { color: true, width: 100, program: "mailproof" });
        let mut without = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            without.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        without.push_str(rest);
        assert_ne!(colored, plain);
        assert_eq!(without, plain);
    }

    #[test]
    fn it_is_json_as_it_is() {
        let value = serde_json::to_value(assessment()).unwrap();
        assert_eq!(value["checks"][0]["grade"], "fail");
        assert_eq!(value["checks"][2]["grade"], "not-tested");
        assert_eq!(value["checks"][2]["group"], "dane");
        assert_eq!(value["checks"][1]["change"], serde_json::Value::Null);
    }
}
