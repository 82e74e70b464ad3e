//! The PROXY v2 header in front of every connection through the pretend Internet, both ways.

use proxy_header::{ParseConfig, ProxiedAddress, ProxyHeader};
use std::{io, net::SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Octets before the addresses: signature, version and command, family, length.
const PREFIX: usize = 16;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest rest of a header that is read, in octets. HAProxy sends 12 or 36 without options.
const REST: usize = 1024;

/// The header that names these ends.
pub(crate) fn header(source: SocketAddr, destination: SocketAddr) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    ProxyHeader::with_address(ProxiedAddress::stream(source, destination))
        .encode_v2(&mut octets)
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, format!("{source} to {destination}: {e}")))?;
    Ok(octets)
}

/// Reads a header, and not one octet more: source and destination.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<(SocketAddr, SocketAddr)> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("no PROXY v2 header: {what}"));
    let mut octets = vec![0; PREFIX];
    // the signature alone first: a peer that speaks something else may never send the rest
    stream.read_exact(&mut octets[..SIGNATURE.len()]).await?;
    if !octets.starts_with(SIGNATURE) {
        return Err(bad("another signature"));
    }
    stream.read_exact(&mut octets[SIGNATURE.len()..]).await?;
    let rest = usize::from(u16::from_be_bytes([octets[14], octets[15]]));
    if rest > REST {
        return Err(bad("too long"));
    }
    octets.resize(PREFIX + rest, 0);
    stream.read_exact(&mut octets[PREFIX..]).await?;
    let only_v2 = ParseConfig { include_tlvs: false, allow_v1: false, allow_v2: true };
    let (header, _) = ProxyHeader::parse(&octets, only_v2).map_err(|e| bad(&e.to_string()))?;
    let ends = header.proxied_address().ok_or_else(|| bad("it names no addresses"))?;
    // a listener for both families has IPv4 addresses mapped into IPv6 (RFC 4291 §2.5.5.2)
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    Ok((canonical(ends.source), canonical(ends.destination)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_header_reads_back_and_what_follows_stays() {
        for (source, destination) in [("203.0.113.66:1234", "192.0.2.1:25"), ("[2001:db8::1]:1234", "[2001:db8::2]:25")]
        {
            let ends = (source.parse().unwrap(), destination.parse().unwrap());
            let mut octets = header(ends.0, ends.1).unwrap();
            octets.extend_from_slice(b"EHLO");
            let mut rest = octets.as_slice();
            assert_eq!(block_on(read(&mut rest)).unwrap(), ends);
            assert_eq!(rest, b"EHLO");
        }
    }

    #[test]
    fn an_ipv4_address_is_one_however_it_is_written() {
        let mapped = |v4: &str| format!("[::ffff:{v4}]:25").parse().unwrap();
        let octets = header(mapped("172.18.0.3"), mapped("203.0.113.25")).unwrap();
        let ends = ("172.18.0.3:25".parse().unwrap(), "203.0.113.25:25".parse().unwrap());
        assert_eq!(block_on(read(&mut octets.as_slice())).unwrap(), ends);
    }

    #[test]
    fn ends_of_two_families_are_refused() {
        assert!(header("203.0.113.66:1".parse().unwrap(), "[2001:db8::2]:25".parse().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..80), signed: bool) {
            let mut all = if signed { SIGNATURE.to_vec() } else { Vec::new() };
            all.extend_from_slice(&octets);
            let _ = block_on(read(&mut all.as_slice()));
        }
    }
}
