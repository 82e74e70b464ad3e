//! What an MTA that the harness plays says on one connection.

use super::{
    hello::Heard,
    keys::{alert, ending},
    mx::{Envelope, MxHost},
    spool::SpoolPermit,
    visits::Visit,
};
use crate::BoxStream;
use mail::Reply;
use plan::{Interference, PlayedReply, Point, StarttlsPlay};
use std::{convert::Infallible, io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

/// The longest command line, in octets; RFC 5321 §4.5.3.1.4 asks for 512.
const LINE: usize = 4096;
/// Recipients of one message (RFC 5321 §4.5.3.1.8).
const RECIPIENTS: usize = 1000;
/// Commands of one connection, and their octets.
const COMMANDS: usize = 2000;
const SAID: usize = 128 * 1024;

/// No record of TLS, no reply, no text.
const GARBAGE: [u8; 32] = [0xee; 32];

/// One connection, as the host speaks on it.
pub(super) struct Session<'a> {
    host: &'a MxHost,
    client: BufReader<BoxStream>,
    visit: &'a Visit,
    envelope: Option<Envelope>,
    is_greeted: bool,
    is_protected: bool,
    /// Whether the last command that was known is AUTH: then what is not known may be a secret.
    is_after_auth: bool,
}

/// How a connection ends.
struct End(String);

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self(ending(&error))
    }
}

/// What came behind DATA.
enum Data {
    Whole(Vec<u8>, SpoolPermit),
    /// It is dropped, and this is the reply.
    Dropped(&'static str),
}

impl<'a> Session<'a> {
    pub(super) fn new(host: &'a MxHost, client: BoxStream, visit: &'a Visit) -> Self {
        let client = BufReader::new(client);
        Self { host, client, visit, envelope: None, is_greeted: false, is_protected: false, is_after_auth: false }
    }

    /// Speaks until the connection ends, and tells how it ended.
    pub(super) async fn run(mut self) -> String {
        let Err(End(how)) = self.converse().await;
        how
    }

    async fn converse(&mut self) -> Result<Infallible, End> {
        self.say_at(Point::Greeting, "connect", "", &format!("220 {} ESMTP", self.host.name)).await?;
        let mut said = 0;
        for _ in 0..COMMANDS {
            let line = self.line().await?;
            said += line.len();
            if said > SAID {
                break;
            }
            let line = String::from_utf8_lossy(&line);
            self.obey(line.trim_end_matches(['\r', '\n'])).await?;
        }
        self.say("octets", "", "421 4.7.0 too many commands").await?;
        Err(End("closed by the host".to_owned()))
    }

    async fn obey(&mut self, command: &str) -> Result<(), End> {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (verb, rest) = (verb.trim_end().to_ascii_uppercase(), rest.trim());
        let was_after_auth = std::mem::replace(&mut self.is_after_auth, verb == "AUTH");
        match verb.as_str() {
            "EHLO" | "HELO" => self.hello(command, &verb, rest).await,
            "STARTTLS" => self.starttls(command, rest).await,
            // only the mechanism is told (RFC 4954 §4)
            "AUTH" => {
                let told = command.split(' ').take(2).collect::<Vec<_>>().join(" ");
                self.say("auth", &told, "502 5.5.1 no such command").await
            }
            "MAIL" => {
                let own = self.mail(rest);
                if !self.say_at(Point::MailFrom, "mail-from", command, own).await? && own.starts_with('2') {
                    self.envelope = None;
                }
                Ok(())
            }
            "RCPT" => {
                let own = self.rcpt(rest);
                let is_taken = self.say_at(Point::RcptTo, "rcpt-to", command, own).await?;
                if let (Some(envelope), true) = (&mut self.envelope, !is_taken && own.starts_with('2')) {
                    envelope.rcpt_to.pop();
                }
                Ok(())
            }
            "DATA" => self.message(command).await,
            "RSET" => {
                self.envelope = None;
                self.say_at(Point::Rset, "octets", command, "250 2.0.0 ok").await.map(drop)
            }
            "NOOP" => self.say("octets", command, "250 2.0.0 ok").await,
            "QUIT" => {
                // many a client does not wait for this; how far it gets is chance
                let _ = self.say_at(Point::Quit, "quit", command, "221 2.0.0 bye").await;
                Err(End("quit".to_owned()))
            }
            _ => {
                self.is_after_auth = was_after_auth;
                self.say("octets", if was_after_auth { "" } else { command }, "500 5.5.1 what?").await
            }
        }
    }

    async fn hello(&mut self, command: &str, verb: &str, rest: &str) -> Result<(), End> {
        let (name, size) = (&self.host.name, self.host.limits.message);
        let reply = match (rest, verb) {
            ("", _) => "501 5.5.4 and who are you?".to_owned(),
            (_, "HELO") => format!("250 {name}"),
            _ => {
                let offers = self.host.starttls != StarttlsPlay::Absent && !self.is_protected;
                let starttls = if offers { "250-STARTTLS\r\n" } else { "" };
                format!("250-{name}\r\n250-PIPELINING\r\n250-SIZE {size}\r\n{starttls}250-8BITMIME\r\n250 SMTPUTF8")
            }
        };
        let point = if verb == "EHLO" { Point::Ehlo } else { Point::Helo };
        if self.say_at(point, "ehlo", command, &reply).await? {
            (self.is_greeted, self.envelope) = (true, None);
        }
        Ok(())
    }

    async fn starttls(&mut self, command: &str, rest: &str) -> Result<(), End> {
        let injected = match self.host.starttls {
            _ if self.is_protected => return self.say("starttls", command, "503 5.5.1 there is TLS already").await,
            _ if !rest.is_empty() => return self.say("starttls", command, "501 5.5.4 no parameters, please").await,
            StarttlsPlay::Absent => {
                self.visit.without_tls("the host does not know STARTTLS");
                return self.say("starttls", command, "502 5.5.1 no such command").await;
            }
            StarttlsPlay::Refused(code) => {
                self.visit.without_tls("the host refused STARTTLS");
                let status = if code / 100 == 4 { "4.7.0" } else { "5.7.0" };
                return self.say("starttls", command, &format!("{code} {status} no TLS now")).await;
            }
            StarttlsPlay::Injected => Some("250 2.0.0 injected"),
            StarttlsPlay::Offered | StarttlsPlay::Cleartext | StarttlsPlay::Closed | StarttlsPlay::Garbage => None,
        };
        let played = self.said_at(Point::Starttls)?;
        let reply = played.as_deref().unwrap_or("220 2.0.0 go ahead");
        self.answer("starttls", command, reply, injected).await?;
        if !reply.starts_with("220") {
            self.visit.without_tls("the host refused STARTTLS");
            return Ok(());
        }
        let why = match self.host.starttls {
            StarttlsPlay::Cleartext => Some(("the host goes on in cleartext", b"500 5.5.1 what?\r\n".as_slice())),
            StarttlsPlay::Closed => Some(("the host hung up before the handshake", b"".as_slice())),
            StarttlsPlay::Garbage => Some(("the host sent no TLS", GARBAGE.as_slice())),
            _ => None,
        };
        if let Some((why, octets)) = why {
            self.visit.without_tls(why);
            return self.no_handshake(octets).await;
        }
        // what the client said before the handshake is dropped with the buffer (RFC 3207 §6)
        let client = std::mem::replace(&mut self.client, BufReader::new(Box::new(tokio::io::empty())));
        let heard = Heard::default();
        self.visit.shakes(&heard);
        let shaken = match self.host.tls.accept(client.into_inner(), &heard).await {
            Ok((stream, handshake)) => kept(stream, self.host.limits.line).await.map(|client| (client, handshake)),
            Err(why) => Err(why),
        };
        self.visit.shook(shaken.as_ref().map(|(_, handshake)| handshake).map_err(String::as_str));
        let (client, _) = shaken.map_err(|_| End("the handshake failed".to_owned()))?;
        self.client = client;
        // RFC 3207 §4.2
        (self.is_protected, self.is_greeted, self.envelope) = (true, false, None);
        Ok(())
    }

    /// Waits for the beginning of a handshake, sends what is none, and lets the client go.
    async fn no_handshake(&mut self, octets: &[u8]) -> Result<(), End> {
        let limit = self.host.limits.line;
        let silent = || End("the client was silent".to_owned());
        let begun = timeout(limit, self.client.fill_buf()).await.map_err(|_| silent())??.len();
        self.client.consume(begun);
        let written = async {
            self.client.write_all(octets).await?;
            self.client.shutdown().await
        };
        timeout(limit, written).await.map_err(|_| silent())??;
        // unread octets would turn the end of the connection into a reset
        let mut rest = (&mut self.client).take(SAID as u64);
        let _ = timeout(limit, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
        Err(End("closed by the host".to_owned()))
    }

    fn mail(&mut self, rest: &str) -> &'static str {
        if self.envelope.is_some() || !self.is_greeted {
            return "503 5.5.1 bad sequence of commands";
        }
        let Some((path, parameters)) = path(rest, "FROM:") else { return "501 5.5.4 no reverse-path" };
        // RFC 1870 §6.1
        let size =
            parameters.split(' ').filter_map(|p| p.split_once('=')).find(|(n, _)| n.eq_ignore_ascii_case("SIZE"));
        if size.and_then(|(_, size)| size.parse::<usize>().ok()).is_some_and(|size| size > self.host.limits.message) {
            return "552 5.3.4 too large";
        }
        self.envelope = Some(Envelope { mail_from: path.to_owned(), rcpt_to: Vec::new() });
        "250 2.1.0 ok"
    }

    fn rcpt(&mut self, rest: &str) -> &'static str {
        let Some(envelope) = &mut self.envelope else { return "503 5.5.1 bad sequence of commands" };
        match path(rest, "TO:") {
            None | Some(("", _)) => "501 5.5.4 no forward-path",
            Some(_) if envelope.rcpt_to.len() >= RECIPIENTS => "452 4.5.3 too many recipients",
            Some((path, _)) => {
                envelope.rcpt_to.push(path.to_owned());
                "250 2.1.5 ok"
            }
        }
    }

    async fn message(&mut self, command: &str) -> Result<(), End> {
        let Some(envelope) = self.envelope.take_if(|envelope| !envelope.rcpt_to.is_empty()) else {
            return self.say("data", command, "503 5.5.1 bad sequence of commands").await;
        };
        let played = self.said_at(Point::Data)?;
        let reply = played.as_deref().unwrap_or("354 go ahead");
        self.say("data", command, reply).await?;
        if !reply.starts_with("354") {
            self.envelope = Some(envelope);
            return Ok(());
        }
        let names = envelope.mail_from.len() + envelope.rcpt_to.iter().map(String::len).sum::<usize>();
        let claim = self.host.spool.claim(names);
        let reply = match self.data(claim).await? {
            Data::Whole(octets, claim) => {
                let played = self.said_at(Point::EndOfData)?.and_then(|reply| reply.parse().ok());
                self.host.taken(envelope, &octets, self.is_protected, claim, played).to_string()
            }
            Data::Dropped(reply) => reply.to_owned(),
        };
        self.say("end-of-data", "", &reply.replace('\n', "\r\n")).await
    }

    /// Everything up to `CRLF . CRLF`, without the stuffed dots (RFC 5321 §4.5.2), as far as there is room; or nothing,
    /// when the line is cut behind the first line of it.
    async fn data(&mut self, claim: Option<SpoolPermit>) -> Result<Data, End> {
        let mut kept = claim.map(|claim| (Vec::new(), claim)).ok_or("452 4.3.1 no room");
        let (mut begins, mut ends_with_cr) = (true, false);
        loop {
            let piece = self.piece().await?;
            if self.host.wire == Interference::CutInData {
                return Err(End("cut in DATA on the way".to_owned()));
            }
            let text = match piece.strip_prefix(b".").filter(|_| begins) {
                Some(b"\r\n") => {
                    return Ok(kept.map_or_else(Data::Dropped, |(octets, claim)| Data::Whole(octets, claim)));
                }
                Some(unstuffed) => unstuffed,
                None => &piece,
            };
            begins = piece.ends_with(b"\r\n") || ends_with_cr && piece == b"\n";
            ends_with_cr = piece.ends_with(b"\r");
            if let Ok((octets, claim)) = &mut kept {
                match self.host.spool.claim(text.len()) {
                    _ if octets.len() + text.len() > self.host.limits.message => kept = Err("552 5.3.4 too large"),
                    None => kept = Err("452 4.3.1 no room"),
                    Some(more) => {
                        claim.grow(more);
                        octets.extend_from_slice(text);
                    }
                }
            }
        }
    }

    /// What the scenario has the host say at this point instead of its own reply.
    fn said_at(&self, point: Point) -> Result<Option<String>, End> {
        match self.host.played(point) {
            None => Ok(None),
            Some(PlayedReply::Says(reply)) => Ok(Some(reply.replace('\n', "\r\n"))),
            Some(PlayedReply::Closes) => Err(End("closed by the host".to_owned())),
        }
    }

    /// Says its own reply, or that of the scenario; true if it is a good one (2yz).
    async fn say_at(&mut self, point: Point, to: &str, sent: &str, own: &str) -> Result<bool, End> {
        let played = self.said_at(point)?;
        let reply = played.as_deref().unwrap_or(own);
        self.say(to, sent, reply).await?;
        Ok(reply.starts_with('2'))
    }

    /// Says a reply, whole, and notes it down.
    async fn say(&mut self, to: &str, sent: &str, reply: &str) -> Result<(), End> {
        self.answer(to, sent, reply, None).await
    }

    /// Says a reply and, in the same segment, one that nobody waits for. A 421 ends the connection (RFC 5321 §3.8).
    async fn answer(&mut self, to: &str, sent: &str, reply: &str, behind: Option<&str>) -> Result<(), End> {
        let parsed = |reply: &str| reply.parse::<Reply>().expect("a host says replies");
        let noted = parsed(reply);
        self.visit.said(to, sent, &noted);
        let mut said = format!("{reply}\r\n");
        if let Some(behind) = behind {
            self.visit.said("injected", "", &parsed(behind));
            said = format!("{said}{behind}\r\n");
        }
        let written = async {
            self.client.write_all(said.as_bytes()).await?;
            self.client.flush().await
        };
        timeout(self.host.limits.line, written).await.map_err(|_| End("the client did not listen".to_owned()))??;
        if noted.code == 421 { Err(End("closed by the host".to_owned())) } else { Ok(()) }
    }

    /// The next line with its LF.
    async fn line(&mut self) -> Result<Vec<u8>, End> {
        let line = self.piece().await?;
        if line.ends_with(b"\n") { Ok(line) } else { Err(End("the client sent a line without end".to_owned())) }
    }

    /// The next line with its LF, or the beginning of a longer one.
    async fn piece(&mut self) -> Result<Vec<u8>, End> {
        let mut piece = Vec::new();
        let mut limited = (&mut self.client).take(LINE as u64);
        match timeout(self.host.limits.line, limited.read_until(b'\n', &mut piece)).await {
            Err(_) => Err(End("the client was silent".to_owned())),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) if piece.ends_with(b"\n") || piece.len() >= LINE => Ok(piece),
            Ok(Ok(_)) => Err(End("closed by the client".to_owned())),
        }
    }
}

/// What stands between the angle brackets, and the parameters behind them (RFC 5321 §4.1.1.2). A bracket in a quoted
/// local part is none.
fn path<'c>(rest: &'c str, word: &str) -> Option<(&'c str, &'c str)> {
    let (_, path) = rest.split_at_checked(word.len()).filter(|(begin, _)| begin.eq_ignore_ascii_case(word))?;
    let path = path.trim_start().strip_prefix('<')?;
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in path.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return Some((&path[..at], path[at + 1..].trim())),
            _ => {}
        }
    }
    None
}

/// Waits until the client speaks, or goes. What it makes of a certificate may come behind its own end of a handshake of TLS 1.3 (RFC 8446
/// §4.4.4): an alert before anything else is its refusal.
async fn kept(stream: BoxStream, limit: Duration) -> Result<BufReader<BoxStream>, String> {
    let mut client = BufReader::new(stream);
    let begun = timeout(limit, client.fill_buf()).await.map(|begun| begun.map(drop));
    let refused = begun.ok().and_then(Result::err).as_ref().and_then(alert);
    refused.map_or(Ok(client), Err)
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_are_read_with_their_quotes() {
        for (rest, read) in [
            ("FROM:<a@x.example> SIZE=12 BODY=8BITMIME", Some(("a@x.example", "SIZE=12 BODY=8BITMIME"))),
            ("from: <>", Some(("", ""))),
            (r#"FROM:<"a\">b"@x.example>"#, Some((r#""a\">b"@x.example"#, ""))),
            ("FROM:a@x.example", None),
            ("FROM:<a@x.example", None),
            ("FRO\u{e9}:<a@x.example>", None),
            ("", None),
        ] {
            assert_eq!(path(rest, "FROM:"), read, "{rest}");
        }
    }
}
