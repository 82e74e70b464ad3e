//! The stage: the zones and hosts of a file, and what becomes of them from one transaction to the next.

use crate::{
    hosts,
    language::{ChangeTable, HostTable, ZoneTable},
    zones::{self, Declared},
};
use form::{
    Flaw, did_you_mean,
    values::{Line, Named},
};
use mail::Domain;
use plan::{Change, Host, Spanned, World};
use std::ops::Range;

/// Zones and hosts at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Zones as declared.
    bare: Vec<Declared>,
    /// Zones with the addresses of hosts in them, parents first.
    pub(crate) zones: Vec<Declared>,
    pub(crate) hosts: Vec<Host>,
    /// Services of the gateway that stand still.
    stopped: Vec<String>,
}

impl Stage {
    /// The stage as the file sets it.
    pub(crate) fn set(
        zones: Option<Named<Domain, ZoneTable>>,
        hosts: Option<Named<Domain, HostTable>>,
        world: &World,
        file: &str,
        flaws: &mut Vec<Flaw>,
    ) -> Self {
        let bare = zones.map_or_else(Vec::new, |zones| zones::build(zones, world, file, flaws));
        let hosts = hosts.map_or_else(Vec::new, |hosts| hosts::build(hosts, &[], world, flaws));
        for host in &hosts {
            if zones::of(&host.name, &bare).is_none() && !world.reserved.iter().any(|own| host.name.is_within(own)) {
                let flaw = Flaw::new(format!("{} lies in no zone of this file", host.name));
                let parent = host.name.as_str().split_once('.').map_or(host.name.as_str(), |(_, parent)| parent);
                flaws.push(flaw.at(&host.span, "cannot be found").help(format!("declare [zone.\"{parent}\"]")));
            }
        }
        let zones = whole(&bare, &hosts);
        zones::contradictions(&zones, flaws);
        Self { bare, zones, hosts, stopped: Vec::new() }
    }

    /// Puts zones and hosts in the places of those with the same names. A zone that only got other addresses changes
    /// too.
    pub(crate) fn change(&mut self, table: ChangeTable, world: &World, file: &str, flaws: &mut Vec<Flaw>) -> Change {
        let before: Vec<Declared> = self.zones.clone();
        let stopped = table.stopped.map(|names| self.stop(names, flaws));
        let mut zones = table.zone.map_or_else(Vec::new, |zones| zones::build(zones, world, file, flaws));
        let known = self.bare.iter().map(|known| &known.zone.origin);
        zones.retain(|zone| was_declared("zone", &zone.zone.origin, &zone.span, known.clone(), flaws));
        let mut tables = table.host.map(|hosts| hosts.0).unwrap_or_default();
        let known = self.hosts.iter().map(|known| &known.name);
        tables.retain(|(name, _)| was_declared("host", &name.value, &name.span, known.clone(), flaws));
        let is_other = |host: &&Host| !tables.iter().any(|(name, _)| name.value == host.name);
        let others: Vec<Host> = self.hosts.iter().filter(is_other).cloned().collect();
        let hosts = hosts::build(Named(tables), &others, world, flaws);
        for old in &mut self.bare {
            if let Some(new) = zones.iter().find(|new| new.zone.origin == old.zone.origin) {
                old.clone_from(new);
            }
        }
        for old in &mut self.hosts {
            if let Some(new) = hosts.iter().find(|new| new.name == old.name) {
                old.clone_from(new);
            }
        }
        zones::in_order(&mut self.bare);
        self.zones = whole(&self.bare, &self.hosts);
        let mut found = Vec::new();
        zones::contradictions(&self.zones, &mut found);
        // what was wrong before is told already
        found.retain(|flaw| !flaws.contains(flaw));
        flaws.append(&mut found);
        let is_changed = |zone: &&Declared| {
            zones.iter().any(|new| new.zone.origin == zone.zone.origin)
                || !before.iter().any(|old| old.zone == zone.zone)
        };
        let zones = self.zones.iter().filter(is_changed).map(|declared| declared.zone.clone()).collect();
        Change { zones, hosts, stopped }
    }

    /// The services that stand still from now on. Which the gateway has is only known when it runs.
    fn stop(&mut self, names: Spanned<Vec<Line>>, flaws: &mut Vec<Flaw>) -> Vec<String> {
        let mut stopped: Vec<String> = Vec::new();
        for Line(name) in names.value {
            if stopped.contains(&name) {
                let flaw = Flaw::new(format!("{name} is stopped twice")).at(&names.span, "here");
                flaws.push(flaw.help("name it once"));
            } else {
                stopped.push(name);
            }
        }
        if stopped == self.stopped {
            let what = if stopped.is_empty() { "nothing stands still here" } else { "this stands still already" };
            let flaw = Flaw::new("this changes nothing of what runs").at(&names.span, what);
            flaws.push(flaw.help("`stopped` holds until another change says otherwise"));
        }
        self.stopped.clone_from(&stopped);
        stopped
    }
}

/// Zones with the addresses of hosts, each in the deepest zone that its host lies in.
fn whole(bare: &[Declared], hosts: &[Host]) -> Vec<Declared> {
    let mut zones = bare.to_vec();
    for host in hosts {
        let origin = zones::of(&host.name, bare).map(|declared| &declared.zone.origin);
        if let Some(zone) = zones.iter_mut().find(|zone| Some(&zone.zone.origin) == origin) {
            zone.add(host);
        }
    }
    zones
}

fn was_declared<'a>(
    what: &str,
    name: &Domain,
    span: &Range<usize>,
    mut known: impl Iterator<Item = &'a Domain> + Clone,
    flaws: &mut Vec<Flaw>,
) -> bool {
    let names = known.clone().map(Domain::as_str);
    let help = did_you_mean(name.as_str(), names, &format!("Declare [{what}.\"{name}\"] at the top of the file"));
    let is_known = known.any(|known| known == name);
    if !is_known {
        flaws.push(Flaw::new(format!("no {what} {name} to change")).at(span, "not declared in this file").help(help));
    }
    is_known
}
