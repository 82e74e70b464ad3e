//! Dialogues that are written out, with servers that are played.

use super::super::{
    converse,
    tests::{job, told},
};
use crate::{Job, peers::script};
use evidence::Observed;
use mail::Nonce;
use plan::{Piece, Sent, Spanned, Step, Transcript};

fn send(text: &str, answers: &[&str]) -> Step {
    let octets = Piece::Octets(format!("{text}\r\n").into_bytes());
    let pieces = if text == "{message}" { vec![Piece::Message] } else { vec![octets] };
    Step::Send(Sent { text: text.to_owned(), pieces, answers: answers.iter().map(|to| (*to).to_owned()).collect() })
}

fn awaits(reply: &str) -> Step {
    Step::Await(Spanned { value: reply.to_owned(), span: 0..0 })
}

async fn played(replies: &'static [&'static str], steps: Vec<Step>) -> (crate::Dialogue, String) {
    let (route, server) = script(replies).await;
    let transcript = Transcript { steps, span: 0..0 };
    let message = b".dot\r\n".to_vec();
    let job = Job { script: Some((transcript, Nonce::from_number(1))), message, ..job(route) };
    let dialogue = converse(job).await.unwrap();
    (dialogue, server.await.unwrap())
}

#[tokio::test]
async fn only_what_is_written_is_said_and_each_reply_has_its_command() {
    let steps = vec![
        awaits("220"),
        send("HELO x", &["ehlo"]),
        awaits("2xx"),
        send("VRFY root", &["octets"]),
        awaits("*"),
        send("MAIL FROM:<>", &["mail-from"]),
        awaits("250 2.1.0"),
        send("DATA", &["data"]),
        awaits("354"),
        send("{message}", &["end-of-data"]),
        awaits("250"),
    ];
    const REPLIES: &[&str] =
        &["220 mx", "250 mx", "252 who knows", "250 2.1.0 ok", "354 go", "250 queued\r\n250 smuggled", "221 bye"];
    let (dialogue, heard) = played(REPLIES, steps).await;
    let seen = ["connect 220", "ehlo 250", "octets 252", "mail-from 250", "data 354", "end-of-data 250"];
    assert_eq!(told(&dialogue)[..6], seen);
    assert_eq!(told(&dialogue)[6..], ["unexpected 250", "quit 221"]);
    assert_eq!(dialogue.exchanges[5].sent, "{message}");
    assert_eq!(heard, "HELO x\r\nVRFY root\r\nMAIL FROM:<>\r\nDATA\r\n..dot\r\n.\r\nQUIT\r\n");
    assert!(dialogue.exchanges.iter().all(|exchange| exchange.is_as_awaited() == Some(true)));
}

#[tokio::test]
async fn another_reply_ends_it() {
    let steps = vec![awaits("220"), send("EHLO x", &["ehlo"]), awaits("250 never"), send("NOOP", &["octets"])];
    let (dialogue, heard) = played(&["220 mx", "250 mx"], steps).await;
    assert_eq!(
        (told(&dialogue), heard.as_str()),
        (vec!["connect 220".to_owned(), "ehlo 250".to_owned()], "EHLO x\r\n")
    );
    assert_eq!(dialogue.exchanges[1].is_as_awaited(), Some(false));
}

#[tokio::test]
async fn behind_a_refused_data_nothing_is_the_end_of_it() {
    let steps = vec![
        awaits("220"),
        send("DATA", &["data"]),
        send("{message}", &["end-of-data"]),
        awaits("*"),
        awaits("*"),
        Step::Close,
    ];
    let (dialogue, _) = played(&["220 mx", "503 no\r\n500 what"], steps).await;
    assert_eq!(told(&dialogue), ["connect 220", "data 503", "octets 500"]);
    assert!(matches!(dialogue.handshake, Observed::Unobserved(_)));
}
