//! OpenDMARC: its result for the Author Domain, and that of SPF where it evaluates that itself.

use super::{Program, is_daemon, result};
use crate::line::unqueued;
use evidence::AuthResult;

pub(super) struct OpenDmarc;

impl Program for OpenDmarc {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "opendmarc")
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        texts.iter().copied().map(unqueued).filter_map(opendmarc).collect()
    }
}

/// `bank.example fail`, `SPF(mailfrom): bank.example fail`, `opendmarc_policy_query_dmarc(bank.example) returned
/// status 4`.
fn opendmarc(text: &str) -> Option<AuthResult> {
    if let Some(rest) = text.strip_prefix("SPF(") {
        let (identity, rest) = rest.split_once("): ")?;
        let (domain, word) = rest.rsplit_once(' ')?;
        word.parse::<mail::SpfResult>().ok()?;
        let property = if identity == "helo" { "smtp.helo" } else { "smtp.mailfrom" };
        return Some(result("spf", word, [(property, Some(domain.to_owned()))], None, "opendmarc"));
    }
    if let Some(rest) = text.strip_prefix("opendmarc_policy_query_dmarc(") {
        let (domain, _) = rest.split_once(')')?;
        return Some(result("dmarc", "permerror", [("header.from", Some(domain.to_owned()))], Some(text), "opendmarc"));
    }
    let (domain, word) = text.split_once(' ')?;
    word.parse::<mail::DmarcResult>().ok()?;
    domain.parse::<mail::Domain>().ok().filter(|_| domain.contains('.'))?;
    Some(result("dmarc", word, [("header.from", Some(domain.to_owned()))], None, "opendmarc"))
}

#[cfg(test)]
mod tests {
    use crate::programs::tests::read;

    #[test]
    fn opendmarc_says_result_and_author_domain() {
        for (said, word) in [
            ("bank.example fail", "dmarc=fail header.from=bank.example"),
            ("SPF(mailfrom): bank.example softfail", "spf=softfail smtp.mailfrom=bank.example"),
            ("SPF(helo): mail.bank.example pass", "spf=pass smtp.helo=mail.bank.example"),
            (
                "opendmarc_policy_query_dmarc(bank.example) returned status 4",
                "dmarc=permerror header.from=bank.example",
            ),
        ] {
            assert_eq!(read(&[&format!("opendmarc[63]: 3F1A2B4C5D: {said}")]), [word]);
        }
        let silent = [
            concat!("RFC", "5322 requirement error: not exactly one From field"),
            "additional trusted authentication services: gateway.example",
        ];
        assert_eq!(
            read(&silent.map(|said| format!("opendmarc[63]: 3F1A2B4C5D: {said}")).each_ref().map(String::as_str)),
            [""; 0]
        );
    }
}
