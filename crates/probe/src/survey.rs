//! A whole survey: what is asked, in which order, and what is put together.

use crate::{
    ProbeError, chains, features,
    line::{Line, Target},
    versions::{self, Found},
};
use evidence::{Cleartext, Features, LoginSeen, Observed, Probed};
use mail::{Service, group_name};
use std::io;
use tokio::time::timeout;

/// Asks a service everything. What of it could not be told is unobserved, with the reason; TLSA records are left to the
/// caller, who knows a resolver.
///
/// # Errors
/// Nobody takes the connection, what is there does not speak the service's protocol, or it did not end in time.
pub async fn survey(target: &Target) -> Result<Probed, ProbeError> {
    let late = || ProbeError::Late { server: target.server.clone(), after: target.deadline };
    timeout(target.deadline, whole(&Line::new(target))).await.map_err(|_| late())?
}

async fn whole(line: &Line<'_>) -> Result<Probed, ProbeError> {
    let target = line.target;
    let mut cleartext = if target.service.is_implicit() {
        line.connect().await.map_err(|e| refused(target, &e))?;
        Observed::Unobserved("TLS comes before everything else".to_owned())
    } else {
        Observed::Seen(before_tls(line).await?)
    };
    if let Observed::Seen(seen) = &cleartext
        && !seen.offers_starttls
    {
        return Ok(without_tls(target, cleartext));
    }
    let injected = async {
        if let Observed::Seen(seen) = &mut cleartext {
            seen.injection = features::injection(line).await;
        }
    };
    let (mut found, ()) = tokio::join!(versions::all(line), injected);
    if found.iter().all(|(_, found)| found.as_ref().is_ok_and(|found| found.is_closed)) {
        for (_, found) in &mut found {
            *found = Err(io::Error::other("it closes the connection, whichever version a ClientHello offers"));
        }
    }
    if let Some(strange) = all_strange(&found)
        && target.service.is_implicit()
    {
        return Err(protocol(target, &strange));
    }
    let versions = found.iter().map(versions::told).collect();
    let taken: Vec<Found> =
        found.into_iter().filter_map(|(_, found)| found.ok()).filter(|of| !of.suites.is_empty()).collect();
    let groups_and_signatures = async {
        let groups = versions::groups(line, &taken).await;
        let signatures = versions::signatures(line, &taken, groups.as_deref().unwrap_or_default()).await;
        (groups.map(|groups| groups.into_iter().map(group_name).collect()), signatures)
    };
    let ((groups, signatures), dh, chains, features) = tokio::join!(
        groups_and_signatures,
        versions::dh(line, &taken),
        chains::all(line, &taken),
        features::all(line, &taken)
    );
    Ok(Probed {
        service: target.service,
        server: target.server.clone(),
        cleartext,
        versions,
        groups: observed(groups),
        dh: observed(dh),
        signatures: observed(signatures),
        chains: chains.unwrap_or_default(),
        features,
        tlsa: Observed::Unobserved("nobody asked the DNS".to_owned()),
    })
}

/// What a service does before TLS; each question on a connection of its own.
async fn before_tls(line: &Line<'_>) -> Result<Cleartext, ProbeError> {
    let target = line.target;
    let mut first = line.speech().await.map_err(|e| refused(target, &e))?;
    let (greeting, capabilities) = first.greet().await.map_err(|e| protocol(target, &e.to_string()))?;
    let is_smtp = matches!(target.service, Service::Smtp | Service::Submission);
    let mail_from = async {
        if !is_smtp {
            return Observed::Unobserved(format!("{} takes no mail", target.service));
        }
        let replied = first.mail_from().await;
        replied.map_or_else(
            |e| Observed::Unobserved(e.to_string()),
            |answer| answer.reply().map_or_else(|| Observed::Unobserved(answer.result()), Observed::Seen),
        )
    };
    let (mail_from, login) = tokio::join!(mail_from, login(line));
    let is_offer = |word: &String| {
        let word = word.split([' ', '=']).next().unwrap_or_default();
        word.eq_ignore_ascii_case("STARTTLS") || word.eq_ignore_ascii_case("STLS")
    };
    Ok(Cleartext {
        greeting,
        offers_starttls: capabilities.iter().any(is_offer),
        capabilities,
        login,
        mail_from,
        injection: Observed::Unobserved("there is no STARTTLS".to_owned()),
    })
}

async fn login(line: &Line<'_>) -> Observed<LoginSeen> {
    let ask = async || {
        let mut speech = line.speech().await?;
        speech.greet().await?;
        speech.login().await
    };
    match ask().await {
        Err(error) => Observed::Unobserved(error.to_string()),
        Ok(answer) => {
            let said = answer.result();
            Observed::Seen(if is_looked_at(line.target.service, answer.is_good, &said) {
                LoginSeen::Taken(said)
            } else {
                LoginSeen::Refused(said)
            })
        }
    }
}

/// Whether a service looked at the password: it took it, or says that it is wrong.
fn is_looked_at(service: Service, is_good: bool, said: &str) -> bool {
    let upper = said.to_ascii_uppercase();
    is_good
        || match service {
            // 535: credentials invalid; 454 and 421: now unable to check (RFC 4954 §6). 503, 530 and 538 ask for something first
            Service::Smtp | Service::Submission | Service::Submissions => {
                ["535", "454", "432", "534"].iter().any(|code| said.starts_with(code))
            }
            Service::Imap | Service::Imaps | Service::Pop3 | Service::Pop3s | Service::Sieve => {
                // RFC 5530 §3: PRIVACYREQUIRED says that TLS is missing, AUTHENTICATIONFAILED that the password is wrong
                let is_for_tls = ["PRIVACYREQUIRED", "TLS", "DISALLOWED", "DISABLED", "ENCRYPT"];
                !is_for_tls.iter().any(|word| upper.contains(word))
            }
        }
}

fn without_tls(target: &Target, cleartext: Observed<Cleartext>) -> Probed {
    fn none<T>() -> Observed<T> {
        Observed::Unobserved("there is no TLS".to_owned())
    }
    Probed {
        service: target.service,
        server: target.server.clone(),
        cleartext,
        versions: Vec::new(),
        groups: none(),
        dh: none(),
        signatures: none(),
        chains: Vec::new(),
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
        tlsa: Observed::Unobserved("nobody asked the DNS".to_owned()),
    }
}

/// Why nothing is known of any version, if that is so.
fn all_strange(found: &[(u16, io::Result<Found>)]) -> Option<String> {
    let mut errors = found.iter().map(|(_, found)| found.as_ref().err().map(ToString::to_string));
    let first = errors.next().flatten()?;
    errors.all(|error| error.is_some()).then_some(first)
}

fn observed<T>(result: io::Result<T>) -> Observed<T> {
    result.map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen)
}

fn refused(target: &Target, error: &io::Error) -> ProbeError {
    ProbeError::Connect { server: target.server.clone(), reason: error.to_string() }
}

fn protocol(target: &Target, reason: &str) -> ProbeError {
    ProbeError::Protocol {
        server: target.server.clone(),
        service: target.service.to_string(),
        reason: reason.to_owned(),
    }
}
