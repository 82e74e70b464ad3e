//! Somebody on the way between a client and a server of SMTP, who meddles with what they say in cleartext.

use crate::Stream;
use mail::Reply;
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// A line is passed on in pieces of so many octets.
const PIECE: usize = 4096;
/// The longest reply that is passed on, in octets.
const REPLY: usize = 64 * 1024;
/// What the client gets for STARTTLS.
const REFUSAL: &[u8] = b"502 5.5.1 no such command\r\n";

/// Takes STARTTLS out of replies to EHLO, and refuses the command, so that the server never hears of it (RFC 3207 §6).
/// Everything else is passed on, one command after the other, until either end closes.
///
/// # Errors
/// An end broke off, or the server said something that is no reply.
pub(crate) async fn strip_starttls(client: impl Stream, server: impl Stream) -> io::Result<()> {
    let (mut client, mut server) = (BufReader::new(client), BufReader::new(server));
    pass_reply(&mut server, &mut client, false).await?;
    let mut command = Vec::new();
    loop {
        let mut limited = (&mut client).take((PIECE - command.len()) as u64);
        tokio::select! {
            // a line that was read in part is gone on with
            read = limited.read_until(b'\n', &mut command) => if read? == 0 { return Ok(()) },
            // the server says something unasked, or closes
            unasked = server.fill_buf() => {
                if unasked?.is_empty() { return Ok(()) }
                pass_reply(&mut server, &mut client, false).await?;
                continue;
            }
        }
        let verb = command.split(u8::is_ascii_whitespace).next().unwrap_or_default().to_ascii_uppercase();
        if verb == b"STARTTLS" {
            client.write_all(REFUSAL).await?;
            client.flush().await?;
        } else {
            server.write_all(&command).await?;
            server.flush().await?;
            // of a line without end the server makes what it likes
            if command.ends_with(b"\n") {
                let code = pass_reply(&mut server, &mut client, verb == b"EHLO").await?;
                if verb == b"DATA" && code == 354 && pass_message(&mut client, &mut server).await? {
                    pass_reply(&mut server, &mut client, false).await?;
                }
            }
        }
        command.clear();
    }
}

/// Passes a reply on, and gives its code.
async fn pass_reply(
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    is_stripped: bool,
) -> io::Result<u16> {
    let mut lines: Vec<String> = Vec::new();
    let mut spool = REPLY;
    loop {
        let mut line = Vec::new();
        let count = from.take(spool as u64).read_until(b'\n', &mut line).await?;
        spool -= count;
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !line.ends_with(b"\n") || text.len() < 3 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no whole reply"));
        }
        let is_last = text.as_bytes().get(3) != Some(&b'-');
        lines.push(text);
        if is_last {
            break;
        }
    }
    if is_stripped {
        strip(&mut lines);
    }
    let reply = lines.join("\r\n");
    to.write_all(format!("{reply}\r\n").as_bytes()).await?;
    to.flush().await?;
    Ok(reply.parse::<Reply>().map_or(0, |reply| reply.code))
}

/// Takes the keyword out (RFC 5321 §4.1.1.1: the first line has none); the line that is last then says so.
fn strip(lines: &mut Vec<String>) {
    let mut at = 0;
    lines.retain(|line| {
        at += 1;
        let keyword = line.get(4..).and_then(|text| text.split_whitespace().next()).unwrap_or_default();
        at == 1 || !keyword.eq_ignore_ascii_case("STARTTLS")
    });
    if let Some(last) = lines.last_mut().filter(|last| last.as_bytes().get(3) == Some(&b'-')) {
        last.replace_range(3..4, " ");
    }
}

/// Passes a message on up to its final dot; false: the server did not wait for it.
async fn pass_message(client: &mut BufReader<impl Stream>, server: &mut BufReader<impl Stream>) -> io::Result<bool> {
    let mut piece = Vec::new();
    let (mut begins, mut ends_with_cr) = (true, false);
    loop {
        let mut limited = (&mut *client).take((PIECE - piece.len()) as u64);
        tokio::select! {
            read = limited.read_until(b'\n', &mut piece) => if read? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            },
            unasked = server.fill_buf() => {
                unasked?;
                return Ok(false);
            }
        }
        server.write_all(&piece).await?;
        if begins && piece == b".\r\n" {
            server.flush().await?;
            return Ok(true);
        }
        begins = piece.ends_with(b"\r\n") || ends_with_cr && piece == b"\n";
        ends_with_cr = piece.ends_with(b"\r");
        piece.clear();
    }
}
