//! From entries to records: owners, origins, TTLs and types.

use crate::{
    data,
    entry::{Entry, Field, entries},
    library_name, types,
};
use hickory_proto::{
    rr::{RData, Record as LibraryRecord, RecordType},
    serialize::binary::{BinEncodable, BinEncoder, NameEncoding},
};
use mail::DnsName;
use std::{fmt::Write, ops::Range};

/// A record. Its TTL is not kept: whoever serves it says which one it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub owner: DnsName,
    /// Its type.
    pub record_type: RecordType,
    /// What it says.
    pub data: RData,
    /// The owner as it was written; `None`: it is that of the record before.
    pub owner_text: Option<String>,
    /// Whether a TTL was written.
    pub has_ttl: bool,
    /// Whether some of its data is in double quotes.
    pub has_quotes: bool,
    /// Whether its data is written as octets (RFC 3597 §5).
    pub is_generic: bool,
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// Its first line, from 1.
    pub line: usize,
}

/// A line that begins with `$` (RFC 1035 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// Its line, from 1.
    pub line: usize,
    /// What it makes the origin of what follows, if it does.
    pub origin: Option<DnsName>,
    /// Whether a record stands before it.
    pub is_after_records: bool,
}

/// What cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// Its first line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// Whether it is a record that other servers have, of a type of which the data is not read here.
    pub is_of_other_servers: bool,
}

/// What a text says, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZoneFile {
    /// Records in the order of the text.
    pub records: Vec<Record>,
    /// Directives in the order of the text.
    pub directives: Vec<Directive>,
    /// What cannot be read, in the order of the text.
    pub faults: Vec<Fault>,
}

/// Reads records; names without a final dot are relative to `origin` (RFC 1035 §5.1).
#[must_use]
pub fn read(text: &str, origin: &DnsName) -> ZoneFile {
    let mut reader = Reader { origin: origin.clone(), owner: None, file: ZoneFile::default() };
    for entry in entries(text) {
        let taken = match entry.fault {
            Some(fault) => Err(Refused::wrong(fault)),
            None => reader.take(&entry),
        };
        if let Err(Refused { message, is_of_other_servers }) = taken {
            reader.file.faults.push(Fault { at: entry.at, line: entry.line, message, is_of_other_servers });
        }
    }
    reader.file
}

impl Record {
    /// The texts of a TXT record, strings joined (RFC 7208 §3.3); `None` for any other.
    #[must_use]
    pub fn text(&self) -> Option<Vec<u8>> {
        match &self.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        }
    }

    /// As a line that means the same under any origin (RFC 3597 §5).
    #[must_use]
    pub fn to_line(&self) -> String {
        let octets = octets(&self.data);
        let number = u16::from(self.record_type);
        let mut line = format!("{}. IN TYPE{number} \\# {}", self.owner, octets.len());
        if self.owner.labels().next().is_none() {
            line.replace_range(..1, "");
        }
        if !octets.is_empty() {
            let _ = write!(line, " {}", data_encoding::HEXLOWER.encode(&octets));
        }
        line.push('\n');
        line
    }

    /// As the DNS library has it, with TTL 0.
    #[must_use]
    pub fn to_library(&self) -> LibraryRecord {
        LibraryRecord::from_rdata(library_name(&self.owner), 0, self.data.clone())
    }
}

/// Data on the wire, names in full.
fn octets(data: &RData) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut encoder = BinEncoder::new(&mut octets);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    let emitted = data.emit(&mut encoder);
    debug_assert!(emitted.is_ok(), "what was read can be written");
    octets
}

struct Refused {
    message: String,
    is_of_other_servers: bool,
}

impl Refused {
    fn wrong(message: impl ToString) -> Self {
        Self { message: message.to_string(), is_of_other_servers: false }
    }
}

struct Reader {
    origin: DnsName,
    owner: Option<DnsName>,
    file: ZoneFile,
}

impl Reader {
    fn take(&mut self, entry: &Entry<'_>) -> Result<(), Refused> {
        let mut fields = entry.fields.as_slice();
        let mut owner_text = None;
        if !entry.is_indented {
            let Some((first, rest)) = fields.split_first() else { return Ok(()) };
            if first.text.starts_with('$') && !first.is_quoted {
                return self.directive(entry, first.text, rest);
            }
            owner_text = Some(first.text.to_owned());
            self.owner = Some(DnsName::relative(first.text, &self.origin).map_err(Refused::wrong)?);
            fields = rest;
        }
        let owner = self.owner.clone().ok_or_else(|| Refused::wrong("the first record has no name"))?;
        let before: Vec<_> = fields.iter().take(2).take_while(|field| is_ttl(field) || is_class(field)).collect();
        if let Some(class) = before.iter().find(|field| is_class(field) && !field.text.eq_ignore_ascii_case("IN")) {
            return Err(Refused::wrong(format!("class {} is not served: only IN is", class.text)));
        }
        let Some((kind, fields)) = fields[before.len()..].split_first() else {
            return Err(Refused::wrong(format!("behind {owner} there is no record")));
        };
        let record_type = kind_of(kind, fields)?;
        let data = data::read(record_type, fields, &self.origin).map_err(Refused::wrong)?;
        self.file.records.push(Record {
            owner,
            record_type,
            data,
            owner_text,
            has_ttl: before.iter().any(|field| is_ttl(field)),
            has_quotes: fields.iter().any(|field| field.is_quoted),
            is_generic: data::is_generic(fields),
            at: entry.at.clone(),
            line: entry.line,
        });
        Ok(())
    }

    fn directive(&mut self, entry: &Entry<'_>, word: &str, rest: &[Field<'_>]) -> Result<(), Refused> {
        let mut origin = None;
        match (word.to_ascii_uppercase().as_str(), rest) {
            ("$ORIGIN", [name]) => {
                // Of several labels without a final dot it was forgotten; one alone is meant to be relative.
                let is_whole = name.text.contains('.') && !name.text.ends_with('.');
                let name = format!("{}{}", name.text, if is_whole { "." } else { "" });
                self.origin = DnsName::relative(&name, &self.origin).map_err(Refused::wrong)?;
                origin = Some(self.origin.clone());
            }
            ("$TTL", [_]) => {}
            ("$ORIGIN" | "$TTL", _) => return Err(Refused::wrong(format!("{word} takes one value"))),
            ("$INCLUDE", _) => return Err(Refused::wrong("$INCLUDE is not allowed: a zone is one text")),
            _ => return Err(Refused::wrong(format!("{word} is no directive that is understood"))),
        }
        let is_after_records = !self.file.records.is_empty();
        self.file.directives.push(Directive { at: entry.at.clone(), line: entry.line, origin, is_after_records });
        Ok(())
    }
}

/// The type of a record with such data.
fn kind_of(word: &Field<'_>, data: &[Field<'_>]) -> Result<RecordType, Refused> {
    let upper = word.text.to_ascii_uppercase();
    let is_generic = data::is_generic(data);
    let known = types::record_type(&upper);
    if known.is_some_and(types::is_made) || (types::is_foreign(&upper) && !(is_generic && known.is_some())) {
        let message = match known {
            Some(made) if types::is_made(made) => {
                format!("records of type {upper} are not written: signing makes them")
            }
            _ => format!("data of type {upper} is not read here: write it as `TYPE… \\# LENGTH HEX` (RFC 3597 §5)"),
        };
        return Err(Refused { message, is_of_other_servers: true });
    }
    match known {
        None => Err(Refused::wrong(format!("`{}` is no record type, such as TXT or MX", word.text))),
        Some(RecordType::Unknown(_)) if known != Some(types::SPF) && !is_generic => Err(Refused {
            message: format!("data of type {upper} is written as `\\# LENGTH HEX` (RFC 3597 §5)"),
            is_of_other_servers: true,
        }),
        Some(known) => Ok(known),
    }
}

/// `3600`, `1h30m`.
fn is_ttl(field: &Field<'_>) -> bool {
    !field.is_quoted
        && field.text.starts_with(|c: char| c.is_ascii_digit())
        && field.text.chars().all(|c| c.is_ascii_digit() || "SMHDW".contains(c.to_ascii_uppercase()))
}

/// `IN`.
fn is_class(field: &Field<'_>) -> bool {
    !field.is_quoted && ["IN", "CH", "HS", "CS"].iter().any(|class| field.text.eq_ignore_ascii_case(class))
}
