//! What a message became on its way: fields that were added, changed or removed, and the body if it was altered.

use evidence::Transaction;
use mail::{Field, Message};
use plan::Tamper;

/// Fields that arrived and were not sent so (`+`), top first; fields that were sent and did not arrive so (`-`); the body,
/// if it is another one.
///
/// What the harness adds by itself (Date, Message-ID, signatures) is no change.
pub(super) fn changes(planned: &plan::Transaction, seen: &Transaction, arrived: &Message) -> Vec<String> {
    let sent = sent(planned, seen);
    let mut left: Vec<&Field> = sent.fields.iter().collect();
    let mut lines = Vec::new();
    for field in &arrived.fields {
        if let Some(at) = left.iter().position(|sent| is_same(sent, field)) {
            left.remove(at);
        } else if !is_of_harness(field, planned, &sent) {
            lines.push(format!("+ {}: {}", field.name, value(field)));
        }
    }
    lines.extend(left.into_iter().map(|field| format!("- {}: {}", field.name, value(field))));
    let (was, is) = (lines_of(&sent.body), lines_of(&arrived.body));
    if was != is {
        lines.push("altered body:".to_owned());
        lines.extend(is.into_iter().map(|line| format!("  {line}")));
    }
    lines
}

/// The message as the plan has it, after its changes.
fn sent(planned: &plan::Transaction, seen: &Transaction) -> Message {
    let mut text = planned.message.text.value.replace("{nonce}", seen.nonce.as_str()).replace("\r\n", "\n");
    for change in &planned.message.tamper {
        match change {
            Tamper::PrependHeader(field) => text = format!("{field}\n{text}"),
            Tamper::Replace { find, with } => text = text.replacen(find.as_str(), with, 1),
            Tamper::AppendBody(more) => text.push_str(more),
            Tamper::SetHeader { .. } | Tamper::RemoveHeader(_) => {}
        }
    }
    let mut message = Message::parse(text.as_bytes());
    for change in &planned.message.tamper {
        let place = |name: &str, fields: &[Field]| fields.iter().position(|f| f.name.eq_ignore_ascii_case(name));
        match change {
            Tamper::SetHeader { name, value } => {
                if let Some(at) = place(name, &message.fields) {
                    message.fields[at].value = value.trim().to_owned();
                }
            }
            Tamper::RemoveHeader(name) => {
                if let Some(at) = place(name, &message.fields) {
                    message.fields.remove(at);
                }
            }
            _ => {}
        }
    }
    message
}

fn is_same(one: &Field, other: &Field) -> bool {
    let squeezed = |f: &Field| f.value.split_whitespace().collect::<Vec<_>>().join(" ");
    one.name.eq_ignore_ascii_case(&other.name) && squeezed(one) == squeezed(other)
}

/// Fields that `compose` adds although the plan's text does not have them.
fn is_of_harness(field: &Field, planned: &plan::Transaction, sent: &Message) -> bool {
    let is = |name: &str| field.name.eq_ignore_ascii_case(name);
    if is("Date") || is("Message-ID") {
        return !planned.message.exact && sent.first(&field.name).is_none();
    }
    let tag = |wanted: &str| {
        let tags = field.value.split(';').filter_map(|tag| tag.split_once('='));
        tags.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let signatures = &planned.message.sign;
    is("DKIM-Signature")
        && signatures.iter().any(|s| {
            tag("d").is_some_and(|d| d.eq_ignore_ascii_case(s.domain.value.as_str()))
                && tag("s") == Some(&s.selector.value)
        })
}

/// The value on one line. Of a signature, and of what is said of one, the tags that a run makes up are left out
/// (RFC 6376 §3.5, RFC 8617 §4.1).
fn value(field: &Field) -> String {
    let word = |word: &str| match word.strip_prefix("header.b=") {
        Some(octets) => format!("header.b=…{}", if octets.ends_with(';') { ";" } else { "" }),
        None => word.to_owned(),
    };
    let squeezed = |text: &str| text.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    let signs = ["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature"];
    if !signs.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
        return squeezed(&field.value);
    }
    let told = |tag: &str| match tag.split_once('=') {
        Some((name, _)) if ["b", "bh", "t", "x"].contains(&name.trim()) => format!("{}=…", name.trim()),
        _ => squeezed(tag),
    };
    field.value.split(';').map(told).collect::<Vec<_>>().join("; ").trim_end_matches([' ', ';']).to_owned()
}

/// Lines of a body without the empty ones at its end, which no transport keeps.
fn lines_of(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}
