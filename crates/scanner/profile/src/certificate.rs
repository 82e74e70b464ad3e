//! Compares what a profile says of certificates with the chains that a server sends.

use crate::{Aspect, Certificates, judge::Compared};
use evidence::{Certificate, Probed, Weight};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) fn judge(compared: &mut Compared, wanted: &Certificates, probed: &Probed) {
    let asked = [
        (Aspect::CertificateKey, wanted.keys.is_some()),
        (Aspect::CertificateSignature, wanted.signatures.is_some()),
        (Aspect::CertificateLifetime, wanted.most_days.is_some() || wanted.recommended_days.is_some()),
    ];
    let chains = match probed.certificates() {
        Ok(chains) => chains,
        Err(why) => {
            for (what, _) in asked.into_iter().filter(|(_, is_asked)| *is_asked) {
                compared.misses(what, why);
            }
            return;
        }
    };
    for chain in chains {
        let judged = if wanted.is_whole_chain { chain.certificates.len() } else { 1 };
        for (place, certificate) in chain.certificates.iter().take(judged).enumerate() {
            // A root is trusted for itself: nothing depends on its signature, nor does a client need to get it.
            let is_root = place > 0 && certificate.subject == certificate.issuer;
            if !is_root {
                key_and_signature(compared, wanted, certificate);
            }
        }
        if let Some(own) = chain.certificates.first() {
            lifetime(compared, wanted, own);
        }
    }
}

fn key_and_signature(compared: &mut Compared, wanted: &Certificates, certificate: &Certificate) {
    let of = |what: &str| format!("{what} ({})", subject(certificate));
    if let Some(rating) = &wanted.keys {
        let level = rating.level(Aspect::CertificateKey, &certificate.key);
        compared.taken(Aspect::CertificateKey, of(&certificate.key), level, rating);
    }
    if let Some(rating) = &wanted.signatures {
        let what = Aspect::CertificateSignature;
        let signature = &certificate.signature;
        let is_rated = rating.rated().any(|(name, _)| name.eq_ignore_ascii_case(signature));
        if signature.eq_ignore_ascii_case("rsassa-pss") && !is_rated {
            compared.misses(what, "the hash of a signature by RSASSA-PSS is not told");
        } else {
            compared.taken(what, of(signature), rating.level(what, signature), rating);
        }
    }
}

fn subject(certificate: &Certificate) -> &str {
    if !certificate.subject.is_empty() {
        return &certificate.subject;
    }
    certificate.names.first().map_or("without a name", String::as_str)
}

fn lifetime(compared: &mut Compared, wanted: &Certificates, certificate: &Certificate) {
    let what = Aspect::CertificateLifetime;
    let limits = [(wanted.most_days, "at most", Weight::Fault), (wanted.recommended_days, "better", Weight::Notice)];
    if limits.iter().all(|(days, ..)| days.is_none()) {
        return;
    }
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339);
    let (Ok(begin), Ok(end)) = (moment(&certificate.not_before), moment(&certificate.not_after)) else {
        return compared.misses(what, format!("its dates cannot be read ({})", subject(certificate)));
    };
    // both ends belong to it (RFC 5280 §4.1.2.5), which a day of seconds less one does not change
    let days = (end - begin).whole_days();
    let exceeded = limits.into_iter().find(|(most, ..)| most.is_some_and(|most| days > i64::from(most)));
    if let Some((Some(most), how, weight)) = exceeded {
        compared.deviates(
            what,
            format!("{days} days ({})", subject(certificate)),
            format!("{how} {most} days"),
            weight,
        );
    }
}
