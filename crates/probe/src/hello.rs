//! ClientHellos, octet by octet: they offer what a TLS library would not (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6101 §5.6.1.2).

use crate::share;

pub(crate) const SSL3: u16 = 0x0300;
pub(crate) const TLS10: u16 = 0x0301;
pub(crate) const TLS12: u16 = 0x0303;
pub(crate) const TLS13: u16 = 0x0304;

/// Signalling values among the suites: secure renegotiation (RFC 5746 §3.3), and a downgrade (RFC 7507 §2).
const RENEGOTIATION_SCSV: u16 = 0x00ff;
const FALLBACK_SCSV: u16 = 0x5600;

/// What is offered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hello {
    /// The one version that is offered.
    pub(crate) version: u16,
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) schemes: Vec<u16>,
    /// A DNS name (RFC 6066 §3).
    pub(crate) server_name: Option<String>,
    /// DEFLATE too (RFC 3749 §2).
    pub(crate) compression: bool,
    /// This is a downgrade (RFC 7507 §4).
    pub(crate) fallback: bool,
    /// RFC 7366 §2.
    pub(crate) encrypt_then_mac: bool,
    /// The end of the handshake that this one goes on from (RFC 5746 §3.5).
    pub(crate) renegotiates: Option<Vec<u8>>,
    /// A key share for this group comes along; else the server must ask for one (RFC 8446 §4.1.4).
    pub(crate) share: Option<u16>,
}

impl Hello {
    /// The hello as one record.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut body = self.version.min(TLS12).to_be_bytes().to_vec();
        body.extend(rand::random::<[u8; 32]>());
        // TLS 1.3 has an id for middleboxes' sake (RFC 8446 §D.4)
        let id: &[u8] = if self.version >= TLS13 { &rand::random::<[u8; 32]>() } else { &[] };
        prefixed8(&mut body, |out| out.extend(id));
        prefixed16(&mut body, |out| {
            let scsv = [
                (self.version < TLS13 && self.renegotiates.is_none(), RENEGOTIATION_SCSV),
                (self.fallback, FALLBACK_SCSV),
            ];
            let scsv = scsv.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, value)| value);
            numbers(out, self.suites.iter().copied().chain(scsv));
        });
        let methods: &[u8] = if self.compression { &[1, 0] } else { &[0] };
        prefixed8(&mut body, |out| out.extend(methods));
        // SSL 3.0 knows no extensions, and some servers of it choke on them
        if self.version > SSL3 {
            prefixed16(&mut body, |out| self.extensions(out));
        }
        let mut message = vec![1];
        let [_, length @ ..] = u32::try_from(body.len()).expect("a hello is short").to_be_bytes();
        message.extend(length);
        message.extend(body);
        let mut record = vec![22];
        record.extend(self.version.min(TLS10).to_be_bytes());
        prefixed16(&mut record, |out| out.extend(message));
        record
    }

    fn extensions(&self, out: &mut Vec<u8>) {
        if let Some(name) = &self.server_name {
            extension(out, 0, |out| {
                prefixed16(out, |out| {
                    out.push(0);
                    prefixed16(out, |out| out.extend(name.bytes()));
                });
            });
        }
        if !self.groups.is_empty() {
            extension(out, 10, |out| prefixed16(out, |out| numbers(out, self.groups.iter().copied())));
            extension(out, 11, |out| out.extend([1, 0]));
        }
        if self.version >= TLS12 {
            extension(out, 13, |out| prefixed16(out, |out| numbers(out, self.schemes.iter().copied())));
        }
        if self.encrypt_then_mac {
            extension(out, 22, |_| ());
        }
        if let Some(end) = &self.renegotiates {
            extension(out, 0xff01, |out| prefixed8(out, |out| out.extend(end)));
        }
        if self.version < TLS13 {
            extension(out, 23, |_| ());
            extension(out, 35, |_| ());
            return;
        }
        extension(out, 43, |out| prefixed8(out, |out| out.extend(TLS13.to_be_bytes())));
        extension(out, 51, |out| {
            prefixed16(out, |out| {
                if let Some((group, share)) = self.share.and_then(|group| Some((group, share::new(group)?))) {
                    out.extend(group.to_be_bytes());
                    prefixed16(out, |out| out.extend(share));
                }
            });
        });
    }
}

fn extension(out: &mut Vec<u8>, kind: u16, data: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    prefixed16(out, data);
}

fn numbers(out: &mut Vec<u8>, values: impl Iterator<Item = u16>) {
    out.extend(values.flat_map(u16::to_be_bytes));
}

fn prefixed8(out: &mut Vec<u8>, data: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    data(out);
    out[at] = u8::try_from(out.len() - at - 1).expect("a short vector");
}

fn prefixed16(out: &mut Vec<u8>, data: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0, 0]);
    data(out);
    let length = u16::try_from(out.len() - at - 2).expect("a hello has less than 64 kB");
    out[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::{TlsMessage, TlsMessageHandshake, parse_tls_extensions, parse_tls_plaintext};

    #[test]
    fn a_parser_reads_what_is_written() {
        for version in [SSL3, TLS10, 0x0302, TLS12, TLS13] {
            let hello = Hello {
                version,
                suites: vec![0x1301, 0xc02f, 0x0005],
                groups: vec![0x001d, 0x0017],
                schemes: vec![0x0403],
                server_name: Some("mx.gateway.example".to_owned()),
                compression: true,
                encrypt_then_mac: true,
                ..Hello::default()
            };
            let octets = hello.octets();
            let (rest, record) = parse_tls_plaintext(&octets).unwrap();
            assert!(rest.is_empty());
            let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(read)) = &record.msg[0] else { panic!() };
            let suites: Vec<u16> = read.ciphers.iter().map(|suite| suite.0).collect();
            assert_eq!(suites[..3], [0x1301, 0xc02f, 0x0005]);
            assert_eq!(suites.contains(&RENEGOTIATION_SCSV), version < TLS13);
            assert_eq!(read.comp.len(), 2);
            let extensions = read.ext.map(|octets| parse_tls_extensions(octets).unwrap());
            assert_eq!(extensions.is_none(), version == SSL3);
            assert!(extensions.is_none_or(|(rest, list)| rest.is_empty() && list.len() >= 6));
        }
    }
}
