//! What difference a line makes: facts with it against facts without it.

use crate::{Facts, facts::LOG};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// One difference that a line makes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effect {
    /// Where it is seen, as `smtp`; several if they differ alike.
    pub on: Vec<String>,
    /// What differs, as `versions`.
    pub what: String,
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
        write!(f, "{}: {}: ", self.on.join(", "), self.what)?;
        match (self.adds.as_slice(), self.takes.as_slice()) {
            ([], []) => f.write_str("another order"),
            ([one], [other]) => write!(f, "{one} instead of {other}"),
            (adds, []) => write!(f, "adds {}", list(adds)),
            ([], takes) => write!(f, "takes away {}", list(takes)),
            (adds, takes) => write!(f, "adds {}; takes away {}", list(adds), list(takes)),
        }
    }
}

/// What looks at the same configuration disagree about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noise {
    values: BTreeMap<(String, String), BTreeSet<String>>,
    /// Where the order of values is not the same.
    orders: BTreeSet<(String, String)>,
}

impl Noise {
    /// What these looks at one configuration disagree about.
    #[must_use]
    pub fn of(looks: &[Facts]) -> Self {
        let mut noise = Self::default();
        for one in looks {
            for (key, values) in one {
                for other in looks.iter().filter_map(|look| look.get(key)).filter(|other| *other != values) {
                    noise.orders.insert(key.clone());
                    let odd = values.iter().filter(|value| !other.contains(value)).cloned();
                    noise.values.entry(key.clone()).or_default().extend(odd);
                }
            }
        }
        noise
    }

    fn has(&self, key: &(String, String), value: &String) -> bool {
        self.values.get(key).is_some_and(|values| values.contains(value))
    }
}

/// The differences between what was seen with a line and without it. What only one side observed, and what is noise,
/// tells nothing. Of what the log says is told only where nothing else differs: else it says the same in other words.
#[must_use]
pub fn effects(with: &Facts, without: &Facts, noise: &Noise) -> Vec<Effect> {
    let mut effects: Vec<Effect> = Vec::new();
    for (key, here) in with {
        let Some(there) = without.get(key).filter(|there| *there != here) else { continue };
        let missing = |from: &[String], of: &[String]| -> Vec<String> {
            of.iter().filter(|value| !from.contains(value) && !noise.has(key, value)).cloned().collect()
        };
        let (adds, takes) = (missing(there, here), missing(here, there));
        let reorders = adds.is_empty() && takes.is_empty();
        let is_noise = reorders && (noise.orders.contains(key) || here.len() != there.len());
        if is_noise {
            continue;
        }
        let alike = |e: &&mut Effect| e.what == key.1 && e.adds == adds && e.takes == takes;
        match effects.iter_mut().find(alike) {
            Some(effect) => effect.on.push(key.0.clone()),
            None => effects.push(Effect { on: vec![key.0.clone()], what: key.1.clone(), adds, takes, reorders }),
        }
    }
    if effects.iter().any(|effect| effect.what != LOG) {
        effects.retain(|effect| effect.what != LOG);
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(what: &str, values: &[&str]) -> Facts {
        let words = values.iter().map(|&v| v.to_owned()).collect();
        Facts::from([(("smtp".to_owned(), what.to_owned()), words)])
    }

    fn facts(versions: &[&str]) -> Facts {
        about("versions", versions)
    }

    fn told(with: &Facts, without: &Facts, noise: &Noise) -> Vec<String> {
        effects(with, without, noise).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_difference_says_what_the_line_does() {
        let told = |with: &[&str], without: &[&str]| told(&facts(with), &facts(without), &Noise::default());
        assert_eq!(told(&["TLSv1.2"], &["TLSv1.2", "TLSv1.3"]), ["smtp: versions: takes away TLSv1.3"]);
        assert_eq!(told(&["TLSv1", "TLSv1.2"], &["TLSv1.2"]), ["smtp: versions: adds TLSv1"]);
        assert_eq!(told(&["yes"], &["no"]), ["smtp: versions: yes instead of no"]);
        assert_eq!(told(&["a", "b"], &["b", "a"]), ["smtp: versions: another order"]);
        assert_eq!(told(&["a", "b", "c", "d", "e"], &[]), ["smtp: versions: adds a, b and 3 more"]);
        assert!(told(&["a"], &["a"]).is_empty());
    }

    #[test]
    fn the_same_difference_in_several_places_is_told_once() {
        let both = |versions: &[&str]| {
            let mut both = facts(versions);
            let here = both.values().next().unwrap().clone();
            both.insert(("submission".to_owned(), "versions".to_owned()), here);
            both
        };
        let told = told(&both(&["TLSv1.3"]), &both(&[]), &Noise::default());
        assert_eq!(told, ["smtp, submission: versions: adds TLSv1.3"]);
    }

    #[test]
    fn noise_and_what_one_side_did_not_see_tell_nothing() {
        let noise = Noise::of(&[facts(&["a", "x"]), facts(&["a", "y"])]);
        assert!(effects(&facts(&["a", "x"]), &facts(&["y", "a"]), &noise).is_empty());
        assert_eq!(told(&facts(&["a", "x"]), &facts(&["b"]), &noise), ["smtp: versions: a instead of b"]);
        assert!(effects(&facts(&["a"]), &Facts::new(), &Noise::default()).is_empty());
    }

    #[test]
    fn the_log_is_told_where_nothing_else_differs() {
        let seen = |versions: &[&str], log: &[&str]| {
            let mut all = facts(versions);
            all.extend(about(LOG, log));
            all
        };
        let none = Noise::default();
        assert_eq!(told(&seen(&["a"], &["TLS"]), &seen(&["a"], &[]), &none), ["smtp: log: adds TLS"]);
        assert_eq!(told(&seen(&["a"], &["TLS"]), &seen(&["b"], &[]), &none), ["smtp: versions: a instead of b"]);
    }
}
