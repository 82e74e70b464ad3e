//! How the user calls this program: `mailproof`, or `cargo xtask` in a checkout. Help texts of errors have a placeholder for it.

/// What `cargo xtask` gives as the program's name.
const FROM_CHECKOUT: &str = "cargo xtask";

/// The words before a command's.
pub(crate) fn name() -> &'static str {
    let called = std::env::args_os().next().unwrap_or_default();
    if called == FROM_CHECKOUT { FROM_CHECKOUT } else { "mailproof" }
}
