//! Which scenario may start now: pure bookkeeping of names that two scenarios may not use at the same time.
//!
//! A scenario owns the zones that it declares and shares the reverse names of its clients with everybody who
//! declares nothing about them. DNS questions are attributed by zone, so an owned zone has one owner at a time.

use mail::Domain;
use scenario::{Origin, Plan};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// The names that a scenario needs while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    owned: BTreeSet<Domain>,
    shared: BTreeSet<Domain>,
}

impl Claims {
    /// What this plan owns and shares.
    #[must_use]
    pub(crate) fn of(plan: &Plan) -> Self {
        let owned: BTreeSet<Domain> = (plan.zones.iter().map(|z| z.origin.clone()))
            .chain(plan.ptr.iter().map(|(ip, _)| dns::reverse_name(*ip)))
            .collect();
        let shared = (plan.transactions.iter())
            .filter_map(|t| match &t.origin {
                Origin::Client(client) => Some(dns::reverse_name(client.ip.value)),
                Origin::Submission(_) => None,
            })
            .filter(|name| !owned.contains(name))
            .collect();
        Self { owned, shared }
    }
}

#[derive(Debug, Clone, Copy)]
enum Hold {
    Owned,
    Shared(usize),
}

/// Plans that wait, and the names held by those that run.
#[derive(Debug, Default)]
pub(crate) struct Schedule<T> {
    waiting: VecDeque<(Claims, T)>,
    held: HashMap<Domain, Hold>,
}

impl<T> Schedule<T> {
    /// Nothing runs yet; work starts in this order where names allow it.
    pub(crate) fn new(work: impl IntoIterator<Item = (Claims, T)>) -> Self {
        Self { waiting: work.into_iter().collect(), held: HashMap::new() }
    }

    /// Takes the first piece of work whose names are free, and holds them until [`Schedule::done`].
    pub(crate) fn start(&mut self) -> Option<(Claims, T)> {
        let at = self.waiting.iter().position(|(claims, _)| self.is_free(claims))?;
        let (claims, work) = self.waiting.remove(at)?;
        for name in &claims.owned {
            self.held.insert(name.clone(), Hold::Owned);
        }
        for name in &claims.shared {
            let hold = self.held.entry(name.clone()).or_insert(Hold::Shared(0));
            if let Hold::Shared(users) = hold {
                *users += 1;
            }
        }
        Some((claims, work))
    }

    /// Gives the names back.
    pub(crate) fn done(&mut self, claims: &Claims) {
        for name in &claims.owned {
            self.held.remove(name);
        }
        for name in &claims.shared {
            match self.held.get_mut(name) {
                Some(Hold::Shared(users)) if *users > 1 => *users -= 1,
                _ => drop(self.held.remove(name)),
            }
        }
    }

    fn is_free(&self, claims: &Claims) -> bool {
        claims.owned.iter().all(|name| !self.held.contains_key(name))
            && claims.shared.iter().all(|name| !matches!(self.held.get(name), Some(Hold::Owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(owned: &[&str], shared: &[&str]) -> Claims {
        let names = |list: &[&str]| list.iter().map(|n| n.parse().unwrap()).collect();
        Claims { owned: names(owned), shared: names(shared) }
    }

    #[test]
    fn an_owned_zone_has_one_owner_at_a_time() {
        let mut s = Schedule::new([
            (claims(&["bank.example"], &[]), 1),
            (claims(&["bank.example"], &[]), 2),
            (claims(&["shop.example"], &[]), 3),
        ]);
        let (first, one) = s.start().unwrap();
        assert_eq!((one, s.start().map(|w| w.1), s.start().map(|w| w.1)), (1, Some(3), None));
        s.done(&first);
        assert_eq!(s.start().map(|w| w.1), Some(2));
    }

    #[test]
    fn a_shared_name_is_free_for_sharers_and_not_for_an_owner() {
        let name = "66.100.51.198.in-addr.arpa";
        let mut s = Schedule::new([(claims(&[], &[name]), 1), (claims(&[], &[name]), 2), (claims(&[name], &[]), 3)]);
        let (a, _) = s.start().unwrap();
        let (b, _) = s.start().unwrap();
        assert!(s.start().is_none());
        s.done(&a);
        assert!(s.start().is_none());
        s.done(&b);
        assert_eq!(s.start().map(|w| w.1), Some(3));
    }
}
