//! Documented profiles of TLS as data, and the judge that compares a profile with what was seen of a server.
//!
//! A profile is a TOML file. Those of `profiles/` come with the program; a user writes one of their own in the same form, whose
//! reference is `docs/profile.md`. Every list of names has up to three levels, `good`, `sufficient`
//! and `phase-out`; what is in none of them is insufficient. A server that takes something that is to be phased out
//! deserves a notice; something insufficient is a fault. What a profile does not speak of is not judged, and what was not
//! observed is no deviation.

mod aspect;
mod certificate;
mod demand;
mod deviation;
mod judge;
mod known;
mod read;

#[cfg(test)]
mod tests;

pub use aspect::{Aspect, Feature};
pub use demand::{Certificates, Dh, Features, Level, Profile, Rating, WantedOrder};
pub use deviation::{Deviation, Gap};
pub use judge::{gaps, judge, unobserved};
pub use read::{reference, schema};

/// Names and texts of the profiles that come with the program, in the order in which they are listed.
const SHIPPED: [(&str, &str); 6] = [
    ("mozilla-modern", include_str!("../../../../profiles/mozilla-modern.toml")),
    ("mozilla-intermediate", include_str!("../../../../profiles/mozilla-intermediate.toml")),
    ("mozilla-modern-5.7", include_str!("../../../../profiles/mozilla-modern-5.7.toml")),
    ("mozilla-intermediate-5.7", include_str!("../../../../profiles/mozilla-intermediate-5.7.toml")),
    ("mozilla-old-5.7", include_str!("../../../../profiles/mozilla-old-5.7.toml")),
    ("ncsc-nl-2025", include_str!("../../../../profiles/ncsc-nl-2025.toml")),
];

/// The profiles that come with the program.
///
/// # Panics
/// If one of them has a fault, which is a bug of this room.
#[must_use]
pub fn shipped() -> Vec<Profile> {
    SHIPPED.iter().map(|(name, text)| shipped_one(name, text)).collect()
}

/// Their names.
#[must_use]
pub fn names() -> Vec<String> {
    SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect()
}

impl Profile {
    /// The profile that comes with the program under this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        SHIPPED.iter().find(|(known, _)| *known == name).map(|(name, text)| shipped_one(name, text))
    }
}

fn shipped_one(name: &str, text: &str) -> Profile {
    Profile::read(text, name).expect("a shipped profile has no fault")
}
