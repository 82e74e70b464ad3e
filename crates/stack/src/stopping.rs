//! Services of the gateway under test that a scenario stops while it runs alone, and what that leaves behind.

use crate::{Stack, StackError};

impl Stack {
    /// Whether the gateway under test has services of these names.
    ///
    /// # Errors
    /// [`StackError::NoService`] for the first that it does not have.
    pub fn has_services<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), StackError> {
        let known: Vec<&str> = self.services_of_gateway().collect();
        match names.into_iter().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(service) => Err(StackError::NoService {
                gateway: self.gateway().name.clone(),
                service: service.to_owned(),
                known: known.join(", "),
            }),
        }
    }

    fn services_of_gateway(&self) -> impl Iterator<Item = &str> {
        self.admds[0].hosts.iter().flat_map(|host| &host.plan.services).map(|service| service.name.as_str())
    }

    /// Has these services of the gateway under test stand still, and all others run: those that stood still before are ready when
    /// this returns. The MTA forgets what it could not reach meanwhile.
    ///
    /// # Errors
    /// A service does not end or does not come back, or the engine's word.
    pub async fn stand_still(&self, names: &[String]) -> Result<(), StackError> {
        // connections of the harness's own would outlive the server
        self.mailboxes.close().await;
        let mut is_any_started = false;
        for host in &self.admds[0].hosts {
            is_any_started |= host.stand_still(names, |port| self.greets(host, port)).await?;
        }
        self.probed.forget();
        if let Some((host, Some(agent))) = self.mail_server()
            && is_any_started
            && !names.iter().any(|name| host.plan.services.iter().any(|s| s.name == *name && agent.runs_as(s)))
        {
            agent.recover(self, host).await?;
        }
        Ok(())
    }

    /// Starts everything that stands still, and takes these messages, named as in [`evidence::MailObject::queue_ids`], out of
    /// the gateway's queue: they would come into a mailbox while other scenarios run.
    ///
    /// # Errors
    /// A service does not come back, or the engine's word.
    pub async fn resume(&self, queue_ids: &[&str]) -> Result<(), StackError> {
        let ids = |host: &str| -> Vec<&str> {
            queue_ids
                .iter()
                .filter_map(|id| id.split_once('/'))
                .filter(|(at, _)| *at == host)
                .map(|(_, id)| id)
                .collect()
        };
        if let Some((host, Some(agent))) = self.mail_server() {
            for id in ids(host.name()) {
                // what left the queue meanwhile is not there, and that is as well
                host.container.exec(&[agent.remove, &[id]].concat()).await?;
            }
        }
        self.stand_still(&[]).await
    }
}
