//! An MTA: mail, and every play about STARTTLS and on the wire.

use super::*;

#[tokio::test]
async fn a_good_host_takes_mail_and_tells_what_it_saw() {
    let (dialogue, seen, arrived) = visited(play()).await;
    assert_eq!(dialogue.handshake.seen().unwrap().peer, evidence::Trust::Verified);
    let offer = seen.offer.as_ref().unwrap();
    assert_eq!(offer.versions, ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(offer.server_name.as_deref(), Some(NAME));
    assert!(offer.suites.iter().any(|suite| suite == "TLS_AES_256_GCM_SHA384"), "{:?}", offer.suites);
    assert!(offer.groups.iter().any(|group| group == "x25519") && !offer.signatures.is_empty());
    let (here, there) = (seen.handshake.seen().unwrap(), dialogue.handshake.seen().unwrap());
    assert_eq!((&here.version, &here.suite, &here.group), (&there.version, &there.suite, &there.group));
    assert_eq!((&here.chain, &here.peer), (&there.chain, &evidence::Trust::Anonymous));
    let words: Vec<&str> = seen.dialogue.iter().map(|e| e.to.as_str()).collect();
    assert_eq!(words, ["connect", "ehlo", "starttls", "ehlo", "mail-from", "rcpt-to", "data", "end-of-data", "quit"]);
    assert_eq!((seen.ended.as_str(), arrived.len()), ("quit", 1));
    assert_eq!((arrived[0].is_protected, arrived[0].rcpt_to[0].as_str()), (true, "carol@partner.example"));
}

#[tokio::test]
async fn several_messages_come_in_one_segment() {
    let scene = Scene::of(play()).await;
    let mut client = scene.connect().await;
    let second = "MAIL FROM:<> BODY=8BITMIME SMTPUTF8 SIZE=12\r\nRCPT TO:<gr\u{fc}n@partner.example>\r\nDATA\r\n";
    let commands = format!("EHLO x.example\r\n{ENVELOPE}DATA\r\nSubject: one\r\n\r\n..\r\n.\r\n{second}.\r\nNOOP\r\n");
    let codes = [220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 250];
    assert_eq!(client.codes(commands, codes.len()).await, codes);
    assert_eq!(client.codes("RSET\r\nquit\r\n", 2).await, [250, 221]);
    let (seen, arrived) = scene.seen().await;
    let of = |at: usize| (arrived[at].mail_from.as_str(), arrived[at].rcpt_to[0].as_str(), arrived[at].is_protected);
    assert_eq!(
        (of(0), of(1)),
        (("bob@sender.example", "carol@partner.example", false), ("", "grün@partner.example", false))
    );
    assert_eq!((arrived.len(), arrived[0].message.body.as_slice()), (2, &b".\r\n"[..]));
    assert_eq!(
        told(&seen[0])[6..8],
        [
            "mail-from `MAIL FROM:<> BODY=8BITMIME SMTPUTF8 SIZE=12` 250".to_owned(),
            format!("rcpt-to `{}` 250", "RCPT TO:<grün@partner.example>")
        ]
    );
    assert_eq!((why(&seen[0]), seen[0].ended.as_str()), ("the client did not ask for TLS", "quit"));
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let scene = Scene::of(play()).await;
    let mut client = scene.connect().await;
    let early = "MAIL FROM:<a@x.example>\r\nEHLO\r\nEHLO x.example\r\nRCPT TO:<b@y.example>\r\nDATA\r\n";
    assert_eq!(client.codes(early, 6).await, [220, 503, 501, 250, 503, 503]);
    let wrong = "MAIL FROM:a@x.example\r\nMAIL FROM:<a@x.example> SIZE=99999999\r\nSTARTTLS now\r\n";
    assert_eq!(client.codes(wrong, 3).await, [501, 552, 501]);
    let late = "MAIL FROM:<a@x.example>\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<>\r\nDATA\r\nVRFY b\r\n";
    assert_eq!(client.codes(late, 5).await, [250, 503, 501, 503, 500]);
    let many = "RCPT TO:<b@y.example>\r\n".repeat(1001);
    let codes = client.codes(many, 1001).await;
    assert_eq!((codes.iter().filter(|code| **code == 250).count(), codes[1000]), (1000, 452));
}

#[tokio::test]
async fn a_secret_is_not_told() {
    let scene = Scene::of(play()).await;
    let mut client = scene.connect().await;
    let commands =
        "EHLO x.example\r\nAUTH PLAIN AGJvYgBodXNo\r\nauth login\r\nAGJvYg==\r\naHVzaA==\r\nNOOP\r\nXYZ\r\nQUIT\r\n";
    assert_eq!(client.codes(commands, 9).await, [220, 250, 502, 502, 500, 500, 250, 500, 221]);
    let seen = scene.only_one().await;
    assert_eq!(
        told(&seen)[2..7],
        ["auth `AUTH PLAIN` 502", "auth `auth login` 502", "octets `` 500", "octets `` 500", "octets `NOOP` 250"]
    );
    assert!(told(&seen)[7].contains("XYZ") && !format!("{seen:?}").contains("AGJv"));
}

#[tokio::test]
async fn starttls_is_refused_with_any_code_and_cleartext_goes_on() {
    for code in [454, 500, 501, 502, 550, 554] {
        let starttls = StarttlsPlay::Refused(code);
        let (dialogue, _, _) = visited(MxPlay { starttls, ..play() }).await;
        let answer = dialogue.exchanges.iter().find(|e| e.to == "starttls").and_then(|e| e.reply.seen());
        assert_eq!(answer.unwrap().code, code);

        let scene = Scene::of(MxPlay { starttls, ..play() }).await;
        let mut client = scene.connect().await;
        let commands = format!("EHLO x.example\r\nSTARTTLS\r\n{ENVELOPE}DATA\r\n.\r\nQUIT\r\n");
        assert_eq!(client.codes(commands, 8).await, [220, 250, code, 250, 250, 354, 250, 221]);
        let (seen, arrived) = scene.seen().await;
        assert_eq!((why(&seen[0]), &seen[0].offer), ("the host refused STARTTLS", &None));
        assert_eq!((arrived.len(), arrived[0].is_protected), (1, false));
    }
    let (_, seen, _) = visited(MxPlay { starttls: StarttlsPlay::Refused(421), ..play() }).await;
    assert_eq!(seen.ended, "closed by the host");
}

#[tokio::test]
async fn a_host_without_starttls_does_not_know_it() {
    let scene = Scene::of(MxPlay { starttls: StarttlsPlay::Absent, ..play() }).await;
    let mut client = scene.connect().await;
    client.say("EHLO x.example\r\nSTARTTLS\r\n").await;
    assert_eq!(client.reply().await.code, 220);
    assert!(!client.reply().await.to_string().contains("STARTTLS"));
    assert_eq!(client.reply().await.code, 502);
    drop(client);
    let seen = scene.only_one().await;
    assert_eq!((why(&seen), seen.ended.as_str()), ("the host does not know STARTTLS", "closed by the client"));
}

#[tokio::test]
async fn starttls_is_stripped_on_the_way_and_the_host_does_not_know() {
    let (dialogue, _, arrived) = visited(MxPlay { wire: Interference::StripStarttls, ..play() }).await;
    assert_eq!((dialogue.handshake.seen(), arrived.len()), (None, 0));

    let scene = Scene::of(MxPlay { wire: Interference::StripStarttls, ..play() }).await;
    let mut client = scene.connect().await;
    client
        .say(format!(
            "EHLO x.example\r\nstarttls\r\n{ENVELOPE}DATA\r\nSubject: x\r\n\r\nSTARTTLS\r\n..\r\n.\r\nQUIT\r\n"
        ))
        .await;
    assert_eq!(client.reply().await.code, 220);
    let extensions = client.reply().await.lines[1..].to_vec();
    assert_eq!(extensions, ["PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8"]);
    assert_eq!(client.codes("", 6).await, [502, 250, 250, 354, 250, 221]);
    assert_eq!(client.rest().await, "");
    let (seen, arrived) = scene.seen().await;
    assert_eq!((why(&seen[0]), seen[0].ended.as_str()), ("the client did not ask for TLS", "quit"));
    assert!(seen[0].dialogue[1].reply.seen().unwrap().to_string().contains("STARTTLS"));
    assert!(seen[0].dialogue.iter().all(|e| e.to != "starttls"));
    assert_eq!((arrived[0].is_protected, arrived[0].message.body.as_slice()), (false, &b"STARTTLS\r\n.\r\n"[..]));
}

#[tokio::test]
async fn a_reply_is_injected_in_the_segment_of_the_220_and_is_none_under_tls() {
    let (dialogue, seen, arrived) = visited(MxPlay { starttls: StarttlsPlay::Injected, ..play() }).await;
    let replies: Vec<_> =
        dialogue.exchanges.iter().map(|e| (e.to.as_str(), e.reply.seen().unwrap().to_string())).collect();
    let injected = ("unexpected", "250 2.0.0 injected".to_owned());
    assert_eq!(replies[2..4], [("starttls", "220 2.0.0 go ahead".to_owned()), injected]);
    let said: Vec<_> = seen.dialogue.iter().map(|e| (e.to.as_str(), e.reply.seen().unwrap().code)).collect();
    assert_eq!(said[2..4], [("starttls", 220), ("injected", 250)]);
    assert!(dialogue.handshake.seen().is_some() && seen.handshake.seen().is_some());
    assert_eq!((arrived.len(), arrived[0].is_protected, seen.ended.as_str()), (1, true, "quit"));

    let scene = Scene::of(MxPlay { starttls: StarttlsPlay::Injected, ..play() }).await;
    let mut client = scene.before_tls().await;
    assert_eq!(client.reply().await.to_string(), "250 2.0.0 injected");
    let (mut client, _) = client.secured(|_| ()).await.unwrap();
    assert_eq!(client.codes("QUIT\r\n", 1).await, [221]);
}

#[tokio::test]
async fn what_a_client_says_behind_starttls_is_dropped() {
    let scene = Scene::of(play()).await;
    let mut client = scene.connect().await;
    assert_eq!(client.codes("EHLO x.example\r\nSTARTTLS\r\nRSET\r\n", 3).await, [220, 250, 220]);
    let (mut client, _) = client.secured(|_| ()).await.unwrap();
    // and with it who the client is (RFC 3207 §4.2)
    assert_eq!(client.codes("MAIL FROM:<a@x.example>\r\nSTARTTLS\r\nQUIT\r\n", 3).await, [503, 503, 221]);
    let seen = scene.only_one().await;
    assert!(told(&seen).iter().all(|line| !line.contains("RSET")) && seen.handshake.seen().is_some());
}

#[tokio::test]
async fn another_certificate_is_shown_on_the_way() {
    let swapped = Some(issue(CertificateKind::Untrusted));
    let (dialogue, seen, arrived) = visited(MxPlay { wire: Interference::SwapCertificate, swapped, ..play() }).await;
    let there = dialogue.handshake.seen().unwrap();
    assert!(matches!(there.peer, evidence::Trust::Untrusted(_)), "{:?}", there.peer);
    assert_eq!((&seen.handshake.seen().unwrap().chain, arrived.len()), (&there.chain, 1));
    let (dialogue, _, _) = visited(MxPlay { swapped: Some(issue(CertificateKind::Untrusted)), ..play() }).await;
    assert_eq!(dialogue.handshake.seen().unwrap().peer, evidence::Trust::Verified);
    let error = MxHost::new(MxPlay { wire: Interference::SwapCertificate, ..play() }).unwrap_err().to_string();
    assert!(error.contains(NAME) && error.contains("no certificate to swap"), "{error}");
}

#[tokio::test]
async fn a_message_that_is_cut_was_not_taken() {
    let (dialogue, seen, arrived) = visited(MxPlay { wire: Interference::CutInData, ..play() }).await;
    assert!(matches!(dialogue.exchanges.last().unwrap().reply, Observed::Unobserved(_)));
    assert_eq!((seen.ended.as_str(), arrived.len()), ("cut in DATA on the way", 0));
    assert_eq!(seen.dialogue.last().unwrap().to, "data");

    let scene = Scene::of(MxPlay { wire: Interference::CutInData, ..play() }).await;
    let mut client = scene.connect().await;
    client.say(format!("EHLO x.example\r\n{ENVELOPE}DATA\r\nSubject: x\r\n")).await;
    assert_eq!(client.codes("", 5).await, [220, 250, 250, 250, 354]);
    assert_eq!(client.rest().await, "");
    assert!(scene.seen().await.1.is_empty());
}

#[tokio::test]
async fn the_end_of_data_is_answered_as_asked() {
    for (reply, code, ended, count) in [
        ("451 4.3.0 later", 451, "quit", 0),
        ("250 thanks", 250, "quit", 1),
        ("421 gone", 421, "closed by the host", 0),
    ] {
        let (dialogue, seen, arrived) = visited(replying(Point::EndOfData, &[says(reply)])).await;
        let end = dialogue.exchanges.iter().find(|e| e.to == "end-of-data").unwrap();
        assert_eq!((end.reply.seen().unwrap().code, seen.ended.as_str(), arrived.len()), (code, ended, count));
    }
    assert!(MxHost::new(replying(Point::Quit, &[says("later")])).is_err());
}

fn says(reply: &str) -> PlayedReply {
    PlayedReply::Says(reply.to_owned())
}

fn replying(point: Point, replies: &[PlayedReply]) -> MxPlay {
    MxPlay { replies: [(point, replies.to_vec())].into(), ..play() }
}

#[tokio::test]
async fn any_command_is_answered_as_asked_and_one_time_after_the_other() {
    for (point, to) in [
        (Point::Greeting, "connect"),
        (Point::Ehlo, "ehlo"),
        (Point::Starttls, "starttls"),
        (Point::MailFrom, "mail-from"),
        (Point::RcptTo, "rcpt-to"),
        (Point::Data, "data"),
        (Point::EndOfData, "end-of-data"),
    ] {
        let (dialogue, _, arrived) = visited(replying(point, &[says("450-not\n450 now")])).await;
        let refused = dialogue.exchanges.iter().find(|e| e.to == to).unwrap().reply.seen().unwrap();
        assert_eq!((refused.code, refused.lines.len(), arrived.len()), (450, 2, 0), "{to}");
        let (dialogue, seen, arrived) = visited(replying(point, &[PlayedReply::Closes])).await;
        let closed = dialogue.exchanges.iter().find(|e| e.to == to).unwrap();
        assert!(closed.reply.seen().is_none(), "{to}");
        assert_eq!((seen.ended.as_str(), arrived.len()), ("closed by the host", 0), "{to}");
    }
    let host = MxHost::new(replying(Point::RcptTo, &[says("450 now"), says("250 then")])).unwrap();
    let replies: Vec<_> = (0..3).map(|_| host.played(Point::RcptTo)).collect();
    assert_eq!(replies, [Some(says("450 now")), Some(says("250 then")), Some(says("250 then"))]);
}

#[tokio::test]
async fn a_host_need_not_speak_tls_behind_its_220() {
    for (starttls, why) in [
        (StarttlsPlay::Cleartext, "the host goes on in cleartext"),
        (StarttlsPlay::Closed, "the host hung up before the handshake"),
        (StarttlsPlay::Garbage, "the host sent no TLS"),
    ] {
        let (dialogue, seen, arrived) = visited(MxPlay { starttls, ..play() }).await;
        assert!(matches!(&dialogue.handshake, Observed::Unobserved(said) if said.starts_with("the handshake failed")));
        assert_eq!((&seen.handshake, arrived.len()), (&Observed::Unobserved(why.to_owned()), 0));
    }
}

#[tokio::test]
async fn a_connection_that_is_still_open_is_told_and_so_is_its_rest() {
    let scene = Scene::of(play()).await;
    let mut client = scene.connect().await;
    assert_eq!(client.codes("EHLO x.example\r\n", 2).await, [220, 250]);
    assert!(!scene.host.quiet(Instant::now()).await);
    let (seen, _) = scene.host.take();
    assert_eq!((told(&seen[0]).len(), seen[0].ended.as_str()), (2, "still open"));
    assert!(scene.host.take().0.is_empty());
    assert_eq!(client.codes(format!("{ENVELOPE}DATA\r\n.\r\n"), 4).await, [250, 250, 354, 250]);
    let (seen, arrived) = scene.host.take();
    assert_eq!((told(&seen[0]).len(), seen[0].ended.as_str(), arrived.len()), (4, "still open", 1));
    assert_eq!(client.codes("QUIT\r\n", 1).await, [221]);
    // a farewell is no news
    assert!(scene.seen().await.0.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_the_farewell_has_quit_all_the_same() {
    let host = Arc::new(MxHost::new(play()).unwrap());
    let (near, far) = tokio::io::duplex(4096);
    let nobody = "0.0.0.0:0".parse().unwrap();
    let served = tokio::spawn(Arc::clone(&host).serve(Box::new(far), nobody, nobody));
    let mut client = Raw::new(Box::new(near));
    assert_eq!(client.reply().await.code, 220);
    client.say("QUIT\r\n").await;
    drop(client);
    served.await.unwrap();
    let seen = host.take().0.remove(0);
    assert_eq!((told(&seen)[1].as_str(), seen.ended.as_str()), ("quit `QUIT` 221", "quit"));
}

#[tokio::test]
async fn connections_are_told_in_the_order_in_which_they_were_opened() {
    let scene = Scene::of(play()).await;
    let (mut one, mut two) = (scene.connect().await, None);
    for name in ["one", "two"] {
        let client = if name == "one" { &mut one } else { two.insert(scene.connect().await) };
        assert_eq!(client.codes(format!("EHLO {name}.example\r\n"), 2).await, [220, 250]);
    }
    drop(two);
    drop(one);
    let (seen, _) = scene.seen().await;
    let names: Vec<&str> = seen.iter().map(|c| c.dialogue[1].sent.as_str()).collect();
    assert_eq!(names, ["EHLO one.example", "EHLO two.example"]);
}
