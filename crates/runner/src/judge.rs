//! What a scenario comes to: its verdict, by what is known of the gateway and by the snapshot of what it did before.

use crate::{
    conduct::{Done, Ended},
    known::KnownFailures,
    library,
    snapshots::SnapshotFile,
};
use plan::Source;
use report::{ScenarioReport, Snapshot, Status};
use std::path::{Path, PathBuf};
use verdict::Verdict;

/// What makes a status of a verdict.
#[derive(Debug)]
pub(crate) struct Judge {
    /// Of the gateway.
    pub(crate) directory: PathBuf,
    pub(crate) known: KnownFailures,
    /// Nothing is written.
    pub(crate) is_ci: bool,
    /// The gateway is one that the binary carries: it has no snapshots.
    pub(crate) is_carried: bool,
    /// Scenarios from elsewhere get snapshots, too.
    pub(crate) wants_snapshots: bool,
}

impl Judge {
    pub(crate) fn report(&self, done: Done) -> ScenarioReport {
        let source = &done.scenario.plan.source;
        let known = self.known.reason(source).map(|reason| Status::KnownFailure(reason.to_owned()));
        let (status, snapshot) = match &done.ended {
            // what it looked like meanwhile is not what the gateway does
            _ if !done.died.is_empty() => (known.unwrap_or(Status::Failed), Snapshot::None),
            Ended::Judged(seen) => self.status(source, &seen.1),
            Ended::Unclear(_) | Ended::NotRun(_) => return by_itself(done),
        };
        told(done, status, snapshot)
    }

    /// A claim that was seen not to hold is a failure, whatever else could not be told.
    fn status(&self, scenario: &Source, verdict: &Verdict) -> (Status, Snapshot) {
        let status = match (self.known.reason(scenario), verdict.holds()) {
            (Some(reason), true) => Status::UnexpectedPass(reason.to_owned()),
            (Some(reason), false) => Status::KnownFailure(reason.to_owned()),
            (None, _) => of(verdict),
        };
        // what is as expected must also be as it was before; the rest is news enough
        let counts = matches!(status, Status::Held | Status::KnownFailure(_));
        match self.compare(scenario, &verdict.snapshot, counts && !self.is_ci) {
            Err(why) => (Status::Error(why), Snapshot::None),
            Ok(Snapshot::New) if counts => (Status::SnapshotNew, Snapshot::New),
            Ok(Snapshot::Differs(diff)) if counts => (Status::SnapshotDiffers, Snapshot::Differs(diff)),
            Ok(Snapshot::New) => (status, Snapshot::None),
            Ok(snapshot) => (status, snapshot),
        }
    }

    /// Whether a scenario that has no snapshot is to get one.
    pub(crate) fn keeps_snapshot(&self, scenario: &Source) -> bool {
        self.wants_snapshots || !(self.is_carried || library::is_foreign(scenario))
    }

    /// How what was seen compares to the snapshot; if that is wanted, it is proposed where it differs.
    fn compare(&self, scenario: &Source, seen: &str, proposes: bool) -> Result<Snapshot, String> {
        let file = SnapshotFile::new(&self.directory, scenario);
        let compared = file.compare(seen).and_then(|snapshot| {
            let snapshot = match snapshot {
                Snapshot::None if self.keeps_snapshot(scenario) => Snapshot::New,
                other => other,
            };
            match &snapshot {
                Snapshot::Same if proposes => file.withdraw(),
                Snapshot::New | Snapshot::Differs(_) if proposes => drop(file.propose(seen)?),
                _ => {}
            }
            Ok(snapshot)
        });
        compared.map_err(|error| error.to_string())
    }
}

/// What a scenario comes to by itself: held, failed, or error. Nothing is known of the gateway, and no snapshot is looked at.
pub(crate) fn by_itself(done: Done) -> ScenarioReport {
    let status = match &done.ended {
        _ if !done.died.is_empty() => Status::Failed,
        Ended::Unclear(why) => Status::Error(why.clone()),
        Ended::NotRun(why) => Status::Error(format!("not run: {why}")),
        Ended::Judged(seen) => of(&seen.1),
    };
    told(done, status, Snapshot::None)
}

fn of(verdict: &Verdict) -> Status {
    if verdict.holds() {
        Status::Held
    } else if verdict.findings().next().is_some() {
        Status::Failed
    } else {
        Status::Error("something that is claimed was not observed".to_owned())
    }
}

fn told(done: Done, status: Status, snapshot: Snapshot) -> ScenarioReport {
    let Done { scenario, ended, died, took } = done;
    let (evidence, verdict) = match ended {
        Ended::Judged(seen) => {
            let (evidence, verdict) = *seen;
            (Some(evidence), Some(verdict))
        }
        Ended::Unclear(_) | Ended::NotRun(_) => (None, None),
    };
    let (name, title) = (scenario.plan.source.name.clone(), scenario.plan.title.clone());
    let died = died.iter().map(ToString::to_string).collect();
    let file = library::absolute(Path::new(&scenario.plan.source.path));
    ScenarioReport { name, file, title, status, snapshot, died, verdict, evidence, took }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::{Evidence, LookedUp, Observed};
    use std::time::Duration;

    const CLAIM: &str = "title = \"What the DNS says\"\n\
                         [[lookup]]\nlabel = \"one\"\nname = \"a.example\"\ntype = \"TXT\"\nexpect = { rcode = \"NOERROR\" }\n\
                         [[lookup]]\nlabel = \"two\"\nname = \"b.example\"\ntype = \"TXT\"\nexpect = { rcode = \"NOERROR\" }\n";

    fn done(path: &str, seen: [Option<&str>; 2]) -> Done {
        let source = Source { name: path.to_owned(), path: path.to_owned(), text: CLAIM.to_owned() };
        let scenario = scenario::parse(source, &plan::World::default()).unwrap();
        let answer = |rcode: Option<&str>| match rcode {
            Some(rcode) => Observed::Seen(LookedUp {
                rcode: rcode.to_owned(),
                is_authentic: false,
                records: Vec::new(),
                remarks: Vec::new(),
            }),
            None => Observed::Unobserved("nobody answered".to_owned()),
        };
        let evidence = Evidence { lookups: seen.map(answer).into(), ..Evidence::default() };
        let verdict = verdict::judge(&scenario, &evidence);
        let ended = Ended::Judged(Box::new((evidence, verdict)));
        Done { scenario: scenario.into(), ended, died: Vec::new(), took: Duration::ZERO }
    }

    fn judge(gateway: &std::path::Path) -> Judge {
        Judge {
            directory: gateway.to_owned(),
            known: KnownFailures::default(),
            is_ci: false,
            is_carried: false,
            wants_snapshots: false,
        }
    }

    #[test]
    fn a_finding_is_a_failure_whatever_else_is_unclear() {
        let dir = tempfile::tempdir().unwrap();
        let judge = judge(dir.path());
        let of = |seen| judge.report(done("dns/x", seen)).status;
        assert_eq!(of([Some("SERVFAIL"), None]), Status::Failed);
        assert!(matches!(of([Some("NOERROR"), None]), Status::Error(_)));
        assert_eq!(of([Some("NOERROR"), Some("NOERROR")]), Status::SnapshotNew);
    }

    #[test]
    fn a_file_from_elsewhere_holds_without_a_snapshot_and_leaves_nothing_in_the_gateway() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = elsewhere.path().join("../own.toml").display().to_string();
        let path = path.replace("/../", "/x/../");
        let held = || done(&path, [Some("NOERROR"); 2]);
        let mut judge = judge(dir.path());
        let report = judge.report(held());
        assert_eq!((report.status, report.snapshot), (Status::Held, Snapshot::None));
        std::fs::create_dir(elsewhere.path().join("x")).unwrap();
        judge.wants_snapshots = true;
        judge.is_ci = true;
        assert_eq!(judge.report(held()).status, Status::SnapshotNew);
        assert!(!elsewhere.path().join("snapshots").exists(), "CI writes nothing");
        judge.is_ci = false;
        assert_eq!(judge.report(held()).status, Status::SnapshotNew);
        let name = dir.path().file_name().unwrap();
        assert!(elsewhere.path().join("snapshots").join(name).join("own.snap.new").is_file());
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }
}
