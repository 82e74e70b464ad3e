//! A whole survey: what is asked, in which order, and what is put together.

use crate::{
    ProbeError, chains, features, groups,
    injection::injection,
    kinds,
    line::{Line, NoConnection, Over, Target},
    session::Protocol,
    signatures,
    versions::Versions,
};
use evidence::{Cleartext, Features, LoginSeen, Observed, Probed};
use std::io;

/// Asks a service everything. What of it could not be told, or not in time, is unobserved, with the reason. TLSA records are
/// left to the caller, who knows a resolver.
///
/// # Errors
/// Nobody takes the connection, or what is there does not speak the service's protocol, or says nothing in time.
pub async fn survey(target: &Target) -> Result<Probed, ProbeError> {
    let line = Line::new(target);
    let is_implicit = target.service.is_implicit();
    let cleartext = if is_implicit {
        line.connect().await.map_err(|error| failed(target, &error))?;
        None
    } else {
        Some(before_tls(&line).await?)
    };
    if let Some(mut cleartext) = cleartext.clone()
        && !cleartext.offers_starttls
    {
        cleartext.login = login(&line).await;
        return Ok(without_tls(target, cleartext));
    }
    let versions = Versions::first(&line).await;
    if let Some(reason) = versions.unknown()
        && is_implicit
    {
        return Err(protocol(target, reason));
    }
    let before = async {
        let mut cleartext = cleartext?;
        (cleartext.login, cleartext.injection) = tokio::join!(login(&line), injection(&line, &versions));
        Some(cleartext)
    };
    let keys = async {
        let shown = match kinds::shown(&line, &versions, line.name().as_deref()).await {
            Ok(shown) => shown,
            Err(error) => return (unobserved(&error), unobserved(&error)),
        };
        let chains = async {
            chains::all(&line, &versions, &shown).await.map_or_else(|error| unobserved(&error), Observed::Seen)
        };
        tokio::join!(chains, signatures::all(&line, &versions, &shown))
    };
    let (cleartext, (seen, primes), groups, (chains, signatures), features) = tokio::join!(
        before,
        versions.suites(&line),
        groups::taken(&line, &versions),
        keys,
        features::all(&line, &versions)
    );
    Ok(Probed {
        service: target.service,
        server: target.server.clone(),
        cleartext: cleartext
            .map_or_else(|| Observed::Unobserved("TLS comes before everything else".to_owned()), Observed::Seen),
        dh: groups::weakest(&versions, &seen, &primes),
        versions: seen,
        groups,
        signatures,
        chains,
        features,
        tlsa: nobody_asked(),
    })
}

/// What a service does before TLS, but for a login and an injected command.
async fn before_tls(line: &Line<'_>) -> Result<Cleartext, ProbeError> {
    let target = line.target;
    let ask = async {
        let (mut session, greeting, _permit) = line.greeted().await?;
        let rest = async {
            let capabilities = session.capabilities().await?;
            let mail_from = if session.is_smtp() {
                session.mail_from().await.map(|answer| answer.reply()).transpose()
            } else {
                Some(Err(io::Error::other(format!("{} takes no mail", target.service))))
            };
            Ok::<_, io::Error>((capabilities, mail_from))
        };
        let (capabilities, mail_from) = line.before_the_end(rest).await??;
        Ok::<_, io::Error>((greeting, capabilities, mail_from))
    };
    let (greeting, capabilities, mail_from) = ask.await.map_err(|error| failed(target, &error))?;
    Ok(Cleartext {
        greeting,
        offers_starttls: capabilities.iter().any(|capability| is_offer(capability)),
        capabilities,
        login: Observed::Unobserved("not asked".to_owned()),
        mail_from: match mail_from {
            Some(Ok(reply)) => Observed::Seen(reply),
            Some(Err(error)) => Observed::Unobserved(error.to_string()),
            None => Observed::Unobserved("the answer is no reply".to_owned()),
        },
        injection: Observed::Unobserved("there is no STARTTLS".to_owned()),
    })
}

/// Whether a capability offers TLS: `STARTTLS` (RFC 3207 §4, RFC 9051 §6.2.1, RFC 5804 §1.7), `STLS` (RFC 2595 §4).
fn is_offer(capability: &str) -> bool {
    let word = capability.split([' ', '=']).next().unwrap_or_default();
    word.eq_ignore_ascii_case("STARTTLS") || word.eq_ignore_ascii_case("STLS")
}

async fn login(line: &Line<'_>) -> Observed<LoginSeen> {
    let ask = async {
        let (mut session, _, _permit) = line.greeted().await?;
        let rest = async {
            if session.is_smtp() {
                session.capabilities().await?;
            }
            session.login().await
        };
        line.before_the_end(rest).await?
    };
    match ask.await {
        Err(error) => Observed::Unobserved(error.to_string()),
        Ok(answer) => {
            let said = answer.result();
            let is_looked_at = answer.is_good || is_looked_at(Protocol::of(line.target.service), &said);
            Observed::Seen(if is_looked_at { LoginSeen::Taken(said) } else { LoginSeen::Refused(said) })
        }
    }
}

/// Whether an answer that says no says so of the password.
fn is_looked_at(protocol: Protocol, said: &str) -> bool {
    let upper = said.to_ascii_uppercase();
    // RFC 5530 §3: PRIVACYREQUIRED says that TLS is missing, AUTHENTICATIONFAILED that the password is wrong
    let is_for_tls =
        || ["PRIVACYREQUIRED", "TLS", "DISALLOWED", "DISABLED", "ENCRYPT"].iter().any(|w| upper.contains(w));
    match protocol {
        // 535: credentials invalid; 432 and 534: a password of another kind is wanted; 454: now unable to check
        // (RFC 4954 §6). 503, 530 and 538 want something else first
        Protocol::Smtp => ["535", "432", "534", "454"].iter().any(|code| said.starts_with(code)),
        // behind the tag; BAD is for what it does not know
        Protocol::Imap => upper.split(' ').nth(1) == Some("NO") && !is_for_tls(),
        Protocol::Pop3 => {
            let is_unknown =
                ["UNKNOWN", "NOT SUPPORTED", "UNSUPPORTED", "INVALID COMMAND"].iter().any(|w| upper.contains(w));
            upper.starts_with("-ERR") && !is_unknown && !is_for_tls()
        }
        Protocol::Sieve => upper.starts_with("NO") && !is_for_tls(),
    }
}

fn without_tls(target: &crate::Target, cleartext: Cleartext) -> Probed {
    fn none<T>() -> Observed<T> {
        Observed::Unobserved("there is no TLS".to_owned())
    }
    Probed {
        service: target.service,
        server: target.server.clone(),
        cleartext: Observed::Seen(cleartext),
        versions: Vec::new(),
        groups: none(),
        dh: none(),
        signatures: none(),
        chains: none(),
        features: Features {
            tickets: none(),
            resumption: none(),
            secure_renegotiation: none(),
            client_renegotiation: none(),
            compression: none(),
            fallback_scsv: none(),
            early_data: none(),
            extended_master_secret: none(),
            encrypt_then_mac: none(),
            ocsp_stapling: none(),
        },
        tlsa: nobody_asked(),
    }
}

fn unobserved<T>(error: &io::Error) -> Observed<T> {
    Observed::Unobserved(error.to_string())
}

fn nobody_asked<T>() -> Observed<T> {
    Observed::Unobserved("nobody asked the DNS".to_owned())
}

/// What a failure before anything is known means.
fn failed(target: &Target, error: &io::Error) -> ProbeError {
    let server = target.server.clone();
    if error.get_ref().is_some_and(|inner| inner.is::<NoConnection>()) {
        return ProbeError::Connect { server, reason: error.to_string() };
    }
    if error.get_ref().is_some_and(|inner| inner.is::<Over>()) {
        return ProbeError::Late { server, after: target.deadline };
    }
    protocol(target, &error.to_string())
}

fn protocol(target: &Target, reason: &str) -> ProbeError {
    ProbeError::Protocol {
        server: target.server.clone(),
        service: target.service.to_string(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_looked_at_if_the_answer_is_about_the_password() {
        for (protocol, said, is_about_it) in [
            (Protocol::Smtp, "535 5.7.8 Error: authentication failed", true),
            (Protocol::Smtp, "530 5.7.0 Must issue a STARTTLS command first", false),
            (Protocol::Smtp, "503 5.5.1 Error: authentication not enabled", false),
            (Protocol::Imap, "p3 NO [AUTHENTICATIONFAILED] Authentication failed.", true),
            (
                Protocol::Imap,
                "p3 NO [PRIVACYREQUIRED] Cleartext authentication disallowed on non-secure connections.",
                false,
            ),
            (Protocol::Pop3, "-ERR [AUTH] Cleartext authentication disallowed on non-secure connections.", false),
            (Protocol::Pop3, "-ERR [AUTH] Authentication failed.", true),
            (Protocol::Pop3, "-ERR Unknown command.", false),
            (Protocol::Imap, "p2 BAD Unknown command", false),
            (Protocol::Imap, "", false),
            (Protocol::Sieve, "NO \"Authentication failed.\"", true),
            (Protocol::Sieve, "NO (ENCRYPT-NEEDED) \"Authentication disallowed.\"", false),
        ] {
            assert_eq!(is_looked_at(protocol, said), is_about_it, "{said}");
        }
    }

    #[test]
    fn tls_is_offered_by_a_word_alone() {
        assert!(["STARTTLS", "starttls", "STLS"].into_iter().all(is_offer));
        assert!(!["XSTARTTLS", "AUTH STARTTLS", ""].into_iter().any(is_offer));
    }
}
