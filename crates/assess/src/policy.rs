//! The policy of MTA-STS as its host serves it (RFC 8461 §3.2).

use crate::names::covers;

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `enforce`, `testing` or `none`.
    pub(crate) mode: String,
    /// Hosts that may receive mail, some with a star.
    pub(crate) mx: Vec<String>,
    /// How long it may be kept, in seconds.
    pub(crate) max_age: u32,
}

impl Policy {
    /// Whether mail may go to this host.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.mx.iter().any(|pattern| covers(pattern, host))
    }
}

/// Reads a policy; else what is wrong with it. Fields that nobody knows are passed over, of fields that come twice the first
/// counts.
pub(crate) fn read(body: &str) -> Result<Policy, String> {
    let fields: Vec<(&str, &str)> = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split_once(':').map(|(key, value)| (key.trim(), value.trim())).ok_or(line))
        .collect::<Result<_, _>>()
        .map_err(|line| format!("the line `{line}` is no field"))?;
    let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    match field("version") {
        Some("STSv1") => {}
        Some(other) => return Err(format!("its version is `{other}`, not STSv1")),
        None => return Err("it has no version".to_owned()),
    }
    let mode = field("mode").ok_or("it has no mode")?.to_owned();
    if !["enforce", "testing", "none"].contains(&mode.as_str()) {
        return Err(format!("its mode is `{mode}`, not enforce, testing or none"));
    }
    let max_age = field("max_age").ok_or("it has no max_age")?;
    let max_age = max_age.parse().ok().filter(|age| *age <= 31_557_600);
    let max_age = max_age.ok_or("its max_age is no number up to 31557600, a year")?;
    let mx: Vec<String> = fields.iter().filter(|(key, _)| *key == "mx").map(|(_, host)| (*host).to_owned()).collect();
    if mx.is_empty() && mode != "none" {
        return Err("it names no MX".to_owned());
    }
    Ok(Policy { mode, mx, max_age })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads() {
        let policy =
            read("version: STSv1\r\nmode: enforce\r\nmx: mx.gateway.example\r\nmx: *.b.example\r\nmax_age: 604800\r\n");
        let policy = policy.unwrap();
        assert_eq!((policy.mode.as_str(), policy.max_age), ("enforce", 604_800));
        assert!(policy.covers("MX.gateway.example.") && policy.covers("mx2.b.example"));
        assert!(!policy.covers("mx.other.example"));
        assert!(read("version: STSv1\nmode: none\nmax_age: 86400\n").unwrap().mx.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, fault) in [
            ("", "it has no version"),
            ("<html></html>", "the line `<html></html>` is no field"),
            ("version: STSv2\n", "its version is `STSv2`"),
            ("version: STSv1\nmode: strict\n", "its mode is `strict`"),
            ("version: STSv1\nmode: enforce\nmax_age: 99999999\nmx: a.example\n", "its max_age is no number"),
            ("version: STSv1\nmode: enforce\nmax_age: 86400\n", "it names no MX"),
        ] {
            let said = read(body).unwrap_err();
            assert!(said.starts_with(fault), "{said}");
        }
    }
}
