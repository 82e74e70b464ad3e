//! The command line.

mod gateways;

pub(crate) use gateways::*;

use crate::{drive::Opinion, order::Order, shard::Shard};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use mail::{Domain, Service};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Test a mail gateway as it is, on a pretend Internet.
#[derive(Debug, Parser)]
#[command(name = "mailproof", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Container engine's address, such as `unix:///run/user/1000/podman/podman.sock` [default: the socket of Docker, else of Podman]
    #[arg(long, env = "DOCKER_HOST", global = true, value_name = "ADDRESS", hide_env_values = true)]
    pub(crate) engine: Option<String>,
    /// Debian package mirror from which images are made
    #[arg(long, env = "MAILPROOF_MIRROR", global = true, value_name = "URL")]
    pub(crate) mirror: Option<String>,
    /// Checkout whose `containers`, `gateways` and `scenarios` are used, for work on Mailproof itself [default: what the program carries]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a repository of your own: mailproof.toml, an example gateway and scenario, workflows for CI
    Init {
        /// Directory to write in; it is made if it is not there
        #[arg(default_value = ".", value_name = "DIR")]
        directory: PathBuf,
    },
    /// Bring the stack up, run scenarios, check every claim, clean up: `scenario run`
    Run(RunArgs),
    /// Work with scenarios
    #[command(subcommand, disable_help_subcommand = true)]
    Scenario(ScenarioCommand),
    /// Work with reports that runs wrote
    #[command(subcommand, disable_help_subcommand = true)]
    Report(ReportCommand),
    /// Work with a stack: the gateways on their pretend Internet
    #[command(subcommand, disable_help_subcommand = true)]
    Stack(StackCommand),
    /// Keep a gateway up, and run scenarios again when its configuration, its zones or they are saved
    Watch(WatchArgs),
    /// Say what a mail service takes of TLS: of a gateway, or of a server of your own
    Probe(ProbeArgs),
    /// Assess a gateway, or a server and zone of your own, as a hosted scanner would: one line a check
    Assess(AssessArgs),
    /// Look up what the DNS says for a domain, as `dig +short` would show it, and say what is wrong with it
    Lookup(LookupArgs),
    /// Work with a gateway directory
    #[command(subcommand, disable_help_subcommand = true)]
    Gateway(GatewayCommand),
    /// Print the JSON Schema of scenario files, or write all schemas and references into a checkout of Mailproof
    Schema {
        /// Write `scenarios/schema.json`, `docs/scenario.md` and those of the other files
        #[arg(long)]
        write: bool,
    },
    /// Measure speed on the real daemons, with ratios
    Bench(BenchArgs),
    /// Print what completes commands in a shell, as for `~/.local/share/bash-completion/completions/mailproof`
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write those of all commands
    Man {
        /// Directory to write them in
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Remove everything of a run from the engine when standard input ends
    #[command(hide = true)]
    Reap {
        /// Id of the run
        run: String,
    },
}

impl Command {
    /// Whether it brings a stack up, and must be reached from there.
    pub(crate) fn has_stack(&self) -> bool {
        match self {
            Self::Run(_) | Self::Watch(_) | Self::Bench(_) => true,
            Self::Scenario(command) => matches!(command, ScenarioCommand::Run(_)),
            Self::Stack(command) => matches!(command, StackCommand::Up { .. }),
            Self::Gateway(command) => !matches!(command, GatewayCommand::Import(_)),
            Self::Probe(args) => !args.target.as_deref().is_some_and(|target| target.contains(':')),
            Self::Assess(args) => args.host.is_none(),
            Self::Init { .. }
            | Self::Lookup(_)
            | Self::Report(_)
            | Self::Schema { .. }
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Reap { .. } => false,
        }
    }
}

/// Which gateway.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct GatewayArg {
    /// Gateway: a name in `gateways`, or a directory [default: the one that mailproof.toml names, else hardened]
    #[arg(long = "gateway", value_name = "NAME|DIR")]
    named: Option<String>,
}

impl GatewayArg {
    /// The word, if there is one.
    pub(crate) fn word(&self) -> Option<&str> {
        self.named.as_deref()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioCommand {
    /// Bring the stack up, run scenarios, check every claim, clean up
    Run(RunArgs),
    /// List scenarios with their titles
    List(ReadArgs),
    /// Say in words what scenarios do and claim
    Describe(ReadArgs),
    /// Read scenario files and report every fault in them
    Check(ReadArgs),
    /// Print the plans as JSON: zones, mail and claims
    Plan(ReadArgs),
    /// Accept the snapshots that the last run proposed
    Accept(AcceptArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Make one report and one exit code of the JSON reports of all parts of a run (`scenario run --shard`), and say if a part is
    /// missing, is there twice, is cut off, or is of another run
    Merge(MergeArgs),
    /// Read aggregate reports of DMARC that others sent you (mail, zip, gzip or XML), and list who sends in the name of your domains and
    /// what the SPF and DKIM of each were worth
    Read(ReadReportsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReadReportsArgs {
    /// Reports, or directories of them, such as a Maildir
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// What the parts wrote by `--report json=FILE`
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Also write a report, as in `scenario run` [default: those of mailproof.toml]
    #[arg(long = "report", value_name = "KIND=PATH")]
    pub(crate) reports: Vec<ReportTo>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Bring a stack up and keep it until Ctrl-C or `stack down`
    Up {
        #[command(flatten)]
        gateway: GatewayArg,
    },
    /// Take down every stack of this engine that `stack up` or `--keep` holds
    Down,
    /// Print the log of a stack that is up
    Logs {
        /// Only this host, such as `mx.gateway.example`
        host: Option<String>,
    },
    /// Remove what dead runs left on the engine
    Prune {
        /// Also these runs, whoever they belong to
        #[arg(value_name = "RUN")]
        runs: Vec<String>,
        /// Also the images; they are built again when they are needed
        #[arg(long)]
        images: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// A server, or a gateway as with --gateway
    #[arg(value_name = "HOST:PORT|NAME|DIR", conflicts_with = "named")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Which service is there: smtp, submission, submissions, imap, imaps, pop3, pop3s or sieve [default: by its port; all of a gateway]
    #[arg(long, value_name = "WORD")]
    pub(crate) service: Option<Service>,
    /// Judge by this profile, such as mozilla-intermediate or ncsc-nl-2025, or by a file of your own
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,
    /// Roots by which certificates are judged, PEM [default: the system's; of a gateway the run's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Name that is asked for; more of them are tried as well
    #[arg(long, value_name = "NAME")]
    pub(crate) sni: Vec<Domain>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    /// Gateway, as with --gateway
    #[arg(value_name = "NAME|DIR", conflicts_with_all = ["host", "named"])]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// A server of your own instead; its usual ports are asked, or this one
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "named")]
    pub(crate) host: Option<String>,
    /// Zone file of your domain
    #[arg(long, value_name = "FILE", requires = "domain")]
    pub(crate) zone: Option<PathBuf>,
    /// Your domain
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<Domain>,
    /// Where its MTA-STS policy is served [default: port 443 of the address that the zone has for mta-sts.DOMAIN]
    #[arg(long, value_name = "HOST[:PORT]", requires = "zone")]
    pub(crate) policy_host: Option<String>,
    /// Selector of a DKIM key to look at
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) selector: Vec<String>,
    /// Profile by which TLS is judged: a name, or a file of your own
    #[arg(long, default_value = "mozilla-intermediate", value_name = "NAME|FILE")]
    pub(crate) profile: String,
    /// Roots by which certificates of --host are judged, PEM [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LookupArgs {
    /// A mail domain, of which everything is looked at; with an underscored label and --type, this name alone
    pub(crate) domain: Domain,
    /// Zone file to look in, instead of asking a server; several for several zones
    #[arg(long = "zone", value_name = "FILE", conflicts_with = "server")]
    pub(crate) zones: Vec<PathBuf>,
    /// Only records of this type, such as MX or TXT
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Selector of a DKIM key to look at; those in zone files are looked at in any case
    #[arg(long = "selector", value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// Server to ask [default: the system's first nameserver]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) server: Option<SocketAddr>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which scenarios.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Selection {
    /// Parts of names in the library (`dmarc`, `spf/pass`), files that end in `.toml`, or directories of them; the whole library when none is given
    #[arg(value_name = "NAME|FILE|DIR")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only of this gateway: a name in `gateways`, or a directory [default: of every gateway in `gateways`]
    #[arg(long, value_name = "NAME|DIR")]
    pub(crate) gateway: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Scenarios that run at the same time
    #[arg(long, short, default_value = "16", value_name = "N")]
    pub(crate) jobs: NonZeroUsize,
    /// Order in which scenarios start: `name`, `reverse`, `shuffle`, or `shuffle=SEED` as a run printed it; but for `name`, those that
    /// must run alone stand among the others
    #[arg(long, default_value = "name", value_name = "ORDER")]
    pub(crate) order: Order,
    /// Also write a report: `json=PATH`, `junit=PATH`, `sarif=PATH`, `code-quality=PATH` (GitLab), where `-` is standard output, or
    /// `github`: annotations [default: those of mailproof.toml]
    #[arg(long = "report", value_name = "KIND=PATH")]
    pub(crate) reports: Vec<ReportTo>,
    /// Run only this part of the scenarios that are chosen, such as 2/5; `report merge` makes one report of all parts
    #[arg(long, value_name = "PART/PARTS", conflicts_with = "baseline")]
    pub(crate) shard: Option<Shard>,
    /// JSON report of an earlier run, by whose times the parts are made equal; the same for all parts
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) times: Option<PathBuf>,
    /// Leave the stack up afterwards, until Ctrl-C or `stack down`, and print how to get in
    #[arg(long)]
    pub(crate) keep: bool,
    /// Whether the harness judges each message for itself, too, and tells where the gateway comes to another result
    #[arg(long, default_value = "on", value_name = "on|off")]
    pub(crate) second_opinion: Opinion,
    /// List everything that the harness adapts in the gateway to be able to test it
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Propose snapshots of scenarios that are not of the library, too: `snapshots/GATEWAY/NAME.snap` beside the file
    #[arg(long)]
    pub(crate) snapshot: bool,
    /// Take what the gateway does today for what is expected: list what fails in its known-failures.toml, and accept all snapshots
    #[arg(long)]
    pub(crate) baseline: bool,
    /// Write nothing: a missing or different snapshot is a failure [set by CI]
    #[arg(long, env = "CI", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) ci: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Scenarios that run at the same time
    #[arg(long, short, default_value = "16", value_name = "N")]
    pub(crate) jobs: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Also measure images from nothing (removes our images first)
    #[arg(long)]
    pub(crate) cold: bool,
    /// The scanner sslyze, if it is not on the PATH under this name
    #[arg(long, env = "MAILPROOF_SSLYZE", default_value = "sslyze", value_name = "PROGRAM")]
    pub(crate) sslyze: String,
    /// Largest number of generated scenarios that are run
    #[arg(long, default_value = "1000", value_name = "N")]
    pub(crate) scenarios: usize,
    /// Only what needs no engine: how reading, scheduling, judging and reporting grow with scenarios, zones with names
    #[arg(long, conflicts_with = "soak")]
    pub(crate) growth: bool,
    /// Only endurance: the library N times on one stack and on N stacks; what differs, and what stays behind
    #[arg(long, value_name = "N")]
    pub(crate) soak: Option<NonZeroUsize>,
    /// Scenarios for --soak: as in `scenario run`
    #[arg(value_name = "NAME|FILE|DIR", requires = "soak")]
    pub(crate) names: Vec<String>,
    /// Also write all numbers as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Compare with what an earlier bench wrote by --json
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
}

/// A kind of report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportTo {
    pub(crate) kind: ReportKind,
    /// None: to standard output, as one that is read there.
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportKind {
    Json,
    Junit,
    Github,
    Sarif,
    CodeQuality,
}

impl ReportTo {
    /// The same, its path from this directory.
    pub(crate) fn below(mut self, directory: &Path) -> Self {
        self.path = self.path.map(|path| if path.as_os_str() == "-" { path } else { directory.join(path) });
        self
    }
}

impl FromStr for ReportTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "github" {
            return Ok(Self { kind: ReportKind::Github, path: None });
        }
        let (kind, path) = text.split_once('=').ok_or("expected `github`, or KIND=PATH, as in junit=report.xml")?;
        let kind = match kind {
            "json" => ReportKind::Json,
            "junit" => ReportKind::Junit,
            "sarif" => ReportKind::Sarif,
            "code-quality" => ReportKind::CodeQuality,
            "github" => return Err("`github` goes to standard output and has no path".into()),
            other => {
                return Err(format!(
                    "`{other}` is no kind of report; expected json, junit, github, sarif or code-quality"
                ));
            }
        };
        if path.is_empty() {
            return Err("the path is empty".into());
        }
        Ok(Self { kind, path: Some(path.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_report_names_its_kind_and_path() {
        let path = Some("a.xml".into());
        assert_eq!("junit=a.xml".parse(), Ok(ReportTo { kind: ReportKind::Junit, path }));
        assert_eq!("github".parse(), Ok(ReportTo { kind: ReportKind::Github, path: None }));
        assert!("github=x".parse::<ReportTo>().is_err() && "sarif=".parse::<ReportTo>().is_err());
        assert!("html".parse::<ReportTo>().is_err());
        assert!("pdf=x".parse::<ReportTo>().unwrap_err().contains("expected json, junit"));
    }
}
