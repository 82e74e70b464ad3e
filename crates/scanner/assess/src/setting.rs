//! The line to change, in the words of Postfix and Dovecot. `None` where the program is not known, or there is no one line.

use crate::{ServiceFacts, Software, ciphers};
use evidence::{Observed, Probed};
use mail::Service;
use plan::Daemon;
use profile::{Aspect, Profile, Rating};

/// Versions oldest first, as the profile names them.
const VERSIONS: [&str; 5] = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// The line for the one and for the other program.
fn of(service: &ServiceFacts, postfix: Option<String>, dovecot: Option<String>) -> Option<String> {
    match service.software?.daemon {
        Daemon::Postfix => postfix,
        Daemon::Dovecot => dovecot,
    }
}

fn line(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// So that TLS is offered; where users log in, so that it must be used.
pub(crate) fn tls(service: &ServiceFacts) -> Option<String> {
    let level = if service.service == Service::Smtp { "may" } else { "encrypt" };
    of(service, Some(format!("smtpd_tls_security_level = {level}")), line("ssl = required"))
}

/// So that TLS need not be used, for mail from anybody.
pub(crate) fn optional_tls(service: &ServiceFacts) -> Option<String> {
    of(service, line("smtpd_tls_security_level = may"), None)
}

/// So that nobody logs in before TLS.
pub(crate) fn login(service: &ServiceFacts) -> Option<String> {
    let dovecot = if is_dovecot_24(service) { "auth_allow_cleartext = no" } else { "disable_plaintext_auth = yes" };
    of(service, line("smtpd_tls_auth_only = yes"), line(dovecot))
}

/// So that no version is taken which the profile does not list.
pub(crate) fn versions(service: &ServiceFacts, probed: &Probed, profile: &Profile) -> Option<String> {
    let rating = profile.versions.as_ref()?;
    let least = VERSIONS.into_iter().find(|version| rating.allowed().any(|allowed| allowed == *version))?;
    let software = service.software?;
    let value = if software.is_since(3, 6) {
        format!(">={least}")
    } else {
        let below = VERSIONS.into_iter().take_while(|version| *version != least);
        below.map(|version| format!("!{version}")).collect::<Vec<_>>().join(", ")
    };
    let name = if is_mandatory(service, probed) { "smtpd_tls_mandatory_protocols" } else { "smtpd_tls_protocols" };
    of(service, Some(format!("{name} = {value}")), Some(format!("ssl_min_protocol = {least}")))
}

/// Whether Postfix has TLS as a must there, so that its `mandatory` settings rule: where TLS is implicit, and where mail is
/// refused without it.
fn is_mandatory(service: &ServiceFacts, probed: &Probed) -> bool {
    let refusal = probed.cleartext.seen().and_then(|cleartext| cleartext.mail_from.seen());
    service.service.is_implicit() || refusal.is_some_and(|reply| reply.code == 530)
}

/// So that no cipher suite of TLS 1.2 and before is taken which the profile does not list. Suites of TLS 1.3 are the library's.
pub(crate) fn suites(service: &ServiceFacts, probed: &Probed, profile: &Profile) -> Option<String> {
    let rating = profile.suites.as_ref()?;
    let (allowed, unwanted) = ciphers::sorted(probed, rating);
    if unwanted.is_empty() {
        return None;
    }
    let exclude = format!("smtpd_tls_exclude_ciphers = {}", ciphers::cover(&unwanted, &allowed).join(", "));
    let list = ciphers::openssl_list(rating);
    of(service, Some(exclude), (!list.is_empty()).then(|| format!("ssl_cipher_list = {list}")))
}

/// So that no group is taken which the profile does not list.
pub(crate) fn groups(service: &ServiceFacts, probed: &Probed, profile: &Profile) -> Option<String> {
    let rating = profile.groups.as_ref()?;
    let taken = probed.groups.seen()?;
    let is_allowed = |group: &str| is_let_be(rating, Aspect::Group, group);
    let kept: Vec<&str> = taken.iter().map(String::as_str).filter(|group| is_allowed(group)).collect();
    let is_unwanted = |finite: bool| taken.iter().any(|g| is_finite_field(g) == finite && !is_allowed(g));
    let curves: Vec<&str> = kept.into_iter().filter(|group| !is_finite_field(group)).collect();
    if curves.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    if is_unwanted(false) {
        lines.push(curve_list(&curves, "tls_eecdh_auto_curves = ", " "));
    }
    if is_unwanted(true) {
        lines.push("tls_ffdhe_auto_groups =".to_owned());
    }
    let postfix = (!lines.is_empty()).then(|| lines.join("\n"));
    of(service, postfix, Some(curve_list(&curves, "ssl_curve_list = ", ":")))
}

fn is_finite_field(group: &str) -> bool {
    group.to_ascii_lowercase().starts_with("ffdhe")
}

/// So that a group is taken that withstands quantum computers, before those that may stay. It needs OpenSSL 3.5; nothing is
/// proposed that the profile does not list.
pub(crate) fn post_quantum(service: &ServiceFacts, taken: &[String], profile: &Profile) -> Option<String> {
    const HYBRID: &str = "X25519MLKEM768";
    let is_allowed = |group: &str| profile.groups.as_ref().is_none_or(|rating| is_let_be(rating, Aspect::Group, group));
    let stay = taken.iter().map(String::as_str).filter(|group| !is_finite_field(group) && is_allowed(group));
    let curves: Vec<&str> = std::iter::once(HYBRID).chain(stay).collect();
    if !is_allowed(HYBRID) {
        return None;
    }
    let postfix = curve_list(&curves, "tls_eecdh_auto_curves = ", " ");
    of(service, Some(postfix), Some(curve_list(&curves, "ssl_curve_list = ", ":")))
}

/// Curves by the names that OpenSSL's lists have.
fn curve_list(curves: &[&str], setting: &str, between: &str) -> String {
    let name = |curve: &&str| match curve.to_ascii_lowercase().as_str() {
        "secp256r1" => "prime256v1".to_owned(),
        "x25519" => "X25519".to_owned(),
        "x448" => "X448".to_owned(),
        _ => (*curve).to_owned(),
    };
    format!("{setting}{}", curves.iter().map(name).collect::<Vec<_>>().join(between))
}

/// So that the server's order counts, or the client's.
pub(crate) fn order(service: &ServiceFacts, is_servers: bool) -> Option<String> {
    let postfix = format!("tls_preempt_cipherlist = {}", if is_servers { "yes" } else { "no" });
    let dovecot = match (is_dovecot_24(service), is_servers) {
        (true, true) => "ssl_server_prefer_ciphers = server",
        (true, false) => "ssl_server_prefer_ciphers = client",
        (false, true) => "ssl_prefer_server_ciphers = yes",
        (false, false) => "ssl_prefer_server_ciphers = no",
    };
    of(service, Some(postfix), line(dovecot))
}

/// So that DHE suites get a good group: Postfix has one built in.
pub(crate) fn dh(service: &ServiceFacts) -> Option<String> {
    let dovecot = if is_dovecot_24(service) { "ssl_server_dh_file" } else { "ssl_dh" };
    let file = if is_dovecot_24(service) { "/etc/dovecot/ffdhe3072.pem" } else { "</etc/dovecot/ffdhe3072.pem" };
    of(service, line("smtpd_tls_dh1024_param_file ="), Some(format!("{dovecot} = {file}")))
}

/// So that nothing is compressed before it is encrypted.
pub(crate) fn compression(service: &ServiceFacts) -> Option<String> {
    of(service, line("tls_ssl_options = NO_COMPRESSION"), line("ssl_options = no_compression"))
}

/// So that clients do not renegotiate.
pub(crate) fn renegotiation(service: &ServiceFacts) -> Option<String> {
    of(service, line("tls_ssl_options = NO_RENEGOTIATION"), None)
}

/// So that nobody relays.
pub(crate) fn relay(software: Option<Software>) -> Option<String> {
    postfix_only(
        software,
        "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    )
}

/// So that mail for nobody is refused while the client is there.
pub(crate) fn unknown_recipients(software: Option<Software>) -> Option<String> {
    postfix_only(software, "smtpd_reject_unlisted_recipient = yes")
}

/// So that VRFY tells nothing.
pub(crate) fn vrfy(software: Option<Software>) -> Option<String> {
    postfix_only(software, "disable_vrfy_command = yes")
}

fn postfix_only(software: Option<Software>, text: &str) -> Option<String> {
    software.filter(|software| software.daemon == Daemon::Postfix).map(|_| text.to_owned())
}

fn is_dovecot_24(service: &ServiceFacts) -> bool {
    service.software.is_some_and(|software| software.is_since(2, 4))
}

/// The order that is asked for, if the profile asks for one.
pub(crate) fn is_servers_order(profile: &Profile) -> bool {
    matches!(profile.order, Some(profile::WantedOrder::Server | profile::WantedOrder::ByLevel))
}

/// Whether a rating lets be what was seen.
pub(crate) fn is_let_be(rating: &Rating, aspect: Aspect, name: &str) -> bool {
    rating.level(aspect, name) <= profile::Level::Sufficient
}

/// The reason of something that was not observed.
pub(crate) fn why<T>(observed: &Observed<T>) -> Option<&str> {
    match observed {
        Observed::Unobserved(why) => Some(why),
        Observed::Seen(_) => None,
    }
}
