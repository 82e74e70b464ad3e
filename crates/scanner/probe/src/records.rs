//! Records of TLS 1.2 with the suites that a library of today has: made and read with keys that it gives away (RFC 5246 §6.2.3.3,
//! RFC 5288 §3, RFC 7905 §2).

use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use rustls::ConnectionTrafficSecrets as Secrets;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use wire::BoxStream;

const TAG: usize = 16;
const HEAD: usize = 5;
/// The longest record (RFC 5246 §6.2.3).
const LONGEST: usize = 16_384 + 2048;

/// A record in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// 21: alert, 22: handshake, 23: data.
    pub(crate) kind: u8,
    pub(crate) octets: Vec<u8>,
}

/// One direction of a connection: its keys and how many records there were.
pub(crate) struct Direction {
    cipher: Cipher,
    key: Vec<u8>,
    iv: [u8; 12],
    /// AES-GCM writes a part of the nonce into each record.
    is_explicit: bool,
    count: u64,
}

impl Direction {
    /// Keys behind a ChangeCipherSpec.
    ///
    /// # Errors
    /// Keys of a kind that is not known here.
    pub(crate) fn new(secrets: &Secrets) -> io::Result<Self> {
        let (cipher, key, iv, is_explicit) = match secrets {
            Secrets::Aes128Gcm { key, iv } => (Cipher::aes_128_gcm(), key, iv, true),
            Secrets::Aes256Gcm { key, iv } => (Cipher::aes_256_gcm(), key, iv, true),
            Secrets::Chacha20Poly1305 { key, iv } => (Cipher::chacha20_poly1305(), key, iv, false),
            _ => return Err(io::Error::other("keys of an unknown kind")),
        };
        let iv = iv.as_ref().try_into().map_err(io::Error::other)?;
        Ok(Self { cipher, key: key.as_ref().to_vec(), iv, is_explicit, count: 0 })
    }

    /// The next record, encrypted.
    ///
    /// # Errors
    /// The library does not encrypt.
    pub(crate) fn seal(&mut self, record: Record) -> io::Result<Vec<u8>> {
        let nonce = self.nonce();
        let mut tag = [0; TAG];
        let more = self.more(record.kind, record.octets.len());
        let sealed = encrypt_aead(self.cipher, &self.key, Some(&nonce), &more, &record.octets, &mut tag)?;
        self.count += 1;
        let explicit: &[u8] = if self.is_explicit { &nonce[4..] } else { &[] };
        let length = u16::try_from(explicit.len() + sealed.len() + TAG).map_err(io::Error::other)?;
        Ok([&[record.kind, 3, 3], &length.to_be_bytes()[..], explicit, &sealed, &tag].concat())
    }

    /// Takes the first record, if it is there whole, and decrypts it.
    ///
    /// # Errors
    /// It is no record of this connection.
    pub(crate) fn open_next(&mut self, octets: &mut &[u8]) -> io::Result<Option<Record>> {
        let Some(length) = length(octets)? else { return Ok(None) };
        let Some((record, rest)) = octets.split_at_checked(HEAD + length) else { return Ok(None) };
        *octets = rest;
        self.open(record[0], &record[HEAD..]).map(Some)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The connection ends, or that is no record of this connection.
    pub(crate) async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Record> {
        let mut head = [0; HEAD];
        stream.read_exact(&mut head).await?;
        let mut fragment = vec![0; length(&head)?.unwrap_or_default()];
        stream.read_exact(&mut fragment).await?;
        self.open(head[0], &fragment)
    }

    fn open(&mut self, kind: u8, fragment: &[u8]) -> io::Result<Record> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a record that cannot be decrypted");
        let mut nonce = self.nonce();
        let mut sealed = fragment;
        if self.is_explicit {
            let (explicit, rest) = fragment.split_at_checked(8).ok_or_else(broken)?;
            nonce[4..].copy_from_slice(explicit);
            sealed = rest;
        }
        let (sealed, tag) = sealed.len().checked_sub(TAG).map(|at| sealed.split_at(at)).ok_or_else(broken)?;
        let more = self.more(kind, sealed.len());
        let octets = decrypt_aead(self.cipher, &self.key, Some(&nonce), &more, sealed, tag).map_err(|_| broken())?;
        self.count += 1;
        Ok(Record { kind, octets })
    }

    /// The vector, with the number of the record in it.
    fn nonce(&self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (octet, number) in nonce[4..].iter_mut().zip(self.count.to_be_bytes()) {
            *octet ^= number;
        }
        nonce
    }

    /// What is authenticated besides: number, kind, version and length.
    fn more(&self, kind: u8, length: usize) -> Vec<u8> {
        let [.., high, low] = length.to_be_bytes();
        [&self.count.to_be_bytes()[..], &[kind, 3, 3, high, low]].concat()
    }
}

/// The length of a record, if its head is there; what is no head at all is [`io::ErrorKind::Unsupported`].
fn length(octets: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = octets.first_chunk::<HEAD>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    if head[1] != 3 || length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "no record of TLS"));
    }
    Ok(Some(length))
}

/// A connection that keeps what went over it.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) inner: BoxStream,
    pub(crate) written: Vec<u8>,
    pub(crate) read: Vec<u8>,
}

impl Tap {
    pub(crate) fn new(inner: BoxStream) -> Self {
        Self { inner, written: Vec::new(), read: Vec::new() }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.read.extend(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, octets);
        if let Poll::Ready(Ok(count)) = polled {
            self.written.extend(&octets[..count]);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::cipher::{AeadKey, Iv};

    fn directions() -> [Direction; 3] {
        let (key, iv) = (AeadKey::from([7; 32]), Iv::new([9; 12]));
        let chacha = Secrets::Chacha20Poly1305 { key, iv };
        let (key, iv) = (AeadKey::from([7; 32]), Iv::new([9; 12]));
        let aes = Secrets::Aes256Gcm { key, iv };
        let short =
            Direction { cipher: Cipher::aes_128_gcm(), key: vec![7; 16], iv: [9; 12], is_explicit: true, count: 0 };
        [Direction::new(&chacha).unwrap(), Direction::new(&aes).unwrap(), short]
    }

    #[tokio::test]
    async fn what_is_sealed_can_be_opened_in_its_order_alone() {
        for (mut sent, mut got) in directions().into_iter().zip(directions()) {
            let records = [Record { kind: 22, octets: vec![1; 300] }, Record { kind: 23, octets: Vec::new() }];
            let octets: Vec<u8> = records.iter().flat_map(|r| sent.seal(r.clone()).unwrap()).collect();
            let mut stream = octets.as_slice();
            assert_eq!(got.read(&mut stream).await.unwrap(), records[0]);
            assert_eq!(got.open_next(&mut stream).unwrap().as_ref(), Some(&records[1]));
            assert_eq!(got.open_next(&mut stream).unwrap(), None);
            let again = got.read(&mut octets.as_slice()).await.unwrap_err();
            assert_eq!(again.kind(), io::ErrorKind::InvalidData);
        }
    }

    #[tokio::test]
    async fn what_is_no_record_is_refused() {
        let [mut got, ..] = directions();
        for (octets, kind) in [
            (&b"HTTP/1.1 400"[..], io::ErrorKind::Unsupported),
            (&[23, 3, 3, 0, 3, 1, 2, 3], io::ErrorKind::InvalidData),
            (&[23, 3, 3, 0xff, 0xff], io::ErrorKind::Unsupported),
        ] {
            assert_eq!(got.read(&mut &octets[..]).await.unwrap_err().kind(), kind);
        }
        assert_eq!(got.read(&mut &[23, 3][..]).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
