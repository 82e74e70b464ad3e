//! The numbers of TLS and their names in IANA's registries "TLS Supported Groups", "TLS SignatureScheme" and "TLS Alerts".

/// A version by the word that mail programs use for it.
#[must_use]
pub fn version_name(value: u16) -> String {
    match value {
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302..=0x0304 => format!("TLSv1.{}", value - 0x0301),
        other => format!("0x{other:04X}"),
    }
}

/// Key exchange groups that have a name, with their numbers; preferred ones of today first.
pub const GROUPS: &[(u16, &str)] = &[
    (0x11ec, "X25519MLKEM768"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
    (0x001d, "x25519"),
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001e, "x448"),
    (0x001f, "brainpoolP256r1tls13"),
    (0x0020, "brainpoolP384r1tls13"),
    (0x0021, "brainpoolP512r1tls13"),
    (0x001a, "brainpoolP256r1"),
    (0x001b, "brainpoolP384r1"),
    (0x001c, "brainpoolP512r1"),
    (0x0016, "secp256k1"),
    (0x0015, "secp224r1"),
    (0x0014, "secp224k1"),
    (0x0013, "secp192r1"),
    (0x0012, "secp192k1"),
    (0x0011, "secp160r2"),
    (0x0010, "secp160r1"),
    (0x000f, "secp160k1"),
    (0x000e, "sect571r1"),
    (0x000d, "sect571k1"),
    (0x000c, "sect409r1"),
    (0x000b, "sect409k1"),
    (0x000a, "sect283r1"),
    (0x0009, "sect283k1"),
    (0x0008, "sect239k1"),
    (0x0007, "sect233r1"),
    (0x0006, "sect233k1"),
    (0x0005, "sect193r2"),
    (0x0004, "sect193r1"),
    (0x0003, "sect163r2"),
    (0x0002, "sect163r1"),
    (0x0001, "sect163k1"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x0200, "MLKEM512"),
    (0x0201, "MLKEM768"),
    (0x0202, "MLKEM1024"),
    // once drafts, or of one country
    (0x6399, "X25519Kyber768Draft00"),
    (0x639a, "SecP256r1Kyber768Draft00"),
    (0x11ee, "curveSM2MLKEM768"),
    (0x0029, "curveSM2"),
];

/// A key exchange group.
#[must_use]
pub fn group_name(id: u16) -> String {
    let known = GROUPS.iter().find(|(number, _)| *number == id);
    known.map_or_else(|| format!("0x{id:04X}"), |(_, name)| (*name).to_owned())
}

/// Signature schemes that have a name, with their numbers; those of TLS 1.2 alone as pairs of signature and hash
/// (RFC 5246 §7.4.1.4.1).
pub const SCHEMES: &[(u16, &str)] = &[
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"),
    (0x0905, "mldsa65"),
    (0x0906, "mldsa87"),
    (0x0303, "ecdsa_sha224"),
    (0x0301, "rsa_pkcs1_sha224"),
    (0x0203, "ecdsa_sha1"),
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0101, "rsa_pkcs1_md5"),
    (0x0202, "dsa_sha1"),
    (0x0302, "dsa_sha224"),
    (0x0402, "dsa_sha256"),
    (0x0502, "dsa_sha384"),
    (0x0602, "dsa_sha512"),
];

/// A signature scheme.
#[must_use]
pub fn scheme_name(id: u16) -> String {
    let known = SCHEMES.iter().find(|(number, _)| *number == id);
    known.map_or_else(|| format!("0x{id:04X}"), |(_, name)| (*name).to_owned())
}

/// An alert (RFC 8446 §6).
#[must_use]
pub fn alert_name(code: u8) -> String {
    let name = match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        112 => "unrecognized_name",
        other => return format!("alert {other}"),
    };
    name.to_owned()
}

/// Whether a number stands for nothing but to try out peers (RFC 8701 §2).
#[must_use]
pub const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_name_each() {
        for list in [GROUPS, SCHEMES] {
            for (at, (id, name)) in list.iter().enumerate() {
                assert!(!list[..at].iter().any(|(other, word)| other == id || word == name), "{name}");
            }
        }
        assert_eq!((version_name(0x0301), version_name(0x0304)), ("TLSv1".to_owned(), "TLSv1.3".to_owned()));
        assert_eq!((group_name(0x11ec), group_name(7)), ("X25519MLKEM768".to_owned(), "sect233r1".to_owned()));
        assert_eq!((scheme_name(0xfefe), alert_name(86)), ("0xFEFE".to_owned(), "inappropriate_fallback".to_owned()));
        assert!(is_grease(0x1a1a) && !is_grease(0x1301));
    }
}
