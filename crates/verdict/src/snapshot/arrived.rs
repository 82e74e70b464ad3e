//! What a message became on its way: fields that were added, changed or removed, and the body if it was altered.

use evidence::Transaction;
use mail::{Field, Message};

/// Fields that arrived and were not sent so (`+`), top first; fields that were sent and did not arrive so (`-`); the body,
/// if it is another one.
pub(super) fn changes(planned: &plan::Transaction, seen: &Transaction, arrived: &Message) -> Vec<String> {
    let (sent, written) = (Message::parse(&seen.sent), Message::parse(&planned.message.text.value.0));
    let mut left: Vec<&Field> = sent.fields.iter().collect();
    let mut lines = Vec::new();
    for field in &arrived.fields {
        if let Some(at) = left.iter().position(|sent| is_same(sent, field)) {
            left.remove(at);
        } else {
            lines.push(format!("+ {}: {}", field.name, value(field)));
        }
    }
    // rspamd adds its fields in an order that is another one in each of its processes
    lines.chunk_by_mut(|one, next| is_of_rspamd(one) && is_of_rspamd(next)).for_each(<[String]>::sort_unstable);
    lines.extend(left.into_iter().map(|field| {
        let value = if is_made_up(field, &written) { "…".to_owned() } else { value(field) };
        format!("- {}: {value}", field.name)
    }));
    let (was, is) = (lines_of(&sent.body), lines_of(&arrived.body));
    if was != is {
        lines.push("altered body:".to_owned());
        lines.extend(is.into_iter().map(|line| format!("  {line}")));
    }
    lines
}

fn is_of_rspamd(line: &str) -> bool {
    ["+ X-Rspamd-", "+ X-Spamd-", "+ X-Spam: "].iter().any(|begin| line.starts_with(begin))
}

fn is_same(one: &Field, other: &Field) -> bool {
    let squeezed = |f: &Field| f.value.split_whitespace().collect::<Vec<_>>().join(" ");
    one.name.eq_ignore_ascii_case(&other.name) && squeezed(one) == squeezed(other)
}

/// Whether `compose` made it: its value is another one in each run.
fn is_made_up(field: &Field, written: &Message) -> bool {
    ["Date", "Message-ID"].iter().any(|name| field.name.eq_ignore_ascii_case(name))
        && written.first(&field.name).is_none()
}

/// The value on one line. Of a signature, and of what is said of one, the tags that a run makes up are left out
/// (RFC 6376 §3.5, RFC 8617 §4.1).
fn value(field: &Field) -> String {
    let word = |word: &str| match word.strip_prefix("header.b=") {
        Some(octets) => format!("header.b=…{}", if octets.ends_with(';') { ";" } else { "" }),
        None => word.to_owned(),
    };
    let squeezed = |text: &str| text.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    if let Some(sorted) = sorted(field) {
        return squeezed(&sorted);
    }
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

/// What rspamd writes in an order that is another one in each of its processes: its results, known by the name of the host in what it
/// says of SPF, and the tests of X-Spamd-Result. What forced an action may count before or after them, so that their sum is left out.
fn sorted(field: &Field) -> Option<String> {
    let (head, rest) = field.value.split_once("; ")?;
    let head = match field.name.to_ascii_lowercase().as_str() {
        "authentication-results" if rest.contains(&format!("({head}: ")) => head.to_owned(),
        "x-spamd-result" => format!("{}[… /{}", head.split_once('[')?.0, head.split_once(" /")?.1),
        _ => return None,
    };
    // how long ago the message says that it was written is another number in each hour
    let told = |part: &str| match part.split_once('[') {
        Some((test, _)) if test.starts_with("DATE_IN_") => format!("{test}[…]"),
        _ => part.to_owned(),
    };
    let mut parts: Vec<String> = rest.split("; ").map(told).collect();
    parts.sort_unstable();
    Some(format!("{head}; {}", parts.join("; ")))
}

/// Lines of a body without the empty ones at its end, which no transport keeps.
fn lines_of(body: &[u8]) -> Vec<String> {
    let text = mail::readable(body);
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rspamd_writes_in_any_order_is_shown_in_one() {
        let shown = |name: &str, text: &str| value(&Field { name: name.to_owned(), value: text.to_owned() });
        let spf = "spf=pass (mx.g.example: domain of a@b.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@b.example";
        let dmarc = "dmarc=pass (policy=none) header.from=b.example";
        let one = shown("Authentication-Results", &format!("mx.g.example; {spf}; {dmarc}"));
        assert_eq!(one, shown("Authentication-Results", &format!("mx.g.example; {dmarc}; {spf}")));
        assert!(one.starts_with("mx.g.example; dmarc=pass"), "{one}");
        // the order of another filter's results is its own
        let other = "g.example; spf=pass smtp.mailfrom=a@b.example; dkim=none";
        assert_eq!(shown("Authentication-Results", other), other);
        assert_eq!(
            shown("X-Spamd-Result", "default: False [6.60 / 15.00]; R_SPF_ALLOW(-0.20)[+a]; ARC_NA(0.00)[]"),
            "default: False [… / 15.00]; ARC_NA(0.00)[]; R_SPF_ALLOW(-0.20)[+a]"
        );
        let of = |hours: &str| {
            shown("X-Spamd-Result", &format!("default: False [1.00 / 15.00]; DATE_IN_PAST(1.00)[{hours}]"))
        };
        assert_eq!(of("154"), of("155"));
    }
}
