//! What a claim is, whatever it is about; and the lists of claims that stand in a file.

use crate::{Cause, Check};
use form::{Decode, Flaw, Key, Node, Open, Rule, Shape, Table};
use plan::{Plan, Spanned};
use serde::{Serialize, Serializer};
use std::{any::Any, collections::BTreeMap, fmt::Debug, ops::Range, sync::Arc};

/// What claims can be about: a mail transaction, a probe, …
pub trait Subject: Sized + 'static {
    /// One of them as it was seen, with everything that its claims are checked against.
    type Case<'a>;
    /// One of them as the file has it, with everything that its claims can contradict.
    type Scene<'a>;
    /// What the table of its claims is called in messages and in the reference.
    const TABLE: &'static str;
    /// What that table is for.
    const DOC: &'static str;

    /// Every claim that there is about it, in the order of the reference. A new claim is one more line here.
    fn registry() -> Vec<Entry<Self>>;

    /// Where the file speaks of the one at this place among its like: what a finding points at when it knows no cause.
    fn place(plan: &Plan, index: usize) -> Option<Cause>;

    /// Complains of a list of claims as a whole.
    fn contradictions(_: &ClaimList<Self>, _: &Self::Scene<'_>, _: &mut Vec<Flaw>) {}
}

/// A claim about something.
pub trait Claim<S: Subject>: Any + Debug + Send + Sync {
    /// The claim in words, such as `SPF fail`.
    fn words(&self) -> String;

    /// Whether it holds of what was seen.
    fn check(&self, case: &S::Case<'_>) -> Check;

    /// Where in the file the cause lies that it does not hold, where evidence proves one.
    fn cause(&self, _: &S::Case<'_>) -> Option<Cause> {
        None
    }

    /// Complains if it cannot hold, or nothing could be seen of it. It stands at `at` among `claims`. A flaw without a
    /// place of its own is shown at the claim.
    fn contradictions(&self, _at: &Range<usize>, _claims: &ClaimList<S>, _scene: &S::Scene<'_>) -> Vec<Flaw> {
        Vec::new()
    }
}

/// How a claim is written.
pub trait Written<S: Subject>: Claim<S> + Sized {
    /// Its key in the table.
    const KEY: &'static str;
    /// What the reference says of it.
    const DOC: &'static str;
    /// What may stand there.
    type Form: Decode;

    /// The claims that it makes.
    fn read(written: Spanned<Self::Form>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>>;
}

/// A key of a table of claims.
pub struct Entry<S: Subject> {
    key: Key,
    read: fn(&Open<'_>, &mut Vec<Flaw>) -> Vec<Stated<S>>,
}

impl<S: Subject> Entry<S> {
    /// The entry of a claim.
    #[must_use]
    pub fn of<C: Written<S>>() -> Self {
        let read = |open: &Open<'_>, flaws: &mut Vec<Flaw>| {
            let Some(written) = open.take::<Option<Spanned<C::Form>>>(C::KEY, flaws) else { return Vec::new() };
            C::read(written, flaws).into_iter().map(Stated::new).collect()
        };
        let key = Key { name: C::KEY.to_owned(), doc: C::DOC, required: false, shape: C::Form::shape() };
        Self { key, read }
    }
}

/// A claim where it stands in a file.
#[derive(Debug)]
pub struct Stated<S: Subject> {
    /// Its key.
    pub key: &'static str,
    /// The claim.
    pub claim: Arc<dyn Claim<S>>,
    /// Where it stands.
    pub span: Range<usize>,
}

impl<S: Subject> Stated<S> {
    fn new<C: Written<S>>(read: Spanned<C>) -> Self {
        Self { key: C::KEY, claim: Arc::new(read.value), span: read.span }
    }
}

impl<S: Subject> Clone for Stated<S> {
    fn clone(&self) -> Self {
        Self { key: self.key, claim: Arc::clone(&self.claim), span: self.span.clone() }
    }
}

/// The claims of one table, in the order of the registry.
#[derive(Debug)]
pub struct ClaimList<S: Subject>(Vec<Stated<S>>);

impl<S: Subject> ClaimList<S> {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Stated<S>> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is claimed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Claims of one kind, and where each stands.
    pub fn all<C: Claim<S>>(&self) -> impl Iterator<Item = (&C, &Range<usize>)> {
        self.0.iter().filter_map(|stated| Some(((&*stated.claim as &dyn Any).downcast_ref()?, &stated.span)))
    }

    /// The first claim of one kind, and where it stands.
    #[must_use]
    pub fn first<C: Claim<S>>(&self) -> Option<(&C, &Range<usize>)> {
        self.all().next()
    }

    /// Each in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.0.iter().map(|stated| stated.claim.words()).collect()
    }

    /// Complains of claims that cannot all hold, or of which nothing could be seen.
    pub fn contradictions(&self, scene: &S::Scene<'_>, flaws: &mut Vec<Flaw>) {
        for Stated { claim, span, .. } in &self.0 {
            let found = claim.contradictions(span, self, scene).into_iter();
            flaws.extend(found.map(|f| if f.labels.is_empty() { f.at(span, "this claim") } else { f }));
        }
        S::contradictions(self, scene, flaws);
    }
}

impl<S: Subject> FromIterator<Stated<S>> for ClaimList<S> {
    fn from_iter<I: IntoIterator<Item = Stated<S>>>(stated: I) -> Self {
        Self(stated.into_iter().collect())
    }
}

impl<'a, S: Subject> IntoIterator for &'a ClaimList<S> {
    type Item = &'a Stated<S>;
    type IntoIter = std::slice::Iter<'a, Stated<S>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<S: Subject> Clone for ClaimList<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Subject> Default for ClaimList<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Keys, each with what is claimed under it in words.
impl<S: Subject> Serialize for ClaimList<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut by_key: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for stated in &self.0 {
            by_key.entry(stated.key).or_default().push(stated.claim.words());
        }
        by_key.serialize(serializer)
    }
}

impl<S: Subject> Decode for ClaimList<S> {
    fn shape() -> Shape {
        Shape::Table(table::<S>(&S::registry()))
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let registry = S::registry();
        let open = Open::new(node, &table::<S>(&registry), flaws)?;
        Some(Self(registry.iter().flat_map(|entry| (entry.read)(&open, flaws)).collect()))
    }
}

fn table<S: Subject>(registry: &[Entry<S>]) -> Table {
    let keys = registry.iter().map(|entry| entry.key.clone()).collect();
    Table { name: S::TABLE, doc: S::DOC, rule: Rule::Some, keys }
}
