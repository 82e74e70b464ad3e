//! A gateway as its daemons write it down: the log and the delivered message for one connection, with a peer's texts in them
//! where the daemons put them, and as they quote them. What it found does not depend on the peer.

use crate::canned::dialogue;
use evidence::{Delivered, MailObject, Observed, PeerTexts, Sent, Transaction};
use mail::{Message, Nonce, unquoted_address};
use maillog::{LogIndex, Track};

const CLIENT: &str = "198.51.100.66";
const ID: &str = "gateway.example";
const QUEUE_ID: &str = "3F1A2B4C5D";

/// What a peer chooses.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The local part of MAIL FROM, as it is meant.
    pub(crate) local: String,
    /// The local part of RCPT TO for a recipient that is refused, as it is meant.
    pub(crate) nobody: String,
    pub(crate) helo: String,
    pub(crate) display_name: String,
    pub(crate) message_id: String,
    /// `d=`, `s=` and `i=` of a signature that is no good; `None`: the message has none.
    pub(crate) tags: Option<[String; 3]>,
    /// More header fields.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Peer {
    /// One who means no harm.
    pub(crate) fn plain() -> Self {
        Self {
            local: "a".to_owned(),
            nobody: "nobody".to_owned(),
            helo: "mail.attacker.example".to_owned(),
            display_name: "The Bank".to_owned(),
            message_id: "1@attacker.example".to_owned(),
            tags: None,
            fields: Vec::new(),
            body: "Pay here.".to_owned(),
        }
    }

    /// MAIL FROM as it is said, and as Postfix logs it.
    pub(crate) fn mail_from(&self) -> String {
        address(&self.local, "attacker.example")
    }

    fn header(&self) -> String {
        let tags = self.tags.as_ref().map(|[d, s, i]| {
            format!("DKIM-Signature: v=1; a=rsa-sha256; d={d}; s={s};\r\n i={i}; h=from; bh=x; b=x\r\n")
        });
        let more: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "{}From: \"{}\" <billing@bank.example>\r\nSubject: x\r\nMessage-ID: <{}>\r\n{more}",
            tags.unwrap_or_default(),
            self.display_name.replace('\\', "\\\\").replace('"', "\\\""),
            self.message_id,
        )
    }

    fn sent(&self) -> String {
        format!("{}\r\n{}\r\n", self.header(), self.body)
    }
}

/// What becomes of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Delivered,
    /// By a milter, at the end of the data.
    Rejected,
    /// By policyd-spf, at RCPT TO.
    RefusedBySpf,
    /// Sieve throws it away.
    ThrownAway,
}

/// With a dot-string as it is, else quoted (RFC 5321 §4.1.2).
fn address(local: &str, domain: &str) -> String {
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+=".contains(&b));
    if local.split('.').all(is_atom) {
        return format!("{local}@{domain}");
    }
    format!("\"{}\"@{domain}", local.replace('\\', "\\\\").replace('"', "\\\""))
}

/// As Postfix logs it: what is not printable is a question mark.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

/// What Postfix makes of HELO.
fn neutered(helo: &str) -> String {
    printable(helo).chars().map(|c| if " <>()\\\";@".contains(c) { '?' } else { c }).collect()
}

/// As OpenDKIM decodes `i=` (RFC 6376 §2.11).
fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = |at: usize| more.get(at).and_then(|b| char::from(*b).to_digit(16));
        (octets, rest) = match (*first, hex(0), hex(1)) {
            (b'=', Some(high), Some(low)) => {
                octets.extend(u8::try_from(high * 16 + low));
                (octets, &more[2..])
            }
            (octet, ..) => {
                octets.push(octet);
                (octets, more)
            }
        };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// What policyd-spf prepends.
fn spf_field(peer: &Peer) -> String {
    format!(
        "{ID}; spf=fail (SPF fail - not authorized) smtp.mailfrom=attacker.example (client-ip={CLIENT}; helo={}; \
         envelope-from={}; receiver={ID})",
        neutered(&peer.helo),
        printable(&unquoted_address(&peer.mail_from())).to_lowercase(),
    )
}

fn dkim_field(peer: &Peer) -> String {
    match &peer.tags {
        None => format!("{ID}; dkim=none"),
        Some([d, s, i]) => format!(
            "{ID};\r\n\tdkim=fail reason=\"signature verification failed\" (2048-bit key) header.d={d} header.i={} \
             header.a=rsa-sha256 header.s={s} header.b=x",
            decoded(i)
        ),
    }
}

/// The log of the whole connection.
pub(crate) fn log(peer: &Peer, end: End) -> Vec<String> {
    let from = printable(&peer.mail_from());
    let nobody = printable(&address(&peer.nobody, ID));
    let unquoted = unquoted_address(&from).to_lowercase();
    let helo = neutered(&peer.helo);
    let id = printable(&peer.message_id);
    let envelope = format!("from=<{from}> to=<alice@{ID}> proto=ESMTP helo=<{helo}>");
    let mut lines = vec![format!("postfix/smtpd[7]: connect from unknown[{CLIENT}]")];
    let mut say = |program: &str, text: &str| lines.push(format!("{program}: {text}"));
    let at_smtpd = |text: &str| format!("NOQUEUE: reject: RCPT from unknown[{CLIENT}]: {text}");
    say(
        "postfix/smtpd[7]",
        &at_smtpd(&format!(
            "550 5.1.1 <{nobody}>: Recipient address rejected: User unknown in virtual mailbox table; from=<{from}> to=<{nobody}> \
             proto=ESMTP helo=<{helo}>"
        )),
    );
    if end == End::RefusedBySpf {
        let why = format!(
            "Message rejected due to: SPF fail - not authorized. Please see \
             http://www.openspf.net/Why?s=mfrom;id={unquoted};ip={CLIENT};r=alice@{ID}"
        );
        say("policyd-spf[8]", &format!("550 5.7.23 {why}"));
        let what = format!("550 5.7.23 <alice@{ID}>: Recipient address rejected: {why}; {envelope}");
        say("postfix/smtpd[7]", &at_smtpd(&what));
        say(
            "postfix/smtpd[7]",
            &format!("disconnect from unknown[{CLIENT}] ehlo=1 mail=1 rcpt=0/2 quit=1 commands=3/5"),
        );
        return lines;
    }
    say("policyd-spf[8]", &format!(": prepend Authentication-Results: {}", spf_field(peer)));
    let mut queued = |program: &str, text: &str| say(program, &format!("{QUEUE_ID}: {text}"));
    queued("postfix/smtpd[7]", &format!("client=unknown[{CLIENT}]"));
    queued("postfix/cleanup[9]", &format!("message-id=<{id}>"));
    match &peer.tags {
        None => queued("opendkim[5]", "no signature data"),
        Some([d, s, _]) => {
            let (d, s) = (printable(d), printable(s));
            queued("opendkim[5]", &format!("message has signatures from {d}"));
            let why = "signature verification failed";
            queued("opendkim[5]", &format!("signature=x domain={d} selector={s} result=\"{why}\""));
        }
    }
    queued("opendmarc[6]", "bank.example fail");
    let gone = |counts: &str| format!("postfix/smtpd[7]: disconnect from unknown[{CLIENT}] {counts}");
    if end == End::Rejected {
        let what = "milter-reject: END-OF-MESSAGE from unknown";
        queued(
            "postfix/cleanup[9]",
            &format!("{what}[{CLIENT}]: 5.7.1 rejected by DMARC policy for bank.example; {envelope}"),
        );
        queued("postfix/cleanup[9]", "removed (canceled)");
        lines.push(gone("ehlo=1 mail=1 rcpt=1/2 data=0/1 quit=1 commands=4/6"));
        return lines;
    }
    queued("postfix/qmgr[4]", &format!("from=<{from}>, size=999, nrcpt=1 (queue active)"));
    let done = match end {
        End::ThrownAway => "Marked message to be discarded if not explicitly delivered (discard action)",
        _ => "stored mail into mailbox 'INBOX'",
    };
    lines.push(gone("ehlo=1 mail=1 rcpt=1/2 data=1 quit=1 commands=5/6"));
    lines.push(format!("dovecot: lmtp(alice@{ID})<72><Xz60JXpcBWtIAAAATIdV2Q>: sieve: msgid=<{id}>: {done}"));
    lines.push(format!(
        "postfix/lmtp[3]: {QUEUE_ID}: to=<alice@{ID}>, relay=store.{ID}[172.18.0.4]:24, delay=0.1, delays=0/0/0/0.1, \
         dsn=2.0.0, status=sent (250 2.0.0 <alice@{ID}> Xz60JXpcBWtIAAAATIdV2Q Saved)"
    ));
    lines.push(format!("postfix/qmgr[4]: {QUEUE_ID}: removed"));
    lines
}

/// The message as it lies in the mailbox; the gateway takes out the peer's own Authentication-Results fields or leaves them.
pub(crate) fn copy(peer: &Peer, takes_out: bool) -> Delivered {
    let from = peer.mail_from();
    let mut sent = peer.clone();
    if takes_out {
        sent.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("Authentication-Results"));
    }
    let text = format!(
        "Return-Path: <{from}>\r\nDelivered-To: alice@{ID}\r\n\
         Received: from mx.{ID} ([172.18.0.3])\r\n\tby store.{ID} with LMTP\r\n\tid x\r\n\t(envelope-from <{from}>)\r\n\t\
         for <alice@{ID}>; Tue, 24 Nov 2026 09:44:51 +0000\r\n\
         Authentication-Results: {ID}; dmarc=fail (p=none dis=none) header.from=bank.example\r\n\
         Authentication-Results: {}\r\nAuthentication-Results: {}\r\n\
         Received: from {} (unknown [{CLIENT}])\r\n\tby mx.{ID} (Postfix) with ESMTP id {QUEUE_ID}\r\n\tfor <alice@{ID}>; Tue, \
         24 Nov 2026 09:44:51 +0000 (UTC)\r\n{}",
        dkim_field(peer),
        spf_field(peer),
        neutered(&peer.helo),
        sent.sent(),
    );
    let message = Message::parse(text.as_bytes());
    Delivered { mailbox: format!("alice@{ID}").parse().unwrap(), recipient: None, folder: "INBOX".to_owned(), message }
}

/// What the harness makes of it, read as it reads what real daemons wrote.
pub(crate) fn seen(peer: &Peer, end: End, takes_out: bool) -> Transaction {
    let mut index = LogIndex::default();
    for line in log(peer, end) {
        index.record(&format!("mx.{ID}"), &format!("<22>Nov 24 09:44:26 {line}"));
    }
    let is_taken = matches!(end, End::Delivered | End::ThrownAway);
    let sent = peer.sent();
    let nobody = address(&peer.nobody, ID);
    let track = Track {
        nonce: Nonce::from_number(0xfeed),
        client: CLIENT.parse().ok(),
        ehlo: peer.helo.clone(),
        mail_from: peer.mail_from(),
        rcpt_to: if is_taken { vec![format!("alice@{ID}").parse().unwrap()] } else { Vec::new() },
        queued: if is_taken { vec![QUEUE_ID.to_owned()] } else { Vec::new() },
        host: format!("mx.{ID}"),
        peer: PeerTexts::of(&peer.mail_from(), &peer.helo, sent.as_bytes()).and(&[nobody]),
        since: 0,
    };
    let account = index.account(&track);
    let delivered = if end == End::Delivered { vec![copy(peer, takes_out)] } else { Vec::new() };
    let mut objects = account.objects.into_iter().enumerate().map(|(number, logged)| {
        let delivered = if number == 0 { delivered.clone() } else { Vec::new() };
        let sent = Sent { octets: sent.as_bytes(), peer: &track.peer, written: &logged.written };
        let in_header = delivered.iter().flat_map(|copy| evidence::results_of(&copy.message, &sent, ID));
        let results = in_header.chain(logged.object.results).collect();
        MailObject { results, delivered, waiting_for: account.waiting_for.clone(), ..logged.object }
    });
    let mut seen = Transaction {
        earlier: Vec::new(),
        nonce: track.nonce.clone(),
        dialogue: dialogue(match end {
            End::Delivered | End::ThrownAway => "250 2.0.0 Ok: queued as 3F1A2B4C5D",
            End::Rejected => "550 5.7.1 rejected by DMARC policy for bank.example",
            End::RefusedBySpf => "503 5.5.1 no",
        }),
        handshake: Observed::Unobserved("no TLS was asked for".to_owned()),
        questions: Vec::new(),
        connections: Vec::new(),
        arrived: Vec::new(),
        program: None,
        sent: sent.clone().into_bytes(),
        dialogue_octets: vec![],
        object: objects.next().unwrap(),
        others: objects.collect(),
        opinion: None,
    };
    seen.dialogue.retain(|exchange| exchange.to != "starttls");
    if end == End::RefusedBySpf {
        seen.dialogue.truncate(5);
        let refusal = "550 5.7.23 Message rejected due to: SPF fail - not authorized";
        seen.dialogue[4] = crate::canned::exchange("rcpt-to", "RCPT TO:<alice@gateway.example>", refusal);
    }
    seen
}
