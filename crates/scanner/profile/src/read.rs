//! What may stand in a profile's file, and what is made of it.

use crate::{Aspect, Certificates, Dh, Feature, Features, Profile, Rating, WantedOrder, known::resolve};
use form::{
    Decode, Faults, Flaw, Keyword, Required, tables,
    values::{Line, Whole},
};
use plan::{Source, Spanned};

/// A name of a registry, looked up when it is known of which.
type Names = Option<Vec<Spanned<Line>>>;
/// A number of bits or days.
type Number = Whole<1, 65535>;

tables! {
    /// A profile of TLS. What it does not speak of is not judged. Names are those of IANA's registries; OpenSSL's names of cipher suites
    /// and curves do as well.
    ProfileTable "profile" [Any] {
        /// What it is called.
        title: Required<String>,
        /// URL of the document that it was taken from.
        source: Required<String>,
        /// When that document was published, as `2025-05` or `2026-04-06`.
        date: Required<String>,
        /// Versions of TLS, as `TLSv1.2`.
        versions: Option<RatingTable>,
        /// Cipher suites of all versions.
        suites: Option<RatingTable>,
        /// Key exchange groups.
        groups: Option<RatingTable>,
        /// Signature schemes of the handshake.
        signatures: Option<RatingTable>,
        /// Whose order of cipher suites must count.
        order: Option<WantedOrder>,
        /// The finite-field group of DHE suites.
        dh: Option<DhTable>,
        /// Certificates.
        certificate: Option<CertificateTable>,
        /// What a server must do and must not do.
        features: Option<FeaturesTable>,
    }
    /// Names by level. What is in none of them is insufficient: a fault, if it is taken.
    RatingTable "rating" [Any] {
        /// What may be used.
        good: Names,
        /// What may be used, for now.
        sufficient: Names,
        /// What is to be given up: a notice, if it is taken.
        phase_out: Names,
        /// What has a level and must be taken: a fault, if it is not.
        required: Names,
        /// What has a level and should be taken: a notice, if it is not.
        preferred: Names,
    }
    /// The group of DHE suites.
    DhTable "DH group" [Any] {
        /// Least size of the prime: fewer are a fault.
        bits: Option<Number>,
        /// Groups that may be used, as `ffdhe3072`. As soon as there is a list, a group with another name or none is a fault.
        good: Names,
        /// Groups that may be used, for now.
        sufficient: Names,
        /// Groups that are to be given up: a notice.
        phase_out: Names,
    }
    /// Names of keys or signatures by level. What is in none of them is insufficient: a fault.
    LevelsTable "levels" [Any] {
        /// What may be used.
        good: Names,
        /// What may be used, for now.
        sufficient: Names,
        /// What is to be given up: a notice.
        phase_out: Names,
    }
    /// Certificates.
    CertificateTable "certificate" [Any] {
        /// Keys, as `EC P-256` or `Ed25519`; `RSA 2048` means at least so many bits.
        keys: Option<LevelsTable>,
        /// Signature algorithms, as `ecdsa-with-SHA256`.
        signatures: Option<LevelsTable>,
        /// Whether keys and signatures of the issuers that the server sends are judged as well, but for a root's.
        whole_chain: Option<bool>,
        /// Longest validity in days: a longer one is a fault.
        most_days: Option<Number>,
        /// Longest validity that is recommended, in days: a longer one is a notice.
        recommended_days: Option<Number>,
    }
    /// What a server does.
    FeaturesTable "features" [Any] {
        /// A fault, if it does not.
        required: Option<Vec<Spanned<Feature>>>,
        /// A notice, if it does not.
        preferred: Option<Vec<Spanned<Feature>>>,
        /// A fault, if it does.
        forbidden: Option<Vec<Spanned<Feature>>>,
        /// A notice, if it does.
        discouraged: Option<Vec<Spanned<Feature>>>,
    }
}

impl Keyword for WantedOrder {
    const WHAT: &'static str = "an order";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        vec![
            ("client", Self::Client, "the client's; a server that has its own deserves a notice"),
            ("server", Self::Server, "the server's"),
            ("by-level", Self::ByLevel, "the server's, with suites that may stay first, if it takes others too"),
        ]
    }
}

impl Keyword for Feature {
    const WHAT: &'static str = "a feature";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        Self::ALL.map(|feature| (feature.as_str(), feature, feature.doc())).to_vec()
    }
}

/// JSON Schema of a profile.
#[must_use]
pub fn schema() -> serde_json::Value {
    form::schema("A profile of TLS", &ProfileTable::shape(), None)
}

/// Its reference, in Markdown.
#[must_use]
pub fn reference() -> String {
    let head = "# Profiles of TLS\n\nThe reference of `profiles/*.toml`, and of a profile of your own (`--profile FILE.toml`), made from its reader \
                by `schema --write`.\n";
    form::reference(head, ProfileTable::shape())
}

impl Profile {
    /// Reads a profile, as a user writes one; `name` is what it is called by.
    ///
    /// # Errors
    /// Every fault of the file at once; a fault of TOML's own syntax hides all others.
    pub fn read(text: &str, name: &str) -> Result<Self, Faults> {
        let source = Source { name: name.to_owned(), path: name.to_owned(), text: text.to_owned() };
        form::read(source, "mailproof::profile", |table, _, flaws| profile(table, name, flaws))
    }
}

fn profile(table: ProfileTable, name: &str, flaws: &mut Vec<Flaw>) -> Option<Profile> {
    let ProfileTable { title, source, date, versions, suites, groups, signatures, order, dh, certificate, features } =
        table;
    let rated = [&versions, &suites, &groups, &signatures].into_iter().any(Option::is_some);
    let (is_dh, is_certificate) = (dh.is_some(), certificate.is_some());
    if !(rated || is_dh || is_certificate || order.is_some() || features.is_some()) {
        flaws.push(Flaw::new("the profile asks for nothing").at(&(0..0), "here").help("add `[versions]`, for example"));
    }
    let mut rating = |table: Option<RatingTable>, aspect| table.map(|table| rating(table, aspect, flaws));
    let (versions, suites) = (rating(versions, Aspect::Version), rating(suites, Aspect::Suite));
    let (groups, signatures) = (rating(groups, Aspect::Group), rating(signatures, Aspect::Signature));
    let dh = dh.map(|DhTable { bits, good, sufficient, phase_out }| {
        let is_by_name = [&good, &sufficient, &phase_out].into_iter().any(Option::is_some);
        Dh {
            bits: bits.and_then(|bits| u16::try_from(bits.0).ok()),
            groups: is_by_name.then(|| levels(LevelsTable { good, sufficient, phase_out }, Aspect::Dh, flaws)),
        }
    });
    let certificate = certificate.map(|table| Certificates {
        keys: table.keys.map(|keys| levels(keys, Aspect::CertificateKey, flaws)),
        signatures: table.signatures.map(|list| levels(list, Aspect::CertificateSignature, flaws)),
        is_whole_chain: table.whole_chain.unwrap_or_default(),
        most_days: table.most_days.and_then(|days| u32::try_from(days.0).ok()),
        recommended_days: table.recommended_days.and_then(|days| u32::try_from(days.0).ok()),
    });
    Some(Profile {
        name: name.to_owned(),
        title: title.0?,
        source: source.0?,
        date: date.0?,
        versions,
        suites,
        groups,
        signatures,
        order,
        dh,
        certificate: certificate.unwrap_or_default(),
        features: features.map(|table| self::features(table, flaws)).unwrap_or_default(),
    })
}

fn rating(table: RatingTable, aspect: Aspect, flaws: &mut Vec<Flaw>) -> Rating {
    let RatingTable { good, sufficient, phase_out, required, preferred } = table;
    let mut rating = levels(LevelsTable { good, sufficient, phase_out }, aspect, flaws);
    for (names, is_required) in [(required, true), (preferred, false)] {
        for (name, at) in resolved(names, aspect, flaws) {
            if !rating.rated().any(|(rated, _)| rated == name) {
                let what = if is_required { "required" } else { "preferred" };
                let flaw = Flaw::new(format!("`{name}` is {what} and has no level")).at(&at.span, "here");
                flaws.push(flaw.help("add it to one of `good`, `sufficient`, `phase-out`"));
            }
            if is_required { &mut rating.required } else { &mut rating.preferred }.push(name);
        }
    }
    rating
}

fn levels(table: LevelsTable, aspect: Aspect, flaws: &mut Vec<Flaw>) -> Rating {
    let mut known: Vec<String> = Vec::new();
    let [good, sufficient, phase_out] = [table.good, table.sufficient, table.phase_out].map(|names| {
        let names = resolved(names, aspect, flaws);
        names.into_iter().filter_map(|(name, at)| once(&mut known, name, &at, flaws)).collect()
    });
    Rating { good, sufficient, phase_out, ..Rating::default() }
}

fn features(table: FeaturesTable, flaws: &mut Vec<Flaw>) -> Features {
    let mut known: Vec<Feature> = Vec::new();
    let lists = [table.required, table.preferred, table.forbidden, table.discouraged];
    let [required, preferred, forbidden, discouraged] = lists.map(|list| {
        let list = list.into_iter().flatten();
        list.filter_map(|feature| once(&mut known, feature.value, &feature, flaws)).collect()
    });
    Features { required, preferred, forbidden, discouraged }
}

/// Names as the registry writes them.
fn resolved(names: Names, aspect: Aspect, flaws: &mut Vec<Flaw>) -> Vec<(String, Spanned<Line>)> {
    let mut found = Vec::new();
    for name in names.into_iter().flatten() {
        match resolve(aspect, &name.value.0) {
            Ok(known) => found.push((known, name)),
            Err(near) => {
                let help = near.map_or_else(
                    || "write a name of IANA's registry, or of a certificate's key".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let flaw = Flaw::new(format!("`{}` is no known {aspect}", name.value.0));
                flaws.push(flaw.at(&name.span, "here").help(help));
            }
        }
    }
    found
}

/// What stands in no list yet.
fn once<T, S>(known: &mut Vec<T>, one: T, at: &Spanned<S>, flaws: &mut Vec<Flaw>) -> Option<T>
where
    T: Clone + PartialEq + std::fmt::Display,
{
    if known.contains(&one) {
        let flaw = Flaw::new(format!("`{one}` is listed twice")).at(&at.span, "here again");
        flaws.push(flaw.help("leave it where it belongs"));
        return None;
    }
    known.push(one.clone());
    Some(one)
}
