//! Claims in words, as reports show them.

use crate::outcome::outcome_word;
use plan::{Claim, DkimClaim, HandshakeClaim, LookupClaim, ProbeClaim, ReportClaim, SettingClaim, StarttlsClaim};

/// A claim on mail in words, such as `SPF fail`.
#[must_use]
pub fn claim_words(claim: &Claim) -> String {
    match claim {
        Claim::Reply(reply) => {
            let enhanced = reply.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
            let text = reply.text.as_ref().map(|text| format!(" with `{text}`")).unwrap_or_default();
            format!("reply {}{enhanced} to {}{text}", reply.code, reply.to)
        }
        Claim::Spf(result) => format!("SPF {result}"),
        Claim::Dkim(DkimClaim::Overall(result)) => format!("DKIM {result}"),
        Claim::Dkim(DkimClaim::Signatures(list)) => {
            let list: Vec<String> = list.iter().map(|(domain, result)| format!("DKIM {result} of {domain}")).collect();
            list.join(", ")
        }
        Claim::Dmarc(result) => format!("DMARC {result}"),
        Claim::Arc(result) => format!("ARC {result}"),
        Claim::Outcome(outcome) => outcome_word(outcome),
        Claim::Handshake(claim) => handshake(claim),
        Claim::Header { name, contains } => format!("a {name} field with `{contains}`"),
        Claim::Received => "a Received field that says what was negotiated".to_owned(),
        Claim::Arrived(host) => format!("taken by {host}"),
        Claim::Offered(versions) => format!("{} offered", versions.join(", ")),
        Claim::Fetched(true) => "a policy fetched".to_owned(),
        Claim::Fetched(false) => "no policy fetched".to_owned(),
    }
}

fn handshake(claim: &HandshakeClaim) -> String {
    if claim.version.as_deref() == Some("none") {
        return "no TLS".to_owned();
    }
    let peer = claim.peer.as_ref().map(|peer| format!("peer {peer}"));
    let words = [claim.version.clone(), claim.suite.clone(), claim.group.clone(), peer];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A claim on a service in words, such as `takes none of RC4, 3DES`.
#[must_use]
pub fn probe_claim_words(claim: &ProbeClaim) -> String {
    match claim {
        ProbeClaim::Starttls(StarttlsClaim::Absent) => "no STARTTLS".to_owned(),
        ProbeClaim::Starttls(StarttlsClaim::Optional) => "STARTTLS optional".to_owned(),
        ProbeClaim::Starttls(StarttlsClaim::Required) => "STARTTLS required".to_owned(),
        ProbeClaim::Versions(versions) if versions.is_empty() => "takes no version of TLS".to_owned(),
        ProbeClaim::Versions(versions) => format!("takes exactly {}", versions.join(", ")),
        ProbeClaim::Takes(names) => format!("takes {}", names.join(", ")),
        ProbeClaim::Refuses(names) => format!("takes none of {}", names.join(", ")),
        ProbeClaim::Order(whose) => format!("the {whose}'s order of cipher suites"),
        ProbeClaim::DhBits(bits) => format!("no DHE group of less than {bits} bits"),
        ProbeClaim::Peer(trust) => format!("certificate {trust}"),
        ProbeClaim::Key(key) => format!("certificate with a key {key}"),
        ProbeClaim::Profile(name) => format!("profile {name}"),
        ProbeClaim::Login(what) => format!("a login before TLS {what}"),
        ProbeClaim::Injection(what) => format!("plaintext behind STARTTLS {what}"),
        ProbeClaim::Has(names) => format!("has {}", names.join(", ")),
        ProbeClaim::HasNot(names) => format!("has no {}", names.join(", ")),
        ProbeClaim::Tlsa(what) if what == "none" => "no TLSA records".to_owned(),
        ProbeClaim::Tlsa(what) if what == "differs" => "TLSA records that do not match".to_owned(),
        ProbeClaim::Tlsa(_) => "TLSA records that match".to_owned(),
    }
}

/// A claim on a look-up in words, such as `a record with `v=spf1``.
#[must_use]
pub fn lookup_claim_words(claim: &LookupClaim) -> String {
    match claim {
        LookupClaim::Rcode(rcode) => rcode.clone(),
        LookupClaim::Records(records) if records.is_empty() => "no records".to_owned(),
        LookupClaim::Records(records) => {
            let records: Vec<String> = records.iter().map(|record| format!("`{record}`")).collect();
            format!("exactly {}", records.join(", "))
        }
        LookupClaim::Contains(text) => format!("a record with `{text}`"),
        LookupClaim::Authentic(true) => "an authentic answer".to_owned(),
        LookupClaim::Authentic(false) => "an answer that is not authentic".to_owned(),
        LookupClaim::Lint(codes) if codes.is_empty() => "nothing to be said of it".to_owned(),
        LookupClaim::Lint(codes) => format!("lint: {}", codes.join(", ")),
    }
}

/// A claim on changed settings in words, such as `refused`.
#[must_use]
pub fn setting_claim_words(claim: &SettingClaim) -> String {
    match claim {
        SettingClaim::Taken(true) => "taken".to_owned(),
        SettingClaim::Taken(false) => "refused".to_owned(),
        SettingClaim::Says(text) => format!("a message with `{text}`"),
        SettingClaim::Silent => "no message".to_owned(),
    }
}

/// A claim on a TLS report in words, such as `1 connection failed`.
#[must_use]
pub fn report_claim_words(claim: &ReportClaim) -> String {
    match claim {
        ReportClaim::Policy(kind) => format!("a policy of type {kind} reported"),
        ReportClaim::Successful(1) => "1 connection reported as good".to_owned(),
        ReportClaim::Successful(count) => format!("{count} connections reported as good"),
        ReportClaim::Failed(1) => "1 connection reported as failed".to_owned(),
        ReportClaim::Failed(count) => format!("{count} connections reported as failed"),
        ReportClaim::Results(results) if results.is_empty() => "no failure reported".to_owned(),
        ReportClaim::Results(results) => format!("failures reported as {}", results.join(", ")),
    }
}
