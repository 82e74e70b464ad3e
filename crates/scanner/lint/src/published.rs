//! Records of which a name has at most one; they are known by how they begin.

use crate::{dmarc, mta_sts, spf, tls_rpt};

/// A kind of record that is published as TXT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// SPF (RFC 7208 §4.5).
    Spf,
    /// DMARC (RFC 9989 §4.7).
    Dmarc,
    /// MTA-STS (RFC 8461 §3.1).
    MtaSts,
    /// TLS-RPT (RFC 8460 §3).
    TlsRpt,
}

impl Published {
    /// Those of the texts at a name that are of this kind.
    #[must_use]
    pub fn of(self, texts: &[String]) -> Vec<&str> {
        let those = |is_one: fn(&str) -> bool| texts.iter().map(String::as_str).filter(|text| is_one(text)).collect();
        match self {
            Self::Spf => spf::records(texts),
            Self::Dmarc => dmarc::records(texts),
            Self::MtaSts => those(mta_sts::is_record),
            Self::TlsRpt => those(tls_rpt::is_record),
        }
    }
}
