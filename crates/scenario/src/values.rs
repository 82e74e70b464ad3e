//! Values of the language that are no tables: lists, numbers, and texts with a grammar.

use crate::{
    Spanned, Tlsa, TlsaOf,
    faults::Flaw,
    form::{Form, Node, Shape, Text},
    rfcs,
};
use hickory_proto::rr::RecordType;
use mail::{Address, AddressError, Domain, EnhancedStatus, Reply, ReversePath};
use std::{net::IpAddr, str::FromStr};
use toml::de::DeValue;

impl Form for bool {
    fn shape() -> Shape {
        Shape::Flag
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let value = if let DeValue::Boolean(value) = node.value.get_ref() { Some(*value) } else { None };
        value.or_else(|| {
            flaws.push(node.must_be("`true` or `false`"));
            None
        })
    }
}

/// `true`, since nothing else would mean anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yes;

impl Form for Yes {
    fn shape() -> Shape {
        Shape::Flag
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let is_yes = bool::read(node, flaws)?;
        if !is_yes {
            flaws.push(Flaw::new(format!("`{}` can only be `true`", node.name)).at(&node.span(), "leave it out"));
        }
        is_yes.then_some(Self)
    }
}

/// An integer between two bounds, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole<const MIN: i64, const MAX: i64>(pub(crate) i64);

impl<const MIN: i64, const MAX: i64> Form for Whole<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Whole { min: MIN, max: MAX }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let what = Self::shape().what();
        integer(node, &what, flaws, |value| (MIN..=MAX).contains(&value)).map(Self)
    }
}

/// Size of an RSA key in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) i64);

impl Bits {
    const ALL: &'static [i64] = &[1024, 2048, 4096];
}

impl Form for Bits {
    fn shape() -> Shape {
        Shape::OneOf(Self::ALL)
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        integer(node, &Self::shape().what(), flaws, |value| Self::ALL.contains(&value)).map(Self)
    }
}

fn integer(node: Node<'_>, what: &str, flaws: &mut Vec<Flaw>, allowed: impl Fn(i64) -> bool) -> Option<i64> {
    let DeValue::Integer(written) = node.value.get_ref() else {
        flaws.push(node.must_be(what));
        return None;
    };
    let value = i64::from_str_radix(written.as_str(), written.radix()).ok().filter(|value| allowed(*value));
    if value.is_none() {
        flaws.push(Flaw::new(format!("`{}` must be {what}", node.name)).at(&node.span(), "out of range"));
    }
    value
}

impl<T: Form> Form for Vec<T> {
    fn shape() -> Shape {
        Shape::List { of: Box::new(T::shape()), least: 0 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Array(list) = node.value.get_ref() else {
            flaws.push(node.must_be(&Self::shape().what()).help("write it in brackets: `[…]`"));
            return None;
        };
        Some(list.iter().filter_map(|value| T::read(Node { name: node.name, value }, flaws)).collect())
    }
}

/// A list that is not empty.
#[derive(Debug, Clone)]
pub(crate) struct AtLeastOne<T>(pub(crate) Vec<T>);

impl<T: Form> Form for AtLeastOne<T> {
    fn shape() -> Shape {
        Shape::List { of: Box::new(T::shape()), least: 1 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if matches!(node.value.get_ref(), DeValue::Array(list) if list.is_empty()) {
            let flaw = Flaw::new(format!("`{}` is empty", node.name));
            flaws.push(flaw.at(&node.span(), format!("at least one is needed: {}", T::shape().what())));
            return None;
        }
        Vec::read(node, flaws).map(Self)
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T: Form> Form for OneOrMany<T> {
    fn shape() -> Shape {
        Shape::AnyOf(vec![T::shape(), AtLeastOne::<T>::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Array(_) => AtLeastOne::read(node, flaws).map(|list| Self(list.0)),
            _ => T::read(node, flaws).map(|value| Self(vec![value])),
        }
    }
}

/// Values under names of the writer's choice, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Named<K, T>(pub(crate) Vec<(Spanned<K>, T)>);

impl<K: Text, T: Form> Form for Named<K, T> {
    fn shape() -> Shape {
        Shape::Named { key: Box::new(<K as Text>::shape()), of: Box::new(T::shape()) }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Table(table) = node.value.get_ref() else {
            flaws.push(node.must_be("a table"));
            return None;
        };
        let mut found = Vec::new();
        for (name, value) in table.iter() {
            let key = K::parse(name.get_ref()).map_err(|flaw| flaws.push(flaw.at(&name.span(), "here")));
            let value = T::read(Node { name: name.get_ref(), value }, flaws);
            if let (Ok(key), Some(value)) = (key, value) {
                found.push((Spanned { value: key, span: name.span() }, value));
            }
        }
        found.sort_by_key(|(key, _)| key.span.start);
        Some(Self(found))
    }
}

/// Declares types that are read from text by [`FromStr`], or by a function.
macro_rules! texts {
    ($($type:ty: $what:literal $(matching $pattern:literal)?, $read:expr;)+) => {$(
        impl Text for $type {
            fn shape() -> Shape {
                Shape::Text { what: $what, pattern: None$(.or(Some($pattern)))? }
            }

            fn parse(text: &str) -> Result<Self, Flaw> {
                $read(text)
            }
        }
    )+};
}

texts! {
    String: "text", |text: &str| Ok(text.to_owned());
    Line: "text of one line that is not empty" matching r"\S", line;
    NotEmpty: "text that is not empty" matching r"[\s\S]", |text: &str| {
        Some(NotEmpty(text.to_owned())).filter(|_| !text.is_empty()).ok_or_else(|| Flaw::new("the text is empty"))
    };
    Domain: "a domain name", from_str;
    Address: "a mail address" matching "@", address;
    ReversePath: "a mail address, or `<>`", address;
    EnhancedStatus: "an enhanced status code" matching r"^[245]\.\d{1,3}\.\d{1,3}$", from_str;
    IpAddr: "an IP address", |text: &str| text.parse().map_err(|_| {
        Flaw::new(format!("`{text}` is not an IP address")).help("write it as 192.0.2.10 or 2001:db8::10")
    });
    Cite: "a section of an RFC" matching r"^RFC \d+ §[0-9A-Z][0-9A-Za-z.]*$", |text: &str| rfcs::check(text).map(Cite);
    FieldName: "the name of a header field" matching r"^[!-9;-~]+$", |text: &str| {
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        let flaw = || Flaw::new(format!("`{text}` is not the name of a header field (RFC 5322 §2.2)"));
        fits.then(|| FieldName(text.to_owned())).ok_or_else(flaw)
    };
    FieldLine: "a header field, `Name: value`" matching "^[!-9;-~]+:", |text: &str| {
        let name = text.split_once(':').map_or("", |(name, _)| name);
        let flaw = || Flaw::new(format!("`{text}` is not a header field")).help("write it as `Name: value`");
        FieldName::parse(name).map(|_| FieldLine(text.to_owned())).map_err(|_| flaw())
    };
    FromNow: "a time from now, such as `-2d` or `+1h`" matching r"^[+-]\d{1,9}[smhdw]$", from_now;
    Selector: "a selector (labels of letters, digits, `-` and `_`)" matching r"^[A-Za-z0-9_.-]+$", |text: &str| {
        let flaw = || Flaw::new(format!("`{text}` is not a selector (RFC 6376 §3.1)"));
        Domain::from_str(text).map(|labels| Selector { as_written: text.to_owned(), labels }).map_err(|_| flaw())
    };
    RecordKind: "a record type, such as `TXT`" matching "^[A-Za-z0-9]+$", |text: &str| {
        let upper = text.to_ascii_uppercase();
        let flaw = || Flaw::new(format!("`{text}` is not a record type")).help("write it as `TXT`, `MX`, `A`, …");
        RecordType::from_str(&upper).map(|_| RecordKind(upper)).map_err(|_| flaw())
    };
    Tlsa: "a TLSA record" matching r"^\d+ \d+ \d+( wrong| issue \d+)?$", tlsa;
    SettingName: "the name of a setting" matching r"^[A-Za-z0-9_./-]+$", |text: &str| {
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./-".contains(&b));
        let flaw = || Flaw::new(format!("`{text}` is not the name of a setting"));
        fits.then(|| SettingName(text.to_owned())).ok_or_else(flaw)
    };
    ReplyLine: "a reply, such as `451 4.3.0 later`" matching r"^[2-5]\d\d .+$", |text: &str| {
        let read: Result<Reply, _> = text.parse();
        let flaw = |_| Flaw::new(format!("`{text}` is not a reply (RFC 5321 §4.2)")).help("write it as `451 4.3.0 later`");
        read.map(|_| ReplyLine(text.to_owned())).map_err(flaw)
    };
    Exchange: "a host, with a priority before it if that is not 10" matching r"^(\d+ +)?\S+$", exchange;
}

/// Text of one line that is not empty.
#[derive(Debug, Clone)]
pub(crate) struct Line(pub(crate) String);

/// Text that is not empty.
#[derive(Debug, Clone)]
pub(crate) struct NotEmpty(pub(crate) String);

/// A citation in its one form, of an RFC that is known.
#[derive(Debug, Clone)]
pub(crate) struct Cite(pub(crate) String);

/// Name of a header field (RFC 5322 §2.2).
#[derive(Debug, Clone)]
pub(crate) struct FieldName(pub(crate) String);

/// A header field, `Name: value` (RFC 5322 §2.2).
#[derive(Debug, Clone)]
pub(crate) struct FieldLine(pub(crate) String);

/// A selector (RFC 6376 §3.1).
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) as_written: String,
    pub(crate) labels: Domain,
}

/// A type of DNS records, in upper case.
#[derive(Debug, Clone)]
pub(crate) struct RecordKind(pub(crate) String);

/// Name of a setting of a daemon.
#[derive(Debug, Clone)]
pub(crate) struct SettingName(pub(crate) String);

/// A reply of one line (RFC 5321 §4.2).
#[derive(Debug, Clone)]
pub(crate) struct ReplyLine(pub(crate) String);

/// A reply code that refuses (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) u16);

impl Form for Code {
    fn shape() -> Shape {
        Shape::Whole { min: 400, max: 599 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        Whole::<400, 599>::read(node, flaws).and_then(|code| u16::try_from(code.0).ok()).map(Self)
    }
}

/// Seconds from the run's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromNow(pub(crate) i64);

/// A mail exchange (RFC 5321 §5.1); no host is the null MX (RFC 7505 §3).
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) priority: u16,
    pub(crate) host: Option<Domain>,
}

fn from_str<T: FromStr>(text: &str) -> Result<T, Flaw>
where
    T::Err: ToString,
{
    text.parse().map_err(|error: T::Err| Flaw::new(error.to_string()))
}

fn address<T: FromStr<Err = AddressError>>(text: &str) -> Result<T, Flaw> {
    text.parse()
        .map_err(|error: AddressError| Flaw::new(format!("`{text}` is not a mail address")).help(error.to_string()))
}

fn line(text: &str) -> Result<Line, Flaw> {
    if text.trim().is_empty() || text.contains(|c: char| c.is_control()) {
        return Err(Flaw::new("one line of text is needed here").help("no line ends, no control characters, not empty"));
    }
    Ok(Line(text.to_owned()))
}

fn from_now(text: &str) -> Result<FromNow, Flaw> {
    let read = || {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        let signed = digits.starts_with(['+', '-']) && (2..=10).contains(&digits.len());
        let number = digits.parse::<i64>().ok().filter(|_| signed)?;
        Some(FromNow(number * unit))
    };
    let flaw = Flaw::new(format!("`{text}` is not a time from now"));
    read().ok_or_else(|| flaw.help("write a sign, a number and a unit (s, m, h, d or w): `-2d` is two days ago"))
}

fn tlsa(text: &str) -> Result<Tlsa, Flaw> {
    let read = || {
        let words: Vec<&str> = text.split(' ').collect();
        let [usage, selector, matching, rest @ ..] = words.as_slice() else { return None };
        let of = match rest {
            [] => TlsaOf::Issue(1),
            ["wrong"] => TlsaOf::Wrong,
            ["issue", number] => TlsaOf::Issue(number.parse().ok().filter(|number| (1..=200).contains(number))?),
            _ => return None,
        };
        Some(Tlsa {
            usage: usage.parse().ok()?,
            selector: selector.parse().ok()?,
            matching: matching.parse().ok()?,
            of,
        })
    };
    let flaw = || Flaw::new(format!("`{text}` is not a TLSA record (RFC 6698 §2.1)"));
    read().ok_or_else(|| flaw().help("write `3 1 1` for the host's certificate, `3 1 1 issue 2`, or `3 1 1 wrong`"))
}

fn exchange(text: &str) -> Result<Exchange, Flaw> {
    let (priority, host) = match text.split_once(' ') {
        Some((number, host)) => (number.parse().ok(), host.trim_start()),
        None => (Some(if text == "." { 0 } else { 10 }), text),
    };
    let flaw = || {
        Flaw::new(format!("`{text}` is not a mail exchange"))
            .help("write `mail.bank.example` or `20 mail.bank.example`")
    };
    let host = if host == "." { None } else { Some(host.parse().map_err(|_| flaw())?) };
    Ok(Exchange { priority: priority.ok_or_else(flaw)?, host })
}
