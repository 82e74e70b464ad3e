//! The pretend Internet: one container that owns every address there is (ARCHITECTURE.md, "The pretend Internet").
//!
//! This file says, as text, what runs in it; `crate::bring_up` runs it.

mod address_book;

pub use address_book::AddressBook;

use std::net::{Ipv4Addr, SocketAddr};

/// Port on which HAProxy takes the harness's connections, each with a PROXY v2 header.
pub const ENTRANCE: u16 = 7000;

/// Ports that gateways reach at any address; every other port is refused.
const EXITS: [u16; 5] = [25, 465, 587, 80, 443];

/// Kernel settings of the container.
pub const SYSCTLS: [(&str, &str); 2] =
    [("net.ipv6.conf.all.disable_ipv6", "0"), ("net.ipv6.conf.default.disable_ipv6", "0")];

/// Where HAProxy's configuration lies in the container.
pub const HAPROXY: &str = "/etc/haproxy/internet.cfg";

/// Where Unbound's configuration lies in the container.
pub const UNBOUND: &str = "/etc/unbound/internet.conf";

/// AnyIP (in table main, so that the on-link subnet still wins), and no way out; then parked.
pub const PARKED: &str = "ip route del default; ip -6 route del default 2>/dev/null; \
     ip route add local 0.0.0.0/0 dev lo table main && ip -6 route add local ::/0 dev lo table main && \
     exec sleep infinity";

/// Shell commands that put the pretend Internet where every host's default route leads. They are no addresses to speak from.
#[must_use]
pub fn taken(way_out: &container::Addresses) -> String {
    let v4 = format!("ip address add {}/32 dev eth0 || exit; ", way_out.v4);
    match way_out.v6 {
        Some(v6) => format!("{v4}ip -6 address add {v6}/128 dev eth0 nodad preferred_lft 0 || exit; "),
        None => v4,
    }
}

/// What runs in the container: name and command.
pub const SERVICES: [(&str, &[&str]); 2] =
    [("haproxy", &["haproxy", "-db", "-f", HAPROXY]), ("unbound", &["unbound", "-d", "-c", UNBOUND])];

/// Makes the pretend Internet the only way out of a host whose network cannot give it that route, from a container that has joined the host's network namespace.
#[must_use]
pub fn default_route(internet: &container::Addresses) -> String {
    let v4 = format!("ip route replace default via {}", internet.v4);
    match internet.v6 {
        Some(v6) => format!("{v4} && ip -6 route replace default via {v6}"),
        None => v4,
    }
}

/// HAProxy's configuration: world to gateway from any source address; gateway to world by way of the harness.
///
/// `harness` is where the harness takes what gateways send; `bridge` is the host's own address on the network, from
/// which alone the entrance may be used.
#[must_use]
pub fn haproxy(harness: SocketAddr, bridge: Ipv4Addr) -> String {
    let exits = EXITS.map(|port| format!(":::{port}")).join(",");
    format!(
        "global\n  maxconn 4000\ndefaults\n  mode tcp\n  retries 0\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
         frontend world_to_gateway\n  bind :{ENTRANCE} accept-proxy\n  tcp-request connection reject unless {{ src {bridge} }}\n  default_backend gateway\n\
         backend gateway\n  source 0.0.0.0 usesrc clientip\n  server named_by_the_header 0.0.0.0:0\n\
         frontend gateway_to_world\n  bind {exits} v4v6\n  default_backend harness\n\
         backend harness\n  server harness {harness} send-proxy-v2\n"
    )
}

/// Unbound's configuration: validates from the harness's root key and asks the harness for everything.
///
/// `trust_anchor` is a DS record in zone-file form. Nothing built in answers: no AS112 zones, no special names. A reverse name of
/// IPv6 has 34 labels, each with a proof of its own: more than it would check. The harness is near and loses nothing, so on a busy
/// machine it is waited for, not asked again.
#[must_use]
pub fn unbound(dns: SocketAddr, trust_anchor: &str) -> String {
    let (ip, port) = (dns.ip(), dns.port());
    format!(
        r#"server:
  interface: 0.0.0.0
  interface: ::0
  interface-automatic: yes
  ip-transparent: yes
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: "validator iterator"
  trust-anchor: "{trust_anchor}"
  unblock-lan-zones: yes
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  local-zone: "localhost." nodefault
  do-not-query-localhost: no
  qname-minimisation: no
  aggressive-nsec: no
  harden-below-nxdomain: no
  serve-expired: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  key-cache-size: 0
  key-cache-slabs: 1
  val-bogus-ttl: 0
  val-validation-attempts: 1000
  infra-host-ttl: 1
  infra-keep-probing: yes
  infra-cache-min-rtt: 2000
  unknown-server-time-limit: 2000
  discard-timeout: 60000
  num-queries-per-thread: 4096
  outgoing-range: 8192
  rrset-roundrobin: no
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {ip}@{port}
  forward-no-cache: yes
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_may_use_the_entrance() {
        let text = haproxy("172.18.0.1:4711".parse().unwrap(), Ipv4Addr::new(172, 18, 0, 1));
        assert!(text.contains("reject unless { src 172.18.0.1 }"));
        assert!(text.contains("server harness 172.18.0.1:4711 send-proxy-v2"));
    }

    #[test]
    fn the_resolver_knows_our_root_alone() {
        let text = unbound("172.18.0.1:5353".parse().unwrap(), ". 0 IN DS 1 13 2 AB");
        assert_eq!(text.matches("trust-anchor:").count(), 1);
        assert!(text.contains("forward-addr: 172.18.0.1@5353"));
    }
}
