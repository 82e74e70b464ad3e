//! What runs there are on the engine, by label.

use crate::{
    Engine, EngineError,
    bollard::{
        errors::Error,
        query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder},
    },
    owner::Owner,
    run::{HELD, HOST, OWNER, PLACE, REAPER, RUN},
};
use std::collections::{BTreeMap, HashMap};

/// A run that has something on the engine, be it only its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRun {
    /// Its id.
    pub id: String,
    /// Whether the process that it belongs to lives.
    pub owner: Owner,
    /// Whether it stays up until somebody takes it down.
    pub held: bool,
    /// Its containers, by name.
    pub containers: Vec<SeenContainer>,
}

/// A container of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContainer {
    /// The engine's id.
    pub id: String,
    /// The engine's name for it, `mailproof-RUN-NAME`.
    pub name: String,
    /// What it is called within the run.
    pub host: String,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
}

impl Engine {
    /// Every run that has anything on this engine, by id.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn runs(&self) -> Result<Vec<SeenRun>, EngineError> {
        let fault = |error: Error| EngineError::new("list the runs", &error);
        let filters = HashMap::from([("label", vec![RUN])]);
        let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let (containers, networks) =
            tokio::try_join!(self.docker.list_containers(Some(containers)), self.docker.list_networks(Some(networks)))
                .map_err(fault)?;
        let containers = containers.into_iter().map(|seen| {
            let labels: BTreeMap<String, String> = seen.labels.unwrap_or_default().into_iter().collect();
            let name = seen.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            SeenContainer {
                id: seen.id.unwrap_or_default(),
                name: name.trim_start_matches('/').to_owned(),
                host: labels.get(HOST).cloned().unwrap_or_default(),
                labels,
            }
        });
        let networks = networks.into_iter().map(|seen| seen.labels.unwrap_or_default().into_iter().collect());
        Ok(runs(containers.collect(), networks.collect()))
    }

    /// Names of the volumes that containers of a run hold.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn volumes_of(&self, run: &str) -> Result<Vec<String>, EngineError> {
        let label = format!("{RUN}={run}");
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let fault = |error: Error| EngineError::new(format!("list the volumes of run {run}"), &error);
        let containers = self.docker.list_containers(Some(options)).await.map_err(fault)?;
        Ok(containers
            .into_iter()
            .flat_map(|one| one.mounts.unwrap_or_default())
            .filter_map(|mount| mount.name)
            .collect())
    }

    /// Those of these volumes that there are.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn volumes_left(&self, names: &[String]) -> Result<Vec<String>, EngineError> {
        let options = ListVolumesOptionsBuilder::new().build();
        let fault = |error: Error| EngineError::new("list the volumes", &error);
        let all = self.docker.list_volumes(Some(options)).await.map_err(fault)?.volumes.unwrap_or_default();
        Ok(all.into_iter().map(|volume| volume.name).filter(|name| names.contains(name)).collect())
    }
}

fn owner_of(labels: &BTreeMap<String, String>) -> Owner {
    let label = |name: &str| labels.get(name).map(String::as_str);
    Owner::of(label(OWNER), label(REAPER), label(PLACE))
}

fn runs(containers: Vec<SeenContainer>, networks: Vec<BTreeMap<String, String>>) -> Vec<SeenRun> {
    let mut runs: BTreeMap<String, SeenRun> = BTreeMap::new();
    let labelled = networks.into_iter().map(|labels| (labels, None));
    for (labels, container) in labelled.chain(containers.into_iter().map(|c| (c.labels.clone(), Some(c)))) {
        let Some(id) = labels.get(RUN) else { continue };
        let run = runs.entry(id.clone()).or_insert_with(|| SeenRun {
            id: id.clone(),
            owner: owner_of(&labels),
            held: labels.get(HELD).is_some_and(|held| held == "true"),
            containers: Vec::new(),
        });
        run.containers.extend(container);
    }
    let mut runs: Vec<SeenRun> = runs.into_values().collect();
    runs.iter_mut().for_each(|run| run.containers.sort_by(|a, b| a.name.cmp(&b.name)));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;

    #[test]
    fn runs_are_put_together_from_labels_alone() {
        let labels = |run: &Run| run.labels().into_iter().collect::<BTreeMap<_, _>>();
        let container = |run: &Run, name: &str| SeenContainer {
            id: "c".to_owned(),
            name: name.to_owned(),
            host: String::new(),
            labels: labels(run),
        };
        let (held, dead) = (Run::new("a", true), Run { owner: "1:1".to_owned(), ..Run::new("b", false) });
        let seen = runs(vec![container(&held, "y"), container(&held, "x")], vec![labels(&dead), labels(&held)]);
        assert_eq!(seen.len(), 2);
        assert!(seen[0].held && seen[0].owner == Owner::Lives);
        assert_eq!(seen[0].containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert!(!seen[1].held && seen[1].owner == Owner::Dead && seen[1].containers.is_empty());
    }
}
