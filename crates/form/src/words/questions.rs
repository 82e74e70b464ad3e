//! The words of everything besides zones and mail: played hosts, probes, look-ups, TLS reports.

use crate::Keyword;
use mail::Service;
use plan::{CertificateKey, CertificateKind, Interference, StarttlsClaim, StarttlsPlay};

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
    /// Why a connection failed that a TLS report counts.
    Failure;
    /// A response code of the DNS.
    Rcode;
    /// A version of TLS that a played host can take; the word itself.
    HostVersion;
}

/// What a host does about STARTTLS, without a code.
#[derive(Debug, Clone, Copy)]
pub struct Starttls(pub StarttlsPlay);

/// What a service does about STARTTLS.
#[derive(Debug, Clone, Copy)]
pub struct StarttlsWord(pub StarttlsClaim);

words! {
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
    Failure: "a result type of TLS reports (RFC 8460 §4.3)" {
        "starttls-not-supported" => Self("starttls-not-supported"), "the host did not offer STARTTLS";
        "certificate-host-mismatch" => Self("certificate-host-mismatch"), "the certificate is for another name";
        "certificate-expired" => Self("certificate-expired"), "the certificate has expired";
        "certificate-not-trusted" => Self("certificate-not-trusted"), "no chain to a root that is known";
        "validation-failure" => Self("validation-failure"), "anything else";
        "tlsa-invalid" => Self("tlsa-invalid"), "no TLSA record matched, or none was usable";
        "dnssec-invalid" => Self("dnssec-invalid"), "the DNS had no authentic answer";
        "dane-required" => Self("dane-required"), "DANE was required, and there were no TLSA records";
        "sts-policy-fetch-error" => Self("sts-policy-fetch-error"), "the policy could not be fetched";
        "sts-policy-invalid" => Self("sts-policy-invalid"), "the policy could not be read";
        "sts-webpki-invalid" => Self("sts-webpki-invalid"), "the certificate of the policy's host was not good";
    }
    Rcode: "a response code (RFC 1035 §4.1.1)" {
        "NOERROR" => Self("NOERROR"), "there is an answer, if only that there are no such records";
        "NXDOMAIN" => Self("NXDOMAIN"), "there is no such name";
        "SERVFAIL" => Self("SERVFAIL"), "no answer could be had, or none that is right by DNSSEC";
        "REFUSED" => Self("REFUSED"), "the question is not answered here";
        "FORMERR" => Self("FORMERR"), "the question was not understood";
        "NOTIMP" => Self("NOTIMP"), "such questions are not answered";
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
