//! A dialogue that is written out: what the client sends, octet for octet, and the replies that it waits for.

use crate::Spanned;
use serde::Serialize;
use std::ops::Range;

/// A dialogue from the greeting to the end of the connection (RFC 5321 §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// One step of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Octets are sent. Those of neighbouring steps go out in one segment.
    Send(Sent),
    /// A reply is waited for, with this code (`250`, `2xx`, `*` for any) and, behind a space, text that it has in it. Another
    /// reply ends the dialogue.
    Await(Spanned<String>),
    /// The client goes on under TLS (RFC 3207 §4).
    Tls,
    /// The client closes the connection without QUIT.
    Close,
}

/// What one line of a dialogue sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The line as it is written.
    pub text: String,
    /// Its octets, with the line end if there is one.
    pub pieces: Vec<Piece>,
    /// For each reply that the server owes for this line what it answers, in the words of [`crate::Command`], or `octets`
    /// for anything that is no part of the transaction's own mail.
    pub answers: Vec<String>,
}

/// Octets, or what stands for some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// `{nonce}`: the mark of the message.
    Nonce,
    /// `{size}`: the number of octets of the message, in decimal (RFC 1870 §6, RFC 3030 §2).
    Size,
    /// `{message}`: the message as DATA wants it, with stuffed dots and the final one (RFC 5321 §4.5.2).
    Message,
    /// `{message:raw}`: the octets of the message and no more.
    RawMessage,
}

impl Sent {
    /// The octets for a message and its nonce.
    #[must_use]
    pub fn octets(&self, nonce: &str, message: &[u8]) -> Vec<u8> {
        let piece = |piece: &Piece| match piece {
            Piece::Octets(octets) => octets.clone(),
            Piece::Nonce => nonce.as_bytes().to_vec(),
            Piece::Size => message.len().to_string().into_bytes(),
            Piece::Message => dot_stuffed(message),
            Piece::RawMessage => message.to_vec(),
        };
        self.pieces.iter().flat_map(piece).collect()
    }
}

/// The message with a second dot before each that begins a line, a line end, and the line with a single dot.
fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 5);
    let mut begins = true;
    for octet in message {
        if begins && *octet == b'.' {
            out.push(b'.');
        }
        out.push(*octet);
        begins = out.ends_with(b"\r\n");
    }
    out.extend_from_slice(if begins { b".\r\n" } else { b"\r\n.\r\n" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_stuffed_and_ended_once() {
        assert_eq!(dot_stuffed(b".a\r\n..b\nc\n.d\r\n"), b"..a\r\n...b\nc\n.d\r\n.\r\n");
        assert_eq!((dot_stuffed(b""), dot_stuffed(b"x")), (b".\r\n".to_vec(), b"x\r\n.\r\n".to_vec()));
    }

    #[test]
    fn pieces_become_octets() {
        let pieces =
            vec![Piece::Octets(b"BDAT ".to_vec()), Piece::Size, Piece::Octets(b" \xff\r\n".to_vec()), Piece::Nonce];
        let sent = Sent { text: String::new(), pieces, answers: Vec::new() };
        assert_eq!(sent.octets("n1", b"four"), b"BDAT 4 \xff\r\nn1");
    }
}
