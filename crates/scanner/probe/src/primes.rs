//! Finite-field groups that have a name, by the SHA-256 of their prime without leading zeros.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Groups of RFC 2409 §6, RFC 3526, RFC 7919 §A and RFC 5114 §2, and those built into Postfix and OpenSSL's own server.
const KNOWN: &[(&str, &str)] = &[
    ("b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d", "modp768"),
    ("3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0", "modp1024"),
    ("64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b", "modp1536"),
    ("d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e", "modp2048"),
    ("48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c", "modp3072"),
    ("4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33", "modp4096"),
    ("d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd", "modp6144"),
    ("39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf", "modp8192"),
    ("9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966", "ffdhe2048"),
    ("0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17", "ffdhe3072"),
    ("4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e", "ffdhe4096"),
    ("227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7", "ffdhe6144"),
    ("770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833", "ffdhe8192"),
    ("44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d", "modp1024s160"),
    ("bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d", "modp2048s224"),
    ("0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9", "modp2048s256"),
    ("6c863838510bab3e2093066fc14976f0265b0da72c465eb306018587b5df6b6a", "postfix512"),
    ("449ab49c277d21a601e806df3064d6e4b3040045110efe26b85d12e88ae9355a", "postfix512"),
    ("ef627d8cc44144f36a075d8dd8511bbd278cb5cf438f1052bdbdabe715232c1e", "postfix1024"),
    ("4e1f16b0a537becf0398e0d6049ed82850ef799626db1771a9aa4901e84385c3", "postfix2048"),
    ("ea8dfb71d98b4f878ca8d9915aaacae6d86fb791f7149373326b0fe318442b64", "postfix2048"),
    ("450349830c07b0225c8fd0b123ca8febdf0c28fde698258de7cab092b9045a94", "postfix2048"),
    ("f26e2403f3f07946654404909f0ff81d9354de17250411b4c04b89af73178425", "openssl512"),
    ("66d0bf38b0bdfacf2fdae33f35102ab6079fd5ff0feff8e436a4063745c72739", "openssl1024"),
    ("3166ce19180005327a6059a2e7a4ed22775ad2f0eadaee59a7481ab391fe592f", "openssl2048"),
    ("9e348a9471b7d123aa97071e38288379fc12a9992e8e75db2113c1ded5463ac3", "openssl2048"),
    ("ce7728db3aed1119a82b9f17b17df9f8e370ddd7639946df09a119f924aa42e8", "openssl4096"),
];

/// The name of a well-known prime.
pub(crate) fn name(prime: &[u8]) -> Option<String> {
    let digest = HEXLOWER.encode(&Sha256::digest(prime));
    KNOWN.iter().find(|(known, _)| *known == digest).map(|(_, name)| (*name).to_owned())
}

/// Size of a prime without leading zeros, in bits.
pub(crate) fn bits(prime: &[u8]) -> u16 {
    let spare = prime.first().map_or(0, |octet| octet.leading_zeros() as usize);
    u16::try_from((prime.len() * 8).saturating_sub(spare)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::{bn::BigNum, dh::Dh, error::ErrorStack};

    #[test]
    fn primes_that_a_library_knows_have_their_names() {
        type Make = fn() -> Result<BigNum, ErrorStack>;
        let known: [(Make, &str, u16); 8] = [
            (BigNum::get_rfc2409_prime_768, "modp768", 768),
            (BigNum::get_rfc2409_prime_1024, "modp1024", 1024),
            (BigNum::get_rfc3526_prime_1536, "modp1536", 1536),
            (BigNum::get_rfc3526_prime_2048, "modp2048", 2048),
            (BigNum::get_rfc3526_prime_3072, "modp3072", 3072),
            (BigNum::get_rfc3526_prime_4096, "modp4096", 4096),
            (BigNum::get_rfc3526_prime_6144, "modp6144", 6144),
            (BigNum::get_rfc3526_prime_8192, "modp8192", 8192),
        ];
        for (make, name, size) in known {
            let prime = make().unwrap().to_vec();
            assert_eq!((super::name(&prime).as_deref(), bits(&prime)), (Some(name), size));
        }
        for (group, name) in [
            (Dh::get_1024_160(), "modp1024s160"),
            (Dh::get_2048_224(), "modp2048s224"),
            (Dh::get_2048_256(), "modp2048s256"),
        ] {
            assert_eq!(super::name(&group.unwrap().prime_p().to_vec()).as_deref(), Some(name));
        }
    }

    /// The primes of RFC 7919 §A by their formula: 2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1.
    #[test]
    fn primes_of_negotiated_groups_follow_their_formula() {
        for (size, x) in [(2048, 560_316), (3072, 2_625_351), (4096, 5_736_041), (6144, 15_705_020), (8192, 10_965_728)]
        {
            let power = |exponent: i32| {
                let mut number = BigNum::new().unwrap();
                number.set_bit(exponent).unwrap();
                number
            };
            let sum = |a: &BigNum, b: &BigNum| a + b;
            // e, with 64 bits more than are needed, is the sum of 1/n!
            let (mut term, mut e, mut n) = (power(size - 130 + 64), BigNum::new().unwrap(), 0);
            while term.num_bits() > 0 {
                e = sum(&e, &term);
                n += 1;
                term.div_word(n).unwrap();
            }
            let e = &e >> 64;
            let middle = &sum(&e, &BigNum::from_u32(x).unwrap()) << 64;
            let outer = &power(size) - &power(size - 64);
            let mut prime = sum(&outer, &middle);
            prime.sub_word(1).unwrap();
            let prime = prime.to_vec();
            assert_eq!((name(&prime), i32::from(bits(&prime))), (Some(format!("ffdhe{size}")), size));
        }
    }

    #[test]
    fn other_numbers_have_no_name() {
        assert_eq!(name(&[0xff; 256]), None);
        assert_eq!((bits(&[0x01, 0xff]), bits(&[])), (9, 0));
    }
}
