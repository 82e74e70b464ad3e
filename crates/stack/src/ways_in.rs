//! How a person gets into a stack that is held: lines that work when they are pasted.

use crate::{Stack, StackError, host::SYSLOG, transact::USER};
use container::Container;
use std::{fmt::Write, net::SocketAddr};

impl Stack {
    /// Commands for looking around by hand, one a line.
    #[must_use]
    pub fn ways_in(&self) -> String {
        let mut text = format!("run {}: the stack is up\n\n", self.run.id);
        let engine = self.internet.container.engine();
        let program = engine.program();
        for host in self.hosts() {
            line(&mut text, &format!("{program} exec -it {} bash", host.container.name()), host.name());
        }
        let from = self.hosts().last().unwrap_or_else(|| unreachable!("a stack has hosts"));
        for host in self.hosts() {
            for port in host.plan.ports() {
                let starttls = match port {
                    25 | 587 => " -starttls smtp",
                    143 => " -starttls imap",
                    465 | 993 => "",
                    _ => continue,
                };
                let command = format!(
                    "{program} exec -it {} openssl s_client -connect {}:{port}{starttls} -servername {} -brief",
                    from.container.name(),
                    host.container.addresses().v4,
                    host.name()
                );
                line(&mut text, &command, &format!("TLS of {}:{port}", host.name()));
            }
        }
        let dns = self.dns.address();
        for (name, kind) in
            self.gateway().domains.iter().flat_map(|d| [(d.to_string(), "MX"), (format!("_dmarc.{d}"), "TXT")])
        {
            line(
                &mut text,
                &format!("{}dig @{} -p {} +dnssec {name} {kind}", engine.entering(), dns.ip(), dns.port()),
                "the harness's own DNS",
            );
        }
        self.swaks(&mut text);
        text
    }

    /// A mail from any address, by the PROXY v2 header that the entrance wants.
    fn swaks(&self, text: &mut String) {
        let recipient = self.gateway().mailboxes.first().map(|m| m.address.to_string());
        let (Some(recipient), Ok(endpoint)) = (recipient, self.endpoint(self.gateway(), 25, USER)) else { return };
        let proxy = |to: SocketAddr| {
            format!(
                "--proxy-version 2 --proxy-family AF_INET --proxy-source {USER} --proxy-source-port 40000 --proxy-dest {} --proxy-dest-port {}",
                to.ip(),
                to.port()
            )
        };
        let command = format!(
            "{}swaks --server {} --port {} {} --ehlo laptop.example --from x@laptop.example --to {recipient}",
            self.internet.container.engine().entering(),
            self.entrance.ip(),
            self.entrance.port(),
            proxy(endpoint.address)
        );
        line(text, &command, "a mail from any address");
    }
}

fn line(text: &mut String, command: &str, what: &str) {
    writeln!(text, "  {command}   # {what}").expect("writing to a string");
}

/// Everything that a host's container has logged; nothing, if it is no host of a gateway.
///
/// # Errors
/// The engine's word.
pub async fn syslog(container: &Container) -> Result<Option<String>, StackError> {
    let output = container.exec(&["cat", SYSLOG]).await?;
    Ok((output.code == 0).then_some(output.stdout))
}
