//! In which order scenarios start. What each of them sees must not depend on it; running them in another order is how that is found out.

use crate::schedule::AloneTurn;
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

/// The order in which scenarios start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// By name; those that must run alone after all others.
    #[default]
    Name,
    /// The other way round: those that must run alone stand among the others, where their names are.
    Reverse,
    /// As this seed has it, those that must run alone too. Of any choice of scenarios two keep their places to each other.
    Shuffle(u32),
}

impl Order {
    /// Puts what is sorted by name into this order.
    pub(crate) fn arrange<T>(self, work: &mut [T], name: impl Fn(&T) -> &str) {
        match self {
            Self::Name => {}
            Self::Reverse => work.reverse(),
            Self::Shuffle(seed) => work.sort_by_cached_key(|one| {
                let mut hasher = DefaultHasher::new();
                (seed, name(one)).hash(&mut hasher);
                hasher.finish()
            }),
        }
    }

    /// When those take their turn that must run alone.
    pub(crate) const fn alone_turn(self) -> AloneTurn {
        match self {
            Self::Name => AloneTurn::Last,
            Self::Reverse | Self::Shuffle(_) => AloneTurn::InPlace,
        }
    }
}

impl FromStr for Order {
    type Err = String;

    /// Without a seed, one is chosen.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match (word, word.strip_prefix("shuffle=")) {
            ("name", _) => Ok(Self::Name),
            ("reverse", _) => Ok(Self::Reverse),
            ("shuffle", _) => Ok(Self::Shuffle(rand::random())),
            (_, Some(seed)) => seed
                .parse()
                .map(Self::Shuffle)
                .map_err(|_| format!("a seed is a whole number from 0 to {}, as an earlier run printed it", u32::MAX)),
            _ => Err("it is `name`, `reverse`, `shuffle`, or `shuffle=SEED`".to_owned()),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Reverse => f.write_str("reverse"),
            Self::Shuffle(seed) => write!(f, "shuffle={seed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(order: &str, names: &[&'static str]) -> Vec<&'static str> {
        let mut names = names.to_vec();
        order.parse::<Order>().unwrap().arrange(&mut names, |name| name);
        names
    }

    const NAMES: [&str; 6] = ["arc/a", "dane/b", "dkim/c", "spf/d", "tls/e", "tls/f"];

    #[test]
    fn a_seed_tells_the_order_and_a_choice_keeps_it() {
        assert_eq!(arranged("reverse", &NAMES[..2]), ["dane/b", "arc/a"]);
        let all = arranged("shuffle=7", &NAMES);
        assert_eq!(arranged("shuffle=7", &NAMES), all);
        assert!((0..20).any(|seed| arranged(&format!("shuffle={seed}"), &NAMES) != all));
        let of_all: Vec<&str> = all.into_iter().filter(|name| NAMES[1..4].contains(name)).collect();
        assert_eq!(arranged("shuffle=7", &NAMES[1..4]), of_all);
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for word in ["name", "reverse", "shuffle=0", "shuffle=4294967295"] {
            assert_eq!(word.parse::<Order>().unwrap().to_string(), word);
        }
        let chosen: Order = "shuffle".parse().unwrap();
        assert_eq!(chosen.to_string().parse(), Ok(chosen));
        for word in ["", "random", "shuffle=", "shuffle=-1", "shuffle=4294967296"] {
            assert!(word.parse::<Order>().is_err(), "{word}");
        }
    }
}
