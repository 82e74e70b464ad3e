//! Probes.

use super::labels;
use crate::language::ProbeTable;
use claims::{
    ClaimList,
    probe::{self, Scene},
};
use form::Flaw;
use plan::{Probe, Spanned, World};

/// Makes the probes of a file.
pub(crate) fn probes(
    tables: Vec<Spanned<ProbeTable>>,
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> (Vec<Probe>, Vec<ClaimList<probe::Probe>>) {
    let named: Vec<_> = tables.iter().map(|table| table.value.label.as_ref()).collect();
    let usual = tables.iter().map(|table| table.value.service.0.as_ref().map(|service| service.value.to_string()));
    let labels = labels(&named, usual, flaws);
    let mut built = Vec::new();
    for (Spanned { value: table, span }, label) in tables.into_iter().zip(labels) {
        let (Some(service), Some(expect)) = (table.service.0, table.expect.0) else { continue };
        expect.contradictions(&Scene { world, service: &service }, flaws);
        built.push((Probe { label, service, server_name: table.server_name, span }, expect));
    }
    built.into_iter().unzip()
}
