//! Terms of an SPF record (RFC 7208 §4.6.1, §12).

use super::macros::{self, Bad};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A term that is written well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term<'a> {
    /// As written.
    pub(crate) text: &'a str,
    pub(crate) kind: Kind<'a>,
    /// Whether it makes a check look for names of the client's address: the ptr mechanism, or the `p` macro.
    pub(crate) needs_ptr: bool,
}

/// What it means. A domain specification is there if one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// With its qualifier.
    All(char),
    Include(&'a str),
    A(Option<&'a str>),
    Mx(Option<&'a str>),
    Ptr,
    /// With its qualifier if it means every address.
    Address(Option<char>),
    Exists(&'a str),
    Redirect(&'a str),
    Explanation,
    /// A modifier that some other RFC defines.
    Extension,
}

/// What is wrong with a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Syntax(String),
    Macro(String),
    Prefix(String),
    /// A mechanism that is written as a modifier.
    Slip(String),
    /// A modifier that nobody knows.
    Unknown(String),
}

impl From<Bad> for Fault {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Macro(why) => Self::Macro(why),
            Bad::Syntax(why) => Self::Syntax(why),
        }
    }
}

/// Modifiers of RFC 6652 §3.
const EXTENSIONS: [&str; 3] = ["ra", "rp", "rr"];
const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

/// Reads the terms of a record, version left out, each as it is or with what is wrong with it.
pub(crate) fn read(record: &str) -> Vec<(&str, Result<Term<'_>, Fault>)> {
    let terms = record.split(' ').skip(1).filter(|term| !term.is_empty());
    terms.map(|text| (text, term(text))).collect()
}

fn term(text: &str) -> Result<Term<'_>, Fault> {
    let (kind, needs_ptr) = kind(text)?;
    Ok(Term { text, kind, needs_ptr })
}

/// What a term means, and whether it needs names of the client's address.
fn kind(text: &str) -> Result<(Kind<'_>, bool), Fault> {
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(Fault::Syntax(format!("`{}` may not stand in a record", odd.escape_default())));
    }
    let at = text.find([':', '=', '/']).unwrap_or(text.len());
    if text[at..].starts_with('=') {
        return modifier(&text[..at], &text[at + 1..]);
    }
    let qualifier = text.chars().next().filter(|c| "+-~?".contains(*c));
    let written = if qualifier.is_some() { &text[1..at] } else { &text[..at] };
    let (qualifier, rest) = (qualifier.unwrap_or('+'), &text[at..]);
    let name = written.to_ascii_lowercase();
    Ok(match name.as_str() {
        "all" if rest.is_empty() => (Kind::All(qualifier), false),
        "all" => return Err(Fault::Syntax("`all` takes nothing behind it".to_owned())),
        "include" | "exists" => {
            let spec = rest.strip_prefix(':').unwrap_or_default();
            let has_p = macros::check_domain(spec)?;
            (if name == "include" { Kind::Include(spec) } else { Kind::Exists(spec) }, has_p)
        }
        "a" | "mx" => {
            let rest = dual_prefix(rest)?;
            let spec = optional_domain(rest)?;
            let has_p = spec.map_or(Ok(false), macros::check_domain)?;
            (if name == "a" { Kind::A(spec) } else { Kind::Mx(spec) }, has_p)
        }
        "ptr" => {
            optional_domain(rest)?.map_or(Ok(false), macros::check_domain)?;
            (Kind::Ptr, true)
        }
        "ip4" | "ip6" => (Kind::Address(network(rest, name == "ip4")?.then_some(qualifier)), false),
        _ => return Err(Fault::Syntax(unknown(written))),
    })
}

fn modifier<'a>(name: &str, value: &'a str) -> Result<(Kind<'a>, bool), Fault> {
    let known = name.to_ascii_lowercase();
    match known.as_str() {
        "redirect" => Ok((Kind::Redirect(value), macros::check_domain(value)?)),
        "exp" => Ok((Kind::Explanation, macros::check_domain(value)?)),
        _ => {
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !is_name {
                return Err(Fault::Syntax(format!("`{name}` is no name of a modifier")));
            }
            macros::check_string(value)?;
            if EXTENSIONS.contains(&known.as_str()) {
                return Ok((Kind::Extension, false));
            }
            let ignored = "it is a modifier that nobody knows, and ignored";
            if MECHANISMS.contains(&known.as_str()) {
                return Err(Fault::Slip(format!("{ignored}; the mechanism is written `{name}:{value}`")));
            }
            Err(Fault::Unknown(ignored.to_owned()))
        }
    }
}

fn unknown(name: &str) -> String {
    let is_address = name.parse::<Ipv4Addr>().is_ok();
    match name {
        "" => "there is no mechanism".to_owned(),
        name if is_address => format!("an address is written `ip4:{name}`"),
        name if name.contains('.') => format!("`{name}` is no mechanism; `include:{name}` or `a:{name}` may be meant"),
        _ => "it is no mechanism".to_owned(),
    }
}

fn optional_domain(rest: &str) -> Result<Option<&str>, Fault> {
    match rest.strip_prefix(':') {
        Some(spec) => Ok(Some(spec)),
        None if rest.is_empty() => Ok(None),
        None => Err(Fault::Syntax(format!("`{rest}` is no prefix length"))),
    }
}

/// What stands before the prefix lengths of `a` and `mx`.
fn dual_prefix(rest: &str) -> Result<&str, Fault> {
    let mut rest = rest;
    for (mark, most) in [("//", 128), ("/", 32)] {
        if let Some((before, number)) = rest.rsplit_once(mark).filter(|(_, number)| is_number(number)) {
            prefix(number, most)?;
            rest = before;
        }
    }
    Ok(rest)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn prefix(number: &str, most: u32) -> Result<u32, Fault> {
    let value = number.parse().ok().filter(|value| *value <= most && is_number(number));
    match value {
        Some(value) if number == "0" || !number.starts_with('0') => Ok(value),
        _ => Err(Fault::Prefix(format!("`/{number}` is no prefix length, a number from 0 to {most}"))),
    }
}

/// Checks `:192.0.2.0/24`; says whether it means every address.
fn network(rest: &str, is_v4: bool) -> Result<bool, Fault> {
    let text = rest.strip_prefix(':').ok_or_else(|| Fault::Prefix("an address is missing".to_owned()))?;
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let (is_address, is_other) = match (address.parse::<Ipv4Addr>().is_ok(), address.parse::<Ipv6Addr>().is_ok()) {
        (v4, v6) if is_v4 => (v4, v6),
        (v4, v6) => (v6, v4),
    };
    let (version, other) = if is_v4 { (4, 6) } else { (6, 4) };
    if is_other {
        return Err(Fault::Prefix(format!("`{address}` is an address of IPv{other}, and belongs behind `ip{other}:`")));
    }
    if !is_address {
        return Err(Fault::Prefix(format!("`{address}` is no address of IPv{version}")));
    }
    let length = length.map(|length| prefix(length, if is_v4 { 32 } else { 128 })).transpose()?;
    Ok(length == Some(0))
}
