//! Key shares that a server cannot tell from real ones (RFC 8446 §4.2.8): the handshake goes no further, so the keys are forgotten.

use openssl::{
    bn::BigNumContext,
    ec::{EcGroup, EcKey, PointConversionForm},
    error::ErrorStack,
    nid::Nid,
};

/// Shares of the groups that nearly every server takes, x25519 and secp256r1.
pub(crate) fn usual() -> Vec<(u16, Vec<u8>)> {
    // any octets are a public key of X25519 (RFC 7748 §5)
    let x25519 = rand::random::<[u8; 32]>().to_vec();
    let point = point().map(|point| (0x0017, point));
    [(0x001d, x25519)].into_iter().chain(point).collect()
}

/// A point of P-256, not compressed (RFC 8446 §4.2.8.2).
fn point() -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let mut context = BigNumContext::new()?;
    EcKey::generate(&group)?.public_key().to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)
}

#[cfg(test)]
mod tests {
    #[test]
    fn shares_are_of_the_size_that_their_groups_have() {
        let sizes: Vec<_> = super::usual().into_iter().map(|(group, share)| (group, share.len())).collect();
        assert_eq!(sizes, [(0x001d, 32), (0x0017, 65)]);
    }
}
