//! Where filters listen: in the words of milters, of Postfix, and of files in /etc/default.

use crate::draft::{Machine, Ready};
use std::collections::BTreeMap;

/// Where a program listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Socket {
    /// At a path on the host.
    Unix(String),
    /// At a TCP port of the host itself.
    Inet(u16),
    /// Somewhere else.
    Remote(String),
}

impl Socket {
    /// As libmilter writes it: `local:/path`, `unix:/path`, `inet:8891@localhost`, a path alone.
    pub(crate) fn of_milter(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches(['"', '\'']);
        if let Some(path) = text.strip_prefix("local:").or_else(|| text.strip_prefix("unix:")) {
            return Some(Self::Unix(path.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("inet:").or_else(|| text.strip_prefix("inet6:")) {
            return rest.split('@').next()?.parse().ok().map(Self::Inet);
        }
        text.starts_with('/').then(|| Self::Unix(text.to_owned()))
    }

    /// As Postfix writes it: `unix:path` in the queue directory, `inet:localhost:8891`.
    fn of_postfix(text: &str, queue: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:").or_else(|| text.strip_prefix("local:")) {
            let is_whole = path.starts_with('/');
            return Some(Self::Unix(if is_whole { path.to_owned() } else { format!("{queue}/{path}") }));
        }
        let (host, port) = text.strip_prefix("inet:")?.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']);
        if !(host.starts_with("127.") || matches!(host, "localhost" | "::1" | "localhost.localdomain" | "")) {
            return Some(Self::Remote(format!("{host}:{port}")));
        }
        port.parse().ok().map(Self::Inet)
    }

    /// Whether a program that listens here is found by Postfix there, which may be in its chroot.
    pub(crate) fn is_found_at(&self, asked: &Self, queue: &str) -> bool {
        match (self, asked) {
            (Self::Unix(own), Self::Unix(asked)) => own == asked || own.strip_prefix(queue) == Some(asked),
            _ => self == asked,
        }
    }

    /// As libmilter takes it.
    pub(crate) fn milter(&self) -> String {
        match self {
            Self::Unix(path) => format!("local:{path}"),
            Self::Inet(port) => format!("inet:{port}@localhost"),
            Self::Remote(place) => format!("inet:{place}"),
        }
    }

    /// When somebody listens there.
    pub(crate) fn ready(&self) -> Ready {
        match self {
            Self::Unix(path) => Ready::Socket(path.clone()),
            Self::Inet(port) => Ready::Listening(*port),
            Self::Remote(_) => Ready::Listening(0),
        }
    }
}

/// What Postfix asks while it takes mail, with the parameter that says so: milters, policy services, filters, maps of other programs.
pub(crate) fn asked(machine: &Machine) -> Vec<(String, Socket)> {
    let queue = machine.queue();
    let mut found: Vec<(String, Socket)> = Vec::new();
    for (parameter, value) in machine.postfix.iter().flat_map(|postfix| postfix.values()) {
        let name = parameter.rsplit('/').next().unwrap_or_default().to_owned();
        let words: Vec<&str> = value.split([' ', ',', '\t', '{', '}']).filter(|word| !word.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            let is_policy = at > 0 && words[at - 1] == "check_policy_service";
            let socket = match () {
                () if name.ends_with("_milters") || is_policy => Socket::of_postfix(word, &queue),
                () if name == "content_filter" => {
                    word.split_once(':').and_then(|(_, place)| Socket::of_postfix(&format!("inet:{place}"), &queue))
                }
                () if word.starts_with("socketmap:") => {
                    let place = word["socketmap:".len()..].rsplit_once(':').map(|(place, _)| place);
                    place.and_then(|place| Socket::of_postfix(place, &queue))
                }
                () if word.starts_with("tcp:") => Socket::of_postfix(&word.replacen("tcp:", "inet:", 1), &queue),
                () if name == "smtp_tlsrpt_socket_name" => Some(Socket::Unix((*word).to_owned())),
                () => None,
            };
            found.extend(socket.map(|socket| (name.clone(), socket)));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    found
}

/// Variables of a shell file, such as those in /etc/default; `$NAME` and `${NAME}` in them are replaced.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.strip_prefix("export ").unwrap_or(line).split_once('=') else { continue };
        let mut value = value.trim().trim_matches(['"', '\'']).to_owned();
        for (own, known) in found.iter().rev() {
            value = value.replace(&format!("${{{own}}}"), known).replace(&format!("${own}"), known);
        }
        found.insert(name.trim().to_owned(), value);
    }
    found
}

/// The value of a key in a file of `Key value` lines; the last one counts.
pub(crate) fn keyed(text: &str, key: &str) -> Option<String> {
    let value = |line: &str| {
        let (own, value) = line.trim().split_once([' ', '\t', '='])?;
        let value = value.trim().trim_start_matches('=').trim();
        own.eq_ignore_ascii_case(key).then(|| value.split(" #").next().unwrap_or(value).trim().to_owned())
    };
    text.lines().filter_map(value).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_found_where_it_listens() {
        let queue = "/var/spool/postfix";
        let own = Socket::of_milter("local:/var/spool/postfix/opendkim/opendkim.sock").unwrap();
        for (asked, is_found) in [
            ("unix:opendkim/opendkim.sock", true),
            ("local:/opendkim/opendkim.sock", true),
            ("unix:/var/spool/postfix/opendkim/opendkim.sock", true),
            ("unix:/run/opendkim/opendkim.sock", false),
            ("inet:localhost:8891", false),
        ] {
            assert_eq!(own.is_found_at(&Socket::of_postfix(asked, queue).unwrap(), queue), is_found, "{asked}");
        }
        let inet = Socket::of_milter("inet:8891@127.0.0.1").unwrap();
        assert!(inet.is_found_at(&Socket::of_postfix("inet:[::1]:8891", queue).unwrap(), queue));
        assert_eq!(
            Socket::of_postfix("inet:filter.club.example:8891", queue),
            Some(Socket::Remote("filter.club.example:8891".into()))
        );
    }

    #[test]
    fn files_of_default_are_read() {
        let found = variables("RUNDIR=/run/opendkim\n# SOCKET=x\nSOCKET=\"local:$RUNDIR/o.sock\"\n");
        assert_eq!(found["SOCKET"], "local:/run/opendkim/o.sock");
        assert_eq!(keyed("Socket\tlocal:/a\n#Socket x\nUserID  opendkim # x\n", "socket").unwrap(), "local:/a");
        assert_eq!(keyed("UserID  opendkim # x\n", "UserID").unwrap(), "opendkim");
    }
}
