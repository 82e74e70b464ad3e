//! Compares a profile with what a probe saw.

use crate::{Aspect, Deviation, Dh, Gap, Level, Profile, Rating, WantedOrder, certificate};
use evidence::{Observed, Order, Probed, VersionSeen, Weight};

/// Where the server is not as the profile asks, in the order versions, suites, groups, … What was not observed is no
/// deviation: [`gaps`] tells of it. Suites are judged in the versions that the profile lets be: a version that must go takes
/// its suites with it.
#[must_use]
pub fn judge(profile: &Profile, probed: &Probed) -> Vec<Deviation> {
    compare(profile, probed).deviations
}

/// What the profile asks about and nobody saw, and why.
#[must_use]
pub fn gaps(profile: &Profile, probed: &Probed) -> Vec<Gap> {
    compare(profile, probed).gaps
}

/// The same as text, a sentence each.
#[must_use]
pub fn unobserved(profile: &Profile, probed: &Probed) -> Vec<String> {
    gaps(profile, probed).iter().map(ToString::to_string).collect()
}

/// What came of a comparison.
#[derive(Default)]
pub(crate) struct Compared {
    deviations: Vec<Deviation>,
    gaps: Vec<Gap>,
}

impl Compared {
    pub(crate) fn deviates(&mut self, what: Aspect, seen: String, wanted: String, weight: Weight) {
        let deviation = Deviation { what, seen, wanted, weight };
        if !self.deviations.contains(&deviation) {
            self.deviations.push(deviation);
        }
    }

    pub(crate) fn misses(&mut self, what: Aspect, why: impl Into<String>) {
        let gap = Gap { what, why: why.into() };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Something is taken; what is said of it depends on its level.
    pub(crate) fn taken(&mut self, what: Aspect, seen: String, level: Level, rating: &Rating) {
        let Some(weight) = level.weight() else { return };
        let wanted = if level == Level::PhaseOut { "that it is phased out".to_owned() } else { only(rating) };
        self.deviates(what, seen, wanted, weight);
    }

    /// Names of which all that are taken were seen.
    fn names(&mut self, what: Aspect, rating: &Rating, seen: &Observed<Vec<String>>) {
        match seen {
            Observed::Unobserved(why) => self.misses(what, why),
            Observed::Seen(names) => {
                for name in names {
                    self.taken(what, format!("{name} is taken"), rating.level(what, name), rating);
                }
                self.wanting(what, rating, |wanted| names.iter().any(|name| crate::known::is_same(what, wanted, name)));
            }
        }
    }

    /// What is required or preferred, and not taken.
    fn wanting(&mut self, what: Aspect, rating: &Rating, is_taken: impl Fn(&str) -> bool) {
        for (names, weight) in [(&rating.required, Weight::Fault), (&rating.preferred, Weight::Notice)] {
            for name in names.iter().filter(|name| !is_taken(name)) {
                self.deviates(what, format!("{name} is not taken"), name.clone(), weight);
            }
        }
    }
}

fn compare(profile: &Profile, probed: &Probed) -> Compared {
    let mut compared = Compared::default();
    if probed.versions.is_empty() {
        compared.deviates(Aspect::Version, "no TLS at all".to_owned(), "TLS".to_owned(), Weight::Fault);
        return compared;
    }
    versions(&mut compared, profile, probed);
    suites(&mut compared, profile, probed);
    for (what, rating, seen) in
        [(Aspect::Group, &profile.groups, &probed.groups), (Aspect::Signature, &profile.signatures, &probed.signatures)]
    {
        if let Some(rating) = rating {
            compared.names(what, rating, seen);
        }
    }
    if let Some(wanted) = profile.order {
        order(&mut compared, profile, probed, wanted);
    }
    if let Some(dh) = &profile.dh {
        finite_field(&mut compared, dh, probed);
    }
    certificate::judge(&mut compared, &profile.certificate, probed);
    features(&mut compared, profile, probed);
    compared
}

fn versions(compared: &mut Compared, profile: &Profile, probed: &Probed) {
    let Some(rating) = &profile.versions else { return };
    for version in &probed.versions {
        let name = &version.version;
        match &version.suites {
            Observed::Unobserved(why) => compared.misses(Aspect::Version, format!("{name}: {why}")),
            Observed::Seen(suites) if suites.is_empty() => {}
            Observed::Seen(_) => {
                let level = rating.level(Aspect::Version, name);
                compared.taken(Aspect::Version, format!("{name} is taken"), level, rating);
            }
        }
    }
    // a version that was not seen is not missing
    let is_refused = |name: &str| {
        let seen = probed.versions.iter().find(|version| version.version == name);
        seen.and_then(|version| version.suites.seen()).is_some_and(Vec::is_empty)
    };
    compared.wanting(Aspect::Version, rating, |name| !is_refused(name));
    if probed.versions.iter().all(|version| is_refused(&version.version)) {
        compared.deviates(Aspect::Version, "no version is taken".to_owned(), only(rating), Weight::Fault);
    }
}

fn suites(compared: &mut Compared, profile: &Profile, probed: &Probed) {
    let Some(rating) = &profile.suites else { return };
    let mut judged: Vec<&str> = Vec::new();
    for version in probed.versions.iter().rev().filter(|version| is_let_be(profile, version)) {
        match &version.suites {
            Observed::Unobserved(why) => compared.misses(Aspect::Suite, format!("{}: {why}", version.version)),
            Observed::Seen(suites) => {
                for suite in suites.iter().filter(|suite| !judged.contains(&suite.as_str())) {
                    let seen = format!("{suite} is taken in {}", version.version);
                    compared.taken(Aspect::Suite, seen, rating.level(Aspect::Suite, suite), rating);
                }
                judged.extend(suites.iter().map(String::as_str));
            }
        }
    }
    if !rating.required.is_empty() || !rating.preferred.is_empty() {
        let is_whole = probed.versions.iter().all(|version| version.suites.seen().is_some());
        let is_taken = |name: &str| judged.iter().any(|suite| crate::known::is_same(Aspect::Suite, name, suite));
        compared.wanting(Aspect::Suite, rating, |name| !is_whole || is_taken(name));
    }
}

/// Whether the profile has nothing against the version, or at most wants it phased out.
fn is_let_be(profile: &Profile, version: &VersionSeen) -> bool {
    let level = profile.versions.as_ref().map(|rating| rating.level(Aspect::Version, &version.version));
    level != Some(Level::Insufficient)
}

fn order(compared: &mut Compared, profile: &Profile, probed: &Probed, wanted: WantedOrder) {
    for version in probed.versions.iter().filter(|version| is_let_be(profile, version)) {
        let name = &version.version;
        let suites = match &version.suites {
            Observed::Seen(suites) => suites,
            Observed::Unobserved(why) => {
                compared.misses(Aspect::Order, format!("{name}: {why}"));
                continue;
            }
        };
        let seen = |whose| format!("the {whose}'s in {name}");
        match (wanted, version.order) {
            (WantedOrder::Client, Some(Order::Server)) => {
                compared.deviates(Aspect::Order, seen("server"), "the client's".to_owned(), Weight::Notice);
            }
            (WantedOrder::Server, Some(Order::Client)) => {
                compared.deviates(Aspect::Order, seen("client"), "the server's".to_owned(), Weight::Fault);
            }
            (WantedOrder::ByLevel, whose) => {
                if let Some(seen) = unlevel(profile, suites, whose) {
                    let wanted = "the server's, with suites that may stay first".to_owned();
                    compared.deviates(Aspect::Order, format!("{seen} in {name}"), wanted, Weight::Fault);
                }
            }
            _ => {}
        }
    }
}

/// What is wrong with the order of suites of which some may stay and others may not; nothing, if they are all alike.
fn unlevel(profile: &Profile, suites: &[String], whose: Option<Order>) -> Option<String> {
    let level = |suite: &String| profile.suites.as_ref().map(|rating| rating.level(Aspect::Suite, suite));
    let may_stay: Vec<bool> = suites.iter().map(|suite| level(suite) <= Some(Level::Sufficient)).collect();
    if !may_stay.contains(&true) || !may_stay.contains(&false) {
        return None;
    }
    if whose == Some(Order::Client) {
        return Some("the client's".to_owned());
    }
    let place = may_stay.windows(2).position(|pair| pair == [false, true])?;
    Some(format!("{} is before {}", suites[place], suites[place + 1]))
}

fn finite_field(compared: &mut Compared, dh: &Dh, probed: &Probed) {
    let group = match &probed.dh {
        Observed::Unobserved(why) => return compared.misses(Aspect::Dh, why),
        Observed::Seen(None) => return,
        Observed::Seen(Some(group)) => group,
    };
    let name = group.name.as_deref().unwrap_or("a group without a known name");
    if let Some(bits) = dh.bits.filter(|bits| group.bits < *bits) {
        let seen = format!("{name}, {} bits", group.bits);
        compared.deviates(Aspect::Dh, seen, format!("at least {bits} bits"), Weight::Fault);
    }
    if let Some(rating) = &dh.groups {
        let level = rating.level(Aspect::Dh, name);
        compared.taken(Aspect::Dh, format!("{name}, {} bits", group.bits), level, rating);
    }
}

fn features(compared: &mut Compared, profile: &Profile, probed: &Probed) {
    let has_old_version = probed.taken().any(|version| version.version != "TLSv1.3");
    for (feature, wanted, weight) in profile.features.demands() {
        if feature.is_of_old_versions() && !has_old_version {
            continue;
        }
        match feature.of(&probed.features) {
            Observed::Unobserved(why) => compared.misses(Aspect::Feature(feature), why),
            Observed::Seen(does) if *does != wanted => {
                let [seen, wanted] = if wanted { ["no", "yes"] } else { ["yes", "no"] };
                compared.deviates(Aspect::Feature(feature), seen.to_owned(), wanted.to_owned(), weight);
            }
            Observed::Seen(_) => {}
        }
    }
}

/// `only A, B and C`; if the list is long, how many there are.
fn only(rating: &Rating) -> String {
    let names: Vec<&str> = rating.allowed().collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => format!("only {one}"),
        [first @ .., last] if first.len() < 6 => format!("only {} and {last}", first.join(", ")),
        many => format!("one of the {} that the profile lets be", many.len()),
    }
}
