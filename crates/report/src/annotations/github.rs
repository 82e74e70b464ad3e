//! GitHub's workflow commands: annotations at files, written to standard output.

use super::{Annotation, Kind, Places, annotations};
use crate::RunReport;

/// One command a line, each ended by LF.
#[must_use]
pub fn github(run: &RunReport, places: Places<'_>) -> String {
    annotations(run, places).iter().map(command).collect()
}

fn command(annotation: &Annotation) -> String {
    let Annotation { kind, place, title, message } = annotation;
    let word = match kind {
        Kind::Failure | Kind::Snapshot | Kind::UnexpectedPass => "error",
        Kind::Unclear => "warning",
    };
    let (file, title, line) = (property(&place.file), property(title), place.line);
    format!("::{word} file={file},line={line},title={title}::{}\n", data(message))
}

/// What a message is: a line end in it would begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands before the message has delimiters of its own.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotations::{Place, annotation};

    #[test]
    fn hostile_text_ends_neither_its_property_nor_its_line() {
        let place = Place { file: "a,line=7::b\r\n::error::x.toml".to_owned(), line: 3 };
        let text = "100%0A::set-env name=A::b\n::stop-commands::x\r\u{1b}[2J, done: yes";
        let command = command(&annotation(Kind::Failure, place, "spf/a,b", text));
        assert_eq!(command.matches('\n').count(), 1);
        assert!(!command.contains(['\r', '\u{1b}']));
        assert_eq!(
            command.split_once("::").unwrap().1.split_once("::").unwrap().0,
            "error file=a%2Cline=7%3A%3Ab%0D%0A%3A%3Aerror%3A%3Ax.toml,line=3,\
             title=spf/a%2Cb%3A 100%250A%3A%3Aset-env name=A%3A%3Ab"
        );
        assert!(
            command.ends_with("::100%250A::set-env name=A::b%0A::stop-commands::x\u{fffd}\u{fffd}[2J, done: yes\n")
        );
    }
}
