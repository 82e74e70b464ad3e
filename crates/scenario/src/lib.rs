//! Scenario files: text becomes a [`Plan`], or every fault of it at once, each with its place.
//!
//! The language is declared once, in `language`; the reader, the JSON Schema ([`schema`]) and the reference
//! ([`reference`]) are made from that. This room knows no file: text comes in, values go out.

mod ciphers;
mod claims;
mod faults;
mod form;
mod hosts;
mod language;
mod plan;
mod position;
mod questions;
mod records;
mod reference;
mod rfcs;
mod schema;
mod seams;
mod stage;
mod transactions;
mod values;
mod words;
mod zones;

pub use faults::{Faults, Flaw};
pub use plan::*;
pub use reference::reference;
pub use schema::schema;
pub use seams::*;

use form::{Form, Node};
use language::ScenarioTable;
use mail::{Address, Domain};
use stage::Stage;
use std::{collections::BTreeMap, net::IpAddr, ops::Range, sync::Arc};
use toml::de::{DeTable, DeValue};

/// What surrounds a scenario: the gateways, which it does not declare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// Domains for which the gateway under test receives mail.
    pub gateway: Vec<Domain>,
    /// Everyone who can log in at a submission service.
    pub logins: Vec<Address>,
    /// Zones that the ADMDs own; a scenario may not declare them, nor anything below or above them.
    pub reserved: Vec<Domain>,
    /// Public addresses of the ADMDs' hosts, and of the harness's own users; no host of a scenario may have them.
    pub addresses: Vec<IpAddr>,
    /// Names of the profiles that a probe can be judged by.
    pub profiles: Vec<String>,
}

impl World {
    /// Domains of the gateways.
    fn owned(&self) -> impl Iterator<Item = &Domain> {
        self.gateway.iter().chain(&self.reserved).chain(self.logins.iter().map(Address::domain))
    }
}

/// Reads a scenario.
///
/// # Errors
/// Every fault of the file at once; a fault of TOML's own syntax hides all others.
///
/// # Panics
/// If a file without a fault makes no plan, which is a bug of this room.
pub fn parse(source: Source, world: &World) -> Result<Plan, Faults> {
    let mut flaws = Vec::new();
    let source = Arc::new(source);
    let plan = match DeTable::parse(&source.text) {
        Ok(table) => build(&table, &source, world, &mut flaws),
        Err(error) => {
            flaws.push(syntax(&error, &source.text));
            None
        }
    };
    if flaws.is_empty() {
        Ok(plan.expect("a scenario without flaws makes a plan"))
    } else {
        Err(Faults::new(Arc::unwrap_or_clone(source), flaws))
    }
}

fn syntax(error: &toml::de::Error, text: &str) -> Flaw {
    let span = error.span().unwrap_or(text.len()..text.len());
    Flaw::new(format!("this is no TOML: {}", error.message().trim_end())).at(&span, "here")
}

fn build(
    table: &toml::Spanned<DeTable<'_>>,
    source: &Arc<Source>,
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> Option<Plan> {
    let value = toml::Spanned::new(0..0, DeValue::Table(table.get_ref().clone()));
    let read = ScenarioTable::read(Node { name: "scenario", value: &value }, flaws)?;
    let mut stage = Stage::set(read.zone, read.host, world, &source.text, flaws);
    let zones: Vec<Zone> = stage.zones.iter().map(|declared| declared.zone.clone()).collect();
    let hosts = stage.hosts.clone();
    let settings = read.setting.map(|setting| questions::settings(setting, flaws)).unwrap_or_default();
    let probes = questions::probes(read.probe.unwrap_or_default(), world, flaws);
    let lookups = questions::lookups(read.lookup.unwrap_or_default(), &stage.zones, world, flaws);
    let tables = read.transaction.map(|list| list.0).unwrap_or_default();
    let reported = read.tls_report.unwrap_or_default();
    let asks = !probes.is_empty() || !lookups.is_empty() || !reported.is_empty() || !settings.expect.is_empty();
    if tables.is_empty() && !asks && flaws.is_empty() {
        let flaw = Flaw::new("this scenario claims nothing").at(&(0..0), "nothing is asked and nothing is sent");
        flaws.push(flaw.help("add a `[[transaction]]`, a `[[probe]]`, a `[[lookup]]` or a `[setting.expect]`"));
    }
    let labels = tables
        .iter()
        .map(|t| t.value.label.as_ref().map_or_else(|| t.span.clone(), |label| label.span.clone()))
        .collect::<Vec<_>>();
    let count = tables.len();
    let mut declared = stage.zones.clone();
    let mut transactions: Vec<Transaction> = Vec::new();
    for (i, mut table) in tables.into_iter().enumerate() {
        let change = table.value.change.take().map(|change| stage.change(change.value, world, &source.text, flaws));
        if change.is_some() {
            declared.extend(stage.zones.iter().cloned());
        }
        let scene = transactions::Scene { world, stage: &stage };
        transactions.extend(transactions::build(table, i + 1, change, &scene, flaws));
    }
    let reports = questions::reports(reported, &declared, count > 0, flaws);
    if transactions.len() == count {
        distinct(&transactions, &labels, flaws);
    }
    let ptr = read.ptr.map_or_else(Vec::new, |ptr| ptr.0);
    for (i, (ip, _)) in ptr.iter().enumerate() {
        if let Some((first, _)) = ptr[..i].iter().find(|(other, _)| other.value == ip.value) {
            let flaw = Flaw::new(format!("{} has two names", ip.value)).at(&ip.span, "here again");
            flaws.push(
                flaw.at(&first.span, "the first one").help("an address is written in several ways, but is the same"),
            );
        }
    }
    if flaws.is_empty() {
        claims::controls(&transactions, world, flaws);
    }
    Some(Plan {
        source: Arc::clone(source),
        title: read.title.0?.value.0,
        cites: read.cites.unwrap_or_default().into_iter().map(|cite| cite.value.0).collect(),
        teaches: read.teaches.map(|word| word.value.0),
        zones,
        ptr: ptr.into_iter().map(|(ip, name)| (ip.value, name.value)).collect(),
        hosts,
        settings,
        probes,
        lookups,
        reports,
        transactions,
    })
}

/// Complains of two transactions that reports could not tell apart.
fn distinct(transactions: &[Transaction], spans: &[Range<usize>], flaws: &mut Vec<Flaw>) {
    let mut seen: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for (transaction, span) in transactions.iter().zip(spans) {
        if let Some(first) = seen.insert(&transaction.label, span) {
            let flaw = Flaw::new(format!("two transactions are called `{}`", transaction.label)).at(span, "here again");
            flaws.push(flaw.at(first, "the first one").help("a transaction without a label is called by its number"));
        }
    }
}
