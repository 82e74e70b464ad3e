//! The engine: found, and asked for networks and containers.

use crate::{
    Addresses, Container, ContainerSpec, EngineError, EngineKind, Run, addresses, archive,
    bollard::{
        Docker, body_full,
        container::LogOutput,
        errors::Error,
        models::{Ipam, IpamConfig, NetworkCreateRequest},
        query_parameters::{
            CreateContainerOptionsBuilder, InspectContainerOptions, InspectNetworkOptions, LogsOptionsBuilder,
            StartContainerOptions, UploadToContainerOptionsBuilder, WaitContainerOptions,
        },
    },
    container, rootless, subnet,
};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, Ipv6Addr},
};
use tokio::net::UnixStream;

/// A container engine that speaks Docker's API; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    pub(crate) kind: EngineKind,
}

/// A run's own network: a bridge, with IPv4 and IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The engine's name for it, `mailproof-RUN`.
    pub name: String,
    /// The engine's id.
    pub id: String,
    /// This machine's own address on it, at which containers reach the harness.
    pub gateway: Ipv4Addr,
    /// Addresses that are every container's default route from its start; none where the engine cannot have that. Who shall be there
    /// takes them itself.
    pub way_out: Option<Addresses>,
}

impl Engine {
    /// Finds the engine at an address (`unix://PATH` or `tcp://HOST:PORT`), and agrees on a version.
    ///
    /// # Errors
    /// [`EngineError::Absent`] or [`EngineError::Forbidden`].
    pub async fn connect(address: &str) -> Result<Self, EngineError> {
        if let Some(path) = address.strip_prefix("unix://") {
            let probe = UnixStream::connect(path).await;
            probe.map_err(|e| EngineError::unreachable(address, Some(e.kind()), e.to_string()))?;
        }
        let at_first = |error: Error| EngineError::at_first(address, &error);
        let docker =
            Docker::connect_with_host(address).map_err(at_first)?.negotiate_version().await.map_err(at_first)?;
        let version = docker.version().await.map_err(at_first)?;
        let is_podman = version.components.iter().flatten().any(|part| part.name.starts_with("Podman"));
        let kind = match is_podman {
            true if rootless::is_held(address) => EngineKind::RootlessPodman,
            true => EngineKind::Podman,
            false => EngineKind::Docker,
        };
        Ok(Self { docker, kind })
    }

    /// Makes the run's network.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn network(&self, run: &Run) -> Result<Network, EngineError> {
        let name = format!("mailproof-{}", run.id);
        let fault = |error: Error| EngineError::new(format!("make the network {name}"), &error);
        let v6 = unique_local(&run.id);
        let request = |ipam: Vec<IpamConfig>| NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            enable_ipv6: Some(true),
            ipam: Some(Ipam { config: Some(ipam), ..Default::default() }),
            labels: Some(run.labels()),
            // Podman gives all that leaves a subnet another source, even if it only goes to a neighbour
            internal: Some(self.kind != EngineKind::Docker),
            ..Default::default()
        };
        let mut made = None;
        for (subnet, way_out) in self.subnets(run, v6).await {
            let config = with_way_out(subnet, v6, way_out);
            match self.docker.create_network(request(config)).await {
                Ok(network) => {
                    made = Some((network.id, Some(way_out)));
                    break;
                }
                // somebody else has it
                Err(Error::DockerResponseServerError { .. }) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        let (id, way_out) = match made {
            Some(made) => made,
            None => {
                // the engine chooses an IPv4 subnet by itself
                let v6 = IpamConfig { subnet: Some(format!("{v6}/64")), ..Default::default() };
                (self.docker.create_network(request(vec![v6])).await.map_err(fault)?.id, None)
            }
        };
        let seen = self.docker.inspect_network(&id, None::<InspectNetworkOptions>).await.map_err(fault)?;
        let gateway = addresses::gateway(seen.ipam.as_ref()).ok_or_else(|| EngineError::Refused {
            operation: format!("make the network {name}"),
            reason: "it has no IPv4 gateway".to_owned(),
        })?;
        Ok(Network { name, id, gateway, way_out })
    }

    /// Subnets that may be asked for, each with its way out; none where the engine shall choose: on Podman, and where somebody told
    /// the engine which addresses it may give.
    async fn subnets(&self, run: &Run, v6: Ipv6Addr) -> Vec<(Ipv4Addr, Addresses)> {
        let is_told = match self.kind {
            EngineKind::Docker => self.docker.info().await.map_or(true, |info| info.default_address_pools.is_some()),
            EngineKind::Podman | EngineKind::RootlessPodman => true,
        };
        if is_told {
            return Vec::new();
        }
        let Ok(routes) = std::fs::read_to_string("/proc/net/route") else { return Vec::new() };
        subnet::candidates(&run.id, &routes).into_iter().map(|v4| (v4, subnet::way_out(v4, v6))).collect()
    }

    /// Makes a container, puts its files in, and starts it.
    ///
    /// # Errors
    /// The engine's word, or a file whose path is none.
    pub async fn start(&self, spec: ContainerSpec) -> Result<Container, EngineError> {
        let name = spec.full_name();
        let fault = |error: Error| EngineError::new(format!("start {name} from {}", spec.image), &error);
        let id = self.create(&spec).await.map_err(fault)?;
        if !spec.files.is_empty() {
            let root = UploadToContainerOptionsBuilder::new().path("/").build();
            let files = body_full(archive::pack(&spec.files)?.into());
            self.docker.upload_to_container(&id, Some(root), files).await.map_err(fault)?;
        }
        self.docker.start_container(&id, None::<StartContainerOptions>).await.map_err(fault)?;
        self.container(&id).await
    }

    /// A container that runs.
    ///
    /// # Errors
    /// The engine's word; [`EngineError::Refused`] if it is not up.
    pub async fn container(&self, id: &str) -> Result<Container, EngineError> {
        let operation = || format!("inspect the container {id}");
        let seen = self.docker.inspect_container(id, None::<InspectContainerOptions>).await;
        let seen = seen.map_err(|error| EngineError::new(operation(), &error))?;
        let name = seen.name.as_deref().unwrap_or(id).trim_start_matches('/').to_owned();
        if let Some(code) = container::ended(&seen) {
            let program = self.kind.program();
            let reason = format!("it ended at once with exit {code}; `{program} logs {name}` shows its output");
            return Err(EngineError::Refused { operation: format!("keep {name} running"), reason });
        }
        let id = seen.id.clone().unwrap_or_else(|| id.to_owned());
        Ok(Container::new(self, id, name, Addresses::of(&seen), addresses::published(&seen)))
    }

    /// Runs a shell command in another container's network namespace with `NET_ADMIN`, in a short-lived container. So
    /// somebody sets routes for a container that must not be able to.
    ///
    /// # Errors
    /// The engine's word; [`EngineError::Refused`] with the end of the output if the command fails.
    pub async fn run_once(&self, run: &Run, image: &str, join: &Container, command: &str) -> Result<(), EngineError> {
        let (name, gateway) = (format!("container:{}", join.id()), Ipv4Addr::UNSPECIFIED);
        let network = Network { name, id: String::new(), gateway, way_out: None };
        let mut spec = ContainerSpec::new(&format!("once-{}", &join.id()[..12]), image, run, &network);
        spec.command = ["sh", "-euc", command].map(str::to_owned).to_vec();
        spec.cap_add = vec!["NET_ADMIN".to_owned()];
        spec.init = false;
        let name = spec.full_name();
        let fault = |error: Error| EngineError::new(format!("run `{command}` in {name}"), &error);
        let id = self.create(&spec).await.map_err(fault)?;
        self.docker.start_container(&id, None::<StartContainerOptions>).await.map_err(fault)?;
        let ended =
            self.docker.wait_container(&id, None::<WaitContainerOptions>).try_for_each(|_| async { Ok(()) }).await;
        let said = match &ended {
            Err(Error::DockerContainerWaitError { code, .. }) => Some((*code, self.output(&id).await.map_err(fault)?)),
            _ => None,
        };
        Container::new(self, id, name.clone(), None, BTreeMap::new()).remove().await?;
        match said {
            None => ended.map_err(fault),
            Some((code, output)) => {
                let reason = format!("exit {code}:\n{output}");
                Err(EngineError::Refused { operation: format!("run `{command}` in {name}"), reason })
            }
        }
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<String, Error> {
        let options = CreateContainerOptionsBuilder::new().name(&spec.full_name()).build();
        Ok(self.docker.create_container(Some(options), spec.body(self.kind == EngineKind::Docker)).await?.id)
    }

    /// The last lines that a container wrote.
    async fn output(&self, id: &str) -> Result<String, Error> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("25").build();
        let pieces: Vec<LogOutput> = self.docker.logs(id, Some(options)).try_collect().await?;
        Ok(pieces.iter().map(ToString::to_string).collect())
    }
}

/// These subnets, in which every container's default route is the way out from its start (libnetwork's auxiliary addresses of these
/// names); the bridge keeps an address of its own.
fn with_way_out(v4: Ipv4Addr, v6: Ipv6Addr, way_out: Addresses) -> Vec<IpamConfig> {
    let config = |subnet: String, gateway: Option<Ipv4Addr>, key: &str, address: String| IpamConfig {
        subnet: Some(subnet),
        gateway: gateway.map(|gateway| gateway.to_string()),
        auxiliary_addresses: Some(HashMap::from([(key.to_owned(), address)])),
        ..Default::default()
    };
    let out6 = way_out.v6.map(|out| config(format!("{v6}/64"), None, "DefaultGatewayIPv6", out.to_string()));
    let bridge = Ipv4Addr::from(u32::from(v4) | 1);
    [config(format!("{v4}/24"), Some(bridge), "DefaultGatewayIPv4", way_out.v4.to_string())]
        .into_iter()
        .chain(out6)
        .collect()
}

/// A /64 of unique local addresses (RFC 4193 §3.2) that is the run's own.
fn unique_local(run: &str) -> Ipv6Addr {
    let digest = Sha256::digest(run);
    let group = |at: usize| u16::from_be_bytes([digest[at], digest[at + 1]]);
    Ipv6Addr::new(0xfd00 | u16::from(digest[0]), group(1), group(3), group(5), 0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_a_subnet_of_its_own_that_is_unique_local() {
        let (one, other) = (unique_local("r1"), unique_local("r2"));
        assert_ne!(one, other);
        assert!(one.is_unique_local() && one.segments()[4..] == [0; 4]);
    }
}
