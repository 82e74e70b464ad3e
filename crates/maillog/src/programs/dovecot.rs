//! Dovecot: which user a message was delivered to, and what a Sieve script did with it.

use super::{Program, is_daemon};

pub(super) struct Dovecot;

impl Program for Dovecot {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "dovecot")
    }

    /// The id in `lmtp(USER)<PID><ID>: …`, with what tells the deliveries of one connection apart (`:R2`, `:T2`).
    fn delivery<'a>(&self, text: &'a str) -> Option<&'a str> {
        let (_, rest) = local_delivery(text)?;
        let (_, rest) = rest.split_once('<')?.1.split_once("><")?;
        let (id, _) = rest.split_once('>')?;
        (id.len() >= 16).then_some(id)
    }

    fn is_telling(&self, text: &str) -> bool {
        !["Connect from ", "Disconnect from "].iter().any(|word| text.contains(word))
    }

    fn user<'a>(&self, text: &'a str) -> Option<&'a str> {
        local_delivery(text).map(|(user, _)| user)
    }

    /// By a Sieve script of the user that did nothing else with it (RFC 5228 §4.4). What was done stands at the end of a line;
    /// before it stands the Message-ID, in which a peer may write anything.
    fn is_thrown_away(&self, texts: &[&str]) -> bool {
        let done: Vec<String> =
            texts.iter().map(|text| text.rsplit(": ").next().unwrap_or(text).to_ascii_lowercase()).collect();
        let is_kept = |done: &String| ["stored mail", "saved mail", "forwarded to"].iter().any(|b| done.starts_with(b));
        done.iter().any(|done| done.ends_with("(discard action)")) && !done.iter().any(is_kept)
    }
}

/// `USER` and the rest of `lmtp(USER)…`; `lmtp(PID, USER)…` in older releases.
fn local_delivery(text: &str) -> Option<(&str, &str)> {
    let rest = ["lmtp(", "lda(", "deliver("].iter().find_map(|begin| text.strip_prefix(begin))?;
    let (inside, rest) = rest.split_once(')')?;
    Some((inside.rsplit(", ").next().unwrap_or(inside), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_names_its_user_and_its_id() {
        let text =
            "lmtp(alice@gateway.example)<72><Xz60JXpcBWtIAAAATIdV2Q:T2>: sieve: msgid=<x>: stored mail into 'INBOX'";
        assert_eq!(Dovecot.user(text), Some("alice@gateway.example"));
        assert_eq!(Dovecot.delivery(text), Some("Xz60JXpcBWtIAAAATIdV2Q:T2"));
        assert_eq!(Dovecot.user("lmtp(72, alice): save failed"), Some("alice"));
        assert_eq!(Dovecot.user("imap(alice)<1><x>: Logged out"), None);
        assert_eq!(Dovecot.delivery("lmtp(82): Connect from 172.18.0.3"), None);
    }

    #[test]
    fn what_is_stored_as_well_is_not_thrown_away() {
        let discarded = "lmtp(a)<1><x>: sieve: msgid=<x>: Marked message to be discarded (discard action)";
        assert!(Dovecot.is_thrown_away(&[discarded]));
        let stored = "lmtp(a)<1><x>: sieve: msgid=<x>: stored mail into 'INBOX'";
        assert!(!Dovecot.is_thrown_away(&[discarded, stored]));
        // the Message-ID is the peer's
        assert!(Dovecot.is_thrown_away(&[&discarded.replace("<x>: M", "<x: stored mail into 'INBOX'>: M")]));
        assert!(
            !Dovecot.is_thrown_away(&[&stored.replace("<x>", "<x (discard action)>").replace("stored", "looked at")])
        );
    }
}
