//! DKIM signatures and the ARC chain, and what a verifier must turn down although the octets verify.

use crate::{
    Means, with,
    zones::{self, Purpose, Zones},
};
use evidence::SignatureOpinion;
use mail::{ArcResult, DkimResult};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DnsError, Error,
    common::{crypto::Algorithm, verify::VerifySignature},
    dkim::{DkimError, Signature},
};
use std::collections::BTreeSet;

impl Means {
    /// Every signature of a message (RFC 6376 §6.1).
    pub(crate) async fn dkim<'x>(
        &self,
        message: &'x AuthenticatedMessage<'x>,
        keys: &'x Zones<'x>,
    ) -> Vec<DkimOutput<'x>> {
        let mut verified = self.authenticator.verify_dkim(with(message, keys)).await;
        // What could not be read comes first, and has no signature.
        let unread = verified.len().saturating_sub(message.dkim_headers.len());
        for (output, field) in verified.iter_mut().skip(unread).zip(&message.dkim_headers) {
            let signature = &field.header;
            if *output.result() == mail_auth::DkimResult::Pass
                && let Some(why) = self.objection(signature, field.value)
            {
                *output = DkimOutput::perm_err(why).with_signature(signature);
            }
        }
        verified
    }

    /// The chain (RFC 8617 §5.2): one that is not good is bad, in whatever way.
    pub(crate) async fn arc(&self, message: &AuthenticatedMessage<'_>) -> (ArcResult, Option<String>) {
        use mail_auth::DkimResult as Verified;
        let zones = Zones::new(&self.resolver, Purpose::Key, false);
        let output = self.authenticator.verify_arc(with(message, &zones)).await;
        let has_fields = message.as_headers.len() + message.ams_headers.len() + message.aar_headers.len() > 0;
        match output.result() {
            Verified::None if has_fields => (ArcResult::Fail, Some("a set lacks a field (RFC 8617 §5.2)".to_owned())),
            Verified::None => (ArcResult::None, None),
            Verified::Pass => (ArcResult::Pass, None),
            Verified::Neutral(why) | Verified::Fail(why) | Verified::PermError(why) | Verified::TempError(why) => {
                (ArcResult::Fail, Some(why.to_string()))
            }
        }
    }

    /// Why no verifier may take a signature, although its octets verify.
    fn objection(&self, signature: &Signature, value: &[u8]) -> Option<Error> {
        let is_sha1 = signature.a == Algorithm::RsaSha1;
        let covers_from = signature.h.iter().any(|name| name.trim().eq_ignore_ascii_case("from"));
        let hash = if is_sha1 { "sha1" } else { "sha256" };
        let is_for_mail = |texts: &Vec<Vec<u8>>| {
            texts.iter().any(|text| allows(text, "h", &[hash]) && allows(text, "s", &["*", "email"]))
        };
        if has_a_tag_twice(value) {
            Some(Error::ParseError)
        } else if is_sha1 {
            Some(Error::Dkim(DkimError::UnsupportedAlgorithm))
        } else if !covers_from {
            Some(Error::MissingParameters)
        } else if !zones::texts(&self.resolver, &signature.domain_key()).is_ok_and(|texts| is_for_mail(&texts)) {
            Some(Error::Dkim(DkimError::UnsupportedKeyType))
        } else {
            None
        }
    }
}

/// Whether a signature has `l=0` (RFC 6376 §3.5), which mail-auth takes for no `l=`.
pub(crate) fn covers_no_body(value: &str) -> bool {
    let mut tags = value.split(';').filter_map(|tag| tag.split_once('='));
    tags.any(|(name, length)| name.trim() == "l" && length.trim().parse() == Ok(0_u64))
}

/// Whether a tag stands twice, which makes the whole list invalid (RFC 6376 §3.2).
fn has_a_tag_twice(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let names = text.split(';').filter_map(|tag| tag.split_once('=')).map(|(name, _)| name.trim());
    let mut known = BTreeSet::new();
    names.into_iter().any(|name| !known.insert(name))
}

/// Whether a key's record has one of these words in the list of a tag, or has no such tag (RFC 6376 §3.6.1).
fn allows(record: &[u8], tag: &str, words: &[&str]) -> bool {
    let text = String::from_utf8_lossy(record);
    let mut tags = text.split(';').filter_map(|pair| pair.split_once('='));
    let Some((_, list)) = tags.find(|(name, _)| name.trim() == tag) else { return true };
    list.split(':').any(|word| words.iter().any(|wanted| word.trim().eq_ignore_ascii_case(wanted)))
}

/// A signature and what came of it, in the words of RFC 8601 §2.7.1.
pub(crate) fn opinion(output: &DkimOutput<'_>) -> SignatureOpinion {
    use mail_auth::DkimResult as Verified;
    let (result, why) = match output.result() {
        Verified::None => (DkimResult::None, None),
        Verified::Pass => (DkimResult::Pass, None),
        // The body is another one: to this, RFC 8601 §2.7.1 has the word `fail`.
        Verified::Neutral(why @ Error::Dkim(DkimError::FailedBodyHashMatch)) => (DkimResult::Fail, Some(why)),
        Verified::Neutral(why) => (DkimResult::Neutral, Some(why)),
        Verified::Fail(why) => (DkimResult::Fail, Some(why)),
        Verified::PermError(why) => (DkimResult::PermError, Some(why)),
        Verified::TempError(why) => (DkimResult::TempError, Some(why)),
    };
    let signature = output.signature();
    SignatureOpinion {
        domain: signature.map(|s| s.d.clone()).unwrap_or_default(),
        selector: signature.map(|s| s.s.clone()).unwrap_or_default(),
        algorithm: signature.map(|s| algorithm(s.a).to_owned()).unwrap_or_default(),
        result,
        reason: why.map(|why| reason(why, signature)),
    }
}

/// Why a signature is not good, as a sentence.
fn reason(why: &Error, signature: Option<&Signature>) -> String {
    match why {
        Error::Dkim(DkimError::UnsupportedAlgorithm) if signature.is_some_and(|s| s.a == Algorithm::RsaSha1) => {
            "rsa-sha1 is not to be verified (RFC 8301 §3.1)".to_owned()
        }
        Error::ParseError if signature.is_some() => "a tag stands twice (RFC 6376 §3.2)".to_owned(),
        Error::MissingParameters if signature.is_some() => "it does not cover From (RFC 6376 §5.4)".to_owned(),
        Error::Dkim(DkimError::UnsupportedKeyType) if signature.is_some() => {
            "the key is for another hash, service or kind (RFC 6376 §3.6.1)".to_owned()
        }
        Error::Dns(DnsError::RecordNotFound(_) | DnsError::InvalidRecordType) => "there is no key".to_owned(),
        other => other.to_string(),
    }
}

const fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RsaSha1 => "rsa-sha1",
        Algorithm::RsaSha256 => "rsa-sha256",
        Algorithm::Ed25519Sha256 => "ed25519-sha256",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_names_hashes_or_services_allows_no_others() {
        assert!(allows(b"v=DKIM1; k=rsa; p=abc", "h", &["sha256"]));
        assert!(allows(b"v=DKIM1; h=sha1 : sha256; p=abc", "h", &["sha256"]));
        assert!(!allows(b"v=DKIM1; h=sha1; p=abc", "h", &["sha256"]));
        assert!(!allows(b"s=tlsrpt; p=abc", "s", &["*", "email"]));
    }
}
