//! TLS-RPT records (RFC 8460 §3).

use crate::{
    code::Code,
    reports::{self, Uri},
    tags::Tags,
    text::texts,
};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// What stands at `_smtp._tls.` of a domain. That there is none is no remark here.
pub(crate) fn lint(domain: &Domain, found: &LookedUp) -> Vec<Remark> {
    let texts = texts(found);
    let rua = format!("rua=mailto:tls-reports@{domain}");
    let (records, others): (Vec<&String>, Vec<&String>) = texts.iter().partition(|text| is_record(text));
    let mut remarks: Vec<Remark> = others
        .iter()
        .filter(|text| text.to_ascii_lowercase().contains("tlsrpt") || text.contains("rua="))
        .map(|text| {
            let begin: String = text.chars().take(12).collect();
            Code::TlsRptVersion.remark(
                format!("a record begins with `{begin}` and counts for none: it has to begin with `v=TLSRPTv1;`"),
                format!("v=TLSRPTv1; {rua}"),
            )
        })
        .collect();
    match records.as_slice() {
        [] => {}
        [record] => remarks.extend(one(record, &rua)),
        several => remarks.push(Code::TlsRptSeveral.remark(
            format!("there are {} records, of which one is allowed: senders act as if there were none", several.len()),
            "keep one, with all addresses in its `rua=`",
        )),
    }
    remarks
}

pub(crate) fn is_record(text: &str) -> bool {
    text.strip_prefix("v=TLSRPTv1").is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';'))
}

fn one(record: &str, help: &str) -> Vec<Remark> {
    let tags = Tags::read(record);
    let mut remarks: Vec<Remark> = tags
        .faults
        .iter()
        .map(|fault| Code::TlsRptSyntax.remark(format!("{fault}; senders may ignore the record"), help))
        .collect();
    let Some(rua) = tags.get("rua").filter(|rua| !rua.is_empty()) else {
        remarks.push(Code::TlsRptNoRua.remark("there is no `rua=`: nobody gets reports", help));
        return remarks;
    };
    for uri in rua.split(',').map(str::trim) {
        let bad = match reports::read(uri) {
            Uri::Mail { size: None, .. } | Uri::Web => None,
            Uri::Mail { .. } => Some("`!` may not stand in it".to_owned()),
            Uri::Other => Some("only `mailto:` and `https:` are known".to_owned()),
            Uri::Bad(why) => Some(why),
        };
        remarks.extend(bad.map(|why| Code::TlsRptUri.remark(format!("`rua={uri}`: {why}"), help)));
    }
    remarks
}
