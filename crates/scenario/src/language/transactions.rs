//! The tables of mail: transactions, who brings them.

use crate::language::{BodyTable, ChangeTable, Each, HopTable, SignTable, TamperTable};
use claims::ClaimList;
use form::{
    Decode, Flaw, Node, Presence, Required, Shape,
    octets::Content,
    tables,
    values::{AtLeastOne, Line, Whole, Yes},
};
use mail::{Address, ReversePath};
use plan::{Driver, Octets, Path, Spanned, Tls};
use std::net::IpAddr;
use toml::de::DeValue;

tables! {
    /// One mail transaction (RFC 5321 §3.3): who brings it (`client` or `via`), the envelope, the message, the claims.
    TransactionTable "transaction" [Any] {
        /// A word for it in reports; else its number.
        label: Option<Spanned<Line>>,
        /// Makes one transaction for each value: `each = { word = ["a", "b"] }` puts first `a`, then `b` for `{word}` in every text
        /// of the transaction, the label too. Several words go hand in hand.
        each: Option<Each>,
        /// What is different from this transaction on: whole zones and hosts.
        change: Option<Spanned<ChangeTable>>,
        /// Anyone, at any address, who connects to port 25 of the gateway.
        client: Presence<Spanned<ClientTable>>,
        /// Through a server, as a user of it.
        via: Presence<Spanned<ViaTable>>,
        /// MAIL FROM; `<>` for the null reverse-path. Left out only with a `dialogue`.
        mail_from: Presence<Sender>,
        /// RCPT TO, in order. Left out only with a `dialogue`.
        rcpt_to: Presence<AtLeastOne<Recipients>>,
        /// Header and body. `{nonce}` stands for the mark by which the message is found again; `Date` and a `Message-ID`
        /// with the mark are added where they are missing. Lines are sent with
        /// CRLF. Octets that are no text stand in `{ raw = '…' }`.
        message: Presence<Spanned<Content<String>>>,
        /// The dialogue, written out as in a snapshot: `C: …` is sent with CRLF; `S: 250`, `S: 2xx` or `S: *` waits for a reply,
        /// and another one ends the dialogue. `C:` lines without an `S:` between them go out in one segment. `-- TLS --` goes on
        /// under TLS, `-- close --` hangs up; else QUIT is said in the end. `\r`, `\n`, `\0`, `\xHH` and `\\` stand for octets,
        /// `\c` at the end of a line for no CRLF; `{message}` is the message with stuffed dots and the final one,
        /// `{message:raw}` its octets, `{size}` their number, `{nonce}` the mark. Best in `'''`.
        dialogue: Option<Spanned<String>>,
        /// Lines that are made and put behind the message: so many octets or so many lines of them.
        body: Option<Spanned<BodyTable>>,
        /// The message is sent octet for octet, `\r\n` written out, nothing added. It needs no `{nonce}`.
        exact: Option<bool>,
        /// DKIM signatures, the first one applied first.
        sign: Option<Vec<SignTable>>,
        /// What is done to the message after it was signed, in order.
        tamper: Option<Vec<TamperTable>>,
        /// Who forwards the message before it comes to the gateway, in order.
        hop: Option<AtLeastOne<Spanned<HopTable>>>,
        /// What must come of it; at least one claim. Left out only with a `dialogue`.
        expect: Presence<ClaimList<claims::transaction::Transaction>>,
    }

    /// A client on the pretend Internet.
    ClientTable "client" [Any] {
        /// Its address, IPv4 or IPv6.
        ip: Required<Spanned<IpAddr>>,
        /// What it says in EHLO.
        ehlo: Option<Spanned<Line>>,
        /// What it says in HELO, instead of EHLO.
        helo: Option<Spanned<Line>>,
        /// Whether it asks for TLS; `none` if not said.
        tls: Option<Spanned<Tls>>,
        /// How it speaks.
        driver: Option<Driver>,
        /// Seconds after which it tries again what was refused for now, by a 4xx reply (RFC 5321 §4.5.4.1), twice at most. If nothing is
        /// said, as the gateway's `retry` says: that of a gateway with greylisting.
        retry: Option<Spanned<Whole<1, 600>>>,
    }

    /// Many recipients.
    RecipientsTable "list of recipients" [Any] {
        /// How many.
        count: Required<Spanned<Whole<1, 10_000>>>,
        /// Their addresses, with `{n}` for the number from 1.
        pattern: Required<Spanned<String>>,
    }

    /// A reverse-path that is sent as it is, in any form.
    RawSenderTable "raw reverse-path" [Any] {
        /// All that stands behind `MAIL FROM:`, with its brackets and with parameters, if there are any. `\r`, `\n`, `\0`, `\xHH`
        /// and `\\` stand for octets.
        raw: Required<Spanned<Octets>>,
    }

    /// A forward-path that is sent as it is, in any form.
    RawRecipientTable "raw forward-path" [Any] {
        /// All that stands behind `RCPT TO:`, as for a raw reverse-path.
        raw: Required<Spanned<Octets>>,
        /// Whose mailbox it is about, if that cannot be read in it or is another one's.
        mailbox: Option<Spanned<Address>>,
    }

    /// Whose server takes the message first.
    ViaTable "via" [One] {
        /// The submission service (RFC 6409 §3.1) of the login's domain.
        submission: Option<SubmissionTable>,
        /// The gateway's own: a program on it hands the message to sendmail(1), as cron and web applications do.
        sendmail: Option<Yes>,
    }

    /// A user at a submission service.
    SubmissionTable "submission" [Any] {
        /// A login of one of the gateways.
        login: Required<Spanned<Address>>,
        /// STARTTLS on port 587, implicit TLS on port 465 (RFC 8314 §3.3), or none on port 587.
        tls: Required<Spanned<Tls>>,
    }
}

/// A reverse-path, as an address or raw.
#[derive(Debug, Clone)]
pub(crate) struct Sender(pub(crate) Path<ReversePath>);

impl Decode for Sender {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<ReversePath as Decode>::shape(), RawSenderTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            return Spanned::read(node, flaws).map(|path| Self(path.into()));
        }
        let raw = RawSenderTable::read(node, flaws)?.raw.0?.value.0;
        let value = ReversePath::of_any(&String::from_utf8_lossy(&raw));
        Some(Self(Path { value, raw: Some(raw), span: node.span() }))
    }
}

/// Forward-paths: an address, one that is raw, or many with a number.
#[derive(Debug, Clone)]
pub(crate) struct Recipients(pub(crate) Vec<Path<Address>>);

impl Decode for Recipients {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<Address as Decode>::shape(), RawRecipientTable::shape(), RecipientsTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Table(table) = node.value.get_ref() else {
            return Spanned::read(node, flaws).map(|path| Self(vec![path.into()]));
        };
        if table.get("count").is_some() || table.get("pattern").is_some() {
            return many(RecipientsTable::read(node, flaws)?, flaws).map(Self);
        }
        let table = RawRecipientTable::read(node, flaws)?;
        let raw = table.raw.0?;
        let text = String::from_utf8_lossy(&raw.value.0).into_owned();
        let found = || Address::with_any_local_part(mail::inside_brackets(&text));
        let Some(value) = table.mailbox.map(|mailbox| mailbox.value).or_else(found) else {
            let flaw = Flaw::new("this forward-path has no address in it").at(&raw.span, "whose mailbox is it about?");
            flaws.push(
                flaw.help(r#"add `mailbox = "alice@gateway.example"`: claims on the outcome are about that mailbox"#),
            );
            return None;
        };
        Some(Self(vec![Path { value, raw: Some(raw.value.0), span: node.span() }]))
    }
}

fn many(table: RecipientsTable, flaws: &mut Vec<Flaw>) -> Option<Vec<Path<Address>>> {
    let (count, pattern) = (table.count.0?.value.0, table.pattern.0?);
    if count > 1 && !pattern.value.contains("{n}") {
        let flaw = Flaw::new("all these recipients are the same").at(&pattern.span, "there is no `{n}` in it");
        flaws.push(flaw.help("write `user{n}@gateway.example`"));
        return None;
    }
    let one = |n: i64| {
        let text = pattern.value.replace("{n}", &n.to_string());
        let value = <Address as form::Text>::parse(&text)?;
        Ok(Path { value, raw: None, span: pattern.span.clone() })
    };
    let paths: Result<Vec<_>, Flaw> = (1..=count).map(one).collect();
    paths.map_err(|flaw| flaws.push(flaw.at(&pattern.span, "here"))).ok()
}
