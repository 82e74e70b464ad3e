//! Redaction by type: whatever a run makes up for itself gets a name that is the same in every run.

use regex::{Captures, Regex};
use std::{collections::HashMap, net::IpAddr, sync::LazyLock};

/// Names what differs from run to run, in the order in which it appears. One redactor serves one snapshot: the same
/// queue id has the same name in all of its texts.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    hosts: HashMap<IpAddr, String>,
    queue_ids: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
}

impl Redactor {
    /// Calls the container at this address by a name.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr, name: &str) -> Self {
        self.hosts.insert(address, name.to_owned());
        self
    }

    /// The text with nonces as `NONCE`; queue ids as `QID-1`, …; dates and times as `DATE`; process ids as `PID`; a
    /// client's port as `PORT`; container addresses by name, or as `ADDRESS-1`, …; signatures, hashes and keys as
    /// `KEY`; the time of a signature as `DATE`; delays as `DELAY`; sizes as `SIZE`; ids of Dovecot's connections as
    /// `ID`.
    pub fn redact(&mut self, text: &str) -> String {
        // one id of a store serves several messages on one connection, or not, as it happens: it is no queue id
        let mut text = STORE_ID.replace_all(text, "$1 ID").into_owned();
        self.learn(&text);
        for (pattern, with) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *with).into_owned();
        }
        for word in WORDS.iter() {
            let name = |word: &Captures<'_>| match self.queue_ids.get(&word[0]) {
                Some(number) => format!("QID-{number}"),
                None => word[0].to_owned(),
            };
            text = word.replace_all(&text, name).into_owned();
        }
        ADDRESS.replace_all(&text, |found: &Captures<'_>| self.address(&found[0])).into_owned()
    }

    /// Queue ids are known by what stands around them, and replaced wherever they stand.
    fn learn(&mut self, text: &str) {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for (pattern, needs_digit) in QUEUE_IDS.iter() {
            let ids = pattern.captures_iter(text).filter_map(|c| c.get(1)).map(|id| (id.start(), id.as_str()));
            found.extend(ids.filter(|(_, id)| !needs_digit || id.bytes().any(|b| b.is_ascii_digit())));
        }
        found.sort_unstable();
        for (_, id) in found {
            let number = self.queue_ids.len() + 1;
            self.queue_ids.entry(id.to_owned()).or_insert(number);
        }
    }

    fn address(&mut self, text: &str) -> String {
        let Ok(ip) = text.parse::<IpAddr>() else { return text.to_owned() };
        if let Some(name) = self.hosts.get(&ip) {
            return name.clone();
        }
        let is_container = match ip {
            IpAddr::V4(v4) => v4.is_private(),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        if !is_container {
            return text.to_owned();
        }
        let number = self.addresses.len() + 1;
        format!("ADDRESS-{}", self.addresses.entry(ip).or_insert(number))
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|e| panic!("a pattern of the redactor: {e}"))
}

/// The context of queue ids, and whether only a digit tells one from a word there.
static QUEUE_IDS: LazyLock<Vec<(Regex, bool)>> = LazyLock::new(|| {
    [
        (r"\b(?:queued|forwarded) as (?:[a-z0-9.-]+/)?([0-9A-Za-z]{6,24})\b", true),
        (r"(?m)(?:^|\]: )([0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,24}): ", true),
        (r"\bwith\s+(?:UTF8)?(?:E?SMTP|LMTP)S?A?\s+(?:\([^()]*\)\s+)?id\s+([0-9A-Za-z+/]{6,40})", false),
        (r"\(Postfix(?:, from userid \d+)?\)\s+id\s+([0-9A-Za-z]{6,24})", false),
        (r"\bnotification: ([0-9A-Za-z]{6,24})\b", true),
        (r"\bX-(?:Postfix|Rspamd)-(?i:Queue-ID): ([0-9A-Za-z]{6,24})\b", false),
        // of Exim, before 4.97 and since; of OpenSMTPD
        (r"\b([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}))\b", true),
        (r"\b2\.0\.0 ([0-9a-f]{8}) Message accepted for delivery", false),
    ]
    .map(|(pattern, needs_digit)| (regex(pattern), needs_digit))
    .into()
});

/// In this order: what an earlier one has replaced, a later one does not see.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    let month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    let octets = "[A-Za-z0-9+/]";
    let fold = r"(?:\r?\n)?[ \t]+";
    [
        (r"mp[0-9a-f]{16}".to_owned(), "NONCE"),
        (format!(r"(?:{day},\s+)?\d{{1,2}} {month} \d{{4}} \d\d:\d\d:\d\d(?: [+-]\d{{4}})?(?:\s+\([A-Z]+\))?"), "DATE"),
        (format!(r"\b{month} [ \d]\d \d\d:\d\d:\d\d\b"), "DATE"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?".to_owned(), "DATE"),
        // a Message-ID of Postfix
        (r"<20\d{12}\.".to_owned(), "<DATE."),
        // the name of a file in a Maildir
        (r"\b\d{10}\.[A-Z]\w*\.".to_owned(), "DATE.PROCESS."),
        // a MIME boundary of Postfix
        (r"\b([0-9A-Za-z]{6,24})\.\d{10}/".to_owned(), "$1.DATE/"),
        (r#"\b(header\.b|signature)="?[A-Za-z0-9+/]{4,}=*"?"#.to_owned(), "$1=KEY"),
        (
            format!(r"(^|[;\s])(b|bh)=\s*(?:{octets}+{fold})?{octets}{{16,}}={{0,2}}(?:{fold}{octets}+={{0,2}})*"),
            "$1$2=KEY",
        ),
        (r"(^|[;\s])p=\s*[A-Za-z0-9+/]{40,}={0,2}".to_owned(), "${1}p=KEY"),
        (r"(^|[;\s])(t|x)=\d{9,11}\b".to_owned(), "$1$2=DATE"),
        (r"\b(delay|delays)=[\d./]+".to_owned(), "$1=DELAY"),
        (r"\bsize=\d+".to_owned(), "size=SIZE"),
        (r"([a-z]/?[a-z-]*)\[\d+\]: ".to_owned(), "$1[PID]: "),
        (r"\)<\d+><[A-Za-z0-9+/=:]+>".to_owned(), ")<PID><ID>"),
        (r"\blmtp\(\d+\)".to_owned(), "lmtp(PID)"),
        (r"\b(s[a-z]{6})=<[A-Za-z0-9+/=:]{12,}>".to_owned(), "$1=<ID>"),
        (r"> [A-Za-z0-9+/]{12,40}(?::[A-Z]\d+)* Saved\b".to_owned(), "> ID Saved"),
        (r"\(port=\d+".to_owned(), "(port=PORT"),
        (r"\]:(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-6]\d{4})\b".to_owned(), "]:PORT"),
    ]
    .map(|(pattern, with)| (regex(&pattern), with))
    .into()
});

static STORE_ID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(\bwith\s+LMTP[A-Z]*\s+id)\s+[A-Za-z0-9+/]{12,40}(?::[A-Z]\d+)*"));

/// An id of Dovecot has characters that part one of Postfix from what follows it; one of Exim has hyphens.
static WORDS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [r"[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}", r"[0-9A-Za-z+/]{6,}", r"[0-9A-Za-z]{6,}"].map(regex)
});
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?i:f[cde][0-9a-f]{2}):[0-9a-fA-F:]*[0-9a-fA-F]"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redact(text: &str) -> String {
        Redactor::default().with_address("172.18.0.3".parse().unwrap(), "mx.gateway.example").redact(text)
    }

    #[test]
    fn a_log_line_is_the_same_in_every_run() {
        assert_eq!(
            redact(
                "Nov 24 09:38:01 postfix/lmtp[88]: 3F1A2B4C5D: to=<a@x.example>, relay=store[172.18.0.9]:24, \
                 delay=0.04, \
                 delays=0.01/0/0.01/0.02, dsn=2.0.0, status=sent (250 2.0.0 <a@x.example> kAbc+9/Xyz012345678AA Saved)"
            ),
            "DATE postfix/lmtp[PID]: QID-1: to=<a@x.example>, relay=store[ADDRESS-1]:24, delay=DELAY, delays=DELAY, \
             dsn=2.0.0, \
             status=sent (250 2.0.0 <a@x.example> ID Saved)"
        );
        assert_eq!(
            redact("message-id=<20251124093801.3F1A2B4C5D@mx>\nx[1]: 3F1A2B4C5D: removed"),
            "message-id=<DATE.QID-1@mx>\nx[PID]: QID-1: removed"
        );
        assert_eq!(
            redact("connect from [203.0.113.66]:45678 to [172.18.0.3]:25"),
            "connect from [203.0.113.66]:PORT to [mx.gateway.example]:25"
        );
    }

    #[test]
    fn a_header_is_the_same_in_every_run() {
        assert_eq!(
            redact(
                "Received: from mx.sender.example (unknown [203.0.113.66])\n\tby mx.gateway.example (Postfix) with \
                 ESMTPS id 4dFpYx2zqLz1k\n\t\
                 for <a@x.example>; Mon, 24 Nov 2025 09:38:01 +0000 (UTC)\nX: queued as 4dFpYx2zqLz1k, then 3F1A2B4C5D"
            ),
            "Received: from mx.sender.example (unknown [203.0.113.66])\n\tby mx.gateway.example (Postfix) with ESMTPS \
             id QID-1\n\t\
             for <a@x.example>; DATE\nX: queued as QID-1, then 3F1A2B4C5D"
        );
        assert_eq!(
            redact(
                "v=1; a=rsa-sha256; d=x.example; s=s1; t=1763977081; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; \
                 h=From; b=Zm9v\n\tYmFyYmF6cXV4Zm9vYmFy"
            ),
            "v=1; a=rsa-sha256; d=x.example; s=s1; t=DATE; bh=KEY; h=From; b=KEY"
        );
        assert_eq!(redact("dkim=pass header.b=\"Ab+/12cd\"; x"), "dkim=pass header.b=KEY; x");
    }

    #[test]
    fn the_same_thing_keeps_its_name() {
        let mut redactor = Redactor::default();
        assert_eq!(redactor.redact("queued as 3F1A2B4C5D at fd00:1::5"), "queued as QID-1 at ADDRESS-1");
        assert_eq!(
            redactor.redact("queued as 9F1A2B4C5D, 3F1A2B4C5D at 10.0.0.1"),
            "queued as QID-2, QID-1 at ADDRESS-2"
        );
    }

    #[test]
    fn a_real_message_loses_what_its_run_made_up_and_nothing_else() {
        let text = include_str!("../tests/samples/relayed.eml");
        let redacted = redact(text);
        for made_up in [
            "1E767F46F3",
            "11CECF46F0",
            "IGMkCJRcBWtXAAAATIdV2Q",
            "172.18.",
            "mpdaa9",
            "dRzHG7mp",
            "17955",
            "09:44",
            "kpxJyu",
            "ILJho6AoZQHLQ",
        ] {
            assert!(text.contains(made_up) && !redacted.contains(made_up), "{made_up}: {redacted}");
        }
        assert_eq!(redacted.matches("Received: from").count(), 3, "{redacted}");
        assert!(redacted.contains("id QID-2\n\tfor <alice@gateway.example>; DATE"), "{redacted}");
        assert!(redacted.contains("by store.gateway.example with LMTP\n\tid ID\n"), "{redacted}");
        assert!(redacted.contains("h=From:To:Subject:Date:From;\n\tb=KEY\nReceived:"), "{redacted}");
        assert_eq!(redact("by s with LMTP id abcdefghijklmnopqrstuv:T2 (x)"), "by s with LMTP id ID (x)");
        let policy = "v=DMARC1; p=quarantine; adkim=s";
        assert_eq!(redact(policy), policy);
    }

    #[test]
    fn what_exim_and_opensmtpd_make_up_is_the_same_in_every_run() {
        assert_eq!(
            redact(
                "S: 250 OK id=1xY92K-000000000AV-093j\nReceived: from [192.0.2.77] (port=59108 helo=x) by mx.gateway.example with \
                 esmtps (Exim 4.98.2) id 1xY92K-000000000AV-093j; Mon, 30 Nov 2026 21:35:48 +0000\n1pXYZa-00062N-0A"
            ),
            "S: 250 OK id=QID-1\nReceived: from [192.0.2.77] (port=PORT helo=x) by mx.gateway.example with esmtps (Exim 4.98.2) id \
             QID-1; DATE\nQID-2"
        );
        assert_eq!(
            redact(
                "S: 250 2.0.0 e409f92c Message accepted for delivery\nby mx (OpenSMTPD) with ESMTPS id e409f92c (x)"
            ),
            "S: 250 2.0.0 QID-1 Message accepted for delivery\nby mx (OpenSMTPD) with ESMTPS id QID-1 (x)"
        );
        assert_eq!(redact("the-certificate-swap and double-handed-off"), "the-certificate-swap and double-handed-off");
    }

    #[test]
    fn what_does_not_vary_stays() {
        for text in [
            "550 5.7.1 <a@x.example>: rejected",
            "192.0.2.10 2001:db8::1",
            "SHA256 ECDHE",
            "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    proptest! {
        #[test]
        fn redaction_does_not_depend_on_the_run(
            a in "[0-9A-F]{9}[0-9]",
            b in "[0-9A-F]{9}[0-9]",
            pid in 1u32..99999,
            nonce: u64,
        ) {
            prop_assume!(a != b);
            let run = |a: &str, b: &str, pid: u32, nonce: u64| {
                redact(&format!("postfix/smtp[{pid}]: {a}: status=sent (250 Ok: queued as {b})\n{} {b} \
                {a}", mail::Nonce::from_number(nonce)))
            };
            prop_assert_eq!(run(&a, &b, pid, nonce), run("3F1A2B4C51", "4F1A2B4C52", 7, 9));
        }

        #[test]
        fn any_text_can_be_redacted(text in "\\PC{0,80}") {
            redact(&text);
        }
    }
}
