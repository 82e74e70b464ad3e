//! `unnoticed.toml` of a gateway: lines of its configuration that no scenario notices, each with the reason why none does.

use crate::file_error::FileError;
use form::{
    Decode, Flaw, Required, tables,
    values::{AtLeastOne, Line, OneOrMany},
};
use plan::{Source, Spanned};
use std::{fs, io, path::Path};

tables! {
    /// Lines of a gateway's configuration that no scenario can notice, or needs to. `gateway mutate` reads it: a line that is listed
    /// and is noticed all the same is told.
    UnnoticedTable "list of lines that nobody notices" [Any] {
        /// The lines, in any order: `[[line]]`.
        line: Option<AtLeastOne<LineTable>>,
    }
    /// Lines that nobody notices for the same reason.
    LineTable "line that nobody notices" [Any] {
        /// Their file, from the gateway's directory, as `postfix/main.cf`.
        file: Required<Line>,
        /// The line without white space at its ends, or several of them; whatever becomes of them is meant.
        text: Required<OneOrMany<Spanned<Line>>>,
        /// Why.
        reason: Required<Line>,
    }
}

/// The file in a gateway's directory.
pub(crate) const FILE: &str = "unnoticed.toml";

/// JSON Schema of `unnoticed.toml`.
pub(crate) fn schema() -> serde_json::Value {
    form::schema("Lines of a gateway that no scenario notices", &UnnoticedTable::shape(), None)
}

/// Its reference, in Markdown.
pub(crate) fn reference() -> String {
    form::reference(
        "# Lines that no scenario notices\n\nThe reference of `unnoticed.toml` in a gateway's directory, made from its reader by \
         `schema --write`. `gateway mutate` takes each line of a configuration away and says which of them no scenario notices; a \
         line that is listed here is told with its reason, and is no failure.\n",
        UnnoticedTable::shape(),
    )
}

/// Reasons by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unnoticed(Vec<Known>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    file: String,
    text: String,
    reason: String,
}

impl Unnoticed {
    /// Reads `unnoticed.toml` in this directory; no file is an empty list.
    ///
    /// # Errors
    /// See [`FileError`].
    pub(crate) fn load(gateway: &Path) -> Result<Self, FileError> {
        let path = gateway.join(FILE);
        let shown = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(Source { name: shown.clone(), path: shown, text }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(FileError::Unreadable { path: shown, cause }),
        }
    }

    fn parse(source: Source) -> Result<Self, FileError> {
        let read = form::read(source, "mailproof::unnoticed", |table: UnnoticedTable, _, flaws| {
            let mut known: Vec<Known> = Vec::new();
            for LineTable { file, text, reason } in table.line.map(|list| list.0).unwrap_or_default() {
                let (Some(file), Some(reason)) = (file.0, reason.0) else { continue };
                for Spanned { value: Line(text), span } in text.0.into_iter().flat_map(|list| list.0) {
                    if known.iter().any(|other| (&other.file, &other.text) == (&file.0, &text)) {
                        let flaw = Flaw::new(format!("`{text}` is listed twice")).at(&span, "here again");
                        flaws.push(flaw.help("join the reasons"));
                    }
                    known.push(Known { file: file.0.clone(), text, reason: reason.0.clone() });
                }
            }
            Some(Self(known))
        });
        Ok(read?)
    }

    /// Why nobody notices this line, if that is known.
    pub(crate) fn reason(&self, file: &str, line: &str) -> Option<&str> {
        let known = self.0.iter().find(|known| known.file == file && known.text == line);
        known.map(|known| known.reason.as_str())
    }

    /// Those that are not among these lines, as `FILE: LINE`.
    pub(crate) fn beyond(&self, lines: &[(String, String)]) -> Vec<String> {
        let is_there = |known: &&Known| lines.iter().any(|(file, line)| (file, line) == (&known.file, &known.text));
        self.0.iter().filter(|known| !is_there(known)).map(|known| format!("{}: {}", known.file, known.text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Unnoticed, FileError> {
        Unnoticed::parse(Source { name: "u".to_owned(), path: "u".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_reason_is_found_by_file_and_line() {
        let text =
            "[[line]]\nfile = \"postfix/main.cf\"\ntext = [\"biff = no\", \"a = b\"]\nreason = \"no local users\"\n";
        let known = parse(text).unwrap();
        assert_eq!(known.reason("postfix/main.cf", "biff = no"), Some("no local users"));
        assert_eq!(known.reason("postfix/main.cf", "biff = yes"), None);
        assert_eq!(known.reason("dovecot.conf", "biff = no"), None);
        let lines = [("postfix/main.cf".to_owned(), "a = b".to_owned())];
        assert_eq!(known.beyond(&lines), ["postfix/main.cf: biff = no"]);
        assert!(parse(&text.replace("a = b", "biff = no")).is_err());
        assert!(parse(&text.replace("reason", "reasn")).is_err());
    }
}
