//! A TLS report as it arrives (RFC 8460 §4): JSON, as a rule compressed, in a part of a message (§5.3) or posted (§5.4).

use flate2::read::GzDecoder;
use mail::{Domain, Message};
use mail_parser::{MessageParser, MessagePart, MimeHeaders};
use serde::{Deserialize, Serialize};
use std::io::Read;

/// As many octets of JSON are read.
const MOST: u64 = 4 << 20;

/// What a sender reports of its TLS connections to a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsReport {
    /// How it came.
    pub way: ReportWay,
    /// The domain that it is about, as its TLS-Report-Domain field says (RFC 8460 §5.3): policies of DANE name hosts instead.
    /// Nothing says so of one that is posted.
    pub about: Option<String>,
    /// Who reports.
    pub organization: String,
    /// Where questions go.
    pub contact: String,
    /// What it reports, by policy.
    pub policies: Vec<ReportedPolicy>,
}

/// How a report comes (RFC 8460 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportWay {
    /// In a message, to a `mailto:` address.
    Mail,
    /// By POST, to an `https:` address.
    Https,
}

/// Connections under one policy (RFC 8460 §4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedPolicy {
    /// `tlsa`, `sts` or `no-policy-found`.
    pub kind: String,
    /// The policy domain.
    pub domain: String,
    /// The policy itself: lines of an MTA-STS policy, or TLSA records.
    pub strings: Vec<String>,
    /// MX patterns of an MTA-STS policy.
    pub mx_hosts: Vec<String>,
    /// So many connections succeeded.
    pub successful: u64,
    /// So many failed.
    pub failed: u64,
    /// How they failed.
    pub failures: Vec<ReportedFailure>,
}

/// A way in which connections failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedFailure {
    /// The result type (RFC 8460 §4.3), as `certificate-host-mismatch`.
    pub result: String,
    /// The host.
    pub mx: Option<String>,
    /// What is said besides.
    pub reason: Option<String>,
    /// How many connections.
    pub count: u64,
}

impl TlsReport {
    /// Reads a message.
    ///
    /// # Errors
    /// It is a report that cannot be read, and why. `None`: it is no TLS report.
    pub fn of(message: &Message) -> Option<Result<Self, String>> {
        let header: String = message.fields.iter().map(|f| format!("{}: {}\r\n", f.name, f.value)).collect();
        let octets = [header.as_bytes(), b"\r\n", &message.body].concat();
        let about = message.first("TLS-Report-Domain").map(|domain| domain.trim().to_owned());
        let parsed = MessageParser::default().parse(&octets)?;
        let read = |part: &MessagePart<'_>| {
            let kind = part.content_type()?;
            Self::decoded(&format!("{}/{}", kind.ctype(), kind.subtype()?), part.contents())
        };
        let read = parsed.parts.iter().find_map(read)?;
        Some(read.map(|report| Self { way: ReportWay::Mail, about, ..report }))
    }

    /// Reads what was posted, of this media type.
    ///
    /// # Errors
    /// As [`TlsReport::of`].
    pub fn posted(media_type: &str, octets: &[u8]) -> Option<Result<Self, String>> {
        let kind = media_type.split(';').next().unwrap_or_default().trim();
        Self::decoded(&kind.to_ascii_lowercase(), octets)
    }

    fn decoded(media_type: &str, octets: &[u8]) -> Option<Result<Self, String>> {
        match media_type {
            "application/tlsrpt+gzip" => Some(unpacked(octets).and_then(|json| read(&json))),
            "application/tlsrpt+json" => Some(read(octets)),
            _ => None,
        }
    }

    /// Whether it is about a domain: it says so, or it has a policy of the domain or of a host in it.
    #[must_use]
    pub fn is_about(&self, domain: &Domain) -> bool {
        let of_policy = |policy: &ReportedPolicy| policy.domain.parse::<Domain>().is_ok_and(|of| of.is_within(domain));
        match &self.about {
            Some(about) => about.eq_ignore_ascii_case(domain.as_str()),
            None => self.policies.iter().any(of_policy),
        }
    }
}

fn unpacked(octets: &[u8]) -> Result<Vec<u8>, String> {
    let mut json = Vec::new();
    let read = GzDecoder::new(octets).take(MOST).read_to_end(&mut json);
    read.map_err(|e| format!("the report cannot be unpacked: {e}"))?;
    Ok(json)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Root {
    organization_name: String,
    #[serde(default)]
    contact_info: String,
    policies: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    policy: Policy,
    summary: Summary,
    #[serde(default)]
    failure_details: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Policy {
    policy_type: String,
    policy_domain: String,
    #[serde(default)]
    policy_string: Vec<String>,
    #[serde(default)]
    mx_host: Vec<String>,
}

#[derive(Deserialize)]
struct Summary {
    // the names of RFC 8460 §4.4 hold a word that means a connection there
    #[serde(rename = "total-successful-session-count")]
    successful: u64,
    #[serde(rename = "total-failure-session-count")]
    failed: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Failure {
    result_type: String,
    receiving_mx_hostname: Option<String>,
    failure_reason_code: Option<String>,
    #[serde(rename = "failed-session-count")]
    count: u64,
}

fn read(json: &[u8]) -> Result<TlsReport, String> {
    let root: Root =
        serde_json::from_slice(json).map_err(|e| format!("the report is not as RFC 8460 §4.4 has it: {e}"))?;
    let policy = |entry: Entry| ReportedPolicy {
        kind: entry.policy.policy_type,
        domain: entry.policy.policy_domain,
        strings: entry.policy.policy_string,
        mx_hosts: entry.policy.mx_host,
        successful: entry.summary.successful,
        failed: entry.summary.failed,
        failures: entry.failure_details.into_iter().map(failure).collect(),
    };
    let policies = root.policies.into_iter().map(policy).collect();
    let (organization, contact) = (root.organization_name, root.contact_info);
    Ok(TlsReport { way: ReportWay::Https, about: None, organization, contact, policies })
}

fn failure(failure: Failure) -> ReportedFailure {
    ReportedFailure {
        result: failure.result_type,
        mx: failure.receiving_mx_hostname,
        reason: failure.failure_reason_code,
        count: failure.count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    const JSON: &str = r#"{"organization-name": "Sender", "date-range": {}, "contact-info": "tls@sender.example",
        "report-id": "1", "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1"],
        "policy-domain": "partner.example", "mx-host": ["*.partner.example"]},
        "summary": {"total-successful-session-count": 3, "total-failure-session-count": 1},
        "failure-details": [{"result-type": "certificate-expired", "receiving-mx-hostname": "mx.partner.example",
        "failed-session-count": 1}]}]}"#;

    fn message(kind: &str, body: &[u8]) -> Message {
        let text = format!(
            "Subject: Report\r\nTLS-Report-Domain: partner.example\r\nContent-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\nContent-Type: {kind}\r\n\r\n"
        );
        Message::parse(&[text.as_bytes(), body, b"\r\n--b--\r\n"].concat())
    }

    #[test]
    fn a_report_reads_packed_or_not() {
        let plain = TlsReport::of(&message("application/tlsrpt+json", JSON.as_bytes())).unwrap().unwrap();
        let policy = &plain.policies[0];
        assert_eq!((policy.kind.as_str(), policy.successful, policy.failed), ("sts", 3, 1));
        assert_eq!((plain.way, plain.about.as_deref()), (ReportWay::Mail, Some("partner.example")));
        assert_eq!(
            (policy.failures[0].result.as_str(), plain.organization.as_str()),
            ("certificate-expired", "Sender")
        );
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(JSON.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        let posted = TlsReport::posted("Application/TLSRPT+gzip; x=y", &packed).unwrap().unwrap();
        assert_eq!(posted, TlsReport { way: ReportWay::Https, about: None, ..plain.clone() });
        let packed = data_encoding::BASE64.encode(&packed);
        let kind = "application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64";
        assert_eq!(TlsReport::of(&message(kind, packed.as_bytes())).unwrap().unwrap(), plain);
    }

    #[test]
    fn a_report_is_about_what_it_says_or_else_about_its_policies() {
        let mailed = TlsReport::of(&message("application/tlsrpt+json", JSON.as_bytes())).unwrap().unwrap();
        let posted = TlsReport::posted("application/tlsrpt+json", JSON.as_bytes()).unwrap().unwrap();
        let about = |report: &TlsReport, domain: &str| report.is_about(&domain.parse().unwrap());
        assert!(about(&mailed, "Partner.example") && about(&posted, "partner.example"));
        assert!(!about(&mailed, "mx.partner.example") && !about(&posted, "mx.partner.example"));
        let mut of_host = posted;
        of_host.policies[0].domain = "mx.partner.example".to_owned();
        assert!(about(&of_host, "partner.example") && !about(&of_host, "other.example"));
    }

    #[test]
    fn what_is_no_report_is_none_and_a_bad_one_is_an_error() {
        assert!(
            TlsReport::of(&message("text/html", b"<p>")).is_none() && TlsReport::posted("text/html", b"").is_none()
        );
        let bad = TlsReport::of(&message("application/tlsrpt+gzip", b"no gzip")).unwrap().unwrap_err();
        assert!(bad.contains("cannot be unpacked"), "{bad}");
        let bad = TlsReport::of(&message("application/tlsrpt+json", b"{}")).unwrap().unwrap_err();
        assert!(bad.contains("RFC 8460"), "{bad}");
    }
}
