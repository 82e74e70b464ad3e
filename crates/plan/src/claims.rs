//! What can be claimed of a mail transaction.

use mail::{ArcResult, DkimResult, DmarcResult, Domain, EnhancedStatus, SpfResult};
use serde::Serialize;
use std::{fmt, ops::Range};

/// A claim and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claimed<T> {
    /// The claim.
    pub claim: T,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// One claim on a transaction, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expectation {
    /// The claim.
    pub claim: Claim,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a transaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// A reply of the server.
    Reply(ReplyClaim),
    /// The SPF result.
    Spf(SpfResult),
    /// The DKIM result.
    Dkim(DkimClaim),
    /// The DMARC result.
    Dmarc(DmarcResult),
    /// The ARC result.
    Arc(ArcResult),
    /// What became of the message.
    Outcome(Outcome),
    /// How the gateway's side of the connection was protected.
    Handshake(HandshakeClaim),
    /// The Received field of the gateway says how the connection was protected, and it is what was negotiated.
    Received,
    /// A host of this name, which the harness plays, took the message.
    Arrived(Domain),
    /// What the gateway offered in its ClientHello: exactly these versions.
    Offered(Vec<String>),
    /// A policy was asked of a web server that the harness plays (RFC 8461 §3.3), or none.
    Fetched(bool),
    /// A header field of the delivered message has this text in it.
    Header {
        /// Name of the field.
        name: String,
        /// Text that a field of that name must have.
        contains: String,
    },
}

/// A claim on one reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyClaim {
    /// To which command.
    pub to: Command,
    /// Three digits.
    pub code: u16,
    /// Enhanced status code.
    pub enhanced: Option<EnhancedStatus>,
    /// A text in it.
    pub text: Option<String>,
}

/// The command that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The connection itself: the greeting.
    Connect,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO (the last one, if there are several).
    RcptTo,
    /// DATA.
    Data,
    /// The line with a single dot.
    EndOfData,
}

/// A claim on the DKIM results of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DkimClaim {
    /// One result for the whole message: the best of all signatures.
    Overall(DkimResult),
    /// The signatures of these domains have these results.
    Signatures(Vec<(Domain, DkimResult)>),
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The server refused it for good.
    Rejected,
    /// It was refused for now, or waits in a queue.
    Deferred,
    /// It lies in a mailbox, in this folder if one is named.
    Delivered(Option<String>),
    /// A queue gave up and notified the reverse-path (RFC 3464).
    Bounced,
    /// It was put aside: in this folder if one is named, or in a hold queue.
    Quarantined(Option<String>),
    /// It was accepted and thrown away.
    Discarded,
}

/// A claim on a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HandshakeClaim {
    /// Such as `TLSv1.3`; or `none`: there was no TLS.
    pub version: Option<String>,
    /// Cipher suite, IANA or OpenSSL name.
    pub suite: Option<String>,
    /// Key exchange group.
    pub group: Option<String>,
    /// What the client made of the server's certificate: `anonymous`, `untrusted`, `trusted` or `verified`.
    pub peer: Option<String>,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Auth => "auth",
            Self::MailFrom => "mail-from",
            Self::RcptTo => "rcpt-to",
            Self::Data => "data",
            Self::EndOfData => "end-of-data",
        })
    }
}
