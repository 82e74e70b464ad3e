//! The scenario's file as TOML: where things stand in it, found by their names.

use mail::{DnsName, Domain};
use plan::{DkimKey, Plan, Zone};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A DNS record of the file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) at: Range<usize>,
    pub(crate) text: String,
}

/// A file, to find things in it. A text that is no TOML has nothing in it.
pub(crate) struct Places<'a> {
    text: &'a str,
    table: Option<Spanned<DeTable<'a>>>,
    zones: &'a [Zone],
}

impl<'a> Places<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        Self { text: &plan.source.text, table: DeTable::parse(&plan.source.text).ok(), zones: &plan.zones }
    }

    /// The SPF record at a name (RFC 7208 §3).
    pub(crate) fn spf(&self, name: &Domain) -> Option<Record> {
        self.record(name.as_str(), "v=spf1", |zone| (zone.as_str() == name.as_str()).then_some("spf"))
    }

    /// The DMARC record for a domain: its own, or that of a domain above (RFC 9989 §4.10).
    pub(crate) fn dmarc(&self, from: &Domain) -> Option<Record> {
        let mut domain = from.as_str();
        loop {
            let name = format!("_dmarc.{domain}");
            if let Some(found) = self.record(&name, "v=DMARC1", |zone| (zone.as_str() == domain).then_some("dmarc")) {
                return Some(found);
            }
            domain = domain.split_once('.')?.1;
        }
    }

    /// A TXT record that begins with a text: the zone's own key for it, or a line of its `records`.
    fn record<'k>(&self, name: &str, begin: &str, key: impl Fn(&Domain) -> Option<&'k str>) -> Option<Record> {
        let is_above = |zone: &&Zone| {
            name.strip_suffix(zone.origin.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'))
        };
        let origin = &self.zones.iter().filter(is_above).max_by_key(|zone| zone.origin.as_str().len())?.origin;
        let table = self.zone(origin)?;
        if let Some(value) = key(origin).and_then(|key| table.get(key)) {
            return Some(Record { at: value.span(), text: value.get_ref().as_str()?.to_owned() });
        }
        let records = table.get("records")?;
        self.line_of(records, name.strip_suffix(origin.as_str())?.trim_end_matches('.'), name, begin)
    }

    /// The line of zone-file text whose owner is this name, written relative or whole.
    fn line_of(&self, records: &Spanned<DeValue<'_>>, relative: &str, whole: &str, begin: &str) -> Option<Record> {
        let text = records.get_ref().as_str()?;
        let is_owner = |owner: &str| {
            let owner = owner.to_ascii_lowercase();
            owner == relative || owner.strip_suffix('.') == Some(whole) || (relative.is_empty() && owner == "@")
        };
        let is_it = |line: &&str| {
            let owner = line.split_whitespace().next().unwrap_or_default();
            is_owner(owner) && line.to_ascii_lowercase().contains(&begin.to_ascii_lowercase())
        };
        let line = text.lines().find(is_it)?.trim();
        let said = line.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map_or(line, |(said, _)| said);
        let span = records.span();
        let start = self.text.get(span.clone()).and_then(|raw| raw.find(line)).map(|at| span.start + at);
        let at = start.map_or(span, |start| start..start + line.len());
        Some(Record { at, text: said.replace("\" \"", "") })
    }

    /// Where the file says what the DNS answers to a question: a zone's fault for the name, its key or its line for the
    /// record; else the zone.
    pub(crate) fn answer(&self, name: &Domain, record_type: &str) -> Option<Range<usize>> {
        let zone = self.zones.iter().filter(|zone| name.is_within(&zone.origin));
        let zone = zone.max_by_key(|zone| zone.origin.as_str().len())?;
        let table = self.zone(&zone.origin)?;
        if let Some(at) = zone.faults.iter().position(|fault| fault.name == DnsName::from(name)) {
            return Some(table.get("faults")?.get_ref().get(at)?.span());
        }
        let relative = name.as_str().strip_suffix(zone.origin.as_str())?.trim_end_matches('.');
        let key = match (relative, record_type.to_ascii_uppercase().as_str()) {
            ("", "TXT") => Some("spf"),
            ("_dmarc", "TXT") => Some("dmarc"),
            ("_mta-sts", "TXT") => Some("mta-sts"),
            ("_smtp._tls", "TXT") => Some("tls-rpt"),
            ("", "MX") => Some("mx"),
            _ => None,
        };
        if let Some(value) = key.and_then(|key| table.get(key)) {
            return Some(value.span());
        }
        if let Some(selector) = relative.strip_suffix("._domainkey")
            && let Some(value) = table.get("dkim").and_then(|keys| keys.get_ref().get(selector))
        {
            return Some(value.span());
        }
        let line = table.get("records").and_then(|records| self.line_of(records, relative, name.as_str(), record_type));
        line.map(|record| record.at).or_else(|| self.zone_at(&zone.origin))
    }

    pub(crate) fn key(&self, zone: &Domain, key: &DkimKey) -> Option<Range<usize>> {
        Some(self.zone(zone)?.get("dkim")?.get_ref().get(key.selector.as_str())?.span())
    }

    pub(crate) fn zone(&self, origin: &Domain) -> Option<&DeTable<'a>> {
        self.zone_entry(origin)?.1.get_ref().as_table()
    }

    /// Its name, where it is declared.
    fn zone_at(&self, origin: &Domain) -> Option<Range<usize>> {
        Some(self.zone_entry(origin)?.0)
    }

    fn zone_entry(&self, origin: &Domain) -> Option<(Range<usize>, &Spanned<DeValue<'a>>)> {
        let zones = self.table.as_ref()?.get_ref().get("zone")?.get_ref().as_table()?;
        let is_it = |name: &str| name.parse::<Domain>().is_ok_and(|name| name == *origin);
        zones.iter().find(|(name, _)| is_it(name.get_ref())).map(|(name, table)| (name.span(), table))
    }

    pub(crate) fn transaction(&self, at: &Range<usize>) -> Option<&DeTable<'a>> {
        let all = self.table.as_ref()?.get_ref().get("transaction")?.get_ref().as_array()?;
        all.iter().find(|table| table.span() == *at)?.get_ref().as_table()
    }
}
