//! The data of records: fields become what stands on the wire.

use crate::{entry::Field, library_name, types::SPF};
use data_encoding::HEXLOWER_PERMISSIVE;
use hickory_proto::{
    rr::{
        RData, RecordType,
        rdata::{CNAME, MX, NS, NULL, PTR, SOA, SRV, TXT},
    },
    serialize::binary::{BinDecoder, Restrict},
};
use mail::{DnsName, LONGEST_CHARACTER_STRING};

/// Reads the data of a record whose names are relative to an origin.
pub(crate) fn read(record_type: RecordType, fields: &[Field<'_>], origin: &DnsName) -> Result<RData, String> {
    if is_generic(fields) {
        return generic(record_type, &fields[1..]);
    }
    let name = |field: &Field<'_>| {
        DnsName::relative(field.text, origin).map(|name| library_name(&name)).map_err(|e| e.to_string())
    };
    let one = |what: &str| match fields {
        [field] => name(field),
        _ => Err(format!("one name is needed: {what}")),
    };
    match (record_type, fields) {
        (RecordType::TXT, _) => {
            let strings = strings(fields)?;
            Ok(RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect())))
        }
        (SPF, _) => {
            let mut on_the_wire = Vec::new();
            for string in strings(fields)? {
                on_the_wire.push(u8::try_from(string.len()).expect("a string is not longer"));
                on_the_wire.extend(string);
            }
            Ok(RData::Unknown { code: SPF, rdata: NULL::with(on_the_wire) })
        }
        (RecordType::CNAME, _) => one("the one that it stands for").map(|name| RData::CNAME(CNAME(name))),
        (RecordType::NS, _) => one("that of the server").map(|name| RData::NS(NS(name))),
        (RecordType::PTR, _) => one("that of the address").map(|name| RData::PTR(PTR(name))),
        (RecordType::MX, [preference, host]) => Ok(RData::MX(MX::new(number(preference)?, name(host)?))),
        (RecordType::MX, _) => Err("a preference and a host are needed, as in `10 mx`".to_owned()),
        (RecordType::SRV, [priority, weight, port, target]) => {
            Ok(RData::SRV(SRV::new(number(priority)?, number(weight)?, number(port)?, name(target)?)))
        }
        (RecordType::SRV, _) => Err("priority, weight, port and a host are needed, as in `0 1 587 mx`".to_owned()),
        (RecordType::SOA, [server, mailbox, serial, refresh, retry, expire, minimum]) => {
            let seconds = |field: &Field<'_>| i32::try_from(time(field)?).map_err(|e| e.to_string());
            Ok(RData::SOA(SOA::new(
                name(server)?,
                name(mailbox)?,
                number(serial)?,
                seconds(refresh)?,
                seconds(retry)?,
                seconds(expire)?,
                time(minimum)?,
            )))
        }
        _ => library(record_type, fields, origin),
    }
}

/// Data that the DNS library reads; it is given whole names.
fn library(record_type: RecordType, fields: &[Field<'_>], origin: &DnsName) -> Result<RData, String> {
    let named = match record_type {
        RecordType::NAPTR => Some(5),
        RecordType::SVCB | RecordType::HTTPS => Some(1),
        _ => None,
    };
    let mut words: Vec<String> = fields.iter().map(Field::written).collect();
    if let Some(word) = named.and_then(|at| words.get_mut(at)) {
        let whole = DnsName::relative(word, origin).map_err(|e| e.to_string())?;
        *word = if whole.labels().next().is_none() { ".".to_owned() } else { format!("{whole}.") };
    }
    if let [address] = words.as_slice() {
        // the library's own words for a bad address do not name it
        let is_bad = match record_type {
            RecordType::A => address.parse::<std::net::Ipv4Addr>().is_err(),
            RecordType::AAAA => address.parse::<std::net::Ipv6Addr>().is_err(),
            _ => false,
        };
        if is_bad {
            let family = if record_type == RecordType::A { "an IPv4" } else { "an IPv6" };
            return Err(format!("`{address}` is not {family} address"));
        }
    }
    RData::try_from_str(record_type, &words.join(" ")).map_err(|e| e.to_string())
}

/// Whether data is written as octets, whatever its type.
pub(crate) fn is_generic(fields: &[Field<'_>]) -> bool {
    fields.first().is_some_and(|first| first.text == "\\#" && !first.is_quoted)
}

/// `\# 4 0a000001`: length and data of any type (RFC 3597 §5).
fn generic(record_type: RecordType, fields: &[Field<'_>]) -> Result<RData, String> {
    let Some((length, groups)) = fields.split_first() else {
        return Err(
            "behind `\\#` stand the number of octets and the octets, as in `\\# 2 00ff` (RFC 3597 §5)".to_owned()
        );
    };
    let length = number::<u16>(length)?;
    let digits: String = groups.iter().map(|group| group.text).collect();
    let octets = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| format!("`{digits}` is not hexadecimal"))?;
    if octets.len() != usize::from(length) {
        return Err(format!("there are {} octets, and `\\#` announces {length} (RFC 3597 §5)", octets.len()));
    }
    RData::read(&mut BinDecoder::new(&octets), record_type, Restrict::new(length))
        .map_err(|e| format!("these octets are no data of such a record: {e}"))
}

/// Character-strings (RFC 1035 §3.3).
fn strings(fields: &[Field<'_>]) -> Result<Vec<Vec<u8>>, String> {
    if fields.is_empty() {
        return Err("a text is needed, in double quotes".to_owned());
    }
    let string = |field: &Field<'_>| {
        let octets = mail::unescape(field.text).map_err(|e| e.to_string())?;
        if octets.len() > LONGEST_CHARACTER_STRING {
            return Err(format!(
                "a string has {} octets, at most {LONGEST_CHARACTER_STRING} are possible: split it, as in \"…\" \"…\"",
                octets.len()
            ));
        }
        Ok(octets)
    };
    fields.iter().map(string).collect()
}

fn number<T: std::str::FromStr>(field: &Field<'_>) -> Result<T, String> {
    field.text.parse().map_err(|_| format!("`{}` is no number that can stand here", field.text))
}

/// Seconds, also as `1h30m`.
fn time(field: &Field<'_>) -> Result<u32, String> {
    let bad = || format!("`{}` is no time", field.text);
    let mut total: u32 = 0;
    let mut rest = field.text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count: u32 = rest[..end].parse().map_err(|_| bad())?;
        let mut behind = rest[end..].chars();
        let unit = match behind.next().map(|unit| unit.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            Some(_) => return Err(bad()),
        };
        total = count.checked_mul(unit).and_then(|seconds| total.checked_add(seconds)).ok_or_else(bad)?;
        rest = behind.as_str();
    }
    if field.text.is_empty() { Err(bad()) } else { Ok(total) }
}
