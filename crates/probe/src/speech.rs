//! The services' own protocols, as far as TLS needs them: greeting, capabilities, STARTTLS, a login, an injected command.

use mail::{Reply, Service};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};
use wire::BoxStream;

/// A whole answer has at most so many octets.
const ANSWER: u64 = 64 * 1024;
/// As much of what is not understood is shown, in octets.
const SHOWN: usize = 60;
/// What is said in EHLO.
const EHLO: &str = "EHLO probe.mailproof.example\r\n";

/// A connection on which a service's protocol is spoken.
#[derive(Debug)]
pub(crate) struct Speech {
    stream: BufReader<BoxStream>,
    service: Service,
    limit: Duration,
}

/// An answer: its lines without their ends, and whether it says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<String>,
    pub(crate) is_good: bool,
}

impl Answer {
    /// The line that tells the result.
    pub(crate) fn result(&self) -> String {
        self.lines.last().cloned().unwrap_or_default()
    }

    /// As a reply of SMTP.
    pub(crate) fn reply(&self) -> Option<Reply> {
        self.lines.join("\n").parse().ok()
    }
}

impl Speech {
    pub(crate) fn new(stream: BoxStream, service: Service, limit: Duration) -> Self {
        Self { stream: BufReader::new(stream), service, limit }
    }

    /// What the service says first, and what it says that it can.
    ///
    /// # Errors
    /// It says nothing in time, too much, or something else than its protocol.
    pub(crate) async fn greet(&mut self) -> io::Result<(String, Vec<String>)> {
        let greeting = self.answer("").await?;
        let first = greeting.lines.first().cloned().unwrap_or_default();
        if !greeting.is_good {
            return Err(strange(&first));
        }
        let capabilities = match self.service {
            Service::Smtp | Service::Submission | Service::Submissions => {
                let lines = self.ask("", EHLO).await?.lines;
                lines.iter().skip(1).filter_map(|line| line.get(4..)).map(str::to_owned).collect()
            }
            Service::Imap | Service::Imaps => {
                let lines = self.ask("p0", "p0 CAPABILITY\r\n").await?.lines;
                let words = lines.iter().find_map(|line| line.strip_prefix("* CAPABILITY "));
                words.unwrap_or_default().split(' ').map(str::to_owned).collect()
            }
            Service::Pop3 | Service::Pop3s => {
                let lines = self.ask("+list", "CAPA\r\n").await?.lines;
                lines.iter().skip(1).filter(|line| *line != ".").cloned().collect()
            }
            Service::Sieve => {
                let lines = greeting.lines.iter().filter(|line| line.starts_with('"'));
                lines.map(|line| line.replace('"', "")).collect()
            }
        };
        Ok((first, capabilities))
    }

    /// Asks for TLS: `None`, and the answer, if it is refused.
    ///
    /// # Errors
    /// As [`Speech::greet`].
    pub(crate) async fn starttls(mut self, injected: &str) -> io::Result<Result<BoxStream, Answer>> {
        let (tag, command) = match self.service {
            Service::Imap | Service::Imaps => ("p1", "p1 STARTTLS\r\n"),
            Service::Pop3 | Service::Pop3s => ("", "STLS\r\n"),
            _ => ("", "STARTTLS\r\n"),
        };
        let answer = self.ask(tag, &format!("{command}{injected}")).await?;
        if answer.is_good { Ok(Ok(self.stream.into_inner())) } else { Ok(Err(answer)) }
    }

    /// Shows a wrong password.
    ///
    /// # Errors
    /// As [`Speech::greet`].
    pub(crate) async fn login(&mut self) -> io::Result<Answer> {
        // AGEAYg== is user `a` with password `b` (RFC 4616 §2)
        match self.service {
            Service::Imap | Service::Imaps => self.ask("p2", "p2 LOGIN nobody wrong\r\n").await,
            Service::Pop3 | Service::Pop3s => {
                let user = self.ask("", "USER nobody\r\n").await?;
                if user.is_good { self.ask("", "PASS wrong\r\n").await } else { Ok(user) }
            }
            Service::Sieve => self.ask("", "AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n").await,
            _ => self.ask("", "AUTH PLAIN AGEAYg==\r\n").await,
        }
    }

    /// Begins a transaction (SMTP).
    ///
    /// # Errors
    /// As [`Speech::greet`].
    pub(crate) async fn mail_from(&mut self) -> io::Result<Answer> {
        self.ask("", "MAIL FROM:<>\r\n").await
    }

    /// Asks something that changes nothing, and gives the first line of the answer.
    ///
    /// # Errors
    /// As [`Speech::greet`].
    pub(crate) async fn nothing(&mut self) -> io::Result<String> {
        let command = nothing(self.service, "p3");
        self.stream.write_all(command.as_bytes()).await?;
        self.stream.flush().await?;
        self.line().await
    }

    async fn ask(&mut self, tag: &str, command: &str) -> io::Result<Answer> {
        self.stream.write_all(command.as_bytes()).await?;
        self.stream.flush().await?;
        self.answer(tag).await
    }

    /// One whole answer.
    async fn answer(&mut self, tag: &str) -> io::Result<Answer> {
        let mut lines = Vec::new();
        let mut octets = 0;
        loop {
            let line = self.line().await?;
            octets += line.len() as u64;
            if octets > ANSWER {
                return Err(io::Error::other(format!("an answer longer than {ANSWER} octets")));
            }
            let end = self.end(tag, lines.len(), &line);
            lines.push(line);
            match end {
                Some(is_good) => return Ok(Answer { lines, is_good }),
                None => continue,
            }
        }
    }

    /// Whether a line is the last of an answer, and then whether it says yes.
    fn end(&self, tag: &str, at: usize, line: &str) -> Option<bool> {
        match self.service {
            Service::Smtp | Service::Submission | Service::Submissions => {
                let is_code = line.len() >= 3 && line.bytes().take(3).all(|b| b.is_ascii_digit());
                if is_code && line.as_bytes().get(3) == Some(&b'-') {
                    None
                } else {
                    Some(is_code && line.starts_with(['2', '3']))
                }
            }
            Service::Imap | Service::Imaps if tag.is_empty() => {
                Some(line.starts_with("* OK") || line.starts_with("* PREAUTH"))
            }
            Service::Imap | Service::Imaps => {
                let result = line.strip_prefix(tag)?.strip_prefix(' ')?;
                Some(result.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK")))
            }
            Service::Pop3 | Service::Pop3s if tag == "+list" && (at > 0 || line.starts_with("+OK")) => {
                (line == ".").then_some(true)
            }
            Service::Pop3 | Service::Pop3s => Some(line.starts_with("+OK")),
            Service::Sieve => {
                let word = line.split([' ', '(']).next().unwrap_or_default().to_ascii_uppercase();
                match word.as_str() {
                    "OK" => Some(true),
                    "NO" | "BYE" => Some(false),
                    _ if line.starts_with('"') => None,
                    _ => Some(false),
                }
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(ANSWER);
        timeout(self.limit, limited.read_until(b'\n', &mut line)).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", self.limit.as_secs()))
        })??;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection"));
        }
        if !line.ends_with(b"\n") {
            return Err(if line.len() as u64 >= ANSWER {
                io::Error::other(format!("a line longer than {ANSWER} octets"))
            } else {
                strange(&String::from_utf8_lossy(&line))
            });
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// A command that changes nothing.
pub(crate) fn nothing(service: Service, tag: &str) -> String {
    match service {
        Service::Imap | Service::Imaps => format!("{tag} NOOP\r\n"),
        Service::Pop3 | Service::Pop3s => "CAPA\r\n".to_owned(),
        Service::Sieve => "NOOP\r\n".to_owned(),
        _ => "NOOP\r\n".to_owned(),
    }
}

fn strange(said: &str) -> io::Error {
    let shown: String = said.chars().take(SHOWN).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("it says \"{}\"", shown.escape_debug()))
}
