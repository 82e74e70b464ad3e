//! Which daemons run on a host, and how each is started, is known to be ready, and finds its directories.

use crate::{
    Tree,
    draft::{Draft, Machine, Notes, Ready, Service},
    sockets::{Socket, asked, keyed, variables},
    tables::quoted,
    tree::Kind,
};

/// Where the pretend Internet's resolver is found; every address is its own.
const RESOLVER: &str = "203.0.113.53";

/// Adds what runs on a host: services, and the commands that prepare for them.
pub(crate) fn add(machine: &Machine, draft: &mut Draft, notes: &mut Notes) {
    let asked = asked(machine);
    let mut host = Daemons { machine, asked: &asked, taken: Vec::new(), draft, notes };
    host.opendkim();
    host.opendmarc();
    host.rspamd();
    host.redis();
    host.mariadb();
    host.spamassassin();
    host.postgrey();
    host.amavis();
    host.mta_sts();
    host.saslauthd();
    host.postfix();
    host.dovecot();
    host.others();
}

/// The daemons of a host, while they are looked for.
struct Daemons<'a> {
    machine: &'a Machine,
    /// Where Postfix looks for filters.
    asked: &'a [(String, Socket)],
    /// Where the daemons that were found listen.
    taken: Vec<Socket>,
    draft: &'a mut Draft,
    notes: &'a mut Notes,
}

impl<'a> Daemons<'a> {
    fn tree(&self) -> &'a Tree {
        &self.machine.tree
    }

    fn setup(&mut self, command: impl Into<String>) {
        self.draft.setup.push(command.into());
    }

    fn run(&mut self, name: &str, command: &[&str], ready: Ready) {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.draft.services.push(Service { name: name.to_owned(), command, ready, ports: Vec::new() });
    }

    /// Whether one of these units is started with the system: by systemd, by a run level, or by supervisord. Where an archive says
    /// nothing about any unit, what is there is taken to run.
    fn is_enabled(&self, units: &[&str]) -> bool {
        let all = |path| self.tree().below(path).map(|(path, _)| path);
        let ends_with = |path: &str, unit: &str| path.ends_with(&format!(".wants/{unit}.service"));
        let mut wanted = all("etc/systemd/system").filter(|path| path.contains(".wants/")).peekable();
        let is_masked = |unit: &str| {
            let entry = self.tree().entry(&format!("etc/systemd/system/{unit}.service"));
            matches!(entry.map(|entry| &entry.kind), Some(Kind::Link(target)) if target == "/dev/null")
        };
        if units.iter().any(|unit| is_masked(unit)) {
            return false;
        }
        let is_supervised = self.tree().below("etc/supervisor").any(|(path, _)| {
            let text = self.tree().text(path).unwrap_or_default();
            units.iter().any(|unit| text.contains(&format!("[program:{unit}]")))
        });
        let is_of_a_level = || {
            let links = all("etc/rc2.d").filter_map(|path| path.rsplit('/').next()?.strip_prefix('S'));
            links.filter_map(|name| name.get(2..)).any(|name| units.contains(&name))
        };
        wanted.peek().is_none()
            || is_supervised
            || wanted.any(|path| units.iter().any(|unit| ends_with(path, unit)))
            || is_of_a_level()
    }

    /// Whether a daemon is there: its configuration lies there, a package may be installed, and it is started.
    fn has(&self, path: &str, packages: &[&str], units: &[&str]) -> bool {
        self.tree().has(path) && self.machine.may_have(packages) && self.is_enabled(units)
    }

    /// Whether Postfix asks what listens here: that a filter is installed does not make it one.
    fn is_asked(&self, socket: &Socket) -> bool {
        let queue = self.machine.queue();
        self.asked.iter().any(|(_, asked)| socket.is_found_at(asked, &queue))
    }

    /// The last command that drop-ins of a unit, or an own unit, start.
    fn exec_start(&self, unit: &str) -> Option<String> {
        let own = format!("etc/systemd/system/{unit}.service");
        let below = format!("{own}.d");
        let files = std::iter::once(own.as_str()).chain(self.machine.tree.below(&below).map(|(path, _)| path));
        let lines = files.filter_map(|path| self.machine.tree.text(path)).flat_map(str::lines);
        let commands = lines.filter_map(|line| line.trim().strip_prefix("ExecStart="));
        commands.filter(|line| !line.is_empty()).last().map(str::to_owned)
    }

    /// A milter of the two that Debian starts alike: `opendkim` and `opendmarc`.
    fn milter(&mut self, name: &str) -> bool {
        let conf = format!("etc/{name}.conf");
        if !self.has(&conf, &[name], &[name]) {
            return false;
        }
        self.draft.packages.insert(name.to_owned());
        let queue = self.machine.queue();
        let text = self.tree().text(&conf).unwrap_or_default();
        let default = variables(self.tree().text(&format!("etc/default/{name}")).unwrap_or_default());
        let configured = keyed(text, "Socket").and_then(|socket| Socket::of_milter(&socket));
        let dropped = self.exec_start(name).and_then(|command| {
            let (_, behind) = command.split_once(" -p ")?;
            Socket::of_milter(behind.split_whitespace().next()?)
        });
        let initial = default.get("SOCKET").and_then(|socket| Socket::of_milter(socket));
        let is_asked = |socket: &Socket| self.asked.iter().any(|(_, asked)| socket.is_found_at(asked, &queue));
        // systemd starts it as its drop-in says, else as its own file says; /etc/default counts for the old start script alone
        let in_force = dropped.clone().or_else(|| configured.clone()).or_else(|| initial.clone());
        let mut socket = in_force.clone();
        if !in_force.as_ref().is_some_and(is_asked) {
            let near = self
                .asked
                .iter()
                .map(|(_, asked)| asked)
                .find(|asked| matches!(asked, Socket::Unix(path) if path.contains(name)));
            let near = near.map(|asked| match asked {
                // seen from the chroot
                Socket::Unix(path)
                    if !path.starts_with(&queue) && !path.starts_with("/run") && !path.starts_with("/var") =>
                {
                    Socket::Unix(format!("{queue}{path}"))
                }
                other => other.clone(),
            });
            socket = initial.filter(is_asked).or(near).or(in_force.clone());
            if let (Some(socket), false) = (&socket, socket == in_force) {
                let own = in_force.as_ref().map_or_else(|| "nowhere".to_owned(), Socket::milter);
                self.notes.ask(
                    format!(
                        "{conf} has {name} listen at {own}, Postfix looks for it at {}. It is started with the latter (`-p`); \
                         if the server starts it otherwise, change its command.",
                        socket.milter()
                    ),
                    &[],
                );
            }
        }
        let Some(socket) = socket else {
            self.notes.ask(format!("{conf} says nowhere where {name} listens: it is not started."), &[]);
            return false;
        };
        let user = keyed(text, "UserID").and_then(|user| user.split(':').next().map(str::to_owned));
        let user = user.filter(|user| crate::tree::is_account(user)).unwrap_or_else(|| name.to_owned());
        self.setup(format!("install -d -o {user} -g {name} -m 0750 /run/{name}"));
        if let Socket::Unix(path) = &socket {
            self.directory(path, &user, name);
        }
        let words = socket.milter();
        let is_configured = configured.as_ref() == Some(&socket);
        let command: Vec<&str> = if is_configured { vec![name, "-f"] } else { vec![name, "-f", "-p", &words] };
        self.run(name, &command, socket.ready());
        self.taken.push(socket);
        true
    }

    /// The directory of a socket: as tmpfiles.d makes it; else so that its owner writes there and Postfix reaches it.
    fn directory(&mut self, socket: &str, user: &str, group: &str) {
        let Some((directory, _)) = socket.rsplit_once('/') else { return };
        let is_made = self.tree().below("etc/tmpfiles.d").any(|(path, _)| {
            let lines = self.tree().text(path).unwrap_or_default().lines();
            lines.map(|line| line.split_whitespace().nth(1)).any(|path| path == Some(directory))
        });
        if is_made || matches!(directory, "" | "/run" | "/tmp") {
            return;
        }
        let members = self
            .tree()
            .text("etc/group")
            .unwrap_or_default()
            .lines()
            .find(|line| line.starts_with(&format!("{group}:")));
        let is_member =
            members.is_some_and(|line| line.rsplit(':').next().is_some_and(|m| m.split(',').any(|m| m == "postfix")));
        if is_member && directory == format!("/run/{group}") {
            return;
        }
        let (group, mode) = if is_member { (group, "0750") } else { ("postfix", "2750") };
        self.setup(format!("install -d -o {user} -g {group} -m {mode} {}", quoted(directory)));
    }

    fn opendkim(&mut self) {
        if self.milter("opendkim") {
            // it would begin at the root servers of the real Internet, and trust their key
            self.setup(format!(
                "sed -Ei '/^\\s*(TrustAnchorFile|Nameservers|ResolverConfiguration)\\s/d' /etc/opendkim.conf; \
                 echo 'Nameservers {RESOLVER}' >> /etc/opendkim.conf"
            ));
        }
    }

    fn opendmarc(&mut self) {
        if self.milter("opendmarc") {
            self.draft.packages.insert("publicsuffix".to_owned());
            self.setup(
                "if ! grep -qx example /usr/share/publicsuffix/public_suffix_list.dat; \
                 then echo example >> /usr/share/publicsuffix/public_suffix_list.dat; fi",
            );
        }
    }

    fn rspamd(&mut self) {
        if !self.has("etc/rspamd", &["rspamd"], &["rspamd"]) {
            return;
        }
        self.draft.packages.insert("rspamd".to_owned());
        let own = ["etc/rspamd/local.d/worker-proxy.inc", "etc/rspamd/override.d/worker-proxy.inc"];
        let text = own.iter().filter_map(|path| self.tree().text(path)).collect::<String>();
        let bound = keyed(&text, "bind_socket").map(|value| value.trim_matches([';', '"', '\'', ' ']).to_owned());
        let place = bound.as_deref().and_then(|value| value.split_whitespace().next()).unwrap_or("localhost:11332");
        let socket = match place.rsplit_once(':').and_then(|(_, port)| port.parse().ok()) {
            Some(port) => Socket::Inet(port),
            None if place.starts_with('/') => Socket::Unix(place.to_owned()),
            None => Socket::Inet(11332),
        };
        self.setup("install -d -o _rspamd -g _rspamd -m 0750 /run/rspamd /var/lib/rspamd /var/log/rspamd");
        if let Socket::Unix(path) = &socket {
            self.directory(path, "_rspamd", "_rspamd");
        }
        self.run("rspamd", &["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd"], socket.ready());
        self.taken.push(socket);
        // its other workers, which Postfix asks by HTTP or not at all
        self.taken.extend([11333, 11334].map(Socket::Inet));
    }

    fn redis(&mut self) {
        if !self.has("etc/redis/redis.conf", &["redis-server", "redis"], &["redis-server", "redis"]) {
            return;
        }
        self.draft.packages.insert("redis-server".to_owned());
        let text = self.tree().text("etc/redis/redis.conf").unwrap_or_default();
        let port = keyed(text, "port").and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        let socket = keyed(text, "unixsocket").map(Ready::Socket);
        let ready = port.map(Ready::Listening).or(socket).unwrap_or(Ready::Listening(6379));
        self.setup("install -d -o redis -g redis -m 0750 /run/redis /var/lib/redis /var/log/redis");
        let as_user = ["setpriv", "--reuid=redis", "--regid=redis", "--init-groups"];
        let program = [
            "redis-server",
            "/etc/redis/redis.conf",
            "--daemonize",
            "no",
            "--supervised",
            "no",
            "--logfile",
            "",
            "--save",
            "",
        ];
        self.run("redis", &[&as_user[..], &program[..]].concat(), ready);
    }

    fn mariadb(&mut self) {
        if !self.has(
            "etc/mysql",
            &["mariadb-server", "default-mysql-server", "mysql-server"],
            &["mariadb", "mysql", "mariadbd"],
        ) {
            return;
        }
        if self.machine.selections.is_none() && !self.tree().has("etc/mysql/mariadb.conf.d/50-server.cnf") {
            return;
        }
        mariadb(self.draft);
    }

    fn spamassassin(&mut self) {
        if self.has("etc/spamassassin", &["spamd", "spamassassin"], &["spamd", "spamassassin"])
            && (self.tree().has("etc/default/spamd") || self.tree().has("etc/default/spamassassin"))
        {
            let package = if self.tree().has("etc/default/spamd") { "spamd" } else { "spamassassin" };
            self.draft.packages.insert(package.to_owned());
            let default = variables(self.tree().text(&format!("etc/default/{package}")).unwrap_or_default());
            let options = default.get("OPTIONS").cloned().unwrap_or_default();
            let socket =
                options.split_once("--socketpath=").map(|(_, path)| path.split_whitespace().next().unwrap_or_default());
            let ready = socket.map_or(Ready::Listening(783), |path| Ready::Socket(path.to_owned()));
            let words: Vec<&str> =
                options.split_whitespace().filter(|word| !matches!(*word, "-d" | "--daemonize")).collect();
            self.run("spamd", &[&["spamd"], words.as_slice()].concat(), ready);
            self.taken.push(Socket::Inet(783));
        }
        if self.has("etc/default/spamass-milter", &["spamass-milter"], &["spamass-milter"]) {
            self.draft.packages.insert("spamass-milter".to_owned());
            let default = variables(self.tree().text("etc/default/spamass-milter").unwrap_or_default());
            let path =
                default.get("SOCKET").cloned().unwrap_or_else(|| "/var/spool/postfix/spamass/spamass.sock".to_owned());
            let options = default.get("OPTIONS").cloned().unwrap_or_default();
            self.directory(&path, "spamass-milter", "spamass-milter");
            let as_user = [
                "setpriv",
                "--reuid=spamass-milter",
                "--regid=postfix",
                "--init-groups",
                "spamass-milter",
                "-p",
                &path,
            ];
            let words: Vec<&str> = options.split_whitespace().filter(|word| *word != "-f").collect();
            self.run("spamass-milter", &[&as_user[..], words.as_slice()].concat(), Ready::Socket(path.clone()));
            self.taken.push(Socket::Unix(path));
        }
    }

    fn postgrey(&mut self) {
        if !self.has("etc/default/postgrey", &["postgrey"], &["postgrey"]) {
            return;
        }
        let default = variables(self.tree().text("etc/default/postgrey").unwrap_or_default());
        let options = default.get("POSTGREY_OPTS").cloned().unwrap_or_else(|| "--inet=10023".to_owned());
        let port = options
            .split_once("--inet=")
            .and_then(|(_, port)| port.split_whitespace().next()?.rsplit(':').next()?.parse().ok());
        let path = options.split_once("--unix=").and_then(|(_, path)| path.split_whitespace().next());
        let socket = path.map_or(Socket::Inet(port.unwrap_or(10023)), |path| Socket::Unix(path.to_owned()));
        if !self.is_asked(&socket) {
            return;
        }
        self.draft.packages.insert("postgrey".to_owned());
        let words: Vec<&str> = options.split_whitespace().collect();
        self.notes.ask(
            "postgrey puts everybody off who comes for the first time; clients of scenarios do not come again, unless this says when.",
            &["retry = 301".to_owned()],
        );
        self.run("postgrey", &[&["postgrey"], words.as_slice()].concat(), socket.ready());
        self.taken.push(socket);
    }

    fn amavis(&mut self) {
        if !self.has("etc/amavis", &["amavisd-new"], &["amavis", "amavisd", "amavisd-new"]) {
            return;
        }
        self.draft.packages.insert("amavisd-new".to_owned());
        self.run(
            "amavis",
            &["sh", "-c", "exec $(command -v amavisd || command -v amavisd-new) foreground"],
            Ready::Listening(10024),
        );
        self.taken.push(Socket::Inet(10024));
    }

    fn mta_sts(&mut self) {
        let conf = "etc/mta-sts-daemon.yml";
        let is_asked = self.asked.iter().any(|(name, _)| name == "smtp_tls_policy_maps");
        if !self.has(conf, &["postfix-mta-sts-resolver"], &["postfix-mta-sts-resolver"]) || !is_asked {
            return;
        }
        self.draft.packages.insert("postfix-mta-sts-resolver".to_owned());
        let text = self.tree().text(conf).unwrap_or_default();
        let value = |key: &str| {
            let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            Some(line.trim().trim_matches(['"', '\'']).to_owned())
        };
        let socket = match value("path") {
            Some(path) => Socket::Unix(path),
            None => Socket::Inet(value("port").and_then(|port| port.parse().ok()).unwrap_or(8461)),
        };
        if let Socket::Unix(path) = &socket
            && let Some((directory, _)) = path.rsplit_once('/')
        {
            self.setup(format!("install -d -o _mta-sts -g postfix -m 0750 {}", quoted(directory)));
        }
        let command = ["setpriv", "--reuid=_mta-sts", "--regid=postfix", "--clear-groups", "mta-sts-daemon"];
        self.run("mta-sts-daemon", &command, socket.ready());
        self.taken.push(socket);
    }

    fn saslauthd(&mut self) {
        if !self.has("etc/default/saslauthd", &["sasl2-bin"], &["saslauthd"]) {
            return;
        }
        let default = variables(self.tree().text("etc/default/saslauthd").unwrap_or_default());
        if default.get("START").is_some_and(|start| start != "yes") {
            return;
        }
        self.draft.packages.insert("sasl2-bin".to_owned());
        let mechanisms = default.get("MECHANISMS").cloned().unwrap_or_else(|| "pam".to_owned());
        let options = default.get("OPTIONS").cloned().unwrap_or_default();
        let directory =
            options.split_once("-m ").and_then(|(_, path)| path.split_whitespace().next()).unwrap_or("/run/saslauthd");
        self.setup(format!("install -d -o root -g sasl -m 0710 {}", quoted(directory)));
        let ready = Ready::Socket(format!("{directory}/mux"));
        self.run("saslauthd", &["saslauthd", "-d", "-a", &mechanisms, "-m", directory], ready);
    }

    fn postfix(&mut self) {
        let Some(postfix) = &self.machine.postfix else { return };
        let mut ports: Vec<u16> = Vec::new();
        let mut is_chat = Vec::new();
        for service in postfix.services.iter().filter(|service| service.kind == "inet") {
            let (address, port) = service.name.rsplit_once(':').unwrap_or(("", &service.name));
            let address = address.trim_matches(['[', ']']);
            if address.starts_with("127.") || matches!(address, "localhost" | "::1") {
                self.taken.extend(port_of(port).map(Socket::Inet));
                continue;
            }
            let Some(port) = port_of(port).filter(|port| !ports.contains(port)) else { continue };
            ports.push(port);
            let program = service.command.split_whitespace().next().unwrap_or_default();
            if matches!(program, "smtpd" | "postscreen") && !service.command.contains("wrappermode=yes") {
                is_chat.push(port);
            }
        }
        let first = if is_chat.contains(&25) { Some(25) } else { is_chat.first().copied() };
        let Some(first) = first else {
            self.notes.ask("master.cf has no smtpd that others reach: Postfix is not started.", &[]);
            return;
        };
        ports.retain(|port| *port != first);
        self.draft.packages.insert("postfix".to_owned());
        let command = ["postfix", "start-fg"].map(str::to_owned).to_vec();
        self.draft.services.push(Service { name: "postfix".to_owned(), command, ready: Ready::Smtp(first), ports });
    }

    fn dovecot(&mut self) {
        let Some(dovecot) = &self.machine.dovecot else { return };
        if !self.is_enabled(&["dovecot"]) {
            return;
        }
        let mut ports = dovecot.ports();
        let first =
            [993, 143, 995, 110, 4190].into_iter().find(|port| ports.contains(port)).or_else(|| ports.first().copied());
        ports.retain(|port| Some(*port) != first);
        let ready = first.map_or_else(|| Ready::Socket("/run/dovecot/master".to_owned()), Ready::Listening);
        let command = ["dovecot", "-F"].map(str::to_owned).to_vec();
        let inner =
            dovecot.blocks("inet_listener").into_iter().filter_map(|(_, listener)| listener.get("port")?.parse().ok());
        self.taken.extend(inner.map(Socket::Inet));
        let listeners = dovecot.blocks("unix_listener").into_iter();
        self.taken.extend(
            listeners.filter_map(|(head, _)| head.rsplit_once(' ').map(|(_, path)| Socket::Unix(path.to_owned()))),
        );
        self.draft.services.push(Service { name: "dovecot".to_owned(), command, ready, ports });
    }

    /// What Postfix asks and nobody answers, and units of the server's own.
    fn others(&mut self) {
        let queue = self.machine.queue();
        let spawned: Vec<String> = self
            .machine
            .postfix
            .iter()
            .flat_map(|postfix| &postfix.services)
            .map(|service| service.name.clone())
            .collect();
        for (parameter, socket) in self.asked {
            let is_spawned =
                matches!(socket, Socket::Unix(path) if spawned.iter().any(|name| path.ends_with(&format!("/{name}"))));
            if is_spawned || self.taken.iter().any(|own| own.is_found_at(socket, &queue)) {
                continue;
            }
            let place = match socket {
                // other hosts of the same gateway are looked for by name
                Socket::Remote(place) => format!("{place}, which is another host"),
                other => other.milter(),
            };
            self.notes.ask(
                format!("{parameter} in main.cf asks a program at {place}; nothing that is known here listens there."),
                &[
                    "[[host.service]]".to_owned(),
                    "name    = \"…\"".to_owned(),
                    "command = [\"…\"]".to_owned(),
                    match socket.ready() {
                        Ready::Socket(path) => format!("ready   = {{ socket = \"{path}\" }}"),
                        Ready::Listening(port) | Ready::Smtp(port) => format!("ready   = {{ listening = {port} }}"),
                    },
                ],
            );
        }
        let known =
            ["opendkim", "opendmarc", "postfix", "dovecot", "rspamd", "redis", "redis-server", "mariadb", "mysql"];
        let units: Vec<String> = self
            .machine
            .tree
            .below("etc/systemd/system")
            .filter_map(|(path, entry)| {
                let name = path.strip_prefix("etc/systemd/system/")?.strip_suffix(".service")?;
                let is_own = matches!(entry.kind, Kind::File(_)) && !name.contains('/') && !known.contains(&name);
                (is_own && self.is_enabled(&[name])).then(|| name.to_owned())
            })
            .collect();
        for name in units {
            let command = self.exec_start(&name).unwrap_or_default();
            self.notes.ask(
                format!("The server has a unit of its own, {name}.service, which starts `{command}`. It is not started here, since its program is not in /etc."),
                &[],
            );
        }
    }
}

/// MariaDB, once.
pub(crate) fn mariadb(draft: &mut Draft) {
    if draft.services.iter().any(|service| service.name == "mariadb") {
        return;
    }
    draft.packages.insert("mariadb-server".to_owned());
    draft.setup.push("install -d -o mysql -g mysql -m 0755 /run/mysqld /var/log/mysql".to_owned());
    let command = ["mariadbd", "--user=mysql"].map(str::to_owned).to_vec();
    let ready = Ready::Socket("/run/mysqld/mysqld.sock".to_owned());
    draft.services.push(Service { name: "mariadb".to_owned(), command, ready, ports: Vec::new() });
}

/// The number of a port, or of the services that mail has (services(5)).
fn port_of(word: &str) -> Option<u16> {
    match word {
        "smtp" | "mail" => Some(25),
        "submission" | "msa" => Some(587),
        "smtps" | "submissions" | "urd" | "ssmtp" => Some(465),
        "lmtp" => Some(24),
        "qmtp" => Some(209),
        "qmqp" => Some(628),
        other => other.parse().ok(),
    }
}
