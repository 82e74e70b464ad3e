//! The RFCs that may be cited: `docs/rfcs.toml`.

use crate::Flaw;

const KNOWN: &str = include_str!("../../../docs/rfcs.toml");

/// Checks a citation of the form `RFC 7208 §4.6.4`.
pub(crate) fn check(text: &str) -> Result<String, Flaw> {
    let form = || {
        let (number, section) = text.strip_prefix("RFC ")?.split_once(" §")?;
        let section_fits = section.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase())
            && section.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        number.bytes().all(|b| b.is_ascii_digit()).then_some(number).filter(|_| section_fits)
    };
    let flaw =
        || Flaw::new(format!("`{text}` does not cite a section of an RFC")).help("write it as `RFC 7208 §4.6.4`");
    let number = form().ok_or_else(flaw)?;
    if is_known(number) {
        return Ok(text.to_owned());
    }
    Err(Flaw::new(format!("RFC {number} is not known here"))
        .help("if the number is right, add the RFC and its title to docs/rfcs.toml"))
}

fn is_known(number: &str) -> bool {
    let known = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim() == number);
    KNOWN.lines().any(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_toml_with_a_title_for_each_number() {
        let list: toml::Table = KNOWN.parse().unwrap();
        let rfcs = list["rfc"].as_table().unwrap();
        for (number, entry) in rfcs {
            assert!(is_known(number) && !entry["title"].as_str().unwrap().is_empty(), "{number}");
            for newer in entry.get("obsoleted-by").into_iter().flat_map(|by| by.as_array().unwrap()) {
                assert!(rfcs.contains_key(&newer.to_string()), "{number} is obsoleted by {newer}, which is not listed");
            }
        }
    }

    #[test]
    fn a_citation_has_one_form() {
        assert!(check("RFC 7208 §4.6.4").is_ok() && check("RFC 5321 §A.1").is_ok());
        for bad in ["7208 §4", " 7208", " 7208 Section 4", " 7208 §", " 7208 §4.", " 7208 §4..1", "  §4", " 99999 §1"]
        {
            assert!(check(&format!("RFC{bad}")).is_err(), "{bad}");
        }
        assert_eq!(
            check(&format!("RFC {} §1", 99999)).unwrap_err().message,
            format!("RFC {} is not known here", 99999)
        );
    }
}
