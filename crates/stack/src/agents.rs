//! Mail servers, and what the harness does with them on a host: one row each. Of one that is not here nothing is known but what every
//! mail server has.

use crate::{Host, Stack, StackError, host::SYSLOG};

/// A mail transfer agent.
#[derive(Debug)]
pub(crate) struct Agent {
    /// What its program is called in the command of a service.
    programs: &'static [&'static str],
    /// Takes a message out of its queue: a command, and the queue id behind it.
    pub(crate) remove: &'static [&'static str],
    /// Has it forget what it could not reach, and what died under it.
    recover: &'static [&'static str],
}

const AGENTS: [Agent; 3] = [
    Agent {
        programs: &["postfix"],
        remove: &["postsuper", "-d"],
        recover: &["reload-daemon", "postfix", SYSLOG, "unthrottle"],
    },
    Agent {
        programs: &["exim4", "exim"],
        remove: &["exim4", "-Mrm"],
        // what it knows of hosts and addresses that failed is in a data base of hints, which may go at any time
        recover: &["sh", "-c", "rm -f /var/spool/exim4/db/retry* /var/spool/exim4/db/wait-*"],
    },
    Agent { programs: &["smtpd"], remove: &["smtpctl", "remove"], recover: &[] },
];

impl Agent {
    /// Whether a service runs it.
    pub(crate) fn runs_as(&self, service: &crate::gateway::Service) -> bool {
        let names = |part: &String| part.rsplit('/').next().is_some_and(|name| self.programs.contains(&name));
        self.programs.contains(&service.name.as_str()) || service.command.iter().any(names)
    }

    /// Has it forget what it could not reach.
    ///
    /// # Errors
    /// It does not, or the engine's word.
    pub(crate) async fn recover(&self, stack: &Stack, host: &Host) -> Result<(), StackError> {
        if self.recover.is_empty() {
            return Ok(());
        }
        let done = host.container.exec(self.recover).await?;
        if done.code == 0 {
            return Ok(());
        }
        let what = format!("{} cannot be reloaded: {}", self.programs[0], done.stderr.trim_end());
        Err(StackError::Unfit { gateway: stack.gateway().name.clone(), what })
    }
}

impl Stack {
    /// The host of the gateway under test whose mail server programs on it hand their mail to, and what is known of that: a host with a
    /// mail server that is known, else the one that takes mail from anywhere.
    pub(crate) fn mail_server(&self) -> Option<(&Host, Option<&'static Agent>)> {
        let hosts = &self.admds[0].hosts;
        let agent = |host: &Host| AGENTS.iter().find(|agent| host.plan.services.iter().any(|s| agent.runs_as(s)));
        let known = hosts.iter().find_map(|host| Some((host, Some(agent(host)?))));
        known.or_else(|| Some((hosts.iter().find(|host| host.plan.ports().contains(&25))?, None)))
    }
}
