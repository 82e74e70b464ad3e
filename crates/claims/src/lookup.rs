//! Claims on what the DNS answers.

mod authentic;
mod contains;
mod lint;
mod rcode;
mod records;

pub use authentic::Authentic;
pub use contains::Contains;
pub use lint::Lint;
pub use rcode::Rcode;
pub use records::Records;

use crate::{Cause, ClaimList, Entry, Subject, places::Places};
use evidence::LookedUp;
use form::{Flaw, did_you_mean};
use mail::Domain;
use plan::{Plan, Spanned, World};
use std::ops::Range;

/// A question to the DNS.
#[derive(Debug)]
pub struct Lookup;

impl Subject for Lookup {
    type Case<'a> = &'a LookedUp;
    type Scene<'a> = Scene<'a>;
    const TABLE: &'static str = "look-up expect table";
    const DOC: &'static str = "What the DNS must answer.";

    fn registry() -> Vec<Entry<Self>> {
        vec![
            Entry::of::<Rcode>(),
            Entry::of::<Records>(),
            Entry::of::<Contains>(),
            Entry::of::<Authentic>(),
            Entry::of::<Lint>(),
        ]
    }

    fn place(plan: &Plan, index: usize) -> Option<Cause> {
        let planned = plan.lookups.get(index)?;
        let said = Places::of(plan).answer(&planned.name.value, &planned.record_type);
        let said = said.map(|at| Cause::here(at, "what the zone says"));
        Some(said.unwrap_or_else(|| Cause::new(&planned.name.span, "of this name")))
    }

    /// Records need a zone that has the name.
    fn contradictions(claims: &ClaimList<Self>, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) {
        let Scene { world, zones, name } = scene;
        let has_records = claims.all::<Records>().any(|(records, _)| !records.0.is_empty());
        let is_reverse = name.value.as_str().ends_with(".arpa");
        let mut somewhere = world.owned().chain(zones.iter().copied());
        let is_somewhere = is_reverse || somewhere.any(|zone| name.value.is_within(zone));
        if !(has_records || claims.first::<Contains>().is_some()) || is_somewhere {
            return;
        }
        let known = zones.iter().copied().chain(world.owned()).map(Domain::as_str);
        let parent = name.value.as_str().split_once('.').map_or(name.value.as_str(), |(_, parent)| parent);
        let help = did_you_mean(name.value.as_str(), known, &format!("Declare [zone.\"{parent}\"] with its records"));
        let flaw = Flaw::new(format!("no zone has {}", name.value));
        flaws.push(flaw.at(&name.span, "neither of the gateways nor of this file").help(help));
    }
}

/// A look-up as the file has it.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The gateways.
    pub world: &'a World,
    /// Names of the zones of the file.
    pub zones: Vec<&'a Domain>,
    /// The name that is asked for.
    pub name: &'a Spanned<Domain>,
}

/// Complains of a claim at this place if the response code is claimed to be an error.
fn needs_an_answer(at: &Range<usize>, claims: &ClaimList<Lookup>) -> Vec<Flaw> {
    let Some((rcode, span)) = claims.first::<Rcode>().filter(|(rcode, _)| rcode.0 != "NOERROR") else {
        return Vec::new();
    };
    let flaw = Flaw::new(format!("that cannot be with {}", rcode.0)).at(at, "this claim");
    vec![flaw.at(span, "the response code").help("take one of them away")]
}

/// The answer, a line a record.
fn render(seen: &LookedUp) -> Vec<String> {
    let authentic = if seen.is_authentic { ", authentic" } else { ", not authentic" };
    let count = match seen.records.len() {
        0 => "no record".to_owned(),
        1 => "1 record".to_owned(),
        many => format!("{many} records"),
    };
    let first = format!("the DNS answers {}, {count}{authentic}", seen.rcode);
    [first].into_iter().chain(seen.records.iter().cloned()).collect()
}

/// A record as it is compared: character-strings joined (RFC 7208 §3.3), other words in lower case and without a final
/// dot.
#[must_use]
pub fn plain(record: &str) -> String {
    let record = record.trim();
    if record.starts_with('"') { mail::txt_text(record) } else { unquoted_words(record) }
}

fn unquoted_words(record: &str) -> String {
    // text that a person wrote without quotes is no name
    if record.contains('=') {
        return record.to_owned();
    }
    let word = |word: &str| match word.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.to_ascii_lowercase(),
        _ => word.to_ascii_lowercase(),
    };
    record.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn records_compare_by_what_they_mean() {
        for (record, meant) in [
            (r#""v=spf1 ip4:192.0.2.10 -all""#, "v=spf1 ip4:192.0.2.10 -all"),
            (r#""v=DKIM1; p=MIIB" "AAAA""#, "v=DKIM1; p=MIIBAAAA"),
            (r#""v=DMARC1\; p=reject""#, "v=DMARC1; p=reject"),
            (r#""v=DMARC1\059 \"p\"""#, r#"v=DMARC1; "p""#),
            ("10 MX.gateway.example.", "10 mx.gateway.example"),
            ("0 .", "0 ."),
            ("v=SPF1 A", "v=SPF1 A"),
            ("3 1 1 ABCDEF", "3 1 1 abcdef"),
        ] {
            assert_eq!(plain(record), meant);
        }
    }
}
