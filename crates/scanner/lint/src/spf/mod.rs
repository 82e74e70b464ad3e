//! SPF records (RFC 7208).

mod macros;
mod term;
mod walk;

use crate::{code::Code, context::LintContext, names, tags::Tags, text::texts};
use evidence::{LookedUp, Remark};
use mail::Domain;
use walk::Walk;

/// Name and text of all TXT records of a name may be so long, in octets, for an answer to fit into 512 (RFC 7208 §3.4).
const FITS: usize = 450;

/// What stands at a domain: the SPF record, and others that do not belong here. That there is none is no remark: a name with
/// TXT records need not be one that mail comes from.
pub(crate) fn lint(context: &LintContext<'_>, domain: &Domain, found: &LookedUp) -> Vec<Remark> {
    let texts = texts(found);
    let mut remarks = Vec::new();
    for text in &texts {
        remarks.extend(not_quite(text));
        if Tags::read(text).begin_with("v", "DMARC1") {
            remarks.push(misplaced(domain, text));
        }
    }
    match records(&texts).as_slice() {
        [] => {}
        [record] => {
            let size = domain.as_str().len() + texts.iter().map(String::len).sum::<usize>();
            if size > FITS {
                remarks.push(Code::SpfTooLong.remark(
                    format!("name and TXT records have {size} octets, more than {FITS}: answers may need TCP, which is not open everywhere"),
                    "take terms out, move some behind an include, or move other TXT records to names of their own",
                ));
            }
            if context.peek(domain, "SPF").is_some_and(|old| !old.records.is_empty()) {
                remarks.push(Code::SpfType99.remark(
                    "there is a record of type SPF (99), which nobody asks for any more",
                    "remove it; the TXT record is the one that counts",
                ));
            }
            remarks.extend(Walk::lint(context, domain, record));
        }
        several => remarks.push(Code::SpfSeveral.remark(
            format!(
                "there are {} SPF records, of which one is allowed: every check ends with permerror",
                several.len()
            ),
            format!("make them one: {}", joined(several)),
        )),
    }
    remarks
}

/// Records that are SPF's (RFC 7208 §4.5).
pub(crate) fn records(texts: &[String]) -> Vec<&str> {
    let is_record = |text: &&str| {
        let rest = text.get(..6).filter(|begin| begin.eq_ignore_ascii_case("v=spf1")).map(|_| &text[6..]);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    texts.iter().map(String::as_str).filter(is_record).collect()
}

/// A text that was meant for a record, and is none.
fn not_quite(text: &str) -> Option<Remark> {
    let bare: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '=').collect();
    let is_meant = bare.to_ascii_lowercase().starts_with("v=spf") || bare.to_ascii_lowercase().starts_with("spf1");
    let is_record = !records(&[text.to_owned()]).is_empty();
    (is_meant && !is_record).then(|| {
        let begin: String = text.chars().take(12).collect();
        Code::SpfVersion.remark(
            format!("a record begins with `{begin}` and counts for none: the version is `v=spf1`, and a space follows"),
            "let it begin with `v=spf1 `",
        )
    })
}

fn misplaced(domain: &Domain, text: &str) -> Remark {
    let name = names::below("_dmarc", domain).map_or_else(|| "_dmarc".to_owned(), |name| format!("{name}."));
    Code::DmarcMisplaced.remark(
        "there is a DMARC record at the domain itself, where nobody looks for it",
        format!("{name} IN TXT \"{text}\""),
    )
}

/// Several records as one: the terms of all, what ends them once.
fn joined(records: &[&str]) -> String {
    let is_end = |term: &&str| term.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all");
    let mut terms: Vec<&str> = Vec::new();
    for term in records.iter().flat_map(|record| record.split(' ').skip(1)).filter(|term| !term.is_empty()) {
        if !is_end(&term) && !terms.contains(&term) {
            terms.push(term);
        }
    }
    let mut ends = records.iter().flat_map(|record| record.split(' ')).filter(is_end);
    terms.extend(ends.next_back());
    format!("v=spf1 {}", terms.join(" "))
}
