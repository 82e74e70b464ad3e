//! Look-ups.

use super::labels;
use crate::{language::LookupTable, zones::Declared};
use claims::{
    ClaimList,
    lookup::{self, Scene},
};
use form::Flaw;
use plan::{Lookup, Spanned, World};

/// Makes the look-ups of a file.
pub(crate) fn lookups(
    tables: Vec<Spanned<LookupTable>>,
    zones: &[Declared],
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> (Vec<Lookup>, Vec<ClaimList<lookup::Lookup>>) {
    let named: Vec<_> = tables.iter().map(|table| table.value.label.as_ref()).collect();
    let usual = tables.iter().map(|table| {
        let (name, kind) = (table.value.name.0.as_ref()?, table.value.r#type.0.as_ref()?);
        Some(format!("{} {}", name.value, kind.0))
    });
    let labels = labels(&named, usual, flaws);
    let mut built = Vec::new();
    for (Spanned { value: table, span }, label) in tables.into_iter().zip(labels) {
        let (Some(name), Some(kind), Some(expect)) = (table.name.0, table.r#type.0, table.expect.0) else { continue };
        let zones = zones.iter().map(|zone| &zone.zone.origin).collect();
        expect.contradictions(&Scene { world, zones, name: &name }, flaws);
        built.push((Lookup { label, name, record_type: kind.0, span }, expect));
    }
    built.into_iter().unzip()
}
