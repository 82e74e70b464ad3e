//! The services' own protocols, as far as TLS needs them: greeting, capabilities, STARTTLS, a login.

use crate::line::late;
use mail::{Reply, ReplyError, Service};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};
use wire::BoxStream;

/// A whole answer has at most so many octets.
const ANSWER: u64 = 64 * 1024;
/// As much of what is not understood is shown, in characters.
const SHOWN: usize = 60;
/// What is said in EHLO.
const EHLO: &str = "EHLO probe.mailproof.example\r\n";

/// A connection on which a service's protocol is spoken.
#[derive(Debug)]
pub(crate) struct Session {
    stream: BufReader<BoxStream>,
    service: Service,
    limit: Duration,
    /// What a greeting told (ManageSieve).
    told: Vec<String>,
}

/// An answer: its lines without their ends, and whether it says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<String>,
    pub(crate) is_good: bool,
}

/// By what the last line of an answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End<'a> {
    /// An answer of one line, or a reply of SMTP, or a response of ManageSieve.
    Plain,
    /// The line that begins with this tag (IMAP).
    Tag(&'a str),
    /// A dot alone, behind a first line that says yes (POP3).
    Dot,
}

/// The protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Smtp,
    Imap,
    Pop3,
    Sieve,
}

impl Protocol {
    pub(crate) const fn of(service: Service) -> Self {
        match service {
            Service::Smtp | Service::Submission | Service::Submissions => Self::Smtp,
            Service::Imap | Service::Imaps => Self::Imap,
            Service::Pop3 | Service::Pop3s => Self::Pop3,
            Service::Sieve => Self::Sieve,
        }
    }
}

impl Answer {
    /// The line that tells the result.
    pub(crate) fn result(&self) -> String {
        self.lines.last().map(|line| line.trim_end().to_owned()).unwrap_or_default()
    }

    /// As a reply of SMTP.
    pub(crate) fn reply(&self) -> Option<Reply> {
        self.lines.join("\n").parse().ok()
    }

    /// As what kept something from being done. What may be otherwise a moment later is of the kind `ResourceBusy`: SMTP's 4yz.
    pub(crate) fn error(&self, what: &str) -> io::Error {
        let said = self.result();
        let kind = if said.starts_with('4') { io::ErrorKind::ResourceBusy } else { io::ErrorKind::Other };
        io::Error::new(kind, format!("{what}: {}", shown(&said)))
    }
}

impl Session {
    pub(crate) fn new(stream: BoxStream, service: Service, limit: Duration) -> Self {
        Self { stream: BufReader::new(stream), service, limit, told: Vec::new() }
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        Protocol::of(self.service)
    }

    pub(crate) fn is_smtp(&self) -> bool {
        self.protocol() == Protocol::Smtp
    }

    /// What the service says first: the first line.
    ///
    /// # Errors
    /// It says nothing in time, too much, something else than its protocol, or that it has no time now.
    pub(crate) async fn greeting(&mut self) -> io::Result<String> {
        let mut greeting = self.answer(End::Plain).await?;
        let first = greeting.lines.first().cloned().unwrap_or_default();
        if !greeting.is_good {
            let is_busy = first.starts_with('4') || first.starts_with("* BYE") || first.starts_with("BYE");
            let kind = if is_busy { io::ErrorKind::ResourceBusy } else { io::ErrorKind::InvalidData };
            return Err(io::Error::new(kind, format!("it says {}", shown(&first))));
        }
        if self.protocol() == Protocol::Sieve {
            greeting.lines.retain(|line| line.starts_with('"'));
            self.told = greeting.lines;
        }
        Ok(first)
    }

    /// What the service says that it can, in its order.
    ///
    /// # Errors
    /// As [`Session::greeting`].
    pub(crate) async fn capabilities(&mut self) -> io::Result<Vec<String>> {
        let behind =
            |lines: &[String], at: usize| lines.iter().skip(1).filter_map(|l| l.get(at..)).map(str::to_owned).collect();
        Ok(match self.protocol() {
            Protocol::Smtp => {
                let answer = self.ask(EHLO, End::Plain).await?;
                // 500 and 502: an MTA from before extensions (RFC 5321 §2.2.1), which can nothing
                if !answer.is_good && !["500", "502"].iter().any(|code| answer.result().starts_with(code)) {
                    return Err(answer.error("EHLO is refused"));
                }
                behind(&answer.lines, 4)
            }
            Protocol::Imap => {
                let answer = self.ask("p0 CAPABILITY\r\n", End::Tag("p0")).await?;
                let words = answer.lines.iter().find_map(|line| line.strip_prefix("* CAPABILITY "));
                words.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
            }
            Protocol::Pop3 => {
                let mut answer = self.ask("CAPA\r\n", End::Dot).await?;
                answer.lines.retain(|line| line != ".");
                behind(&answer.lines, 0)
            }
            Protocol::Sieve => self.told.iter().map(|line| line.replace('"', "")).collect(),
        })
    }

    /// Asks for TLS, with more octets in the same segment behind it. The connection, and what the server has already said
    /// behind its answer; or the answer, if it is refused.
    ///
    /// # Errors
    /// As [`Session::greeting`].
    pub(crate) async fn starttls(mut self, injected: &str) -> io::Result<Result<(BoxStream, Vec<u8>), Answer>> {
        let (command, end) = match self.protocol() {
            Protocol::Imap => ("p1 STARTTLS\r\n", End::Tag("p1")),
            Protocol::Pop3 => ("STLS\r\n", End::Plain),
            Protocol::Smtp | Protocol::Sieve => ("STARTTLS\r\n", End::Plain),
        };
        let answer = self.ask(&format!("{command}{injected}"), end).await?;
        if !answer.is_good {
            return Ok(Err(answer));
        }
        let more = self.stream.buffer().to_vec();
        Ok(Ok((self.stream.into_inner(), more)))
    }

    /// Wants to log in with a password in cleartext, and gives up as soon as it is asked for. The answer is good if it is.
    ///
    /// # Errors
    /// As [`Session::greeting`].
    pub(crate) async fn login(&mut self) -> io::Result<Answer> {
        match self.protocol() {
            Protocol::Smtp => {
                let plain = self.ask("AUTH PLAIN\r\n", End::Plain).await?;
                // 504: no such mechanism (RFC 4954 §4)
                if plain.result().starts_with("504") { self.ask("AUTH LOGIN\r\n", End::Plain).await } else { Ok(plain) }
            }
            Protocol::Imap => {
                let plain = self.ask("p3 AUTHENTICATE PLAIN\r\n", End::Tag("p3")).await?;
                if plain.is_good { Ok(plain) } else { self.ask("p2 LOGIN nobody wrong\r\n", End::Tag("p2")).await }
            }
            Protocol::Pop3 => {
                let plain = self.ask("AUTH PLAIN\r\n", End::Plain).await?;
                if plain.is_good {
                    return Ok(plain);
                }
                let user = self.ask("USER nobody\r\n", End::Plain).await?;
                if user.is_good { self.ask("PASS wrong\r\n", End::Plain).await } else { Ok(user) }
            }
            Protocol::Sieve => self.ask("AUTHENTICATE \"PLAIN\"\r\n", End::Plain).await,
        }
    }

    /// Begins a transaction (SMTP).
    ///
    /// # Errors
    /// As [`Session::greeting`].
    pub(crate) async fn mail_from(&mut self) -> io::Result<Answer> {
        self.ask("MAIL FROM:<>\r\n", End::Plain).await
    }

    /// Asks something that changes nothing.
    ///
    /// # Errors
    /// As [`Session::greeting`].
    pub(crate) async fn nothing(&mut self) -> io::Result<Answer> {
        let (command, end) = nothing(self.service);
        self.ask(command, end).await
    }

    async fn ask(&mut self, command: &str, end: End<'_>) -> io::Result<Answer> {
        self.stream.write_all(command.as_bytes()).await?;
        self.stream.flush().await?;
        self.answer(end).await
    }

    /// One whole answer.
    async fn answer(&mut self, end: End<'_>) -> io::Result<Answer> {
        let mut lines = Vec::new();
        let mut octets = 0;
        loop {
            let line = self.line().await?;
            octets += line.len() as u64 + 2;
            if octets > ANSWER {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("an answer longer than {ANSWER} octets"),
                ));
            }
            let is_good = self.last(end, lines.is_empty(), &line);
            lines.push(line);
            if let Some(is_good) = is_good {
                return Ok(Answer { lines, is_good });
            }
        }
    }

    /// Whether a line is the last of an answer, and then whether it says yes.
    fn last(&self, end: End<'_>, is_first: bool, line: &str) -> Option<bool> {
        match (self.protocol(), end) {
            (Protocol::Smtp, _) => match line.parse::<Reply>() {
                Ok(reply) => Some(reply.is_positive()),
                Err(ReplyError::Unfinished) if !line.is_empty() => None,
                Err(_) => Some(false),
            },
            // a continuation asks for the password
            (Protocol::Imap, End::Tag(_)) if line.starts_with('+') => Some(true),
            (Protocol::Imap, End::Tag(tag)) => {
                let result = line.strip_prefix(tag)?.strip_prefix(' ')?;
                Some(result.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK")))
            }
            (Protocol::Imap, _) => Some(line.starts_with("* OK") || line.starts_with("* PREAUTH")),
            (Protocol::Pop3, End::Dot) if !is_first || line.starts_with("+OK") => (line == ".").then_some(true),
            (Protocol::Pop3, _) => Some(line.starts_with('+')),
            (Protocol::Sieve, _) => {
                let word = line.split([' ', '(']).next().unwrap_or_default();
                if word.eq_ignore_ascii_case("OK") || word == "\"\"" || word == "{0}" {
                    return Some(true);
                }
                (!line.starts_with('"')).then_some(false)
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(ANSWER);
        timeout(self.limit, limited.read_until(b'\n', &mut line)).await.map_err(|_| late(self.limit))??;
        let text = String::from_utf8_lossy(&line);
        match line.last() {
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")),
            Some(b'\n') => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Some(_) if line.len() as u64 >= ANSWER => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("a line longer than {ANSWER} octets")))
            }
            Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("it says {} and closes", shown(&text)))),
        }
    }
}

/// A command that changes nothing.
const fn nothing(service: Service) -> (&'static str, End<'static>) {
    match Protocol::of(service) {
        Protocol::Imap => ("p4 NOOP\r\n", End::Tag("p4")),
        Protocol::Pop3 => ("CAPA\r\n", End::Dot),
        Protocol::Smtp | Protocol::Sieve => ("NOOP\r\n", End::Plain),
    }
}

/// The octets of a command that changes nothing.
pub(crate) const fn nothing_octets(service: Service) -> &'static [u8] {
    nothing(service).0.as_bytes()
}

/// Octets of a server, as much of them as is good to see.
pub(crate) fn shown(said: &str) -> String {
    let shown: String = said.trim_end().chars().take(SHOWN).collect();
    format!("\"{}\"", shown.escape_debug())
}
