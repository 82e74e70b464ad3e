//! `known-failures.toml` of a gateway: what it is known to get wrong, each with its reason. Strict: what is listed must
//! fail, and only that.

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// Reasons by scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownFailures {
    reasons: BTreeMap<String, String>,
}

/// Why the file is no list of known failures.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum KnownFailuresError {
    /// The file is there and cannot be read.
    #[error("{path} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// Its text is wrong.
    #[error("{message}")]
    #[diagnostic(
        code(mailproof::known_failures),
        help("the form is: [[failure]] scenario = \"SUBJECT/NAME\" reason = \"why this gateway gets it wrong\"")
    )]
    Wrong {
        /// What is wrong.
        message: String,
        /// The file.
        #[source_code]
        source_code: NamedSource<String>,
        /// Where.
        #[label("here")]
        span: SourceSpan,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    failure: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    scenario: toml::Spanned<String>,
    reason: String,
}

impl KnownFailures {
    /// Reads `known-failures.toml` in this directory; no file is an empty list.
    ///
    /// # Errors
    /// See [`KnownFailuresError`].
    pub(crate) fn load(gateway: &Path) -> Result<Self, KnownFailuresError> {
        let path = gateway.join("known-failures.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path.display().to_string(), &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(KnownFailuresError::Unreadable { path: path.display().to_string(), cause }),
        }
    }

    fn parse(path: &str, text: &str) -> Result<Self, KnownFailuresError> {
        let wrong = |message: String, span: Option<std::ops::Range<usize>>| KnownFailuresError::Wrong {
            message,
            source_code: NamedSource::new(path, text.to_owned()),
            span: span.unwrap_or(0..0).into(),
        };
        let file: File = toml::from_str(text).map_err(|e| wrong(e.message().to_owned(), e.span()))?;
        let mut reasons = BTreeMap::new();
        for failure in file.failure {
            let span = failure.scenario.span();
            if failure.reason.trim().is_empty() {
                return Err(wrong("a known failure needs its reason".into(), Some(span)));
            }
            if reasons.insert(failure.scenario.into_inner(), failure.reason).is_some() {
                return Err(wrong("this scenario is listed twice".into(), Some(span)));
            }
        }
        Ok(Self { reasons })
    }

    /// Why this scenario is known to fail, if it is.
    #[must_use]
    pub(crate) fn reason(&self, scenario: &str) -> Option<&str> {
        self.reasons.get(scenario).map(String::as_str)
    }

    /// Scenarios listed that the library does not have.
    pub(crate) fn strangers<'a>(&'a self, library: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.reasons.keys().map(String::as_str).filter(|name| !library.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_found_by_scenario() {
        let known = KnownFailures::parse("k", "[[failure]]\nscenario = \"spf/fail\"\nreason = \"no SPF\"\n").unwrap();
        assert_eq!(known.reason("spf/fail"), Some("no SPF"));
        assert_eq!(known.strangers(&["spf/pass"]).collect::<Vec<_>>(), ["spf/fail"]);
    }

    #[test]
    fn an_entry_without_reason_or_twice_is_wrong() {
        for bad in [
            "[[failure]]\nscenario = \"a/b\"\nreason = \" \"\n",
            "[[failure]]\nscenario = \"a/b\"\n",
            "[[failure]]\nscenario = \"a/b\"\nreason = \"x\"\n[[failure]]\nscenario = \"a/b\"\nreason = \"y\"\n",
            "[[failures]]\n",
        ] {
            assert!(KnownFailures::parse("k", bad).is_err(), "{bad}");
        }
    }
}
