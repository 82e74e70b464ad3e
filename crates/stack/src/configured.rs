//! The gateway's own lines for what its log says was the matter: read in its directory, as it is for every scenario that changes
//! no settings.

use crate::{
    Stack,
    gateway::{EtcFile, Host},
};
use evidence::{Condition, ConditionKind, Configured};
use explain::Line;
use ipnet::IpNet;
use maillog::Track;
use plan::Daemon;
use std::net::IpAddr;

impl Stack {
    /// What was the matter at the gateway under test and not at a host before it, with the lines of its configuration; and what the
    /// configuration alone says of the client.
    pub(crate) fn at_gateway(&self, logged: Vec<Condition>, track: &Track) -> Vec<Condition> {
        let hosts = &self.gateway().hosts;
        let host_of = |condition: &Condition| {
            let line = condition.line.as_ref()?;
            hosts.iter().find(|host| host.name.as_str() == line.host)
        };
        let own = logged.into_iter().filter_map(|condition| {
            let settings = Settings::of(host_of(&condition)?);
            let setting = condition.setting.and_then(|default| settings.in_force(default));
            Some(Condition { setting, ..condition })
        });
        let mut conditions: Vec<Condition> = own.collect();
        conditions.extend(
            track.client.and_then(|client| hosts.iter().find_map(|host| Settings::of(host).own_network(client))),
        );
        conditions
    }
}

/// The settings of a host's Postfix.
struct Settings {
    main: Vec<Line>,
    /// Those of single services.
    master: Vec<Line>,
}

impl Settings {
    fn of(host: &Host) -> Self {
        let lines = |path: &str| {
            let file = host.etc.iter().find(|file| file.path == path);
            file.map(|EtcFile { contents, .. }| {
                explain::lines(Daemon::Postfix, path, &String::from_utf8_lossy(contents))
            })
        };
        let of = |path: &str| lines(path).unwrap_or_default();
        Self { main: of("/etc/postfix/main.cf"), master: of("/etc/postfix/master.cf") }
    }

    fn line(&self, name: &str) -> Option<&Line> {
        self.main.iter().rfind(|line| line.name == name)
    }

    /// What a setting is; none, if a single service or a single filter may have another one.
    fn in_force(&self, default: Configured) -> Option<Configured> {
        let is_it = |line: &Line| line.parameter() == default.name;
        let of_one_filter =
            |line: &Line| line.value.contains("default_action") && line.parameter().ends_with("_milters");
        if self.master.iter().any(is_it) || self.main.iter().chain(&self.master).any(of_one_filter) {
            return None;
        }
        match self.line(&default.name) {
            None => Some(default),
            Some(line) if line.value.contains('$') => None,
            Some(line) => Some(configured(line)),
        }
    }

    /// That the client is taken for one of the gateway's own, if a network of `mynetworks` says so.
    fn own_network(&self, client: IpAddr) -> Option<Condition> {
        let line = self.line("mynetworks").filter(|line| !line.value.contains('!'))?;
        let all = || self.main.iter().chain(&self.master);
        // without that parameter its default has the word in it
        let is_permitted = self.line("smtpd_relay_restrictions").is_none()
            || all().any(|line| line.value.split([' ', ',']).any(|word| word == "permit_mynetworks"));
        if !is_permitted || self.master.iter().any(|line| line.parameter() == "mynetworks") {
            return None;
        }
        let is_in = |network: &str| {
            let network = network.replace(['[', ']'], "");
            let net = network.parse::<IpNet>().or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
            net.is_ok_and(|net| net.contains(&client))
        };
        line.value.split([' ', ',', '\t']).any(is_in).then(|| Condition {
            kind: ConditionKind::OwnNetwork,
            subject: client.to_string(),
            reason: String::new(),
            line: None,
            setting: Some(configured(line)),
        })
    }
}

/// As it stands in the gateway's directory.
fn configured(line: &Line) -> Configured {
    let at = Some(format!("postfix/main.cf:{}", line.number));
    Configured { name: line.name.clone(), value: line.value.clone(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(main: &str, master: &str) -> Settings {
        let lines = |path: &str, text: &str| explain::lines(Daemon::Postfix, path, text);
        Settings { main: lines("/etc/postfix/main.cf", main), master: lines("/etc/postfix/master.cf", master) }
    }

    fn in_force(main: &str, master: &str) -> Option<String> {
        let (name, value) = ("milter_default_action".to_owned(), "tempfail".to_owned());
        settings(main, master).in_force(Configured { name, value, at: None }).map(|setting| setting.to_string())
    }

    #[test]
    fn the_last_line_is_in_force_and_else_the_default() {
        let twice = "milter_default_action = reject\n\nmilter_default_action = accept\n";
        assert_eq!(in_force(twice, "").unwrap(), "postfix/main.cf:3: milter_default_action = accept");
        assert_eq!(in_force("a = b\n", "").unwrap(), "milter_default_action is not set, and so tempfail");
    }

    #[test]
    fn what_may_be_otherwise_for_one_service_or_filter_is_not_known() {
        let of_service = "smtp inet n - n - - smtpd\n  -o milter_default_action=accept\n";
        let of_filter = "smtpd_milters = { inet:x:1, default_action=accept }\nmilter_default_action = reject\n";
        for (main, master) in [("", of_service), (of_filter, ""), ("milter_default_action = $x\n", "")] {
            assert_eq!(in_force(main, master), None, "{main}{master}");
        }
    }

    #[test]
    fn a_client_is_the_gateways_own_if_a_network_has_it() {
        let own = |networks: &str, client: &str| {
            settings(&format!("mynetworks = {networks}\n"), "").own_network(client.parse().unwrap()).is_some()
        };
        assert!(own("127.0.0.0/8, 198.51.100.0/24", "198.51.100.66"));
        assert!(own("[2001:db8::]/32 192.0.2.1", "2001:db8::1"));
        assert!(own("127.0.0.0/8 192.0.2.1", "192.0.2.1"));
        assert!(!own("127.0.0.0/8 192.0.2.1", "192.0.2.10"));
        assert!(!own("!198.51.100.66 198.51.100.0/24", "198.51.100.66"), "an exception may be his");
        let nobody = "mynetworks = 0.0.0.0/0\nsmtpd_relay_restrictions = reject_unauth_destination\n";
        assert!(
            settings(nobody, "").own_network("192.0.2.1".parse().unwrap()).is_none(),
            "nobody is permitted for that"
        );
        assert!(!own("$mydestination hash:/etc/postfix/networks", "198.51.100.66"));
    }
}
