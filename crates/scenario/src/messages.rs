//! Messages: their text, their signatures, what is done to them, and by whom they are forwarded.

use crate::{
    language::{BodyTable, HopTable, ReplaceTable, SealTable, SetHeaderTable, SignTable, TamperTable},
    transactions::Scene,
};
use form::{
    Flaw, did_you_mean, listed,
    values::{AtLeastOne, Line},
};
use mail::{Domain, Message};
use plan::{DkimKey, Hop, KeyAlgorithm, Octets, Recipe, Seal, Signature, Spanned, Tag, Tamper};

/// What a transaction says of its message besides the text.
pub(crate) struct Parts {
    pub(crate) body: Option<Spanned<BodyTable>>,
    pub(crate) exact: bool,
    pub(crate) sign: Option<Vec<SignTable>>,
    pub(crate) tamper: Option<Vec<TamperTable>>,
    pub(crate) hop: Option<AtLeastOne<Spanned<HopTable>>>,
}

/// Makes the recipe of a message; none without a text, but what is wrong with the rest is told.
pub(crate) fn build(
    text: Option<Spanned<Octets>>,
    parts: Parts,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Option<Recipe> {
    let Parts { body, exact, sign, tamper, hop } = parts;
    let mut fields = text.as_ref().map(|text| Fields::of(text, exact));
    let sign = signatures(sign, fields.as_mut(), scene, flaws);
    let tamper = changes(tamper, fields.as_mut(), flaws);
    let hops = hop.map_or_else(Vec::new, |list| list.0);
    let hops = hops.into_iter().map(|table| self::hop(table, fields.as_mut(), scene, flaws)).collect();
    let text = text?;
    let value = if exact { text.value } else { Octets(text.value.replace("\r\n", "\n")) };
    let recipe = Recipe { text: Spanned { value, span: text.span }, exact, sign, tamper, hops };
    Some(match &body {
        Some(body) => with_body(recipe, body, flaws),
        None => recipe,
    })
}

/// The names of fields that a header has, as it comes along.
struct Fields {
    names: Vec<String>,
    text: std::ops::Range<usize>,
}

impl Fields {
    fn of(text: &Spanned<Octets>, exact: bool) -> Self {
        let mut names: Vec<String> = Message::parse(&text.value.0).fields.into_iter().map(|field| field.name).collect();
        if !exact {
            names.extend(["Date", "Message-ID"].map(str::to_owned));
        }
        Self { names, text: text.span.clone() }
    }

    fn add(&mut self, names: &[&str]) {
        self.names.extend(names.iter().map(|name| (*name).to_owned()));
    }

    /// A field that is changed or removed must be there.
    fn fit(&mut self, change: &TamperTable, flaws: &mut Vec<Flaw>) {
        if let Some(field) = &change.prepend_header {
            self.add(&field.octets.text().split(':').take(1).collect::<Vec<_>>());
        }
        let set = change.set_header.as_ref().and_then(|set| set.name.0.as_ref());
        for name in set.into_iter().chain(&change.remove_header) {
            if !self.names.iter().any(|known| known.eq_ignore_ascii_case(&name.value.0)) {
                let known = self.names.iter().map(String::as_str);
                let help = did_you_mean(&name.value.0, known, "`prepend-header` adds a field");
                let flaw = Flaw::new(format!("the message has no {} field to change", name.value.0));
                flaws.push(flaw.at(&name.span, "not in the header").at(&self.text, "the message").help(help));
            }
        }
    }
}

fn hop(table: Spanned<HopTable>, mut fields: Option<&mut Fields>, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Hop {
    let Spanned { value: table, span } = table;
    let is_sealed = table.seal.is_some();
    let lists = [table.tamper.as_ref().map(Vec::len), table.sign.as_ref().map(Vec::len)];
    let is_idle = !is_sealed && lists.contains(&Some(0)) && lists.iter().all(|list| list.unwrap_or(0) == 0);
    let tamper = changes(table.tamper, fields.as_deref_mut(), flaws);
    let sign = signatures(table.sign, fields.as_deref_mut(), scene, flaws);
    if is_idle {
        let flaw = Flaw::new("this hop does nothing to the message").at(&span, "no change, no signature, no seal");
        flaws.push(flaw.help("a host that leaves a message as it is need not be written"));
    }
    let seal = table.seal.and_then(|table| seal(table, scene, flaws));
    if let Some(fields) = fields.filter(|_| is_sealed) {
        fields.add(&["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]);
    }
    Hop { tamper, sign, seal }
}

fn seal(table: SealTable, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Option<Seal> {
    let signature_tags = tags(table.signature_tags, flaws);
    let seal_tags = tags(table.seal_tags, flaws);
    let (domain, selector) = (table.domain.0?, table.selector.0?.map(|selector| selector.0));
    let key = key(&domain, &selector, scene, flaws)?.algorithm;
    let c = table.canonicalization;
    Some(Seal {
        authserv_id: table.authserv_id.map_or_else(|| domain.value.to_string(), |id| id.0),
        domain,
        selector,
        key,
        results: table.results.map_or_else(|| "none".to_owned(), |results| results.0),
        instance: table.instance.map(|instance| instance.0.unsigned_abs()),
        chain: table.cv,
        relaxed_header: c.is_none_or(|c| c.0),
        relaxed_body: c.is_none_or(|c| c.1),
        headers: table.headers.map(|names| names.0.into_iter().map(|name| name.0).collect()),
        sealed_at: table.sealed_at.map_or(0, |at| at.0),
        signature_tags,
        seal_tags,
    })
}

fn signatures(
    tables: Option<Vec<SignTable>>,
    fields: Option<&mut Fields>,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Vec<Signature> {
    let tables = tables.unwrap_or_default();
    if let Some(fields) = fields.filter(|_| !tables.is_empty()) {
        fields.add(&["DKIM-Signature"]);
    }
    tables.into_iter().filter_map(|sign| signature(sign, scene, flaws)).collect()
}

fn changes(tables: Option<Vec<TamperTable>>, mut fields: Option<&mut Fields>, flaws: &mut Vec<Flaw>) -> Vec<Tamper> {
    let one = |table: TamperTable| {
        if let Some(fields) = &mut fields {
            fields.fit(&table, flaws);
        }
        change(table)
    };
    tables.unwrap_or_default().into_iter().filter_map(one).collect()
}

fn change(table: TamperTable) -> Option<Tamper> {
    let set =
        |table: SetHeaderTable| Some(Tamper::SetHeader { name: table.name.0?.value.0, value: table.value.0?.octets });
    let replace =
        |table: ReplaceTable| Some(Tamper::Replace { find: table.find.0?.octets, with: table.with.0?.octets });
    (table.append_body.map(|text| Tamper::AppendBody(text.octets)))
        .or(table.prepend_header.map(|field| Tamper::PrependHeader(field.octets)))
        .or(table.set_header.and_then(set))
        .or(table.remove_header.map(|name| Tamper::RemoveHeader(name.value.0)))
        .or(table.replace.and_then(replace))
}

fn signature(table: SignTable, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Option<Signature> {
    let (domain, selector) = (table.domain.0?, table.selector.0?.map(|selector| selector.0));
    let key = key(&domain, &selector, scene, flaws)?.algorithm;
    let sha1 = table.sha1.as_ref().is_some_and(|sha1| sha1.value);
    if let (KeyAlgorithm::Ed25519, true, Some(span)) = (key, sha1, table.sha1.map(|sha1| sha1.span)) {
        let flaw = Flaw::new("there is no Ed25519 signature with SHA-1").at(&span, "not for this key");
        flaws.push(
            flaw.at(&selector.span, "an Ed25519 key").help("sign with an RSA key, or leave `sha1` out (RFC 8463 §3)"),
        );
    }
    let tags = tags(table.tags, flaws);
    let usual = || ["From", "To", "Subject", "Date", "Message-ID"].map(str::to_owned).to_vec();
    let c = table.canonicalization;
    Some(Signature {
        domain,
        selector,
        key,
        sha1,
        relaxed_header: c.is_none_or(|c| c.0),
        relaxed_body: c.is_none_or(|c| c.1),
        headers: table.headers.map_or_else(usual, |names| names.0.into_iter().map(|name| name.0).collect()),
        body_length: table.body_length.map(|length| length.0.unsigned_abs()),
        signed_at: table.signed_at.map(|at| at.0),
        expires_at: table.expires_at.map(|at| at.0),
        auid: table.auid.map(|auid| auid.0),
        tags,
    })
}

/// Tags as they are written, in order (RFC 6376 §3.2).
fn tags(list: Option<Spanned<Line>>, flaws: &mut Vec<Flaw>) -> Vec<Tag> {
    let Some(Spanned { value: Line(list), span }) = list else { return Vec::new() };
    let tag = |text: &str| {
        let name = text.split_once('=').map_or(text, |(name, _)| name).trim_end();
        Tag { name: name.to_owned(), text: text.to_owned() }
    };
    let tags: Vec<Tag> = list.split(';').map(str::trim).filter(|text| !text.is_empty()).map(tag).collect();
    if tags.is_empty() {
        flaws.push(Flaw::new("no tag is in this list").at(&span, "here").help("write `q=dns/txt; foo=bar`"));
    }
    tags
}

/// The key that signs.
fn key<'a>(
    domain: &Spanned<Domain>,
    selector: &Spanned<String>,
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
            known => did_you_mean(&selector.value, known.iter().copied(), &format!("The zone has {}", listed(known))),
        };
        let flaw =
            Flaw::new(format!("{} has no selector `{}`", domain.value, selector.value)).at(&selector.span, "undefined");
        flaws.push(flaw.at(&zone.span, "the zone").help(help));
    }
    found
}

/// A line of a made body, without its end.
const LINE: &str = "The quick brown fox jumps over the lazy dog, and nobody knows why it should do";

/// The message with the body that is made for it.
fn with_body(recipe: Recipe, body: &Spanned<BodyTable>, flaws: &mut Vec<Flaw>) -> Recipe {
    let (octets, lines) = (body.value.octets.map(|n| n.0), body.value.lines.map(|n| n.0));
    let octets = octets.or(lines.map(|lines| lines * 78)).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let end = if recipe.exact { "\r\n" } else { "\n" };
    let Octets(mut text) = recipe.text.value;
    let has = |end: &[u8]| text.windows(end.len()).any(|octets| octets == end);
    if !has(b"\n\n") && !has(b"\r\n\r\n") {
        let flaw = Flaw::new("a body stands behind an empty line").at(&recipe.text.span, "only a header");
        flaws.push(flaw.at(&body.span, "the body").help("end the message with an empty line"));
    }
    let mut left = octets;
    while left > 0 {
        // no single octet is left over, which would be no line
        let length = if left == 79 { 75 } else { left.min(78).saturating_sub(2) };
        text.extend_from_slice(&LINE.as_bytes()[..length]);
        text.extend_from_slice(end.as_bytes());
        left = left.saturating_sub(length + 2);
    }
    Recipe { text: Spanned { value: Octets(text), span: recipe.text.span }, ..recipe }
}
