//! What becomes of a command that is sent in cleartext behind STARTTLS, in its segment (CVE-2011-0411).

use crate::{
    classic::{self, Terms},
    flight::is_closed,
    line::Line,
    session::{Protocol, Session, shown},
    versions::Versions,
};
use evidence::{Injection, Observed};
use mail::Service;
use std::io;

/// Sends one, and sees whether it is answered under TLS.
pub(crate) async fn injection(line: &Line<'_>, versions: &Versions) -> Observed<Injection> {
    if let Err(why) = versions.newest() {
        return Observed::Unobserved(why);
    }
    inject(line).await.unwrap_or_else(|error| Observed::Unobserved(error.to_string()))
}

async fn inject(line: &Line<'_>) -> io::Result<Observed<Injection>> {
    let service = line.target.service;
    let (mut session, _, permit) = line.greeted().await?;
    if session.is_smtp() {
        line.before_the_end(session.capabilities()).await??;
    }
    let name = line.name();
    let terms = Terms { name: name.as_deref(), ..Terms::default() };
    let (stream, more) = match line.before_the_end(session.starttls(injected(service))).await?? {
        Ok(secured) => secured,
        // the injected command was to blame only if there is a handshake without it
        Err(refusal) => {
            return Ok(match line.with(async |stream| classic::connect(stream, terms).await).await {
                Ok(_) => Observed::Seen(Injection::Closed),
                Err(_) => Observed::Unobserved(refusal.error("STARTTLS is refused").to_string()),
            });
        }
    };
    let shaken = match more.as_slice() {
        [] => line.in_time(classic::connect(stream, terms)).await,
        // it took the command for a part of the handshake, and that is an alert
        [ALERT, 3, ..] => Err(io::Error::other("the handshake is refused")),
        _ => {
            let more = shown(&String::from_utf8_lossy(&more));
            return Ok(Observed::Unobserved(format!("it is answered in cleartext: {more}")));
        }
    };
    drop(permit);
    match shaken {
        Ok(secured) => {
            let session = Session::new(Box::new(secured), service, line.target.limit);
            line.before_the_end(answered(session)).await?
        }
        Err(error) => match line.with(async |stream| classic::connect(stream, terms).await).await {
            Ok(_) if error.kind() == io::ErrorKind::TimedOut => Err(error),
            Ok(_) => Ok(Observed::Seen(Injection::Closed)),
            Err(error) => Ok(Observed::Unobserved(error.to_string())),
        },
    }
}

/// What is said on a secured connection: the answer to what is asked there, or first to what was injected.
async fn answered(mut session: Session) -> io::Result<Observed<Injection>> {
    let closed = |error: io::Error| {
        if is_closed(&error) { Ok(Observed::Seen(Injection::Closed)) } else { Err(error) }
    };
    if session.protocol() == Protocol::Sieve {
        // its greeting comes once more (RFC 5804 §2.2)
        if let Err(error) = session.greeting().await {
            return closed(error);
        }
    }
    let answer = match session.nothing().await {
        Ok(answer) => answer,
        Err(error) => return closed(error),
    };
    let said = match session.protocol() {
        // of several tagged answers each one tells to what it belongs
        Protocol::Imap => answer.lines.into_iter().find(|line| line.starts_with(INJECTED_TAG)),
        _ => (!answer.is_good).then(|| answer.result()),
    };
    Ok(Observed::Seen(said.map_or(Injection::Dropped, Injection::Answered)))
}

/// The kind of record that an alert is (RFC 8446 §B.1).
const ALERT: u8 = 21;
/// A tag that nothing else has.
const INJECTED_TAG: &str = "injected";

/// A command that no server knows, so that its answer is another than to what is asked later; IMAP has tags for that.
const fn injected(service: Service) -> &'static str {
    match Protocol::of(service) {
        Protocol::Imap => "injected NOOP\r\n",
        Protocol::Smtp | Protocol::Pop3 | Protocol::Sieve => "XINJECTED\r\n",
    }
}
