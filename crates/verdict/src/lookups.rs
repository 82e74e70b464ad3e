//! Claims on look-ups, against what the DNS answered.

use crate::{
    Checked,
    check::{Cause, Check, checked},
    finding::Text,
    places::Places,
    words::lookup_claim_words,
};
use evidence::{LookedUp, Observed, Remark};
use plan::{Lookup, LookupClaim, Plan};
use std::collections::BTreeSet;

/// Judges one look-up.
pub(crate) fn judge(plan: &Plan, planned: &Lookup, seen: Option<&Observed<LookedUp>>, text: &Text) -> Checked {
    let unseen = |claim: &LookupClaim, why: &str| {
        Check::unclear(format!("whether it holds: {}", lookup_claim_words(claim)), why)
    };
    let check = |claim: &LookupClaim| match seen {
        Some(Observed::Seen(seen)) => check(claim, seen),
        Some(Observed::Unobserved(why)) => unseen(claim, why),
        None => unseen(claim, "the scenario ended before this look-up"),
    };
    let cause = |_: &LookupClaim| {
        let said = Places::of(plan).answer(&planned.name.value, &planned.record_type);
        let said = said.map(|at| Cause { at, what: "what the zone says".to_owned() });
        Some(said.unwrap_or_else(|| Cause::new(&planned.name.span, "of this name")))
    };
    checked(&planned.label, &planned.expect, lookup_claim_words, check, cause, text)
}

fn check(claim: &LookupClaim, seen: &LookedUp) -> Check {
    match claim {
        LookupClaim::Rcode(rcode) => Check::that(
            rcode.eq_ignore_ascii_case(&seen.rcode),
            || format!("the response code is {}, not {rcode}", seen.rcode),
            || told(seen),
        ),
        LookupClaim::Records(claimed) => records(claimed, seen),
        LookupClaim::Contains(text) => {
            let has = |record: &String| record.contains(text.as_str()) || plain(record).contains(text.as_str());
            let is_there = seen.records.iter().any(has);
            Check::that(is_there, || format!("no record has `{text}` in it"), || told(seen))
        }
        LookupClaim::Authentic(wanted) => {
            let message = if *wanted { "the answer is not authentic" } else { "the answer is authentic" };
            Check::that(seen.is_authentic == *wanted, || message.to_owned(), || told(seen))
        }
        LookupClaim::Lint(codes) => lint(codes, seen),
    }
}

/// Exactly these records, in any order.
fn records(claimed: &[String], seen: &LookedUp) -> Check {
    let forms = |records: &[String]| records.iter().map(|record| plain(record)).collect::<BTreeSet<_>>();
    let (wanted, there) = (forms(claimed), forms(&seen.records));
    if wanted == there {
        return Check::Holds;
    }
    let lacking: Vec<String> = wanted.difference(&there).map(|record| format!("`{record}` is not there")).collect();
    let more: Vec<String> = there.difference(&wanted).map(|record| format!("`{record}` is there")).collect();
    let message = match (lacking.is_empty(), more.is_empty()) {
        (false, true) => "records are lacking",
        (true, false) => "there are more records",
        _ => "there are other records",
    };
    let rcode = (seen.rcode != "NOERROR").then(|| format!("the response code is {}", seen.rcode));
    Check::Fails(message.to_owned(), rcode.into_iter().chain(lacking).chain(more).collect())
}

/// The lint has exactly these remarks. An answer that is an error leaves it nothing to look at.
fn lint(codes: &[String], seen: &LookedUp) -> Check {
    let wanted: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let there: BTreeSet<&str> = seen.remarks.iter().map(|remark| remark.code.as_str()).collect();
    if !matches!(seen.rcode.as_str(), "NOERROR" | "NXDOMAIN") && there.is_empty() {
        let words = lookup_claim_words(&LookupClaim::Lint(codes.to_vec()));
        return Check::unclear(format!("whether it holds: {words}"), format!("the DNS answers {}", seen.rcode));
    }
    if wanted == there {
        return Check::Holds;
    }
    let lacking: Vec<&str> = wanted.difference(&there).copied().collect();
    let more: Vec<&str> = there.difference(&wanted).copied().collect();
    let message = if more.is_empty() {
        format!("the lint does not say {}", lacking.join(", "))
    } else {
        format!("the lint says {}", more.join(", "))
    };
    let remark = |remark: &Remark| format!("{}: {} ({}); {}", remark.code, remark.text, remark.cites, remark.help);
    let mut evidence: Vec<String> = seen.remarks.iter().map(remark).collect();
    evidence.extend(told(seen));
    Check::Fails(message, evidence)
}

/// The answer, a line a record.
fn told(seen: &LookedUp) -> Vec<String> {
    let authentic = if seen.is_authentic { ", authentic" } else { ", not authentic" };
    let count = match seen.records.len() {
        0 => "no record".to_owned(),
        1 => "1 record".to_owned(),
        many => format!("{many} records"),
    };
    let first = format!("the DNS answers {}, {count}{authentic}", seen.rcode);
    [first].into_iter().chain(seen.records.iter().cloned()).collect()
}

/// A record as it is compared: character-strings joined (RFC 7208 §3.3), other words in lower case and without a final
/// dot.
pub(crate) fn plain(record: &str) -> String {
    let record = record.trim();
    if record.starts_with('"') { mail::txt_text(record) } else { unquoted_words(record) }
}

fn unquoted_words(record: &str) -> String {
    // text that a person wrote without quotes is no name
    if record.contains('=') {
        return record.to_owned();
    }
    let word = |word: &str| match word.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.to_ascii_lowercase(),
        _ => word.to_ascii_lowercase(),
    };
    record.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn records_compare_by_what_they_mean() {
        for (record, meant) in [
            (r#""v=spf1 ip4:192.0.2.10 -all""#, "v=spf1 ip4:192.0.2.10 -all"),
            (r#""v=DKIM1; p=MIIB" "AAAA""#, "v=DKIM1; p=MIIBAAAA"),
            (r#""v=DMARC1\; p=reject""#, "v=DMARC1; p=reject"),
            (r#""v=DMARC1\059 \"p\"""#, r#"v=DMARC1; "p""#),
            ("10 MX.gateway.example.", "10 mx.gateway.example"),
            ("0 .", "0 ."),
            ("v=SPF1 A", "v=SPF1 A"),
            ("3 1 1 ABCDEF", "3 1 1 abcdef"),
        ] {
            assert_eq!(plain(record), meant);
        }
    }
}
