//! What lines of a configuration mean and do, as a table for people.

use crate::Style;
use owo_colors::OwoColorize;
use serde::Serialize;

/// One line of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// File and line number; `not set` for one that is not there.
    pub place: String,
    /// The setting as written.
    pub line: String,
    /// What it is documented to mean.
    pub means: String,
    /// What it was seen to do, a sentence each; none: no observable effect.
    pub effects: Vec<String>,
    /// What the daemon says, if it does not work without the line.
    pub refused: Vec<String>,
    /// The place of a later line with the same name, which counts instead of this one.
    pub overruled: Option<String>,
}

impl Explained {
    fn is_idle(&self) -> bool {
        self.effects.is_empty() && self.refused.is_empty()
    }
}

/// The table, one line of the configuration after the other: where it stands, what it means, what it does.
#[must_use]
pub fn explained_text(rows: &[Explained], style: &Style) -> String {
    let mut out = String::new();
    for row in rows {
        let head = if style.color { row.line.bold().to_string() } else { row.line.clone() };
        out.push_str(&format!("{head}\n"));
        out.push_str(&part("stands in", &row.place, style));
        if !row.means.is_empty() {
            out.push_str(&part("documented", &row.means, style));
        }
        for said in &row.refused {
            out.push_str(&part("without it", &format!("refused: {said}"), style));
        }
        for effect in &row.effects {
            out.push_str(&part("observed", effect, style));
        }
        if let Some(place) = &row.overruled {
            out.push_str(&part("overruled", &format!("{place} sets it again"), style));
        }
        if row.is_idle() {
            out.push_str(&part("observed", "no observable effect", style));
        }
        out.push('\n');
    }
    let idle = rows.iter().filter(|row| row.is_idle()).count();
    out.push_str(&format!("{} lines, {idle} without an observable effect\n", rows.len()));
    out
}

/// A labelled paragraph, broken at the width of the style.
fn part(label: &str, text: &str, style: &Style) -> String {
    const LABEL: usize = 12;
    let width = style.columns().saturating_sub(LABEL + 2).max(20);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        out.push_str(&format!("  {label:LABEL$}{line}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_effect_says_so() {
        let row = |effects: &[&str]| Explained {
            place: "postfix/main.cf:7".to_owned(),
            line: "smtpd_tls_protocols = TLSv1.2".to_owned(),
            means: "Versions that are taken.".to_owned(),
            effects: effects.iter().map(|&e| e.to_owned()).collect(),
            refused: Vec::new(),
            overruled: None,
        };
        let style = Style { color: false, width: 60, program: "mailproof" };
        let text = explained_text(&[row(&["smtp: versions: takes away TLSv1.3"]), row(&[])], &style);
        assert!(text.contains("  observed    smtp: versions: takes away TLSv1.3\n"), "{text}");
        assert!(
            text.contains("  observed    no observable effect\n")
                && text.ends_with("2 lines, 1 without an observable effect\n")
        );
    }

    #[test]
    fn a_line_that_must_stay_and_one_that_does_not_count() {
        let row = |refused: &[&str], overruled: Option<&str>| Explained {
            place: "dovecot/dovecot.conf:3".to_owned(),
            line: "ssl_server_cert_file = /etc/a.pem".to_owned(),
            means: String::new(),
            effects: Vec::new(),
            refused: refused.iter().map(|&r| r.to_owned()).collect(),
            overruled: overruled.map(str::to_owned),
        };
        let style = Style { color: false, width: 80, program: "mailproof" };
        let text = explained_text(&[row(&["Fatal: no certificate"], None)], &style);
        assert!(
            text.contains("  without it  refused: Fatal: no certificate\n") && !text.contains("no observable"),
            "{text}"
        );
        assert!(!text.contains("documented"), "{text}");
        let text = explained_text(&[row(&[], Some("dovecot/dovecot.conf:9"))], &style);
        assert!(
            text.contains("  overruled   dovecot/dovecot.conf:9 sets it again\n")
                && text.contains("no observable effect\n"),
            "{text}"
        );
    }
}
