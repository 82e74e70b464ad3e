//! `offered`: the versions of TLS that the gateway offers as a client.

use super::{Case, Scene, Transaction, causes};
use crate::{Cause, Check, Claim, ClaimList, Written, played};
use form::{Flaw, values::AtLeastOne, words::Version};
use plan::{Daemon, Interference, Spanned, StarttlsPlay};
use std::{collections::BTreeSet, ops::Range};

/// The gateway offered exactly these versions in its last ClientHello to an MTA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered(pub Vec<&'static str>);

impl Claim<Transaction> for Offered {
    fn words(&self) -> String {
        format!("{} offered", self.0.join(", "))
    }

    /// A ClientHello without supported_versions (RFC 8446 §4.2.1) only tells the highest version, which then is before
    /// 1.3. Lower ones may be offered or not.
    fn check(&self, case: &Case<'_>) -> Check {
        let what = || format!("whether exactly {} is offered", self.0.join(", "));
        let to_mtas = || case.seen.connections.iter().filter(|connection| connection.service == "smtp");
        let Some((host, offer)) = to_mtas().rev().find_map(|c| Some((&c.host, c.offer.as_ref()?))) else {
            let why = to_mtas().next_back().map_or_else(|| "no host was connected to".to_owned(), played::render);
            return Check::unclear(what(), format!("no ClientHello was seen: {why}"));
        };
        let claimed: BTreeSet<&str> = self.0.iter().copied().collect();
        let there: BTreeSet<&str> = offer.versions.iter().map(String::as_str).collect();
        let only = there.last().filter(|only| offer.versions.len() == 1 && **only < "TLSv1.3");
        match only {
            Some(only) if claimed.last() == Some(only) => {
                let why = format!("the ClientHello to {host} only tells that {only} is the highest version");
                Check::unclear(what(), why)
            }
            None if claimed == there => Check::Holds,
            _ => {
                let there = offer.versions.join(", ");
                let highest = if only.is_some() { " as the highest version" } else { "" };
                let evidence = format!("the ClientHello to {host} offers {there}{highest}");
                Check::fails(format!("{there} is offered, not exactly {}", self.0.join(", ")), evidence)
            }
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::setting(&case.plan.settings, Daemon::Postfix)
            .or_else(|| causes::next_host(case))
            .or_else(|| causes::origin(case))
    }

    fn contradictions(&self, _: &Range<usize>, _: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let mut mtas = scene.hosts.iter().filter_map(|host| host.smtp.as_ref()).peekable();
        if mtas.peek().is_none() {
            let flaw = Flaw::new("there is no host to which the gateway could offer anything");
            return vec![flaw.help("declare a host with `smtp`")];
        }
        let shakes = |play: StarttlsPlay| matches!(play, StarttlsPlay::Offered | StarttlsPlay::Injected);
        if mtas.any(|mta| shakes(mta.starttls) && mta.wire != Interference::StripStarttls) {
            return Vec::new();
        }
        let flaw = Flaw::new("no host of this file lets a handshake begin");
        vec![flaw.help("declare one that offers STARTTLS")]
    }
}

impl Written<Transaction> for Offered {
    const KEY: &'static str = "offered";
    const DOC: &'static str =
        "Exactly the versions of TLS that the gateway offered, as a client, to a host of this file.";
    type Form = AtLeastOne<Version>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|versions| Self(versions.0.iter().map(|version| version.0).collect()))]
    }
}
