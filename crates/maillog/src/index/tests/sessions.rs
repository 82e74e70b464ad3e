//! Sessions of one client that overlap: each transaction has its own, and waits for no other.

use super::{track, words};
use crate::index::LogIndex;

/// The other session has a queue id, of which nothing more is known yet.
#[test]
fn a_refused_message_is_told_from_one_that_has_only_begun() {
    let mut index = LogIndex::default();
    let mut say = |pid: u32, program: &str, text: &str| {
        index.record("mx", &format!("<22>Nov 24 09:44:26 {program}[{pid}]: {text}"));
    };
    say(1, "postfix/smtpd", "connect from unknown[198.51.100.66]");
    say(1, "postfix/smtpd", "4dP5Xh6Cj9z1: client=unknown[198.51.100.66]");
    say(2, "postfix/smtpd", "connect from unknown[198.51.100.66]");
    say(
        3,
        "policyd-spf",
        "prepend Received-SPF: None (mailfrom) identity=mailfrom; client-ip=198.51.100.66; helo=mail.attacker.example; envelope-from=x@mallory.example; receiver=<UNKNOWN> ",
    );
    say(
        2,
        "postfix/smtpd",
        "NOQUEUE: reject: DATA from unknown[198.51.100.66]: 503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining; from=<x@mallory.example> to=<alice@gateway.example> proto=ESMTP helo=<mail.attacker.example>",
    );
    say(2, "postfix/smtpd", "disconnect from unknown[198.51.100.66] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4");
    let track = track("mp0000000000000002", "198.51.100.66", "mail.attacker.example", "x@mallory.example", &[]);
    let account = index.account(&track);
    assert_eq!(account.waiting_for, [""; 0]);
    assert_eq!(account.objects.len(), 1);
    assert_eq!(words(&account.objects[0].object.results), ["policyd-spf: spf=none"]);
}

/// The other session waits for an answer of the DNS that does not come, and has said nothing of itself.
#[test]
fn a_message_does_not_wait_for_another_session_of_its_client() {
    let mut index = LogIndex::default();
    let mut say = |pid: u32, program: &str, text: &str| {
        index.record("mx", &format!("<22>Nov 24 09:44:26 postfix/{program}[{pid}]: {text}"));
    };
    say(1, "smtpd", "connect from unknown[198.51.100.77]");
    say(2, "smtpd", "connect from unknown[198.51.100.77]");
    say(2, "smtpd", "4dP5Xh6Cj9z1: client=unknown[198.51.100.77]");
    say(3, "cleanup", "4dP5Xh6Cj9z1: message-id=<mp0000000000000001@mailproof.example>");
    say(4, "qmgr", "4dP5Xh6Cj9z1: from=<y@fine.example>, size=400, nrcpt=1 (queue active)");
    let sent = "4dP5Xh6Cj9z1: to=<alice@gateway.example>, relay=store[172.18.0.2]:24, delay=0.1, dsn=2.0.0, status=sent (250 2.0.0 Saved)";
    say(5, "lmtp", sent);
    say(4, "qmgr", "4dP5Xh6Cj9z1: removed");
    let to = ["alice@gateway.example"];
    let track = track("mp0000000000000001", "198.51.100.77", "mail.fine.example", "y@fine.example", &to);
    let own = "the end of the connection of 198.51.100.77 to mx";
    assert_eq!(index.account(&track).waiting_for, [own]);
    index.record("mx", "<22>Nov 24 09:44:26 postfix/smtpd[2]: disconnect from unknown[198.51.100.77] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5");
    assert_eq!(index.account(&track).waiting_for, [""; 0]);
}
