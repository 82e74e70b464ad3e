//! `profile`: a profile that a service keeps to.

use super::{Case, MOST, Probe, Scene, needs_tls};
use crate::{Check, Claim, ClaimList, Written};
use ::profile as profiles;
use evidence::{Probed, Weight};
use form::{Flaw, did_you_mean, listed, values::Line};
use plan::Spanned;
use std::ops::Range;

/// The profile of this name holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile(pub String);

impl Claim<Probe> for Profile {
    fn words(&self) -> String {
        format!("profile {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        holds(&self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        let mut flaws = needs_tls(at, claims, scene);
        let (name, known) = (&self.0, &scene.world.profiles);
        if known.contains(name) {
            return flaws;
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        flaws.push(if name.ends_with(".toml") {
            let flaw = Flaw::new(format!("a scenario cannot be judged by `{name}`")).at(at, "a file");
            flaw.help(format!("only profiles that are known everywhere have a place here: {}", listed(&known)))
        } else {
            let help = did_you_mean(name, known.iter().copied(), &format!("There are {}", listed(&known)));
            Flaw::new(format!("no profile `{name}`")).at(at, "unknown").help(help)
        });
        flaws
    }
}

impl Written<Probe> for Profile {
    const KEY: &'static str = "profile";
    const DOC: &'static str = "A profile that holds.";
    type Form = Line;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|line| Self(line.0))]
    }
}

/// A profile holds where nothing that was seen is a fault by it, and everything that it asks about was seen.
fn holds(name: &str, seen: &Probed) -> Check {
    let what = format!("whether profile {name} holds");
    let Some(profile) = profiles::Profile::find(name) else {
        return Check::unclear(what, "there is no profile of this name");
    };
    let deviations = profiles::judge(&profile, seen);
    let faults: Vec<String> =
        deviations.iter().filter(|d| d.weight == Weight::Fault).map(ToString::to_string).collect();
    if !faults.is_empty() {
        let points = if faults.len() == 1 { "one point".to_owned() } else { format!("{} points", faults.len()) };
        return Check::Fails(format!("profile {name} does not hold in {points}"), short(faults));
    }
    let gaps = profiles::unobserved(&profile, seen);
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
