//! What a scenario asks for, as values with the places where they stand in its file. A plan has passed every check;
//! nothing in it can be refused any more.
//!
//! This room knows the words of the RFCs alone (`mail`), so that everybody who acts on a plan may know it.

mod commands;
mod hosts;
mod lookups;
mod message;
mod needs;
mod octets;
mod probes;
mod renames;
mod reports;
mod roles;
mod settings;
mod transactions;
mod transcript;
mod world;
mod zones;

pub use commands::Command;
pub use hosts::*;
pub use lookups::*;
pub use message::*;
pub use needs::{Method, Need, Relation, UnknownNeed, Version};
pub use octets::Octets;
pub use probes::*;
pub use renames::Renames;
pub use reports::*;
pub use roles::{ROLES, Role};
pub use settings::*;
pub use transactions::*;
pub use transcript::*;
pub use world::{Specification, World};
pub use zones::*;

use mail::Domain;
use serde::Serialize;
use std::{net::IpAddr, ops::Range, sync::Arc};

/// The text of a scenario file, kept to show findings in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `SUBJECT/NAME`, without `.toml`.
    pub name: String,
    /// Path as the user named it, for messages.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A value and where it stands in the file, as octet offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// What is made of the value, at the same place.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: make(self.value), span: self.span }
    }
}

/// What one scenario asks for: zones to serve, mail to send, questions to ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The file.
    #[serde(skip)]
    pub source: Arc<Source>,
    /// What is claimed, as one sentence.
    pub title: String,
    /// `RFC 7208 §4.6.4` and the like.
    pub cites: Vec<String>,
    /// The mechanism that it demonstrates.
    pub teaches: Option<String>,
    /// What the gateway must have, as the file says and as follows from what is asked, each once.
    pub needs: Vec<Need>,
    /// Why there is no role of the gateway that the file speaks of, a sentence each.
    pub lacks: Vec<String>,
    /// Whether it runs alone, after all others.
    pub is_alone: bool,
    /// Zones that the pretend Internet has while it runs, parents first.
    pub zones: Vec<Zone>,
    /// Reverse mapping: address and the name of its PTR record (RFC 1035 §3.5).
    pub ptr: Vec<(IpAddr, Domain)>,
    /// Hosts that the harness plays while it runs.
    pub hosts: Vec<Host>,
    /// Settings of the gateway that are changed while it runs, alone.
    pub settings: Settings,
    /// Questions to services of the gateway, in order; asked before mail is sent.
    pub probes: Vec<Probe>,
    /// Questions to the DNS, in order; asked before mail is sent.
    pub lookups: Vec<Lookup>,
    /// TLS reports, in order; asked for after all mail was sent.
    pub reports: Vec<ReportAsked>,
    /// Transactions, in order. There is at least one of transactions, probes, look-ups and changed settings.
    pub transactions: Vec<Transaction>,
}

impl Plan {
    /// Services of the gateway that stand still for a part of it, by their names in gateway.toml; some of them several times.
    pub fn stopped(&self) -> impl Iterator<Item = &str> {
        let changes = self.transactions.iter().filter_map(|transaction| transaction.change.as_ref());
        changes.flat_map(|change| change.stopped.iter().flatten()).map(String::as_str)
    }
}
