//! A run: the labels that everything on the engine carries.

use crate::{Reaper, owner};
use std::collections::HashMap;

/// Label that holds the run's id.
pub(crate) const RUN: &str = "mailproof.run";
/// Label that holds the owner: `PID:STARTTIME`.
pub(crate) const OWNER: &str = "mailproof.owner";
/// Label that holds the reaper, likewise.
pub(crate) const REAPER: &str = "mailproof.reaper";
/// Label that holds from where these PIDs mean what they say.
pub(crate) const PLACE: &str = "mailproof.place";
/// Label of runs that stay up for a person.
pub(crate) const HELD: &str = "mailproof.held";
/// Label that holds what a container was called in its [`crate::ContainerSpec`].
pub(crate) const HOST: &str = "mailproof.host";

/// A run: everything that it makes on the engine carries its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Unique among the runs on an engine; lower-case letters and digits, since names are made from it.
    pub id: String,
    /// `PID:STARTTIME` of the process that the run belongs to.
    pub owner: String,
    /// `PID:STARTTIME` of the process that cleans up when the owner is gone, if there is one.
    pub reaper: Option<String>,
    /// Whether it stays up until somebody takes it down.
    pub held: bool,
}

impl Run {
    /// A run of this process.
    #[must_use]
    pub fn new(id: &str, held: bool) -> Self {
        Self { id: id.to_owned(), owner: owner::label_of(std::process::id()), reaper: None, held }
    }

    /// And this cleans up after it.
    #[must_use]
    pub fn with_reaper(self, reaper: &Reaper) -> Self {
        Self { reaper: Some(owner::label_of(reaper.id())), ..self }
    }

    pub(crate) fn labels(&self) -> HashMap<String, String> {
        let (place, held) = (owner::place(), self.held.to_string());
        let labels = [(RUN, &self.id), (OWNER, &self.owner), (PLACE, &place), (HELD, &held)];
        let reaper = self.reaper.iter().map(|reaper| (REAPER, reaper));
        labels.into_iter().chain(reaper).map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }
}
