//! Look-ups: what the DNS must answer, and what of that cannot be.

use super::{Claims, labels};
use crate::{
    language::{LookupExpectTable, LookupTable},
    zones::{self, Declared},
};
use form::{Flaw, did_you_mean};
use mail::Domain;
use plan::{Claimed, Lookup, LookupClaim, Spanned, World};

/// Makes the look-ups of a file.
pub(crate) fn lookups(
    tables: Vec<Spanned<LookupTable>>,
    zones: &[Declared],
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> Vec<Lookup> {
    let named: Vec<_> = tables.iter().map(|table| table.value.label.as_ref()).collect();
    let usual = tables.iter().map(|table| {
        let (name, kind) = (table.value.name.0.as_ref()?, table.value.r#type.0.as_ref()?);
        Some(format!("{} {}", name.value, kind.0))
    });
    let labels = labels(&named, usual, flaws);
    let mut built = Vec::new();
    for (Spanned { value: table, span }, label) in tables.into_iter().zip(labels) {
        let (Some(name), Some(kind), Some(expect)) = (table.name.0, table.r#type.0, table.expect.0) else { continue };
        contradicts_itself(&expect, flaws);
        is_somewhere(&name, &expect, zones, world, flaws);
        built.push(Lookup { label, name, record_type: kind.0, expect: claims(expect), span });
    }
    built
}

fn claims(table: LookupExpectTable) -> Vec<Claimed<LookupClaim>> {
    let mut claims = Claims(Vec::new());
    claims.add(table.rcode, |word| LookupClaim::Rcode(word.0.to_owned()));
    claims.add(table.records, |list| LookupClaim::Records(list.into_iter().map(|line| line.0).collect()));
    for text in table.contains.into_iter().flat_map(|texts| texts.0) {
        claims.add(Some(text), |text| LookupClaim::Contains(text.0));
    }
    claims.add(table.authentic, LookupClaim::Authentic);
    claims.add(table.lint, |list| LookupClaim::Lint(list.into_iter().map(|code| code.0).collect()));
    claims.0
}

/// An error has no records, and one that is no answer at all is not authentic either.
fn contradicts_itself(expect: &LookupExpectTable, flaws: &mut Vec<Flaw>) {
    let records = expect.records.as_ref();
    let texts = || expect.contains.iter().flat_map(|texts| &texts.0);
    if let Some(rcode) = expect.rcode.as_ref().filter(|rcode| rcode.value.0 != "NOERROR") {
        let some = records.filter(|records| !records.value.is_empty()).map(|records| &records.span);
        let authentic = expect.authentic.as_ref().filter(|a| a.value && rcode.value.0 != "NXDOMAIN").map(|a| &a.span);
        for span in some.into_iter().chain(texts().map(|text| &text.span)).chain(authentic) {
            let flaw = Flaw::new(format!("that cannot be with {}", rcode.value.0)).at(span, "this claim");
            flaws.push(flaw.at(&rcode.span, "the response code").help("take one of them away"));
        }
        return;
    }
    let Some(records) = records else { return };
    // a text may be asked for as it is shown, with quotes, and as it is meant
    let bare = |text: &str| text.replace('"', "");
    for text in texts() {
        if !records.value.iter().any(|record| bare(&record.0).contains(&bare(&text.value.0))) {
            let flaw =
                Flaw::new(format!("none of these records has `{}` in it", text.value.0)).at(&text.span, "this text");
            flaws.push(flaw.at(&records.span, "exactly these records").help("take one of them away"));
        }
    }
}

/// Records need a zone that has the name.
fn is_somewhere(
    name: &Spanned<Domain>,
    expect: &LookupExpectTable,
    zones: &[Declared],
    world: &World,
    flaws: &mut Vec<Flaw>,
) {
    let has_records = expect.records.as_ref().is_some_and(|records| !records.value.is_empty());
    let is_reverse = name.value.as_str().ends_with(".arpa");
    let is_own = world.owned().any(|own| name.value.is_within(own));
    if !(has_records || expect.contains.is_some()) || is_reverse || is_own || zones::of(&name.value, zones).is_some() {
        return;
    }
    let known = || zones.iter().map(|zone| zone.zone.origin.as_str()).chain(world.owned().map(Domain::as_str));
    let parent = name.value.as_str().split_once('.').map_or(name.value.as_str(), |(_, parent)| parent);
    let help = did_you_mean(name.value.as_str(), known(), &format!("Declare [zone.\"{parent}\"] with its records"));
    let flaw =
        Flaw::new(format!("no zone has {}", name.value)).at(&name.span, "neither of the gateways nor of this file");
    flaws.push(flaw.help(help));
}
