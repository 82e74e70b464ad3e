//! Clients that do no mail: each ends, within bounded time and memory.

use super::*;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));

/// A host that loses patience after so many milliseconds: with a line, and with a connection.
fn impatient(wire: Interference, line: u64, connection: u64) -> MxHost {
    let mut host = MxHost::new(MxPlay { wire, ..play() }).unwrap();
    host.limits.line = Duration::from_millis(line);
    host.limits.connection = Duration::from_millis(connection);
    host
}

#[tokio::test]
async fn lines_without_end_and_half_lines_end_the_connection() {
    let endless = vec![b'x'; 100_000];
    for wire in [Interference::None, Interference::StripStarttls] {
        let scene = Scene::of(MxPlay { wire, ..play() }).await;
        for (said, ended) in [
            (&endless[..], "the client sent a line without end"),
            (b"EHLO", "closed by the client"),
            (b"", "closed by the client"),
            (b"\xff\xfe\r\n\0\r\n\r\n", "closed by the client"),
        ] {
            let mut client = scene.connect().await;
            // the host may close before all is said
            let _ = client.stream.write_all(said).await;
            let _ = client.stream.shutdown().await;
            client.rest().await;
            let (seen, arrived) = scene.seen().await;
            assert_eq!((seen[0].ended.as_str(), arrived.len()), (ended, 0), "{wire:?}");
        }
    }
}

#[tokio::test]
async fn silence_ends_wherever_it_begins() {
    for wire in [Interference::None, Interference::StripStarttls] {
        for said in
            ["", "EHLO x.example\r\nMA", "EHLO x.example\r\n", &format!("HELO x\r\n{ENVELOPE}DATA\r\nSubject: x\r\n")]
        {
            let scene = Scene::new(impatient(wire, 300, 20_000)).await;
            let mut client = scene.connect().await;
            // on a slow machine the host may have gone already
            let _ = client.stream.write_all(said.as_bytes()).await;
            client.rest().await;
            let (seen, arrived) = scene.seen().await;
            assert_eq!((seen[0].ended.as_str(), arrived.len()), ("the client was silent", 0), "{wire:?} {said}");
        }
    }
}

#[tokio::test]
async fn who_does_not_listen_is_not_talked_to_for_ever() {
    let host = Arc::new(impatient(Interference::None, 300, 20_000));
    let (_client, far) = tokio::io::duplex(8);
    Arc::clone(&host).serve(Box::new(far), NOBODY, NOBODY).await;
    assert_eq!(host.take().0[0].ended, "the client did not listen");
}

#[tokio::test]
async fn a_connection_that_is_kept_busy_ends_too() {
    for wire in [Interference::None, Interference::StripStarttls] {
        let scene = Scene::new(impatient(wire, 20_000, 500)).await;
        let mut client = scene.connect().await;
        let _ = client.stream.write_all(format!("HELO x.example\r\n{ENVELOPE}DATA\r\n").as_bytes()).await;
        while client.stream.write_all(b"and on\r\n").await.is_ok() {}
        let (seen, arrived) = scene.seen().await;
        assert_eq!((seen[0].ended.as_str(), arrived.len()), ("the connection lasted too long", 0), "{wire:?}");
    }
}

#[tokio::test]
async fn commands_come_to_an_end() {
    for (command, most) in [("NOOP\r\n".to_owned(), 2001), (format!("NOOP {}\r\n", "x".repeat(4000)), 34)] {
        let scene = Scene::of(play()).await;
        let client = scene.connect().await;
        let (mut hears, mut says) = tokio::io::split(client.stream);
        let flood = async { while says.write_all(command.as_bytes()).await.is_ok() {} };
        let mut heard = Vec::new();
        // what is unread when the host closes makes an error of the end
        let _ = tokio::join!(hears.read_to_end(&mut heard), flood);
        let seen = scene.only_one().await;
        assert_eq!(seen.ended, "closed by the host");
        assert_eq!(seen.dialogue.last().unwrap().reply.seen().unwrap().code, 421);
        assert!(seen.dialogue.len() <= most + 1, "{}", seen.dialogue.len());
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_and_the_next_one_taken() {
    let mut host = MxHost::new(play()).unwrap();
    host.limits.message = 100_000;
    let scene = Scene::new(host).await;
    let mut client = scene.connect().await;
    assert_eq!(client.codes(format!("EHLO x.example\r\n{ENVELOPE}DATA\r\n"), 5).await, [220, 250, 250, 250, 354]);
    // one line without end, and then one more
    client.say(&vec![b'x'; 300_000]).await;
    assert_eq!(client.codes("\r\n.\r\n", 1).await, [552]);
    assert_eq!(client.codes("MAIL FROM:<a@x.example> SIZE=100001\r\n", 1).await, [552]);
    let exact = [&b"x".repeat(99_998)[..], b"\r\n.\r\nQUIT\r\n"].concat();
    assert_eq!(client.codes(format!("{ENVELOPE}DATA\r\n"), 3).await, [250, 250, 354]);
    assert_eq!(client.codes(exact, 2).await, [250, 221]);
    assert_eq!(scene.seen().await.1.len(), 1);
}

#[tokio::test]
async fn messages_beyond_the_room_wait_outside() {
    let mut host = MxHost::new(play()).unwrap();
    host.spool = spool::Spool::of(250_000);
    let scene = Scene::new(host).await;
    let mut client = scene.connect().await;
    let message = [&vec![b'x'; 100_000][..], b"\r\n.\r\n"].concat();
    assert_eq!(client.codes("EHLO x.example\r\n", 2).await, [220, 250]);
    for (code, taken) in [(250, 0), (250, 0), (452, 2), (250, 1)] {
        assert_eq!(client.codes(format!("{ENVELOPE}DATA\r\n"), 3).await, [250, 250, 354]);
        assert_eq!(client.codes(&message, 1).await, [code]);
        if taken > 0 {
            assert_eq!(scene.host.take().1.len(), taken);
        }
    }
}

#[tokio::test]
async fn connections_beyond_the_room_are_closed_until_the_others_are_fetched() {
    let host = Arc::new(MxHost::new(play()).unwrap());
    let gone = async || {
        let (near, far) = tokio::io::duplex(64);
        drop(near);
        Arc::clone(&host).serve(Box::new(far), NOBODY, NOBODY).await;
    };
    for _ in 0..600 {
        gone().await;
    }
    assert_eq!(host.take().0.len(), 500);
    gone().await;
    assert_eq!(host.take().0.len(), 1);
}
