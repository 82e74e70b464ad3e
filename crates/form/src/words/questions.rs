//! The words of everything besides zones and mail: played hosts, probes, look-ups, TLS reports.

use mail::Service;
use plan::{CertificateKey, CertificateKind, Interference, StarttlsPlay};

macro_rules! own_words {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub &'static str);
    )+};
}
own_words! {
    /// A version of TLS; the word itself.
    Version;
    /// A version of TLS that a played host can take; the word itself.
    HostVersion;
}

/// What a host does about STARTTLS, without a code.
#[derive(Debug, Clone, Copy)]
pub struct Starttls(pub StarttlsPlay);

crate::keywords! {
    Version: "a version of TLS" {
        "SSLv3" => Self("SSLv3"), "SSL 3.0 (RFC 6101)";
        "TLSv1" => Self("TLSv1"), "TLS 1.0";
        "TLSv1.1" => Self("TLSv1.1"), "TLS 1.1";
        "TLSv1.2" => Self("TLSv1.2"), "TLS 1.2 (RFC 5246)";
        "TLSv1.3" => Self("TLSv1.3"), "TLS 1.3 (RFC 8446)";
    }
    HostVersion: "a version of TLS that a host can take" {
        "TLSv1" => Self("TLSv1"), "TLS 1.0";
        "TLSv1.1" => Self("TLSv1.1"), "TLS 1.1";
        "TLSv1.2" => Self("TLSv1.2"), "TLS 1.2 (RFC 5246)";
        "TLSv1.3" => Self("TLSv1.3"), "TLS 1.3 (RFC 8446)";
    }
    Starttls: "what a host does about STARTTLS" {
        "offered" => Self(StarttlsPlay::Offered), "it offers and does it";
        "absent" => Self(StarttlsPlay::Absent), "it does not know it";
        "injected" => Self(StarttlsPlay::Injected), "another reply comes in cleartext behind the 220";
        "cleartext" => Self(StarttlsPlay::Cleartext), "it offers it and answers 220, and goes on in cleartext";
        "closed" => Self(StarttlsPlay::Closed), "it offers it, answers 220, and hangs up when the handshake begins";
        "garbage" => Self(StarttlsPlay::Garbage), "it offers it and answers 220, and then sends octets that are nothing";
    }
    Interference: "what somebody on the way does" {
        "strip-starttls" => Self::StripStarttls, "takes STARTTLS out of what the host offers";
        "swap-certificate" => Self::SwapCertificate, "ends TLS itself, with a certificate of an unknown root";
        "cut-in-data" => Self::CutInData, "cuts the line in the middle of the message";
    }
    CertificateKind: "a kind of certificate" {
        "good" => Self::Good, "issued under the run's root";
        "expired" => Self::Expired, "valid until yesterday";
        "not-yet-valid" => Self::NotYetValid, "valid in a month";
        "wrong-name" => Self::WrongName, "for another name";
        "self-signed" => Self::SelfSigned, "signed with its own key";
        "untrusted" => Self::Untrusted, "issued under a root that nobody knows";
    }
    CertificateKey: "a kind of key" {
        "p256" => Self::P256, "ECDSA on P-256";
        "p384" => Self::P384, "ECDSA on P-384";
        "rsa2048" => Self::Rsa2048, "RSA of 2048 bits";
        "ed25519" => Self::Ed25519, "Ed25519 (RFC 8410)";
    }
    Service: "a service" {
        "smtp" => Self::Smtp, "port 25";
        "submission" => Self::Submission, "port 587 (RFC 6409)";
        "submissions" => Self::Submissions, "port 465 (RFC 8314 §3.3)";
        "imap" => Self::Imap, "port 143";
        "imaps" => Self::Imaps, "port 993 (RFC 8314 §3.2)";
        "pop3" => Self::Pop3, "port 110";
        "pop3s" => Self::Pop3s, "port 995 (RFC 8314 §3.1)";
        "sieve" => Self::Sieve, "port 4190 (RFC 5804)";
    }
}
