//! Claims on what a service takes, against what a probe saw of it.

use crate::{
    Checked,
    cause::setting,
    chains,
    check::{Cause, Check, checked},
    families::Named,
    finding::Text,
    words::probe_claim_words,
};
use evidence::{Observed, Order, Probed, VersionSeen, Weight};
use mail::Service;
use plan::{Daemon, Plan, Probe, ProbeClaim};
use profile::{Feature, Profile};

mod before_tls;

/// So many names are shown in a line, and so many lines, and no more.
const MOST: usize = 8;

/// Judges one probe.
pub(crate) fn judge(plan: &Plan, planned: &Probe, seen: Option<&Observed<Probed>>, text: &Text) -> Checked {
    let check = |claim: &ProbeClaim| match seen {
        Some(Observed::Seen(seen)) => check(claim, planned, seen),
        Some(Observed::Unobserved(why)) => unseen(claim, why),
        None => unseen(claim, "the scenario ended before this probe"),
    };
    let cause = |_: &ProbeClaim| {
        let service = planned.service.value;
        let set = setting(&plan.settings, daemon(service));
        Some(set.unwrap_or_else(|| Cause::new(&planned.service.span, "of this service")))
    };
    checked(&planned.label, &planned.expect, probe_claim_words, check, cause, text)
}

fn unseen(claim: &ProbeClaim, why: &str) -> Check {
    Check::unclear(format!("whether it holds: {}", probe_claim_words(claim)), why)
}

/// Whose settings a service depends on.
const fn daemon(service: Service) -> Daemon {
    match service {
        Service::Smtp | Service::Submission | Service::Submissions => Daemon::Postfix,
        Service::Imap | Service::Imaps | Service::Pop3 | Service::Pop3s | Service::Sieve => Daemon::Dovecot,
    }
}

fn check(claim: &ProbeClaim, planned: &Probe, seen: &Probed) -> Check {
    match claim {
        ProbeClaim::Starttls(claim) => before_tls::starttls(*claim, seen),
        ProbeClaim::Login(claim) => before_tls::login(claim, seen),
        ProbeClaim::Injection(claim) => before_tls::injection(claim, seen),
        ProbeClaim::Versions(claim) => versions(claim, seen),
        ProbeClaim::Takes(names) => takes(names, seen),
        ProbeClaim::Refuses(names) => refuses(names, seen),
        ProbeClaim::Order(whose) => order(whose, seen),
        ProbeClaim::DhBits(bits) => dh_bits(*bits, seen),
        ProbeClaim::Peer(trust) => chains::peer(trust, planned, seen),
        ProbeClaim::Key(key) => chains::key(key, planned, seen),
        ProbeClaim::Tlsa(claim) => chains::tlsa(claim, seen),
        ProbeClaim::Profile(name) => holds(name, seen),
        ProbeClaim::Has(names) => features(names, true, seen),
        ProbeClaim::HasNot(names) => features(names, false, seen),
    }
}

/// Exactly these versions are taken. One that was not observed makes it unclear, unless another one contradicts.
fn versions(claimed: &[String], seen: &Probed) -> Check {
    let is_claimed = |version: &str| claimed.iter().any(|claim| claim.eq_ignore_ascii_case(version));
    let taken: Vec<&str> = seen.taken().map(|version| version.version.as_str()).collect();
    let mut contradictions: Vec<String> = (seen.taken().filter(|version| !is_claimed(&version.version)))
        .map(|version| format!("{} is taken: {}", version.version, suites_of(version)))
        .collect();
    for claim in claimed {
        match seen.versions.iter().find(|version| version.version.eq_ignore_ascii_case(claim)) {
            Some(version) if version.suites.seen().is_some_and(Vec::is_empty) => {
                contradictions.push(format!("{claim} is not taken with any cipher suite"));
            }
            None if seen.versions.is_empty() => contradictions.push(no_tls(seen)),
            _ => {}
        }
    }
    contradictions.dedup();
    if !contradictions.is_empty() {
        let taken = if taken.is_empty() { "no version of TLS".to_owned() } else { taken.join(", ") };
        let claimed = if claimed.is_empty() { "none".to_owned() } else { format!("exactly {}", claimed.join(", ")) };
        return Check::Fails(format!("it takes {taken}, not {claimed}"), contradictions);
    }
    let missing = claimed.iter().find(|claim| !seen.versions.iter().any(|v| v.version.eq_ignore_ascii_case(claim)));
    let why = unobserved(seen).or_else(|| missing.map(|version| format!("nothing was seen of {version}")));
    match why {
        Some(why) => {
            let words = probe_claim_words(&ProbeClaim::Versions(claimed.to_vec()));
            Check::unclear(format!("whether it {words}"), why)
        }
        None => Check::Holds,
    }
}

/// Each of these is taken: some suite of a family, a suite, a group.
fn takes(names: &[String], seen: &Probed) -> Check {
    let lacking: Vec<&str> = names.iter().map(String::as_str).filter(|name| found(name, seen).is_empty()).collect();
    let certain: Vec<&str> = lacking.iter().copied().filter(|name| hidden(Named::of(name), seen).is_none()).collect();
    if !certain.is_empty() {
        return Check::Fails(format!("it does not take {}", certain.join(", ")), what_is_taken(seen));
    }
    match lacking.first() {
        Some(name) => {
            let why = hidden(Named::of(name), seen).unwrap_or_default();
            Check::unclear(format!("whether it takes {}", lacking.join(", ")), why)
        }
        None => Check::Holds,
    }
}

/// None of these is taken.
fn refuses(names: &[String], seen: &Probed) -> Check {
    let taken: Vec<(&str, Vec<String>)> =
        names.iter().map(|name| (name.as_str(), found(name, seen))).filter(|(_, found)| !found.is_empty()).collect();
    if !taken.is_empty() {
        let evidence = taken.iter().map(|(name, found)| format!("{name}: {}", few(found))).collect();
        let names: Vec<&str> = taken.iter().map(|(name, _)| *name).collect();
        return Check::Fails(format!("it takes {}", names.join(", ")), evidence);
    }
    match names.iter().find_map(|name| Some((name, hidden(Named::of(name), seen)?))) {
        Some((name, why)) => Check::unclear(format!("whether it takes {name}"), why),
        None => Check::Holds,
    }
}

/// What is taken that a name stands for, with the version in which it is.
fn found(name: &str, seen: &Probed) -> Vec<String> {
    let name = Named::of(name);
    let mut found = Vec::new();
    for version in seen.versions.iter().rev() {
        let suites = version.suites.seen().into_iter().flatten().filter(|suite| name.is_suite(suite));
        found.extend(suites.map(|suite| format!("{suite} in {}", version.version)));
    }
    let groups = seen.groups.seen().into_iter().flatten().filter(|group| name.is_group(group));
    found.extend(groups.cloned());
    let dh = seen.dh.seen().and_then(|dh| dh.as_ref()?.name.clone());
    let dh = dh.filter(|group| name.is_group(group) && !found.contains(group));
    found.into_iter().chain(dh).collect()
}

/// Why something that this stands for may be taken without having been seen.
fn hidden(name: Named<'_>, seen: &Probed) -> Option<String> {
    let Named::Group(group) = name else { return unobserved(seen) };
    let is_finite_field = ["ffdhe", "modp"].iter().any(|begin| group.to_ascii_lowercase().starts_with(begin));
    match (&seen.groups, &seen.dh) {
        (Observed::Unobserved(why), _) => Some(format!("groups: {why}")),
        (_, Observed::Unobserved(why)) if is_finite_field => Some(format!("the DHE group: {why}")),
        _ => None,
    }
}

/// The first version whose suites were not observed, and why.
fn unobserved(seen: &Probed) -> Option<String> {
    seen.versions.iter().find_map(|version| match &version.suites {
        Observed::Unobserved(why) => Some(format!("{}: {why}", version.version)),
        Observed::Seen(_) => None,
    })
}

/// Whose order counts, in every version before 1.3 in which there is a choice.
fn order(whose: &str, seen: &Probed) -> Check {
    let unclear = |why: String| Check::unclear(format!("whether the {whose}'s order of suites counts"), why);
    let before: Vec<&VersionSeen> = seen.versions.iter().filter(|version| version.version != "TLSv1.3").collect();
    let word = |order: Order| match order {
        Order::Server => "server",
        Order::Client => "client",
    };
    let orders: Vec<(&str, &str)> =
        before.iter().filter_map(|version| Some((version.version.as_str(), word(version.order?)))).collect();
    let other: Vec<&str> = orders.iter().filter(|(_, order)| *order != whose).map(|(version, _)| *version).collect();
    if !other.is_empty() {
        let evidence = orders.iter().map(|(version, order)| format!("{version}: the {order}'s order counts")).collect();
        let opposite = if whose == "server" { "client" } else { "server" };
        return Check::Fails(format!("in {} the {opposite}'s order of suites counts", other.join(", ")), evidence);
    }
    let is_left =
        |version: &&&VersionSeen| version.order.is_none() && version.suites.seen().is_some_and(|s| s.len() > 1);
    match before.iter().find(is_left) {
        _ if before.iter().any(|version| version.suites.seen().is_none()) => {
            unclear(unobserved(seen).unwrap_or_default())
        }
        Some(version) => unclear(format!("nothing was seen of an order in {}", version.version)),
        None if orders.is_empty() => unclear("no version before TLS 1.3 is taken with two suites or more".to_owned()),
        None => Check::Holds,
    }
}

fn dh_bits(bits: u16, seen: &Probed) -> Check {
    match &seen.dh {
        Observed::Unobserved(why) => Check::unclear(format!("whether DHE has {bits} bits or more"), why.clone()),
        Observed::Seen(Some(dh)) if dh.bits < bits => {
            let name = dh.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
            let evidence = format!("the group that it chose for DHE suites has a prime of {} bits{name}", dh.bits);
            Check::fails(format!("its DHE group has {} bits, less than {bits}", dh.bits), evidence)
        }
        Observed::Seen(_) => Check::Holds,
    }
}

/// It does each of these, or none.
fn features(names: &[String], wanted: bool, seen: &Probed) -> Check {
    let of = |name: &String| (name.clone(), feature(name, seen));
    let facts: Vec<(String, Option<&Observed<bool>>)> = names.iter().map(of).collect();
    let is_other = |fact: &Option<&Observed<bool>>| matches!(fact, Some(Observed::Seen(is)) if *is != wanted);
    let other: Vec<&str> = facts.iter().filter(|(_, fact)| is_other(fact)).map(|(name, _)| name.as_str()).collect();
    if !other.is_empty() {
        let word = if wanted { "it has no" } else { "it has" };
        let evidence = other.iter().map(|name| format!("{name}: {}", if wanted { "no" } else { "yes" })).collect();
        return Check::Fails(format!("{word} {}", other.join(", ")), evidence);
    }
    let unclear = |name: &str, why: &str| Check::unclear(format!("whether it has {name}"), why);
    for (name, fact) in &facts {
        match fact {
            Some(Observed::Seen(_)) => {}
            Some(Observed::Unobserved(why)) => return unclear(name, why),
            None => return unclear(name, "nobody looks for that"),
        }
    }
    Check::Holds
}

fn feature<'a>(name: &str, seen: &'a Probed) -> Option<&'a Observed<bool>> {
    Feature::ALL.into_iter().find(|feature| feature.as_str() == name).map(|feature| feature.of(&seen.features))
}

/// A profile holds where nothing that was seen is a fault by it, and everything that it asks about was seen.
fn holds(name: &str, seen: &Probed) -> Check {
    let what = format!("whether profile {name} holds");
    let Some(profile) = Profile::find(name) else {
        return Check::unclear(what, "there is no profile of this name");
    };
    let deviations = profile::judge(&profile, seen);
    let faults: Vec<String> =
        deviations.iter().filter(|d| d.weight == Weight::Fault).map(ToString::to_string).collect();
    if !faults.is_empty() {
        let points = if faults.len() == 1 { "one point".to_owned() } else { format!("{} points", faults.len()) };
        return Check::Fails(format!("profile {name} does not hold in {points}"), short(faults));
    }
    let gaps = profile::unobserved(&profile, seen);
    if gaps.is_empty() {
        Check::Holds
    } else {
        Check::Unclear(what, short(gaps.into_iter().map(|gap| format!("unobserved: {gap}")).collect()))
    }
}

/// The first lines only.
fn short(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

fn what_is_taken(seen: &Probed) -> Vec<String> {
    let mut lines: Vec<String> =
        seen.taken().map(|version| format!("{}: {}", version.version, suites_of(version))).collect();
    lines.extend(
        seen.groups.seen().filter(|groups| !groups.is_empty()).map(|groups| format!("groups: {}", few(groups))),
    );
    if seen.versions.is_empty() {
        lines.push(no_tls(seen));
    }
    lines
}

fn no_tls(seen: &Probed) -> String {
    let offers = match &seen.cleartext {
        Observed::Seen(cleartext) if !cleartext.offers_starttls => "; it does not offer STARTTLS",
        _ => "",
    };
    format!("{} speaks no TLS at all{offers}", seen.server)
}

fn suites_of(version: &VersionSeen) -> String {
    few(version.suites.seen().map_or(&[][..], Vec::as_slice))
}

/// A list of names, the first of them only.
fn few(names: &[String]) -> String {
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
