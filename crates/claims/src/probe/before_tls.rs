//! What is seen of a service before TLS.

use evidence::{Observed, Probed};

/// Why nothing was seen of what a service does in cleartext.
pub(super) fn no_cleartext(seen: &Probed) -> String {
    match &seen.cleartext {
        Observed::Unobserved(why) => why.clone(),
        Observed::Seen(_) => "it was not looked for".to_owned(),
    }
}
