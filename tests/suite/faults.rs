//! What happens when the world misbehaves: each ends in a clear error, and nothing is left on the engine.

use crate::{Failed, Said, Trial, diagnostics::copy_of, docker, mailproof, root, run, said, scratch, trial};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("faults::no_engine", no_engine),
        trial("faults::no_permission_on_the_socket", no_permission_on_the_socket),
        trial("faults::an_engine_that_dies", an_engine_that_dies),
        trial("faults::a_wrong_password_is_told_before_anything_runs", a_wrong_password_is_told_before_anything_runs),
        trial("faults::a_postfix_that_does_not_start_shows_its_log", a_postfix_that_does_not_start_shows_its_log),
        trial("faults::a_filter_killed_in_mid_run_is_started_again", a_filter_killed_in_mid_run_is_started_again),
        trial(
            "faults::a_filter_that_its_unit_does_not_start_again_is_started_by_the_harness",
            a_filter_that_its_unit_does_not_start_again_is_started_by_the_harness,
        ),
        trial("faults::a_filter_that_does_not_come_back_ends_the_run", a_filter_that_does_not_come_back_ends_the_run),
        trial("faults::a_filter_that_a_message_kills_is_started_again", a_filter_that_a_message_kills_is_started_again),
        trial(
            "faults::a_filter_that_a_message_kills_for_good_is_started_by_the_harness",
            a_filter_that_a_message_kills_for_good_is_started_by_the_harness,
        ),
        trial(
            "faults::mail_that_came_through_since_a_milter_is_dead_says_so",
            mail_that_came_through_since_a_milter_is_dead_says_so,
        ),
        trial("faults::ctrl_c_cleans_up", ctrl_c_cleans_up),
        trial("faults::sigkill_leaves_nothing", sigkill_leaves_nothing),
        trial("faults::no_disk_for_a_report", no_disk_for_a_report),
    ]
}

fn a_wrong_password_is_told_before_anything_runs() -> Result<(), Failed> {
    let copy = copy_of("hardened", "wrong-password")?;
    let file = copy.join("gateway.toml");
    fs::write(&file, fs::read_to_string(&file)?.replace("bob-secret", "bobs-secret"))?;
    let ran = run(&["scenario", "run", "spf/pass", "spf/fail", "--gateway", &copy.display().to_string()])?;
    ran.must(
        4,
        &[
            "refuses LOGIN of bob@gateway.example",
            "is this login in gateway.toml",
            "the end of the log of store.gateway.example",
        ],
    )?;
    let told = "refuses LOGIN of bob@gateway.example";
    let shown = ran.out.matches(told).count() + ran.err.matches(told).count();
    if shown == 1 && !ran.err.contains("spf/pass") { Ok(()) } else { Err(format!("{}{}", ran.out, ran.err).into()) }
}

fn no_engine() -> Result<(), Failed> {
    let gone = scratch("no-engine")?.join("no.sock");
    let engine = format!("unix://{}", gone.display());
    run(&["scenario", "run", "spf/pass", "--engine", &engine])?.must(4, &["no.sock", "help"])
}

fn no_permission_on_the_socket() -> Result<(), Failed> {
    // as root every mode is a permission: a user namespace of its own is needed to have none
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    let socket = directory.path().join("engine.sock");
    let _listener = UnixListener::bind(&socket)?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o000))?;
    let engine = format!("unix://{}", socket.display());
    let is_root = fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)?;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]);
        // the checkout may lie where only root comes
        let binary = directory.path().join("mailproof");
        fs::copy(env!("CARGO_BIN_EXE_mailproof"), &binary)?;
        command.arg(binary);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_mailproof"))
    };
    let cache = directory.path().join("cache");
    fs::create_dir(&cache)?;
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777))?;
    command.args(["stack", "prune", "--engine", &engine]).current_dir("/");
    command.env("NO_COLOR", "1").env("XDG_CACHE_HOME", &cache);
    said(command.output()?).must(4, &["permission", "help"])
}

/// An engine behind a door of our own that is shut in mid-run.
fn an_engine_that_dies() -> Result<(), Failed> {
    // the path of a socket has at most 107 octets, fewer than that of some checkouts
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("engine.sock");
    let door = Door::open(&socket)?;
    let engine = format!("unix://{}", socket.display());
    let mut running = start(&["scenario", "run", "--engine", &engine])?;
    wait_for(&mut running, "✓", || door.shut())?;
    let ended = running.end(Duration::from_secs(120))?;
    // what could not be told is an error; what is left, the reaper could not remove through the shut door either
    run(&["stack", "prune"])?.must(0, &[])?;
    ended.must(4, &["engine"])?;
    nothing_is_left(&running.run)
}

fn a_postfix_that_does_not_start_shows_its_log() -> Result<(), Failed> {
    let copy = copy_of("hardened", "broken-postfix")?;
    let file = copy.join("postfix/main.cf");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("{text}\ninet_interfaces = 198.51.100.99\n"))?;
    let gateway = copy.display().to_string();
    run(&["scenario", "run", "spf/pass", "--gateway", &gateway])?.must(4, &["postfix", "198.51.100.99"])
}

/// A few scenarios, one after the other.
const FEW: [&str; 8] = [
    "scenario",
    "run",
    "delivery/spf-only",
    "dkim/rsa-pass",
    "dmarc/strict-alignment",
    "spf/fail",
    "spf/pass",
    "--jobs=1",
];

/// Debian's unit of OpenDMARC has `Restart=on-failure`.
fn a_filter_killed_in_mid_run_is_started_again() -> Result<(), Failed> {
    let ended = kill_opendmarc(&FEW)?;
    if ended.out.contains("not run") || ended.err.contains("not run") {
        return Err("the run did not go on".into());
    }
    // none of them does it again
    let died = "opendmarc ended with exit 137 (SIGKILL) and was started again";
    ended.must(4, &[died, "with no scenario that makes them end again", "5 held"])
}

fn a_filter_that_its_unit_does_not_start_again_is_started_by_the_harness() -> Result<(), Failed> {
    let gateway = with_opendmarc("no-restart", "hardened", "command = [\"opendmarc\", \"-f\"]\nrestart = \"no\"")?;
    let ended = kill_opendmarc(&[&FEW[..], &["--gateway", &gateway]].concat())?;
    if ended.out.contains("not run") || ended.err.contains("not run") {
        return Err("the run did not go on".into());
    }
    let died = format!("opendmarc ended with exit 137 (SIGKILL) and {REVIVED}");
    ended.must(4, &[&died, "with no scenario that makes them end again", "5 scenarios: 5 with a new snapshot"])
}

fn a_filter_that_does_not_come_back_ends_the_run() -> Result<(), Failed> {
    let once = "command = [\"sh\", \"-c\", \"mkdir /run/once && exec opendmarc -f\"]\nrestart = \"no\"";
    let gateway = with_opendmarc("no-return", "hardened", once)?;
    let ended = kill_opendmarc(&[&FEW[..], &["--gateway", &gateway]].concat())?;
    ended.must(4, &["opendmarc ended with exit 137 (SIGKILL)", "not run"])
}

/// What is said of a service that its unit does not start again.
const REVIVED: &str = "was not started again by its unit; the harness started it to go on";

/// A copy of a shipped gateway with other lines for the command of OpenDMARC.
fn with_opendmarc(name: &str, of: &str, lines: &str) -> Result<String, Failed> {
    let copy = copy_of(of, name)?;
    let file = copy.join("gateway.toml");
    let text = fs::read_to_string(&file)?;
    let command = text.lines().find(|line| line.starts_with("command = [\"opendmarc\"")).ok_or("no OpenDMARC")?;
    let lines = lines.replace("COMMAND", command);
    fs::write(&file, text.replace(command, &lines))?;
    Ok(copy.display().to_string())
}

/// An ARC-Seal without an instance, behind an ARC-Authentication-Results: OpenDMARC 1.4.2 does not survive it.
fn killer(name: &str) -> Result<String, Failed> {
    let file = scratch(name)?.join("seal.toml");
    let killer =
        fs::read_to_string(root().join("scenarios/spf/pass.toml"))?.replace("spf-pass.example", "seal.example");
    let seal = "ARC-Authentication-Results: i=1; x.example; spf=pass smtp.mailfrom=a@x.example\n\
                ARC-Seal: a=rsa-sha256; cv=none; d=x.example; s=s; b=AA==\nFrom:";
    fs::write(&file, killer.replace("From:", seal))?;
    Ok(file.display().to_string())
}

fn a_filter_that_a_message_kills_is_started_again() -> Result<(), Failed> {
    let file = killer("killed-by-mail")?;
    // among others, of which each gets its own verdict
    let words =
        ["scenario", "run", &file, "delivery/signed-and-spf", "spf/fail", "spf/pass", "--gateway", "debian-stock"];
    let ended = run(&words)?;
    let died = ["opendmarc ended with exit 134 (SIGABRT) and was started again", "Assertion `instance > 0' failed"];
    ended.must(1, &[&died[..], &["1 failed"]].concat())?;
    if ended.out.matches("Assertion").count() > 2 || ended.out.contains("in error") {
        return Err(format!("it is told too often, or of others:\n{}", ended.out).into());
    }
    Ok(())
}

/// It is the failure of the scenario that did it, and the others get their verdicts.
fn a_filter_that_a_message_kills_for_good_is_started_by_the_harness() -> Result<(), Failed> {
    let file = killer("killed-for-good")?;
    let gateway = with_opendmarc("killed-for-good-gateway", "debian-stock", "COMMAND\nrestart = \"no\"")?;
    let words = ["scenario", "run", &file, "delivery/signed-and-spf", "spf/fail", "spf/pass", "--gateway", &gateway];
    let ended = run(&words)?;
    let died = format!("opendmarc ended with exit 134 (SIGABRT) and {REVIVED}");
    ended.must(1, &[&died, "Assertion `instance > 0' failed", "1 failed"])?;
    if ended.out.contains("not run") || ended.out.contains("in error") {
        return Err(format!("the run did not go on:\n{}", ended.out).into());
    }
    Ok(())
}

/// A filter that stands still, and `milter_default_action = accept`; and a service that this gateway does not have.
fn mail_that_came_through_since_a_milter_is_dead_says_so() -> Result<(), Failed> {
    let directory = scratch("dead-milter")?;
    // what serves is the child of what was started, and has to stop too
    let lines = "command = [\"sh\", \"-c\", \"opendmarc -f; exit $?\"]";
    let gateway = with_opendmarc("dead-milter-gateway", "documented-2018", lines)?;
    let text = fs::read_to_string(root().join("scenarios/outage/opendmarc-stopped.toml"))?;
    let [dead, unknown, report] =
        ["dead.toml", "unknown.toml", "report.json"].map(|name| directory.join(name).display().to_string());
    fs::write(&dead, &text)?;
    fs::write(&unknown, text.replace("[\"opendmarc\"]", "[\"rspamd\"]"))?;
    let report_at = format!("json={report}");
    let words = ["scenario", "run", &dead, &unknown, "spf/pass", "--gateway", &gateway, "--report", &report_at];
    run(&words)?.must(1, &["1 failed", "1 not applicable"])?;
    let report = fs::read_to_string(report)?;
    for said in [
        "the milter local:/opendmarc/opendmarc.sock could not be reached (",
        "and the message was let through without it by milter_default_action",
        "mx.gateway.example postfix/smtpd: warning: connect to Milter service local:/opendmarc/opendmarc.sock: ",
        "milter_default_action = accept",
        "it has no service rspamd that could be stopped; it has opendkim, opendmarc, postfix, dovecot",
    ] {
        if !report.contains(said) {
            return Err(format!("`{said}` is not in the report:\n{report}").into());
        }
    }
    Ok(())
}

/// Kills OpenDMARC on all hosts of a run after its first result.
fn kill_opendmarc(words: &[&str]) -> Result<Said, Failed> {
    let mut running = start(words)?;
    wait_for(&mut running, FEW[2], || Ok(()))?;
    let hosts = docker(&["ps", "--quiet", "--filter", &format!("label=mailproof.run={}", running.run)])?;
    for host in hosts.lines() {
        let _ = docker(&["exec", host, "pkill", "-KILL", "opendmarc"]);
    }
    running.end(Duration::from_secs(120))
}

fn ctrl_c_cleans_up() -> Result<(), Failed> {
    let mut running = start(&["scenario", "run", "--jobs", "1"])?;
    wait_for(&mut running, "✓", || Ok(()))?;
    signal(running.child.id(), "INT")?;
    running.end(Duration::from_secs(30))?.must(130, &["interrupted"])?;
    nothing_is_left(&running.run)
}

fn sigkill_leaves_nothing() -> Result<(), Failed> {
    let mut running = start(&["scenario", "run", "--jobs", "1"])?;
    wait_for(&mut running, "✓", || Ok(()))?;
    signal(running.child.id(), "KILL")?;
    running.end(Duration::from_secs(30))?;
    nothing_is_left(&running.run)
}

fn no_disk_for_a_report() -> Result<(), Failed> {
    run(&["scenario", "run", "spf/pass", "--report", "json=/dev/full"])?.must(4, &["/dev/full", "space"])
}

/// A run under way.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: BufReader<std::process::ChildStdout>,
    /// Id of the run, from its first line of progress.
    pub(crate) run: String,
    pub(crate) said: String,
}

pub(crate) fn start(words: &[&str]) -> Result<Running, Failed> {
    let mut child = mailproof(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let out = BufReader::new(child.stdout.take().ok_or("no output")?);
    Ok(Running { child, out, run: String::new(), said: String::new() })
}

/// Reads results until one has the word, and then does something.
pub(crate) fn wait_for(
    running: &mut Running,
    word: &str,
    then: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut line = String::new();
    while running.out.read_line(&mut line)? > 0 {
        if let Some(run) = line.strip_prefix("run ").and_then(|l| l.split_whitespace().next()) {
            running.run = run.trim_end_matches(':').to_owned();
        }
        running.said.push_str(&line);
        if line.contains(word) {
            return then();
        }
        line.clear();
    }
    Err(format!("it ended without `{word}`:\n{}", running.said).into())
}

impl Running {
    pub(crate) fn end(&mut self, limit: Duration) -> Result<Said, Failed> {
        let deadline = Instant::now() + limit;
        let mut err = self.child.stderr.take().ok_or("no error output")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = std::io::Read::read_to_string(&mut err, &mut text);
            text
        });
        std::io::Read::read_to_string(&mut self.out, &mut self.said)?;
        let status = self.child.wait()?;
        if Instant::now() > deadline {
            return Err("it took too long to end".into());
        }
        let err = reader.join().map_err(|_| "the reader died")?;
        Ok(Said { code: status.code(), out: self.said.clone(), err })
    }
}

pub(crate) fn signal(process: u32, name: &str) -> Result<(), Failed> {
    Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status()?;
    Ok(())
}

/// Waits until the engine has nothing with the run's label, at most 30 s.
pub(crate) fn nothing_is_left(run: &str) -> Result<(), Failed> {
    let label = format!("label=mailproof.run={run}");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let left = docker(&["ps", "--all", "--quiet", "--filter", &label])?
            + &docker(&["network", "ls", "--quiet", "--filter", &label])?;
        if left.trim().is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("left on the engine: {left}").into());
        }
        std::thread::yield_now();
    }
}

/// A relay in front of the engine's socket.
struct Door {
    is_shut: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Door {
    fn open(socket: &std::path::Path) -> Result<Self, Failed> {
        let listener = UnixListener::bind(socket)?;
        let is_shut = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let shut = is_shut.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shut.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                relay(stream, &shut);
            }
        });
        Ok(Self { is_shut })
    }

    fn shut(&self) -> Result<(), Failed> {
        self.is_shut.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }
}

/// Copies both ways, each in a thread, until either end closes or the door is shut.
fn relay(client: std::os::unix::net::UnixStream, shut: &std::sync::Arc<std::sync::atomic::AtomicBool>) {
    let Ok(engine) = std::os::unix::net::UnixStream::connect("/var/run/docker.sock") else { return };
    for (from, to) in [(&client, &engine), (&engine, &client)] {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let shut = shut.clone();
        let _ = from.set_read_timeout(Some(Duration::from_millis(100)));
        std::thread::spawn(move || {
            let mut piece = [0; 16384];
            loop {
                if shut.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
                match std::io::Read::read(&mut from, &mut piece) {
                    Ok(0) => break,
                    Ok(size) => {
                        if std::io::Write::write_all(&mut to, &piece[..size]).is_err() {
                            break;
                        }
                    }
                    Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
                    Err(_) => break,
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Both);
            let _ = from.shutdown(std::net::Shutdown::Both);
        });
    }
}
