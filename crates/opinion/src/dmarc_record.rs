//! A DMARC record as its reader has to take it: what is wrong in it is mostly ignored, and mail-auth is stricter than that.

/// Tags whose values have a syntax of their own, and whether a value fits it. One that does not is as if it were not there
/// (RFC 9989 §4.7).
fn fits(tag: &str, value: &str) -> bool {
    let is_word = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    match tag {
        "adkim" | "aspf" => is_word(&["r", "s"]),
        "fo" => value
            .split(':')
            .all(|option| ["0", "1", "d", "s"].iter().any(|word| option.trim().eq_ignore_ascii_case(word))),
        "psd" => is_word(&["y", "n", "u"]),
        "t" => is_word(&["y", "n"]),
        "pct" => value.parse::<u8>().is_ok_and(|percent| percent <= 100),
        "ri" => value.parse::<u32>().is_ok(),
        _ => true,
    }
}

/// The record in a text, without what is to be ignored; `None`: the text is no DMARC record, and `Some(None)`: it is one that
/// asks for nothing, since its policy cannot be read and nobody is named who would get reports (RFC 9989 §4.10).
pub(crate) fn read(text: &[u8]) -> Option<Option<String>> {
    let text = String::from_utf8_lossy(text);
    let mut tags = text.split(';').map(|tag| tag.split_once('=').map(|(name, value)| (name.trim(), value.trim())));
    if tags.next()? != Some(("v", "DMARC1")) {
        return None;
    }
    let tags: Vec<(String, &str)> = tags
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, value)| fits(name, value))
        .collect();
    let is_policy = |name: &str| ["p", "sp", "np"].contains(&name);
    let is_known = |value: &str| ["none", "quarantine", "reject"].iter().any(|word| value.eq_ignore_ascii_case(word));
    let is_wrong = tags.iter().any(|(name, value)| is_policy(name) && !is_known(value));
    let has_policy = tags.iter().any(|(name, _)| name == "p");
    let reports = tags.iter().any(|(name, value)| name == "rua" && value.to_ascii_lowercase().contains("mailto:"));
    let mut record = "v=DMARC1".to_owned();
    if is_wrong || !has_policy {
        if !reports {
            return Some(None);
        }
        record.push_str("; p=none");
    }
    for (name, value) in tags.iter().filter(|(name, _)| !((is_wrong || !has_policy) && is_policy(name))) {
        record.push_str(&format!("; {name}={value}"));
    }
    Some(Some(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<Option<String>> {
        read(text.as_bytes())
    }

    #[test]
    fn what_is_wrong_is_ignored_and_the_rest_counts() {
        for (text, record) in [
            ("v=DMARC1; p=reject", "v=DMARC1; p=reject"),
            ("v = DMARC1; p=reject", "v=DMARC1; p=reject"),
            ("v=DMARC1;p=reject;adkim=x;fo=9;pct=200;ri=q;t=q;psd=x", "v=DMARC1; p=reject"),
            ("v=DMARC1; p=reject; adkim=s; fo=1:d; x=y", "v=DMARC1; p=reject; adkim=s; fo=1:d; x=y"),
            ("v=DMARC1; p=bad; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example"),
            ("v=DMARC1; p=reject; sp=bad; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example"),
            ("v=DMARC1; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example"),
        ] {
            assert_eq!(read_text(text), Some(Some(record.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_record_without_a_policy_and_reports_asks_for_nothing() {
        for text in ["v=DMARC1", "v=DMARC1; p=bad", "v=DMARC1; p=reject; sp=bad"] {
            assert_eq!(read_text(text), Some(None), "{text}");
        }
    }

    #[test]
    fn another_text_is_no_record() {
        for text in ["", "aaa", "v=DMARC2; p=reject", "v=dmarc1; p=reject", "p=reject; v=DMARC1", "v=DMARC1 p=reject"] {
            assert_eq!(read_text(text), None, "{text}");
        }
    }
}
