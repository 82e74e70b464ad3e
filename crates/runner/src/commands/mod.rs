//! One file a command.

pub(crate) mod accept;
pub(crate) mod assess;
pub(crate) mod bench;
pub(crate) mod explain;
pub(crate) mod lookup;
pub(crate) mod probe;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod stack;

use crate::{exit::Trouble, place::Place, progress::Progress};
use ::stack::gateway::Gateway;
use plan::World;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) place: Place,
    pub(crate) engine: Option<String>,
    pub(crate) mirror: Option<String>,
    pub(crate) progress: Progress,
}

impl Setting {
    /// How text for people is written to standard output.
    pub(crate) fn style(&self) -> report::Style {
        report::Style { color: supports_color::on(supports_color::Stream::Stdout).is_some(), width: 100 }
    }
}

/// The gateway under test and its well-behaved peer.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) gateway: Gateway,
    pub(crate) peer: Gateway,
}

impl Pair {
    /// Reads both directories.
    pub(crate) fn load(place: &Place, gateway: &str) -> Result<Self, Trouble> {
        Ok(Self { gateway: Gateway::load(&place.gateway(gateway))?, peer: Gateway::load(&place.gateway("peer"))? })
    }

    /// What a scenario may take for given.
    pub(crate) fn world(&self) -> World {
        let both = || [&self.gateway, &self.peer].into_iter();
        World {
            gateway: self.gateway.domains.clone(),
            logins: both().flat_map(|g| g.mailboxes.iter().map(|m| m.address.clone())).collect(),
            reserved: both().flat_map(|g| g.domains.iter().cloned()).collect(),
            addresses: both().flat_map(|g| g.hosts.iter().flat_map(|h| h.public.iter().copied())).collect(),
            profiles: profile::names(),
        }
    }
}
