//! Probes, look-ups, TLS reports and changed settings: what is asked.

mod lookups;
mod probes;

pub(crate) use lookups::lookups;
pub(crate) use probes::probes;

use crate::{
    language::{ReportTable, SettingTable},
    zones::{self, Declared},
};
use claims::{ClaimList, report::Report, setting::Changed};
use form::{Flaw, values::Line};
use plan::{ReportAsked, SettingChange, Settings, Spanned};

/// Makes the changed settings of a file.
pub(crate) fn settings(table: Spanned<SettingTable>, flaws: &mut Vec<Flaw>) -> (Settings, ClaimList<Changed>) {
    let Spanned { value: table, span } = table;
    let changes = table.changes();
    let before = flaws.len();
    for (i, change) in changes.iter().enumerate() {
        let same = |other: &&SettingChange| other.daemon == change.daemon && other.name.value == change.name.value;
        if let Some(first) = changes[..i].iter().find(same) {
            let flaw =
                Flaw::new(format!("`{}` is changed twice", change.name.value)).at(&change.name.span, "here again");
            flaws.push(flaw.at(&first.name.span, "the first time").help("a setting is set, or taken out"));
        }
    }
    if changes.is_empty() && flaws.len() == before {
        let flaw = Flaw::new("no setting is changed").at(&span, "nothing is set and nothing is taken out");
        flaws.push(flaw.help("add `postfix = { smtpd_tls_security_level = \"may\" }`, `dovecot` or `unset`"));
    }
    let claims = table.expect.unwrap_or_default();
    claims.contradictions(&(), flaws);
    (Settings { changes }, claims)
}

/// Makes the TLS reports that a file asks for. `zones` are those of any moment.
pub(crate) fn reports(
    tables: Vec<Spanned<ReportTable>>,
    zones: &[Declared],
    is_mail_sent: bool,
    flaws: &mut Vec<Flaw>,
) -> (Vec<ReportAsked>, Vec<ClaimList<Report>>) {
    let labels: Vec<_> = tables.iter().map(|table| table.value.label.as_ref()).collect();
    let usual = tables.iter().map(|table| table.value.domain.0.as_ref().map(|domain| domain.value.to_string()));
    let labels = self::labels(&labels, usual, flaws);
    if let Some(first) = tables.first().filter(|_| !is_mail_sent && flaws.is_empty()) {
        let flaw = Flaw::new("nothing is sent, so nothing is reported").at(&first.span, "this TLS report");
        flaws.push(flaw.help("add a `[[transaction]]` to its domain"));
    }
    let mut built = Vec::new();
    for (Spanned { value: table, span }, label) in tables.into_iter().zip(labels) {
        let (Some(domain), Some(expect)) = (table.domain.0, table.expect.0) else { continue };
        let owner = format!("_smtp._tls.{}", domain.value);
        let says_where =
            |zone: &&Declared| domain.value.is_within(&zone.zone.origin) && zone.has(&owner, &["TXT", "CNAME"]);
        if !zones.iter().any(|zone| says_where(&zone)) {
            let flaw =
                Flaw::new(format!("{} does not say where reports go", domain.value)).at(&domain.span, "of this domain");
            let zone = zones::of(&domain.value, zones).map_or(&domain.value, |zone| &zone.zone.origin);
            flaws.push(
                flaw.help(format!(r#"add `tls-rpt = "v=TLSRPTv1; rua=mailto:reports@{zone}"` to [zone."{zone}"]"#)),
            );
        }
        expect.contradictions(&(), flaws);
        built.push((ReportAsked { label, domain, span }, expect));
    }
    built.into_iter().unzip()
}

/// The words that a file gives, and for what has none the usual one, with a number where it is taken. Two of a file's
/// own may not be the same.
fn labels(
    named: &[Option<&Spanned<Line>>],
    usual: impl Iterator<Item = Option<String>>,
    flaws: &mut Vec<Flaw>,
) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for (i, label) in named.iter().enumerate() {
        let Some(label) = label else { continue };
        if let Some(first) = named[..i].iter().flatten().find(|other| other.value.0 == label.value.0) {
            let flaw = Flaw::new(format!("two are called `{}`", label.value.0)).at(&label.span, "here again");
            flaws.push(flaw.at(&first.span, "the first one").help("reports could not tell them apart"));
        }
        taken.push(label.value.0.clone());
    }
    let label = |(named, usual): (&Option<&Spanned<Line>>, Option<String>)| {
        if let Some(label) = named {
            return label.value.0.clone();
        }
        let usual = usual.unwrap_or_default();
        let mut free = std::iter::once(usual.clone()).chain((2..).map(|number| format!("{usual} {number}")));
        let free = free.find(|label| !taken.contains(label)).expect("there is always another number");
        taken.push(free.clone());
        free
    };
    named.iter().zip(usual).map(label).collect()
}
