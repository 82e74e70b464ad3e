//! Who logs in, at a submission service or a mailbox.

use std::fmt;

/// A user and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name, as the server knows it.
    pub user: String,
    /// The password; never shown.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}
