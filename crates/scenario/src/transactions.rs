//! Transactions: who brings what to whom, checked against the zones of the file and the world around it.

use crate::{
    claims,
    language::{ClientTable, SignTable, SubmissionTable, TamperTable, TransactionTable},
    stage::Stage,
    zones,
};
use form::{Flaw, Required, did_you_mean, listed, nearest};
use mail::{Address, Domain, Message};
use plan::{
    Change, Client, DkimKey, Driver, KeyAlgorithm, Origin, Recipe, Signature, Spanned, Submission, Tamper, Tls,
    Transaction, World,
};
use std::ops::Range;

/// What a transaction is checked against.
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    /// As it is when the message is sent.
    pub(crate) stage: &'a Stage,
}

/// Makes one transaction; none if it has flaws that leave nothing to make.
pub(crate) fn build(
    table: Spanned<TransactionTable>,
    number: usize,
    change: Option<Change>,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Option<Transaction> {
    let Spanned { value: table, span } = table;
    let exact = table.exact.unwrap_or(false);
    let origin = origin(&table, &span, exact, scene, flaws);
    let sign: Vec<Signature> =
        table.sign.unwrap_or_default().into_iter().filter_map(|sign| signature(sign, scene, flaws)).collect();
    if let Required(Some(text)) = &table.message {
        changes_fit(text, exact, !sign.is_empty(), table.tamper.as_deref().unwrap_or_default(), flaws);
    }
    let tamper = table.tamper.unwrap_or_default().into_iter().filter_map(tampering).collect();
    let message = table.message.0.map(|Spanned { value, span }| {
        let value = if exact { value } else { value.replace("\r\n", "\n") };
        Recipe { text: Spanned { value, span }, exact, sign, tamper }
    });
    let rcpt_to = table.rcpt_to.0.map(|list| list.0).unwrap_or_default();
    let expect = table.expect.0.map(|expect| claims::build(expect, flaws)).unwrap_or_default();
    let transaction = Transaction {
        label: table.label.map_or_else(|| number.to_string(), |label| label.value.0),
        change,
        origin: origin?,
        mail_from: table.mail_from.0?,
        rcpt_to,
        message: message?,
        expect,
        span,
    };
    claims::contradictions(&transaction, scene, flaws);
    for recipient in &transaction.rcpt_to {
        is_served(recipient, &transaction, scene, flaws);
    }
    Some(transaction)
}

fn origin(
    table: &TransactionTable,
    span: &Range<usize>,
    exact: bool,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Option<Origin> {
    if (table.client.stands && table.client.value.is_none()) || (table.via.stands && table.via.value.is_none()) {
        return None;
    }
    match (&table.client.value, &table.via.value) {
        (Some(client), None) => self::client(&client.value, exact, flaws),
        (None, Some(via)) => {
            let by_submission = via.value.submission.as_ref();
            match by_submission {
                Some(submission) => self::submission(submission, scene, flaws),
                None => via.value.sendmail.as_ref().map(|_| Origin::Sendmail),
            }
        }
        (Some(client), Some(via)) => {
            let flaw = Flaw::new("a transaction has `client` or `via`, not both").at(&client.span, "one of them");
            flaws.push(flaw.at(&via.span, "or the other"));
            None
        }
        (None, None) => {
            let flaw = Flaw::new("nobody brings this message").at(span, "`client` or `via` is missing");
            flaws.push(flaw.help(r#"add `client = { ip = "192.0.2.10", ehlo = "mail.bank.example" }`"#));
            None
        }
    }
}

fn client(table: &ClientTable, exact: bool, flaws: &mut Vec<Flaw>) -> Option<Origin> {
    if let Some(ip) =
        table.ip.0.as_ref().filter(|ip| ip.value.is_loopback() || ip.value.is_unspecified() || ip.value.is_multicast())
    {
        let flaw = Flaw::new(format!("nobody can connect from {}", ip.value)).at(&ip.span, "not the address of a host");
        flaws.push(
            flaw.help("use a documentation address: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 2001:db8::/32"),
        );
    }
    let usual = if exact { Driver::ByteExact } else { Driver::WellBehaved };
    let ehlo = table.ehlo.0.as_ref()?;
    Some(Origin::Client(Client {
        ip: table.ip.0.clone()?,
        ehlo: Spanned { value: ehlo.value.0.clone(), span: ehlo.span.clone() },
        tls: table.tls.as_ref().map_or(Tls::None, |tls| tls.value),
        driver: table.driver.unwrap_or(usual),
    }))
}

fn submission(table: &SubmissionTable, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Option<Origin> {
    let login = table.login.0.as_ref()?;
    let known: Vec<String> = scene.world.logins.iter().map(ToString::to_string).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if !scene.world.logins.contains(&login.value) {
        let help = did_you_mean(
            &login.value.to_string(),
            known.iter().copied(),
            &format!("The gateways know {}", listed(&known)),
        );
        let flaw = Flaw::new(format!("nobody logs in as `{}`", login.value)).at(&login.span, "no such login");
        flaws.push(flaw.help(help));
        return None;
    }
    Some(Origin::Submission(Submission { login: login.clone(), tls: table.tls.0.as_ref()?.value }))
}

fn signature(table: SignTable, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Option<Signature> {
    let (domain, selector) = (table.domain.0?, table.selector.0?);
    let key = key(&domain, &Spanned { value: selector.value.0.as_str(), span: selector.span.clone() }, scene, flaws)?
        .algorithm;
    let sha1 = table.sha1.as_ref().is_some_and(|sha1| sha1.value);
    if let (KeyAlgorithm::Ed25519, true, Some(span)) = (key, sha1, table.sha1.map(|sha1| sha1.span)) {
        let flaw = Flaw::new("there is no Ed25519 signature with SHA-1").at(&span, "not for this key");
        flaws.push(
            flaw.at(&selector.span, "an Ed25519 key").help("sign with an RSA key, or leave `sha1` out (RFC 8463 §3)"),
        );
    }
    let usual = || ["From", "To", "Subject", "Date", "Message-ID"].map(str::to_owned).to_vec();
    let c = table.canonicalization;
    Some(Signature {
        domain,
        selector: Spanned { value: selector.value.0, span: selector.span },
        key,
        sha1,
        relaxed_header: c.is_none_or(|c| c.0),
        relaxed_body: c.is_none_or(|c| c.1),
        headers: table.headers.map_or_else(usual, |names| names.0.into_iter().map(|name| name.0).collect()),
        body_length: table.body_length.map(|length| length.0.unsigned_abs()),
        signed_at: table.signed_at.map(|at| at.0),
        expires_at: table.expires_at.map(|at| at.0),
        auid: table.auid.map(|auid| auid.0),
    })
}

/// The key that signs.
fn key<'a>(
    domain: &Spanned<Domain>,
    selector: &Spanned<&str>,
    scene: &Scene<'a>,
    flaws: &mut Vec<Flaw>,
) -> Option<&'a DkimKey> {
    let Some(zone) = scene.stage.zones.iter().find(|zone| zone.zone.origin == domain.value) else {
        let zones = scene.stage.zones.iter().map(|zone| zone.zone.origin.as_str());
        let help = did_you_mean(
            domain.value.as_str(),
            zones,
            &format!("Declare [zone.\"{}\"] with a `dkim` key", domain.value),
        );
        let flaw =
            Flaw::new(format!("no zone {} to sign for", domain.value)).at(&domain.span, "not declared in this file");
        flaws.push(flaw.help(help));
        return None;
    };
    let found = zone.zone.dkim.iter().find(|key| key.selector == selector.value);
    if found.is_none() {
        let known: Vec<&str> = zone.zone.dkim.iter().map(|key| key.selector.as_str()).collect();
        let help = match known.as_slice() {
            [] => format!("add `dkim.{} = {{ algorithm = \"rsa-sha256\" }}` to the zone", selector.value),
            known => did_you_mean(selector.value, known.iter().copied(), &format!("The zone has {}", listed(known))),
        };
        let flaw =
            Flaw::new(format!("{} has no selector `{}`", domain.value, selector.value)).at(&selector.span, "undefined");
        flaws.push(flaw.at(&zone.span, "the zone").help(help));
    }
    found
}

fn tampering(table: TamperTable) -> Option<Tamper> {
    let set = |table: crate::language::SetHeaderTable| {
        Some(Tamper::SetHeader { name: table.name.0?.value.0, value: table.value.0? })
    };
    let replace =
        |table: crate::language::ReplaceTable| Some(Tamper::Replace { find: table.find.0?.0, with: table.with.0? });
    (table.append_body.map(Tamper::AppendBody))
        .or(table.prepend_header.map(|field| Tamper::PrependHeader(field.0)))
        .or(table.set_header.and_then(set))
        .or(table.remove_header.map(|name| Tamper::RemoveHeader(name.value.0)))
        .or(table.replace.and_then(replace))
}

/// A message is recognised by its nonce, wherevhere.
fn changes_fit(text: &Spanned<String>, exact: bool, signed: bool, changes: &[TamperTable], flaws: &mut Vec<Flaw>) {
    let mut names: Vec<String> =
        Message::parse(text.value.as_bytes()).fields.into_iter().map(|field| field.name).collect();
    if !exact {
        names.extend(["Date", "Message-ID"].map(str::to_owned));
    }
    if signed {
        names.push("DKIM-Signature".to_owned());
    }
    for change in changes {
        if let Some(field) = change.prepend_header.as_ref().and_then(|field| field.0.split(':').next()) {
            names.push(field.to_owned());
        }
        let set = change.set_header.as_ref().and_then(|set| set.name.0.as_ref());
        for name in set.into_iter().chain(&change.remove_header) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&name.value.0)) {
                let help =
                    did_you_mean(&name.value.0, names.iter().map(String::as_str), "`prepend-header` adds a field");
                let flaw = Flaw::new(format!("the message has no {} field to change", name.value.0));
                flaws.push(flaw.at(&name.span, "not in the header").at(&text.span, "the message").help(help));
            }
        }
    }
}

/// A recipient must be at a domain that somebody has, if the message is to arrive or the gateway brings it there, and
/// is not one with a slip of the pen.
fn is_served(recipient: &Spanned<Address>, transaction: &Transaction, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) {
    let domain = recipient.value.domain();
    let world = scene.world;
    if world.owned().any(|own| domain.is_within(own)) {
        return;
    }
    let must_arrive = claims::must_arrive(transaction);
    if let Some(zone) = zones::of(domain, &scene.stage.zones) {
        let (message, label, help) = if !zone.has(domain.as_str(), &["MX", "A", "AAAA", "CNAME"]) {
            let help = format!("add `mx = \"mx.{domain}\"` to its zone, and [host.\"mx.{domain}\"] with `smtp`");
            (format!("{domain} has no mail exchange"), "mail cannot come here", help)
        } else if !scene.stage.hosts.iter().any(|host| host.smtp.is_some()) {
            let help = "declare the host that its `mx` names, as [host.\"…\"] with `smtp`".to_owned();
            (format!("no host of this file takes mail for {domain}"), "mail cannot come here", help)
        } else {
            return;
        };
        if must_arrive {
            flaws.push(Flaw::new(message).at(&recipient.span, label).at(&zone.span, "its zone").help(help));
        }
        return;
    }
    let known = || world.owned().map(Domain::as_str).chain(scene.stage.zones.iter().map(|z| z.zone.origin.as_str()));
    let near = nearest(domain.as_str(), known()).filter(|near| strsim::osa_distance(domain.as_str(), near) <= 2);
    if near.is_none() && !must_arrive && !claims::is_outbound(transaction, world) {
        return;
    }
    let gateway: Vec<&str> = world.gateway.iter().map(Domain::as_str).collect();
    let usual = format!("The gateway receives mail for {}; a third domain needs a zone with an `mx`", listed(&gateway));
    flaws.push(
        Flaw::new(format!("nobody receives mail for {domain}"))
            .at(&recipient.span, "neither a domain of the gateways nor a zone of this file")
            .help(did_you_mean(domain.as_str(), near, &usual)),
    );
}
