//! Mail that a program on the gateway hands in through sendmail(1), as cron and web applications do.

use crate::{Host, OutgoingMail, Stack, StackError};
use container::File;
use evidence::ProgramRun;
use plan::Daemon;

impl Stack {
    /// Hands a message in. What the program says of it is no error.
    pub(crate) async fn sendmail(&self, mail_out: &OutgoingMail<'_>) -> Result<ProgramRun, StackError> {
        let (host, _) = self.mail_server().ok_or_else(|| StackError::Unfit {
            gateway: self.gateway().name.clone(),
            what: "no host has a mail server to which a program could hand it".to_owned(),
        })?;
        let transaction = mail_out.transaction;
        let mut command = vec!["sendmail".to_owned(), "-i".to_owned(), "-f".to_owned()];
        command.push(transaction.mail_from.value.address().map_or_else(|| "<>".to_owned(), ToString::to_string));
        command.push("--".to_owned());
        command.extend(transaction.rcpt_to.iter().map(|recipient| recipient.value.to_string()));
        let path = format!("/run/mailproof-{}", mail_out.nonce);
        // sendmail(1) takes lines as this system ends them
        let text = String::from_utf8_lossy(&mail_out.message).replace("\r\n", "\n").into_bytes();
        host.container.upload(vec![File::new(&path, text)]).await?;
        let run: Vec<&str> =
            ["with-input", path.as_str()].into_iter().chain(command.iter().map(String::as_str)).collect();
        let done = host.container.exec(&run).await?;
        Ok(ProgramRun { command: command.join(" "), status: done.code, said: done.stderr.trim_end().to_owned() })
    }

    /// The host of the gateway under test on which a daemon runs, as its services say.
    pub(crate) fn host_of(&self, daemon: Daemon) -> Result<&Host, StackError> {
        let word = daemon.as_str();
        let runs = |host: &&Host| {
            let names = |part: &String| part.rsplit('/').next().is_some_and(|name| name == word);
            host.plan.services.iter().any(|s| s.name == word || s.command.iter().any(names))
        };
        self.admds[0].hosts.iter().find(runs).ok_or_else(|| StackError::Unfit {
            gateway: self.gateway().name.clone(),
            what: format!("no service of it is called {word} or runs that program"),
        })
    }
}
