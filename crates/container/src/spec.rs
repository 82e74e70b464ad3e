//! What a container shall be.

use crate::{
    File, Network, Run,
    bollard::models::{ContainerCreateBody, HostConfig, PortBinding},
    run::HOST,
};
use std::collections::BTreeMap;

/// What a container shall be. Everything is public: change what differs from [`ContainerSpec::new`].
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// What it is called within the run; the engine's name for it is `mailproof-RUN-NAME`.
    pub name: String,
    /// Tag or id of the image, which must be on the engine.
    pub image: String,
    /// The name that it has for itself.
    pub hostname: String,
    /// The run that it belongs to.
    pub run: Run,
    /// Name of the network that it is on, or `container:ID` to share that container's network.
    pub network: String,
    /// What runs in it. [`ContainerSpec::new`] parks it: nothing runs until it is started with `exec` or `spawn`.
    pub command: Vec<String>,
    /// Linux capabilities beyond the engine's default ones, such as `NET_ADMIN`.
    pub cap_add: Vec<String>,
    /// Kernel settings of its network namespace, such as `net.ipv6.conf.all.disable_ipv6`.
    pub sysctls: Vec<(String, String)>,
    /// TCP ports to be reached at 127.0.0.1, each at a port that the engine chooses.
    pub publish: Vec<u16>,
    /// Files that are there when it starts.
    pub files: Vec<File>,
    /// Whether its first process is an init that reaps children.
    pub init: bool,
    /// Labels besides the run's.
    pub labels: BTreeMap<String, String>,
}

impl ContainerSpec {
    /// A parked container with an init on the run's network.
    #[must_use]
    pub fn new(name: &str, image: &str, run: &Run, network: &Network) -> Self {
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            hostname: name.to_owned(),
            run: run.clone(),
            network: network.name.clone(),
            command: ["sleep", "infinity"].map(str::to_owned).to_vec(),
            cap_add: Vec::new(),
            sysctls: Vec::new(),
            publish: Vec::new(),
            files: Vec::new(),
            init: true,
            labels: BTreeMap::new(),
        }
    }

    pub(crate) fn full_name(&self) -> String {
        format!("mailproof-{}-{}", self.run.id, self.name)
    }

    /// What the engine is asked for; `publishes` says whether ports are to be reached from outside the run's network.
    pub(crate) fn body(&self, publishes: bool) -> ContainerCreateBody {
        let mut labels = self.run.labels();
        labels.insert(HOST.to_owned(), self.name.clone());
        labels.extend(self.labels.clone());
        let port = |port: &u16| format!("{port}/tcp");
        let publish = if publishes { &self.publish[..] } else { &[] };
        let loopback = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: None };
        let host_config = HostConfig {
            init: Some(self.init),
            network_mode: Some(self.network.clone()),
            cap_add: Some(self.cap_add.clone()),
            sysctls: Some(self.sysctls.iter().cloned().collect()),
            port_bindings: Some(publish.iter().map(|p| (port(p), Some(vec![loopback.clone()]))).collect()),
            ..Default::default()
        };
        let is_guest = self.network.starts_with("container:");
        ContainerCreateBody {
            image: Some(self.image.clone()),
            // who shares a network shares its name
            hostname: (!is_guest).then(|| self.hostname.clone()),
            cmd: Some(self.command.clone()),
            exposed_ports: Some(publish.iter().map(port).collect()),
            labels: Some(labels),
            host_config: Some(host_config),
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{OWNER, RUN};

    #[test]
    fn every_port_is_on_loopback_and_every_container_has_its_labels() {
        let network = Network { name: "n".into(), id: "i".into(), gateway: [10, 0, 0, 1].into(), way_out: None };
        let mut spec = ContainerSpec::new("mx.example", "debian", &Run::new("r1", false), &network);
        spec.publish = vec![25, 7000];
        let body = spec.body(true);
        let bindings = body.host_config.unwrap().port_bindings.unwrap();
        assert_eq!(bindings.len(), 2);
        for binding in bindings.values().flatten().flatten() {
            assert_eq!(binding.host_ip.as_deref(), Some("127.0.0.1"));
        }
        let labels = body.labels.unwrap();
        assert!(labels[RUN] == "r1" && labels[HOST] == "mx.example" && labels.contains_key(OWNER));
        assert_eq!(body.hostname.as_deref(), Some("mx.example"));
    }
}
