//! Scenario files: text becomes a [`Scenario`], or every fault of it at once, each with its place.
//!
//! The language is declared once, in `language`; the reader, the JSON Schema ([`schema`]) and the reference
//! ([`reference`]) are made from that. This room knows no file: text comes in, values go out.

mod hosts;
mod language;
mod messages;
mod needs;
mod questions;
mod records;
mod stage;
mod transactions;
mod transcripts;
mod zones;

pub use claims::Scenario;
pub use form::{Faults, Flaw};

use claims::{ClaimList, Claims, transaction};
use form::Decode;
use language::ScenarioTable;
use plan::{Plan, Source, Transaction, World, Zone};
use stage::Stage;
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Reads a scenario.
///
/// # Errors
/// Every fault of the file at once; a fault of TOML's own syntax hides all others.
///
/// # Panics
/// If a file without a fault makes no plan, which is a bug of this room.
pub fn parse(source: Source, world: &World) -> Result<Scenario, Faults> {
    let roles = world.roles();
    let words: Vec<_> = roles.iter().map(|role| (role.written.to_owned(), role.text.clone())).collect();
    form::read_with(source, "mailproof::scenario", &words, |read: ScenarioTable, source, flaws| {
        build(read, source, world, flaws)
    })
}

/// JSON Schema of scenario files. It knows form, not meaning: [`parse`] finds more.
#[must_use]
pub fn schema() -> serde_json::Value {
    form::schema("Mailproof scenario", &ScenarioTable::shape(), Some(r"\{[A-Za-z][A-Za-z0-9.-]*\}"))
}

/// The reference of the language, in Markdown: `docs/scenario.md`.
#[must_use]
pub fn reference() -> String {
    form::reference(include_str!("reference.md"), ScenarioTable::shape())
}

fn build(read: ScenarioTable, source: &Arc<Source>, world: &World, flaws: &mut Vec<Flaw>) -> Option<Scenario> {
    let mut stage = Stage::set(read.zone, read.host, world, &source.text, flaws);
    let zones: Vec<Zone> = stage.zones.iter().map(|declared| declared.zone.clone()).collect();
    let hosts = stage.hosts.clone();
    let (settings, of_settings) = read.setting.map(|setting| questions::settings(setting, flaws)).unwrap_or_default();
    let (probes, of_probes) = questions::probes(read.probe.unwrap_or_default(), world, flaws);
    let (lookups, of_lookups) = questions::lookups(read.lookup.unwrap_or_default(), &stage.zones, world, flaws);
    let tables = read.transaction.map(|list| list.0).unwrap_or_default();
    let reported = read.tls_report.unwrap_or_default();
    let asks = !probes.is_empty() || !lookups.is_empty() || !reported.is_empty() || !of_settings.is_empty();
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
    let mut built: Vec<(Transaction, ClaimList<transaction::Transaction>)> = Vec::new();
    for (i, mut table) in tables.into_iter().enumerate() {
        let change = table.value.change.take().map(|change| stage.change(change.value, world, &source.text, flaws));
        if change.is_some() {
            declared.extend(stage.zones.iter().cloned());
        }
        let scene = transactions::Scene { world, stage: &stage, text: &source.text };
        built.extend(transactions::build(table, i + 1, change, &scene, flaws));
    }
    let (reports, of_reports) = questions::reports(reported, &declared, count > 0, flaws);
    let (transactions, of_transactions): (Vec<Transaction>, Vec<_>) = built.into_iter().unzip();
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
        let all: Vec<_> = transactions.iter().zip(&of_transactions).collect();
        transaction::controls(&all, world, flaws);
    }
    let of_transactions = of_transactions.iter().map(|claims| transaction::followed(claims, &world.follows)).collect();
    let mut plan = Plan {
        source: Arc::clone(source),
        title: read.title.0?.value.0,
        cites: read.cites.unwrap_or_default().into_iter().map(|cite| cite.value.0).collect(),
        teaches: read.teaches.map(|word| word.value.0),
        needs: Vec::new(),
        lacks: needs::lacks(&source.text, world),
        is_alone: read.alone.is_some(),
        zones,
        ptr: ptr.into_iter().map(|(ip, name)| (ip.value, name.value)).collect(),
        hosts,
        settings,
        probes,
        lookups,
        reports,
        transactions,
    };
    let claims = Claims {
        settings: of_settings,
        probes: of_probes,
        lookups: of_lookups,
        reports: of_reports,
        transactions: of_transactions,
    };
    plan.needs = needs::of(read.needs.unwrap_or_default(), &plan, &claims, world);
    Some(Scenario { plan, claims })
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
