//! Who is who: the public address of each host on the pretend Internet, and the private one that its container has.

use std::net::{IpAddr, SocketAddr};

/// Pairs of public and private addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressBook {
    pairs: Vec<(IpAddr, IpAddr)>,
}

impl AddressBook {
    /// Adds a host: what the Internet calls it, and where it is.
    pub fn add(&mut self, public: IpAddr, private: IpAddr) {
        self.pairs.push((public, private));
    }

    /// Container address behind a public one.
    #[must_use]
    pub fn private(&self, public: IpAddr) -> Option<IpAddr> {
        self.pairs.iter().find(|(p, _)| *p == public).map(|(_, private)| *private)
    }

    /// Public address, of the family of `towards`, of the host that has this container address in either family.
    #[must_use]
    pub fn public(&self, private: IpAddr, towards: IpAddr) -> Option<IpAddr> {
        let of_family = |ip: &&IpAddr| ip.is_ipv4() == towards.is_ipv4();
        self.pairs.iter().filter(|(_, p)| *p == private).map(|(public, _)| public).find(of_family).copied()
    }

    /// How a connection that one host opened towards a public address goes on: the source and destination that it
    /// has behind the pretend Internet. `None`: nobody is there.
    #[must_use]
    pub fn passage(&self, from: SocketAddr, to: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
        let private = self.private(to.ip())?;
        let public = self.public(from.ip(), to.ip())?;
        Some((SocketAddr::new(public, from.port()), SocketAddr::new(private, to.port())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> AddressBook {
        let mut book = AddressBook::default();
        for (public, private) in [
            ("192.0.2.25", "172.18.0.3"),
            ("2001:db8:2::25", "fd00:1::3"),
            ("203.0.113.25", "172.18.0.4"),
            ("2001:db8:113::25", "fd00:1::4"),
        ] {
            book.add(public.parse().unwrap(), private.parse().unwrap());
        }
        book
    }

    #[test]
    fn a_passage_keeps_its_address_family() {
        let at = |s: &str| s.parse::<SocketAddr>().unwrap();
        assert_eq!(
            book().passage(at("172.18.0.3:41000"), at("203.0.113.25:25")),
            Some((at("192.0.2.25:41000"), at("172.18.0.4:25")))
        );
        assert_eq!(
            book().passage(at("[fd00:1::3]:41000"), at("[2001:db8:113::25]:25")),
            Some((at("[2001:db8:2::25]:41000"), at("[fd00:1::4]:25")))
        );
    }

    #[test]
    fn nobody_is_at_an_address_that_no_host_has() {
        let at = |s: &str| s.parse::<SocketAddr>().unwrap();
        assert_eq!(book().passage(at("172.18.0.3:41000"), at("8.8.8.8:25")), None);
    }
}
