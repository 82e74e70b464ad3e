//! TXT records: from zone-file form to text, and their tags.

use evidence::LookedUp;

/// The text of a TXT record in zone-file form: its strings joined, without quotes and escapes (RFC 1035 §5.1).
pub(crate) fn text(record: &str) -> String {
    if !record.starts_with('"') {
        return record.to_owned();
    }
    let mut text: Vec<u8> = Vec::new();
    let mut octets = record.bytes().peekable();
    let mut is_inside = false;
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => is_inside = !is_inside,
            b'\\' if is_inside => {
                let digits: Vec<u8> = std::iter::from_fn(|| octets.next_if(u8::is_ascii_digit)).take(3).collect();
                let code = str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
                text.extend(code.or_else(|| octets.next()));
            }
            _ if is_inside => text.push(octet),
            _ => {}
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Texts of the records that are of this version, as `v=spf1`: it is the first tag, and nothing runs on from it.
pub(crate) fn of_version(looked_up: &LookedUp, version: &str) -> Vec<String> {
    let is_of_version = |text: &String| {
        let rest = text.get(..version.len()).filter(|begin| begin.eq_ignore_ascii_case(version));
        rest.is_some() && text[version.len()..].chars().next().is_none_or(|c| c == ';' || c.is_ascii_whitespace())
    };
    looked_up.records.iter().map(|record| text(record)).filter(is_of_version).collect()
}

/// The value of a tag in `v=DMARC1; p=reject; …`, trimmed; `None` if there is none or it is empty.
pub(crate) fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let mut found = tags.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    found.next().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_joined_and_escapes_read() {
        assert_eq!(text(r#""v=spf1 ip4:192.0.2.1" " -all""#), "v=spf1 ip4:192.0.2.1 -all");
        assert_eq!(text(r#""a\"b\\c\059d""#), r#"a"b\c;d"#);
        assert_eq!(text("v=spf1 -all"), "v=spf1 -all");
    }

    #[test]
    fn a_version_does_not_run_on() {
        let looked_up = LookedUp {
            rcode: "NOERROR".to_owned(),
            is_authentic: false,
            records: ["\"v=spf10 -all\"", "\"v=spf1\"", "\"V=SPF1 -all\"", "\"other\""].map(str::to_owned).to_vec(),
            remarks: Vec::new(),
        };
        assert_eq!(of_version(&looked_up, "v=spf1"), ["v=spf1", "V=SPF1 -all"]);
    }

    #[test]
    fn tags_are_found_by_name() {
        assert_eq!(tag("v=DMARC1; p=none ; rua=mailto:a@b.example", "rua"), Some("mailto:a@b.example"));
        assert_eq!(tag("v=DMARC1; p=none; rua=", "rua"), None);
        assert_eq!(tag("v=DMARC1; p = none", "p"), Some("none"));
    }
}
