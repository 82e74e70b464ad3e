//! The key that signs all zones of a run (RFC 4034), and what is made with it.
//!
//! Each zone has the same key under its own name; a DS record covers the name too, so the chain is as good as with many.

use crate::DnsError;
use hickory_proto::{
    ProtoError,
    dnssec::{
        Algorithm, DigestType, SigningKey, TBS,
        crypto::EcdsaSigningKey,
        rdata::{DNSKEY, DNSSECRData, DS, RRSIG, sig::SigInput},
    },
    rr::{DNSClass, Name, RData, Record},
};
use plan::Dnssec;
use time::{Duration, OffsetDateTime};

const ALGORITHM: Algorithm = Algorithm::ECDSAP256SHA256;

pub(crate) struct Key {
    signing: EcdsaSigningKey,
    dnskey: DNSKEY,
    tag: u16,
}

impl Key {
    pub(crate) fn generate() -> Result<Self, DnsError> {
        let key = |e: &dyn std::fmt::Display| DnsError::Key(e.to_string());
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(ALGORITHM).map_err(|e| key(&e))?;
        let signing = EcdsaSigningKey::from_pkcs8(&pkcs8, ALGORITHM).map_err(|e| key(&e))?;
        let dnskey = DNSKEY::from_key(&signing.to_public_key().map_err(|e| key(&e))?);
        let tag = dnskey.calculate_key_tag().map_err(|e| key(&e))?;
        Ok(Self { signing, dnskey, tag })
    }

    /// The DNSKEY record's data, the same for every zone (RFC 4034 §2).
    pub(crate) fn dnskey(&self) -> RData {
        RData::DNSSEC(DNSSECRData::DNSKEY(self.dnskey.clone()))
    }

    /// The DS record's data for a zone (RFC 4034 §5): none for an insecure one, a wrong digest for a bogus one.
    pub(crate) fn ds(&self, zone: &Name, dnssec: Dnssec) -> Option<DS> {
        let wrong = match dnssec {
            Dnssec::Insecure => return None,
            Dnssec::Bogus => 0xff,
            Dnssec::Signed | Dnssec::Expired => 0,
        };
        let digest = self.dnskey.to_digest(zone, DigestType::SHA256).expect("SHA-256 takes any name and key");
        let digest = digest.as_ref().iter().map(|octet| octet ^ wrong).collect();
        Some(DS::new(self.tag, ALGORITHM, DigestType::SHA256, digest))
    }

    /// A DS record of the root in zone-file form, as a validator takes it for its anchor.
    pub(crate) fn trust_anchor(&self) -> String {
        let ds = self.ds(&Name::root(), Dnssec::Signed).expect("a signed zone has a DS record");
        format!(". 0 IN DS {} 13 2 {}", self.tag, data_encoding::HEXUPPER.encode(ds.digest()))
    }

    /// The signature over one RRset (RFC 4034 §3), valid from yesterday for a week, or long past.
    ///
    /// `labels` counts the labels of the name that the zone has: fewer than those of the set's when it comes from a wildcard.
    pub(crate) fn sign(&self, zone: &Name, dnssec: Dnssec, labels: u8, set: &[Record]) -> Result<Record, ProtoError> {
        let first = set.first().ok_or(ProtoError::Message("an RRset has a record"))?;
        let age = if dnssec == Dnssec::Expired { Duration::days(30) } else { Duration::days(1) };
        let inception = OffsetDateTime::now_utc() - age;
        let seconds = |t: OffsetDateTime| (t.unix_timestamp() as u32).into();
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: ALGORITHM,
            num_labels: labels,
            original_ttl: first.ttl,
            sig_expiration: seconds(inception + Duration::days(8)),
            sig_inception: seconds(inception),
            key_tag: self.tag,
            signer_name: zone.clone(),
        };
        let octets = TBS::from_input(&first.name, DNSClass::IN, &input, set.iter())?;
        let signature = self.signing.sign(&octets).map_err(|e| ProtoError::Msg(e.to_string()))?;
        let data = RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(input, signature)));
        Ok(Record::from_rdata(first.name.clone(), first.ttl, data))
    }
}
