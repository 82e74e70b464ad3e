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
    use crate::programs::tests::read;
}
