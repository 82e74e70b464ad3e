//! Cipher suites of TLS 1.2 and before as OpenSSL's lists name them: what to leave out, in as few words as will do.

use crate::setting::is_let_be;
use evidence::Probed;
use mail::openssl_suite;
use profile::{Aspect, Rating};

/// A word of OpenSSL's cipher lists, and whether it means a suite, by its IANA name.
type Word = (&'static str, fn(&str) -> bool);

/// The words.
const WORDS: [Word; 18] = [
    ("aNULL", |suite| suite.contains("_anon_")),
    ("eNULL", |suite| suite.contains("_WITH_NULL_")),
    ("3DES", |suite| suite.contains("_3DES_")),
    ("RC4", |suite| suite.contains("_RC4_")),
    ("MD5", |suite| suite.ends_with("_MD5")),
    ("PSK", |suite| suite.contains("PSK")),
    ("kRSA", |suite| suite.starts_with("TLS_RSA_") && !suite.starts_with("TLS_RSA_PSK_")),
    ("DSS", |suite| suite.contains("_DSS_")),
    ("SEED", |suite| suite.contains("_SEED_")),
    ("IDEA", |suite| suite.contains("_IDEA_")),
    ("CAMELLIA", |suite| suite.contains("_CAMELLIA_")),
    ("ARIA", |suite| suite.contains("_ARIA_")),
    ("AESCCM8", |suite| suite.ends_with("_CCM_8")),
    ("AESCCM", |suite| suite.contains("_CCM")),
    ("SHA1", |suite| suite.ends_with("_SHA")),
    ("SHA256", |suite| suite.ends_with("_CBC_SHA256") || suite.ends_with("_NULL_SHA256")),
    ("SHA384", |suite| suite.ends_with("_CBC_SHA384")),
    ("kDHE", |suite| suite.starts_with("TLS_DHE_")),
];

/// Suites that are taken, of TLS 1.2 and before: those that the profile lets be, and the others.
pub(crate) fn sorted(probed: &Probed, rating: &Rating) -> (Vec<String>, Vec<String>) {
    let old = probed.taken().filter(|version| version.version != "TLSv1.3");
    let mut suites: Vec<String> = Vec::new();
    for suite in old.filter_map(|version| version.suites.seen()).flatten() {
        if !suites.contains(suite) {
            suites.push(suite.clone());
        }
    }
    suites.into_iter().partition(|suite| is_let_be(rating, Aspect::Suite, suite))
}

/// Words that mean every unwanted suite and none of those that stay; what no word means is named itself.
pub(crate) fn cover(unwanted: &[String], stay: &[String]) -> Vec<String> {
    let usable = WORDS.into_iter().filter(|(_, means)| !stay.iter().any(|suite| means(suite)));
    let mut left: Vec<&String> = unwanted.iter().collect();
    let mut words = Vec::new();
    for (word, means) in usable {
        if left.iter().any(|suite| means(suite)) {
            words.push(word.to_owned());
            left.retain(|suite| !means(suite));
        }
    }
    words.extend(left.iter().map(|suite| openssl_suite(suite)));
    words
}

/// What a rating lets be, as OpenSSL's list; suites of TLS 1.3 are not chosen there.
pub(crate) fn openssl_list(rating: &Rating) -> String {
    let old = rating.allowed().filter(|suite| suite.contains("_WITH_"));
    old.map(openssl_suite).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn few_words_leave_out_many_suites_and_none_that_stays() {
        let unwanted = names(&[
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
        ]);
        let stay = names(&["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
        assert_eq!(cover(&unwanted, &stay), ["aNULL", "kRSA", "AESCCM8", "SHA1"]);
        let stay = names(&["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"]);
        assert_eq!(cover(&unwanted, &stay), ["aNULL", "kRSA", "AESCCM8", "ECDHE-RSA-AES128-SHA"], "SHA1 is in use");
        assert_eq!(cover(&[], &stay), Vec::<String>::new());
    }

    #[test]
    fn a_list_is_without_suites_of_tls_13() {
        let rating = Rating {
            good: names(&["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]),
            sufficient: names(&["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"]),
            ..Rating::default()
        };
        assert_eq!(openssl_list(&rating), "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305");
    }
}
