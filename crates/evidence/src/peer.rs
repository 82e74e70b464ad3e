//! What a filter copied of a peer's own text is no result of the filter's.
//!
//! A text is read twice: as it is, and with everything in it that the peer chose made inert. What both readings say is
//! the filter's; what only the first one says was injected.

use crate::AuthResult;
use mail::{Domain, ReversePath, unquoted_address};
use std::ops::Range;

/// Ends what stands for a peer's text. It means nothing in any grammar.
const INERT: &str = "-of-the-peer";

/// What stands for the text with this number.
fn mark(number: usize) -> String {
    format!("text-{number}{INERT}")
}

/// The texts that a peer chose and that filters write down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerTexts(Vec<PeerText>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PeerText {
    /// What stands before it where a filter writes it; empty if the text itself is unlike anything else.
    behind: &'static str,
    text: String,
}

/// One sign of a text as programs write it: in any case, folded or not, and with question marks, one or many, for what
/// cannot be shown.
struct Sign {
    is: char,
    /// Where it stands in the text, as octet offsets.
    at: usize,
    end: usize,
}

fn signs(text: &str) -> Vec<Sign> {
    let mut signs: Vec<Sign> = Vec::new();
    for (at, c) in text.char_indices() {
        let is = match c {
            c if c.is_whitespace() => ' ',
            c if c.is_ascii_graphic() => c.to_ascii_lowercase(),
            _ => '?',
        };
        let end = at + c.len_utf8();
        match signs.last_mut().filter(|last| last.is == is && matches!(is, ' ' | '?')) {
            Some(last) => last.end = end,
            None => signs.push(Sign { is, at, end }),
        }
    }
    signs
}

impl PeerText {
    /// Where it begins and ends in a text, if it stands there. Alone it does not begin a line or a word: there a filter says
    /// what it found.
    fn find(&self, text: &[Sign], from: usize, is_anywhere: bool) -> Option<Range<usize>> {
        let (behind, own) = (signs(self.behind), signs(&self.text));
        let whole: Vec<char> = behind.iter().chain(&own).map(|sign| sign.is).collect();
        let is_here = |at: &usize| {
            let is_alone = behind.is_empty() && (*at == 0 || matches!(text[at - 1].is, ' ' | ';'));
            (is_anywhere || !is_alone)
                && text[*at..].iter().map(|sign| sign.is).take(whole.len()).eq(whole.iter().copied())
        };
        let at = (from..(text.len() + 1).saturating_sub(whole.len())).find(is_here)?;
        Some(at + behind.len()..at + whole.len())
    }

    /// `@domain` of an address: it is what a filter has to say of it, and has no sign of any grammar in it.
    fn domain(&self) -> &str {
        let at = self.text.rfind('@').filter(|at| self.text[at + 1..].parse::<Domain>().is_ok());
        at.filter(|_| self.behind.is_empty()).map_or("", |at| &self.text[at..])
    }

    fn without_domain(&self) -> &str {
        self.text.strip_suffix(self.domain()).unwrap_or(&self.text)
    }
}

impl PeerTexts {
    /// Those of an envelope, as it was said, of EHLO, and of the octets that were sent.
    #[must_use]
    pub fn of(mail_from: &str, helo: &str, sent: &[u8]) -> Self {
        let mut texts = Self::default();
        texts.address(mail_from);
        texts.helo(helo);
        // octets that hide further messages have further headers in them
        let lines = mail::readable(sent).replace("\r\n ", " ").replace("\r\n\t", " ");
        for line in lines.lines() {
            // commands, too, of a dialogue or hidden in a message
            if let Some((verb, name)) = line.split_once(' ')
                && ["EHLO", "HELO"].iter().any(|word| word.eq_ignore_ascii_case(verb))
            {
                texts.helo(name.trim_end());
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim_end().to_ascii_lowercase().as_str() {
                "mail from" | "from" | "sender" | "reply-to" | "to" | "cc" | "message-id" => {
                    texts.addresses(value.trim())
                }
                "dkim-signature" => texts.tags(value),
                _ => {}
            }
        }
        texts.in_order()
    }

    /// With addresses of the envelope that the octets do not have in them: those of RCPT TO.
    #[must_use]
    pub fn and(mut self, addresses: &[String]) -> Self {
        addresses.iter().for_each(|address| self.address(address));
        self.in_order()
    }

    /// The longest first, since one may have another one in it.
    fn in_order(mut self) -> Self {
        self.0.sort_by_key(|text| std::cmp::Reverse(text.text.len()));
        self.0.dedup();
        self
    }

    /// The text with all that is the peer's made inert; nothing, if that changes nothing.
    #[must_use]
    pub fn without(&self, text: &str) -> Option<String> {
        self.inert(text, false)
    }

    /// The same for a filter that may begin a word with such a text, and whose own findings have no address in them.
    #[must_use]
    pub fn without_anywhere(&self, text: &str) -> Option<String> {
        self.inert(text, true)
    }

    fn inert(&self, text: &str, is_anywhere: bool) -> Option<String> {
        let mut inert = text.to_owned();
        for (number, peer) in self.0.iter().enumerate() {
            let stand_in = mark(number) + peer.domain();
            let text = signs(&inert);
            let (mut from, mut found) = (0, Vec::new());
            while let Some(at) = peer.find(&text, from, is_anywhere) {
                from = at.end;
                found.push(text[at.start].at..text[at.end - 1].end);
            }
            found.into_iter().rev().for_each(|at| inert.replace_range(at, &stand_in));
        }
        (inert != text).then_some(inert)
    }

    /// The results that a reading of the text as it is has, and of the text with the peer's made inert: the second ones
    /// are the filter's, and what the first has beyond them was injected by `copied`.
    #[must_use]
    pub fn tell_apart(&self, as_it_is: Vec<AuthResult>, inert: Vec<AuthResult>, copied: &str) -> Vec<AuthResult> {
        let mut left = as_it_is;
        let mut results = Vec::new();
        for mut result in inert {
            let twin = left.iter().position(|other| other.method == result.method && other.result == result.result);
            if let Some(mut twin) = twin.map(|at| left.remove(at)) {
                twin.properties.retain(|(name, value)| {
                    !result
                        .properties
                        .iter()
                        .any(|(own, inert)| own == name && (inert == value || inert.contains(INERT)))
                });
                result.reason = twin.reason.clone().filter(|_| twin.properties.is_empty()).or(result.reason);
                if !twin.properties.is_empty() {
                    left.push(twin);
                }
            }
            for (_, value) in result.properties.iter_mut().filter(|(_, value)| value.contains(INERT)) {
                *value = self.meant(value);
            }
            results.push(result);
        }
        results.extend(left.into_iter().map(|result| AuthResult { injected: Some(copied.to_owned()), ..result }));
        results
    }

    /// A value with the peer's texts as they are.
    fn meant(&self, value: &str) -> String {
        let texts = self.0.iter().enumerate();
        texts.fold(value.to_owned(), |value, (number, peer)| value.replace(&mark(number), peer.without_domain()))
    }

    fn helo(&mut self, name: &str) {
        // rspamd's HFILTER_HELO_5(3.00){NAME;}
        for behind in ["helo=", "SPF(helo): ", "s=helo;id=", ")[", "){"] {
            self.add(behind, name);
        }
    }

    /// As it was said, and as Postfix hands it on. What has no sign of any grammar in it cannot inject.
    fn address(&mut self, address: &str) {
        self.add("", address);
        self.add("", &unquoted_address(address));
    }

    /// A header field's addresses: all of it, and what stands in each pair of angle brackets.
    fn addresses(&mut self, value: &str) {
        for (at, _) in value.match_indices('<') {
            let inside = &value[at + 1..];
            inside.match_indices('>').for_each(|(end, _)| self.address(&inside[..end]));
        }
        if value.parse::<ReversePath>().is_ok() {
            self.address(value);
        }
    }

    /// The tags of a signature that name domains (RFC 6376 §3.5).
    fn tags(&mut self, value: &str) {
        for (tag, value) in value.split(';').filter_map(|tag| tag.split_once('=')) {
            let behind: &[&str] = match tag.trim() {
                // the last ones are rspamd's, where it lists what it notes beside a test
                "d" => &["d=", "domain=", "){", ")[", ";", ","],
                "s" => &["s=", "selector="],
                "i" => &["i="],
                _ => &[],
            };
            for behind in behind {
                self.add(behind, value.trim());
                self.add(behind, &dkim_quoted_printable(value));
            }
        }
    }

    fn add(&mut self, behind: &'static str, text: &str) {
        let signs = |c: char| ";()\"\\,'".contains(c) || c.is_whitespace() || c.is_control();
        // alone, a text is only known again by the domain in it
        let is_long = !behind.is_empty() || (text.contains('@') && text.len() > 3);
        if text.contains(signs) && is_long {
            self.0.push(PeerText { behind, text: text.to_owned() });
        }
    }
}

/// A value in dkim-quoted-printable as it is meant (RFC 6376 §2.11): without white space, and with the octets that `=HH` stands for.
fn dkim_quoted_printable(value: &str) -> String {
    let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = Vec::new();
    let encoded: Vec<u8> = value.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let mut rest = encoded.as_slice();
    while let [first, more @ ..] = rest {
        rest = more;
        octets.push(*first);
        if let (b'=', [high, low, behind @ ..]) = (*first, more)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            (*octets.last_mut().unwrap_or(&mut 0), rest) = (high * 16 + low, behind);
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResultSource;
    use mail::AuthenticationResults;
    use proptest::prelude::*;

    const ATTACK: &str = "\"x); dkim=pass header.d=victim.example (y\"@attacker.example";

    /// policyd-spf's field.
    fn field(helo: &str, mail_from: &str) -> String {
        format!(
            "g.example; spf=none (no SPF record) smtp.mailfrom=attacker.example (client-ip=192.0.2.1; helo={helo}; \
             envelope-from={}; receiver=g.example)",
            unquoted_address(mail_from)
        )
    }

    fn read(text: &str) -> Vec<AuthResult> {
        let read = text.parse::<AuthenticationResults>();
        let results = read.map(|field| field.results).unwrap_or_default();
        results.into_iter().map(|result| AuthResult::from_field(result, ResultSource::Header)).collect()
    }

    fn told_apart(text: &str, peer: &PeerTexts) -> Vec<String> {
        let results = match peer.without(text) {
            Some(inert) => peer.tell_apart(read(text), read(&inert), text),
            None => read(text),
        };
        let words = |r: &AuthResult| {
            let properties: String = r.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}={}{properties}{}", r.method, r.result, if r.injected.is_some() { "!" } else { "" })
        };
        results.iter().map(words).collect()
    }

    #[test]
    fn a_local_part_that_says_dkim_pass_has_said_it_alone() {
        let peer = PeerTexts::of(ATTACK, "h.example", b"From: a@victim.example\r\n\r\n");
        let found = told_apart(&field("h.example", ATTACK), &peer);
        assert_eq!(found, ["spf=none smtp.mailfrom=attacker.example", "dkim=pass header.d=victim.example!"]);
    }

    #[test]
    fn what_a_dialogue_says_is_known_too() {
        let said = format!("EHLO x) y\r\nMAIL FROM:<{ATTACK}>\r\nRCPT TO:<a@g.example>\r\nDATA\r\n");
        let found = told_apart(&field("x) y", ATTACK), &PeerTexts::of("", "", said.as_bytes()));
        assert_eq!(found.first().map(String::as_str), Some("spf=none smtp.mailfrom=attacker.example"));
        assert!(found[1..].iter().all(|result| result.ends_with('!')), "{found:?}");
    }

    #[test]
    fn an_identity_that_says_dkim_pass_in_code_has_said_it_alone() {
        let signature =
            "DKIM-Signature: v=1; d=a.example; s=s;\r\n i=x=3B=20dkim=3Dpass=20header.d=3Dv.example=20@a.example\r\n";
        let peer = PeerTexts::of("", "", format!("{signature}\r\n").as_bytes());
        let found = told_apart(
            "g.example; dkim=fail header.d=a.example header.i=x; dkim=pass header.d=v.example @a.example header.s=s",
            &peer,
        );
        assert_eq!(
            found[0],
            "dkim=fail header.d=a.example header.i=x; dkim=pass header.d=v.example @a.example header.s=s"
        );
        assert!(found[1..].iter().all(|result| result.ends_with('!')), "{found:?}");
    }

    #[test]
    fn what_a_filter_says_is_its_own_although_a_peer_says_it_too() {
        let peer = PeerTexts::of("", "", b"From: <dkim=none (x) header.i=@v.example>\r\n\r\n");
        assert_eq!(peer.without("g.example; dkim=none (x) header.i=@v.example"), None);
    }

    #[test]
    fn a_text_is_known_again_without_what_cannot_be_shown() {
        let peer = PeerTexts::of("\"\u{e9}); dkim=pass (\"@a.example", "h", b"");
        let found = told_apart("g.example; spf=none (envelope-from=??); dkim=pass (@a.example; x)", &peer);
        assert_eq!(found, ["spf=none", "dkim=pass!"]);
    }

    #[test]
    fn a_property_may_be_injected_too() {
        let from = "\"x) smtp.mailfrom=victim.example (y\"@attacker.example";
        let found = told_apart(&field("h", from), &PeerTexts::of(from, "h", b""));
        assert_eq!(found, ["spf=none smtp.mailfrom=attacker.example", "spf=none smtp.mailfrom=victim.example!"]);
    }

    #[test]
    fn a_text_that_breaks_the_field_hides_nothing() {
        for helo in [")", "x) y", "(((", "\\"] {
            let found = told_apart(&field(helo, "a@attacker.example"), &PeerTexts::of("a@attacker.example", helo, b""));
            assert_eq!(found, ["spf=none smtp.mailfrom=attacker.example"], "{helo}");
        }
    }

    #[test]
    fn quoted_well_it_is_a_value() {
        let text = "g.example; auth=pass smtp.mailfrom=\"a; b\"@attacker.example; dkim=none";
        let peer = PeerTexts::of("\"a; b\"@attacker.example", "h", b"");
        let found = told_apart(text, &peer);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("auth=pass smtp.mailfrom=") && found[1] == "dkim=none", "{found:?}");
    }

    proptest! {
        /// Whatever a peer says, the filter's own result is read, and no other one is believed.
        #[test]
        fn no_text_of_a_peer_changes_a_result(
            local in "[a-z();=.\" \\\\]{0,12}(\\); ?(dkim|dmarc|spf)=pass (header\\.d=v\\.example )?\\()?[a-z();=. ]{0,8}",
            helo in "[a-z();=.\" \\\\]{0,12}(\\); ?dkim=pass \\()?",
        ) {
            let from = format!("\"{}\"@attacker.example", local.replace('\\', "\\\\").replace('"', "\\\""));
            let peer = PeerTexts::of(&from, &helo, b"");
            let found = told_apart(&field(&helo, &from), &peer);
            let believed: Vec<&String> = found.iter().filter(|result| !result.ends_with('!')).collect();
            prop_assert_eq!(believed, ["spf=none smtp.mailfrom=attacker.example"]);
        }
    }
}
