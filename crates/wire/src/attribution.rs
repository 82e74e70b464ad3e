//! To which transaction a message belongs that turned up somewhere.

use mail::{Message, Nonce};

/// The nonce by which a message is recognised: in Message-ID, else anywhere in the header, else the first one in
/// the body, where a notification quotes what it is about (RFC 3464 §2) and a smuggled message may have its only mark.
#[must_use]
pub fn nonce_of(message: &Message) -> Option<Nonce> {
    message
        .all("Message-ID")
        .find_map(Nonce::find)
        .or_else(|| message.fields.iter().find_map(|f| Nonce::find(&f.value)))
        .or_else(|| Nonce::find(&String::from_utf8_lossy(&message.body)))
}

/// Whether a machine wrote it about another message: a report (RFC 6522) or an automatic reply (RFC 3834 §5). What
/// has a nonce in its own Message-ID is the message itself, whatever it claims to be.
#[must_use]
pub fn is_notification(message: &Message) -> bool {
    let report = |kind: &str| kind.to_ascii_lowercase().starts_with("multipart/report");
    let automatic = |word: &str| !word.trim().eq_ignore_ascii_case("no");
    message.all("Message-ID").all(|id| Nonce::find(id).is_none())
        && (message.first("Content-Type").is_some_and(report) || message.first("Auto-Submitted").is_some_and(automatic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(n: u64) -> Nonce {
        Nonce::from_number(n)
    }

    #[test]
    fn the_message_id_counts_most_and_the_body_least() {
        let (id, other, quoted) = (nonce(1), nonce(2), nonce(3));
        let of = |text: String| nonce_of(&Message::parse(text.as_bytes()));
        assert_eq!(of(format!("Subject: {other}\nMessage-ID: <{id}@x.example>\n\n{quoted}\n")), Some(id));
        assert_eq!(of(format!("Subject: {other}\n\n{quoted}\n")), Some(other));
        assert_eq!(of(format!("Subject: none\n\n{quoted}\n")), Some(quoted));
        assert_eq!(of("Subject: none\n\nnone\n".to_owned()), None);
    }

    #[test]
    fn reports_and_automatic_replies_are_notifications() {
        let is = |header: &str| is_notification(&Message::parse(format!("{header}\n\nx\n").as_bytes()));
        assert!(is("Content-Type: Multipart/Report; report-type=delivery-status"));
        assert!(is("Auto-Submitted: auto-replied"));
        assert!(!is("Auto-Submitted: no\nReturn-Path: <a@x.example>\nContent-Type: text/plain"));
        assert!(!is("Return-Path: <>\nSubject: sent with a null reverse-path"));
        assert!(!is(&format!("Content-Type: multipart/report\nMessage-ID: <{}@x.example>", nonce(1))));
    }
}
