//! The `mailproof` binary: what it carries, and the command line; it hands over.

use std::process::ExitCode;

/// Library, recipes and shipped gateways, as the build script packed them.
const SHIPPED: runner::Shipped = runner::Shipped {
    archive: include_bytes!(concat!(env!("OUT_DIR"), "/shipped.tar.gz")),
    hash: env!("MAILPROOF_SHIPPED"),
};

fn main() -> ExitCode {
    runner::main(SHIPPED)
}
