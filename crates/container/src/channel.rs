//! One resident program per container that runs commands there: an `exec` of the engine costs about a tenth of a second of
//! processor, a command over this channel a few milliseconds. Words, output and exit codes travel in frames with lengths, so nothing
//! that a command says is ever read as anything else.

use crate::{
    Stream,
    bollard::{container::LogOutput, errors::Error},
};
use futures_util::{StreamExt, stream::BoxStream};
use std::{collections::HashMap, pin::Pin};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
};

/// What is executed in the container. Perl is in every Debian.
pub(crate) const RESIDENT: [&str; 3] = ["perl", "-e", include_str!("resident.pl")];

/// Octets before the payload of an answer: request, kind, length.
const HEAD: usize = 9;
/// Octets of the resident program's own last words that an error shows.
const LAST_WORDS: usize = 1000;

/// What is heard of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heard<'a> {
    /// A piece of its output.
    Piece(Stream, &'a [u8]),
    /// There is no more.
    End,
}

/// Takes what is heard of a command.
pub(crate) type Listener = Box<dyn FnMut(Heard<'_>) + Send>;

/// How far a command is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// Its exit code, once it has ended.
    pub(crate) code: Option<i64>,
    /// Whether all of its output was heard.
    pub(crate) is_read: bool,
}

/// The harness's end. The resident program ends when this is dropped and no command runs.
#[derive(Debug)]
pub(crate) struct Channel {
    asks: mpsc::UnboundedSender<(Vec<u8>, Call)>,
    last_words: watch::Receiver<String>,
}

struct Call {
    listener: Listener,
    progress: watch::Sender<Progress>,
}

impl Channel {
    /// Over the output and the input of [`RESIDENT`], which was started.
    pub(crate) fn over(
        output: BoxStream<'static, Result<LogOutput, Error>>,
        input: Pin<Box<dyn AsyncWrite + Send>>,
    ) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        let (last, last_words) = watch::channel(String::new());
        tokio::spawn(speak(output, input, asked, last));
        Self { asks, last_words }
    }

    /// Starts a command; none if the resident program has ended. When it ends before the command did, the sender of the
    /// command's progress is gone.
    pub(crate) fn start(&self, command: &[&str], listener: Listener) -> Option<watch::Receiver<Progress>> {
        let (progress, seen) = watch::channel(Progress::default());
        self.asks.send((command.join("\0").into_bytes(), Call { listener, progress })).ok()?;
        Some(seen)
    }

    /// Whether the resident program has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.asks.is_closed()
    }

    /// What the resident program itself said on standard error.
    pub(crate) fn last_words(&self) -> watch::Receiver<String> {
        self.last_words.clone()
    }
}

/// Speaks with the resident program until it ends, or nobody wants anything of it any more.
async fn speak(
    mut output: BoxStream<'static, Result<LogOutput, Error>>,
    mut input: Pin<Box<dyn AsyncWrite + Send>>,
    mut asked: mpsc::UnboundedReceiver<(Vec<u8>, Call)>,
    last_words: watch::Sender<String>,
) {
    let (writes, mut to_write) = mpsc::unbounded_channel::<Vec<u8>>();
    // apart, so that a program which waits until it is heard still gets what is said to it
    tokio::spawn(async move {
        while let Some(octets) = to_write.recv().await {
            // that nobody reads is heard by the other half
            if input.write_all(&octets).await.is_err() || input.flush().await.is_err() {
                return;
            }
        }
        let _ = input.shutdown().await;
    });
    let mut calls: HashMap<u32, Call> = HashMap::new();
    let mut next = 0_u32;
    let mut heard: Vec<u8> = Vec::new();
    let mut is_wanted = true;
    while is_wanted || !calls.is_empty() {
        tokio::select! {
            ask = asked.recv(), if is_wanted => match ask {
                Some((words, call)) => {
                    next = next.wrapping_add(1);
                    calls.insert(next, call);
                    // as above
                    let _ = writes.send(request(next, &words));
                }
                None => is_wanted = false,
            },
            piece = output.next() => match piece {
                Some(Ok(LogOutput::StdErr { message })) => last_words.send_modify(|words| {
                    let text = String::from_utf8_lossy(&message);
                    words.extend(text.chars().take(LAST_WORDS.saturating_sub(words.len())));
                }),
                Some(Ok(piece)) => {
                    heard.extend_from_slice(&piece.into_bytes());
                    answers(&mut heard, &mut calls);
                }
                Some(Err(_)) | None => return,
            },
        }
    }
}

fn request(id: u32, words: &[u8]) -> Vec<u8> {
    let length = u32::try_from(words.len()).expect("a command has less than 4 GiB");
    [&id.to_be_bytes()[..], &length.to_be_bytes()[..], words].concat()
}

/// Gives all whole answers to those whom they are for.
fn answers(heard: &mut Vec<u8>, calls: &mut HashMap<u32, Call>) {
    let mut at = 0;
    while let Some((id, kind, payload)) = answer(&heard[at..]) {
        at += HEAD + payload.len();
        let Some(call) = calls.get_mut(&id) else { continue };
        match kind {
            1 => (call.listener)(Heard::Piece(Stream::Out, payload)),
            2 => (call.listener)(Heard::Piece(Stream::Err, payload)),
            3 => {
                let code = std::str::from_utf8(payload).ok().and_then(|code| code.parse().ok());
                call.progress.send_modify(|now| now.code = code);
            }
            _ => {
                (call.listener)(Heard::End);
                call.progress.send_modify(|now| now.is_read = true);
            }
        }
        let now = *call.progress.borrow();
        if now.code.is_some() && now.is_read {
            calls.remove(&id);
        }
    }
    heard.drain(..at);
}

/// The first answer, if it is whole.
fn answer(heard: &[u8]) -> Option<(u32, u8, &[u8])> {
    let (head, rest) = heard.split_at_checked(HEAD)?;
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = usize::try_from(number(5)).ok()?;
    Some((number(0), head[4], rest.get(..length)?))
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("progress", &self.progress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::{Arc, Mutex};

    fn frame(id: u32, kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&id.to_be_bytes()[..], &[kind], &length[..], payload].concat()
    }

    proptest! {
        #[test]
        fn however_answers_are_cut_and_whatever_is_in_them_each_command_gets_its_own(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..8),
            size in 1usize..40,
        ) {
            let (mut calls, mut kept) = (HashMap::new(), Vec::new());
            for id in 0..2 {
                let got = Arc::new(Mutex::new(Vec::new()));
                let to = Arc::clone(&got);
                let listener: Listener = Box::new(move |heard| if let Heard::Piece(_, piece) = heard {
                    to.lock().unwrap().extend_from_slice(piece);
                });
                let (progress, seen) = watch::channel(Progress::default());
                calls.insert(id, Call { listener, progress });
                kept.push((got, seen));
            }
            let said: Vec<u8> = payloads.iter().zip([0, 1].into_iter().cycle()).flat_map(|(p, id)| frame(id, 1, p)).collect();
            let said = [said, frame(0, 3, b"137"), frame(0, 4, b"")].concat();
            let mut heard = Vec::new();
            for piece in said.chunks(size) {
                heard.extend_from_slice(piece);
                answers(&mut heard, &mut calls);
            }
            for (id, (got, _)) in kept.iter().enumerate() {
                let own: Vec<u8> = payloads.iter().skip(id).step_by(2).flatten().copied().collect();
                prop_assert_eq!(&*got.lock().unwrap(), &own);
            }
            prop_assert_eq!(kept[0].1.borrow().code, Some(137));
            prop_assert!(heard.is_empty() && calls.len() == 1, "only the other one runs on");
        }
    }
}
