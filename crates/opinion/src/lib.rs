//! The second opinion: what the harness itself makes of a message that it sent, by the RFCs and by the zones as published.
//!
//! mail-auth judges; the zones answer directly (`dns::Resolver`), so that no question of ours is taken for one of the gateway's
//! and no fault is waited for. Known to differ from other verifiers, and left so: a 1024-bit key is good (RFC 8301 §3.2);
//! DMARC is that of RFC 9989 (tree walk, `np`, `t`; `pct` and public suffix lists mean nothing). What mail-auth lets pass and no
//! verifier may is turned down here: `rsa-sha1` (RFC 8301 §3.1), a signature that does not cover From (RFC 6376 §5.4), and a key that
//! is for another hash or another service (RFC 6376 §3.6.1). A message is judged as it was given to the client that sent it.

mod author;
mod dmarc_record;
mod signatures;
mod spf_terms;
mod zones;

use dns::{DnsError, Resolver, Server};
use evidence::{Disposition, DmarcOpinion, Observed, Opinion, SpfOpinion};
use mail::{DmarcResult, Domain, Message, SpfResult};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, MessageAuthenticator, Parameters, RecordSet, SpfOutput,
    common::cache::NoCache,
    dmarc::{Policy, verify::DmarcParameters},
    hickory_resolver::config::{
        ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
    },
    spf::verify::SpfParameters,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use zones::{Purpose, Zones};

/// An opinion that takes longer is none.
const LIMIT: Duration = Duration::from_secs(10);
/// A question that takes longer over the loopback has failed.
const QUESTION: Duration = Duration::from_secs(2);
/// Look-ups of one check that may find nothing (RFC 7208 §4.6.4).
const VOIDS: usize = 2;
/// Strict reading takes no signature with `l=`; RFC 6376 §3.5 has it.
const IS_STRICT: bool = false;
/// Octets that are hashed for one message at most: its length, once for each signature.
const HASHED: usize = 1 << 28;

/// A message as a client brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The client's address.
    pub client: IpAddr,
    /// Its word for EHLO or HELO.
    pub helo: String,
    /// The reverse-path without angle brackets, empty for the null one.
    pub mail_from: String,
    /// The message, not dot-stuffed.
    pub message: Vec<u8>,
}

/// Who has the opinion. Clones are the same.
#[derive(Debug, Clone)]
pub struct Judge(Arc<Means>);

struct Means {
    authenticator: MessageAuthenticator,
    resolver: Resolver,
}

impl std::fmt::Debug for Means {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}

impl Judge {
    /// One who knows the zones that a server publishes, now and later.
    ///
    /// # Errors
    /// Loopback cannot be listened on.
    ///
    /// # Panics
    /// Never: the resolver's configuration has no file to read and no TLS to set up.
    pub async fn new(server: &Server) -> Result<Self, DnsError> {
        let resolver = server.resolver().await?;
        let address = resolver.address();
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        let name_server = NameServerConfig::new(address.ip(), true, connections.into());
        let mut options = ResolverOpts::default();
        options.cache_size = 0;
        options.attempts = 1;
        options.timeout = QUESTION;
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4Only;
        let config = ResolverConfig::from_name_servers(vec![name_server]);
        let authenticator = MessageAuthenticator::new(config, options).expect("a plain configuration is a good one");
        Ok(Self(Arc::new(Means { authenticator, resolver })))
    }

    /// Judges a message, in a task of its own, within 10 s; or says why it cannot.
    pub async fn opinion(&self, brought: Brought) -> Observed<Opinion> {
        let means = self.0.clone();
        let judging = tokio::spawn(async move { tokio::time::timeout(LIMIT, means.judge(&brought)).await });
        match judging.await {
            Ok(Ok(opinion)) => opinion,
            Ok(Err(_)) => Observed::Unobserved(format!("no second opinion was formed within {} s", LIMIT.as_secs())),
            Err(_) => Observed::Unobserved("forming a second opinion broke off".to_owned()),
        }
    }
}

impl Means {
    async fn judge(&self, brought: &Brought) -> Observed<Opinion> {
        let parsed = Message::parse(&brought.message);
        let signatures = ["DKIM-Signature", "ARC-Message-Signature"].map(|name| parsed.all(name).count());
        if signatures.iter().sum::<usize>().saturating_mul(brought.message.len()) > HASHED {
            return Observed::Unobserved("it has too many signatures for its length".to_owned());
        }
        if parsed.all("DKIM-Signature").any(signatures::covers_no_body) {
            return Observed::Unobserved(
                "a signature covers no octet of the body (`l=0`), which is not verified here".to_owned(),
            );
        }
        let Some(message) = AuthenticatedMessage::parse_with_opts(&brought.message, None, IS_STRICT) else {
            return Observed::Unobserved("it has no header field".to_owned());
        };
        let (_, helo) = self.spf(brought, SpfParameters::verify_ehlo(brought.client, &brought.helo, "")).await;
        let (spf, mail_from) = if brought.mail_from.is_empty() {
            // The MAIL FROM identity is then `postmaster` at the HELO name (RFC 7208 §2.4).
            self.spf(brought, SpfParameters::verify_ehlo(brought.client, &brought.helo, "")).await
        } else {
            let (client, helo) = (brought.client, &brought.helo);
            self.spf(brought, SpfParameters::verify_mail_from(client, helo, "", &brought.mail_from)).await
        };
        let keys = Zones::new(&self.resolver, Purpose::Key, false);
        let dkim = self.dkim(&message, &keys).await;
        let (arc, arc_reason) = self.arc(&message).await;
        let (authors, domains) = author::authors(&parsed);
        let signatures = dkim.iter().map(signatures::opinion).collect();
        let mut dmarc = Vec::new();
        for author in domains {
            dmarc.push(self.dmarc(author, &dkim, &spf).await);
        }
        Observed::Seen(Opinion { helo, mail_from, dkim: signatures, arc, arc_reason, authors, dmarc })
    }

    async fn spf(&self, brought: &Brought, identity: SpfParameters<'_>) -> (SpfOutput, SpfOpinion) {
        let zones = Zones::new(&self.resolver, Purpose::Spf, brought.client.is_ipv6());
        let output = self.authenticator.verify_spf(with(identity, &zones)).await;
        let output = if zones.voids() > VOIDS { output.with_result(mail_auth::SpfResult::PermError) } else { output };
        let opinion = SpfOpinion { domain: output.domain().to_ascii_lowercase(), result: spf_result(output.result()) };
        (output, opinion)
    }

    /// DMARC for one author domain, which need not be the one that mail-auth would read.
    async fn dmarc(&self, author: Domain, dkim: &[DkimOutput<'_>], spf: &SpfOutput) -> DmarcOpinion {
        let zones = Zones::new(&self.resolver, Purpose::Dmarc, false);
        let message = AuthenticatedMessage { from: vec![format!("@{author}")], ..AuthenticatedMessage::default() };
        let by = async |dkim_output: &[DkimOutput<'_>], spf_output: &SpfOutput| {
            let rfc5321_mail_from_domain = spf_output.domain();
            let parameters = DmarcParameters {
                message: &message,
                dkim_output,
                dkim2_output: None,
                rfc5321_mail_from_domain,
                spf_output,
            };
            self.authenticator.verify_dmarc(with(parameters, &zones)).await
        };
        let output = by(dkim, spf).await;
        let mut aligned = Vec::new();
        if *output.spf_result() == mail_auth::DmarcResult::Pass {
            aligned.push(format!("spf={}", spf.domain().to_ascii_lowercase()));
        }
        let passed = dkim.iter().filter(|signature| *signature.result() == mail_auth::DkimResult::Pass);
        for signature in passed {
            let alone = by(std::slice::from_ref(signature), &SpfOutput::default()).await;
            if let (mail_auth::DmarcResult::Pass, Some(names)) = (alone.dkim_result(), signature.signature()) {
                aligned.push(format!("dkim={}", names.d));
            }
        }
        let has_policy = output.dmarc_record().is_some();
        DmarcOpinion {
            result: dmarc_result(&output.result()),
            policy: has_policy.then(|| disposition(output.policy())),
            found_at: if has_policy { self.found_at(&author) } else { None },
            author,
            aligned,
        }
    }

    /// The nearest name at or above the author domain that has a record (RFC 9989 §4.10).
    fn found_at(&self, author: &Domain) -> Option<Domain> {
        let names = std::iter::successors(Some(author.as_str()), |name| name.split_once('.').map(|(_, above)| above));
        let has = |name: &&str| zones::texts(&self.resolver, &format!("_dmarc.{name}.")).is_ok();
        names.into_iter().find(has)?.parse().ok()
    }
}

/// Nothing is found here, so that the resolver is asked.
type Nowhere = NoCache<IpAddr, RecordSet<Box<str>>>;
/// What mail-auth takes for a check: names of the DNS are looked for in the zones, addresses' names by the resolver.
type Check<'x, P> = Parameters<'x, P, Zones<'x>, Zones<'x>, Zones<'x>, Zones<'x>, Nowhere>;

/// The parameters of a check, with the zones to find records in.
fn with<'x, P>(parameters: P, zones: &'x Zones<'x>) -> Check<'x, P> {
    Parameters {
        params: parameters,
        cache_txt: Some(zones),
        cache_mx: Some(zones),
        cache_ptr: None,
        cache_ipv4: Some(zones),
        cache_ipv6: Some(zones),
    }
}

const fn spf_result(result: mail_auth::SpfResult) -> SpfResult {
    match result {
        mail_auth::SpfResult::Pass => SpfResult::Pass,
        mail_auth::SpfResult::Fail => SpfResult::Fail,
        mail_auth::SpfResult::SoftFail => SpfResult::SoftFail,
        mail_auth::SpfResult::Neutral => SpfResult::Neutral,
        mail_auth::SpfResult::TempError => SpfResult::TempError,
        mail_auth::SpfResult::PermError => SpfResult::PermError,
        mail_auth::SpfResult::None => SpfResult::None,
    }
}

const fn dmarc_result(result: &mail_auth::DmarcResult) -> DmarcResult {
    match result {
        mail_auth::DmarcResult::Pass => DmarcResult::Pass,
        mail_auth::DmarcResult::Fail(_) => DmarcResult::Fail,
        mail_auth::DmarcResult::TempError(_) => DmarcResult::TempError,
        mail_auth::DmarcResult::PermError(_) => DmarcResult::PermError,
        mail_auth::DmarcResult::None => DmarcResult::None,
    }
}

const fn disposition(policy: Policy) -> Disposition {
    match policy {
        Policy::Reject => Disposition::Reject,
        Policy::Quarantine => Disposition::Quarantine,
        Policy::None | Policy::Unspecified => Disposition::None,
    }
}

#[cfg(test)]
mod tests;
