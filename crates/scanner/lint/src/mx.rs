//! MX records (RFC 5321 §5.1, RFC 7505).

use crate::{code::Code, context::LintContext};
use evidence::{LookedUp, Remark};
use mail::Domain;
use std::net::IpAddr;

/// An MX record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mx<'a> {
    pub(crate) preference: &'a str,
    /// As written, without its final dot.
    pub(crate) host: &'a str,
}

/// The MX records of an answer; aliases on the way to them are left out.
pub(crate) fn read(found: &LookedUp) -> Vec<Mx<'_>> {
    let parts = found.records.iter().filter_map(|record| record.split_once(' '));
    parts.map(|(preference, host)| Mx { preference, host: host.strip_suffix('.').unwrap_or(host) }).collect()
}

/// Names of hosts that take mail for a domain, as its MX records have them; none for a null MX.
#[must_use]
pub fn hosts(found: &LookedUp) -> Vec<Domain> {
    let mut hosts: Vec<Domain> = read(found).iter().filter_map(|mx| mx.host.parse().ok()).collect();
    hosts.dedup();
    hosts
}

/// Addresses of a host, if the DNS answers for both kinds, and whether its name is an alias.
pub(crate) fn addresses(context: &LintContext<'_>, host: &Domain) -> Option<(Vec<IpAddr>, bool)> {
    let (v4, v6) = (context.ask(host, "A"), context.ask(host, "AAAA"));
    let records: Vec<&String> = v4?.records.iter().chain(&v6?.records).collect();
    let addresses: Vec<IpAddr> = records.iter().filter_map(|record| record.parse().ok()).collect();
    let has_alias = addresses.len() < records.len();
    Some((addresses, has_alias))
}

pub(crate) fn lint(context: &LintContext<'_>, domain: &Domain, found: &LookedUp) -> Vec<Remark> {
    let records = read(found);
    let mut remarks = Vec::new();
    if records.is_empty() {
        return without(context, domain).into_iter().collect();
    }
    let null = records.iter().find(|mx| mx.host.is_empty());
    if let Some(mx) = null.filter(|mx| mx.preference != "0") {
        let text = format!("the null MX has preference {}, and should have 0", mx.preference);
        remarks.push(Code::MxNullPreference.remark(text, format!("{domain}. IN MX 0 .")));
    }
    if null.is_some() && records.len() > 1 {
        remarks.push(Code::MxNullWithOthers.remark(
            "a null MX says that the domain takes no mail, and the other MX records that it does",
            format!("take all others away, or `{domain}. IN MX 0 .`"),
        ));
    }
    for mx in records.iter().filter(|mx| !mx.host.is_empty()) {
        remarks.extend(host(context, domain, mx));
    }
    remarks
}

fn without(context: &LintContext<'_>, domain: &Domain) -> Option<Remark> {
    let (addresses, _) = addresses(context, domain)?;
    let help = format!("{domain}. IN MX 10 mx.{domain}., or `IN MX 0 .` if it takes no mail");
    Some(if addresses.is_empty() {
        let text = format!("{domain} has neither MX records nor an address: mail for it comes back");
        Code::MxUnreachable.remark(text, help)
    } else {
        let text = format!("{domain} has no MX record: mail for it goes to its own address");
        Code::MxNone.remark(text, help)
    })
}

fn host(context: &LintContext<'_>, domain: &Domain, mx: &Mx<'_>) -> Option<Remark> {
    let line = |host: &str| format!("{domain}. IN MX {} {host}", mx.preference);
    let written = mx.host;
    if written.parse::<IpAddr>().is_ok() {
        let text = format!("the MX `{written}` is an address; a name is needed, which has it");
        return Some(Code::MxLiteral.remark(text, line(&format!("mx.{domain}."))));
    }
    let Ok(host) = written.parse::<Domain>() else {
        let text = format!("the MX `{written}` is no name of a host");
        return Some(Code::MxName.remark(text, line(&format!("mx.{domain}."))));
    };
    let (addresses, is_alias) = addresses(context, &host)?;
    if addresses.is_empty() {
        let text = format!("the MX {host} has no address: no mail gets to it");
        return Some(Code::MxNoAddress.remark(text, format!("{host}. IN A …, or take the MX away")));
    }
    is_alias.then(|| {
        let text = format!("the MX {host} is an alias, which senders need not follow");
        Code::MxAlias.remark(text, line("with the name that the alias leads to"))
    })
}
