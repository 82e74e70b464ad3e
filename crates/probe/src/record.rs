//! Records of TLS 1.2, in the clear and under AES-128-GCM.

use crate::flight::RECORD;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::BoxStream;

/// Records of one direction under AES-128-GCM (RFC 5288 §3).
pub(crate) struct Direction {
    key: LessSafeKey,
    salt: Vec<u8>,
    count: u64,
}

impl Direction {
    pub(crate) fn new(key: &[u8], salt: &[u8]) -> io::Result<Self> {
        let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| odd("no key"))?;
        Ok(Self { key: LessSafeKey::new(key), salt: salt.to_vec(), count: 0 })
    }

    /// The nonce, and what is authenticated with a record of so many octets (RFC 5246 §6.2.3.3).
    fn next(&mut self, kind: u8, explicit: &[u8], length: usize) -> io::Result<(Nonce, Aad<Vec<u8>>)> {
        let nonce = Nonce::try_assume_unique_for_key(&[&self.salt, explicit].concat()).map_err(|_| odd("no nonce"))?;
        let length = u16::try_from(length).map_err(io::Error::other)?.to_be_bytes();
        let aad = [&self.count.to_be_bytes()[..], &[kind, 3, 3], &length].concat();
        self.count += 1;
        Ok((nonce, Aad::from(aad)))
    }

    pub(crate) fn seal(&mut self, kind: u8, fragment: &[u8]) -> io::Result<Vec<u8>> {
        let explicit = self.count.to_be_bytes();
        let (nonce, aad) = self.next(kind, &explicit, fragment.len())?;
        let mut octets = fragment.to_vec();
        self.key.seal_in_place_append_tag(nonce, aad, &mut octets).map_err(|_| odd("a record cannot be sealed"))?;
        Ok([&explicit[..], &octets].concat())
    }

    pub(crate) fn open(&mut self, kind: u8, mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let short = || odd("a record too short");
        let mut octets = sealed.split_off(sealed.len().min(8));
        let length = octets.len().checked_sub(16).ok_or_else(short)?;
        let (nonce, aad) = self.next(kind, &sealed, length)?;
        Ok(self.key.open_in_place(nonce, aad, &mut octets).map_err(|_| odd("a record cannot be opened"))?.to_vec())
    }
}

pub(crate) async fn write(stream: &mut BoxStream, kind: u8, fragment: &[u8]) -> io::Result<()> {
    let length = u16::try_from(fragment.len()).map_err(io::Error::other)?.to_be_bytes();
    stream.write_all(&[&[kind, 3, 3], &length[..], fragment].concat()).await?;
    stream.flush().await
}

pub(crate) async fn read(stream: &mut BoxStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    if length > RECORD {
        return Err(odd("a record too long"));
    }
    let mut fragment = vec![0; length];
    stream.read_exact(&mut fragment).await?;
    Ok((head[0], fragment))
}

/// Something else than the protocol demands.
pub(crate) fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a handshake of TLS 1.2 does not come to its end: {what}"))
}
