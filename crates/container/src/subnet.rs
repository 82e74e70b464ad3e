//! Which IPv4 subnet a run's network gets. One that is known before has room for an address that is every container's default route;
//! of one that the engine chooses only the engine knows.

use crate::Addresses;
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};

/// As many are tried before the engine chooses.
const TRIED: usize = 4;

/// The subnets that a run may try, in its own order: `192.168.N.0/24` from the range that Docker takes last by itself, but none to
/// which this machine has a route other than the default one (`routes`: proc(5) net/route).
pub(crate) fn candidates(run: &str, routes: &str) -> Vec<Ipv4Addr> {
    let taken: Vec<(u32, u32)> = routes.lines().skip(1).filter_map(route).filter(|(_, mask)| *mask != 0).collect();
    let is_free = |subnet: &Ipv4Addr| {
        let subnet = u32::from(*subnet);
        taken.iter().all(|(to, mask)| (to ^ subnet) & mask & 0xffff_ff00 != 0)
    };
    let first = Sha256::digest(run)[31] % 128;
    let all = (0..128).map(|n| Ipv4Addr::new(192, 168, 128 + (first + n) % 128, 0));
    all.filter(is_free).take(TRIED).collect()
}

/// Destination and mask of a route. The kernel writes both as it has them, in the byte order of the network.
fn route(line: &str) -> Option<(u32, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok().map(|n| u32::from_be_bytes(n.to_ne_bytes()));
    Some((number(1)?, number(7)?))
}

/// The addresses of these subnets (/24, and /64) that are the way out: the last ones that a host may have, far from those that the
/// engine gives.
pub(crate) fn way_out(v4: Ipv4Addr, v6: Ipv6Addr) -> Addresses {
    Addresses { v4: Ipv4Addr::from(u32::from(v4) | 0xfe), v6: Some(Ipv6Addr::from(u128::from(v6) | 0xfffe)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    fn line(to: [u8; 4], mask: [u8; 4]) -> String {
        let number = |octets: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(octets));
        format!("eth0\t{}\t00000000\t0001\t0\t0\t0\t{}\t0\t0\t0\n", number(to), number(mask))
    }

    #[test]
    fn a_subnet_is_none_that_this_machine_has_a_route_to() {
        let default = line([0, 0, 0, 0], [0, 0, 0, 0]);
        let free = candidates("r1", &format!("{HEAD}{default}"));
        assert_eq!(free.len(), TRIED);
        let first = free[0].octets();
        for (to, mask) in [
            (first, [255, 255, 255, 0]),
            ([192, 168, first[2] & 0xfe, 0], [255, 255, 254, 0]),
            ([192, 168, first[2], 128], [255, 255, 255, 128]),
        ] {
            assert!(!candidates("r1", &format!("{HEAD}{default}{}", line(to, mask))).contains(&free[0]), "{to:?}");
        }
        assert!(candidates("r1", &format!("{HEAD}{}", line([192, 168, 0, 0], [255, 255, 0, 0]))).is_empty());
    }

    #[test]
    fn the_way_out_is_in_the_subnets() {
        let v6 = "fd12:3456:789a:1::".parse().unwrap();
        let out = way_out([192, 168, 200, 0].into(), v6);
        assert_eq!((out.v4, out.v6), ([192, 168, 200, 254].into(), Some("fd12:3456:789a:1::fffe".parse().unwrap())));
    }
}
