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

    #[test]
    fn the_tests_that_a_message_met_are_results() {
        let line = "spamd[811]: spamd: result: Y 7 - DKIM_INVALID,DKIM_SIGNED,DMARC_REJECT,SPF_FAIL,SPF_HELO_NONE \
                    scantime=0.4,size=812,user=debian-spamd,uid=111,required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=40512,\
                    mid=<mpcd5b30731f38a237@mailproof.example>,autolearn=no autolearn_force=no";
        assert_eq!(read(&[line]), ["dkim=fail", "dmarc=fail", "spf=fail"]);
        // a Message-ID that looks like it stands behind them
        let line =
            "spamd[811]: spamd: result: . 0 - SPF_NONE scantime=0.4,mid=<x result: . 0 - DKIM_VALID,DMARC_PASS y>";
        assert_eq!(read(&[line]), ["spf=none"]);
        // as the daemon writes it of a message without one, met by tests that are no method's
        let line = "spamd[3923]: spamd: result: .  0 - MISSING_MID,NO_RECEIVED,NO_RELAYS scantime=0.0,size=124,user=root,uid=65534,\
                    required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=53492,mid=(unknown),autolearn=disabled";
        assert_eq!(read(&[line]), [""; 0]);
        assert_eq!(read(&["spamd[811]: spamd: clean message (0.1/5.0) for x:111 in 0.4 seconds, 812 bytes."]), [""; 0]);
    }
}
