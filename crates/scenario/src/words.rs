//! The words of the language, what they stand for and what they mean.

use crate::{
    CertificateKey, CertificateKind, Command, Dnssec, Driver, Interference, KeyRecord, StarttlsClaim, StarttlsPlay, Tls,
    form::Words,
};
use mail::{ArcResult, DkimResult, DmarcResult, Service, SpfResult};

/// Algorithm of a DKIM signature (RFC 6376 §3.3, RFC 8463 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rsa,
    Ed25519,
}

/// What a faulty name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Servfail,
    Refused,
    Silence,
    Delay,
}

/// `c=` (RFC 6376 §3.5): header part and body part, true for relaxed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canonicalization(pub(crate) bool, pub(crate) bool);

/// An outcome without its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Rejected,
    Deferred,
    Delivered,
    Bounced,
    Quarantined,
    Discarded,
}

/// A version of TLS, or none; the word itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TlsVersion(pub(crate) &'static str);

/// What the client made of a certificate; the word itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) &'static str);

macro_rules! own_words {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub(crate) &'static str);
    )+};
}
own_words! {
    /// A version of TLS; the word itself.
    Version;
    /// Whose order of suites counts.
    OrderWord;
    /// What becomes of a login before TLS.
    LoginWord;
    /// What becomes of what is injected.
    Injected;
    /// How TLSA records compare to a certificate.
    TlsaWord;
    /// Something that a service does or does not.
    Feature;
    /// Type of the policy of a TLS report.
    PolicyWord;
}

/// What a host does about STARTTLS, without a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starttls(pub(crate) StarttlsPlay);

/// What a service does about STARTTLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StarttlsWord(pub(crate) StarttlsClaim);

/// That Received says what was negotiated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceivedWord;

macro_rules! words {
    ($($type:ty: $what:literal { $($word:literal => $value:expr, $doc:literal;)+ })+) => {$(
        impl Words for $type {
            const WHAT: &'static str = $what;

            fn words() -> Vec<(&'static str, Self, &'static str)> {
                vec![$(($word, $value, $doc)),+]
            }
        }
    )+};
}

words! {
    Dnssec: "a way to sign a zone" {
        "insecure" => Self::Insecure, "unsigned, and the parent proves it (the default)";
        "signed" => Self::Signed, "signed, with a chain from the root";
        "bogus" => Self::Bogus, "signed, but the DS record at the parent does not match";
        "expired" => Self::Expired, "signed, with signatures that have expired";
    }
    Algorithm: "a signature algorithm" {
        "rsa-sha256" => Self::Rsa, "RSA (the default)";
        "ed25519-sha256" => Self::Ed25519, "Ed25519 (RFC 8463 §3)";
    }
    KeyRecord: "a state of a key record" {
        "published" => Self::Published, "the public key (the default)";
        "revoked" => Self::Revoked, "an empty `p=` (RFC 6376 §3.6.1)";
        "wrong" => Self::Wrong, "another public key than the one that signs";
        "missing" => Self::Missing, "no record at all";
    }
    Answer: "a wrong answer" {
        "servfail" => Self::Servfail, "RCODE 2 (RFC 1035 §4.1.1)";
        "refused" => Self::Refused, "RCODE 5 (RFC 1035 §4.1.1)";
        "silence" => Self::Silence, "nothing comes back";
        "delay" => Self::Delay, "the right answer, `seconds` later";
    }
    Tls: "a way to protect a connection" {
        "none" => Self::None, "not at all";
        "starttls" => Self::Starttls, "by STARTTLS (RFC 3207 §4)";
        "implicit" => Self::Implicit, "from the first octet (RFC 8314 §3)";
    }
    Driver: "an SMTP client" {
        "well-behaved" => Self::WellBehaved, "keeps to the protocol (the default)";
        "byte-exact" => Self::ByteExact, "sends the octets as they are (the default for an exact message)";
    }
    Canonicalization: "a pair of canonicalizations (RFC 6376 §3.4)" {
        "relaxed/relaxed" => Self(true, true), "header and body relaxed (the default)";
        "relaxed/simple" => Self(true, false), "header relaxed, body simple";
        "simple/relaxed" => Self(false, true), "header simple, body relaxed";
        "simple/simple" => Self(false, false), "header and body simple";
    }
    Command: "a command" {
        "connect" => Self::Connect, "the connection itself: the greeting";
        "ehlo" => Self::Ehlo, "EHLO or HELO";
        "starttls" => Self::Starttls, "STARTTLS";
        "auth" => Self::Auth, "AUTH";
        "mail-from" => Self::MailFrom, "MAIL FROM";
        "rcpt-to" => Self::RcptTo, "RCPT TO, the last one if there are several";
        "data" => Self::Data, "DATA";
        "end-of-data" => Self::EndOfData, "the line with a single dot";
    }
    Fate: "an outcome" {
        "rejected" => Self::Rejected, "the server refused it for good";
        "deferred" => Self::Deferred, "it was refused for now, or waits in a queue";
        "delivered" => Self::Delivered, "it lies in a mailbox";
        "bounced" => Self::Bounced, "a queue gave up and notified the reverse-path (RFC 3464 §2)";
        "quarantined" => Self::Quarantined, "it was put aside, in a folder or a hold queue";
        "discarded" => Self::Discarded, "it was accepted and thrown away";
    }
    TlsVersion: "a version of TLS" {
        "none" => Self("none"), "the connection was not protected";
        "TLSv1" => Self("TLSv1"), "TLS 1.0";
        "TLSv1.1" => Self("TLSv1.1"), "TLS 1.1";
        "TLSv1.2" => Self("TLSv1.2"), "TLS 1.2 (RFC 5246)";
        "TLSv1.3" => Self("TLSv1.3"), "TLS 1.3 (RFC 8446)";
    }
    Version: "a version of TLS" {
        "SSLv3" => Self("SSLv3"), "SSL 3.0 (RFC 6101)";
        "TLSv1" => Self("TLSv1"), "TLS 1.0";
        "TLSv1.1" => Self("TLSv1.1"), "TLS 1.1";
        "TLSv1.2" => Self("TLSv1.2"), "TLS 1.2 (RFC 5246)";
        "TLSv1.3" => Self("TLSv1.3"), "TLS 1.3 (RFC 8446)";
    }
    Starttls: "what a host does about STARTTLS" {
        "offered" => Self(StarttlsPlay::Offered), "it offers and does it";
        "absent" => Self(StarttlsPlay::Absent), "it does not know it";
        "injected" => Self(StarttlsPlay::Injected), "another reply comes in cleartext behind the 220, before the handshake";
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
    ReceivedWord: "what Received says" {
        "as-negotiated" => Self, "version and cipher suite of the handshake, or nothing of TLS where there was none";
    }
    StarttlsWord: "what a service does about STARTTLS" {
        "absent" => Self(StarttlsClaim::Absent), "it does not offer it";
        "optional" => Self(StarttlsClaim::Optional), "it offers it, and works without";
        "required" => Self(StarttlsClaim::Required), "it offers it, and does not work without";
    }
    OrderWord: "whose order counts" {
        "server" => Self("server"), "the server's";
        "client" => Self("client"), "the client's";
    }
    LoginWord: "what becomes of a login before TLS" {
        "refused" => Self("refused"), "it is refused without a look at the password";
        "taken" => Self("taken"), "the password is looked at, or asked for";
    }
    Injected: "what becomes of what is injected" {
        "dropped" => Self("dropped"), "it is never answered";
        "answered" => Self("answered"), "it is answered under TLS";
    }
    TlsaWord: "how TLSA records compare to the certificate" {
        "matches" => Self("matches"), "one of them matches, and the answer is authentic";
        "differs" => Self("differs"), "there are some, and none matches";
        "none" => Self("none"), "there are none";
    }
    Feature: "something that a service does" {
        "tickets" => Self("tickets"), "it gives tickets (RFC 5077 §3.1, RFC 8446 §4.6.1)";
        "resumption" => Self("resumption"), "it resumes a connection";
        "secure-renegotiation" => Self("secure-renegotiation"), "it binds a renegotiation to its connection (RFC 5746 §3.6)";
        "client-renegotiation" => Self("client-renegotiation"), "it renegotiates when the client asks";
        "compression" => Self("compression"), "it compresses (RFC 3749)";
        "fallback-scsv" => Self("fallback-scsv"), "it refuses a downgrade (RFC 7507 §3)";
        "early-data" => Self("early-data"), "it takes early data (RFC 8446 §2.3)";
        "extended-master-secret" => Self("extended-master-secret"), "it binds the master secret to the handshake (RFC 7627 §4)";
        "encrypt-then-mac" => Self("encrypt-then-mac"), "it encrypts before it authenticates (RFC 7366 §3)";
        "ocsp-stapling" => Self("ocsp-stapling"), "it brings its certificate's status (RFC 6066 §8)";
    }
    PolicyWord: "a type of policy" {
        "tlsa" => Self("tlsa"), "TLSA records (RFC 7672)";
        "sts" => Self("sts"), "an MTA-STS policy (RFC 8461)";
        "no-policy-found" => Self("no-policy-found"), "neither";
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
    Peer: "a judgement of a certificate" {
        "anonymous" => Self("anonymous"), "there was no certificate";
        "untrusted" => Self("untrusted"), "no chain to a root that is known";
        "trusted" => Self("trusted"), "a good chain, the name not compared";
        "verified" => Self("verified"), "a good chain, and the name is right";
    }
}

macro_rules! results {
    ($($type:ident $what:literal)+) => {$(
        impl Words for $type {
            const WHAT: &'static str = $what;

            fn words() -> Vec<(&'static str, Self, &'static str)> {
                Self::ALL.iter().map(|result| (result.as_str(), *result, "")).collect()
            }
        }
    )+};
}
results! {
    SpfResult "an SPF result (RFC 7208 §2.6)"
    DkimResult "a DKIM result (RFC 8601 §2.7.1)"
    DmarcResult "a DMARC result (RFC 9989 §4)"
    ArcResult "an ARC result (RFC 8617 §4.4)"
}
