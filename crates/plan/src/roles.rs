//! Roles: the words in braces by which a scenario speaks of the gateway under test, so that it runs on any gateway.

use crate::World;
use mail::{Address, Domain};
use std::net::IpAddr;

/// A role, and who or what has it on this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// As it is written: `{alice}`.
    pub written: &'static str,
    /// What stands in its place.
    pub text: String,
    /// Why this gateway has nothing for it; then `text` only lets the file be read.
    pub lack: Option<&'static str>,
}

/// Every role as it is written, and what it means.
pub const ROLES: [(&str, &str); 15] = [
    ("{gateway}", "the domain of its first user"),
    ("{GATEWAY}", "the same in capitals"),
    ("{alice}", "the address of its first user"),
    ("{alice.user}", "the local part of that address"),
    ("{alice.USER}", "the same in capitals"),
    ("{bob}", "the address of another user"),
    ("{bob.user}", "the local part of that address"),
    ("{mx}", "the name of the host that takes its mail"),
    ("{MX}", "the same in capitals"),
    ("{mx.ip}", "the first public address of that host"),
    ("{mx.ptr}", "the name under which the PTR record of that address stands (RFC 1035 §3.5)"),
    ("{authserv-id}", "by what it signs its Authentication-Results (RFC 8601 §2.5)"),
    ("{AUTHSERV-ID}", "the same in capitals"),
    ("{authserv-id.label}", "its first label"),
    ("{authserv-id.rest}", "what is behind that label and its dot"),
];

impl World {
    /// The roles of the gateway under test.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let domain = self.alice.as_ref().map(Address::domain).or_else(|| self.gateway.first());
        let domain = domain.map_or_else(|| "gateway.example".to_owned(), Domain::to_string);
        let user = |user: Option<&Address>, stand_in: &str| {
            let text = user.map_or_else(|| format!("{stand_in}@{domain}"), Address::to_string);
            let local_part = text.rsplit_once('@').map_or("", |(local_part, _)| local_part).to_owned();
            (text, local_part)
        };
        let (alice, alice_user) = user(self.alice.as_ref(), "alice");
        let (bob, bob_user) = user(self.bob.as_ref(), "bob");
        let mx = self.mx.as_ref().map_or_else(|| format!("mx.{domain}"), |(name, _)| name.to_string());
        let ip = self.mx.as_ref().map_or(IpAddr::from([203, 0, 113, 25]), |(_, ip)| *ip);
        let capitals = alice_user.to_ascii_uppercase();
        let no_alice = self.alice.is_none().then_some("it has no user whose mailbox can be read");
        let no_bob = self.bob.is_none().then_some("it has no second user");
        let no_mx = self.mx.is_none().then_some("no host of it takes mail from outside");
        let (label, rest) = self.authserv_id.split_once('.').unwrap_or((&self.authserv_id, ""));
        let no_domain = self.gateway.is_empty().then_some("it takes mail for no domain");
        let told = [
            (domain.clone(), no_domain),
            (domain.to_ascii_uppercase(), no_domain),
            (alice, no_alice),
            (alice_user, no_alice),
            (capitals, no_alice),
            (bob, no_bob),
            (bob_user, no_bob),
            (mx.clone(), no_mx),
            (mx.to_ascii_uppercase(), no_mx),
            (ip.to_string(), no_mx),
            (Domain::reverse(ip).to_string(), no_mx),
            (self.authserv_id.clone(), None),
            (self.authserv_id.to_ascii_uppercase(), None),
            (label.to_owned(), None),
            (rest.to_owned(), None),
        ];
        ROLES.iter().zip(told).map(|((written, _), (text, lack))| Role { written, text, lack }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_what_the_gateway_has() {
        let world = World {
            gateway: vec!["other.example".parse().unwrap(), "club.example".parse().unwrap()],
            alice: Some("Anna.Meier@club.example".parse().unwrap()),
            mx: Some(("mail.club.example".parse().unwrap(), "203.0.113.9".parse().unwrap())),
            authserv_id: "mail.club.example".to_owned(),
            ..World::default()
        };
        let roles = world.roles();
        let text = |written: &str| roles.iter().find(|role| role.written == written).unwrap().text.clone();
        assert_eq!(text("{gateway}"), "club.example", "alice's domain");
        assert_eq!((text("{alice.user}"), text("{alice.USER}")), ("Anna.Meier".to_owned(), "ANNA.MEIER".to_owned()));
        assert_eq!((text("{mx}"), text("{mx.ip}")), ("mail.club.example".to_owned(), "203.0.113.9".to_owned()));
        assert_eq!(text("{mx.ptr}"), "9.113.0.203.in-addr.arpa");
        let lacking: Vec<&str> = roles.iter().filter(|role| role.lack.is_some()).map(|role| role.written).collect();
        assert_eq!(lacking, ["{bob}", "{bob.user}"]);
        assert_eq!(text("{bob}"), "bob@club.example");
    }
}
