//! Diagnostics as text, with the scenario's lines that they are about.

use crate::Style;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// A diagnostic as text that ends with LF.
pub(crate) fn shown(diagnostic: &dyn Diagnostic, style: &Style) -> String {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.columns());
    let mut text = String::new();
    // Writing to a string does not fail; a span outside the text does, and then the message alone must do.
    if handler.render_report(&mut text, diagnostic).is_err() {
        return format!("{diagnostic}\n");
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
