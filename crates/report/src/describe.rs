//! What scenarios send and claim, in words: for whoever reads them to learn.

use claims::{ClaimList, Scenario, Subject};
use plan::{
    Client, DkimKey, Dnssec, Driver, Fault, FaultKind, KeyAlgorithm, KeyRecord, Origin, Plan, Recipe, Seal, Signature,
    Step, Tag, Tamper, Tls, Transaction, Zone,
};
use std::fmt::Write;

mod hosts;

/// Names and titles, a line each, in this order.
#[must_use]
pub fn list(scenarios: &[Scenario]) -> String {
    let plans = || scenarios.iter().map(|scenario| &scenario.plan);
    let room = plans().map(|plan| plan.source.name.chars().count()).max().unwrap_or(0);
    plans().map(|plan| format!("{:room$}  {}\n", plan.source.name, plan.title)).collect()
}

/// Says in words what a scenario sends and claims; many lines.
#[must_use]
pub fn describe(scenario: &Scenario) -> String {
    let Scenario { plan, claims: all } = scenario;
    let mut out = format!("{}\n{}\n", plan.source.name, plan.title);
    if let Some(teaches) = &plan.teaches {
        push(&mut out, 0, &format!("It demonstrates {teaches}."));
    }
    if !plan.cites.is_empty() {
        push(&mut out, 0, &format!("Read {}.", plan.cites.join(", ")));
    }
    if !plan.zones.is_empty() || !plan.ptr.is_empty() {
        out.push_str("\nThe DNS has\n");
    }
    for zone in &plan.zones {
        self::zone(&mut out, 1, zone);
    }
    for (ip, name) in &plan.ptr {
        push(&mut out, 1, &format!("{ip}, which is called {name}"));
    }
    if !plan.hosts.is_empty() {
        out.push_str("\nThe harness plays\n");
    }
    for host in &plan.hosts {
        hosts::host(&mut out, 1, host);
    }
    settings(&mut out, plan, &all.settings);
    for (probe, of_it) in plan.probes.iter().zip(&all.probes) {
        let name = probe.server_name.as_ref().map(|name| format!(", asked for {name}")).unwrap_or_default();
        let service = probe.service.value.to_string();
        push(&mut out, 0, &format!("\nThe gateway's {service} is probed{name}{}", label(&probe.label, &service)));
        claims(&mut out, of_it);
    }
    for (lookup, of_it) in plan.lookups.iter().zip(&all.lookups) {
        let asked = format!("{} {}", lookup.name.value, lookup.record_type);
        push(&mut out, 0, &format!("\nThe DNS is asked for {asked}{}", label(&lookup.label, &asked)));
        claims(&mut out, of_it);
    }
    for (at, (transaction, of_it)) in plan.transactions.iter().zip(&all.transactions).enumerate() {
        self::transaction(&mut out, at + 1, transaction);
        claims(&mut out, of_it);
    }
    for (report, of_it) in plan.reports.iter().zip(&all.reports) {
        let domain = report.domain.value.to_string();
        push(&mut out, 0, &format!("\nThen it sends its TLS report about {domain}{}", label(&report.label, &domain)));
        claims(&mut out, of_it);
    }
    out
}

/// What the file calls something, unless that says nothing new.
fn label(label: &str, usual: &str) -> String {
    if label == usual { String::new() } else { format!(" ({label})") }
}

fn settings(out: &mut String, plan: &Plan, of_them: &ClaimList<claims::setting::Changed>) {
    if plan.settings.changes.is_empty() {
        return;
    }
    out.push_str("\nMeanwhile the gateway has\n");
    for change in &plan.settings.changes {
        let file = change.daemon.file_of(&change.name.value);
        let words = match &change.value {
            Some(value) if value.is_empty() => format!("{} = (empty) in {file}", change.name.value),
            Some(value) => format!("{} = {value} in {file}", change.name.value),
            None => format!("no {} in {file}", change.name.value),
        };
        push(out, 1, &words);
    }
    if !of_them.is_empty() {
        claims(out, of_them);
    }
}

fn claims<S: Subject>(out: &mut String, claims: &ClaimList<S>) {
    push(out, 1, "Claimed:");
    for words in claims.words() {
        push(out, 2, &format!("- {words}"));
    }
}

fn push(out: &mut String, depth: usize, line: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}{}", "  ".repeat(depth), line.trim_end());
}

fn zone(out: &mut String, depth: usize, zone: &Zone) {
    let signed = match zone.dnssec {
        Dnssec::Insecure => "",
        Dnssec::Signed => ", signed with DNSSEC",
        Dnssec::Bogus => ", signed with DNSSEC by a key that its parent does not know",
        Dnssec::Expired => ", signed with DNSSEC, its signatures expired",
    };
    push(out, depth, &format!("{}{signed}", zone.origin));
    for record in zone.records.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('$')) {
        push(out, depth + 1, record);
    }
    for key in &zone.dkim {
        push(out, depth + 1, &key_words(key));
    }
    for fault in &zone.faults {
        push(out, depth + 1, &fault_words(fault));
    }
}

fn key_words(key: &DkimKey) -> String {
    let record = match key.record {
        KeyRecord::Published => "",
        KeyRecord::Revoked => ", revoked",
        KeyRecord::Wrong => ", but the record has another key",
        KeyRecord::Missing => ", but there is no record of it",
    };
    format!("a DKIM key {} ({}){record}", key.selector, algorithm(key.algorithm))
}

const fn algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa1024 => "RSA, 1024 bits",
        KeyAlgorithm::Rsa2048 => "RSA, 2048 bits",
        KeyAlgorithm::Rsa4096 => "RSA, 4096 bits",
        KeyAlgorithm::Ed25519 => "Ed25519",
    }
}

fn fault_words(fault: &Fault) -> String {
    let questions = fault.record_type.as_ref().map_or_else(String::new, |kind| format!(" to {kind} questions"));
    match fault.kind {
        FaultKind::Servfail => format!("{} answers SERVFAIL{questions}", fault.name),
        FaultKind::Refused => format!("{} answers REFUSED{questions}", fault.name),
        FaultKind::Nxdomain => format!("{} answers NXDOMAIN{questions}", fault.name),
        FaultKind::Notimp => format!("{} answers NOTIMP{questions}", fault.name),
        FaultKind::Silence => format!("{} does not answer{questions}", fault.name),
        FaultKind::Truncated => format!("{} answers{questions} over TCP only", fault.name),
        FaultKind::NoTcp => format!("{} answers{questions} neither over UDP, as not fitting, nor over TCP", fault.name),
        FaultKind::Oversized(octets) => {
            format!("{} answers{questions} with {octets} octets of TXT records", fault.name)
        }
        FaultKind::Delay(late) => format!("{} answers {} s late{questions}", fault.name, late.as_secs()),
    }
}

fn transaction(out: &mut String, number: usize, transaction: &Transaction) {
    let label = if transaction.label == number.to_string() { String::new() } else { format!(" {}", transaction.label) };
    let _ = writeln!(out, "\n{number}.{label}");
    if let Some(change) = &transaction.change {
        push(out, 1, "From now on");
        for zone in &change.zones {
            self::zone(out, 2, zone);
        }
        for host in &change.hosts {
            hosts::host(out, 2, host);
        }
        match &change.stopped {
            Some(names) if names.is_empty() => push(out, 2, "every service of the gateway runs"),
            Some(names) => push(out, 2, &format!("of the gateway's services these stand still: {}", names.join(", "))),
            None => {}
        }
    }
    push(out, 1, &origin(&transaction.origin));
    match &transaction.dialogue {
        Some(dialogue) => dialogue.steps.iter().for_each(|step| push(out, 2, &step_words(step))),
        None => {
            push(out, 2, &format!("MAIL FROM:{}", transaction.mail_from.octets().escape_ascii()));
            for recipient in &transaction.rcpt_to {
                push(out, 2, &format!("RCPT TO:{}", recipient.octets().escape_ascii()));
            }
        }
    }
    let recipe = &transaction.message;
    let text = recipe.text.value.to_string();
    if !text.is_empty() {
        push(out, 1, how(recipe));
    }
    for line in text.lines() {
        push(out, 2, &format!("| {}", visible(line)));
    }
    recipe.sign.iter().for_each(|signature| push(out, 1, &signature_words(signature)));
    recipe.tamper.iter().for_each(|change| push(out, 1, &change_words(change)));
    for (at, hop) in recipe.hops.iter().enumerate() {
        push(out, 1, &format!("Forwarded by hop {}:", at + 1));
        hop.tamper.iter().for_each(|change| push(out, 2, &change_words(change)));
        hop.sign.iter().for_each(|signature| push(out, 2, &signature_words(signature)));
        hop.seal.iter().for_each(|seal| push(out, 2, &seal_words(seal)));
    }
}

/// A line with its control characters as escapes.
fn visible(line: &str) -> String {
    let each = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    line.chars().map(each).collect()
}

fn origin(origin: &Origin) -> String {
    let tls = |tls: Tls| match tls {
        Tls::None => "without TLS",
        Tls::Starttls => "with STARTTLS",
        Tls::Implicit => "over implicit TLS",
    };
    match origin {
        Origin::Client(Client { ip, ehlo, says_helo, tls: asked, driver, retry }) => {
            let exact = if *driver == Driver::ByteExact { ", octet for octet," } else { "" };
            let hello = if *says_helo { " (with HELO)" } else { "" };
            let name = if ehlo.value.is_empty() { "nobody" } else { &ehlo.value };
            let retry = retry.map(|after| format!(", tries again after {after} s what is refused for now"));
            let retry = retry.unwrap_or_default();
            format!("{} connects as {name}{hello}, {}{retry}, and says{exact}", ip.value, tls(*asked))
        }
        Origin::Submission(submission) => {
            format!("{} submits {}, and says", submission.login.value, tls(submission.tls))
        }
        Origin::Sendmail => "A program on the gateway runs sendmail, and says".to_owned(),
    }
}

fn step_words(step: &Step) -> String {
    match step {
        Step::Send(sent) => format!("C: {}", sent.text),
        Step::Await(awaited) => format!("S: {}", awaited.value),
        Step::Tls => "-- TLS --".to_owned(),
        Step::Close => "-- close --".to_owned(),
    }
}

const fn how(recipe: &Recipe) -> &'static str {
    match (recipe.exact, recipe.sign.is_empty()) {
        (true, true) => "It sends exactly, not signed by us:",
        (true, false) => "It sends exactly:",
        (false, true) => "It sends, not signed by us:",
        (false, false) => "It sends:",
    }
}

fn signature_words(signature: &Signature) -> String {
    let form = |relaxed| if relaxed { "relaxed" } else { "simple" };
    let mut words = format!(
        "Signed by {} with {} ({}{}), {}/{}, over {}",
        signature.domain.value,
        signature.selector.value,
        algorithm(signature.key),
        if signature.sha1 { ", SHA-1" } else { "" },
        form(signature.relaxed_header),
        form(signature.relaxed_body),
        signature.headers.join(", "),
    );
    let seconds = |word: &str, at: i64| match at {
        at if at < 0 => format!("; {word} {} s ago", at.unsigned_abs()),
        at => format!("; {word} in {at} s"),
    };
    words.extend(signature.body_length.map(|octets| format!("; only the first {octets} octets of the body")));
    words.extend(signature.signed_at.map(|at| seconds("dated", at)));
    words.extend(signature.expires_at.map(|at| seconds("expires", at)));
    words.extend(signature.auid.as_ref().map(|auid| format!("; for {auid}")));
    words.extend(tags_words("with", &signature.tags));
    words
}

fn tags_words(with: &str, tags: &[Tag]) -> Option<String> {
    let list: Vec<String> = tags.iter().map(|tag| format!("`{}`", tag.text)).collect();
    (!list.is_empty()).then(|| format!("; {with} {}", list.join(", ")))
}

fn seal_words(seal: &Seal) -> String {
    let mut words = format!(
        "Sealed by {} with {} ({}), as {}: {}",
        seal.domain.value,
        seal.selector.value,
        algorithm(seal.key),
        seal.authserv_id,
        seal.results,
    );
    words.extend(seal.instance.map(|instance| format!("; i={instance}")));
    words.extend(seal.chain.map(|chain| format!("; cv={chain}")));
    words.extend(seal.headers.as_ref().map(|headers| format!("; over {}", headers.join(", "))));
    words.extend(tags_words("ARC-Message-Signature with", &seal.signature_tags));
    words.extend(tags_words("ARC-Seal with", &seal.seal_tags));
    words
}

fn change_words(change: &Tamper) -> String {
    match change {
        Tamper::AppendBody(text) => format!("Then `{}` is added to the body", text.to_string().trim_end()),
        Tamper::PrependHeader(field) => format!("Then `{field}` is put on top"),
        Tamper::SetHeader { name, value } => format!("Then {name} is changed to `{value}`"),
        Tamper::RemoveHeader(name) => format!("Then {name} is removed"),
        Tamper::Replace { find, with } => format!("Then `{find}` is replaced by `{with}`"),
    }
}
