//! What Exim 4.98 and OpenSMTPD 7.6 wrote, and what becomes of it.

use super::{fates, index, record, track, words};
use crate::{LogIndex, Track};
use evidence::{FateStatus, Trust};

const EXIM: &str = include_str!("../../../tests/samples/exim.log");
const OPENSMTPD: &str = include_str!("../../../tests/samples/opensmtpd.log");

fn brought(nonce: &str, mail_from: &str, rcpt_to: &[&str], queued: &[&str]) -> Track {
    Track {
        queued: queued.iter().map(|id| (*id).to_owned()).collect(),
        host: "mx".to_owned(),
        ..track(nonce, "172.17.0.1", "client.example", mail_from, rcpt_to)
    }
}

/// What a program on the host handed in.
fn handed_in(nonce: &str, to: &str) -> Track {
    Track { client: None, ehlo: String::new(), ..brought(nonce, "alice@gateway.example", &[to], &[]) }
}

#[test]
fn exim_tells_of_a_message_from_its_connection_to_its_mailbox() {
    let track =
        brought("mp0000000000000a01", "x@foo.example", &["alice@gateway.example"], &["1xY8ma-00000000062-0lBn"]);
    let account = index(EXIM).account(&track);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects.len(), 1);
    assert_eq!(account.objects[0].object.queue_ids, ["mx/1xY8ma-00000000062-0lBn"]);
    assert_eq!(account.objects[0].object.mail_from.as_deref(), Some("x@foo.example"));
    assert_eq!(account.objects[0].object.is_accepted, Some(true));
    assert_eq!(fates(&account), [("alice@gateway.example".to_owned(), "mx", FateStatus::Sent)]);
    assert_eq!(account.objects[0].stored[0].id.as_deref(), Some("AcHKD2ToDWt5AQAAvgTqxA"));
    assert_eq!(words(&account.objects[0].object.results), ["exim: dkim=pass"]);
}

#[test]
fn exim_refuses_before_and_behind_data() {
    let at_rcpt = brought("mp0000000000000a0a", "\"x y\"@foo.example", &[], &[]);
    let account = index(EXIM).account(&at_rcpt);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.queue_ids, [""; 0]);
    assert!(account.objects[0].object.log.iter().any(|line| line.text.contains("relay not permitted")));
    assert!(!account.objects[0].object.log.iter().any(|line| line.text.contains("header syntax")));
    let after_data = brought("mp0000000000000a0b", "", &[], &[]);
    let account = index(EXIM).account(&after_data);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.is_accepted, Some(false));
    assert_eq!(account.objects[0].object.queue_ids, ["mx/1xY8oa-0000000006N-16x8"]);
    // what the peer wrote into its header is no line
    assert_eq!(fates(&account), []);
}

#[test]
fn exim_tells_of_a_queue() {
    let deferred = index(EXIM).account(&handed_in("mp0000000000000a02", "bob@gateway.example"));
    assert!(deferred.settled, "{:?}", deferred.waiting_for);
    assert_eq!(fates(&deferred), [("bob@gateway.example".to_owned(), "mx", FateStatus::Deferred)]);
    let bounced = index(EXIM).account(&handed_in("mp0000000000000a03", "x@nowhere.invalid"));
    assert!(bounced.settled, "{:?}", bounced.waiting_for);
    assert_eq!(fates(&bounced), [("x@nowhere.invalid".to_owned(), "mx", FateStatus::Bounced)]);
    assert!(bounced.objects[0].object.log.iter().any(|line| line.text.contains("1xY8uQ-0000000006v-3Z45")));
}

#[test]
fn what_an_mta_does_not_tell_of_connections_is_not_waited_for() {
    let quiet: String =
        EXIM.lines().filter(|line| !line.contains("SMTP connection from")).map(|l| format!("{l}\n")).collect();
    let track =
        brought("mp0000000000000a01", "x@foo.example", &["alice@gateway.example"], &["1xY8ma-00000000062-0lBn"]);
    let account = index(&quiet).account(&track);
    assert!(account.settled, "{:?}", account.waiting_for);
    let at_rcpt = brought("mp0000000000000a0a", "\"x y\"@foo.example", &[], &[]);
    let account = index(&quiet).account(&at_rcpt);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert!(account.objects[0].object.log.iter().any(|line| line.text.contains("relay not permitted")));
}

#[test]
fn a_second_message_is_found_by_the_id_in_its_reply() {
    let mut index = LogIndex::default();
    record(
        &mut index,
        "mx <22>Nov 30 21:19:32 exim[374]: 1xY8ma-00000000062-0lBn <= x@foo.example H=(client.example) [172.17.0.1]:5 P=esmtp S=4 id=mp0000000000000a01@x
mx <22>Nov 30 21:19:32 exim[375]: 1xY8ma-00000000062-0lBn => alice <alice@gateway.example> R=r T=dovecot_lmtp C=\"250 Saved\"
mx <22>Nov 30 21:19:32 exim[375]: 1xY8ma-00000000062-0lBn Completed
mx <22>Nov 30 21:19:32 exim[374]: 1xY8mb-00000000063-0lBn <= ceo@bank.example H=(client.example) [172.17.0.1]:5 P=esmtp S=4
mx <22>Nov 30 21:19:32 exim[376]: 1xY8mb-00000000063-0lBn => alice <alice@gateway.example> R=r T=dovecot_lmtp C=\"250 Saved\"
mx <22>Nov 30 21:19:32 exim[376]: 1xY8mb-00000000063-0lBn Completed",
    );
    let ids = ["1xY8ma-00000000062-0lBn", "1xY8mb-00000000063-0lBn"];
    let account = index.account(&brought("mp0000000000000a01", "x@foo.example", &["alice@gateway.example"], &ids));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects.len(), 2);
    assert_eq!(account.objects[1].object.mail_from.as_deref(), Some("ceo@bank.example"));
    assert_eq!(account.objects[1].object.is_accepted, Some(true));
}

#[test]
fn opensmtpd_tells_of_a_message_from_its_connection_to_its_mailboxes() {
    let recipients = ["alice@gateway.example", "postmaster@gateway.example"];
    let account = index(OPENSMTPD).account(&brought("mp0000000000000b01", "x@foo.example", &recipients, &["e409f92c"]));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.queue_ids, ["mx/e409f92c"]);
    let mut seen = fates(&account);
    seen.sort();
    assert_eq!(
        seen,
        recipients.map(|to| (to.to_owned(), "mx", FateStatus::Sent)),
        "an alias is the recipient that the client named"
    );
}

#[test]
fn opensmtpd_refuses() {
    let account = index(OPENSMTPD).account(&brought("mp0000000000000b0a", "\"x y>\"@foo.example", &[], &[]));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.queue_ids, [""; 0]);
}

#[test]
fn what_programs_hand_in_is_told_apart_by_its_recipients() {
    let index = index(OPENSMTPD);
    let one = index.account(&handed_in("mp0000000000000b02", "bob@out-one.example"));
    assert!(one.settled, "{:?}", one.waiting_for);
    assert_eq!(one.objects[0].object.queue_ids, ["mx/dcd47ffc"]);
    assert_eq!(one.objects.len(), 1);
    let relay = &one.objects[0].object.relays[0];
    assert_eq!(relay.to, "198.51.100.11[198.51.100.11]:25");
    let handshake = relay.handshake.as_ref().unwrap();
    assert_eq!((handshake.version.as_str(), handshake.suite.as_str()), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
    assert!(matches!(handshake.peer, Trust::Untrusted(Some(_))));
    let other = index.account(&handed_in("mp0000000000000b03", "x@nowhere.invalid"));
    assert!(other.settled, "{:?}", other.waiting_for);
    assert_eq!(other.objects[0].object.queue_ids, ["mx/f6270277"]);
    assert_eq!(fates(&other), [("x@nowhere.invalid".to_owned(), "mx", FateStatus::Bounced)]);
}

#[test]
fn a_server_that_was_never_heard_is_silent() {
    let track = brought("mp0000000000000b01", "x@foo.example", &["alice@gateway.example"], &["e409f92c"]);
    let index = index(OPENSMTPD);
    assert!(!index.is_silent(&track));
    let unread = Track { host: "mx.other.example".to_owned(), ..track };
    assert!(index.is_silent(&unread));
    assert!(index.account(&unread).waiting_for.iter().any(|what| what.contains("mx.other.example")));
}
