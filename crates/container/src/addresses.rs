//! Addresses and published ports, as the engine tells them.

use crate::bollard::models::{ContainerInspectResponse, EndpointSettings, Ipam, PortMap};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

/// A container's addresses on its run's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// IPv4.
    pub v4: Ipv4Addr,
    /// IPv6, if the engine's network has it.
    pub v6: Option<Ipv6Addr>,
}

impl Addresses {
    /// Those of the first network that has any.
    pub(crate) fn of(container: &ContainerInspectResponse) -> Option<Self> {
        let networks = container.network_settings.as_ref()?.networks.as_ref()?;
        networks.values().find_map(|on| {
            Some(Self { v4: read(on, |on| &on.ip_address)?, v6: read(on, |on| &on.global_ipv6_address) })
        })
    }
}

/// Where each published TCP port of a container is to be reached on this machine.
pub(crate) fn published(container: &ContainerInspectResponse) -> BTreeMap<u16, SocketAddr> {
    let ports = container.network_settings.as_ref().and_then(|settings| settings.ports.as_ref());
    ports.map(read_ports).unwrap_or_default()
}

/// The machine's own address on a network.
pub(crate) fn gateway(ipam: Option<&Ipam>) -> Option<Ipv4Addr> {
    let configs = ipam?.config.as_ref()?;
    // with a prefix length on some engines
    configs.iter().find_map(|config| config.gateway.as_deref()?.split('/').next()?.parse().ok())
}

fn read<T: FromStr>(on: &EndpointSettings, field: impl Fn(&EndpointSettings) -> &Option<String>) -> Option<T> {
    field(on).as_deref()?.parse().ok()
}

fn read_ports(ports: &PortMap) -> BTreeMap<u16, SocketAddr> {
    let one = |(port, bindings): (&String, &Option<Vec<_>>)| {
        let port = port.strip_suffix("/tcp")?.parse().ok()?;
        let address = bindings.as_ref()?.iter().find_map(|binding: &crate::bollard::models::PortBinding| {
            Some(SocketAddr::new(
                binding.host_ip.as_deref()?.parse().ok()?,
                binding.host_port.as_deref()?.parse().ok()?,
            ))
        });
        Some((port, address?))
    };
    ports.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bollard::models::{IpamConfig, NetworkSettings, PortBinding};
    use std::collections::HashMap;

    fn inspected(v4: &str, v6: &str) -> ContainerInspectResponse {
        let text = |text: &str| Some(text.to_owned());
        let on = EndpointSettings { ip_address: text(v4), global_ipv6_address: text(v6), ..Default::default() };
        let bound = PortBinding { host_ip: text("127.0.0.1"), host_port: text("49153") };
        let ports = HashMap::from([("7000/tcp".to_owned(), Some(vec![bound])), ("53/udp".to_owned(), None)]);
        let networks = Some(HashMap::from([("n".to_owned(), on)]));
        let settings = NetworkSettings { networks, ports: Some(ports), ..Default::default() };
        ContainerInspectResponse { network_settings: Some(settings), ..Default::default() }
    }

    #[test]
    fn both_families_or_one() {
        let both = Addresses { v4: Ipv4Addr::new(172, 18, 0, 2), v6: Some("fd00::2".parse().unwrap()) };
        assert_eq!(Addresses::of(&inspected("172.18.0.2", "fd00::2")), Some(both));
        assert_eq!(Addresses::of(&inspected("172.18.0.2", "")), Some(Addresses { v6: None, ..both }));
        assert_eq!(Addresses::of(&inspected("", "")), None);
    }

    #[test]
    fn published_ports_and_the_bridge() {
        assert_eq!(published(&inspected("", "")), BTreeMap::from([(7000, "127.0.0.1:49153".parse().unwrap())]));
        let config = |gateway: &str| IpamConfig { gateway: Some(gateway.to_owned()), ..Default::default() };
        let ipam = Ipam { config: Some(vec![config("fd00::1"), config("172.18.0.1")]), ..Default::default() };
        assert_eq!(gateway(Some(&ipam)), Some(Ipv4Addr::new(172, 18, 0, 1)));
        assert_eq!(gateway(None), None);
    }
}
