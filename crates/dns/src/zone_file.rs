//! Zone files that a person wrote (RFC 1035 §5): entries as plain lines, and which line cannot be read.
//!
//! hickory's reader takes no strings in parentheses, no `@` in data and no `\DDD`, and does not say where it stopped. So the
//! entries are read here, and each is handed on as one line that it understands.

mod entry;

use crate::{ZoneData, zone};
use entry::{Entry, Field};
use hickory_proto::{rr::Name, serialize::txt::Parser};
use mail::Domain;
use plan::Dnssec;
use std::fmt::Write;

/// Why a zone file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not understood: {reason}")]
pub struct ZoneFileError {
    /// The line at which the record or directive begins, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Types that other servers have and this one has not: those of DNSSEC, which it makes itself, and rare ones (RFC 6895 §3.1).
const FOREIGN: [&str; 37] = [
    "A6",
    "AFSDB",
    "AMTRELAY",
    "APL",
    "AVC",
    "CDNSKEY",
    "CDS",
    "DHCID",
    "DLV",
    "DNAME",
    "DNSKEY",
    "DOA",
    "EUI48",
    "EUI64",
    "GPOS",
    "HIP",
    "IPSECKEY",
    "ISDN",
    "KEY",
    "KX",
    "LOC",
    "NSAP",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "PX",
    "RP",
    "RRSIG",
    "RT",
    "SIG",
    "SPF",
    "TA",
    "URI",
    "WALLET",
    "WKS",
    "X25",
    "ZONEMD",
];
/// The longest character-string, in octets (RFC 1035 §3.3).
const LONGEST: usize = 255;

/// Reads a zone file, to be served unsigned; what other servers sign it with is left out, and so are records of types that this
/// one does not have. Its apex is the owner of its SOA record, else its first `$ORIGIN`, if that comes before any record, else
/// `domain`.
///
/// # Errors
/// Something in it cannot be read, and where that is.
pub fn read_zone_file(text: &str, domain: &Domain) -> Result<ZoneData, ZoneFileError> {
    let mut reader = Reader::new(format!("{domain}."), true);
    reader.read(text)?;
    let soa = reader.lines.iter().find(|line| line.record_type == "SOA").map(|line| (line.number, &line.owner));
    let origin = match soa.or(reader.named.as_ref().map(|(number, name)| (*number, name))) {
        Some((line, name)) => name.parse().map_err(|_| ZoneFileError {
            line,
            reason: format!("`{name}` is no domain, and cannot be the apex of a zone"),
        })?,
        None => domain.clone(),
    };
    Ok(ZoneData { origin, dnssec: Dnssec::Insecure, records: reader.text(), faults: Vec::new() })
}

/// Selectors of the DKIM keys that a zone which was read from a file has for a domain (RFC 6376 §3.6.2.1), each once, sorted.
#[must_use]
pub fn selectors(zone: &ZoneData, domain: &Domain) -> Vec<String> {
    let behind = format!("._domainkey.{domain}.");
    let owners = zone.records.lines().filter_map(|line| line.split(' ').next());
    let mut found: Vec<String> = owners.filter_map(|owner| owner.strip_suffix(&behind)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

/// Records in zone-file syntax as hickory's reader understands them; names without a final dot are relative to the origin.
pub(crate) fn flat(text: &str, origin: &Name) -> Result<String, ZoneFileError> {
    let mut reader = Reader::new(origin.to_ascii(), false);
    reader.read(text)?;
    Ok(reader.text())
}

/// A record on one line.
struct Line {
    number: usize,
    owner: String,
    record_type: String,
    text: String,
    /// What names in its data are relative to.
    origin: String,
}

struct Reader {
    origin: String,
    /// The `$ORIGIN` that came before any record, and its line.
    named: Option<(usize, String)>,
    owner: Option<String>,
    lines: Vec<Line>,
    /// The file is another server's.
    is_foreign: bool,
}

impl Reader {
    fn new(origin: String, is_foreign: bool) -> Self {
        Self { origin, named: None, owner: None, lines: Vec::new(), is_foreign }
    }

    fn read(&mut self, text: &str) -> Result<(), ZoneFileError> {
        for entry in entry::entries(text) {
            let read = entry.fault.map_or_else(|| self.take(&entry), |fault| Err(fault.to_owned()));
            read.map_err(|reason| ZoneFileError { line: entry.line, reason })?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut origin = "";
        for line in &self.lines {
            if line.origin != origin {
                origin = &line.origin;
                let _ = writeln!(text, "$ORIGIN {origin}");
            }
            let _ = writeln!(text, "{}", line.text);
        }
        text
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<(), String> {
        let mut fields = entry.fields.as_slice();
        if !entry.is_indented {
            let Some((first, rest)) = fields.split_first() else { return Ok(()) };
            if first.text.starts_with('$') && !first.is_quoted {
                return self.directive(entry.line, first.text, rest);
            }
            self.owner = Some(self.absolute(first.text)?);
            fields = rest;
        }
        let owner = self.owner.clone().ok_or("the first record has no name")?;
        let before = fields.iter().take(2).take_while(|field| is_ttl_or_class(field)).count();
        let Some((kind, data)) = fields[before..].split_first() else {
            return Err(format!("behind {owner} there is no record"));
        };
        let record_type = kind.text.to_ascii_uppercase();
        if FOREIGN.contains(&record_type.as_str()) || is_number(&record_type) {
            return if self.is_foreign {
                Ok(())
            } else {
                Err(format!("records of type {record_type} cannot be served"))
            };
        }
        zone::record_type(&record_type).map_err(|e| e.to_string())?;
        let mut text = format!("{owner} IN {record_type}");
        for field in data {
            let _ = write!(text, " {}", self.field(&record_type, field)?);
        }
        check(&text, &self.origin)?;
        self.lines.push(Line { number: entry.line, owner, record_type, text, origin: self.origin.clone() });
        Ok(())
    }

    /// A field of the data as hickory's reader understands it.
    fn field(&self, record_type: &str, field: &Field<'_>) -> Result<String, String> {
        if record_type != "TXT" {
            let is_origin = field.text == "@" && !field.is_quoted;
            return Ok(if is_origin { self.origin.clone() } else { field.written() });
        }
        let octets = field.octets();
        if octets.len() > LONGEST {
            let many = octets.len();
            return Err(format!(
                "a string has {many} octets, at most {LONGEST} are possible: split it, as in \"…\" \"…\""
            ));
        }
        let text = String::from_utf8(octets).map_err(|_| "a string is not UTF-8, and cannot be served")?;
        Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
    }

    fn directive(&mut self, line: usize, word: &str, rest: &[Field<'_>]) -> Result<(), String> {
        match (word.to_ascii_uppercase().as_str(), rest) {
            ("$ORIGIN", [name]) => {
                // Of several labels without a final dot it was forgotten; one alone is meant to be relative.
                let is_whole = name.text.contains('.') && !name.text.ends_with('.');
                self.origin = self.absolute(&format!("{}{}", name.text, if is_whole { "." } else { "" }))?;
                if self.lines.is_empty() && self.named.is_none() {
                    self.named = Some((line, self.origin.clone()));
                }
            }
            ("$TTL", [_]) => {}
            ("$ORIGIN" | "$TTL", _) => return Err(format!("{word} takes one value")),
            ("$INCLUDE", _) => return Err("$INCLUDE is not allowed: a zone is one text".to_owned()),
            _ => return Err(format!("{word} is no directive that is understood")),
        }
        Ok(())
    }

    /// A name with its final dot.
    fn absolute(&self, name: &str) -> Result<String, String> {
        let name = match name {
            "@" => self.origin.clone(),
            name if name.ends_with('.') && !name.ends_with("\\.") => name.to_owned(),
            name if self.origin == "." => format!("{name}."),
            name => format!("{name}.{}", self.origin),
        };
        Name::parse(&name, None).map_err(|e| format!("`{name}` is no name: {e}"))?;
        Ok(name.to_ascii_lowercase())
    }
}

/// Whether hickory's reader takes a line.
fn check(line: &str, origin: &str) -> Result<(), String> {
    let text = format!("$TTL 0\n$ORIGIN {origin}\n{line}\n");
    Parser::new(text, None, Some(Name::root())).parse().map(|_| ()).map_err(|e| e.to_string())
}

/// `3600`, `1h30m`, `IN`.
fn is_ttl_or_class(field: &Field<'_>) -> bool {
    let text = field.text.to_ascii_uppercase();
    let is_ttl = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "SMHDW".contains(c));
    !field.is_quoted && (is_ttl || ["IN", "CH", "HS", "CS"].contains(&text.as_str()))
}

/// `TYPE65534` (RFC 3597 §5).
fn is_number(record_type: &str) -> bool {
    record_type.strip_prefix("TYPE").is_some_and(|number| number.parse::<u16>().is_ok())
}
