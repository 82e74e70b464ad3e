//! Names in claims on probes: families of cipher suites, cipher suites, key exchange groups. A name that means nothing
//! would be refused by every service.

use crate::{Flaw, Shape, Text, did_you_mean, listed};
use mail::{GROUPS, is_same_group, is_same_suite};
use tls_parser::CIPHERS;

/// Families of cipher suites.
const FAMILIES: [&str; 10] = ["NULL", "anonymous", "export", "DES", "3DES", "RC4", "MD5", "SHA1", "CBC", "static-RSA"];

/// Finite-field groups that mail servers have built in, which have no number in TLS (RFC 3526).
const BUILT_IN: [&str; 6] = ["modp1536", "modp2048", "modp3072", "modp4096", "modp6144", "modp8192"];

/// The groups that are asked for, and those that are known when they are seen.
fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|(_, name)| *name).chain(BUILT_IN)
}

/// The name of a cipher suite, of a group, or of a family of suites, as written.
#[derive(Debug, Clone)]
pub struct CipherName(pub String);

impl Text for CipherName {
    fn shape() -> Shape {
        Shape::Text { what: "a cipher suite, a group or a family of suites", pattern: Some(r"^\S+$") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let suites = || CIPHERS.values().map(|suite| suite.name).filter(|name| !name.ends_with("_SCSV"));
        let is_known = FAMILIES.iter().any(|family| family.eq_ignore_ascii_case(text))
            || groups().any(|group| is_same_group(group, text))
            || suites().any(|suite| is_same_suite(suite, text));
        if is_known {
            return Ok(Self(text.to_owned()));
        }
        let mut names: Vec<&str> = FAMILIES.into_iter().chain(groups()).chain(suites()).collect();
        names.sort_unstable();
        let usual = format!("It is a suite by its IANA or OpenSSL name, a group, or one of {}", listed(&FAMILIES));
        let flaw = Flaw::new(format!("`{text}` is neither a cipher suite nor a group nor a family of suites"));
        Err(flaw.help(did_you_mean(text, names, &usual)))
    }
}

impl CipherName {
    /// Whether both mean the same.
    pub fn is(&self, other: &Self) -> bool {
        let (one, other) = (&self.0, &other.0);
        one.eq_ignore_ascii_case(other) || is_same_group(one, other) || is_same_suite(one, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_registries_are_known_and_slips_are_not() {
        for name in [
            "3des",
            "static-RSA",
            "P-256",
            "X25519MLKEM768",
            "TLS_AES_256_GCM_SHA384",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_DH_anon_WITH_RC4_128_MD5",
        ] {
            assert_eq!(CipherName::parse(name).map(|known| known.0), Ok(name.to_owned()));
        }
        for (name, near) in [("annonymous", "anonymous"), ("X25519MLKEM786", "X25519MLKEM768"), ("RC5", "RC4")] {
            let flaw = CipherName::parse(name).unwrap_err();
            assert!(flaw.help.as_ref().is_some_and(|help| help.contains(&format!("`{near}`"))), "{flaw:?}");
        }
        assert!(CipherName::parse("TLS_FALLBACK_SCSV").is_err());
    }

    #[test]
    fn one_thing_has_several_names() {
        let name = |text: &str| CipherName(text.to_owned());
        assert!(name("P-256").is(&name("secp256r1")) && name("RC4").is(&name("rc4")));
        assert!(name("AES128-SHA").is(&name("TLS_RSA_WITH_AES_128_CBC_SHA")) && !name("RC4").is(&name("3DES")));
    }
}
