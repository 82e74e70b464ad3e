//! Probes, look-ups and changed settings: what is asked, and what must be answered.

use crate::{
    Claimed, Lookup, LookupClaim, Probe, ProbeClaim, ReportAsked, ReportClaim, SettingClaim, Settings, Spanned, World,
    faults::{Flaw, did_you_mean},
    form::listed,
    language::{LookupExpectTable, LookupTable, ProbeExpectTable, ProbeTable, ReportTable, SettingTable},
    values::{AtLeastOne, Line},
    words::Feature,
    zones::Declared,
};
use std::ops::Range;

/// Claims, as they are collected.
struct Claims<T>(Vec<Claimed<T>>);

impl<T> Claims<T> {
    fn add<V>(&mut self, value: Option<Spanned<V>>, claim: impl FnOnce(V) -> T) {
        self.0.extend(value.map(|Spanned { value, span }| Claimed { claim: claim(value), span }));
    }
}

/// Makes the changed settings of a file.
pub(crate) fn settings(table: &SettingTable) -> Settings {
    let mut claims = Claims(Vec::new());
    if let Some(expect) = &table.expect {
        claims.add(expect.taken.clone(), SettingClaim::Taken);
        for says in expect.says.iter().flat_map(|says| &says.0) {
            claims.add(Some(says.clone()), |text| SettingClaim::Says(text.0));
        }
        claims.add(expect.silent.clone().filter(|silent| silent.value), |_| SettingClaim::Silent);
    }
    Settings { changes: table.changes(), expect: claims.0 }
}

/// Makes the probes of a file.
pub(crate) fn probes(tables: Vec<Spanned<ProbeTable>>, world: &World, flaws: &mut Vec<Flaw>) -> Vec<Probe> {
    let mut built: Vec<Probe> = Vec::new();
    for Spanned { value: table, span } in tables {
        let (Some(service), Some(expect)) = (table.service.0, table.expect.0) else { continue };
        let named = table.label.map(|label| (label.value.0, label.span));
        let taken: Vec<&str> = built.iter().map(|probe| probe.label.as_str()).collect();
        let label = label(named, service.value.as_str(), &taken, flaws);
        let expect = probe_claims(expect, world, flaws);
        built.push(Probe { label, service, server_name: table.server_name, expect, span });
    }
    built
}

fn probe_claims(table: ProbeExpectTable, world: &World, flaws: &mut Vec<Flaw>) -> Vec<Claimed<ProbeClaim>> {
    let lines = |list: AtLeastOne<Line>| list.0.into_iter().map(|line| line.0).collect::<Vec<String>>();
    let features = |list: AtLeastOne<Feature>| list.0.into_iter().map(|f| f.0.to_owned()).collect::<Vec<String>>();
    if let Some(profile) = table.profile.as_ref().filter(|profile| !world.profiles.contains(&profile.value.0)) {
        let known: Vec<&str> = world.profiles.iter().map(String::as_str).collect();
        let usual = format!("There are {}", listed(&known));
        let help = did_you_mean(&profile.value.0, known.iter().copied(), &usual);
        flaws.push(Flaw::new(format!("no profile `{}`", profile.value.0)).at(&profile.span, "unknown").help(help));
    }
    if let (Some(has), Some(not)) = (&table.has, &table.has_not)
        && let Some(both) = has.value.0.iter().find(|f| not.value.0.iter().any(|other| other.0 == f.0))
    {
        let flaw = Flaw::new(format!("`{}` is claimed and denied", both.0)).at(&has.span, "it does");
        flaws.push(flaw.at(&not.span, "it does not"));
    }
    let mut claims = Claims(Vec::new());
    claims.add(table.starttls, |word| ProbeClaim::Starttls(word.into()));
    claims.add(table.versions, |list| ProbeClaim::Versions(list.into_iter().map(|v| v.0.to_owned()).collect()));
    claims.add(table.takes, |list| ProbeClaim::Takes(lines(list)));
    claims.add(table.refuses, |list| ProbeClaim::Refuses(lines(list)));
    claims.add(table.order, |word| ProbeClaim::Order(word.0.to_owned()));
    claims.add(table.dh_bits, |bits| ProbeClaim::DhBits(u16::try_from(bits.0).unwrap_or(u16::MAX)));
    claims.add(table.peer, |word| ProbeClaim::Peer(word.0.to_owned()));
    claims.add(table.key, |line| ProbeClaim::Key(line.0));
    claims.add(table.profile, |line| ProbeClaim::Profile(line.0));
    claims.add(table.login, |word| ProbeClaim::Login(word.0.to_owned()));
    claims.add(table.injection, |word| ProbeClaim::Injection(word.0.to_owned()));
    claims.add(table.has, |list| ProbeClaim::Has(features(list)));
    claims.add(table.has_not, |list| ProbeClaim::HasNot(features(list)));
    claims.add(table.tlsa, |word| ProbeClaim::Tlsa(word.0.to_owned()));
    claims.0
}

/// Makes the look-ups of a file.
pub(crate) fn lookups(tables: Vec<Spanned<LookupTable>>, flaws: &mut Vec<Flaw>) -> Vec<Lookup> {
    let mut built: Vec<Lookup> = Vec::new();
    for Spanned { value: table, span } in tables {
        let (Some(name), Some(kind), Some(expect)) = (table.name.0, table.r#type.0, table.expect.0) else { continue };
        let named = table.label.map(|label| (label.value.0, label.span));
        let taken: Vec<&str> = built.iter().map(|lookup| lookup.label.as_str()).collect();
        let label = label(named, &format!("{} {}", name.value, kind.0), &taken, flaws);
        built.push(Lookup { label, name, record_type: kind.0, expect: lookup_claims(expect), span });
    }
    built
}

fn lookup_claims(table: LookupExpectTable) -> Vec<Claimed<LookupClaim>> {
    let lines = |list: Vec<Line>| list.into_iter().map(|line| line.0).collect::<Vec<String>>();
    let mut claims = Claims(Vec::new());
    claims.add(table.rcode, |line| LookupClaim::Rcode(line.0));
    claims.add(table.records, |list| LookupClaim::Records(lines(list)));
    for text in table.contains.into_iter().flat_map(|texts| texts.0) {
        claims.add(Some(text), |text| LookupClaim::Contains(text.0));
    }
    claims.add(table.authentic, LookupClaim::Authentic);
    claims.add(table.lint, |list| LookupClaim::Lint(lines(list)));
    claims.0
}

/// Makes the TLS reports that a file asks for.
pub(crate) fn reports(tables: Vec<Spanned<ReportTable>>, zones: &[Declared], flaws: &mut Vec<Flaw>) -> Vec<ReportAsked> {
    let mut built: Vec<ReportAsked> = Vec::new();
    for Spanned { value: table, span } in tables {
        let (Some(domain), Some(expect)) = (table.domain.0, table.expect.0) else { continue };
        let owner = format!("_smtp._tls.{}. ", domain.value);
        if !zones.iter().any(|declared| declared.zone.records.contains(&owner)) {
            let flaw = Flaw::new(format!("{} does not say where reports go", domain.value));
            let help = format!(r#"add `tls-rpt = "v=TLSRPTv1; rua=mailto:reports@{0}"` to [zone."{0}"]"#, domain.value);
            flaws.push(flaw.at(&domain.span, "of this domain").help(help));
        }
        let named = table.label.map(|label| (label.value.0, label.span));
        let taken: Vec<&str> = built.iter().map(|report| report.label.as_str()).collect();
        let label = label(named, domain.value.as_str(), &taken, flaws);
        let mut claims = Claims(Vec::new());
        let count = |number: i64| number.unsigned_abs();
        claims.add(expect.policy, |word| ReportClaim::Policy(word.0.to_owned()));
        claims.add(expect.successful, |number| ReportClaim::Successful(count(number.0)));
        claims.add(expect.failed, |number| ReportClaim::Failed(count(number.0)));
        claims.add(expect.results, |list| ReportClaim::Results(list.into_iter().map(|line| line.0).collect()));
        built.push(ReportAsked { label, domain, expect: claims.0, span });
    }
    built
}

/// The word that a file gives, or the usual one with a number where it is taken. Two of a file's own may not be the same.
fn label(named: Option<(String, Range<usize>)>, usual: &str, taken: &[&str], flaws: &mut Vec<Flaw>) -> String {
    if let Some((label, span)) = named {
        if taken.contains(&label.as_str()) {
            flaws.push(Flaw::new(format!("two are called `{label}`")).at(&span, "here again"));
        }
        return label;
    }
    let numbered = (2..).map(|number| format!("{usual} {number}"));
    let mut labels = std::iter::once(usual.to_owned()).chain(numbered);
    labels.find(|label| !taken.contains(&label.as_str())).expect("there is always another number")
}
