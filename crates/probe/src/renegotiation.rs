//! Renegotiation that a client asks for (RFC 5246 §7.4.1.1).

use crate::{
    hello::TLS13,
    line::Line,
    versions::Found,
};
use evidence::Observed;

/// Whether the server follows.
pub(crate) async fn by_client(_line: &Line<'_>, found: &[Found]) -> Observed<bool> {
    if found.iter().all(|of| of.version >= TLS13) {
        return Observed::Unobserved("the server takes TLS 1.3 alone, which has no such thing".to_owned());
    }
    Observed::Unobserved("not asked".to_owned())
}
