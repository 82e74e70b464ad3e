//! DMARC records (RFC 9989 §4.7).

use crate::{
    code::Code,
    context::LintContext,
    reports::{self, Uri},
    tags::Tags,
    text::texts,
    tree,
};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// Tags whose value is one of a few words.
const WORDS: [(&str, &[&str]); 7] = [
    ("p", &["none", "quarantine", "reject"]),
    ("sp", &["none", "quarantine", "reject"]),
    ("np", &["none", "quarantine", "reject"]),
    ("adkim", &["r", "s"]),
    ("aspf", &["r", "s"]),
    ("t", &["y", "n"]),
    ("psd", &["y", "n", "u"]),
];
const OTHERS: [&str; 4] = ["v", "rua", "ruf", "fo"];
/// Tags of RFC 7489 that RFC 9989 §9.3 calls historic.
const HISTORIC: [&str; 3] = ["pct", "rf", "ri"];

/// What stands at `_dmarc.` of a domain.
pub(crate) fn lint(context: &LintContext<'_>, domain: &Domain, found: &LookedUp) -> Vec<Remark> {
    let texts = texts(found);
    let is_near = |text: &&String| records(std::slice::from_ref(*text)).is_empty() && is_meant(text);
    let mut remarks: Vec<Remark> = texts.iter().filter(is_near).map(|text| version(text)).collect();
    match records(&texts).as_slice() {
        [] => remarks.extend(absent(context, domain)),
        [record] => one(context, domain, record, &mut remarks),
        several => remarks.push(Code::DmarcSeveral.remark(
            format!("there are {} DMARC records, of which one is allowed: all are ignored", several.len()),
            format!("keep one: {}", several[0]),
        )),
    }
    remarks
}

/// Records that are DMARC's: version first, in capitals.
pub(crate) fn records(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).filter(|text| Tags::read(text).begin_with("v", "DMARC1")).collect()
}

fn is_meant(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("dmarc") || Tags::read(&lower).get("p").is_some_and(|p| WORDS[0].1.contains(&p))
}

fn version(text: &str) -> Remark {
    let begin: String = text.chars().take(12).collect();
    Code::DmarcVersion.remark(
        format!("a record begins with `{begin}` and counts for none: `v=DMARC1` in capitals is the first tag"),
        "let it begin with `v=DMARC1; `",
    )
}

fn absent(context: &LintContext<'_>, domain: &Domain) -> Option<Remark> {
    if tree::inherited(context, domain).is_some() {
        return None;
    }
    Some(Code::DmarcNone.remark(
        format!("there is no DMARC record at {domain} or above: mail with its name in From is taken from anybody"),
        format!("_dmarc.{domain}. IN TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@{domain}\""),
    ))
}

fn one(context: &LintContext<'_>, domain: &Domain, record: &str, remarks: &mut Vec<Remark>) {
    let tags = Tags::read(record);
    let mut tell = |code: Code, text: String, help: String| remarks.push(code.remark(text, help));
    for fault in &tags.faults {
        tell(Code::DmarcSyntax, format!("{fault}; that part is ignored"), tags.with("v", Some("DMARC1")));
    }
    for (name, words) in WORDS {
        if let Some(value) = tags.get(name).filter(|value| !has(words, value)) {
            let text = format!("`{name}={value}` is none of {}, and ignored", words.join(", "));
            tell(Code::DmarcValue, text, format!("{name}={}", words.last().unwrap_or(&"")));
        }
    }
    if let Some(fo) = tags.get("fo").filter(|fo| !is_fo(fo)) {
        tell(Code::DmarcValue, format!("`fo={fo}` is no list of 0 or 1, d and s, and ignored"), "fo=1".to_owned());
    }
    for name in tags.names() {
        if HISTORIC.contains(&name) {
            let help = match (name, tags.get("pct")) {
                ("pct", Some("0")) => format!("{}; t=y", tags.with("pct", None)),
                _ => tags.with(name, None),
            };
            tell(Code::DmarcObsoleteTag, format!("`{name}=` has no meaning any more"), help);
        } else if !OTHERS.contains(&name) && !WORDS.iter().any(|(word, _)| *word == name) {
            tell(Code::DmarcUnknownTag, format!("`{name}=` is no tag of DMARC, and ignored"), tags.with(name, None));
        }
    }
    policy(domain, &tags, &mut tell);
    addresses(context, domain, &tags, remarks);
}

fn has(words: &[&str], value: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// dmarc-fo of RFC 9989 §4.8.
fn is_fo(value: &str) -> bool {
    let parts: Vec<&str> = value.split(':').map(str::trim).collect();
    let is_known = parts.iter().all(|part| has(&["0", "1", "d", "s"], part));
    let is_once = parts.iter().enumerate().all(|(at, part)| !has(&parts[..at], part));
    is_known && is_once && !(has(&parts, "0") && has(&parts, "1"))
}

/// How strict a policy is; unknown words are as none.
fn strength(policy: &str) -> usize {
    WORDS[0].1.iter().position(|word| word.eq_ignore_ascii_case(policy)).unwrap_or(0)
}

fn policy(domain: &Domain, tags: &Tags<'_>, tell: &mut impl FnMut(Code, String, String)) {
    let Some(p) = tags.get("p") else {
        let text = "there is no `p=`: the record is taken for `p=none`, or not at all".to_owned();
        return tell(Code::DmarcNoPolicy, text, tags.with("p", Some("quarantine")));
    };
    if p.eq_ignore_ascii_case("none") {
        let text = format!("`p=none` asks nobody to refuse forged mail of {domain}");
        tell(Code::DmarcPolicyNone, text, tags.with("p", Some("quarantine")));
    }
    if tags.get("t").is_some_and(|t| t.eq_ignore_ascii_case("y")) && strength(p) > 0 {
        let text = format!("`t=y` asks for less than `{p}`, as long as this is a test");
        tell(Code::DmarcTesting, text, tags.with("t", None));
    }
    let mut above = ("p", p);
    for name in ["sp", "np"] {
        let Some(value) = tags.get(name) else { continue };
        if strength(value) < strength(above.1) {
            let whose = if name == "sp" { "subdomains" } else { "subdomains that do not exist" };
            let text =
                format!("`{name}={value}` is weaker than `{}={}`: {whose} are easier to forge", above.0, above.1);
            tell(Code::DmarcSubdomains, text, tags.with(name, None));
        }
        above = (name, value);
    }
}

fn addresses(context: &LintContext<'_>, domain: &Domain, tags: &Tags<'_>, remarks: &mut Vec<Remark>) {
    if tags.get("rua").is_none_or(str::is_empty) {
        let rua = format!("mailto:dmarc-reports@{domain}");
        remarks.push(Code::DmarcNoReports.remark("nobody gets aggregate reports", tags.with("rua", Some(&rua))));
    }
    let mut hosts: Vec<(&str, Domain)> = Vec::new();
    for tag in ["rua", "ruf"] {
        for uri in tags.get(tag).into_iter().flat_map(|list| list.split(',')).map(str::trim) {
            // Only mailto is sure to be understood.
            match reports::read(uri) {
                Uri::Mail { host, size } => {
                    if let Some(size) = size {
                        let text = format!("`!{size}` behind `{uri}` has no meaning any more");
                        remarks.push(Code::DmarcObsoleteSize.remark(text, uri.replace(&format!("!{size}"), "")));
                    }
                    if !hosts.contains(&(tag, host.clone())) {
                        hosts.push((tag, host));
                    }
                }
                Uri::Web | Uri::Other => {
                    let text = format!("`{tag}={uri}`: receivers need to know `mailto:` only, and may pass it over");
                    remarks.push(Code::DmarcUri.remark(text, format!("{tag}=mailto:dmarc-reports@{domain}")));
                }
                Uri::Bad(why) => {
                    let text = format!("`{tag}={uri}`: {why}");
                    remarks.push(Code::DmarcUri.remark(text, format!("{tag}=mailto:dmarc-reports@{domain}")));
                }
            }
        }
    }
    for (tag, host) in hosts {
        let code = if tag == "rua" { Code::DmarcUnauthorised } else { Code::DmarcFailureUnauthorised };
        remarks.extend(reports::authorised(context, domain, &host, tag, code));
    }
}
