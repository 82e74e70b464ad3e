//! A stream that remembers the replies heard on it, so that a client which hides them can be used all the same.

use crate::{BoxStream, reply::ReplyReader};
use evidence::Observed;
use mail::Reply;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, timeout_at},
};

/// A stream and what was heard on it.
#[derive(Debug)]
pub(crate) struct Recorder {
    inner: BoxStream,
    heard: ReplyReader,
    /// Why nothing more will be heard.
    ended: Option<String>,
}

impl Recorder {
    pub(crate) fn new(inner: BoxStream) -> Self {
        Self { inner, heard: ReplyReader::default(), ended: None }
    }

    /// Takes the stream out, for TLS; nothing more is heard until [`Self::put`]. What was heard and not taken is
    /// dropped: nothing said in cleartext counts after STARTTLS (RFC 3207 §6).
    pub(crate) fn take(&mut self) -> BoxStream {
        self.heard = ReplyReader::default();
        std::mem::replace(&mut self.inner, Box::new(tokio::io::empty()))
    }

    /// Puts a stream in the place of the one that was taken.
    pub(crate) fn put(&mut self, inner: BoxStream) {
        self.inner = inner;
    }

    /// A reply that has arrived already, whole.
    pub(crate) fn ready(&mut self) -> Option<Reply> {
        self.heard.next().ok().flatten()
    }

    /// The next reply; waits for it. `limit` is the deadline in words.
    pub(crate) async fn reply(&mut self, deadline: Instant, limit: &str) -> Observed<Reply> {
        let mut piece = [0; 4096];
        loop {
            let why = match self.heard.next() {
                Ok(Some(reply)) => return Observed::Seen(reply),
                Err(reason) => return Observed::Unobserved(reason),
                Ok(None) => match self.ended.clone() {
                    Some(reason) => reason,
                    // what is read is heard, and an end is noted, by `poll_read`
                    None if timeout_at(deadline, self.read(&mut piece)).await.is_ok() => continue,
                    None => format!("no reply within {limit}"),
                },
            };
            let part =
                if self.heard.is_empty() { String::new() } else { format!(", after {}", self.heard.beginning()) };
            return Observed::Unobserved(format!("{why}{part}"));
        }
    }
}

/// One word for all ways in which a connection goes: which of them is seen depends on the moment.
fn end(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof => CLOSED.to_owned(),
        _ => format!("the connection broke: {error}"),
    }
}

const CLOSED: &str = "the server closed the connection";

impl AsyncRead for Recorder {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        let heard = &buf.filled()[before..];
        match &result {
            Ok(()) if heard.is_empty() && buf.remaining() > 0 => self.ended = Some(CLOSED.to_owned()),
            Ok(()) => self.heard.push(heard),
            Err(error) => self.ended = Some(end(error)),
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
