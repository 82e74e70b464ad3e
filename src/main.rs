//! The `mailproof` binary: reads what it carries, the environment and how it was called, and hands over.

#![expect(clippy::disallowed_methods, reason = "this is the main program, where the environment is read")]

use std::{
    env::{args_os, home_dir, var_os},
    path::PathBuf,
    process::ExitCode,
};

/// Library, recipes and shipped gateways, as the build script packed them.
const SHIPPED: runner::Shipped = runner::Shipped {
    archive: include_bytes!(concat!(env!("OUT_DIR"), "/shipped.tar.gz")),
    hash: env!("MAILPROOF_SHIPPED"),
};

/// What `cargo xtask` gives as the program's name.
const FROM_CHECKOUT: &str = "cargo xtask";

fn main() -> ExitCode {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let named = |name: &str| var_os(name).map(PathBuf::from).and_then(absolute);
    let caches = named("XDG_CACHE_HOME").or_else(|| home_dir().and_then(absolute).map(|home| home.join(".cache")));
    let within = var_os(runner::WITHIN);
    let called = within.clone().or_else(|| args_os().next());
    let is_from_checkout = called.is_some_and(|called| called == FROM_CHECKOUT);
    runner::main(runner::Call {
        program: if is_from_checkout { FROM_CHECKOUT } else { "mailproof" },
        shipped: SHIPPED,
        cache: caches.map(|caches| caches.join("mailproof")),
        runtime: named("XDG_RUNTIME_DIR"),
        is_within: within.is_some(),
        repository: named("GITHUB_WORKSPACE").or_else(|| named("CI_PROJECT_DIR")),
    })
}
