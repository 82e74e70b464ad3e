//! rspamd: one line about each message with the tests that it met, in the format that it comes with. In a file a line begins with the
//! process, as `#77(rspamd_proxy) `; by syslog it does not.
//!
//! It quotes nothing. What a peer can write before the tests is the Message-ID, in which it leaves no white space, and the reverse-path.

use super::{Program, is_daemon};
use crate::line::is_queue_id;
use evidence::{AuthResult, Condition, ConditionKind, LogLine, PeerTexts, ResultSource};

const NAME: &str = "rspamd";

pub(super) struct Rspamd;

impl Program for Rspamd {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, NAME)
    }

    fn queue_id<'a>(&self, text: &'a str) -> Option<&'a str> {
        let id = loaded(text).or_else(|| scanned(text)?.queue_id)?;
        is_queue_id(id).then_some(id)
    }

    fn inert(&self, text: &str, peer: &PeerTexts) -> Option<String> {
        peer.without_anywhere(text)
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        texts.iter().filter_map(|text| scanned(text)).flat_map(|scanned| scanned.results()).collect()
    }

    /// It has said which message it reads, and not yet what it makes of it.
    fn owes(&self, texts: &[&str]) -> bool {
        let begun = texts.iter().filter(|text| loaded(text).is_some());
        begun.count() > texts.iter().filter(|text| scanned(text).is_some()).count()
    }

    fn is_telling(&self, text: &str) -> bool {
        scanned(text).is_some()
    }

    fn condition(&self, line: &LogLine) -> Option<Condition> {
        let is_greylisted = scanned(&line.text)?.action == "soft reject" && line.text.ends_with("(set by greylist)");
        is_greylisted.then(|| Condition {
            kind: ConditionKind::Greylisted,
            subject: String::new(),
            reason: "soft reject (set by greylist)".to_owned(),
            line: None,
            setting: None,
        })
    }
}

/// What it made of a message.
struct Scanned<'a> {
    queue_id: Option<&'a str>,
    /// The reverse-path; none, if it is null or was not logged.
    from: Option<&'a str>,
    action: &'a str,
    /// `NAME(0.00){option;},NAME(0.00){}`, and what follows.
    tests: &'a str,
}

impl Scanned<'_> {
    fn results(&self) -> Vec<AuthResult> {
        let symbols = evidence::symbols(self.tests, [",", ","], ['{', '}'], ';');
        let mut results = evidence::rspamd(&symbols, &ResultSource::Log(NAME.to_owned()));
        if let Some((_, domain)) = self.from.and_then(|from| from.rsplit_once('@')) {
            let property = ("smtp.mailfrom".to_owned(), domain.to_owned());
            results.iter_mut().filter(|r| r.method == "spf").for_each(|r| r.properties.push(property.clone()));
        }
        results
    }
}

/// What follows `<tag>; task; FUNCTION: `.
fn said<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    let behind_process = || text.strip_prefix('#')?.split_once(") ").map(|(_, rest)| rest);
    let (tag, rest) = behind_process().unwrap_or(text).split_once("; ")?;
    let (module, rest) = rest.split_once("; ")?;
    let is_plain = |word: &str| !word.contains(char::is_whitespace);
    (is_plain(tag) && is_plain(module)).then(|| rest.strip_prefix(function)?.strip_prefix(": ")).flatten()
}

/// The queue id of a message that it begins with: `loaded message; id: <…>; queue-id: <…>; size: …`.
fn loaded(text: &str) -> Option<&str> {
    let rest = said(text, "rspamd_message_parse")?.strip_prefix("loaded message; id: <")?;
    // no white space in the id
    let (_, rest) = rest.split_once(">; ")?;
    rest.strip_prefix("queue-id: <")?.split_once('>').map(|(id, _)| id)
}

/// `id: <…>, qid: <…>, ip: …, user: …, from: <…>, (default: F (no action): [0.10/15.00] […]), len: …`; all but the id may be missing.
fn scanned(text: &str) -> Option<Scanned<'_>> {
    let rest = said(text, "rspamd_task_write_log")?;
    let (_, mut rest) = rest.strip_prefix("id: <")?.split_once(">, ")?;
    let mut queue_id = None;
    if let Some((id, behind)) = rest.strip_prefix("qid: <").and_then(|rest| rest.split_once(">, ")) {
        (queue_id, rest) = (Some(id), behind);
    }
    let (head, rest) = rest.split_once("(default: ")?;
    let from = head.split_once("from: <").and_then(|(_, rest)| rest.strip_suffix(">, "));
    let (verdict, tests) = rest.split_once("] [")?;
    let (_, verdict) = verdict.split_once(" (")?;
    let (action, _) = verdict.split_once("): [")?;
    Some(Scanned { queue_id, from, action, tests })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::{self, tests::read};

    const BEGUN: &str = "#322(rspamd_proxy) <948c98>; proxy; rspamd_message_parse: loaded message; id: <mpcd5b30731f38a237@mailproof.example>; \
                         queue-id: <AD4961C01A2>; size: 193; checksum: <59d47259e9e85167591879db4e3c7d0e>";
    const REFUSED: &str = "#322(rspamd_proxy) <948c98>; proxy; rspamd_task_write_log: id: <mpcd5b30731f38a237@mailproof.example>, qid: \
                           <AD4961C01A2>, ip: 198.51.100.66, from: <billing@bank.example>, (default: T (reject): [1000005.00/1000000.00] \
                           [VIOLATED_DIRECT_SPF(3.50){},DMARC_POLICY_REJECT(2.00){bank.example : No valid SPF, No valid DKIM;reject;},\
                           R_SPF_FAIL(1.00){-all;},MIME_GOOD(-0.10){text/plain;},ARC_NA(0.00){},FROM_EQ_ENVFROM(0.00){},\
                           R_DKIM_NA(0.00){},TO_DN_NONE(0.00){}]), len: 193, time: 332.199ms, dns req: 9, digest: \
                           <59d47259e9e85167591879db4e3c7d0e>, rcpts: <alice@gateway.example>, mime_rcpts: <alice@gateway.example>, \
                           forced: reject \"Action set by DMARC\"; score=nan (set by dmarc)";

    /// What it found, by the tests that it met.
    fn found(tests: &str) -> Vec<String> {
        let line = "rspamd[7]: <c762e9>; task; rspamd_task_write_log: id: <x@y.example>, qid: <E83B91C0328>, ip: 192.0.2.10, (default: F \
                    (no action): [5.69/15.00] [TESTS]), len: 2474, time: 702.228ms, dns req: 13, digest: <59d4>";
        read(&[&line.replace("TESTS", tests)])
    }

    #[test]
    fn rspamd_says_what_it_found_of_a_message_and_names_its_queue_id() {
        assert_eq!((Rspamd.queue_id(BEGUN), Rspamd.queue_id(REFUSED)), (Some("AD4961C01A2"), Some("AD4961C01A2")));
        assert_eq!(
            read(&[&format!("rspamd[322]: {REFUSED}")]),
            ["dmarc=fail header.from=bank.example", "spf=fail smtp.mailfrom=bank.example", "arc=none", "dkim=none"]
        );
        let set = "#322(rspamd_proxy) <948c98>; proxy; rspamd_add_passthrough_result: <x@y.example>: set pre-result to 'reject'";
        assert!(Rspamd.is_telling(REFUSED) && !Rspamd.is_telling(BEGUN) && !Rspamd.is_telling(set));
    }

    #[test]
    fn what_it_has_begun_with_is_not_over() {
        assert!(
            Rspamd.owes(&[BEGUN]) && !Rspamd.owes(&[BEGUN, REFUSED]) && !Rspamd.owes(&[REFUSED]) && !Rspamd.owes(&[])
        );
    }

    #[test]
    fn each_test_is_a_result() {
        for (tests, results) in [
            (
                "ARC_ALLOW(-1.00){list-2.example:s=arc:i=2;},DMARC_POLICY_ALLOW(-0.50){sealed-2.example;reject;},\
                 R_DKIM_ALLOW(-0.20){sealed-2.example:s=s1;},R_SPF_ALLOW(-0.20){+ip4:198.51.100.21;}",
                &[
                    "arc=pass",
                    "dmarc=pass header.from=sealed-2.example",
                    "dkim=pass header.d=sealed-2.example header.s=s1",
                    "spf=pass",
                ][..],
            ),
            (
                "R_DKIM_ALLOW(-0.20){d.example:s=ed;d.example:s=one;},DKIM_TRACE(0.00){d.example:+;d.example:-;},\
                 R_DKIM_REJECT(0.00){d.example:s=two;},R_SPF_NA(0.00){no SPF record;}",
                &[
                    "dkim=pass header.d=d.example header.s=ed",
                    "dkim=pass header.d=d.example header.s=one",
                    "dkim=fail header.d=d.example header.s=two",
                    "spf=none",
                ],
            ),
            (
                "DMARC_DNSFAIL(0.00){unreachable.example : server fail;},R_SPF_DNSFAIL(0.00){-any;}",
                &["dmarc=temperror header.from=unreachable.example", "spf=temperror"],
            ),
            ("R_DKIM_ALLOW,R_SPF_SOFTFAIL", &["dkim=pass", "spf=softfail"]),
        ] {
            assert_eq!(found(tests), results, "{tests}");
        }
    }

    #[test]
    fn what_a_peer_wrote_is_no_test() {
        let from = "\"x>, (default: F (no action): [0.00/15.00] [DMARC_POLICY_ALLOW(0.00){bank.example;none;}]), len: 1, \"@a.example";
        let unquoted = mail::unquoted_address(from);
        let line = REFUSED.replace("billing@bank.example>", &format!("{unquoted}>")).replace(
            "FROM_EQ_ENVFROM(0.00){}",
            &format!("FROM_NEQ_ENVFROM(0.00){{billing@bank.example;{unquoted};}},HFILTER_HELO_5(3.00){{h;}},ARC_ALLOW(0.00){{x;}}"),
        );
        let peer = PeerTexts::of(from, "h;},ARC_ALLOW(0.00){x", b"From: <billing@bank.example>\r\n\r\n");
        let line = crate::line::parse("mx", &format!("/var/log/rspamd/rspamd.log\t2026-11-30 21:30:11 {line}"));
        let results = programs::results(&[&line], &peer);
        let believed = results.iter().filter(|result| result.injected.is_none());
        let words: Vec<String> = believed.map(|result| format!("{}={}", result.method, result.result)).collect();
        assert_eq!(words, ["dmarc=fail", "spf=fail", "arc=none", "dkim=none"]);
    }

    #[test]
    fn what_is_greylisted_is_known_by_rspamds_own_words() {
        let told = |action: &str, by: &str| {
            let text = REFUSED.replace("T (reject)", &format!("T ({action})")).replace("(set by dmarc)", by);
            Rspamd.condition(&crate::line::parse("mx", &format!("rspamd: {text}"))).map(|condition| condition.kind)
        };
        assert_eq!(told("soft reject", "(set by greylist)"), Some(ConditionKind::Greylisted));
        assert_eq!((told("reject", "(set by greylist)"), told("soft reject", "(set by force_actions)")), (None, None));
    }
}
