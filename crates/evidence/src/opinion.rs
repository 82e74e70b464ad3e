//! What the harness itself makes of a message: the authentication that it finds for the octets that were sent, from the
//! client's address, by the zones as they were published. It is set beside what the gateway says, and never in its place.

use mail::{ArcResult, DkimResult, DmarcResult, Domain, SpfResult};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The harness's own judgement of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// SPF of the HELO identity (RFC 7208 §2.3).
    pub helo: SpfOpinion,
    /// SPF of the MAIL FROM identity; of the null reverse-path it is `postmaster` at the HELO name (RFC 7208 §2.4).
    pub mail_from: SpfOpinion,
    /// One for each DKIM-Signature field, top first; what could not even be read comes first and has no names.
    pub dkim: Vec<SignatureOpinion>,
    /// The ARC chain (RFC 8617 §5.2).
    pub arc: ArcResult,
    /// Why, if it fails.
    #[serde(default)]
    pub arc_reason: Option<String>,
    /// What the From field says.
    pub authors: Authors,
    /// DMARC for each domain that the From fields name, in their order: of a good message that is one (RFC 9989 §4.10.1).
    pub dmarc: Vec<DmarcOpinion>,
}

/// SPF of one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfOpinion {
    /// The domain whose record was asked for.
    pub domain: String,
    /// What came of it.
    pub result: SpfResult,
}

/// One DKIM signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureOpinion {
    /// `d=` (RFC 6376 §3.5); empty if the field could not be read.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// `a=`, as `rsa-sha256`.
    pub algorithm: String,
    /// What came of it.
    pub result: DkimResult,
    /// Why it is not `pass`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How the From fields read (RFC 5322 §3.6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authors {
    /// One field, and all its addresses are of one domain.
    One(Domain),
    /// It names no single author domain, and this is why; readers of the mail may still be shown one of the domains.
    Unclear(String),
}

/// DMARC of one author domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmarcOpinion {
    /// The author domain.
    pub author: Domain,
    /// What came of it.
    pub result: DmarcResult,
    /// What the policy asks for if it fails, by `p`, `sp` or `np`, and `t` (RFC 9989 §4.7); `None`: there is no policy.
    #[serde(default)]
    pub policy: Option<Disposition>,
    /// Where the policy was found: this name or one above it (RFC 9989 §4.10.1).
    #[serde(default)]
    pub found_at: Option<Domain>,
    /// The identifiers that passed and are aligned, as `spf=bank.example` (RFC 9989 §4.4).
    #[serde(default)]
    pub aligned: Vec<String>,
}

/// What a DMARC policy asks for (RFC 9989 §4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// Nothing.
    None,
    /// To treat the message as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

impl Disposition {
    /// The word of RFC 9989 §4.7.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl DmarcOpinion {
    /// Nothing authenticates the author domain, and its owner asks that such mail be refused.
    #[must_use]
    pub fn is_to_be_refused(&self) -> bool {
        self.result == DmarcResult::Fail && self.policy == Some(Disposition::Reject)
    }
}

impl Opinion {
    /// The DMARC result of the message; a message without a single author domain has none (RFC 9989 §4.10.1).
    #[must_use]
    pub fn dmarc_result(&self) -> DmarcResult {
        match (&self.authors, self.dmarc.as_slice()) {
            (Authors::One(_), [one]) => one.result,
            _ => DmarcResult::None,
        }
    }

    /// The best DKIM result of all signatures, `none` without any.
    #[must_use]
    pub fn dkim_result(&self) -> DkimResult {
        const BEST_FIRST: [DkimResult; 7] = [
            DkimResult::Pass,
            DkimResult::Policy,
            DkimResult::TempError,
            DkimResult::Fail,
            DkimResult::Neutral,
            DkimResult::PermError,
            DkimResult::None,
        ];
        let has = |result: &DkimResult| self.dkim.iter().any(|signature| signature.result == *result);
        BEST_FIRST.into_iter().find(has).unwrap_or(DkimResult::None)
    }
}
