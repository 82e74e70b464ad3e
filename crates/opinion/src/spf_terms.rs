//! Whether each term of an SPF record has a name and a length that there are (RFC 7208 §4.6.1, §5.6, §12). mail-auth passes over
//! a mechanism that it does not know and takes a prefix that is too long, where the RFC has an error.

const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

/// Whether mail-auth can be given this record.
pub(crate) fn are_good(record: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(record) else { return false };
    text.is_ascii() && text.split(' ').skip(1).filter(|term| !term.is_empty()).all(is_good)
}

fn is_good(term: &str) -> bool {
    let name_ends = term.find([':', '/', '=']).unwrap_or(term.len());
    let (name, rest) = term.split_at(name_ends);
    if rest.starts_with('=') {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        return begins && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    }
    let name = name.strip_prefix(['+', '-', '~', '?']).unwrap_or(name).to_ascii_lowercase();
    MECHANISMS.contains(&name.as_str()) && has_good_length(&name, rest)
}

/// The prefix lengths behind an address or a name: of IPv4 `/0` to `/32`, of IPv6 to `/128`.
fn has_good_length(name: &str, rest: &str) -> bool {
    let upto = |length: &str, most: u8| {
        let is_plain = length == "0" || !length.starts_with(['0', '+']);
        is_plain && length.parse::<u8>().is_ok_and(|length| length <= most)
    };
    match name {
        "ip4" => rest.split_once('/').is_none_or(|(_, length)| upto(length, 32)),
        "ip6" => rest.split_once('/').is_none_or(|(_, length)| upto(length, 128)),
        "a" | "mx" => {
            // A `/` inside a macro is one of its delimiters (RFC 7208 §7.1).
            let behind = rest.rfind('}').map_or(rest, |at| &rest[at..]);
            let (single, double) = behind.split_once("//").map_or((behind, None), |(s, d)| (s, Some(d)));
            let is_single_good = single.split_once('/').is_none_or(|(_, length)| upto(length, 32));
            is_single_good && double.is_none_or(|length| upto(length, 128))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_terms_are_good() {
        for record in [
            "v=spf1",
            "v=spf1 -all",
            "v=spf1  a MX:mail.x.example/24//64 ?ip4:192.0.2.0/24 ~ip6:2001:db8::/32 ",
            "v=spf1 a:%{d4/}.x.example exists:%{i}._spf.%{d} redirect=_spf.x.example unknown-1.x=y%{d}",
        ] {
            assert!(are_good(record.as_bytes()), "{record}");
        }
    }

    #[test]
    fn unknown_mechanisms_and_lengths_that_there_are_not_are_bad() {
        for record in [
            "v=spf1 foo -all",
            "v=spf1 ip4:192.0.2.0/33",
            "v=spf1 ip4:192.0.2.0/024",
            "v=spf1 a/24//129",
            "v=spf1 --all",
            "v=spf1 1x=y",
            "v=spf1 a:b\u{fc}cher.example",
            "v=spf1 -all\t",
        ] {
            assert!(!are_good(record.as_bytes()), "{record}");
        }
    }
}
