//! Features of a service: what it does and what it does not.

use crate::Check;
use ::profile::Feature;
use evidence::{Observed, Probed};
use form::keywords;

/// Something that a service does; the word itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureWord(pub &'static str);

keywords! {
    FeatureWord: "something that a service does" {
        "tickets" => Self("tickets"), "it gives tickets (RFC 5077 §3.1, RFC 8446 §4.6.1)";
        "resumption" => Self("resumption"), "it resumes a connection";
        "secure-renegotiation" => Self("secure-renegotiation"), "it binds a renegotiation to its connection (RFC 5746 §3.6)";
        "client-renegotiation" => Self("client-renegotiation"), "it renegotiates when the client asks";
        "compression" => Self("compression"), "it compresses (RFC 3749)";
        "fallback-scsv" => Self("fallback-scsv"), "it refuses a downgrade (RFC 7507 §3)";
        "early-data" => Self("early-data"), "it takes early data (RFC 8446 §2.3)";
        "extended-master-secret" => Self("extended-master-secret"), "it binds the master secret to the handshake (RFC 7627 §4)";
        "encrypt-then-mac" => Self("encrypt-then-mac"), "it encrypts before it authenticates (RFC 7366 §3)";
        "ocsp-stapling" => Self("ocsp-stapling"), "it brings its certificate's status (RFC 6066 §8)";
    }
}

/// It does each of these, or none.
pub(super) fn features(names: &[FeatureWord], wanted: bool, seen: &Probed) -> Check {
    let of = |name: &FeatureWord| (name.0, feature(name.0, seen));
    let facts: Vec<(&str, Option<&Observed<bool>>)> = names.iter().map(of).collect();
    let is_other = |fact: &Option<&Observed<bool>>| matches!(fact, Some(Observed::Seen(is)) if *is != wanted);
    let other: Vec<&str> = facts.iter().filter(|(_, fact)| is_other(fact)).map(|(name, _)| *name).collect();
    if !other.is_empty() {
        let word = if wanted { "it has no" } else { "it has" };
        let evidence = other.iter().map(|name| format!("{name}: {}", if wanted { "no" } else { "yes" })).collect();
        return Check::Fails(format!("{word} {}", other.join(", ")), evidence);
    }
    let unclear = |name: &str, why: &str| Check::unclear(format!("whether it has {name}"), why);
    for (name, fact) in &facts {
        match fact {
            Some(Observed::Seen(_)) => {}
            Some(Observed::Unobserved(why)) => return unclear(name, why),
            None => return unclear(name, "nobody looks for that"),
        }
    }
    Check::Holds
}

fn feature<'a>(name: &str, seen: &'a Probed) -> Option<&'a Observed<bool>> {
    Feature::ALL.into_iter().find(|feature| feature.as_str() == name).map(|feature| feature.of(&seen.features))
}

#[cfg(test)]
mod tests {
    use super::{Feature, FeatureWord};
    use form::Keyword;

    #[test]
    fn every_word_is_a_feature_that_is_looked_for() {
        let words: Vec<&str> = FeatureWord::words().into_iter().map(|(word, ..)| word).collect();
        let mut looked_for = Feature::ALL.map(Feature::as_str).to_vec();
        looked_for.retain(|word| words.contains(word));
        assert_eq!(words.len(), looked_for.len(), "{words:?} {looked_for:?}");
    }
}
