//! SpamAssassin's daemon: one line about each message with the names of the tests that it met. It knows no queue id; the Message-ID
//! tells which one is meant.

use super::{Program, is_daemon};
use evidence::{AuthResult, ResultSource};

const NAME: &str = "spamd";

pub(super) struct SpamAssassin;

impl Program for SpamAssassin {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, NAME)
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        let source = ResultSource::Log(NAME.to_owned());
        texts.iter().filter_map(|text| tests(text)).flat_map(|tests| evidence::spamassassin(&tests, &source)).collect()
    }

    fn is_telling(&self, text: &str) -> bool {
        tests(text).is_some()
    }
}

/// The tests of `spamd: result: Y 15 - DKIM_INVALID,SPF_FAIL scantime=0.3,size=999,user=x,…,mid=<…>,…`: nothing of a peer's stands
/// before them.
fn tests(text: &str) -> Option<Vec<&str>> {
    let (_, rest) = text.strip_prefix("spamd: result: ")?.split_once(" - ")?;
    rest.split(' ').next().map(|tests| tests.split(',').collect())
}

#[cfg(test)]
mod tests {
    use crate::programs::tests::read;
}
