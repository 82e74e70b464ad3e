//! Results of the authentication methods, with the spelling of RFC 8601 §2.7.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A word that names no result of the method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {method} result; expected one of {expected}")]
pub struct UnknownResult {
    /// The word as written.
    pub word: String,
    /// The method's name: `SPF`, `DKIM`, `DMARC` or `ARC`.
    pub method: &'static str,
    /// The words that would have been understood, separated by commas.
    pub expected: String,
}

macro_rules! results {
    ($(#[$doc:meta])* $name:ident $method:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every result of the method, in the order of its RFC.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word of RFC 8601 §2.7.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownResult;

            fn from_str(word: &str) -> Result<Self, UnknownResult> {
                Self::ALL.iter().copied().find(|r| r.as_str().eq_ignore_ascii_case(word)).ok_or_else(|| UnknownResult {
                    word: word.to_owned(),
                    method: $method,
                    expected: Self::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

results! {
    /// Result of an SPF check (RFC 7208 §2.6).
    SpfResult "SPF" {
        /// No record (RFC 7208 §2.6.1).
        None = "none",
        /// The owner says nothing (RFC 7208 §2.6.2).
        Neutral = "neutral",
        /// Authorised (RFC 7208 §2.6.3).
        Pass = "pass",
        /// Not authorised (RFC 7208 §2.6.4).
        Fail = "fail",
        /// Probably not authorised (RFC 7208 §2.6.5).
        SoftFail = "softfail",
        /// The check could not be finished for now (RFC 7208 §2.6.6).
        TempError = "temperror",
        /// The record could not be understood (RFC 7208 §2.6.7).
        PermError = "permerror",
    }
}

results! {
    /// Result of a DKIM check (RFC 8601 §2.7.1).
    DkimResult "DKIM" {
        /// Not signed.
        None = "none",
        /// A signature verified and was acceptable.
        Pass = "pass",
        /// A signature did not verify.
        Fail = "fail",
        /// A signature verified but was not acceptable to the ADMD.
        Policy = "policy",
        /// A signature could not be processed.
        Neutral = "neutral",
        /// The key could not be fetched for now.
        TempError = "temperror",
        /// The signature or its key is unusable for good.
        PermError = "permerror",
    }
}

results! {
    /// Result of a DMARC check (RFC 9989 §4).
    DmarcResult "DMARC" {
        /// No policy was published.
        None = "none",
        /// An aligned identifier passed.
        Pass = "pass",
        /// No aligned identifier passed.
        Fail = "fail",
        /// The policy could not be fetched for now.
        TempError = "temperror",
        /// The policy is unusable.
        PermError = "permerror",
    }
}

results! {
    /// Chain validation status of ARC (RFC 8617 §4.4).
    ArcResult "ARC" {
        /// No chain.
        None = "none",
        /// The chain validates.
        Pass = "pass",
        /// The chain does not validate.
        Fail = "fail",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for r in SpfResult::ALL {
            assert_eq!(r.as_str().parse::<SpfResult>().as_ref(), Ok(r));
        }
    }

    #[test]
    fn an_unknown_word_names_what_was_expected() {
        let e = "maybe".parse::<DmarcResult>().unwrap_err();
        assert_eq!(e.to_string(), "`maybe` is no DMARC result; expected one of none, pass, fail, temperror, permerror");
    }
}
