//! What difference a line makes: facts with it against facts without it.

use crate::Facts;
use std::fmt;

/// One difference that a line makes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effect {
    /// What it is about, as `smtp versions`.
    pub on: String,
    /// Values that are there because of the line.
    pub adds: Vec<String>,
    /// Values that would be there without it.
    pub takes: Vec<String>,
    /// Whether the line changes the order of the same values.
    pub reorders: bool,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[String]| match values {
            [first, second, rest @ ..] if rest.len() > 2 => format!("{first}, {second} and {} more", rest.len()),
            _ => values.join(", "),
        };
        write!(f, "{}: ", self.on)?;
        match (self.adds.as_slice(), self.takes.as_slice()) {
            ([], []) => f.write_str("another order"),
            ([one], [other]) => write!(f, "{one}, not {other}"),
            (adds, []) => write!(f, "adds {}", list(adds)),
            ([], takes) => write!(f, "takes away {}", list(takes)),
            (adds, takes) => write!(f, "adds {}; takes away {}", list(adds), list(takes)),
        }
    }
}

/// The differences between what was seen with a line and without it. What only one side observed, and what `noise` holds
/// (facts that two looks at the same configuration disagree about), tells nothing.
#[must_use]
pub fn effects(with: &Facts, without: &Facts, noise: &Facts) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (key, here) in with {
        let Some(there) = without.get(key).filter(|there| *there != here && !noise.contains_key(key)) else { continue };
        let missing = |from: &[String], of: &[String]| -> Vec<String> {
            of.iter().filter(|value| !from.contains(value)).cloned().collect()
        };
        let (adds, takes) = (missing(there, here), missing(here, there));
        let reorders = adds.is_empty() && takes.is_empty();
        effects.push(Effect { on: format!("{} {}", key.0, key.1), adds, takes, reorders });
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(versions: &[&str]) -> Facts {
        let words = versions.iter().map(|&v| v.to_owned()).collect();
        Facts::from([(("smtp".to_owned(), "versions".to_owned()), words)])
    }

    fn told(with: &[&str], without: &[&str]) -> Vec<String> {
        effects(&facts(with), &facts(without), &Facts::new()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_difference_says_what_the_line_does() {
        assert_eq!(told(&["TLSv1.2"], &["TLSv1.2", "TLSv1.3"]), ["smtp versions: takes away TLSv1.3"]);
        assert_eq!(told(&["TLSv1", "TLSv1.2"], &["TLSv1.2"]), ["smtp versions: adds TLSv1"]);
        assert_eq!(told(&["yes"], &["no"]), ["smtp versions: yes, not no"]);
        assert_eq!(told(&["a", "b"], &["b", "a"]), ["smtp versions: another order"]);
        assert_eq!(told(&["a", "b", "c", "d", "e"], &[]), ["smtp versions: adds a, b and 3 more"]);
        assert!(told(&["a"], &["a"]).is_empty());
    }

    #[test]
    fn noise_and_what_one_side_did_not_see_tell_nothing() {
        assert!(effects(&facts(&["a"]), &facts(&["b"]), &facts(&[])).is_empty());
        assert!(effects(&facts(&["a"]), &Facts::new(), &Facts::new()).is_empty());
    }
}
