//! How a command ends: exit codes, and errors that know theirs.

use miette::Report;
use std::process::ExitCode;

/// Exit codes (ARCHITECTURE.md, "Conventions"; 2, usage, is clap's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    AsExpected = 0,
    Failure = 1,
    Usage = 2,
    /// A scenario or gateway file is wrong.
    Wrong = 3,
    /// It could not be told.
    Error = 4,
    /// Nothing matched.
    Nothing = 5,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<report::Whole> for Exit {
    fn from(whole: report::Whole) -> Self {
        match whole {
            report::Whole::AsExpected => Self::AsExpected,
            report::Whole::Failure => Self::Failure,
            report::Whole::Error => Self::Error,
        }
    }
}

/// Why a command came to no result: what to print, and the exit code.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit: Exit,
    pub(crate) reports: Vec<Report>,
}

impl CommandError {
    /// A file that a person wrote is wrong.
    pub(crate) fn wrong(error: impl Into<Report>) -> Self {
        Self { exit: Exit::Wrong, reports: vec![error.into()] }
    }

    /// The command cannot be meant so.
    pub(crate) fn usage(error: impl Into<Report>) -> Self {
        Self { exit: Exit::Usage, reports: vec![error.into()] }
    }

    /// The world did not do what was needed.
    pub(crate) fn error(error: impl Into<Report>) -> Self {
        Self { exit: Exit::Error, reports: vec![error.into()] }
    }

    /// Somebody pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self { exit: Exit::Interrupted, reports: vec![miette::miette!("interrupted; everything is cleaned up")] }
    }
}

macro_rules! troubles {
    ($($error:ty => $exit:ident,)+) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::$exit(error)
            }
        }
    )+};
}
troubles! {
    crate::baseline::BaselineError => error,
    crate::file_error::FileError => wrong,
    crate::shipped::ShippedError => error,
    crate::revision::RevisionError => wrong,
    crate::snapshots::SnapshotError => error,
    stack::gateway::GatewayError => wrong,
    stack::StackError => error,
}

impl From<container::EngineError> for CommandError {
    fn from(error: container::EngineError) -> Self {
        stack::StackError::from(error).into()
    }
}

impl From<crate::library::LibraryError> for CommandError {
    fn from(error: crate::library::LibraryError) -> Self {
        let exit = match error {
            crate::library::LibraryError::Nothing(_) => Exit::Nothing,
            crate::library::LibraryError::Unreadable { .. } => Exit::Wrong,
        };
        Self { exit, reports: vec![error.into()] }
    }
}

impl From<Vec<scenario::Faults>> for CommandError {
    fn from(faults: Vec<scenario::Faults>) -> Self {
        // the same faults in many files are told once
        let mut told: Vec<(scenario::Faults, Vec<String>)> = Vec::new();
        let words = |faults: &scenario::Faults| -> Vec<_> {
            faults.flaws().iter().map(|flaw| (flaw.message.clone(), flaw.help.clone())).collect()
        };
        for one in faults {
            match told.iter_mut().find(|(first, _)| words(first) == words(&one)) {
                Some((_, likewise)) => likewise.push(one.file().to_owned()),
                None => told.push((one, Vec::new())),
            }
        }
        let mut reports = Vec::new();
        for (first, likewise) in told {
            let (file, many) = (first.file().to_owned(), likewise.len());
            reports.push(Report::new(first));
            if many > 0 {
                let names = report::listed(likewise.iter().map(String::as_str));
                let files = if many == 1 { "another file" } else { "other files" };
                reports.push(miette::miette!("{many} {files} with the same faults as {file}: {names}"));
            }
        }
        Self { exit: Exit::Wrong, reports }
    }
}
