//! Images, networks and containers on the engine. What runs in them is not known here.
//!
//! testcontainers removes what it started when a value is dropped, which neither a signal nor an interrupted start
//! outlives, and it hides the output of builds. So this room speaks to the engine with the bollard that testcontainers
//! exports, labels everything with the run, and cleans up by label alone.

mod addresses;
mod archive;
mod build;
mod channel;
mod container;
mod debian;
mod engine;
mod error;
mod image;
mod kind;
mod lines;
mod owner;
mod process;
mod program;
mod reaper;
mod rootless;
mod run;
mod seen;
mod spec;
mod subnet;
mod sweep;

pub use addresses::Addresses;
pub use archive::File;
pub use container::{Container, Output};
pub use engine::{Engine, Network};
pub use error::EngineError;
pub use image::{Base, ImageRecipe, ImageSettings};
pub use kind::EngineKind;
pub use lines::Stream;
pub use owner::Owner;
pub use process::Process;
pub use program::{output, run_quietly};
pub use reaper::{Reaper, reap};
pub use rootless::{WITHIN, enter, local};
pub use run::Run;
pub use seen::{SeenContainer, SeenRun};
pub use spec::ContainerSpec;
pub use sweep::Swept;

use testcontainers::bollard;
