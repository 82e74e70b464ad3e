//! Which scenario may start now: pure bookkeeping of names that two scenarios may not use at the same time.
//!
//! A scenario owns the zones that it declares, with all names in them, and shares the names that its clients only
//! mention with everybody who owns none of them. DNS questions are attributed by zone, so a name has one owner at a time.
//! Log lines without a queue id are attributed by client address and reverse-path, so two scenarios in which the same client says
//! the same MAIL FROM do not run at the same time.

use mail::Domain;
use plan::{Origin, Plan};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    net::IpAddr,
};

/// The names that a scenario needs while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameLocks {
    owned: BTreeSet<Domain>,
    shared: BTreeSet<Domain>,
    /// Client address and reverse-path of each transaction, where no zone of its own tells them from others'.
    senders: BTreeSet<(IpAddr, String)>,
    /// It says so, changes the gateway or stops a service of it, or has it report of everything: nothing else may run.
    is_alone: bool,
}

impl NameLocks {
    /// What this plan owns and shares.
    #[must_use]
    pub(crate) fn of(plan: &Plan) -> Self {
        let owned: BTreeSet<Domain> = (plan.zones.iter().map(|z| z.origin.clone()))
            .chain(plan.ptr.iter().map(|(ip, _)| *ip).chain(played(plan)).map(Domain::reverse))
            .collect();
        let mentioned = plan.transactions.iter().flat_map(|transaction| {
            let client = match &transaction.origin {
                Origin::Client(client) => {
                    Some([Some(Domain::reverse(client.ip.value)), client.ehlo.value.parse().ok()])
                }
                Origin::Submission(_) | Origin::Sendmail => None,
            };
            let sender = transaction.mail_from.value.address().map(|a| a.domain().clone());
            client.into_iter().flatten().flatten().chain(sender)
        });
        let shared = mentioned.filter(|name| !owned.iter().any(|zone| name.is_within(zone))).collect();
        let sender = |transaction: &plan::Transaction| match &transaction.origin {
            Origin::Client(client) => Some((client.ip.value, transaction.mail_from.value.to_string())),
            Origin::Submission(_) | Origin::Sendmail => None,
        };
        let senders = plan.transactions.iter().filter_map(sender).collect();
        Self {
            owned,
            shared,
            senders,
            is_alone: plan.is_alone
                || !plan.settings.changes.is_empty()
                || !plan.reports.is_empty()
                || plan.stopped().next().is_some(),
        }
    }

    /// Whether nothing else may run meanwhile.
    pub(crate) const fn is_alone(&self) -> bool {
        self.is_alone
    }
}

/// Addresses of the hosts that the harness plays, now or later.
fn played(plan: &Plan) -> impl Iterator<Item = IpAddr> {
    let later = plan.transactions.iter().filter_map(|t| t.change.as_ref()).flat_map(|change| &change.hosts);
    plan.hosts.iter().chain(later).flat_map(|host| host.ips.iter().copied())
}

/// When those take their turn that must run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AloneTurn {
    /// After all others: waiting for one leaves everybody else idle.
    Last,
    /// Where they stand: what stands behind one does not start before it.
    InPlace,
}

/// Plans that wait, and the names held by those that run.
#[derive(Debug, Default)]
pub(crate) struct Schedule<T> {
    waiting: VecDeque<(NameLocks, T)>,
    owned: HashSet<Domain>,
    /// With the number of those who share them.
    shared: HashMap<Domain, usize>,
    senders: HashSet<(IpAddr, String)>,
    running: usize,
    /// What runs must be alone.
    is_alone: bool,
}

impl<T> Schedule<T> {
    /// Nothing runs yet; work starts in this order where names allow it.
    pub(crate) fn new(work: impl IntoIterator<Item = (NameLocks, T)>, turn: AloneTurn) -> Self {
        let (last, mut waiting): (VecDeque<_>, VecDeque<_>) =
            work.into_iter().partition(|(claims, _)| claims.is_alone && turn == AloneTurn::Last);
        waiting.extend(last);
        Self {
            waiting,
            owned: HashSet::new(),
            shared: HashMap::new(),
            senders: HashSet::new(),
            running: 0,
            is_alone: false,
        }
    }

    /// Takes the first piece of work whose names are free, and holds them until [`Schedule::done`].
    pub(crate) fn start(&mut self) -> Option<(NameLocks, T)> {
        // nobody passes one who must be alone
        let ends_here = |(claims, _): &(NameLocks, T)| self.is_free(claims) || claims.is_alone;
        let at = self.waiting.iter().position(ends_here).filter(|at| self.is_free(&self.waiting[*at].0))?;
        let (claims, work) = self.waiting.remove(at)?;
        self.running += 1;
        self.is_alone = claims.is_alone;
        self.owned.extend(claims.owned.iter().cloned());
        self.senders.extend(claims.senders.iter().cloned());
        for name in &claims.shared {
            *self.shared.entry(name.clone()).or_default() += 1;
        }
        Some((claims, work))
    }

    /// Gives the names back.
    pub(crate) fn done(&mut self, claims: &NameLocks) {
        self.running -= 1;
        self.is_alone = false;
        for name in &claims.owned {
            self.owned.remove(name);
        }
        for sender in &claims.senders {
            self.senders.remove(sender);
        }
        for name in &claims.shared {
            match self.shared.get_mut(name) {
                Some(users) if *users > 1 => *users -= 1,
                _ => drop(self.shared.remove(name)),
            }
        }
    }

    fn is_free(&self, claims: &NameLocks) -> bool {
        if self.is_alone || (claims.is_alone && self.running > 0) {
            return false;
        }
        let meets = |name: &Domain, zone: &Domain| name.is_within(zone) || zone.is_within(name);
        let is_owned = |name: &Domain| self.owned.iter().any(|zone| meets(name, zone));
        let is_shared = |zone: &Domain| self.shared.keys().any(|name| name.is_within(zone));
        !claims.owned.iter().any(|zone| is_owned(zone) || is_shared(zone))
            && !claims.shared.iter().any(is_owned)
            && self.senders.is_disjoint(&claims.senders.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(owned: &[&str], shared: &[&str]) -> NameLocks {
        let names = |list: &[&str]| list.iter().map(|n| n.parse().unwrap()).collect();
        NameLocks { owned: names(owned), shared: names(shared), senders: BTreeSet::new(), is_alone: false }
    }

    #[test]
    fn the_same_client_says_the_same_reverse_path_once_at_a_time() {
        let sender = || NameLocks {
            senders: [("198.51.100.66".parse().unwrap(), "x@mallory.example".to_owned())].into(),
            ..claims(&[], &["mallory.example"])
        };
        let mut s = Schedule::new([(sender(), 1), (sender(), 2)], AloneTurn::Last);
        let (first, one) = s.start().unwrap();
        assert_eq!((one, s.start().map(|work| work.1)), (1, None));
        s.done(&first);
        assert_eq!(s.start().map(|work| work.1), Some(2));
    }

    #[test]
    fn an_owned_zone_has_one_owner_at_a_time() {
        let mut s = Schedule::new(
            [
                (claims(&["bank.example"], &[]), 1),
                (claims(&["bank.example"], &[]), 2),
                (claims(&["shop.example"], &[]), 3),
            ],
            AloneTurn::Last,
        );
        let (first, one) = s.start().unwrap();
        assert_eq!((one, s.start().map(|w| w.1), s.start().map(|w| w.1)), (1, Some(3), None));
        s.done(&first);
        assert_eq!(s.start().map(|w| w.1), Some(2));
    }

    #[test]
    fn who_mentions_a_name_in_a_zone_waits_for_its_owner() {
        let mut s = Schedule::new(
            [(claims(&["attacker.example"], &[]), 1), (claims(&[], &["mail.attacker.example"]), 2)],
            AloneTurn::Last,
        );
        let (owner, _) = s.start().unwrap();
        assert!(s.start().is_none());
        s.done(&owner);
        assert_eq!(s.start().map(|w| w.1), Some(2));
    }

    #[test]
    fn who_changes_the_gateway_runs_alone_and_last() {
        let alone = NameLocks { is_alone: true, ..claims(&[], &[]) };
        let mut s = Schedule::new(
            [(alone, 1), (claims(&["a.example"], &[]), 2), (claims(&["b.example"], &[]), 3)],
            AloneTurn::Last,
        );
        let (two, three) = (s.start().unwrap(), s.start().unwrap());
        assert_eq!((two.1, three.1, s.start().is_none()), (2, 3, true));
        s.done(&two.0);
        assert!(s.start().is_none());
        s.done(&three.0);
        let one = s.start().unwrap();
        assert_eq!((one.1, s.start().is_none()), (1, true));
        s.done(&one.0);
    }

    #[test]
    fn in_place_nobody_passes_who_runs_alone() {
        let alone = NameLocks { is_alone: true, ..claims(&[], &[]) };
        let other = |name: &str| claims(&[name], &[]);
        let work = [(other("a.example"), 1), (alone, 2), (other("b.example"), 3)];
        let mut s = Schedule::new(work, AloneTurn::InPlace);
        for at in 1..=3 {
            let (locks, one) = s.start().unwrap();
            assert_eq!((one, s.start().map(|work| work.1)), (at, None));
            s.done(&locks);
        }
        assert!(s.start().is_none());
    }

    #[test]
    fn who_stops_a_service_runs_alone() {
        let of = |change: &str| {
            let mail = |label: &str, change: &str| {
                format!(
                    "[[transaction]]\nlabel = \"{label}\"\nclient = {{ ip = \"192.0.2.1\", ehlo = \"a.example\" }}\n\
                     mail-from = \"a@a.example\"\nrcpt-to = [\"b@gateway.example\"]\nmessage = \"Subject: x\\n\\nx\\n\"\n\
                     {change}\nexpect = {{ outcome = \"delivered\" }}\n"
                )
            };
            let text = format!("title = \"x\"\n{}{}", mail("one", ""), mail("two", change));
            let source = plan::Source { name: "x".to_owned(), path: "x".to_owned(), text };
            let gateway = vec!["gateway.example".parse().unwrap()];
            scenario::parse(source, &plan::World { gateway, ..plan::World::default() }).unwrap()
        };
        assert!(!NameLocks::of(&of("").plan).is_alone);
        assert!(NameLocks::of(&of("change.stopped = [\"opendmarc\"]").plan).is_alone);
    }

    #[test]
    fn a_shared_name_is_free_for_sharers_and_not_for_an_owner() {
        let name = "66.100.51.198.in-addr.arpa";
        let mut s = Schedule::new(
            [(claims(&[], &[name]), 1), (claims(&[], &[name]), 2), (claims(&[name], &[]), 3)],
            AloneTurn::Last,
        );
        let (a, _) = s.start().unwrap();
        let (b, _) = s.start().unwrap();
        assert!(s.start().is_none());
        s.done(&a);
        assert!(s.start().is_none());
        s.done(&b);
        assert_eq!(s.start().map(|w| w.1), Some(3));
    }
}
