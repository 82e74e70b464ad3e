//! What a bench measured, a row each: printed as it comes, kept as JSON, and compared with what an earlier one kept.

use crate::exit::CommandError;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const FORMAT: &str = "mailproof-bench";

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    what: String,
    value: f64,
    unit: String,
    more: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: String,
    rows: Vec<Row>,
}

/// All that this process has measured, in its order.
static MEASURED: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// Prints a time, and keeps it.
pub(crate) fn row(what: &str, took: Duration, more: &str) {
    println!("{what:<32} {:>8.2} s   {more}", took.as_secs_f64());
    keep(what, took.as_secs_f64(), "s", more);
}

/// Prints another number, and keeps it.
pub(crate) fn number(what: &str, value: f64, unit: &str, more: &str) {
    println!("{}", format!("{what:<32} {value:>8.0} {unit}   {more}").trim_end());
    keep(what, value, unit, more);
}

fn keep(what: &str, value: f64, unit: &str, more: &str) {
    let row = Row { what: what.to_owned(), value, unit: unit.to_owned(), more: more.to_owned() };
    MEASURED.lock().unwrap_or_else(PoisonError::into_inner).push(row);
}

/// Rows of an earlier bench.
///
/// # Errors
/// The file is not there, or no bench wrote it.
pub(crate) fn earlier(path: &Path) -> Result<Vec<Row>, CommandError> {
    let wrong = |why: String| {
        let help = "name a file that `{mailproof} bench --json FILE` wrote";
        CommandError::usage(miette::miette!(help = help, "{}: {why}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
    let kept: Kept = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
    if kept.format == FORMAT { Ok(kept.rows) } else { Err(wrong(format!("`{}` is no bench", kept.format))) }
}

/// Writes all that was measured, and says how it compares to an earlier bench.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn close(json: Option<&Path>, earlier: Option<Vec<Row>>) -> Result<(), CommandError> {
    let rows = MEASURED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(earlier) = earlier {
        print!("{}", compared(&earlier, &rows));
    }
    let Some(path) = json else { return Ok(()) };
    let kept = Kept { format: FORMAT.to_owned(), rows };
    let text = serde_json::to_string_pretty(&kept).expect("numbers have a form in JSON") + "\n";
    super::super::run::write_report(Some(path), &text)
}

/// A line for each that both have, and those that only one has.
fn compared(old: &[Row], new: &[Row]) -> String {
    let mut text = format!("\n{:<32} {:>10} {:>10}   ratio\n", "compared", "before", "now");
    for row in new {
        let Row { what, value, unit, .. } = row;
        match old.iter().find(|other| other.what == *what && other.unit == *unit) {
            Some(before) => {
                let ratio = if before.value == 0.0 { "-".to_owned() } else { format!("{:.2}", value / before.value) };
                text += &format!("{what:<32} {:>10.2} {value:>10.2} {unit}  {ratio}\n", before.value);
            }
            None => text += &format!("{what:<32} {:>10} {value:>10.2} {unit}\n", "-"),
        }
    }
    for row in old.iter().filter(|row| !new.iter().any(|other| other.what == row.what)) {
        text += &format!("{:<32} {:>10.2} {:>10} {}\n", row.what, row.value, "-", row.unit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_by_what_they_measure() {
        let row = |what: &str, value| Row { what: what.to_owned(), value, unit: "s".to_owned(), more: String::new() };
        let text = compared(&[row("up", 2.0), row("gone", 1.0)], &[row("up", 1.0), row("new", 3.0)]);
        let words: Vec<Vec<&str>> = text.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
        let expected: [&[&str]; 3] =
            [&["up", "2.00", "1.00", "s", "0.50"], &["new", "-", "3.00", "s"], &["gone", "1.00", "-", "s"]];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_a_bench_kept_is_read_again_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bench.json");
        keep("a test's own row", 1.5, "s", "");
        close(Some(&path), None).unwrap();
        assert!(earlier(&path).unwrap().iter().any(|row| row.what == "a test's own row" && row.value == 1.5));
        fs::write(&path, "{\"format\": \"x\", \"rows\": []}").unwrap();
        assert!(earlier(&path).is_err() && earlier(&dir.path().join("none")).is_err());
    }
}
