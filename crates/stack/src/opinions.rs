//! What the harness itself makes of a message, where it can know what the gateway is given.

use crate::{OutgoingMail, Stack};
use evidence::{Observed, Opinion};
use opinion::Brought;
use plan::Origin;

impl Stack {
    /// The second opinion of a message that a client brings to the gateway: of the octets as they are sent. A message that
    /// is handed in by a user is signed and judged elsewhere, so that there is none.
    pub async fn opinion(&self, mail_out: &OutgoingMail<'_>) -> Observed<Opinion> {
        let transaction = mail_out.transaction;
        let Origin::Client(client) = &transaction.origin else {
            return Observed::Unobserved(
                "a user hands it in, and whoever gets it judges what the server makes of it".to_owned(),
            );
        };
        let brought = Brought {
            client: client.ip.value,
            helo: client.ehlo.value.clone(),
            mail_from: transaction.mail_from.value.to_string(),
            message: mail_out.message.clone(),
        };
        self.judge.opinion(brought).await
    }
}
