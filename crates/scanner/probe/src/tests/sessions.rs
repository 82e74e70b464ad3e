//! What is said before TLS, in each protocol, by a server that follows a script.

use super::servers::{EC, Server, rustls_config};
use crate::survey;
use evidence::{Cleartext, Injection, LoginSeen, Observed};
use mail::Service;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// What is done with octets behind STARTTLS, in its segment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behind {
    Dropped,
    /// CVE-2011-0411.
    Obeyed,
    Closed,
    /// They are taken for a part of the handshake, as Dovecot does.
    Alarming,
    /// STARTTLS is refused if anything follows, as OpenSMTPD does.
    Refused,
}

#[derive(Debug, Clone, Copy)]
struct Script {
    service: Service,
    has_tls: bool,
    login: &'static str,
    mail_from: &'static str,
    behind: Behind,
}

impl Script {
    const fn of(service: Service) -> Self {
        Self { service, has_tls: true, login: "", mail_from: "530 5.7.0 TLS first", behind: Behind::Dropped }
    }

    fn greeting(self) -> String {
        match self.service {
            Service::Smtp => "220 here\r\n".to_owned(),
            Service::Imap => "* OK here\r\n".to_owned(),
            Service::Pop3 => "+OK here\r\n".to_owned(),
            _ => format!("\"IMPLEMENTATION\" \"here\"\r\n{}OK here\r\n", self.offer("\"STARTTLS\"\r\n")),
        }
    }

    fn offer(self, text: &'static str) -> &'static str {
        if self.has_tls { text } else { "" }
    }

    fn answer(self, line: &str) -> String {
        let (tag, command) = match (self.service, line.split_once(' ')) {
            (Service::Imap, Some((tag, command))) => (format!("{tag} "), command),
            _ => (String::new(), line),
        };
        let word = command.split(' ').next().unwrap_or_default();
        match (self.service, word) {
            (_, "AUTH" | "LOGIN" | "PASS" | "AUTHENTICATE") => format!("{tag}{}\r\n", self.login),
            (Service::Smtp, "EHLO") => format!("250-here\r\n{}250 SIZE 1000\r\n", self.offer("250-STARTTLS\r\n")),
            (Service::Smtp, "STARTTLS") => "220 go\r\n".to_owned(),
            (Service::Smtp, "MAIL") => format!("{}\r\n", self.mail_from),
            (Service::Smtp, "NOOP") => "250 yes\r\n".to_owned(),
            (Service::Smtp, _) => "502 no\r\n".to_owned(),
            (Service::Imap, "CAPABILITY") => {
                format!("* CAPABILITY IMAP4rev1{}\r\n{tag}OK\r\n", self.offer(" STARTTLS"))
            }
            (Service::Imap, _) => format!("{tag}OK\r\n"),
            (Service::Pop3, "CAPA") => format!("+OK\r\nUIDL\r\n{}.\r\n", self.offer("STLS\r\n")),
            (Service::Pop3, "STLS" | "USER") => "+OK\r\n".to_owned(),
            (Service::Pop3, _) => "-ERR no\r\n".to_owned(),
            (_, "STARTTLS" | "NOOP") => "OK\r\n".to_owned(),
            _ => "NO\r\n".to_owned(),
        }
    }

    async fn serve(self) -> Server {
        let acceptor = TlsAcceptor::from(Arc::new(rustls_config(&EC)));
        Server::each(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = BufReader::new(stream);
                let _ = stream.write_all(self.greeting().as_bytes()).await;
                if !self.talk(&mut stream).await {
                    return;
                }
                let behind = stream.buffer().to_vec();
                if self.behind == Behind::Closed && !behind.is_empty() {
                    return;
                }
                if self.behind == Behind::Alarming && !behind.is_empty() {
                    let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 80]).await;
                    return;
                }
                let Ok(mut secured) = acceptor.accept(stream.into_inner()).await else { return };
                if self.service == Service::Sieve {
                    let _ = secured.write_all(self.greeting().as_bytes()).await;
                }
                for line in String::from_utf8(behind).unwrap().lines() {
                    if self.behind == Behind::Obeyed {
                        let _ = secured.write_all(self.answer(line).as_bytes()).await;
                    }
                }
                self.talk(&mut BufReader::new(secured)).await;
            }
        })
        .await
    }

    /// Answers until TLS is asked for; false if the client went.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(self, stream: &mut BufReader<S>) -> bool {
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
            let command = line.trim_end();
            if self.behind == Behind::Refused && command == "STARTTLS" && !stream.buffer().is_empty() {
                let _ = stream.write_all(b"500 5.5.1 no\r\n").await;
                return false;
            }
            let _ = stream.write_all(self.answer(command).as_bytes()).await;
            let _ = stream.flush().await;
            if command.ends_with("STARTTLS") || command == "STLS" {
                return true;
            }
            line.clear();
        }
        false
    }

    async fn seen(self) -> Cleartext {
        let server = self.serve().await;
        let seen = survey(&server.target(self.service)).await.unwrap();
        assert_eq!(seen.versions.len(), if self.has_tls { 5 } else { 0 });
        assert_eq!(seen.taken().count(), if self.has_tls { 2 } else { 0 });
        seen.cleartext.seen().unwrap().clone()
    }
}

const SPOKEN: [Service; 4] = [Service::Smtp, Service::Imap, Service::Pop3, Service::Sieve];

#[tokio::test]
async fn greeting_and_capabilities() {
    for (service, greeting, capabilities) in [
        (Service::Smtp, "220 here", &["STARTTLS", "SIZE 1000"][..]),
        (Service::Imap, "* OK here", &["IMAP4rev1", "STARTTLS"]),
        (Service::Pop3, "+OK here", &["UIDL", "STLS"]),
        (Service::Sieve, "\"IMPLEMENTATION\" \"here\"", &["IMPLEMENTATION here", "STARTTLS"]),
    ] {
        let seen = Script::of(service).seen().await;
        assert_eq!((seen.greeting.as_str(), seen.offers_starttls), (greeting, true));
        assert_eq!(seen.capabilities, capabilities);
    }
}

#[tokio::test]
async fn without_starttls_there_is_nothing_more_to_see() {
    for service in SPOKEN {
        let seen = Script { has_tls: false, ..Script::of(service) }.seen().await;
        assert!(!seen.offers_starttls);
        assert!(matches!(seen.injection, Observed::Unobserved(_)));
    }
}

#[tokio::test]
async fn a_login_is_refused_or_looked_at() {
    for (service, login, is_looked_at) in [
        (Service::Smtp, "503 5.5.1 Error: authentication not enabled", false),
        (Service::Smtp, "538 5.7.11 Encryption required", false),
        (Service::Smtp, "530 5.7.0 Must issue a STARTTLS command first", false),
        (Service::Smtp, "535 5.7.8 Error: authentication failed", true),
        (Service::Smtp, "235 2.7.0 Welcome", true),
        (Service::Smtp, "334 ", true),
        (Service::Imap, "NO [PRIVACYREQUIRED] Cleartext authentication disallowed", false),
        (Service::Imap, "NO [AUTHENTICATIONFAILED] Authentication failed.", true),
        (Service::Pop3, "-ERR [AUTH] Cleartext authentication disallowed on non-secure (SSL/TLS) connections.", false),
        (Service::Pop3, "-ERR [AUTH] Authentication failed.", true),
        (Service::Sieve, "NO (ENCRYPT-NEEDED) \"TLS first\"", false),
        (Service::Sieve, "NO \"Authentication failed.\"", true),
        (Service::Imap, "BAD Unknown command", false),
        (Service::Pop3, "-ERR Unknown command.", false),
        (Service::Pop3, "+ ", true),
        (Service::Sieve, "\"\"", true),
    ] {
        let seen = Script { login, ..Script::of(service) }.seen().await;
        let is_imap = service == Service::Imap;
        let answer = if is_imap { format!("p2 {login}") } else { login.trim_end().to_owned() };
        let wanted = if is_looked_at { LoginSeen::Taken(answer) } else { LoginSeen::Refused(answer) };
        assert_eq!(seen.login, Observed::Seen(wanted), "{service}");
    }
}

#[tokio::test]
async fn a_password_that_is_asked_for_is_not_given() {
    let server = Server::each(async |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        let _ = stream.write_all(b"* OK here\r\n").await;
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
            let answer: &[u8] = match line.trim_end().split_once(' ') {
                Some((_, "AUTHENTICATE PLAIN")) => b"+ \r\n",
                Some(("p0", "CAPABILITY")) => b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\np0 OK\r\n",
                _ => b"* BYE a password\r\n",
            };
            let _ = stream.write_all(answer).await;
            line.clear();
        }
    });
    let seen = survey(&server.await.target(Service::Imap)).await.unwrap();
    assert_eq!(seen.cleartext.seen().unwrap().login, Observed::Seen(LoginSeen::Taken("+".to_owned())));
}

/// As an MTA does that knows no extensions (RFC 5321 §2.2.1), and one that knows nothing at all.
#[tokio::test]
async fn ehlo_that_is_not_known_is_no_fault_and_an_empty_line_is_one() {
    for (greeting, is_smtp) in [(&b"220 here\r\n"[..], true), (b"\r\n", false)] {
        let server = Server::each(async move |stream: TcpStream| {
            let mut stream = BufReader::new(stream);
            let _ = stream.write_all(greeting).await;
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
                let _ = stream.write_all(b"502 no\r\n").await;
            }
        });
        let seen = survey(&server.await.target(Service::Smtp)).await;
        assert_eq!(seen.is_ok_and(|seen| seen.cleartext.seen().unwrap().capabilities.is_empty()), is_smtp);
    }
}

#[tokio::test]
async fn mail_without_tls_is_refused_or_taken() {
    for (mail_from, code) in [("530 5.7.0 Must issue a STARTTLS command first", 530), ("250 2.1.0 Ok", 250)] {
        let seen = Script { mail_from, ..Script::of(Service::Smtp) }.seen().await;
        assert_eq!(seen.mail_from.seen().unwrap().code, code);
    }
    assert!(matches!(Script::of(Service::Imap).seen().await.mail_from, Observed::Unobserved(_)));
}

#[tokio::test]
async fn what_is_injected_behind_starttls() {
    for service in SPOKEN {
        let by = async |behind| Script { behind, ..Script::of(service) }.seen().await.injection;
        assert_eq!(by(Behind::Dropped).await, Observed::Seen(Injection::Dropped), "{service}");
        assert_eq!(by(Behind::Closed).await, Observed::Seen(Injection::Closed), "{service}");
        assert_eq!(by(Behind::Alarming).await, Observed::Seen(Injection::Closed), "{service}");
        if service == Service::Smtp {
            assert_eq!(by(Behind::Refused).await, Observed::Seen(Injection::Closed));
        }
        let answer = match service {
            Service::Smtp => "502 no",
            Service::Imap => "injected OK",
            Service::Pop3 => "-ERR no",
            _ => "NO",
        };
        assert_eq!(by(Behind::Obeyed).await, Observed::Seen(Injection::Answered(answer.to_owned())), "{service}");
    }
}
