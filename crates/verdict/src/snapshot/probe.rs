//! Every fact of a probe, as a table.

use super::{filled, lookup, part, transaction};
use claims::{links, outcomes::reply_text};
use evidence::{ChainSeen, Cleartext, Injection, LoginSeen, Observed, Order, Probed, VersionSeen};
use plan::Probe;
use profile::Feature;

/// Every fact of a probe as a table for people: what `probe` prints.
#[must_use]
pub fn probe_table(seen: &Probed) -> String {
    table(seen.server.as_str(), format!("{} at {}", seen.service, seen.server), seen)
}

/// The text of one probe.
pub(super) fn text(planned: &Probe, seen: &Probed) -> String {
    let asked = planned.server_name.as_ref().map(|name| format!(", asked for {name}")).unwrap_or_default();
    table(&planned.label, format!("{} at {}{asked}", seen.service, seen.server), seen)
}

fn table(label: &str, head: String, seen: &Probed) -> String {
    // of a service without TLS nothing of TLS was seen, which is said once
    let of_tls =
        |section: fn(&Probed) -> Vec<String>| if seen.versions.is_empty() { Vec::new() } else { section(seen) };
    let sections = filled([
        ("", vec![head]),
        ("Before TLS", cleartext(seen)),
        ("Versions", versions(seen)),
        ("Keys", of_tls(keys)),
        ("Certificates", of_tls(certificates)),
        ("Features", of_tls(features)),
        ("TLSA", tlsa(seen)),
    ]);
    part(label, sections)
}

fn certificates(seen: &Probed) -> Vec<String> {
    match &seen.chains {
        Observed::Seen(chains) => chains.iter().flat_map(chain).collect(),
        Observed::Unobserved(why) => vec![format!("unobserved: {why}")],
    }
}

/// Nothing where TLS is implicit.
fn cleartext(seen: &Probed) -> Vec<String> {
    let cleartext = match &seen.cleartext {
        Observed::Seen(cleartext) => cleartext,
        Observed::Unobserved(_) if seen.service.is_implicit() => return Vec::new(),
        Observed::Unobserved(why) => return vec![format!("unobserved: {why}")],
    };
    let Cleartext { greeting, capabilities, offers_starttls, login, mail_from, injection } = cleartext;
    let login = render(login, |login| match login {
        LoginSeen::Refused(answer) => format!("refused: {answer}"),
        LoginSeen::Taken(answer) => format!("taken: {answer}"),
    });
    let injection = render(injection, |injection| match injection {
        Injection::Dropped => "dropped".to_owned(),
        Injection::Closed => "the connection was closed".to_owned(),
        Injection::Answered(answer) => format!("answered: {answer}"),
    });
    vec![
        format!("greeting: {greeting}"),
        format!("capabilities: {}", capabilities.join(", ")),
        format!("STARTTLS: {}", if *offers_starttls { "offered" } else { "not offered" }),
        format!("login: {login}"),
        format!("MAIL FROM: {}", render(mail_from, reply_text)),
        format!("injected behind STARTTLS: {injection}"),
    ]
}

fn versions(seen: &Probed) -> Vec<String> {
    if seen.versions.is_empty() {
        return vec!["no TLS at all".to_owned()];
    }
    seen.versions.iter().flat_map(version).collect()
}

fn version(seen: &VersionSeen) -> Vec<String> {
    let suites = match &seen.suites {
        Observed::Seen(suites) if suites.is_empty() => return vec![format!("{}: no", seen.version)],
        Observed::Seen(suites) => suites,
        Observed::Unobserved(why) => return vec![format!("{}: unobserved: {why}", seen.version)],
    };
    let order = match seen.order {
        Some(Order::Server) => "yes, in the server's order",
        Some(Order::Client) => "yes, in the client's order",
        None => "yes",
    };
    let suites = suites.iter().map(|suite| format!("  {suite}"));
    [format!("{}: {order}", seen.version)].into_iter().chain(suites).collect()
}

fn keys(seen: &Probed) -> Vec<String> {
    let list = |names: &Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let dh = render(&seen.dh, |dh| match dh {
        Some(dh) => {
            let name = dh.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
            format!("{} bits{name}", dh.bits)
        }
        None => "none".to_owned(),
    });
    vec![
        format!("groups: {}", render(&seen.groups, list)),
        format!("DHE: {dh}"),
        format!("signatures: {}", render(&seen.signatures, list)),
    ]
}

fn features(seen: &Probed) -> Vec<String> {
    Feature::ALL.iter().map(|feature| yes_or_no(*feature, feature.of(&seen.features))).collect()
}

fn chain(seen: &ChainSeen) -> Vec<String> {
    let asked = seen.server_name.as_ref().map_or_else(|| "for no name".to_owned(), |name| format!("for {name}"));
    let certificates = transaction::chain(&seen.certificates).into_iter().map(|line| format!("  {line}"));
    [format!("{asked}: {}", links::trust(&seen.trust))].into_iter().chain(certificates).collect()
}

fn tlsa(seen: &Probed) -> Vec<String> {
    match &seen.tlsa {
        Observed::Seen(found) => [lookup::answer(found)].into_iter().chain(lookup::records("TLSA", found)).collect(),
        Observed::Unobserved(why) => vec![format!("unobserved: {why}")],
    }
}

fn yes_or_no(feature: Feature, fact: &Observed<bool>) -> String {
    format!("{feature}: {}", render(fact, |is| if *is { "yes" } else { "no" }.to_owned()))
}

fn render<T>(fact: &Observed<T>, words: impl Fn(&T) -> String) -> String {
    match fact {
        Observed::Seen(fact) => words(fact),
        Observed::Unobserved(why) => format!("unobserved: {why}"),
    }
}
