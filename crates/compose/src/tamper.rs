//! What is done to a message after it was signed.

use crate::{ComposeError, RawMessage, crlf, lines, with_nonce};
use mail::Nonce;
use plan::{Octets, Tamper};

/// Does one change. `{nonce}` stands for the nonce; unless `exact`, line ends become CRLF.
pub(crate) fn apply(
    mut message: Vec<u8>,
    change: &Tamper,
    exact: bool,
    nonce: &Nonce,
) -> Result<Vec<u8>, ComposeError> {
    let octets = |text: &Octets| {
        let text = with_nonce(text, nonce);
        if exact { text } else { crlf(&text) }
    };
    match change {
        Tamper::AppendBody(text) => {
            if RawMessage::of(&message).rest.is_empty() {
                message = lines(&message);
                message.extend(b"\r\n");
            }
            message.extend(if exact { octets(text) } else { lines(&octets(text)) });
        }
        Tamper::PrependHeader(field) => {
            message.splice(..0, whole(octets(field)));
        }
        Tamper::SetHeader { name, value } => {
            let (start, end, written) = place(&message, name)?;
            let mut field = [written.as_slice(), b": "].concat();
            field.extend(octets(value));
            message.splice(start..end, whole(field));
        }
        Tamper::RemoveHeader(name) => {
            let (start, end, _) = place(&message, name)?;
            message.drain(start..end);
        }
        Tamper::Replace { find, with } => {
            let (old, new) = (octets(find), octets(with));
            let nothing = || ComposeError::NothingToReplace { find: find.to_string() };
            let at = message.windows(old.len().max(1)).position(|w| w == old).ok_or_else(nothing)?;
            message.splice(at..at + old.len(), new);
        }
    }
    Ok(message)
}

/// Start, end and written name of the first field of this name.
fn place(message: &[u8], name: &str) -> Result<(usize, usize, Vec<u8>), ComposeError> {
    let mut start = 0;
    for field in RawMessage::of(message).fields {
        let end = start + field.octets.len();
        if field.is(name) {
            return Ok((start, end, field.name.to_vec()));
        }
        start = end;
    }
    Err(ComposeError::NoField { name: name.to_owned() })
}

/// A field with a line end.
fn whole(mut field: Vec<u8>) -> Vec<u8> {
    if !field.ends_with(b"\n") {
        field.extend(b"\r\n");
    }
    field
}
