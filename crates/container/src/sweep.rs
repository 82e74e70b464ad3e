//! Removing everything of a run, by label alone.

use crate::{
    Engine, EngineError,
    bollard::{
        errors::Error,
        query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder},
    },
    error::{is_busy, is_missing},
    run::RUN,
};
use futures_util::future::try_join_all;
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, interval};

/// How long the engine may take until nothing is left.
const LIMIT: Duration = Duration::from_secs(30);

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
}

impl Engine {
    /// Kills and removes everything that carries the run's label, until nothing is left.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn sweep(&self, run: &str) -> Result<Swept, EngineError> {
        let fault = |error: Error| EngineError::new(format!("remove what run {run} left"), &error);
        let label = format!("{RUN}={run}");
        let mut swept = Swept::default();
        let deadline = Instant::now() + LIMIT;
        let mut tick = interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            let containers = self.remove_containers(&label).await.map_err(fault)?;
            let networks = self.remove_networks(&label).await.map_err(fault)?;
            swept.containers += containers.removed;
            swept.networks += networks.removed;
            let Some(busy) = containers.busy.or(networks.busy) else { return Ok(swept) };
            if Instant::now() > deadline {
                return Err(fault(busy));
            }
        }
    }

    async fn remove_containers(&self, label: &str) -> Result<Pass, Error> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let found = self.docker.list_containers(Some(options)).await?;
        let ids = found.into_iter().filter_map(|container| container.id);
        let removals = ids.map(|id| async move {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            Pass::of(self.docker.remove_container(&id, Some(options)).await)
        });
        Ok(Pass::sum(try_join_all(removals).await?))
    }

    async fn remove_networks(&self, label: &str) -> Result<Pass, Error> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let found = self.docker.list_networks(Some(options)).await?;
        let ids = found.into_iter().filter_map(|network| network.id);
        let removals = ids.map(|id| async move { Pass::of(self.docker.remove_network(&id).await) });
        Ok(Pass::sum(try_join_all(removals).await?))
    }
}

/// What one round did.
#[derive(Debug, Default)]
struct Pass {
    removed: usize,
    busy: Option<Error>,
}

impl Pass {
    fn of(done: Result<(), Error>) -> Result<Self, Error> {
        match done {
            Ok(()) => Ok(Self { removed: 1, busy: None }),
            Err(error) if is_missing(&error) => Ok(Self::default()),
            Err(error) if is_busy(&error) => Ok(Self { removed: 0, busy: Some(error) }),
            Err(error) => Err(error),
        }
    }

    fn sum(all: Vec<Self>) -> Self {
        all.into_iter()
            .fold(Self::default(), |sum, one| Self { removed: sum.removed + one.removed, busy: sum.busy.or(one.busy) })
    }
}
