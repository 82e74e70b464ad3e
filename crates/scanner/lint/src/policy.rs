//! MTA-STS policies (RFC 8461 §3.2).

use crate::code::Code;
use evidence::Remark;
use mail::Domain;

/// The longest lifetime, in seconds; and one that is short: a week.
const LONGEST: u64 = 31_557_600;
const SHORT: u64 = 604_800;

/// A policy, read as far as it can be.
#[derive(Debug)]
pub struct Policy<'a> {
    /// Names, and values without the space before and behind.
    fields: Vec<(&'a str, &'a str)>,
    /// What is wrong with lines that are no fields.
    faults: Vec<Remark>,
}

impl<'a> Policy<'a> {
    /// Reads the text of a policy, as it is served.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let mut policy = Self { fields: Vec::new(), faults: Vec::new() };
        let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        if lines.iter().any(|line| line.contains('\r')) {
            let text = "lines end with CR alone, where CRLF or LF is needed";
            policy.faults.push(Code::PolicyLineEnd.remark(text, "end lines with CRLF"));
        }
        let end = lines.len() - usize::from(lines.last().is_some_and(|last| last.is_empty()));
        for line in &lines[..end] {
            match line.split_once(':').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => policy.fields.push((name, value.trim_matches([' ', '\t']))),
                None => {
                    let said = if line.is_empty() {
                        "there is an empty line".to_owned()
                    } else {
                        format!("`{line}` is no field")
                    };
                    let said = format!("{}; it counts for no policy", said.escape_debug());
                    policy.faults.push(Code::PolicySyntax.remark(said, "write each field as `name: value`"));
                }
            }
        }
        policy
    }

    /// `enforce`, `testing` or `none`, if it is one of them.
    #[must_use]
    pub fn mode(&self) -> Option<&'a str> {
        self.get("mode").filter(|mode| ["enforce", "testing", "none"].contains(mode))
    }

    /// How long it may be kept, in seconds.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        self.get("max_age").and_then(seconds)
    }

    /// Hosts that may take mail, some with a star.
    pub fn mx(&self) -> impl Iterator<Item = &'a str> {
        self.all("mx")
    }

    /// Whether mail may go to this host.
    #[must_use]
    pub fn covers(&self, host: &Domain) -> bool {
        self.mx().any(|pattern| matches(pattern, host))
    }

    /// What is to be said of it; `mx` are the hosts that take mail for the domain (none: they are not known). The remarks come in
    /// the order of their codes.
    #[must_use]
    pub fn remarks(&self, mx: &[Domain]) -> Vec<Remark> {
        let mut remarks = self.faults.clone();
        for name in ["version", "mode", "max_age"] {
            if self.all(name).count() > 1 {
                let text = format!("there is more than one `{name}`; the first one counts");
                remarks.push(Code::PolicyTwice.remark(text, "take the others out"));
            }
        }
        if self.get("version") != Some("STSv1") {
            let text = "`version: STSv1` is missing: it counts for no policy";
            remarks.push(Code::PolicyVersion.remark(text, "version: STSv1"));
        }
        let mode = self.get("mode");
        remarks.extend(of_mode(mode));
        remarks.extend(of_age(self.get("max_age")));
        if mode != Some("none") {
            self.hosts(mx, &mut remarks);
        }
        remarks.sort();
        remarks
    }

    /// The first value of a field, which is the one that counts.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(found, _)| *found == name).map(|(_, value)| *value)
    }

    fn hosts(&self, mx: &[Domain], remarks: &mut Vec<Remark>) {
        if self.mx().next().is_none() {
            let help = mx.first().map_or_else(|| "mx: …".to_owned(), |host| format!("mx: {host}"));
            remarks.push(Code::PolicyNoMx.remark("no `mx` is named: it counts for no policy", help));
            return;
        }
        for pattern in self.mx() {
            if pattern.strip_prefix("*.").unwrap_or(pattern).parse::<Domain>().is_err() {
                let text = format!("`mx: {pattern}` is neither a name nor `*.` and a name");
                remarks.push(Code::PolicyMx.remark(text, "mx: mx.example, or mx: *.example"));
            }
        }
        for host in mx.iter().filter(|host| !self.covers(host)) {
            let text = format!("the MX {host} is covered by no `mx` of the policy: senders do not deliver to it");
            remarks.push(Code::PolicyUncovered.remark(text, format!("mx: {host}")));
        }
    }
}

/// sts-policy-ext-name of RFC 8461 §3.2.
fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn of_mode(mode: Option<&str>) -> Option<Remark> {
    match mode {
        Some("enforce") => None,
        Some("testing") => Some(
            Code::PolicyModeTesting
                .remark("senders deliver whatever the certificate is, and report at most", "mode: enforce"),
        ),
        Some("none") => Some(Code::PolicyModeNone.remark("the domain says that it has no policy", "mode: enforce")),
        Some(other) => Some(Code::PolicyMode.remark(
            format!("`mode: {other}` is none of enforce, testing and none: it counts for no policy"),
            "mode: enforce",
        )),
        None => Some(Code::PolicyMode.remark("`mode` is missing: it counts for no policy", "mode: enforce")),
    }
}

fn of_age(age: Option<&str>) -> Option<Remark> {
    let help = "max_age: 2592000";
    let Some(age) = age else {
        return Some(Code::PolicyMaxAge.remark("`max_age` is missing: it counts for no policy", help));
    };
    match seconds(age) {
        Some(seconds) => (seconds < SHORT).then(|| {
            let text =
                format!("senders keep the policy for {seconds} s: who can hold them off for so long is rid of it");
            Code::PolicyShortLived.remark(text, help)
        }),
        None => {
            let text = format!("`max_age: {age}` is no number of seconds from 0 to {LONGEST}");
            Some(Code::PolicyMaxAge.remark(text, help))
        }
    }
}

/// sts-policy-max-age-value, up to what it may be.
fn seconds(age: &str) -> Option<u64> {
    let is_number = (1..=10).contains(&age.len()) && age.bytes().all(|b| b.is_ascii_digit());
    Some(age).filter(|_| is_number)?.parse().ok().filter(|seconds| *seconds <= LONGEST)
}

/// `*.` stands for one label (RFC 8461 §4.1).
fn matches(pattern: &str, host: &Domain) -> bool {
    let is_same = |pattern: &str, name: &str| pattern.parse::<Domain>().is_ok_and(|pattern| pattern.as_str() == name);
    match pattern.strip_prefix("*.") {
        Some(parent) => host.as_str().split_once('.').is_some_and(|(_, rest)| is_same(parent, rest)),
        None => is_same(pattern, host.as_str()),
    }
}
