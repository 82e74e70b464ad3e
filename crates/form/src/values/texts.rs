//! Texts with a grammar.

use crate::{Flaw, Shape, Text, did_you_mean, rfcs};
use mail::{Address, AddressError, Domain, EnhancedStatus, Reply, ReversePath};
use plan::{Need, Tlsa, TlsaOf};
use std::{net::IpAddr, str::FromStr};

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
    Need: "something that a gateway can have, such as `submission`, `dmarc` or `dovecot >= 2.4`", |text: &str| {
        text.parse().map_err(|_| {
            let known = "a service (`submission`), a daemon and version (`postfix`, `dovecot >= 2.4`, `dovecot < 2.4`), a method \
                         (`spf`, `dkim`, `dmarc`, `arc`), or `dane`, `mta-sts`, `tls-reports`";
            Flaw::new(format!("`{text}` is nothing that a gateway has")).help(format!("write {known}"))
        })
    };
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
        zonefile::record_type(&upper).map(|_| RecordKind(upper)).ok_or_else(flaw)
    };
    Tlsa: "a TLSA record" matching r"^\d+ \d+ \d+( wrong| issue \d+)?$", tlsa;
    CertificateName: "a domain name, or `*.` and a domain name", |text: &str| {
        let name = text.strip_prefix("*.").unwrap_or(text);
        let flaw = || {
            let flaw = Flaw::new(format!("`{text}` is no name for a certificate (RFC 9525 §6.3)"));
            flaw.help("write `mx.partner.example`, or `*.partner.example`")
        };
        let read: Result<Domain, _> = name.parse();
        read.map(|_| CertificateName(text.to_ascii_lowercase())).map_err(|_| flaw())
    };
    KeyName: "the kind of a key, such as `EC P-256`" matching r"^(RSA [1-9]\d{2,4}|EC P-(256|384|521)|Ed25519)$", key_name;
    LintCode: "a word of the lint, such as `spf-too-many-lookups`" matching r"^[a-z0-9]+(-[a-z0-9]+)*$", |text: &str| {
        let fits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let flaw = || Flaw::new(format!("`{text}` is not a word of the lint"));
        let help = "write it in lower case with hyphens: `spf-too-many-lookups`";
        text.split('-').all(fits).then(|| LintCode(text.to_owned())).ok_or_else(|| flaw().help(help))
    };
    SettingValue: "text of one line, empty or not" matching r"^[^\x00-\x1f\x7f]*$", |text: &str| {
        let flaw = || Flaw::new("the value of a setting is one line of text").help("no line ends, no control characters");
        (!text.contains(char::is_control)).then(|| SettingValue(text.to_owned())).ok_or_else(flaw)
    };
    SettingName: "the name of a setting" matching r"^([A-Za-z0-9_.:*!@\[\] -]*/)*[A-Za-z0-9_.-]+$", |text: &str| {
        let is_name = |own: &str| !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let is_path = |path: &str| path.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:*!@[]/ -".contains(&b));
        let (path, own) = text.rsplit_once('/').unwrap_or(("", text));
        let flaw = || Flaw::new(format!("`{text}` is not the name of a setting"));
        let help = "write `smtpd_tls_ciphers`, `submission/inet/smtpd_tls_ciphers` or `service imap-login/inet_listener imaps/ssl`";
        (is_name(own) && is_path(path)).then(|| SettingName(text.to_owned())).ok_or_else(|| flaw().help(help))
    };
    ReplyLine: "a reply of one line, such as `451 4.3.0 later`" matching r"^[245]\d\d .*\S.*$", |text: &str| {
        let read = text.parse().ok().filter(|reply: &Reply| {
            reply.code / 100 != 3 && reply.lines.iter().all(|line| !line.trim().is_empty()) && line(text).is_ok()
        });
        let flaw = || Flaw::new(format!("`{text}` is not a reply that ends a message (RFC 5321 §4.2)"));
        read.map(|_| ReplyLine(text.to_owned())).ok_or_else(|| flaw().help("write it as `451 4.3.0 later`"))
    };
    Exchange: "a host, with a priority before it if that is not 10" matching r"^(\d+ +)?\S+$", exchange;
}

/// Text of one line that is not empty.
#[derive(Debug, Clone)]
pub struct Line(pub String);

/// Text that is not empty.
#[derive(Debug, Clone)]
pub struct NotEmpty(pub String);

/// A citation in its one form, of an RFC that is known.
#[derive(Debug, Clone)]
pub struct Cite(pub String);

/// Name of a header field (RFC 5322 §2.2).
#[derive(Debug, Clone)]
pub struct FieldName(pub String);

/// A header field, `Name: value` (RFC 5322 §2.2).
#[derive(Debug, Clone)]
pub struct FieldLine(pub String);

/// A selector (RFC 6376 §3.1).
#[derive(Debug, Clone)]
pub struct Selector {
    /// As it is written.
    pub as_written: String,
    /// Its labels, in lower case.
    pub labels: Domain,
}

/// A type of DNS records, in upper case.
#[derive(Debug, Clone)]
pub struct RecordKind(pub String);

/// Name of a setting of a daemon.
#[derive(Debug, Clone)]
pub struct SettingName(pub String);

/// Value of a setting of a daemon; it may be empty.
#[derive(Debug, Clone)]
pub struct SettingValue(pub String);

/// A name in a certificate, in lower case; its first label may be `*` (RFC 9525 §6.3).
#[derive(Debug, Clone)]
pub struct CertificateName(pub String);

/// The kind of a key, as evidence has it.
#[derive(Debug, Clone)]
pub struct KeyName(pub String);

/// A word of the lint of DNS records.
#[derive(Debug, Clone)]
pub struct LintCode(pub String);

/// A reply of one line to a whole message (RFC 5321 §4.2).
#[derive(Debug, Clone)]
pub struct ReplyLine(pub String);

/// Seconds from the run's clock.
#[derive(Debug, Clone, Copy)]
pub struct FromNow(pub i64);

/// A mail exchange (RFC 5321 §5.1); no host is the null MX (RFC 7505 §3).
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The preference; the lowest is tried first.
    pub priority: u16,
    /// The host; `None` for the null MX.
    pub host: Option<Domain>,
}

fn from_str<T: FromStr>(text: &str) -> Result<T, Flaw>
where
    T::Err: ToString,
{
    text.parse().map_err(|error: T::Err| Flaw::new(error.to_string()))
}

fn address<T: FromStr<Err = AddressError>>(text: &str) -> Result<T, Flaw> {
    text.parse().map_err(|error: AddressError| {
        let flaw = Flaw::new(format!("`{}` is not a mail address", text.escape_debug()));
        let raw = "; `{ raw = '<…>' }` sends any octets in the place of a path";
        let raw = if matches!(error, AddressError::LocalPart(_)) { raw } else { "" };
        flaw.help(format!("{}{raw}", error.to_string().escape_debug()))
    })
}

fn line(text: &str) -> Result<Line, Flaw> {
    if text.trim().is_empty() || text.contains(|c: char| c.is_control()) {
        return Err(Flaw::new("one line of text is needed here").help("no line ends, no control characters, not empty"));
    }
    Ok(Line(text.to_owned()))
}

fn key_name(text: &str) -> Result<KeyName, Flaw> {
    let is_rsa = |bits: &str| !bits.starts_with('0') && bits.parse().is_ok_and(|bits| (100..100_000).contains(&bits));
    let is_known = ["EC P-256", "EC P-384", "EC P-521", "Ed25519"].contains(&text);
    if is_known || text.strip_prefix("RSA ").is_some_and(is_rsa) {
        return Ok(KeyName(text.to_owned()));
    }
    let near =
        did_you_mean(text, ["EC P-256", "EC P-384", "EC P-521", "Ed25519", "RSA 2048"], "Write it as `RSA 2048`");
    Err(Flaw::new(format!("`{text}` is not a kind of key")).help(near))
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
