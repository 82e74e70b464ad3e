//! Text beside other text.

use crate::Style;

/// The narrowest that a text gets.
const LEAST: usize = 30;

/// Words in lines as long as there is room behind an indent; a longer word has a line of its own.
pub(crate) fn broken<'a>(words: impl Iterator<Item = &'a str>, indent: usize, style: &Style) -> Vec<String> {
    let width = style.columns().saturating_sub(indent).max(LEAST);
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
