//! A diagnostic whose source lines are short enough to be read: around each label some text is kept, the rest of a long line
//! is left out. A list of 2,000 recipients is one line of a file, and nobody reads it on a terminal.

use crate::shown::printable;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan};
use std::{fmt, ops::Range};

/// Characters of a line that are always shown.
const SHORT: usize = 160;
/// Octets that are kept on each side of both ends of a label, in a line that is longer.
const KEPT: usize = 40;
/// Stands for what is left out.
const GAP: &str = " … ";
/// Stands in a help for how the user calls the program.
const PROGRAM: &str = "{mailproof}";

/// A diagnostic with the lines of its source cut, and those that belong to it likewise.
#[derive(Debug)]
pub struct Bounded<'a> {
    inner: &'a dyn Diagnostic,
    program: &'static str,
    text: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Bounded<'a>>,
}

impl<'a> Bounded<'a> {
    /// A diagnostic as it can be shown to who calls the program so: `{mailproof}` in a help is that.
    #[must_use]
    pub fn new(diagnostic: &'a dyn Diagnostic, program: &'static str) -> Self {
        Self::within(diagnostic, program, None)
    }

    /// The source is that of the diagnostic to which it belongs, if it has none of its own.
    fn within(inner: &'a dyn Diagnostic, program: &'static str, outer: Option<&'a dyn SourceCode>) -> Self {
        let source = inner.source_code().or(outer);
        let labels: Vec<LabeledSpan> = inner.labels().into_iter().flatten().collect();
        let spans: Vec<Range<usize>> =
            labels.iter().map(|label| label.offset()..label.offset() + label.len()).collect();
        let (text, labels) = match source.and_then(whole) {
            // a span outside the text cannot be shown: the message alone must do
            Some((name, text)) if spans.iter().all(|span| text.get(span.clone()).is_some()) => {
                let (text, moved) = cut(&text, &spans);
                let labels = labels.iter().zip(moved).map(|(label, span)| {
                    let (label, span) = (label.label().map(printable), SourceSpan::from(span));
                    LabeledSpan::new_with_span(label, span)
                });
                (Some(NamedSource::new(name, text)), labels.collect())
            }
            _ => (None, Vec::new()),
        };
        let related = inner.related().into_iter().flatten().map(|one| Self::within(one, program, source)).collect();
        Self { inner, program, text, labels, related }
    }
}

/// A source's name and its whole text.
fn whole(source: &dyn SourceCode) -> Option<(String, String)> {
    let contents = source.read_span(&SourceSpan::from(0..0), 0, usize::MAX).ok()?;
    let text = String::from_utf8(contents.data().to_vec()).ok()?;
    Some((contents.name().unwrap_or_default().to_owned(), text))
}

/// The text with its long lines cut, and where the spans are in it.
fn cut(text: &str, spans: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let mut short = String::new();
    // where each piece that is kept stood, and where it stands now
    let mut pieces: Vec<(Range<usize>, usize)> = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let end = begin + line.len();
        let mut last = begin;
        for piece in kept(text, begin..end, spans) {
            if piece.start > last {
                short.push_str(GAP);
            }
            pieces.push((piece.clone(), short.len()));
            short.push_str(&text[piece.clone()]);
            last = piece.end;
        }
        if last < end {
            short.push_str(GAP);
            if line.ends_with('\n') {
                short.push('\n');
            }
        }
        begin = end;
    }
    let moved = |at: usize| {
        let piece = pieces.iter().rfind(|(piece, _)| piece.start <= at);
        piece.map_or(0, |(piece, now)| now + at.min(piece.end) - piece.start)
    };
    let moved = spans.iter().map(|span| moved(span.start)..moved(span.end).max(moved(span.start))).collect();
    (short, moved)
}

/// What is kept of a line: all of a short one; of another its beginning, and what stands near the ends of spans.
fn kept(text: &str, line: Range<usize>, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    if text[line.clone()].chars().count() <= SHORT {
        return vec![line];
    }
    let ends = spans.iter().flat_map(|span| [span.start, span.end]).filter(|at| line.contains(at));
    let mut near: Vec<Range<usize>> = ends
        .chain([line.start])
        .map(|at| {
            text.floor_char_boundary(at.saturating_sub(KEPT).max(line.start))
                ..text.ceil_char_boundary((at + KEPT).min(line.end))
        })
        .collect();
    near.sort_by_key(|piece| piece.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for piece in near {
        match joined.last_mut().filter(|last| piece.start <= last.end + GAP.len()) {
            Some(last) => last.end = last.end.max(piece.end),
            None => joined.push(piece),
        }
    }
    joined
}

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.inner.to_string()))
    }
}

impl std::error::Error for Bounded<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source()
    }
}

impl Diagnostic for Bounded<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.inner.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.inner.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.inner.help()?;
        Some(Box::new(printable(&help.to_string()).replace(PROGRAM, self.program)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| Box::new(self.related.iter().map(|one| one as &dyn Diagnostic)) as Box<_>)
    }

    fn diagnostic_source(&self) -> Option<&dyn Diagnostic> {
        self.inner.diagnostic_source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_as_it_is() {
        let text = "a = 1\nb = 2\n";
        assert_eq!(cut(text, &[0..1, 6..11]), (text.to_owned(), vec![0..1, 6..11]));
    }

    #[test]
    fn a_help_names_the_program_as_the_user_calls_it() {
        let error = miette::miette!(help = "`{mailproof} stack down`", "a stack is held");
        for program in ["mailproof", "cargo xtask"] {
            let help = Bounded::new(error.as_ref(), program).help().unwrap().to_string();
            assert_eq!(help, format!("`{program} stack down`"));
        }
    }

    #[test]
    fn of_a_long_line_the_ends_of_the_span_are_kept() {
        let list: Vec<String> = (0..2000).map(|n| format!("\"user{n}@gateway.example\"")).collect();
        let text = format!("first = 1\nrcpt-to = [{}] # end\nlast = 2\n", list.join(", "));
        let begin = text.find('[').unwrap();
        let end = text.find(']').unwrap() + 1;
        let (short, moved) = cut(&text, std::slice::from_ref(&(begin..end)));
        assert_eq!(short.lines().count(), 3);
        assert!(short.len() < 300, "{short}");
        let shown = &short[moved[0].clone()];
        assert!(shown.starts_with("[\"user0@") && shown.ends_with("user1999@gateway.example\"]"), "{shown}");
        assert!(shown.contains(GAP) && short.ends_with("last = 2\n"), "{short}");
    }

    proptest::proptest! {
        #[test]
        fn any_span_of_any_text_has_its_place(text in "[aé\n]{0,900}", at in 0usize..900, len in 0usize..900) {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + len).min(text.len()));
            let (short, moved) = cut(&text, std::slice::from_ref(&(start..end)));
            proptest::prop_assert!(short.get(moved[0].clone()).is_some(), "{moved:?} in {short:?}");
            proptest::prop_assert_eq!(short.lines().count(), text.lines().count());
            let line = |text: &str, at: usize| text[..at].matches('\n').count();
            proptest::prop_assert_eq!(line(&text, start), line(&short, moved[0].start));
        }
    }
}
