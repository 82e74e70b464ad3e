//! `bench`: how fast the harness is, against what the same gateway takes without it, measured in the same run.

mod growth;
mod rows;
mod soak;

use self::rows::{number, row};
use super::{CommandContext, Pair, probe::target, run::applicable};
use crate::{
    bring_up::{RunningStack, bring_up},
    cli::{BenchArgs, CompareArgs, GatewayArg, ImportArgs, Selection, WatchArgs},
    conduct::{Done, Ended, RunOptions, conduct},
    drive::{self, Opinion},
    exit::{CommandError, Exit},
    known::KnownFailures,
    library,
    order::Order,
    start::CommandResult,
};
use claims::Scenario;
use container::{Engine, ImageSettings};
use futures_util::{StreamExt, stream};
use mail::Service;
use pki::Anchor;
use plan::{Source, World};
use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    time::{Duration, Instant},
};

const JOBS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");
/// Mails that the bare load generator sends.
const LOAD: usize = 300;

/// Measures and prints; nothing here is a test.
pub(crate) async fn bench(context: &CommandContext, args: BenchArgs) -> CommandResult {
    let (json, earlier) = (args.json.clone(), args.compare.as_deref().map(rows::earlier).transpose()?);
    let exit = measure(context, args).await?;
    rows::close(json.as_deref(), earlier)?;
    Ok(exit)
}

async fn measure(context: &CommandContext, args: BenchArgs) -> CommandResult {
    if let Some(times) = args.soak {
        return soak::soak(context, args.gateway.word(), &args.names, times).await;
    }
    growth::growth(context, args.gateway.word()).await?;
    if args.growth {
        return Ok(Exit::AsExpected);
    }
    if args.cold {
        cold(context, args.gateway.word()).await?;
    }
    let plans = |words: &[String]| -> Result<(Vec<Scenario>, World), CommandError> {
        let world = Pair::load(&context.workspace, args.gateway.word())?.world();
        Ok((library::scenarios(library::find(&context.workspace.scenarios(), words)?, &world)?, world))
    };

    // the first run builds what is missing and is not measured
    bring_up(context, Pair::load(&context.workspace, args.gateway.word())?, true, false).await?.down().await?;
    let begun = Instant::now();
    let running_stack = bring_up(context, Pair::load(&context.workspace, args.gateway.word())?, false, false).await?;
    let up = begun.elapsed();
    run(&running_stack, plans(&["delivery/signed-and-spf".to_owned()])?.0).await?;
    let ran = begun.elapsed();
    running_stack.down().await?;
    row(
        "one scenario, warm",
        begun.elapsed(),
        &format!("up {up:.2?}, run {:.2?}, down {:.2?}", ran - up, begun.elapsed() - ran),
    );

    let running_stack = bring_up(context, Pair::load(&context.workspace, args.gateway.word())?, true, false).await?;
    let (mut library, world) = plans(&[])?;
    let names = library::names(&context.workspace.scenarios())?;
    let known = KnownFailures::load(&context.workspace.gateway(args.gateway.word()), &names)?;
    library.retain(|scenario| known.reason(&scenario.plan.source).is_none());
    let (library, _) = applicable(&running_stack.stack, library).await?;
    let mails: usize = library.iter().map(|scenario| scenario.plan.transactions.len()).sum();
    // the gateway's own processes start during the load, so that both are measured on a warm one
    let bare = load(&running_stack, &world).await?;
    number("bare load generator, 16 at once", bare, "mails a second", "");
    let took = run(&running_stack, library).await?;
    let share = |mails: usize, took: Duration| 100.0 * per_second(mails, took) / bare;
    let of_bare = share(mails, took);
    row("the whole library, 16 jobs", took, &format!("{mails} mails, {of_bare:.0} % of the bare generator's rate"));

    let mut first = None;
    for count in [30, 100, 300, 1000, 3000, 10_000].into_iter().filter(|count| *count <= args.scenarios) {
        let took = run(&running_stack, generate(count, &world)?).await?;
        let each = took.as_secs_f64() / count as f64;
        let ratio = each / *first.get_or_insert(each);
        row(
            &format!("{count} generated scenarios"),
            took,
            &format!("{:.1} ms each, {ratio:.2} of the first", each * 1000.0),
        );
    }
    probes(&running_stack, &args.sslyze).await?;
    imported(&running_stack).await?;
    changes(context, &args.gateway).await?;
    if let Some(peak) = peak_memory() {
        number("peak memory of the harness", peak as f64, "MB", "");
    }
    running_stack.down().await?;
    Ok(Exit::AsExpected)
}

/// What it takes to make a gateway directory of the gateway's own /etc.
async fn imported(running_stack: &RunningStack) -> Result<(), CommandError> {
    let unwritten = |cause: io::Error| CommandError::error(miette::miette!("no directory for archives: {cause}"));
    let scratch = tempfile::tempdir().map_err(unwritten)?;
    let mut args = ImportArgs { to: Some(scratch.path().join("imported")), ..ImportArgs::default() };
    for (host, octets) in running_stack.stack.etc().await? {
        let archive = scratch.path().join(format!("{host}.tar"));
        std::fs::write(&archive, octets).map_err(unwritten)?;
        args.archives.push(archive);
    }
    let begun = Instant::now();
    let (imported, _) = super::import::make(&args)?;
    let (files, questions) = (imported.files.len(), imported.questions.len());
    row("import of its /etc", begun.elapsed(), &format!("{files} files, {questions} questions"));
    Ok(())
}

/// What it takes to see what a change does: by `watch`, from the saved file on, and by `gateway compare`, from nothing.
async fn changes(context: &CommandContext, gateway: &GatewayArg) -> Result<(), CommandError> {
    let scratch = tempfile::tempdir()
        .map_err(|cause| CommandError::error(miette::miette!("no directory for a copy: {cause}")))?;
    let selection = Selection { names: vec!["spf/".to_owned()] };
    let watched = WatchArgs { selection, gateway: gateway.clone(), jobs: JOBS };
    let (took, reload) = super::watch::measure(context, watched, scratch.path()).await?;
    let beyond = took.saturating_sub(reload);
    row("watch, from save to spf verdicts", took, &format!("reload {reload:.2?}, beyond it {beyond:.2?}"));
    let compared = CompareArgs {
        old: context.workspace.gateway(gateway.word()).display().to_string(),
        new: Some(scratch.path().join("watched").display().to_string()),
        release: Vec::new(),
        scenario: vec!["spf/".to_owned()],
        jobs: JOBS,
        at_once: None,
        reports: Vec::new(),
    };
    let begun = Instant::now();
    match super::compare::compare(context, compared).await? {
        Exit::AsExpected => row("compare, spf, two sides", begun.elapsed(), "with bring-up of both"),
        _ => return Err(CommandError::error(miette::miette!("not measured: a copy does otherwise than the gateway"))),
    }
    Ok(())
}

/// Runs plans and says how long that took; what does not hold would make the measurement worthless.
async fn run(running_stack: &RunningStack, plans: Vec<Scenario>) -> Result<Duration, CommandError> {
    let begun = Instant::now();
    let mut wrong = Vec::new();
    let options = RunOptions { jobs: JOBS, opinion: Opinion::On, order: Order::Name, is_enough: None };
    conduct(&running_stack.stack, plans, options, |done: Done| match done.ended {
        Ended::Judged(seen) if seen.1.holds() => {}
        Ended::Judged(_) => wrong.push(format!("{} does not hold", done.scenario.plan.source.name)),
        Ended::Unclear(why) | Ended::NotRun(why) => {
            wrong.push(format!("{}: {why}", done.scenario.plan.source.name));
        }
    })
    .await;
    if wrong.is_empty() {
        return Ok(begun.elapsed());
    }
    Err(CommandError::error(miette::miette!("not measured: {}", wrong.join("; "))))
}

/// The same mail over the same path, without claims: mails a second.
async fn load(running_stack: &RunningStack, world: &World) -> Result<f64, CommandError> {
    let plan = generate(1, world)?.remove(0).plan;
    let published = drive::publish(&running_stack.stack, &plan).await?;
    let begun = Instant::now();
    let sent: Vec<_> = stream::iter(0..LOAD)
        .map(|_| drive::send(&running_stack.stack, &plan, &published))
        .buffer_unordered(JOBS.get())
        .collect()
        .await;
    let took = begun.elapsed();
    sent.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(per_second(LOAD, took))
}

/// Our probe of the gateway's port 25, and how long other scanners take for the same facts, where they are installed.
async fn probes(running_stack: &RunningStack, sslyze: &str) -> Result<(), CommandError> {
    let Some((at, name)) = running_stack.stack.place_of(Service::Smtp) else { return Ok(()) };
    let ours = async || {
        let target = target(&at.ip().to_string(), at.port(), Service::Smtp, &[name.to_string()], Anchor::system());
        probe::survey(&target).await.map_err(|error| CommandError::error(miette::miette!("{error}")))
    };
    // the first one starts the gateway's processes
    ours().await?;
    let begun = Instant::now();
    ours().await?;
    let took = begun.elapsed();
    row("probe of port 25", took, "");
    const TESTSSL: &str = "-p -s -f -E -S --starttls smtp";
    const SSLYZE: &str = "--starttls smtp --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3 --elliptic_curves --certinfo \
                          --compression --reneg --fallback --early_data --resum";
    scanner("testssl.sh", &["testssl.sh", "testssl"], TESTSSL, at, took).await;
    scanner("sslyze", &[sslyze], SSLYZE, at, took).await;
    Ok(())
}

/// How long a scanner takes, under the first of its names that is installed.
async fn scanner(called: &str, names: &[&str], words: &str, at: SocketAddr, ours: Duration) {
    let at = at.to_string();
    let words: Vec<&str> = words.split_whitespace().chain([at.as_str()]).collect();
    for name in names {
        let begun = Instant::now();
        match container::run_quietly(name, &words).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => println!("{called:<32} not measured: {error}"),
            Ok(status) => {
                let took = begun.elapsed();
                row(called, took, &format!("{:.1} times ours; {status}", took.as_secs_f64() / ours.as_secs_f64()));
            }
        }
        return;
    }
    println!("{called:<32} not installed");
}

/// Scenarios that differ in their names alone.
fn generate(count: usize, world: &World) -> Result<Vec<Scenario>, CommandError> {
    let sources =
        (0..count).map(|n| Source { name: format!("generated/{n}"), path: format!("generated/{n}"), text: text(n) });
    Ok(library::scenarios(sources.collect(), world)?)
}

fn text(number: usize) -> String {
    format!(
        r#"title = "A signed mail is delivered"
[zone."bank{number}.example"]
spf = "v=spf1 ip4:192.0.2.10 -all"
dmarc = "v=DMARC1; p=reject"
dkim.s1 = {{ algorithm = "ed25519-sha256" }}
[[transaction]]
client = {{ ip = "192.0.2.10", ehlo = "mail.bank{number}.example", tls = "starttls" }}
mail-from = "billing@bank{number}.example"
rcpt-to = ["{{alice}}"]
sign = [{{ domain = "bank{number}.example", selector = "s1" }}]
message = """
From: billing@bank{number}.example
To: {{alice}}
Subject: Your invoice

Pay here.
"""
[transaction.expect]
spf = "pass"
dmarc = "pass"
outcome = {{ delivered = "INBOX" }}
"#
    )
}

/// Images from nothing but the package mirror and its cache.
async fn cold(context: &CommandContext, gateway: Option<&str>) -> Result<(), CommandError> {
    let engine = Engine::connect(&context.engine).await?;
    engine.remove_images().await?;
    let images = ImageSettings { mirror: context.mirror.clone(), cache: context.workspace.cache() };
    let pair = Pair::load(&context.workspace, gateway)?;
    let begun = Instant::now();
    let say = |what: &str| context.progress.detail(what);
    stack::build_images(&engine, &context.workspace.containers(), &images, &[&pair.gateway, &pair.peer], &say).await?;
    row("images, cold", begun.elapsed(), "base, internet, hosts of both gateways");
    Ok(())
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// The most memory that this process has had, in MB.
fn peak_memory() -> Option<u64> {
    memory("VmHWM:").map(|memory| memory / 1024)
}

/// A line of proc(5), in kB.
fn memory(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
