//! Aggregate reports of DMARC (RFC 9990, and RFC 7489 before it): who sent mail in the name of a domain, and what the SPF and DKIM of each source
//! were worth. Octets come in as they were received; nothing in them is believed to be more than the reporter's word.

pub use mail_auth::report::Report;

use data_encoding::BASE64_MIME;
use mail::DnsName;
use mail_auth::report::{ActionDisposition, Alignment, Disposition, DmarcResult, Error, Record, SPFDomainScope};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

/// The most octets that a report has, packed or not: 64 MiB.
pub const LARGEST: usize = 64 << 20;

/// Reads a report: a mail that has it attached, or the attachment alone, which is XML, or that in gzip or zip (RFC 9990 §3.5).
///
/// # Errors
/// Why these octets are no report, as a sentence without its end.
pub fn read(octets: &[u8]) -> Result<Report, String> {
    // a byte order mark may stand before it
    let start = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
    let packed = |kind: &str| {
        let attached = BASE64_MIME.encode(octets);
        format!(
            "MIME-Version: 1.0\r\nContent-Type: application/{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{attached}\r\n"
        )
    };
    let read = match octets {
        _ if octets.len() > LARGEST => Err(Error::ReportTooLarge),
        [0x1f, 0x8b, ..] => Report::parse_rfc5322(packed("gzip").as_bytes(), LARGEST),
        [b'P', b'K', 3, 4, ..] => Report::parse_rfc5322(packed("zip").as_bytes(), LARGEST),
        _ if start.starts_with(b"<") => Report::parse_xml(start).map_err(Error::ReportParseError),
        _ => Report::parse_rfc5322(octets, LARGEST),
    };
    read.map_err(|error| match error {
        Error::MailParseError | Error::NoReportsFound => "it is no mail with a report, and no report itself".to_owned(),
        Error::ReportParseError(why) => format!("its XML is no report: {why}"),
        Error::UncompressError(why) => format!("it cannot be unpacked: {why}"),
        Error::ReportTooLarge => format!("it has more than {} MiB", LARGEST >> 20),
    })
}

/// What all reports say of one domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Each policy under which the reporters judged, as a record would say it.
    pub policies: BTreeSet<String>,
    /// Who reported.
    pub reporters: BTreeSet<String>,
    /// How many reports there are.
    pub reports: usize,
    /// The earliest moment that is told of, and the latest, in seconds since 1970.
    pub span: (u64, u64),
    /// The sources, those with the most mail first.
    pub sources: Vec<Source>,
    /// What went wrong for the reporters, in their words.
    pub errors: BTreeSet<String>,
}

/// Mail of one address that had the same results.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The client.
    pub ip: Option<IpAddr>,
    /// The domain of the From field.
    pub header_from: String,
    /// How many messages.
    pub mails: u64,
    /// What SPF found, and what that was worth.
    pub spf: Vec<Worth>,
    /// The same for each signature.
    pub dkim: Vec<Worth>,
    /// What the reporter did with it: `none`, `quarantine`, `reject`.
    pub disposition: String,
    /// Why it did not do what the policy asks for.
    pub overrides: Vec<String>,
}

/// A result, and whether DMARC counted it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worth {
    /// The result in the words of RFC 8601: `pass`, `softfail`.
    pub result: String,
    /// Whose it is: the domain, and the selector of a signature.
    pub of: String,
    /// What it does for the author's domain.
    pub counts: Counts,
}

/// Whether a result speaks for the author's domain (RFC 9989 §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    /// It passes, and is aligned.
    Aligned,
    /// It passes for another domain.
    NotAligned,
    /// It does not pass.
    No,
    /// The reporter counted it although nothing that it tells passes.
    Unexplained,
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.of.is_empty() { String::new() } else { format!(" {}", self.of) };
        match self.counts {
            Counts::Aligned => write!(f, "{}{of}, aligned", self.result),
            Counts::NotAligned => write!(f, "{}{of}, not aligned", self.result),
            Counts::No => write!(f, "{}{of}", self.result),
            Counts::Unexplained => write!(f, "{}{of}, counted as pass", self.result),
        }
    }
}

impl Source {
    /// Whether DMARC passed for it.
    #[must_use]
    pub fn passes(&self) -> bool {
        let counts = |worth: &Worth| matches!(worth.counts, Counts::Aligned | Counts::Unexplained);
        self.spf.iter().chain(&self.dkim).any(counts)
    }
}

/// What the reports say, by the domain whose policy it is. A report that is there twice (the same reporter and id) counts once.
#[must_use]
pub fn summarize(reports: &[Report]) -> BTreeMap<String, Summary> {
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<String, Summary> = BTreeMap::new();
    // by domain and by the source without its number
    let mut counted: BTreeMap<(String, Source), u64> = BTreeMap::new();
    for report in reports {
        if !seen.insert((report.org_name().to_owned(), report.report_id().to_owned())) {
            continue;
        }
        let domain = report.domain().trim_end_matches('.').to_ascii_lowercase();
        let summary = found.entry(domain.clone()).or_default();
        let (begin, end) = (report.date_range_begin(), report.date_range_end());
        let (from, to) = summary.span;
        summary.span = if summary.reports == 0 { (begin, end) } else { (from.min(begin), to.max(end)) };
        summary.reports += 1;
        summary.policies.insert(policy(report));
        summary.reporters.insert(report.org_name().to_owned());
        summary.errors.extend(report.error().iter().cloned());
        for record in report.records() {
            *counted.entry((domain.clone(), source(record))).or_default() += u64::from(record.count());
        }
    }
    for ((domain, source), mails) in counted {
        found.entry(domain).or_default().sources.push(Source { mails, ..source });
    }
    for summary in found.values_mut() {
        summary.sources.sort_by_key(|source| std::cmp::Reverse(source.mails));
    }
    found
}

/// The policy as a record says it (RFC 9989 §4.7), as far as the report tells.
fn policy(report: &Report) -> String {
    let disposition = |of: Disposition| (of != Disposition::Unspecified).then(|| of.to_string());
    let alignment = |of: Alignment| (of != Alignment::Unspecified).then(|| of.to_string());
    let told = [
        ("p", disposition(report.p())),
        ("sp", disposition(report.sp())),
        ("np", disposition(report.np())),
        ("adkim", alignment(report.adkim())),
        ("aspf", alignment(report.aspf())),
        ("t", report.testing().then(|| "y".to_owned())),
    ];
    let told = told.into_iter().filter_map(|(tag, value)| Some((tag, value?)));
    told.map(|(tag, value)| format!("{tag}={value}")).collect::<Vec<_>>().join("; ")
}

/// Whose mail a record counts; how much it was stands apart.
fn source(record: &Record) -> Source {
    let (spf_counts, dkim_counts) = (record.dmarc_spf_result(), record.dmarc_dkim_result());
    let spf = record.spf_auth_result().iter().filter(|spf| spf.scope() != SPFDomainScope::Helo);
    let spf: Vec<_> = spf.map(|spf| (spf.result().to_string(), spf.domain().to_owned())).collect();
    let dkim = record.dkim_auth_result().iter();
    let dkim: Vec<_> = dkim
        .map(|dkim| {
            let selector = if dkim.selector().is_empty() { String::new() } else { format!(" {}", dkim.selector()) };
            (dkim.result().to_string(), format!("{}{selector}", dkim.domain()))
        })
        .collect();
    let from = record.header_from().trim_end_matches('.').to_ascii_lowercase();
    let disposition = record.action_disposition();
    let is_told = disposition != ActionDisposition::Unspecified;
    Source {
        ip: record.source_ip(),
        mails: 0,
        spf: worth(spf, spf_counts, &from),
        dkim: worth(dkim, dkim_counts, &from),
        header_from: from,
        disposition: if is_told { disposition.to_string() } else { "not told".to_owned() },
        overrides: record.policy_override_reason().iter().map(|reason| reason.policy_override().to_string()).collect(),
    }
}

/// What each of these results was worth, where `counted` is what DMARC made of all of them. Of several that pass the reporter does
/// not say which was aligned: if one is of the author's own domain, or below or above it, it was that.
fn worth(results: Vec<(String, String)>, counted: DmarcResult, from: &str) -> Vec<Worth> {
    if results.is_empty() {
        let counts = if counted == DmarcResult::Pass { Counts::Unexplained } else { Counts::No };
        return vec![Worth { result: "none".to_owned(), of: String::new(), counts }];
    }
    let is_near = |of: &str| {
        let domain = of.split(' ').next().unwrap_or_default();
        let (Ok(own), Ok(author)) = (domain.parse::<DnsName>(), from.parse()) else { return false };
        own.is_within(&author) || author.is_within(&own)
    };
    let passes = |result: &str| result == "pass";
    let any_passes = results.iter().any(|(result, _)| passes(result));
    let any_near = results.iter().any(|(result, of)| passes(result) && is_near(of));
    let one = |(result, of): (String, String)| {
        let counts = match (passes(&result), counted == DmarcResult::Pass) {
            (true, true) if is_near(&of) || !any_near => Counts::Aligned,
            (true, _) => Counts::NotAligned,
            (false, true) if !any_passes => Counts::Unexplained,
            (false, _) => Counts::No,
        };
        Worth { result, of, counts }
    };
    results.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests;
