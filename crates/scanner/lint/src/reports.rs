//! Where reports go: URIs, and hosts that take those of another domain (RFC 9990 §4).

use crate::{code::Code, context::LintContext, dmarc, names, text::texts, tree};
use evidence::Remark;
use mail::{Address, Domain};

/// The URI of a report address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Uri<'a> {
    /// A mailbox at a host, and perhaps a size behind `!`, as in RFC 7489.
    Mail { host: Domain, size: Option<&'a str> },
    /// `https:`.
    Web,
    /// Another scheme.
    Other,
    /// No URI, or none that leads anywhere, and why.
    Bad(String),
}

pub(crate) fn read(uri: &str) -> Uri<'_> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Uri::Bad(if uri.contains('@') {
            format!("an address is written `mailto:{uri}`")
        } else {
            "it is no URI".to_owned()
        });
    };
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => {
            let (rest, size) = rest.split_once('!').map_or((rest, None), |(rest, size)| (rest, Some(size)));
            let address = rest.split('?').next().unwrap_or(rest).replace("%40", "@");
            match address.parse::<Address>() {
                Ok(address) => Uri::Mail { host: address.domain().clone(), size },
                Err(_) => Uri::Bad(format!("`{address}` is no mail address")),
            }
        }
        "https" => {
            let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', ':']).next());
            if host.is_some_and(|host| !host.is_empty()) { Uri::Web } else { Uri::Bad("it names no host".to_owned()) }
        }
        scheme if scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) && !scheme.is_empty() => {
            Uri::Other
        }
        _ => Uri::Bad("it is no URI".to_owned()),
    }
}

/// Whether a host takes the reports of a domain: it is of the same organisation, or it says so. `tag` is `rua` or `ruf`.
pub(crate) fn authorised(
    context: &LintContext<'_>,
    domain: &Domain,
    host: &Domain,
    tag: &str,
    code: Code,
) -> Option<Remark> {
    if host == domain {
        return None;
    }
    let (ours, theirs) = (tree::organizational(context, domain), tree::organizational(context, host));
    if !context.is_complete() || ours == theirs {
        return None;
    }
    let labels = format!("{domain}._report._dmarc");
    let Some(name) = names::below(&labels, host) else {
        let text = format!("`{tag}`: {host} cannot agree to take reports of {domain}: the name for that is too long");
        return Some(code.remark(text, format!("{tag}=mailto:dmarc-reports@{domain}")));
    };
    let found = context.ask(&name, "TXT")?;
    if !dmarc::records(&texts(found)).is_empty() {
        return None;
    }
    let text = format!("`{tag}`: {host} does not say that it takes reports of {domain}, and gets none");
    Some(code.remark(text, format!("{name}. IN TXT \"v=DMARC1\"")))
}
