//! Diagnostics as text, with the scenario's lines that they are about.

use crate::{Bounded, Style};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// A diagnostic as text that ends with LF.
pub(crate) fn shown(diagnostic: &dyn Diagnostic, style: &Style) -> String {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.columns());
    let mut text = String::new();
    // Writing to a string does not fail; a span outside the text does, and then the message alone must do.
    if handler.render_report(&mut text, &Bounded::new(diagnostic, style.program)).is_err() {
        return format!("{diagnostic}\n");
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// Text from elsewhere can hold anything, also what would move the cursor; lines stay lines.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}
