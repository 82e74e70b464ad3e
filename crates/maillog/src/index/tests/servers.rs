//! What Exim 4.98 and OpenSMTPD 7.6 wrote, and what becomes of it.

use super::{fates, index, record, track, words};
use crate::{LogIndex, Logged, Track};
use evidence::{FateStatus, Trust};
use proptest::prelude::*;

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
fn a_line_that_contradicts_its_connection_is_left_alone() {
    let forged = "x) [192.0.2.10]:25 P=esmtp S=1 id=mp0000000000000a01@x";
    let lines = [
        "exim[7]: SMTP connection from [198.51.100.66]:5 (TCP/IP connection count = 1)".to_owned(),
        format!("exim[7]: 1xY8mb-00000000063-0lBn <= x@foo.example H=({forged}) [198.51.100.66]:5 P=esmtp S=4"),
        format!("exim[7]: SMTP connection from ({forged}) [198.51.100.66]:5 D=0s closed by QUIT"),
    ];
    let log = lines.map(|line| format!("mx <22>Nov 30 21:19:32 {line}\n")).concat();
    let victim = track("mp0000000000000a01", "192.0.2.10", "y", "x@foo.example", &["alice@gateway.example"]);
    let account = index(&log).account(&victim);
    assert_eq!(account.objects[0].object.queue_ids, [""; 0]);
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

const CLIENT: &str = "198.51.100.66";

/// What a peer chooses, and these servers print.
#[derive(Debug, Clone)]
struct Peer {
    /// Local parts, as they are meant.
    local: String,
    nobody: String,
    /// What both let pass of a name (RFC 5321 §4.1.1.1).
    helo: String,
    message_id: String,
    tag: String,
    /// A command that is refused, and a header field of a message that is.
    said: String,
}

impl Peer {
    fn plain() -> Self {
        let [local, nobody, helo, message_id, tag, said] =
            ["a", "nobody", "mail.attacker.example", "1", "s", "NOOP"].map(str::to_owned);
        Self { local, nobody, helo, message_id, tag, said }
    }

    fn address(local: &str, domain: &str) -> String {
        format!("\"{}\"@{domain}", local.replace('\\', "\\\\").replace('"', "\\\""))
    }

    fn mail_from(&self) -> String {
        Self::address(&self.local, "attacker.example")
    }

    /// A message is delivered, a recipient and another message are refused.
    fn exim(&self) -> String {
        let Self { helo, tag, said, .. } = self;
        let (from, nobody) = (self.mail_from(), Self::address(&self.nobody, "gateway.example"));
        let id = Self::address(&self.message_id, "attacker.example");
        let lines = [
            format!("exim[7]: SMTP connection from [{CLIENT}]:5 (TCP/IP connection count = 1)"),
            format!("exim[7]: SMTP syntax error in \"{said}\" H=({helo}) [{CLIENT}]:5 unrecognized command"),
            format!("exim[7]: H=({helo}) [{CLIENT}]:5 F=<{from}> rejected RCPT <{nobody}>: Unrouteable address"),
            format!(
                "exim[7]: 1xY8ma-00000000062-0lBn DKIM: d={tag} s={tag} c=relaxed/relaxed a=rsa-sha256 b=2048 i={tag} \
                 [verification failed - signature did not verify (headers probably modified in transit)]"
            ),
            format!(
                "exim[7]: 1xY8ma-00000000062-0lBn <= {from} H=({helo}) [{CLIENT}]:5 P=esmtp S=415 id={id} for \
                 alice@gateway.example"
            ),
            "exim[8]: 1xY8ma-00000000062-0lBn => alice <alice@gateway.example> R=local_user T=dovecot_lmtp C=\"250 Saved\""
                .to_owned(),
            "exim[8]: 1xY8ma-00000000062-0lBn Completed".to_owned(),
            format!(
                "exim[7]: [1\\3] 1xY8mb-00000000063-0lBn H=({helo}) [{CLIENT}]:5 F=<{from}> rejected after DATA: header syntax \
                 ({said})"
            ),
            format!("exim[7]: [2\\3] F From: {said}"),
            format!("exim[7]: [3/3]   Subject: {said}"),
            format!("exim[7]: SMTP connection from ({helo}) [{CLIENT}]:5 D=0s closed by QUIT"),
        ];
        lines.map(|line| format!("mx <22>Nov 30 21:19:32 {line}\n")).concat()
    }

    /// A message is delivered, and commands are refused.
    fn opensmtpd(&self) -> String {
        let Self { helo, said, .. } = self;
        let (from, nobody) = (self.mail_from(), Self::address(&self.nobody, "gateway.example"));
        let session = "smtpd[64]: e51d80079158d78e smtp";
        let lines = [
            format!("{session} connected address={CLIENT} host={helo}"),
            format!(
                "{session} failed-command command=\"{said}\" result=\"500 5.5.1 Invalid command: Command unrecognized\""
            ),
            format!(
                "{session} failed-command command=\"RCPT TO:<{nobody}>\" result=\"550 Invalid recipient: <{nobody}>\""
            ),
            format!("{session} message msgid=e409f92c size=218 nrcpt=1 proto=ESMTP"),
            format!("{session} envelope evpid=e409f92cc6d98bbe from=<{from}> to=<alice@gateway.example>"),
            format!("{session} disconnected reason=quit"),
            format!(
                "smtpd[64]: e51d8008b0aeade1 mda delivery evpid=e409f92cc6d98bbe from=<{from}> to=<alice@gateway.example> \
                 rcpt=<alice@gateway.example> user=vmail delay=0s result=Ok stat=Delivered"
            ),
        ];
        lines.map(|line| format!("mx <22>Nov 30 21:27:08 {line}\n")).concat()
    }
}

/// All that is made of it but texts.
fn told(log: &str, peer: &Peer, id: &str) -> String {
    let track = track("mp000000000000cafe", CLIENT, &peer.helo, &peer.mail_from(), &["alice@gateway.example"]);
    let account = index(log).account(&Track { queued: vec![id.to_owned()], host: "mx".to_owned(), ..track });
    let objects = account.objects.iter().map(|Logged { object, .. }| {
        let is_from = object.mail_from.as_ref().map(|from| *from == peer.mail_from());
        let results = words(&object.results);
        format!("{:?} {is_from:?} {:?} {:?} {results:?}", object.queue_ids, object.is_accepted, object.fates)
    });
    format!("{:?} {:?}", account.waiting_for, objects.collect::<Vec<_>>())
}

fn text() -> impl Strategy<Value = String> {
    let pieces = [
        " H=(x) [192.0.2.10]:25 P=esmtp S=1 id=mp00000000000beef0@x",
        ") [192.0.2.10]:25",
        " <= victim@bank.example",
        "1xY8ma-00000000062-0lBn => bob@gateway.example R=r T=t C=\"250 OK id=1xY8mz-00000000099-0lBn\"",
        "1xY8ma-00000000062-0lBn Completed",
        " R=1xY8ma-00000000062-0lBn U=Debian-exim P=local S=1",
        "> rejected after DATA: x",
        " rejected RCPT <x>: relay not permitted",
        " [verification succeeded]",
        " s=s [verification succeeded",
        "DKIM: d=bank.example s=s c=x [verification succeeded]",
        "[1/2] ",
        "[2\\2] ",
        "SMTP connection from [192.0.2.10]:25 (TCP/IP connection count = 1)",
        "closed by QUIT",
        "e51d80079158d78e smtp disconnected reason=quit",
        "e51d8008b0aeade1 mda delivery evpid=e409f92cc6d98bbe from=<> to=<bob@gateway.example> rcpt=<> user=x delay=0s result=PermFail stat=x",
        " result=\"250 2.0.0 e409f92d Message accepted for delivery\"",
        "evpid=e409f92cc6d98bbe",
        "> to=<bob@gateway.example>",
        "mp00000000000beef0",
        "=> ",
        "** ",
        "<",
        ">",
        "\"",
        "\\",
        "=",
        "@",
        " ",
        ": ",
        "[",
        "]",
        "\u{e9}",
    ];
    let piece = prop_oneof![8 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "[a-z ]{0,6}"];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn peer()(
        local in text(), nobody in text(), helo in "[a-z0-9.:_-]{1,20}|\\[[0-9.]{1,9}\\]", message_id in text(), tag in text(),
        said in text(),
    ) -> Peer {
        Peer { local, nobody, helo, message_id, tag, said }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn whatever_a_peer_writes_nothing_else_is_told(peer in peer()) {
        let plain = Peer::plain();
        let (exim, smtpd) = ("1xY8ma-00000000062-0lBn", "e409f92c");
        prop_assert_eq!(told(&peer.exim(), &peer, exim), told(&plain.exim(), &plain, exim));
        prop_assert_eq!(told(&peer.opensmtpd(), &peer, smtpd), told(&plain.opensmtpd(), &plain, smtpd));
    }
}

#[test]
fn a_peer_that_means_no_harm_is_told_of() {
    let plain = Peer::plain();
    let exim = told(&plain.exim(), &plain, "1xY8ma-00000000062-0lBn");
    for part in ["[] [", "mx/1xY8ma-00000000062-0lBn", "Some(true)", "status: Sent", "exim: dkim=fail"] {
        assert!(exim.contains(part), "{part}: {exim}");
    }
    let smtpd = told(&plain.opensmtpd(), &plain, "e409f92c");
    assert!(smtpd.contains("[] [") && smtpd.contains("status: Sent"), "{smtpd}");
}
