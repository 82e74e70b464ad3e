//! MTA-STS records (RFC 8461 §3.1).

use crate::{code::Code, context::LintContext, mx, names, tags::Tags, text::texts};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// What stands at `_mta-sts.` of a domain. That there is none is no remark here.
pub(crate) fn lint(context: &LintContext<'_>, domain: &Domain, found: &LookedUp) -> Vec<Remark> {
    let texts = texts(found);
    let (records, others): (Vec<&String>, Vec<&String>) = texts.iter().partition(|text| is_record(text));
    let mut remarks: Vec<Remark> = others
        .iter()
        .filter(|text| text.to_ascii_lowercase().contains("sts"))
        .map(|text| {
            let begin: String = text.chars().take(12).collect();
            Code::MtaStsVersion.remark(
                format!("a record begins with `{begin}` and counts for none: it has to begin with `v=STSv1;`"),
                "v=STSv1; id=…",
            )
        })
        .collect();
    match records.as_slice() {
        [] => {}
        [record] => {
            remarks.extend(one(record));
            remarks.extend(policy_host(context, domain));
        }
        several => remarks.push(Code::MtaStsSeveral.remark(
            format!("there are {} records, of which one is allowed: senders act as if there were none", several.len()),
            format!("keep one: {}", several[0]),
        )),
    }
    remarks
}

/// `v=STSv1` and a semicolon, as it is written there.
pub(crate) fn is_record(text: &str) -> bool {
    text.strip_prefix("v=STSv1").is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';'))
}

fn one(record: &str) -> Vec<Remark> {
    let tags = Tags::read(record);
    let syntax = |fault: &str| {
        Code::MtaStsSyntax.remark(format!("{fault}; senders act as if there were no record"), "v=STSv1; id=…")
    };
    let mut remarks: Vec<Remark> = tags.faults.iter().map(|fault| syntax(fault)).collect();
    match tags.get("id") {
        None => remarks.push(Code::MtaStsNoId.remark(
            "there is no `id=`: senders act as if there were no record",
            tags.with("id", Some("1, and another one whenever the policy changes")),
        )),
        Some(id) if !(1..=32).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_alphanumeric()) => {
            remarks.push(syntax(&format!("`id={id}` is not of 1 to 32 letters and digits")));
        }
        Some(_) => {}
    }
    remarks
}

/// The policy is fetched from a host with a fixed name (RFC 8461 §3.2).
fn policy_host(context: &LintContext<'_>, domain: &Domain) -> Option<Remark> {
    let host = names::below("mta-sts", domain)?;
    let (addresses, _) = mx::addresses(context, &host)?;
    addresses.is_empty().then(|| {
        let text = format!("{host} has no address: nobody can fetch the policy");
        Code::MtaStsNoHost.remark(text, format!("{host}. IN A …, with a web server that serves the policy"))
    })
}
