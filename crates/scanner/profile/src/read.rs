//! Reads a profile's file, and tells all its faults at once.

use crate::{
    Aspect, Certificates, Dh, Feature, Features, Flaw, Profile, ProfileError, Rating, WantedOrder,
    known::{nearest, resolve},
};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

type Node<'a> = toml::Spanned<DeValue<'a>>;

const LEVELS: [&str; 3] = ["good", "sufficient", "phase-out"];

impl Profile {
    /// Reads a profile, as a user writes one; the name is what it is called by, and stands before each fault.
    ///
    /// # Errors
    /// Every fault of the file at once; a fault of TOML's own syntax hides all others.
    pub fn read(text: &str, name: &str) -> Result<Self, ProfileError> {
        let mut reader = Reader { text, flaws: Vec::new() };
        let profile = match DeTable::parse(text) {
            Ok(table) => Some(reader.profile(table.get_ref(), name)),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                reader.flaw(span, format!("this is no TOML: {}", error.message()), "mend the syntax");
                None
            }
        };
        match profile {
            Some(profile) if reader.flaws.is_empty() => Ok(profile),
            _ => Err(ProfileError::new(name, text, reader.flaws)),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    flaws: Vec<Flaw>,
}

impl Reader<'_> {
    fn profile(&mut self, top: &DeTable<'_>, name: &str) -> Profile {
        let demands = ["versions", "suites", "groups", "signatures", "order", "dh", "certificate", "features"];
        self.keys(top, &[&["title", "source", "date"][..], &demands].concat());
        if !demands.iter().any(|key| top.contains_key(*key)) {
            self.flaw(0..0, "the profile asks for nothing", &format!("add {}", any_of(&demands)));
        }
        let [title, source, date] = ["title", "source", "date"].map(|key| self.needed(top, key));
        let certificate = self.table(top, "certificate");
        Profile {
            name: name.to_owned(),
            title,
            source,
            date,
            versions: self.rating(top, "versions", Aspect::Version),
            suites: self.rating(top, "suites", Aspect::Suite),
            groups: self.rating(top, "groups", Aspect::Group),
            signatures: self.rating(top, "signatures", Aspect::Signature),
            order: self.order(top),
            dh: self.table(top, "dh").map(|table| self.dh(table)),
            certificate: certificate.map(|table| self.certificate(table)).unwrap_or_default(),
            features: self.table(top, "features").map(|table| self.features(table)).unwrap_or_default(),
        }
    }

    fn order(&mut self, top: &DeTable<'_>) -> Option<WantedOrder> {
        let words = ["client", "server", "by-level"];
        let node = top.get("order")?;
        let word = self.word(node, "order")?;
        let orders = [WantedOrder::Client, WantedOrder::Server, WantedOrder::ByLevel];
        let found = words.iter().position(|known| *known == word);
        if found.is_none() {
            self.flaw(node.span(), format!("`{word}` is no order"), &meant(nearest(&word, words), &any_of(&words)));
        }
        found.map(|place| orders[place])
    }

    fn dh(&mut self, table: &DeTable<'_>) -> Dh {
        self.keys(table, &[&["bits"][..], &LEVELS].concat());
        let bits = self.number(table, "bits").and_then(|bits| u16::try_from(bits).ok());
        let is_by_name = LEVELS.iter().any(|level| table.contains_key(*level));
        Dh { bits, groups: is_by_name.then(|| self.levels(table, Aspect::Dh)) }
    }

    fn certificate(&mut self, table: &DeTable<'_>) -> Certificates {
        self.keys(table, &["keys", "signatures", "whole-chain", "most-days", "recommended-days"]);
        let mut rating = |key, aspect| {
            let inner = self.table(table, key)?;
            self.keys(inner, &LEVELS);
            Some(self.levels(inner, aspect))
        };
        Certificates {
            keys: rating("keys", Aspect::CertificateKey),
            signatures: rating("signatures", Aspect::CertificateSignature),
            is_whole_chain: self.flag(table, "whole-chain"),
            most_days: self.number(table, "most-days"),
            recommended_days: self.number(table, "recommended-days"),
        }
    }

    fn features(&mut self, table: &DeTable<'_>) -> Features {
        let keys = ["required", "preferred", "forbidden", "discouraged"];
        self.keys(table, &keys);
        let mut known: Vec<Feature> = Vec::new();
        let [required, preferred, forbidden, discouraged] = keys.map(|key| {
            let mut features = Vec::new();
            for (word, span) in self.list(table, key) {
                match Feature::ALL.into_iter().find(|feature| feature.as_str() == word) {
                    Some(feature) if known.contains(&feature) => self.twice(span, &word),
                    Some(feature) => {
                        known.push(feature);
                        features.push(feature);
                    }
                    None => {
                        let words = Feature::ALL.map(Feature::as_str);
                        let help = meant(nearest(&word, words), &any_of(&words));
                        self.flaw(span, format!("`{word}` is no feature"), &help);
                    }
                }
            }
            features
        });
        Features { required, preferred, forbidden, discouraged }
    }

    fn rating(&mut self, top: &DeTable<'_>, key: &str, aspect: Aspect) -> Option<Rating> {
        let table = self.table(top, key)?;
        self.keys(table, &[&LEVELS[..], &["required", "preferred"]].concat());
        let mut rating = self.levels(table, aspect);
        for (key, is_required) in [("required", true), ("preferred", false)] {
            for (name, span) in self.names(table, key, aspect) {
                if !rating.rated().any(|(rated, _)| rated == name) {
                    let help = format!("add it to {}", any_of(&LEVELS));
                    self.flaw(span, format!("`{name}` is {key} and has no level"), &help);
                }
                if is_required { &mut rating.required } else { &mut rating.preferred }.push(name);
            }
        }
        Some(rating)
    }

    fn levels(&mut self, table: &DeTable<'_>, aspect: Aspect) -> Rating {
        let mut known: Vec<String> = Vec::new();
        let [good, sufficient, phase_out] = LEVELS.map(|level| {
            let mut names = Vec::new();
            for (name, span) in self.names(table, level, aspect) {
                if known.contains(&name) {
                    self.twice(span, &name);
                } else {
                    known.push(name.clone());
                    names.push(name);
                }
            }
            names
        });
        Rating { good, sufficient, phase_out, ..Rating::default() }
    }

    /// Names as the registry writes them.
    fn names(&mut self, table: &DeTable<'_>, key: &str, aspect: Aspect) -> Vec<(String, Range<usize>)> {
        let mut names = Vec::new();
        for (word, span) in self.list(table, key) {
            match resolve(aspect, &word) {
                Ok(name) => names.push((name, span)),
                Err(near) => {
                    let help = meant(near.as_deref(), "a name of IANA's registry, or of a certificate's key");
                    self.flaw(span, format!("`{word}` is no known {aspect}"), &help);
                }
            }
        }
        names
    }

    fn twice(&mut self, span: Range<usize>, name: &str) {
        self.flaw(span, format!("`{name}` is listed twice"), "leave it where it belongs");
    }

    fn keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (key, _) in table {
            let word: &str = key.get_ref();
            if !known.contains(&word) {
                let help = meant(nearest(word, known.iter().copied()), &any_of(known));
                self.flaw(key.span(), format!("unknown key `{word}`"), &help);
            }
        }
    }

    fn needed(&mut self, table: &DeTable<'_>, key: &str) -> String {
        let Some(node) = table.get(key) else {
            self.flaw(0..0, format!("`{key}` is missing"), &format!("add `{key} = \"…\"`"));
            return String::new();
        };
        self.word(node, key).unwrap_or_default()
    }

    fn table<'a>(&mut self, table: &'a DeTable<'a>, key: &str) -> Option<&'a DeTable<'a>> {
        let node = table.get(key)?;
        let DeValue::Table(inner) = node.get_ref() else {
            self.flaw(node.span(), format!("`{key}` must be a table"), &format!("write `[{key}]` and its keys below"));
            return None;
        };
        Some(inner)
    }

    fn list(&mut self, table: &DeTable<'_>, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let DeValue::Array(items) = node.get_ref() else {
            self.flaw(node.span(), format!("`{key}` must be a list"), &format!("write `{key} = [\"…\"]`"));
            return Vec::new();
        };
        items.iter().filter_map(|item| Some((self.word(item, key)?, item.span()))).collect()
    }

    fn word(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        if let DeValue::String(word) = node.get_ref() {
            return Some(word.to_string());
        }
        self.flaw(node.span(), format!("`{key}` takes text"), "put it in quotes");
        None
    }

    fn number(&mut self, table: &DeTable<'_>, key: &str) -> Option<u32> {
        let node = table.get(key)?;
        let number = match node.get_ref() {
            DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        if number.is_none_or(|number| number == 0 || number > u32::from(u16::MAX)) {
            self.flaw(node.span(), format!("`{key}` must be a number from 1 to {}", u16::MAX), "write its digits");
        }
        number
    }

    fn flag(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        match table.get(key).map(|node| (node.get_ref(), node.span())) {
            None => false,
            Some((DeValue::Boolean(flag), _)) => *flag,
            Some((_, span)) => {
                self.flaw(span, format!("`{key}` must be true or false"), "write it without quotes");
                false
            }
        }
    }

    fn flaw(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        let line = self.text.as_bytes().iter().take(span.start).filter(|octet| **octet == b'\n').count() + 1;
        self.flaws.push(Flaw { line, span, message: message.into(), help: help.to_owned() });
    }
}

fn any_of(words: &[&str]) -> String {
    format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
}

/// `did you mean X?`, or what may stand there.
fn meant(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(|| format!("write {otherwise}"), |near| format!("did you mean `{near}`?"))
}
