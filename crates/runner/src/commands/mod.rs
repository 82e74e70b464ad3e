//! One file a command.

pub(crate) mod accept;
pub(crate) mod aggregate;
pub(crate) mod assess;
pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod lookup;
pub(crate) mod merge;
pub(crate) mod mutate;
pub(crate) mod pages;
pub(crate) mod probe;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod stack;
pub(crate) mod users;
pub(crate) mod watch;

use crate::{exit::CommandError, progress::Progress, workspace::Workspace};
use ::stack::gateway::{Gateway, UserRole};
use plan::World;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct CommandContext {
    pub(crate) workspace: Workspace,
    /// The words before a command's.
    pub(crate) program: &'static str,
    pub(crate) engine: String,
    pub(crate) mirror: Option<String>,
    pub(crate) progress: Progress,
}

impl CommandContext {
    /// How text for people is written to standard output.
    pub(crate) fn style(&self) -> report::Style {
        report::Style {
            color: supports_color::on(supports_color::Stream::Stdout).is_some(),
            width: 100,
            program: self.program,
        }
    }
}

/// The gateway under test and its well-behaved peer.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) gateway: Gateway,
    pub(crate) peer: Gateway,
}

impl Pair {
    /// Reads both directories; without a word that of the gateway which `mailproof.toml` names.
    pub(crate) fn load(workspace: &Workspace, gateway: Option<&str>) -> Result<Self, CommandError> {
        Ok(Self {
            gateway: Gateway::load(&workspace.gateway(gateway))?,
            peer: Gateway::load(&workspace.shipped("peer"))?,
        })
    }

    /// What a scenario may take for given.
    pub(crate) fn world(&self) -> World {
        let both = || [&self.gateway, &self.peer].into_iter();
        let user = |role| self.gateway.user(role).map(|mailbox| mailbox.address.clone());
        World {
            gateway: self.gateway.domains.clone(),
            alice: user(UserRole::Alice),
            bob: user(UserRole::Bob),
            mx: self.gateway.border().map(|(host, ip)| (host.name.clone(), ip)),
            authserv_id: self.gateway.authserv_id.clone(),
            logins: both().flat_map(|g| g.mailboxes.iter().map(|m| m.address.clone())).collect(),
            reserved: both().flat_map(|g| g.domains.iter().cloned()).collect(),
            addresses: both().flat_map(|g| g.hosts.iter().flat_map(|h| h.public.iter().copied())).collect(),
            profiles: profile::names(),
            follows: self.gateway.follows.clone(),
        }
    }
}
