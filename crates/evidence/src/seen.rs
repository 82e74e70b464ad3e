//! The values: everything that was seen of one scenario.

use crate::{Condition, Opinion, Probed, TlsReport};
use mail::{Address, Message, Nonce, Reply};
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr};

/// A fact, or the reason why there is none. Never read the second as a negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// It was seen.
    Seen(T),
    /// It was not seen, and this is why.
    Unobserved(String),
}

impl<T> Observed<T> {
    /// The fact, if there is one.
    pub const fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(fact) => Some(fact),
            Self::Unobserved(_) => None,
        }
    }

    /// The fact, to be changed, if there is one.
    pub const fn seen_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Seen(fact) => Some(fact),
            Self::Unobserved(_) => None,
        }
    }
}

/// Everything seen of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// One for each transaction of the plan, in its order.
    pub transactions: Vec<Transaction>,
    /// One for each probe of the plan, in its order; unobserved: nothing could be asked.
    #[serde(default)]
    pub probes: Vec<Observed<Probed>>,
    /// One for each look-up of the plan, in its order.
    #[serde(default)]
    pub lookups: Vec<Observed<LookedUp>>,
    /// One for each TLS report of the plan, in its order.
    #[serde(default)]
    pub reports: Vec<Observed<TlsReport>>,
    /// What became of the changed settings of the plan, if it has any: whether the daemons take them.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Messages that appeared in a mailbox while it ran and that nobody is known to have sent.
    #[serde(default)]
    pub strays: Vec<Delivered>,
}

/// A setting of a daemon that a scenario changes, and what the daemon says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// `postfix` or `dovecot`.
    pub daemon: String,
    /// The setting's name.
    pub name: String,
    /// What it was set to; `None`: its line was taken out.
    pub value: Option<String>,
    /// Whether the daemon works with it.
    pub is_taken: bool,
    /// What it said of it, warnings and errors.
    pub said: Vec<String>,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, …
    pub rcode: String,
    /// Whether a validating resolver says that the answer is authentic (RFC 4035 §3.2.3).
    pub is_authentic: bool,
    /// Data of the records in zone-file form, sorted.
    pub records: Vec<String>,
    /// What is to be said of the records, in the order of their codes.
    #[serde(default)]
    pub remarks: Vec<Remark>,
}

/// What is to be said of a record of the DNS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remark {
    /// A word for it, as `spf-too-many-lookups`.
    pub code: String,
    /// How bad it is.
    pub weight: Weight,
    /// What is the matter, as a sentence.
    pub text: String,
    /// The line to change, or what to do.
    pub help: String,
    /// The section that says so, as `RFC 7208 §4.6.4`.
    pub cites: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Worth knowing.
    Notice,
    /// It does not do what it is there for.
    Fault,
}

/// Everything seen of one transaction of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// By which its message was recognised.
    pub nonce: Nonce,
    /// The message as it was given to the client or program that sent it, octet for octet.
    #[serde(default)]
    pub sent: Vec<u8>,
    /// All that the client says in a dialogue that is written out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialogue_octets: Vec<u8>,
    /// What the client tried before and was refused for now, a dialogue each, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Vec<Exchange>>,
    /// The SMTP dialogue of the client, or of the user at the submission service: the last one, if it tried more than once.
    pub dialogue: Vec<Exchange>,
    /// The TLS handshake of that connection; `Unobserved` if no TLS was tried or it failed (then the reason says so).
    pub handshake: Observed<Handshake>,
    /// DNS questions asked because of it, sorted, each once.
    pub questions: Vec<Question>,
    /// Connections that the gateway opened to hosts that the harness plays, in order.
    #[serde(default)]
    pub connections: Vec<Connection>,
    /// The message as hosts that the harness plays took it.
    #[serde(default)]
    pub arrived: Vec<Arrived>,
    /// The program that took the message on the gateway itself, if no connection did.
    #[serde(default)]
    pub program: Option<ProgramRun>,
    /// The mail object that the plan means: the first one that the gateway made of the connection, accepted or not.
    pub object: MailObject,
    /// Every other mail object that the gateway made of the same octets: nobody asked for it.
    #[serde(default)]
    pub others: Vec<MailObject>,
    /// What the harness itself makes of the octets sent; `None`: it was not asked.
    #[serde(default)]
    pub opinion: Option<Observed<Opinion>>,
}

impl Transaction {
    /// All octets of the client's own: those of the dialogue, if it is written out, else those of the message.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        if self.dialogue_octets.is_empty() { &self.sent } else { &self.dialogue_octets }
    }
}

/// A mail object (RFC 5321 §2.3.1) as the gateway had it: an envelope and a content, and what became of them. All
/// that is said here is said of this object alone, and never of another one of the same connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MailObject {
    /// Queue ids under which hosts had it, first hop first, as `HOST/ID`.
    #[serde(default)]
    pub queue_ids: Vec<String>,
    /// The reverse-path as the gateway logged it, empty for the null one; `None`: it is not known.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// Whether the gateway took responsibility for it (RFC 5321 §4.2.5), by its reply or its queue; `None`: not known.
    #[serde(default)]
    pub is_accepted: Option<bool>,
    /// What happened between two MTAs, as the sending one logged it. Empty when the client spoke to the gateway itself.
    pub relays: Vec<Relay>,
    /// What the filters said, each with where it was read.
    pub results: Vec<AuthResult>,
    /// Log lines that belong to it, by host, in order.
    pub log: Vec<LogLine>,
    /// What they prove to have been the matter at the gateway itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What became of it, for each recipient that was accepted.
    pub fates: Vec<Fate>,
    /// The message as a mailbox holds it, for each mailbox in which it was found.
    pub delivered: Vec<Delivered>,
    /// Notifications of non-delivery that name it (RFC 3464).
    pub bounces: Vec<Delivered>,
    /// What the log had not said of its transaction when the time for that was over. While this says something, what is
    /// missing above is not known to be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting_for: Vec<String>,
}

/// A program that ran on the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRun {
    /// The command.
    pub command: String,
    /// Its exit status; 0 is good (sysexits: 75 for now, else for good).
    pub status: i64,
    /// What it said on standard error.
    pub said: String,
}

/// A connection that a gateway opened to a host that the harness plays, as the host saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Name of the host.
    pub host: String,
    /// `smtp` or `https`.
    pub service: String,
    /// What the gateway offered in its ClientHello, the last one if there were several; `None`: it sent none.
    pub offer: Option<Offer>,
    /// The handshake; `peer` is what the host made of a certificate of the client's (`Anonymous` as a rule), and `chain`
    /// what the host sent. Unobserved: there was none, and why.
    pub handshake: Observed<Handshake>,
    /// What was said: `to` and `sent` are the client's, `reply` the host's. Of HTTPS the request line and the status.
    pub dialogue: Vec<Exchange>,
    /// How it ended: `quit`, `closed by the client`, `cut by the host in DATA`, …
    pub ended: String,
}

/// What a client offers in its ClientHello (RFC 8446 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Versions, oldest first, as `TLSv1.2`; of a client without supported_versions only its highest is known.
    pub versions: Vec<String>,
    /// Cipher suites by their IANA names, in order, without signalling values.
    pub suites: Vec<String>,
    /// Groups by their IANA names, in order.
    pub groups: Vec<String>,
    /// Signature schemes by their IANA names, in order.
    pub signatures: Vec<String>,
    /// The name asked for (RFC 6066 §3).
    pub server_name: Option<String>,
}

/// A message that a host took which the harness plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Name of the host.
    pub host: String,
    /// MAIL FROM, without its angle brackets.
    pub mail_from: String,
    /// RCPT TO, without their angle brackets.
    pub rcpt_to: Vec<String>,
    /// Whether it came over TLS.
    pub is_protected: bool,
    /// The message.
    pub message: Message,
}

/// One command, or block of octets, and the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// `connect`, `ehlo`, `starttls`, `auth`, `mail-from`, `rcpt-to`, `data`, `end-of-data` or `quit`; `octets` for every
    /// other command, and for those of a dialogue that belong to another message than the transaction's;
    /// `unexpected`: a reply to nothing that the client knows to have sent, such as that to a smuggled message;
    /// `injected` to nothing: a reply that a played host says in cleartext behind its go-ahead for TLS (RFC 3207 §6).
    pub to: String,
    /// What was sent before the reply: command lines without CRLF, one a line; octets that are no text are escaped. Empty for
    /// `connect`, `end-of-data`, `unexpected` and `injected`; AUTH without its secret.
    pub sent: String,
    /// The reply, or why there is none (closed, time-out, garbage).
    pub reply: Observed<Reply>,
    /// What a dialogue that is written out waits for here: `250`, `2xx`, `*`, a code and text that the reply has in it.
    #[serde(default)]
    pub awaited: Option<String>,
}

impl Exchange {
    /// A command and its reply, for which nobody has written down what they wait for.
    #[must_use]
    pub fn new(to: &str, sent: &str, reply: Observed<Reply>) -> Self {
        Self { to: to.to_owned(), sent: sent.to_owned(), reply, awaited: None }
    }

    /// Whether the reply is the one that was waited for; `None` without a reply.
    #[must_use]
    pub fn is_as_awaited(&self) -> Option<bool> {
        let reply = self.reply.seen()?;
        let Some(awaited) = &self.awaited else { return Some(true) };
        let (code, text) = awaited.split_once(' ').unwrap_or((awaited, ""));
        let seen = reply.code.to_string();
        let is_code =
            code == "*" || code.len() == 3 && code.bytes().zip(seen.bytes()).all(|(a, b)| a == b'x' || a == b);
        Some(is_code && reply.lines.join("\n").contains(text.trim()))
    }
}

/// Why there is no handshake where a client wants TLS and the server does not offer STARTTLS (RFC 3207 §4): it goes no further.
pub const NO_STARTTLS: &str = "STARTTLS was not offered";

/// A TLS handshake (RFC 8446 §2), seen by its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// `TLSv1.2`, `TLSv1.3`, …
    pub version: String,
    /// IANA name of the cipher suite.
    pub suite: String,
    /// Name of the key exchange group, where it is known.
    pub group: Option<String>,
    /// The certificates that the server sent, its own first; empty where the client did not tell.
    pub chain: Vec<Certificate>,
    /// What the client makes of the chain.
    pub peer: Trust,
}

/// What a client makes of a server's certificate; Postfix's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// There was none.
    Anonymous,
    /// Not issued under a root that the client knows, or expired, with the reason where it is known.
    Untrusted(Option<String>),
    /// Issued under a known root; the name was not compared.
    Trusted,
    /// Issued under a known root, or matched by a TLSA record, and for the right name.
    Verified,
}

/// What is worth saying of a certificate (RFC 5280 §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Common name of the subject, else its whole name.
    pub subject: String,
    /// Common name of the issuer.
    pub issuer: String,
    /// subjectAltName: dNSName and iPAddress entries, in order.
    pub names: Vec<String>,
    /// `RSA 2048`, `EC P-256`, `Ed25519`.
    pub key: String,
    /// Signature algorithm of the issuer, as `ecdsa-with-SHA256`.
    pub signature: String,
    /// Start of validity, RFC 3339.
    pub not_before: String,
    /// End of validity, RFC 3339.
    pub not_after: String,
}

/// A hop from one MTA to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Who sent: name of the host.
    pub from: String,
    /// Name and address that it chose.
    pub to: String,
    /// How it was protected; `None`: in cleartext.
    pub handshake: Option<Handshake>,
    /// The reply to the whole of it.
    pub reply: Observed<Reply>,
}

/// A DNS question and what was answered (RFC 1035 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    /// Name, lower case, without a final dot.
    pub name: String,
    /// Type, as `TXT`.
    pub record_type: String,
    /// Whether DNSSEC records were asked for (RFC 3225).
    pub dnssec_ok: bool,
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, … or `silence`.
    pub rcode: String,
    /// Number of records in the answer section, RRSIG not counted.
    pub answers: u16,
}

/// One result of an authentication method and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthResult {
    /// `spf`, `dkim`, `dmarc`, `arc`, `auth`, `iprev`.
    pub method: String,
    /// The word of RFC 8601 §2.7, as found.
    pub result: String,
    /// `smtp.mailfrom=billing@bank.example` and the like.
    pub properties: Vec<(String, String)>,
    /// What was said besides.
    pub reason: Option<String>,
    /// Where it stands.
    pub source: ResultSource,
    /// The text of the peer's that this was read from: a filter copied it there unquoted, so nobody found this. No claim
    /// holds by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<String>,
}

impl AuthResult {
    /// A result as an Authentication-Results field has it.
    #[must_use]
    pub fn from_field(found: mail::MethodResult, source: ResultSource) -> Self {
        let properties =
            found.properties.into_iter().map(|p| (format!("{}.{}", p.ptype, p.property), p.value)).collect();
        Self { method: found.method, result: found.result, properties, reason: found.reason, source, injected: None }
    }
}

/// Where a result was read. A later one of this list is only asked when the earlier ones say nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultSource {
    /// In the Authentication-Results field of the gateway's own authserv-id in the delivered message.
    Header,
    /// In another field with this name that a filter of the gateway added.
    Field(String),
    /// In the log of this filter.
    Log(String),
    /// In the text of the reply.
    Reply,
}

/// A line that a program logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Name of the host.
    pub host: String,
    /// Program, as `postfix/smtpd` or `opendkim`.
    pub program: String,
    /// Process id.
    pub pid: Option<u32>,
    /// What it said.
    pub text: String,
    /// Whether it says what was found out about a message or became of it, and not merely how things went their way.
    #[serde(default)]
    pub is_telling: bool,
}

/// As people read it: `HOST PROGRAM: text`.
impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.host, self.program, self.text)
    }
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// For whom.
    pub recipient: Address,
    /// At which host the message came to rest.
    pub host: String,
    /// What its queue did.
    pub status: FateStatus,
    /// The last word of the next hop or of the queue.
    pub said: String,
}

/// The last thing that a queue did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FateStatus {
    /// Handed to a mailbox.
    Sent,
    /// Kept for another try.
    Deferred,
    /// Given up.
    Bounced,
    /// Put on hold.
    Held,
    /// Thrown away.
    Discarded,
}

/// A message in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Whose mailbox.
    pub mailbox: Address,
    /// The recipient of the envelope for whom it came there, where case, quoting, a tag, an alias or a catch-all make that
    /// another address.
    #[serde(default)]
    pub recipient: Option<Address>,
    /// Folder, such as `INBOX`.
    pub folder: String,
    /// The message as served over IMAP.
    pub message: Message,
}

impl Delivered {
    /// Whether it is the copy of this recipient of the envelope.
    #[must_use]
    pub fn is_for(&self, recipient: &Address) -> bool {
        self.recipient.as_ref().unwrap_or(&self.mailbox) == recipient
    }
}

/// Who asked a DNS question, at what moment: one entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Ordinal, from 0, one for each question of the run.
    pub ordinal: u64,
    /// Address of the resolver that asked.
    pub source: IpAddr,
    /// `udp` or `tcp`.
    pub transport: String,
    /// The question and its answer.
    pub question: Question,
}
