//! How mail-auth finds records: in the zones themselves, through the place that it has for a cache.
//!
//! mail-auth takes the first record that it can read where there are several, and does not count look-ups that find nothing.
//! So TXT records are read here: two of SPF at a name are an error (RFC 7208 §4.5), two of DMARC are none (RFC 9989 §4.10), and
//! void look-ups are counted (RFC 7208 §4.6.4). Whatever is not found here, mail-auth asks the resolver for.

use crate::{dmarc_record, spf_terms};
use dns::{Found, Resolver};
use hickory_proto::rr::{RData, RecordType};
use mail_auth::{
    DnsError, Error, MX, RecordSet, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
    dmarc::Dmarc,
    hickory_resolver::proto::op::ResponseCode,
    spf::Spf,
};
use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    net::{Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// What a TXT record is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Spf,
    Key,
    Dmarc,
}

/// The zones, for one check of one message.
pub(crate) struct Zones<'a> {
    pub(crate) resolver: &'a Resolver,
    pub(crate) purpose: Purpose,
    /// Of which addresses only void look-ups count; `exists` asks for A alone, and mail-auth for AAAA too.
    pub(crate) is_ipv6: bool,
    voids: AtomicUsize,
}

impl<'a> Zones<'a> {
    pub(crate) fn new(resolver: &'a Resolver, purpose: Purpose, is_ipv6: bool) -> Self {
        Self { resolver, purpose, is_ipv6, voids: AtomicUsize::new(0) }
    }

    /// Look-ups that found nothing.
    pub(crate) fn voids(&self) -> usize {
        self.voids.load(Ordering::Relaxed)
    }

    fn txt(&self, name: &str) -> Option<Txt> {
        let of_no_kind = || Txt::Error(Error::Dns(DnsError::InvalidRecordType));
        let absent = |code| Some(Txt::Error(Error::Dns(DnsError::RecordNotFound(code))));
        let texts = match texts(self.resolver, name) {
            Ok(texts) => texts,
            Err(Found::NoName) => return absent(ResponseCode::NXDomain),
            Err(Found::Failed) => return Some(Txt::Error(Error::Dns(DnsError::Resolver("server failure".to_owned())))),
            Err(_) => return absent(ResponseCode::NoError),
        };
        match self.purpose {
            Purpose::Spf => {
                let mut records = texts.iter().filter(|text| is_spf(text));
                Some(match (records.next(), records.next()) {
                    (None, _) => of_no_kind(),
                    (Some(record), None) if spf_terms::are_good(record) => {
                        Spf::parse(record).map_or_else(|_| Txt::Error(Error::ParseError), Into::into)
                    }
                    (Some(_), None) => Txt::Error(Error::ParseError),
                    (Some(_), Some(_)) => Txt::Error(Error::ParseError),
                })
            }
            Purpose::Dmarc => {
                let mut records = texts.iter().filter_map(|text| dmarc_record::read(text));
                match (records.next(), records.next()) {
                    (Some(Some(record)), None) => Some(Dmarc::parse(record.as_bytes()).into()),
                    _ => Some(of_no_kind()),
                }
            }
            // Others stand beside keys: of reports (RFC 6651), of third parties (RFC 6541). Those mail-auth asks for.
            Purpose::Key if !name.contains("._domainkey.") => None,
            Purpose::Key => {
                let mut read = texts.iter().map(|text| DomainKey::parse(text));
                let first = read.next()?;
                Some(if first.is_ok() { first } else { read.find(Result::is_ok).unwrap_or(first) }.into())
            }
        }
    }

    /// The records of a name as far as there are any; what fails or is absent mail-auth finds out for itself.
    fn records(&self, name: &str, kind: RecordType, counts: bool) -> Option<Vec<RData>> {
        match self.resolver.look_up(name, kind) {
            Found::Records(records) => return Some(records),
            Found::NoRecords | Found::NoName if counts => drop(self.voids.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        None
    }
}

/// Whether a text is a record of SPF (RFC 7208 §4.5).
fn is_spf(text: &[u8]) -> bool {
    let version = b"v=spf1";
    let begins = text.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version));
    begins && matches!(text.get(version.len()), None | Some(b' '))
}

/// The TXT records of a name, the strings of each joined (RFC 7208 §3.3); else why there are none.
pub(crate) fn texts(resolver: &Resolver, name: &str) -> Result<Vec<Vec<u8>>, Found> {
    let joined = |data: RData| match data {
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    };
    match resolver.look_up(name, RecordType::TXT) {
        Found::Records(records) => Ok(records.into_iter().filter_map(joined).collect()),
        none => Err(none),
    }
}

/// mail-auth hands over a name as something that can be hashed, and nothing else. A `str` hashes as its octets and 0xff.
#[derive(Default)]
struct Overheard(Vec<u8>);

impl Hasher for Overheard {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }
}

fn name_of<Q: Hash + ?Sized>(key: &Q) -> Option<String> {
    let mut overheard = Overheard::default();
    key.hash(&mut overheard);
    let octets = overheard.0;
    String::from_utf8(octets.strip_suffix(&[0xff])?.to_vec()).ok()
}

macro_rules! finds {
    ($($value:ty: |$zones:ident, $name:ident| $find:expr;)+) => {$(
        impl ResolverCache<Box<str>, $value> for Zones<'_> {
            fn get<Q>(&self, name: &Q) -> Option<$value>
            where
                Box<str>: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                let ($zones, $name) = (self, name_of(name)?);
                $find
            }

            fn remove<Q>(&self, _: &Q) -> Option<$value>
            where
                Box<str>: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                None
            }

            fn insert(&self, _: Box<str>, _: $value, _: Instant) {}
        }
    )+};
}
finds! {
    Txt: |zones, name| zones.txt(&name);
    RecordSet<MX>: |zones, name| {
        // Only to count what is void: the order of exchanges is mail-auth's to make.
        zones.records(&name, RecordType::MX, true);
        None
    };
    RecordSet<Ipv4Addr>: |zones, name| {
        let records = zones.records(&name, RecordType::A, !zones.is_ipv6)?;
        Some(set(records.into_iter().filter_map(|data| if let RData::A(a) = data { Some(a.0) } else { None }).collect()))
    };
    RecordSet<Ipv6Addr>: |zones, name| {
        // Of a client with an IPv4 address only `exists` asks, which must not: it is about A alone (RFC 7208 §5.7).
        if !zones.is_ipv6 {
            return None;
        }
        let records = zones.records(&name, RecordType::AAAA, true)?;
        Some(set(records.into_iter().filter_map(|data| if let RData::AAAA(a) = data { Some(a.0) } else { None }).collect()))
    };
}

fn set<T>(found: Vec<T>) -> RecordSet<T> {
    RecordSet { rrset: found.into(), dnssec_status: mail_auth::DnssecStatus::Indeterminate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_how_it_hashes() {
        for name in ["", "bank.example.", "b\u{fc}cher.example."] {
            assert_eq!(name_of::<str>(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn only_a_whole_version_makes_a_record_of_spf() {
        assert!(is_spf(b"v=spf1") && is_spf(b"V=SPF1 -all"));
        assert!(!is_spf(b"v=spf10 -all") && !is_spf(b" v=spf1 -all") && !is_spf(b"v=spf"));
    }
}
