//! An independent verifier (mail-auth) and keys, for the tests.

use crate::{ComposeContext, KeyPair, compose};
use mail::{Domain, Nonce};
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
};
use plan::{KeyAlgorithm, Recipe, Signature, Spanned};
use rsa::pkcs8::EncodePrivateKey;
use std::{
    borrow::Borrow,
    hash::Hash,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Instant,
};

/// A moment after the clock of any machine that runs the tests, since mail-auth compares `x=` with that: 2100-01-01.
pub(crate) const NOW: u64 = 4_102_444_800;

const STRICT: bool = false; // strict is to refuse `l=`
static REFERENCE: LazyLock<MessageAuthenticator> = LazyLock::new(|| MessageAuthenticator::new_google().unwrap());

pub(crate) const ALGORITHMS: [KeyAlgorithm; 4] =
    [KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa4096, KeyAlgorithm::Ed25519];

/// One key of each algorithm, made once.
pub(crate) fn key(algorithm: KeyAlgorithm) -> Arc<KeyPair> {
    static KEYS: LazyLock<[Arc<KeyPair>; 4]> = LazyLock::new(|| {
        ALGORITHMS.map(|algorithm| Arc::new(KeyPair::from_pkcs8(algorithm, &pkcs8(algorithm)).unwrap()))
    });
    let at = ALGORITHMS.iter().position(|a| *a == algorithm).unwrap();
    KEYS[at].clone()
}

pub(crate) fn pkcs8(algorithm: KeyAlgorithm) -> Vec<u8> {
    use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
    let made = match algorithm {
        KeyAlgorithm::Rsa1024 => {
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap();
            return key.to_pkcs8_der().unwrap().as_bytes().to_vec();
        }
        KeyAlgorithm::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyAlgorithm::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        KeyAlgorithm::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
    };
    made.unwrap().serialize_der()
}

/// A recipe without signatures.
pub(crate) fn recipe(text: &str) -> Recipe {
    Recipe { text: spanned(text.into()), exact: false, sign: Vec::new(), tamper: Vec::new(), hops: Vec::new() }
}

/// A relaxed signature of bank.example whose selector is the name of the algorithm.
pub(crate) fn signature(key: KeyAlgorithm) -> Signature {
    Signature {
        domain: spanned("bank.example".parse().unwrap()),
        selector: spanned(selector(key).to_owned()),
        key,
        sha1: false,
        relaxed_header: true,
        relaxed_body: true,
        headers: ["From", "To", "Subject"].map(str::to_owned).to_vec(),
        body_length: None,
        signed_at: None,
        expires_at: None,
        auid: None,
        tags: Vec::new(),
    }
}

/// Makes a message at [`NOW`] with the keys of [`key`].
pub(crate) fn composed(recipe: &Recipe) -> Vec<u8> {
    let find = |_: &Domain, name: &str| ALGORITHMS.into_iter().find(|a| selector(*a) == name).map(key);
    compose(recipe, &ComposeContext { nonce: &nonce(), now: NOW, is_new_to_filters: false, key: &find }).unwrap()
}

pub(crate) fn nonce() -> Nonce {
    Nonce::from_number(7)
}

/// What mail-auth makes of each signature, the lowest first; the records are those of [`key`].
pub(crate) fn verified(message: &[u8]) -> Vec<String> {
    verified_with(message, |name| {
        ALGORITHMS.into_iter().find(|a| name.starts_with(selector(*a))).map(|a| key(a).record(None))
    })
}

/// The same with other records, by name.
pub(crate) fn verified_with(message: &[u8], record: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let parsed = AuthenticatedMessage::parse_with_opts(message, None, STRICT).unwrap();
    let records = Records(record);
    let outputs = at_once(REFERENCE.verify_dkim(Parameters::new(&parsed).with_txt_cache(&records)));
    let mut words: Vec<_> = outputs.iter().map(|output| word(output.result())).collect();
    words.reverse();
    words
}

/// What mail-auth makes of the ARC chain; the records are those of [`key`] for every domain.
pub(crate) fn chain(message: &[u8]) -> String {
    chain_with(message, |name| {
        ALGORITHMS.into_iter().find(|a| name.starts_with(selector(*a))).map(|a| key(a).record(None))
    })
}

/// The same with other records, by name.
pub(crate) fn chain_with(message: &[u8], record: impl Fn(&str) -> Option<String>) -> String {
    let parsed = AuthenticatedMessage::parse_with_opts(message, None, STRICT).unwrap();
    let records = Records(record);
    word(at_once(REFERENCE.verify_arc(Parameters::new(&parsed).with_txt_cache(&records))).result())
}

/// What a check gives that has all its records.
fn at_once<T>(checking: impl Future<Output = T>) -> T {
    match pin!(checking).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a record is missing, and mail-auth asks the network"),
    }
}

fn word(result: &DkimResult) -> String {
    match result {
        DkimResult::Pass => "pass".to_owned(),
        DkimResult::Neutral(error) => format!("neutral: {error}"),
        other => format!("{other:?}"),
    }
}

pub(crate) const fn selector(key: KeyAlgorithm) -> &'static str {
    match key {
        KeyAlgorithm::Rsa1024 => "rsa1024",
        KeyAlgorithm::Rsa2048 => "rsa2048",
        KeyAlgorithm::Rsa4096 => "rsa4096",
        KeyAlgorithm::Ed25519 => "ed25519",
    }
}

pub(crate) fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: 0..0 }
}

/// Key records as the resolver's cache, so that nothing is asked.
struct Records<F>(F);

impl<F: Fn(&str) -> Option<String>> ResolverCache<Box<str>, Txt> for Records<F> {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // All that the trait lets one do with a name is to compare it.
        let names = ["bank.example.", "forwarder.example.", "list.example.", "football.example.com."]
            .into_iter()
            .flat_map(|domain| {
                let selectors = ALGORITHMS.map(selector).into_iter().chain(["brisbane"]);
                selectors.map(move |selector| format!("{selector}._domainkey.{domain}").into_boxed_str())
            });
        let name = names.into_iter().find(|known| Borrow::<Q>::borrow(known) == name)?;
        let record = (self.0)(&name)?;
        Some(DomainKey::parse(record.as_bytes()).map_or_else(Txt::Error, |key| Txt::DomainKey(Arc::new(key))))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}
