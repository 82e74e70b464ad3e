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
        if mail_out.message.is_empty() {
            return Observed::Unobserved(
                "its dialogue is written out, and sends no message that is known beforehand".to_owned(),
            );
        }
        let brought = Brought {
            client: client.ip.value,
            helo: client.ehlo.value.clone(),
            mail_from: reverse_path(&transaction.mail_from.octets()),
            message: mail_out.message.clone(),
        };
        self.judge.opinion(brought).await
    }
}

/// What stands between the angle brackets of the octets that are sent behind `MAIL FROM:`.
fn reverse_path(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let path =
        text.trim().strip_prefix('<').map_or(&*text, |inside| inside.rsplit_once('>').map_or(inside, |(path, _)| path));
    path.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::reverse_path;

    #[test]
    fn a_reverse_path_is_read_without_brackets_and_parameters() {
        for (octets, path) in [
            ("<a@x.example>", "a@x.example"),
            ("<>", ""),
            ("<\"x> y\"@x.example> BODY=8BITMIME", "\"x> y\"@x.example"),
            ("a@x.example", "a@x.example"),
            ("<a@x.example", "a@x.example"),
        ] {
            assert_eq!(reverse_path(octets.as_bytes()), path, "{octets}");
        }
    }
}
