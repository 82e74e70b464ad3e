//! Shares of a key exchange that a ClientHello of TLS 1.3 brings along (RFC 8446 §4.2.8).

use aws_lc_rs::{
    agreement::{Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, EphemeralPrivateKey, X25519},
    kem::{DecapsulationKey, ML_KEM_768},
    rand::SystemRandom,
};

const X25519_MLKEM768: u16 = 0x11ec;

/// Whether a share of this group can be made.
pub(crate) fn has(group: u16) -> bool {
    group == X25519_MLKEM768 || algorithm(group).is_some()
}

/// A share of this group. Its secret is forgotten: nobody goes on with the handshake.
pub(crate) fn new(group: u16) -> Option<Vec<u8>> {
    if group == X25519_MLKEM768 {
        // the key for the encapsulation comes first, then the point
        let key = DecapsulationKey::generate(&ML_KEM_768).ok()?.encapsulation_key().ok()?;
        let mut share = key.key_bytes().ok()?.as_ref().to_vec();
        share.extend(point(&X25519)?);
        return Some(share);
    }
    point(algorithm(group)?)
}

fn algorithm(group: u16) -> Option<&'static Algorithm> {
    match group {
        0x0017 => Some(&ECDH_P256),
        0x0018 => Some(&ECDH_P384),
        0x0019 => Some(&ECDH_P521),
        0x001d => Some(&X25519),
        _ => None,
    }
}

fn point(algorithm: &'static Algorithm) -> Option<Vec<u8>> {
    let secret = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).ok()?;
    Some(secret.compute_public_key().ok()?.as_ref().to_vec())
}
