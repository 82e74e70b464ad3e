//! `scenario run --baseline`: what the gateway does today becomes what is expected of it. What fails is written into its
//! known-failures.toml, and what was seen becomes the snapshots, so that from then on only changes speak.

use crate::{
    judge::Judge,
    known::{self, Change},
    library,
    snapshots::{SnapshotError, SnapshotFile},
};
use plan::Source;
use report::{ScenarioReport, Snapshot, Status};
use std::{fs, io, path::Path};

/// Why it could not be written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum BaselineError {
    /// The list of known failures.
    #[error("{path} cannot be written: {cause}")]
    #[diagnostic(
        code(mailproof::baseline),
        help("is the disk full, or the directory read-only? Nothing was changed in it")
    )]
    List {
        /// The file.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// A snapshot.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Writes the baseline, gives the scenarios the status that they have by it, and says what was written. A scenario of which it could
/// not be told whether it holds is no part of it, and stays an error.
///
/// # Errors
/// See [`BaselineError`]; the list is written last.
pub(crate) fn write(judge: &Judge, reports: &mut [ScenarioReport]) -> Result<String, BaselineError> {
    let path = judge.directory.join(known::FILE);
    let change = change(judge, reports);
    let mut accepted = 0;
    for report in reports.iter_mut() {
        let source = source(report);
        let reason = |name: &String| {
            let added = change.added.iter().find(|(_, scenarios)| scenarios.contains(&word(judge, name)));
            added.map(|(reason, _)| reason.clone())
        };
        report.status = match &report.status {
            Status::Failed => Status::KnownFailure(reason(&report.name).unwrap_or_default()),
            Status::UnexpectedPass(_) => Status::Held,
            Status::SnapshotNew | Status::SnapshotDiffers => match judge.known.reason(&source) {
                Some(reason) => Status::KnownFailure(reason.to_owned()),
                None => Status::Held,
            },
            other => other.clone(),
        };
        accepted += usize::from(accept(judge, &source, report)?);
    }
    if !change.is_none() {
        write_list(&path, &judge.directory, &change)
            .map_err(|cause| BaselineError::List { path: path.display().to_string(), cause })?;
    }
    Ok(said(&path, &change, accepted, reports))
}

/// What changes in the list of known failures.
fn change(judge: &Judge, reports: &[ScenarioReport]) -> Change {
    let failed = reports.iter().filter(|report| report.status == Status::Failed);
    let added = report::by_reason(failed).into_iter();
    let added = added.map(|(reason, names)| (reason, names.iter().map(|name| word(judge, name)).collect())).collect();
    let holds = reports.iter().filter(|report| matches!(report.status, Status::UnexpectedPass(_)));
    let gone = holds.filter_map(|report| judge.known.word(&source(report)).map(str::to_owned)).collect();
    Change { gone, added }
}

/// Makes what was seen the snapshot, where a snapshot is kept and does not say so; tells whether it did.
fn accept(judge: &Judge, source: &Source, report: &mut ScenarioReport) -> Result<bool, SnapshotError> {
    // what a scenario looked like that made a service end is not what the gateway does
    let seen = report.verdict.as_ref().filter(|_| report.died.is_empty());
    let is_meant = matches!(report.status, Status::Held | Status::KnownFailure(_));
    let Some(seen) = seen.filter(|_| is_meant) else { return Ok(false) };
    let file = SnapshotFile::new(&judge.directory, source);
    let is_kept = judge.keeps_snapshot(source);
    let is_accepted = match file.compare(&seen.snapshot)? {
        Snapshot::Same => false,
        Snapshot::None if !is_kept => return Ok(false),
        _ => {
            file.propose(&seen.snapshot)?;
            file.accept()?
        }
    };
    file.withdraw();
    report.snapshot = Snapshot::Same;
    Ok(is_accepted)
}

/// The text is complete before the old one goes.
fn write_list(path: &Path, gateway: &Path, change: &Change) -> io::Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = library::absolute(gateway).file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("# What {name} is known to get wrong. An entry that stops failing is a failure.\n")
        }
        Err(error) => return Err(error),
    };
    let text = known::edited(&text, change).map_err(io::Error::other)?;
    let draft = path.with_extension("toml.tmp");
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}

fn said(path: &Path, change: &Change, accepted: usize, reports: &[ScenarioReport]) -> String {
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let added: usize = change.added.iter().map(|(_, scenarios)| scenarios.len()).sum();
    let mut parts = Vec::new();
    if added > 0 {
        let reasons = many(change.added.len(), "reason");
        parts.push(format!("{}, for {reasons}, listed in {}", many(added, "failure"), path.display()));
    }
    if !change.gone.is_empty() {
        parts.push(format!(
            "{} that held taken out of it",
            many(change.gone.len(), "entry").replace("entrys", "entries")
        ));
    }
    if accepted > 0 {
        parts.push(format!("{} accepted", many(accepted, "snapshot")));
    }
    let mut text = match parts.as_slice() {
        [] => "Baseline: everything is as it was expected; nothing was written\n".to_owned(),
        parts => format!("Baseline: {}\n", parts.join("; ")),
    };
    for (reason, scenarios) in &change.added {
        let names = report::listed(scenarios.iter().map(String::as_str));
        text.push_str(&format!("  {reason}\n    {names}\n"));
    }
    let unclear: Vec<&str> =
        reports.iter().filter(|r| matches!(r.status, Status::Error(_))).map(|r| r.name.as_str()).collect();
    if !unclear.is_empty() {
        let names = report::listed(unclear.into_iter());
        text.push_str(&format!(
            "  not in it, since it could not be told what the gateway does: {names}\n    if it gives no evidence of that, list them \
             by hand, with the reason\n"
        ));
    }
    text
}

/// As the list names a scenario that is not in it yet.
fn word(judge: &Judge, name: &str) -> String {
    if library::is_foreign(&of_name(name)) { relative(&judge.directory, Path::new(name)) } else { name.to_owned() }
}

/// A path from a directory to a file.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to) = (library::absolute(from), library::absolute(to));
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| "..".to_owned());
    let down = to.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn source(report: &ScenarioReport) -> Source {
    of_name(&report.name)
}

/// A scenario from elsewhere is named by its path.
fn of_name(name: &str) -> Source {
    Source { name: name.to_owned(), path: name.to_owned(), text: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::KnownFailures;
    use evidence::{Evidence, LookedUp, Observed};
    use std::time::Duration;

    const CLAIM: &str = "title = \"What the DNS says\"\n[[lookup]]\nlabel = \"one\"\nname = \"a.example\"\ntype = \"TXT\"\n\
                         expect = { rcode = \"NOERROR\" }\n";

    fn report(name: &str, status: Status, rcode: &str) -> ScenarioReport {
        let source = Source { name: name.to_owned(), path: name.to_owned(), text: CLAIM.to_owned() };
        let scenario = scenario::parse(source, &plan::World::default()).unwrap();
        let (is_authentic, records, remarks) = (false, Vec::new(), Vec::new());
        let seen = LookedUp { rcode: rcode.to_owned(), is_authentic, records, remarks };
        let evidence = Evidence { lookups: vec![Observed::Seen(seen)], ..Evidence::default() };
        ScenarioReport {
            name: name.to_owned(),
            file: name.into(),
            title: String::new(),
            status,
            snapshot: Snapshot::None,
            died: Vec::new(),
            verdict: Some(verdict::judge(&scenario, &evidence)),
            evidence: Some(evidence),
            took: Duration::ZERO,
        }
    }

    fn judge(gateway: &Path, library: &[&str]) -> Judge {
        let library: Vec<String> = library.iter().map(ToString::to_string).collect();
        let known = KnownFailures::load(gateway, &library).unwrap();
        Judge { directory: gateway.to_owned(), known, is_ci: false, is_carried: false, wants_snapshots: false }
    }

    #[test]
    fn what_fails_is_listed_and_what_holds_goes_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let gateway = dir.path().join("gateways/club");
        fs::create_dir_all(&gateway).unwrap();
        fs::create_dir_all(dir.path().join("own")).unwrap();
        let own = dir.path().join("own/mine.toml");
        fs::write(&own, CLAIM).unwrap();
        let own = own.to_str().unwrap();
        let list = gateway.join(known::FILE);
        let hand = "# By hand.\n[[failure]]\nscenario = [\"dns/known\", \"dns/passes\", \"dns/not-run\"]\nreason   = \"so it is\"\n";
        fs::write(&list, hand).unwrap();
        let names = ["dns/known", "dns/passes", "dns/not-run", "dns/a", "dns/b", "dns/c", "dns/unclear", "dns/new"];
        let judge = judge(&gateway, &names);
        let mut reports = vec![
            report("dns/a", Status::Failed, "SERVFAIL"),
            report("dns/b", Status::Failed, "SERVFAIL"),
            report("dns/c", Status::Failed, "NXDOMAIN"),
            report("dns/known", Status::KnownFailure("so it is".to_owned()), "SERVFAIL"),
            report("dns/new", Status::SnapshotNew, "NOERROR"),
            report("dns/passes", Status::UnexpectedPass("so it is".to_owned()), "NOERROR"),
            report("dns/unclear", Status::Error("nobody answered".to_owned()), "SERVFAIL"),
            report(own, Status::Failed, "SERVFAIL"),
        ];
        let said = write(&judge, &mut reports).unwrap();
        assert!(said.contains("4 failures, for 2 reasons") && said.contains("1 entry that held"), "{said}");
        assert!(
            said.contains("6 snapshots accepted")
                && said.contains("could not be told what the gateway does: dns/unclear"),
            "{said}"
        );
        let text = fs::read_to_string(&list).unwrap();
        assert!(text.starts_with("# By hand.\n[[failure]]\nscenario = [\"dns/known\", \"dns/not-run\"]\n"), "{text}");
        assert!(text.contains("\"../../own/mine.toml\"") && !text.contains("unclear"), "{text}");
        let words: Vec<&str> = reports.iter().map(|report| report.status.as_str()).collect();
        let known = "known-failure";
        assert_eq!(words, [known, known, known, known, "held", "held", "error", known]);
        let reason = "the response code is SERVFAIL, not NOERROR";
        assert_eq!(reports[0].status, Status::KnownFailure(reason.to_owned()));
        assert!(!dir.path().join("own/snapshots").exists(), "nobody asked for snapshots of it");
        // what was written is what is read, and there is nothing more to write
        let judge = self::judge(&gateway, &names);
        assert_eq!(judge.known.reason(&of_name("dns/b")), Some(reason));
        assert_eq!(judge.known.reason(&of_name(own)), Some(reason));
        assert!(write(&judge, &mut reports).unwrap().contains("nothing was written"));
    }
}
