//! How time and memory grow with what there is to do, without a gateway: scenarios, names of a zone, files of a library.

use super::{
    generate, peak_memory,
    rows::{number, row},
};
use crate::{
    commands::CommandContext,
    commands::Pair,
    exit::CommandError,
    library,
    schedule::{AloneTurn, NameLocks, Schedule},
};
use dns::{Server, ZoneData};
use evidence::{Evidence, Observed};
use plan::{Dnssec, World};
use report::{Identity, Places, RunReport, ScenarioReport, Snapshot, Status};
use std::{
    collections::VecDeque,
    fmt::Write,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::{Duration, Instant},
};

/// Generated scenarios: a few, and many.
const SCENARIOS: [usize; 2] = [1_000, 10_000];
/// Names of a zone.
const NAMES: [usize; 2] = [10_000, 100_000];
/// Files of a library.
const FILES: usize = 2_000;
const AT_ONCE: usize = 16;

/// Measures all of it.
pub(crate) async fn growth(context: &CommandContext, gateway: Option<&str>) -> Result<(), CommandError> {
    let world = Pair::load(&context.workspace, gateway)?.world();
    let mut each = Growth::default();
    for count in SCENARIOS {
        scenarios(count, &world, &mut each)?;
    }
    if let Some(peak) = peak_memory() {
        number("peak memory, generated scenarios", peak as f64, "MB", "");
    }
    let mut each = Growth::default();
    for count in NAMES {
        names(count, &mut each).await?;
    }
    files(context, &world)
}

/// The first time of each kind, by which later ones are compared.
#[derive(Debug, Default)]
struct Growth(Vec<(&'static str, f64)>);

impl Growth {
    /// A row: the time, that of each piece, and how it compares to that of the first.
    fn row(&mut self, what: &'static str, count: usize, of: &str, took: Duration) {
        let each = took.as_secs_f64() / count as f64;
        let first = match self.0.iter().find(|(other, _)| *other == what) {
            Some((_, first)) => *first,
            None => {
                self.0.push((what, each));
                each
            }
        };
        let more = format!("{:.1} µs each, {:.2} of the first", each * 1e6, each / first);
        row(&format!("{what} {count} {of}"), took, &more);
    }
}

fn scenarios(count: usize, world: &World, growth: &mut Growth) -> Result<(), CommandError> {
    let begun = Instant::now();
    let scenarios = generate(count, world)?;
    growth.row("read", count, "scenarios", begun.elapsed());

    let begun = Instant::now();
    let work = scenarios.iter().map(|scenario| (NameLocks::of(&scenario.plan), scenario));
    let mut schedule = Schedule::new(work, AloneTurn::Last);
    let (mut running, mut ran) = (VecDeque::new(), 0);
    loop {
        while running.len() < AT_ONCE
            && let Some((locks, _)) = schedule.start()
        {
            running.push_back(locks);
        }
        let Some(locks) = running.pop_front() else { break };
        schedule.done(&locks);
        ran += 1;
    }
    growth.row("schedule", count, "scenarios", begun.elapsed());
    assert_eq!(ran, count, "the schedule forgets a scenario");

    // nothing was observed: every claim is told as unclear, which makes the longest reports
    let begun = Instant::now();
    let reports = scenarios.into_iter().map(|scenario| {
        let evidence = Evidence::default();
        ScenarioReport {
            verdict: Some(verdict::judge(&scenario, &evidence)),
            evidence: Some(evidence),
            name: scenario.plan.source.name.clone(),
            file: scenario.plan.source.path.clone().into(),
            title: scenario.plan.title,
            status: Status::Error("nothing was observed".to_owned()),
            snapshot: Snapshot::None,
            died: Vec::new(),
            took: Duration::ZERO,
        }
    });
    let run = RunReport {
        gateway: "generated".to_owned(),
        adaptations: Vec::new(),
        scenarios: reports.collect(),
        died: Vec::new(),
        strays: Observed::Seen(Vec::new()),
        left_out: Vec::new(),
        took: Duration::ZERO,
        identity: Identity::default(),
        shard: None,
        incomplete: Vec::new(),
        is_ci: true,
    };
    growth.row("judge", count, "scenarios", begun.elapsed());
    if let Some(memory) = super::memory("VmRSS:") {
        number(&format!("memory, {count} judged"), memory as f64 / 1024.0, "MB", "before reports");
    }
    report_on(&run, count, growth);
    Ok(())
}

/// Each kind of report alone.
fn report_on(run: &RunReport, count: usize, growth: &mut Growth) {
    let style = report::Style { color: false, width: 100, program: "mailproof" };
    let places = Places { repository: Path::new("/"), gateway: Path::new("/gateway") };
    let mut of = |what, report: &dyn Fn() -> String| {
        let begun = Instant::now();
        let octets = report().len();
        let took = begun.elapsed();
        assert!(octets > 0, "an empty report");
        growth.row(what, count, "scenarios", took);
    };
    of("report: summary,", &|| report::summary(run, &style));
    of("report: json,", &|| report::json(run, places));
    of("report: junit,", &|| report::junit(run, &style));
    of("report: sarif,", &|| report::sarif(run, places));
}

/// A zone, published and asked.
async fn names(count: usize, growth: &mut Growth) -> Result<(), CommandError> {
    let fault = |error: dns::DnsError| CommandError::error(miette::miette!("{error}"));
    let mut records = String::new();
    for name in 0..count {
        let _ = writeln!(records, "host{name} A 192.0.2.{}", name % 254 + 1);
    }
    let origin: mail::Domain = "big.example".parse().expect("it is a domain");
    let server = Server::start(IpAddr::V4(Ipv4Addr::LOCALHOST)).await.map_err(fault)?;
    let begun = Instant::now();
    let zone = ZoneData { origin, records, dnssec: Dnssec::Signed, faults: Vec::new() };
    let lease = server.publish(vec![zone]).map_err(fault)?;
    growth.row("publish", count, "names", begun.elapsed());
    let begun = Instant::now();
    let asked = 500;
    for number in 0..asked {
        let name = format!("host{}.big.example", number * (count / asked)).parse().expect("it is a domain");
        let found = dns::lookup(server.address(), &name, "A").await.map_err(fault)?;
        if found.records.is_empty() {
            return Err(CommandError::error(miette::miette!("not measured: {name} is not found")));
        }
    }
    growth.row("ask a large zone for", asked, &format!("names of {count}"), begun.elapsed());
    drop(lease);
    Ok(())
}

/// A library as large as this one's files make it, each as often as it takes.
fn files(context: &CommandContext, world: &World) -> Result<(), CommandError> {
    let fault = |cause: std::io::Error| CommandError::error(miette::miette!("no library of copies: {cause}"));
    let ours = library::find(&context.workspace.scenarios(), &[])?;
    let scratch = tempfile::tempdir().map_err(fault)?;
    for (number, source) in ours.iter().cycle().take(FILES).enumerate() {
        let directory = scratch.path().join(format!("{}", number / ours.len()));
        let path = directory.join(format!("{}.toml", source.name));
        fs::create_dir_all(path.parent().unwrap_or(&directory)).map_err(fault)?;
        fs::write(path, &source.text).map_err(fault)?;
    }
    let copies = library::Library { directory: scratch.path().to_owned(), own: Vec::new() };
    let begun = Instant::now();
    let found = library::find(&copies, &[])?;
    let read = begun.elapsed();
    let scenarios = library::scenarios(found, world)?;
    row(
        &format!("a library of {} files", scenarios.len()),
        begun.elapsed(),
        &format!("of it {read:.2?} to find and load them"),
    );
    Ok(())
}
