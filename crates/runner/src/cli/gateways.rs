//! The commands about a gateway directory.

use super::{GatewayArg, ReportTo};
use clap::{Args, Subcommand};
use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Print every TLS line of a gateway: what it is documented to mean, and what it is seen to do
    Explain(ExplainArgs),
    /// Make a gateway directory of the /etc of a mail server; nothing is connected to
    Import(ImportArgs),
    /// Bring a gateway up and ask its daemons who has a mailbox: prints `[[mailbox]]` tables for its gateway.toml
    Users(UsersArgs),
    /// Run two gateways, or one at two revisions or on two releases, and say what they do otherwise
    Compare(CompareArgs),
    /// Take each line of a gateway's configuration away, or make it weaker, and say which of it no scenario notices
    Mutate(MutateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MutateArgs {
    /// Gateway, as with --gateway
    #[arg(value_name = "NAME|DIR", conflicts_with = "named")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Only these files or lines, such as `postfix/main.cf` or `dovecot.conf:12`: the end of a path below /etc
    #[arg(long, value_name = "FILE[:LINE]")]
    pub(crate) only: Vec<Place>,
    /// Scenarios that may notice: as in `scenario run` [default: the whole library]
    #[arg(long, short, value_name = "NAME|FILE|DIR")]
    pub(crate) scenario: Vec<String>,
    /// Scenarios that run at the same time
    #[arg(long, short, default_value = "16", value_name = "N")]
    pub(crate) jobs: NonZeroUsize,
    /// Begin nothing new after so many minutes
    #[arg(long, value_name = "N")]
    pub(crate) minutes: Option<u32>,
    /// Also write a report: `json=PATH`; `-` is standard output
    #[arg(long = "report", value_name = "json=PATH")]
    pub(crate) reports: Vec<ReportTo>,
}

/// A file of a configuration, or one of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The end of its path.
    file: String,
    /// From 1.
    line: Option<usize>,
}

impl Place {
    /// Whether this line of this file is meant.
    pub(crate) fn is(&self, path: &str, number: usize) -> bool {
        let is_file = path.strip_suffix(&self.file).is_some_and(|before| before.is_empty() || before.ends_with('/'));
        is_file && self.line.is_none_or(|line| line == number)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (file, line) = match text.rsplit_once(':') {
            Some((file, line)) => {
                let number = line.parse().ok().filter(|number| *number > 0);
                (file, Some(number.ok_or_else(|| format!("`{line}` is no number of a line"))?))
            }
            None => (text, None),
        };
        Ok(Self { file: file.to_owned(), line })
    }
}

#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    /// Gateway, as with --gateway
    #[arg(value_name = "NAME|DIR", conflicts_with = "named")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Also write the tables to the end of its gateway.toml, which must have none
    #[arg(long)]
    pub(crate) write: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "write")]
    pub(crate) json: bool,
}

#[derive(Debug, Default, Args)]
pub(crate) struct ImportArgs {
    /// Archive of /etc, as `tar -C / -czf gateway.tar.gz etc` makes it; of a gateway of several hosts one each, that of the border MTA first
    #[arg(value_name = "TAR", required_unless_present = "ssh")]
    pub(crate) archives: Vec<PathBuf>,
    /// What `postconf -n` says there
    #[arg(long, value_name = "FILE")]
    pub(crate) postconf: Option<PathBuf>,
    /// What `doveconf -n` says there
    #[arg(long, value_name = "FILE")]
    pub(crate) doveconf: Option<PathBuf>,
    /// What `dpkg --get-selections` says there
    #[arg(long, value_name = "FILE")]
    pub(crate) selections: Option<PathBuf>,
    /// Zone file of its domain
    #[arg(long, value_name = "FILE")]
    pub(crate) zone: Option<PathBuf>,
    /// What it is to be called [default: its first domain]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Directory that is made [default: its name, in `gateways` if that is here]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Only print the shell command that makes one archive of all of these on a server
    #[arg(long, value_name = "USER@HOST", conflicts_with_all = ["archives", "postconf", "doveconf", "selections", "zone", "name", "to"])]
    pub(crate) ssh: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// A gateway: a name in `gateways`, or a directory; with @REVISION as it is in that revision of its Git repository
    #[arg(value_name = "NAME|DIR[@REVISION]")]
    pub(crate) old: String,
    /// Another one, which is compared with it
    #[arg(value_name = "NAME|DIR[@REVISION]", required_unless_present = "release", conflicts_with = "release")]
    pub(crate) new: Option<String>,
    /// Debian releases on which the one gateway is run, such as bookworm,trixie; each is compared with the one before
    #[arg(long, value_name = "RELEASE,RELEASE", value_delimiter = ',')]
    pub(crate) release: Vec<Release>,
    /// Scenarios that are run: as in `scenario run` [default: the whole library]
    #[arg(long, short, value_name = "NAME|FILE|DIR")]
    pub(crate) scenario: Vec<String>,
    /// Scenarios of a gateway that run at the same time
    #[arg(long, short, default_value = "16", value_name = "N")]
    pub(crate) jobs: NonZeroUsize,
    /// Gateways that run at the same time [default: all, where four processors and memory for them are free; else one]
    #[arg(long, value_name = "N")]
    pub(crate) at_once: Option<NonZeroUsize>,
    /// Also write a report: `json=PATH`; `-` is standard output
    #[arg(long = "report", value_name = "json=PATH")]
    pub(crate) reports: Vec<ReportTo>,
}

/// Name of a Debian release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release(pub(crate) String);

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(format!("`{text}` is no name of a Debian release, such as trixie"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Only these settings, such as `smtpd_tls_protocols`, or `submission/inet/smtpd_tls_ciphers` for that service alone; all that
    /// are about TLS when none is given. A gateway may stand before them, as with --gateway
    #[arg(value_name = "[GATEWAY] SETTING")]
    pub(crate) settings: Vec<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArg,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
