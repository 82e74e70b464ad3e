//! ClientHellos, octet by octet: they offer what a TLS library would not (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6101 §5.6.1.2).

pub(crate) const SSL3: u16 = 0x0300;
pub(crate) const TLS10: u16 = 0x0301;
pub(crate) const TLS11: u16 = 0x0302;
pub(crate) const TLS12: u16 = 0x0303;
pub(crate) const TLS13: u16 = 0x0304;

/// Signalling values among the suites: secure renegotiation (RFC 5746 §3.3), and a downgrade (RFC 7507 §2).
const RENEGOTIATION_SCSV: u16 = 0x00ff;
const FALLBACK_SCSV: u16 = 0x5600;

/// Numbers of extensions, as IANA's registry "TLS ExtensionType Values" has them.
pub(crate) mod extension {
    pub(crate) const STATUS_REQUEST: u16 = 5;
    pub(crate) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(crate) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(crate) const TICKET: u16 = 35;
    pub(crate) const VERSIONS: u16 = 43;
    pub(crate) const SHARE: u16 = 51;
    pub(crate) const RENEGOTIATION: u16 = 0xff01;
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const GROUPS: u16 = 10;
    pub(super) const POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURES: u16 = 13;
}

/// What is offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The status of the certificate is wanted (RFC 6066 §8).
    pub(crate) status: bool,
    /// An earlier connection that is to be resumed, before TLS 1.3.
    pub(crate) resumed: Option<Resumed>,
    /// The end of the client's handshake, if this one is to follow it on the same connection (RFC 5746 §3.5).
    pub(crate) renegotiated: Option<Vec<u8>>,
    /// Key shares that come along, with their groups; without any the server must ask for one (RFC 8446 §4.1.4).
    pub(crate) shares: Vec<(u16, Vec<u8>)>,
}

/// By what a connection is resumed (RFC 5246 §F.1.4, RFC 5077 §3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Resumed {
    pub(crate) id: Vec<u8>,
    pub(crate) ticket: Vec<u8>,
}

impl Hello {
    /// The hello as one record.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut record = vec![22];
        record.extend(self.version.min(TLS10).to_be_bytes());
        prefixed16(&mut record, |out| out.extend(self.message()));
        record
    }

    /// The hello as a handshake message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut body = self.version.min(TLS12).to_be_bytes().to_vec();
        body.extend(rand::random::<[u8; 32]>());
        // TLS 1.3 has an id for middleboxes' sake (RFC 8446 §D.4)
        let id = match &self.resumed {
            Some(resumed) => resumed.id.clone(),
            None if self.version >= TLS13 => rand::random::<[u8; 32]>().to_vec(),
            None => Vec::new(),
        };
        prefixed8(&mut body, |out| out.extend(id));
        prefixed16(&mut body, |out| {
            let is_first = self.version < TLS13 && self.renegotiated.is_none();
            let scsv = [(is_first, RENEGOTIATION_SCSV), (self.fallback, FALLBACK_SCSV)];
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
        message
    }

    fn extensions(&self, out: &mut Vec<u8>) {
        use extension as kind;
        if let Some(name) = &self.server_name {
            extension(out, kind::SERVER_NAME, |out| {
                prefixed16(out, |out| {
                    out.push(0);
                    prefixed16(out, |out| out.extend(name.bytes()));
                });
            });
        }
        if self.status {
            // of type OCSP, from any responder
            extension(out, kind::STATUS_REQUEST, |out| out.extend([1, 0, 0, 0, 0]));
        }
        if !self.groups.is_empty() {
            extension(out, kind::GROUPS, |out| prefixed16(out, |out| numbers(out, self.groups.iter().copied())));
            extension(out, kind::POINT_FORMATS, |out| out.extend([1, 0]));
        }
        if self.version >= TLS12 {
            let schemes = self.schemes.iter().copied();
            extension(out, kind::SIGNATURES, |out| prefixed16(out, |out| numbers(out, schemes)));
        }
        if self.version >= TLS13 {
            extension(out, kind::VERSIONS, |out| prefixed8(out, |out| out.extend(TLS13.to_be_bytes())));
            extension(out, kind::SHARE, |out| prefixed16(out, |out| self.shares(out)));
            return;
        }
        if self.encrypt_then_mac {
            extension(out, kind::ENCRYPT_THEN_MAC, |_| ());
        }
        extension(out, kind::EXTENDED_MASTER_SECRET, |_| ());
        let ticket = self.resumed.as_ref().map(|resumed| resumed.ticket.as_slice()).unwrap_or_default();
        extension(out, kind::TICKET, |out| out.extend(ticket));
        if let Some(verified) = &self.renegotiated {
            extension(out, kind::RENEGOTIATION, |out| prefixed8(out, |out| out.extend(verified)));
        }
    }

    fn shares(&self, out: &mut Vec<u8>) {
        for (group, share) in &self.shares {
            out.extend(group.to_be_bytes());
            prefixed16(out, |out| out.extend(share));
        }
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
    use tls_parser::{
        TlsClientHelloContents, TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_extensions,
        parse_tls_plaintext,
    };

    /// What a parser makes of a hello.
    fn read(hello: &Hello, look: impl FnOnce(&TlsClientHelloContents<'_>, Vec<TlsExtension<'_>>)) {
        let octets = hello.octets();
        let (rest, record) = parse_tls_plaintext(&octets).unwrap();
        assert!(rest.is_empty());
        let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(read)) = &record.msg[0] else { panic!() };
        let extensions = read.ext.map_or_else(Vec::new, |octets| {
            let (rest, extensions) = parse_tls_extensions(octets).unwrap();
            assert!(rest.is_empty());
            extensions
        });
        look(read, extensions);
    }

    #[test]
    fn a_parser_reads_what_is_written() {
        for version in [SSL3, TLS10, TLS11, TLS12, TLS13] {
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
            read(&hello, |read, extensions| {
                let suites: Vec<u16> = read.ciphers.iter().map(|suite| suite.0).collect();
                assert_eq!(suites[..3], [0x1301, 0xc02f, 0x0005]);
                assert_eq!(suites.contains(&RENEGOTIATION_SCSV), version < TLS13);
                assert_eq!(read.comp.len(), 2);
                assert_eq!(read.version.0, version.min(TLS12));
                assert_eq!(extensions.is_empty(), version == SSL3);
                let name = extensions
                    .iter()
                    .any(|e| matches!(e, TlsExtension::SNI(names) if names[0].1 == b"mx.gateway.example"));
                assert_eq!(name, version > SSL3);
                let schemes =
                    extensions.iter().any(|e| matches!(e, TlsExtension::SignatureAlgorithms(s) if *s == [0x0403]));
                assert_eq!(schemes, version >= TLS12);
            });
        }
    }

    #[test]
    fn a_hello_that_resumes_has_id_and_ticket() {
        let resumed = Some(Resumed { id: vec![7; 32], ticket: vec![8; 100] });
        let hello = Hello { version: TLS12, suites: vec![0xc02f], resumed, ..Hello::default() };
        read(&hello, |read, extensions| {
            assert_eq!(read.session_id, Some(&[7; 32][..]));
            assert!(extensions.iter().any(|e| matches!(e, TlsExtension::SessionTicket(t) if *t == [8; 100])));
        });
    }

    #[test]
    fn a_hello_on_a_secured_connection_says_so() {
        let hello = Hello { version: TLS12, suites: vec![0xc02f], renegotiated: Some(vec![9; 12]), ..Hello::default() };
        read(&hello, |read, extensions| {
            assert_eq!(read.ciphers.len(), 1);
            assert!(extensions.iter().any(|e| matches!(e, TlsExtension::RenegotiationInfo(t) if *t == [9; 12])));
        });
    }

    #[test]
    fn shares_come_with_their_groups() {
        let hello = Hello { version: TLS13, shares: vec![(0x001d, vec![5; 32])], ..Hello::default() };
        read(&hello, |_, extensions| {
            let share = [&[0, 36, 0, 0x1d, 0, 32][..], &[5; 32]].concat();
            assert!(
                extensions.iter().any(|e| matches!(e, TlsExtension::KeyShare(s) if *s == share || **s == share[2..]))
            );
        });
    }
}
