//! The index, with lines as real gateways wrote them (Postfix 3.10, OpenDKIM 2.11, OpenDMARC 1.4.2, policyd-spf 3.1, Dovecot 2.4).

mod recipients;
mod servers;
mod sessions;

use super::*;
use evidence::{AuthResult, FateStatus, Observed, ResultSource};
use proptest::prelude::*;

const DIRECT: &str = include_str!("../../tests/samples/direct.log");
const RECIPIENTS: &str = include_str!("../../tests/samples/recipients.log");
const SUBMISSIONS: &str = include_str!("../../tests/samples/submissions.log");

fn index(lines: &str) -> LogIndex {
    let mut index = LogIndex::default();
    record(&mut index, lines);
    index
}

/// Lines that begin with the name of their host.
fn record(index: &mut LogIndex, lines: &str) {
    for line in lines.lines() {
        let (host, raw) = line.split_once(' ').unwrap();
        index.record(host, raw);
    }
}

/// What Postfix and its filters say at `mx`, without priority, time and pid.
fn at_mx(lines: &[&str]) -> LogIndex {
    let mut index = LogIndex::default();
    for line in lines {
        let (program, text) = line.split_once(": ").unwrap();
        index.record("mx", &format!("<22>Nov 24 09:44:26 {program}[7]: {text}"));
    }
    index
}

fn track(nonce: &str, client: &str, ehlo: &str, mail_from: &str, rcpt_to: &[&str]) -> Track {
    Track {
        nonce: nonce.parse().unwrap(),
        client: Some(client.parse().unwrap()),
        ehlo: ehlo.to_owned(),
        mail_from: mail_from.to_owned(),
        rcpt_to: rcpt_to.iter().map(|r| r.parse().unwrap()).collect(),
        queued: Vec::new(),
        host: String::new(),
        peer: PeerTexts::default(),
        since: 0,
    }
}

fn carol(nonce: &str, to: &str) -> Track {
    track(nonce, "198.51.100.7", "laptop.example", "carol@sender.example", &[to])
}

fn words(results: &[AuthResult]) -> Vec<String> {
    let source = |r: &AuthResult| match &r.source {
        ResultSource::Log(filter) => filter.clone(),
        other => format!("{other:?}"),
    };
    let mut words: Vec<String> = results.iter().map(|r| format!("{}: {}={}", source(r), r.method, r.result)).collect();
    words.sort();
    words
}

fn fates(account: &Account) -> Vec<(String, &str, FateStatus)> {
    account.objects[0].object.fates.iter().map(|f| (f.recipient.to_string(), f.host.as_str(), f.status)).collect()
}

#[test]
fn results_of_mail_refused_after_data_come_from_the_filters() {
    let track = track("mp1186bbcc54cc0000", "198.51.100.66", "mail.attacker.example", "billing@bank.example", &[]);
    let account = index(DIRECT).account(&track);
    assert_eq!(account.waiting_for, [""; 0]);
    assert_eq!(words(&account.objects[0].object.results), ["opendmarc: dmarc=fail", "policyd-spf: spf=fail"]);
    assert_eq!(
        account.objects[0].object.results[0].properties[0],
        ("smtp.mailfrom".to_owned(), "bank.example".to_owned())
    );
    assert_eq!(account.objects[0].object.fates, []);
    assert!(
        account.objects[0].object.log.iter().all(|line| !line.text.contains("quar.example")),
        "{:#?}",
        account.objects[0].object.log
    );
}

#[test]
fn delivered_mail_has_its_line_at_the_store() {
    let track = track(
        "mpbf8d86c354260000",
        "198.51.100.66",
        "mail.attacker.example",
        "b@quar.example",
        &["alice@gateway.example"],
    );
    let account = index(DIRECT).account(&track);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(fates(&account), [("alice@gateway.example".to_owned(), "mx.gateway.example", FateStatus::Sent)]);
    assert_eq!(account.objects[0].object.relays, []);
    assert_eq!(account.objects[0].object.log.last().unwrap().host, "store.gateway.example");
}

#[test]
fn each_recipient_has_a_fate() {
    let client = ("192.0.2.10", "mail.bank.example", "billing@bank.example");
    let two =
        track("mpa56efd08268f0000", client.0, client.1, client.2, &["alice@gateway.example", "bob@gateway.example"]);
    let account = index(RECIPIENTS).account(&two);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.fates.len(), 2);
    let one_is_refused = track("mp8dc81283bb0e0000", client.0, client.1, client.2, &["alice@gateway.example"]);
    let account = index(RECIPIENTS).account(&one_is_refused);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(fates(&account), [("alice@gateway.example".to_owned(), "mx.gateway.example", FateStatus::Sent)]);
}

#[test]
fn a_refused_recipient_is_found_by_client_and_envelope() {
    let track = track("mp0000000000000001", "198.51.100.66", "mail.attacker.example", "billing@bank.example", &[]);
    let lines: Vec<&str> = RECIPIENTS.lines().take(8).collect();
    let account = index(&lines.join("\n")).account(&track);
    assert!(account.settled, "{:?}", account.waiting_for);
    assert!(account.objects[0].object.log.iter().any(|line| line.text.contains("Relay access denied")));
    assert_eq!(account.objects[0].object.log.len(), 4);
}

#[test]
fn what_is_still_to_come_is_said_in_words() {
    let track = track(
        "mp11681c6094f60000",
        "192.0.2.10",
        "mail.bank.example",
        "billing@bank.example",
        &["alice@gateway.example"],
    );
    let account = index(RECIPIENTS).account(&track);
    assert_eq!(account.waiting_for, ["the fate of C8A9CF46A3 at mx.gateway.example: 0 of 1 recipients known"]);
    let account = LogIndex::default().account(&track);
    assert_eq!(account.waiting_for, ["a line about the connection of 192.0.2.10", "a queue id of the message"]);
}

#[test]
fn a_message_is_followed_to_the_next_host() {
    let account = index(SUBMISSIONS).account(&carol("mpdaa93a8cac260000", "alice@gateway.example"));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(fates(&account), [("alice@gateway.example".to_owned(), "mx.gateway.example", FateStatus::Sent)]);
    assert_eq!(
        words(&account.objects[0].object.results),
        ["opendkim: dkim=pass", "opendmarc: dmarc=pass", "policyd-spf: spf=pass"]
    );
    let [relay] = account.objects[0].object.relays.as_slice() else { panic!("{:?}", account.objects[0].object.relays) };
    assert_eq!((relay.from.as_str(), relay.to.as_str()), ("mx.sender.example", "mx.gateway.example[203.0.113.25]:25"));
    let handshake = relay.handshake.as_ref().unwrap();
    assert_eq!((&handshake.peer, handshake.group.as_deref()), (&Trust::Trusted, Some("x25519")));
    assert_eq!(relay.reply.seen().unwrap().lines, ["2.0.0 Ok: queued as 1E767F46F3"]);
}

#[test]
fn a_bounce_is_followed_to_the_sender() {
    let account = index(SUBMISSIONS).account(&carol("mpd952a8c68a0b0000", "nobody@gateway.example"));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(fates(&account), [("nobody@gateway.example".to_owned(), "mx.sender.example", FateStatus::Bounced)]);
    assert!(
        account.objects[0].object.log.iter().any(|line| line.text.starts_with("39113F46FD: to=<carol@sender.example>"))
    );
    let Observed::Seen(reply) = &account.objects[0].object.relays[0].reply else {
        panic!("{:?}", account.objects[0].object.relays)
    };
    assert_eq!((reply.code, reply.enhanced()), (550, "5.1.1".parse().ok()));
    assert!(account.objects[0].object.relays[0].handshake.is_some());
}

#[test]
fn deferred_is_settled() {
    let account = index(SUBMISSIONS).account(&carol("mp354c66fbb9390000", "x@nowhere.example"));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(fates(&account), [("x@nowhere.example".to_owned(), "mx.sender.example", FateStatus::Deferred)]);
    assert_eq!(account.objects[0].object.relays, []);
}

#[test]
fn a_stale_handshake_is_not_taken_for_that_of_a_later_connection() {
    let client = "postfix/smtpd: connect from x[192.0.2.10]";
    let delivery = |id: &str, conn_use: &str| {
        format!(
            "postfix/smtp: {id}: to=<a@y.example>, relay=mx.y.example[198.51.100.25]:25,{conn_use} delay=1, \
             status=sent (250 ok)"
        )
    };
    let begin = [
        client,
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
        client,
        "postfix/smtpd: 3F1A2B4C52: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C52: message-id=<mp0000000000000002@x.example>",
        "postfix/smtp: certificate verification failed for mx.y.example[198.51.100.25]:25: certificate has expired",
        "postfix/smtp: Untrusted TLS connection established to mx.y.example[198.51.100.25]:25: TLSv1.3 with cipher \
         TLS_AES_256_GCM_SHA384 (256/256 bits)",
    ];
    for (conn_use, is_protected) in [("", false), (" conn_use=2,", true)] {
        let (first, second) = (delivery("3F1A2B4C51", ""), delivery("3F1A2B4C52", conn_use));
        let index = at_mx(&[&begin[..], &[&first, &second]].concat());
        let relay = |nonce: &str| {
            index.account(&track(nonce, "192.0.2.10", "x", "a@x.example", &["a@y.example"])).objects[0]
                .object
                .relays
                .remove(0)
        };
        let handshake = relay("mp0000000000000001").handshake.unwrap();
        assert_eq!(handshake.peer, Trust::Untrusted(Some("certificate has expired".to_owned())));
        assert_eq!(relay("mp0000000000000002").handshake.is_some(), is_protected);
    }
}

#[test]
fn a_queue_id_used_again_means_the_later_message() {
    let one = [
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
    ];
    let end = [
        "postfix/qmgr: 3F1A2B4C51: from=<a@x.example>, size=1, nrcpt=1 (queue active)",
        "postfix/qmgr: 3F1A2B4C51: removed",
    ];
    let two = [
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000002@x.example>",
    ];
    let filter = ["opendmarc: 3F1A2B4C51: x.example pass"];
    let index = at_mx(&[&one[..], &end, &two, &filter].concat());
    let results = |nonce: &str| {
        words(&index.account(&track(nonce, "192.0.2.10", "x", "a@x.example", &[])).objects[0].object.results)
    };
    assert_eq!(results("mp0000000000000001"), [""; 0]);
    assert_eq!(results("mp0000000000000002"), ["opendmarc: dmarc=pass"]);
}

#[test]
fn mail_put_aside_is_settled() {
    let begin = [
        "postfix/smtpd: connect from x[192.0.2.10]",
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
    ];
    let envelope = "from=<a@x.example> to=<a@y.example> proto=ESMTP helo=<x>";
    let end = ["postfix/smtpd: disconnect from x[192.0.2.10] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"];
    for (said, status) in [
        (
            "cleanup: 3F1A2B4C51: milter-hold: END-OF-MESSAGE from x[192.0.2.10]: milter triggers HOLD action;",
            FateStatus::Held,
        ),
        ("cleanup: 3F1A2B4C51: discard: header Subject: x from x[192.0.2.10];", FateStatus::Discarded),
        (
            "smtpd: NOQUEUE: discard: RCPT from x[192.0.2.10]: <x>: Helo command triggers DISCARD action;",
            FateStatus::Discarded,
        ),
    ] {
        let said = format!("postfix/{said} {envelope}");
        let account = at_mx(&[&begin[..], &[&said], &end].concat()).account(&track(
            "mp0000000000000001",
            "192.0.2.10",
            "x",
            "a@x.example",
            &["a@y.example"],
        ));
        assert!(account.settled, "{said}: {:?}", account.waiting_for);
        assert_eq!(fates(&account), [("a@y.example".to_owned(), "mx", status)], "{said}");
    }
}

#[test]
fn mail_that_sieve_threw_away_is_discarded() {
    let mut index = index(DIRECT);
    let track = track(
        "mpbf8d86c354260000",
        "198.51.100.66",
        "mail.attacker.example",
        "b@quar.example",
        &["alice@gateway.example"],
    );
    index.record(
        "store.gateway.example",
        "<22>Nov 24 09:44:26 dovecot: lmtp(alice@gateway.example)<73><x>: sieve: \
         msgid=<mpbf8d86c354260000@quar.example>: Marked \
         message to be discarded if not explicitly delivered (discard action)",
    );
    assert_eq!(index.account(&track).objects[0].object.fates[0].status, FateStatus::Sent, "it was stored as well");
    index.lines.retain(|_, line| !line.text.contains("stored mail"));
    assert_eq!(index.account(&track).objects[0].object.fates[0].status, FateStatus::Discarded);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_to_wait_for() {
    let index = at_mx(&[
        "postfix/smtpd: connect from x[192.0.2.10]",
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/smtpd: lost connection after DATA from x[192.0.2.10]",
        "postfix/smtpd: disconnect from x[192.0.2.10] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4",
    ]);
    let account = index.account(&track("mp0000000000000001", "192.0.2.10", "x", "a@x.example", &[]));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.log.len(), 4);
}

/// One of many scenarios at the same time, each with its own client.
fn scenario(number: u32) -> (Track, Vec<String>) {
    let nonce = Nonce::from_number(u64::from(number));
    let client = format!("198.{}.{}.{}", 18 + (number >> 16), (number >> 8) & 255, number & 255);
    let (id, pid) = (format!("3F{number:08X}"), number % 20 + 100);
    let from = format!("a@s{number}.example");
    let line = |program: &str, text: String| format!("<22>Nov 24 09:44:26 {program}[{pid}]: {text}");
    let lines = vec![
        line("postfix/smtpd", format!("connect from unknown[{client}]")),
        format!(
            "<22>Nov 24 09:44:26 policyd-spf[1]: : prepend Authentication-Results: g.example; spf=pass (x) \
             smtp.mailfrom=s{number}.example (client-ip={client}; helo=x; envelope-from={from}; receiver=y)"
        ),
        line("postfix/smtpd", format!("{id}: client=unknown[{client}]")),
        line("postfix/cleanup", format!("{id}: message-id=<{nonce}@x.example>")),
        line("opendmarc", format!("{id}: s{number}.example pass")),
        line("postfix/qmgr", format!("{id}: from=<{from}>, size=1, nrcpt=1 (queue active)")),
        line(
            "postfix/lmtp",
            format!("{id}: to=<a@y.example>, relay=s[10.0.0.1]:24, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Saved)"),
        ),
        line("postfix/qmgr", format!("{id}: removed")),
        line(
            "postfix/smtpd",
            format!("disconnect from unknown[{client}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
        ),
        format!("<22>Nov 24 09:44:26 dovecot: lmtp(a)<{pid}><x>: msgid=<{nonce}@x.example>: saved mail to INBOX"),
    ];
    (track(nonce.as_str(), &client, "x", &from, &["a@y.example"]), lines)
}

#[test]
fn a_thousand_scenarios_twenty_at_once_leave_nothing_behind() {
    let mut index = LogIndex::default();
    for begin in (0..1000).step_by(20) {
        let since = index.position();
        let batch: Vec<_> = (begin..begin + 20).map(scenario).collect();
        for step in 0..batch[0].1.len() {
            batch.iter().for_each(|(_, lines)| index.record("mx", &lines[step]));
        }
        for (track, lines) in batch {
            let track = Track { since, ..track };
            let account = index.account(&track);
            assert!(account.settled, "{:?}", account.waiting_for);
            assert_eq!(account.objects[0].object.log.len(), lines.len());
            assert_eq!(words(&account.objects[0].object.results), ["opendmarc: dmarc=pass", "policyd-spf: spf=pass"]);
            index.forget(&track);
        }
    }
    let left =
        (index.lines.len(), index.entries.len(), index.connections.len(), index.current.len(), index.named.len());
    assert_eq!(left, (0, 0, 0, 0, 0));
    assert_eq!((index.by_nonce.len(), index.by_client.len(), index.serving.len()), (0, 0, 0));
}

#[test]
fn forgetting_one_leaves_another_that_has_only_begun() {
    let (one, lines) = scenario(1);
    let (other, other_lines) = scenario(2);
    let shared = |track: Track| Track { client: one.client, ..track };
    let as_shared = |line: &str| line.replace(&other.client.unwrap().to_string(), &one.client.unwrap().to_string());
    let mut index = LogIndex::default();
    lines.iter().for_each(|line| index.record("mx", line));
    other_lines[..3].iter().for_each(|line| index.record("mx", &as_shared(line)));
    index.forget(&one);
    other_lines[3..].iter().for_each(|line| index.record("mx", &as_shared(line)));
    let account = index.account(&shared(other));
    assert!(account.settled, "{:?}", account.waiting_for);
    assert_eq!(account.objects[0].object.log.len(), other_lines.len());
}

#[test]
fn what_nobody_asks_for_is_forgotten_in_time() {
    let mut index = LogIndex::default();
    scenario(1).1.iter().for_each(|line| index.record("mx", line));
    index.next += HORIZON + 4096;
    index.next -= index.next % 4096;
    index.record("mx", "<22>Nov 24 09:44:26 postfix/anvil[1]: statistics: x");
    assert_eq!((index.lines.len(), index.entries.len(), index.by_nonce.len(), index.by_client.len()), (0, 0, 0, 0));
}

/// Two messages of one connection: the second one was hidden in the first.
fn smuggled(first: &str) -> LogIndex {
    let spf = |from: &str, word: &str| {
        format!(
            "policyd-spf: : prepend Authentication-Results: g.example; spf={word} (x) smtp.mailfrom=x.example \
             (client-ip=10.0.0.9; helo=h; envelope-from={from}; receiver=g.example)"
        )
    };
    let first_spf = spf("a@x.example", "pass");
    let second_spf = spf("b@x.example", "fail");
    at_mx(&[
        "postfix/smtpd: connect from x[10.0.0.9]",
        &first_spf,
        "postfix/smtpd: 3F1A2B4C51: client=x[10.0.0.9]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
        "opendmarc: 3F1A2B4C51: x.example pass",
        first,
        &second_spf,
        "postfix/smtpd: 3F1A2B4C52: client=x[10.0.0.9]",
        "postfix/cleanup: 3F1A2B4C52: message-id=<two@x.example>",
        "opendmarc: 3F1A2B4C52: victim.example fail",
        "postfix/qmgr: 3F1A2B4C52: from=<b@x.example>, size=1, nrcpt=1 (queue active)",
        "postfix/smtpd: disconnect from x[10.0.0.9] ehlo=1 mail=2 rcpt=2 data=2 quit=1 commands=8",
        "postfix/lmtp: 3F1A2B4C52: to=<bob@y.example>, relay=s[10.0.0.1]:24, delay=1, status=sent (250 2.0.0 \
         <bob@y.example> Xz60JXpcBWtIAAAATIdV2Q Saved)",
        "postfix/qmgr: 3F1A2B4C52: removed",
        "dovecot: lmtp(robert)<1><Xz60JXpcBWtIAAAATIdV2Q>: msgid=<two@x.example>: saved mail to INBOX",
    ])
}

#[test]
fn a_smuggled_message_is_an_object_of_its_own() {
    let refused = "postfix/cleanup: 3F1A2B4C51: milter-reject: END-OF-MESSAGE from x[10.0.0.9]: 5.7.1 no; \
                   from=<a@x.example> to=<alice@y.example> proto=ESMTP helo=<h>";
    let queued = "postfix/qmgr: 3F1A2B4C51: from=<a@x.example>, size=1, nrcpt=1 (queue active)";
    for (line, is_accepted) in [(refused, false), (queued, true)] {
        let account = smuggled(line).account(&track("mp0000000000000001", "10.0.0.9", "h", "a@x.example", &[]));
        let [first, second] = account.objects.as_slice() else { panic!("{:#?}", account.objects) };
        assert_eq!(first.object.queue_ids, ["mx/3F1A2B4C51"]);
        assert_eq!(words(&first.object.results), ["opendmarc: dmarc=pass", "policyd-spf: spf=pass"]);
        assert_eq!((first.object.is_accepted, first.object.fates.len()), (Some(is_accepted), 0));
        assert_eq!(second.object.queue_ids, ["mx/3F1A2B4C52"]);
        assert_eq!(words(&second.object.results), ["opendmarc: dmarc=fail", "policyd-spf: spf=fail"]);
        assert_eq!(second.object.mail_from.as_deref(), Some("b@x.example"));
        assert_eq!(second.object.is_accepted, Some(true));
        assert_eq!(second.object.fates[0].recipient.to_string(), "bob@y.example");
        assert_eq!(second.stored[0].user.as_deref(), Some("robert"));
        assert!(first.object.log.iter().all(|line| !line.text.contains("3F1A2B4C52")), "{:#?}", first.object.log);
    }
}

/// Aliases made two recipients one: Postfix hands the message over once, and says so of each.
#[test]
fn what_was_handed_over_once_has_one_id() {
    let to = |orig: &str, id: &str| {
        format!(
            "postfix/lmtp: 77DA91580B9: to=<bob@gateway.example>, orig_to=<{orig}@gateway.example>, relay=store.gateway.example[172.20.0.2]:24, delay=0.43, delays=0.35/0.02/0.01/0.05, dsn=2.0.0, status=sent (250 2.0.0 <bob@gateway.example> {id} Saved)"
        )
    };
    let lines = [
        "postfix/smtpd: connect from mail.bank.example[192.0.2.10]".to_owned(),
        "postfix/smtpd: 77DA91580B9: client=mail.bank.example[192.0.2.10]".to_owned(),
        "postfix/cleanup: 77DA91580B9: message-id=<mp3027c6d8f8cb7802@mailproof.example>".to_owned(),
        to("somebody", "N96zH43HDWsdAAAATIdV2Q"),
        to("nobody.else", "N96zH43HDWsdAAAATIdV2Q"),
        to("alice+x", "N96zH43HDWsdAAAATIdV2Q:R2"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let track = track("mp3027c6d8f8cb7802", "192.0.2.10", "mail.bank.example", "b@bank.example", &[]);
    let account = at_mx(&lines).account(&track);
    let stored: Vec<_> = account.objects[0].stored.iter().map(|s| (s.recipient.as_str(), s.id.as_deref())).collect();
    let (one, other) = (Some("N96zH43HDWsdAAAATIdV2Q"), Some("N96zH43HDWsdAAAATIdV2Q:R2"));
    assert_eq!(
        stored,
        [("somebody@gateway.example", one), ("nobody.else@gateway.example", one), ("alice+x@gateway.example", other)]
    );
}

#[test]
fn a_message_without_a_nonce_is_known_by_the_queue_id_in_the_reply() {
    let lines = |from: &str, id: &str| {
        [
            "postfix/smtpd: connect from x[192.0.2.10]".to_owned(),
            format!("postfix/smtpd: {id}: client=x[192.0.2.10]"),
            format!("postfix/cleanup: {id}: message-id=<any@x.example>"),
            format!("postfix/qmgr: {id}: from=<{from}>, size=1, nrcpt=1 (queue active)"),
        ]
    };
    let (one, other) = (lines("a@x.example", "3F1A2B4C51"), lines("a@x.example", "3F1A2B4C52"));
    let index = at_mx(&one.iter().chain(&other).map(String::as_str).collect::<Vec<_>>());
    for id in ["3F1A2B4C51", "3F1A2B4C52"] {
        let mut track = track("mp0000000000000001", "192.0.2.10", "x", "a@x.example", &["a@y.example"]);
        track.queued = vec![id.to_owned()];
        let account = index.account(&track);
        assert_eq!(account.objects[0].object.queue_ids, [format!("mx/{id}")]);
    }
}

#[test]
fn a_refusal_in_the_words_of_the_site_is_found_where_the_client_is_told() {
    let words_of_site = "Go away, says our policy: SPF fail - not authorized";
    let spf = format!("policyd-spf: 550 5.7.23 {words_of_site}");
    let told = format!(
        "postfix/smtpd: NOQUEUE: reject: RCPT from x[192.0.2.10]: 550 5.7.23 <a@y.example>: Recipient address rejected: \
         {words_of_site}; from=<a@x.example> to=<a@y.example> proto=ESMTP helo=<x>"
    );
    let index = at_mx(&["postfix/smtpd: connect from x[192.0.2.10]", &spf, &told]);
    let account = index.account(&track("mp0000000000000001", "192.0.2.10", "x", "a@x.example", &[]));
    assert_eq!(words(&account.objects[0].object.results), ["policyd-spf: spf=fail"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Hosts log at their own pace: whatever arrives first, the index does not call settled what is not.
    #[test]
    fn nothing_settles_too_early(picks in proptest::collection::vec(0usize..4, 400)) {
        let tracks = [
            carol("mpdaa93a8cac260000", "alice@gateway.example"),
            carol("mpd952a8c68a0b0000", "nobody@gateway.example"),
        ];
        let last = tracks.each_ref().map(|track| index(SUBMISSIONS).account(track));
        let hosts = ["mx.sender.example ", "mx.gateway.example ", "store.gateway.example ", "store.sender.example "];
        let mut queues = hosts.map(|host| SUBMISSIONS.lines().filter(move |line| line.starts_with(host)));
        let mut index = LogIndex::default();
        let rest = (0..4).flat_map(|host| std::iter::repeat_n(host, 90));
        let everything = picks.into_iter().chain(rest);
        for line in everything.filter_map(|host| queues[host].next()) {
            record(&mut index, line);
            for (track, last) in tracks.iter().zip(&last) {
                let account = index.account(track);
                if account.settled {
                    prop_assert_eq!(&account.objects[0].object.fates, &last.objects[0].object.fates);
                    prop_assert_eq!(&account.objects[0].object.relays, &last.objects[0].object.relays);
                    prop_assert_eq!(&account.objects[0].object.results, &last.objects[0].object.results);
                }
            }
        }
        for (track, last) in tracks.iter().zip(&last) {
            prop_assert!(index.account(track).settled);
            prop_assert_eq!(&index.account(track).objects[0].object.fates, &last.objects[0].object.fates);
        }
    }

    /// Lines in any order, cut anywhere.
    #[test]
    fn any_lines_make_a_book(picks in proptest::collection::vec((0usize..90, 0usize..250, "\\PC{0,5}"), 0..60)) {
        let lines: Vec<&str> = SUBMISSIONS.lines().collect();
        let track = carol("mpd952a8c68a0b0000", "nobody@gateway.example");
        let mut index = LogIndex::default();
        for (at, cut, noise) in picks {
            let line = lines[at % lines.len()];
            let cut = line.floor_char_boundary(cut.min(line.len()));
            let (head, tail) = line.split_at(cut.max(line.find(' ').unwrap() + 1));
            record(&mut index, &format!("{head}{noise}{tail}"));
            let _ = index.account(&track);
        }
        index.forget(&track);
        let _ = index.account(&track);
    }
}

/// Two clients at once, one of whose servers cannot reach a milter, and two messages that one cleanup process takes.
#[test]
fn what_is_the_matter_belongs_to_one_message() {
    let line = |text: &str| format!("mx <22>Nov 24 09:44:26 {text}\n");
    let unreachable = |who: &str, what: &str| {
        line(&format!("{who}: warning: connect to Milter service unix:/{what}: Connection refused"))
    };
    let lines = [
        line("postfix/smtpd[1]: connect from a.example[198.51.100.1]"),
        line("postfix/smtpd[2]: connect from b.example[198.51.100.2]"),
        unreachable("postfix/smtpd[2]", "dead"),
        line("postfix/smtpd[1]: 3F1A2B4C5D: client=a.example[198.51.100.1]"),
        line("postfix/smtpd[2]: 4F1A2B4C5D: client=b.example[198.51.100.2]"),
        line("postfix/cleanup[8]: 3F1A2B4C5D: message-id=<mp00000000000000a1@mailproof.example>"),
        line("postfix/cleanup[8]: warning: milter unix:/gone: can't read SMFIC_BODYEOB reply packet header: Success"),
        unreachable("postfix/cleanup[8]", "next"),
        line("postfix/cleanup[8]: 4F1A2B4C5D: message-id=<mp00000000000000b2@mailproof.example>"),
        unreachable("postfix/trivial-rewrite[9]", "nobodys"),
        line("postfix/smtpd[1]: disconnect from a.example[198.51.100.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
        line("postfix/smtpd[2]: disconnect from b.example[198.51.100.2] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
    ];
    let index = index(&lines.concat());
    let of = |nonce: &str, client: &str| -> Vec<String> {
        let account = index.account(&track(nonce, client, "h", "x@x.example", &[]));
        let object = &account.objects[0].object;
        assert!(object.log.iter().filter(|line| line.text.starts_with("warning: ")).all(|line| line.is_telling));
        object.conditions.iter().map(|condition| condition.subject.clone()).collect()
    };
    assert_eq!(of("mp00000000000000a1", "198.51.100.1"), ["unix:/gone"]);
    assert_eq!(of("mp00000000000000b2", "198.51.100.2"), ["unix:/dead", "unix:/next"]);
}
