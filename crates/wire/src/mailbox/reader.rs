//! The IMAP commands that look at a mailbox and remove from it.

use super::{MailboxAt, cache::MailboxCache};
use crate::{BoxStream, Route, WireError, tls};
use async_imap::{Client, error::Error, types::NameAttribute};
use futures_util::TryStreamExt;
use std::collections::{BTreeMap, HashMap};
use tokio::time::timeout;

/// A connection that is logged in.
#[derive(Debug)]
pub(super) struct Reader {
    at: MailboxAt,
    imap: async_imap::Session<BoxStream>,
    seen: HashMap<String, Mark>,
}

/// How often a message is removed that stays.
const REMOVALS: usize = 8;

/// How far a folder was read (RFC 3501 §2.3.1.1).
#[derive(Debug, Clone, Copy)]
struct Mark {
    validity: u32,
    /// The first UID that was not read.
    next: u32,
}

impl Reader {
    /// Logs in over a connection to the server.
    pub(super) async fn open(at: MailboxAt, stream: BoxStream) -> Result<Self, WireError> {
        let mut client = Client::new(stream);
        let greeting = at.within("the greeting", async { Ok(client.read_response().await?) }).await?;
        greeting.ok_or_else(|| at.lost("the greeting", CLOSED.to_owned()))?;
        let login = async { client.login(&at.login.user, &at.login.password).await.map_err(|(error, _)| error) };
        let imap = at.within("LOGIN", login).await?;
        Ok(Self { at, imap, seen: HashMap::new() })
    }

    /// Reads what is new in any folder.
    pub(super) async fn look(&mut self, cache: &mut MailboxCache) -> Result<(), WireError> {
        for folder in self.folders().await? {
            self.look_into(&folder, cache).await?;
        }
        Ok(())
    }

    /// Removes messages: folder and UID of each.
    pub(super) async fn remove(&mut self, messages: Vec<(String, u32)>) -> Result<(), WireError> {
        let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (folder, uid) in messages {
            by_folder.entry(folder).or_default().push(uid.to_string());
        }
        for (folder, uids) in by_folder {
            let (imap, set) = (&mut self.imap, uids.join(","));
            // a server passes over what it does not see, such as a message of an mbox that another one is written to meanwhile
            let removal = async {
                let mut left = 0;
                for _ in 0..REMOVALS {
                    imap.select(&folder).await?;
                    let marked = imap.uid_store(&set, r"+FLAGS.SILENT (\Deleted)").await?;
                    marked.try_for_each(|_| std::future::ready(Ok(()))).await?;
                    // RFC 3501 §6.4.2: removes what is marked
                    imap.close().await?;
                    imap.examine(&folder).await?;
                    left = imap.uid_search(format!("UID {set}")).await?.len();
                    if left == 0 {
                        break;
                    }
                }
                Ok(left)
            };
            let command = format!("removal from {folder}");
            let left = self.at.within(&command, removal).await?;
            if left > 0 {
                return Err(self.at.lost(&command, format!("{left} of the messages {set} stay there")));
            }
        }
        Ok(())
    }

    /// Logs out, if the server still listens.
    pub(super) async fn close(mut self) {
        let _ = timeout(self.at.limit, self.imap.logout()).await;
    }

    /// All folders that hold messages. There is at least INBOX (RFC 3501 §5.1).
    async fn folders(&mut self) -> Result<Vec<String>, WireError> {
        let imap = &mut self.imap;
        let list = async { imap.list(Some(""), Some("*")).await?.try_collect::<Vec<_>>().await };
        let names = self.at.within("LIST", list).await?;
        // async-imap takes the end of the stream for the end of the list
        if names.is_empty() {
            return Err(self.at.lost("LIST", CLOSED.to_owned()));
        }
        let holds = |attributes: &[NameAttribute<'_>]| {
            !attributes.iter().any(|attribute| match attribute {
                NameAttribute::NoSelect => true,
                NameAttribute::Extension(word) => word.eq_ignore_ascii_case(r"\NonExistent"),
                _ => false,
            })
        };
        Ok(names.iter().filter(|n| holds(n.attributes())).map(|n| n.name().to_owned()).collect())
    }

    async fn look_into(&mut self, folder: &str, cache: &mut MailboxCache) -> Result<(), WireError> {
        let command = format!("EXAMINE {folder}");
        let status = self.at.within(&command, self.imap.examine(folder)).await?;
        let (Some(validity), Some(next)) = (status.uid_validity, status.uid_next) else {
            return Err(self.at.lost(&command, format!("{CLOSED}, or it tells no UIDVALIDITY and UIDNEXT")));
        };
        let mark = self.seen.entry(folder.to_owned()).or_insert(Mark { validity, next: 1 });
        if mark.validity != validity {
            let reason = format!("UIDVALIDITY went from {} to {validity}: it is another folder now", mark.validity);
            return Err(self.at.lost(&command, reason));
        }
        if mark.next >= next {
            return Ok(());
        }
        let imap = &mut self.imap;
        let set = format!("{}:{}", mark.next, next - 1);
        let fetch = async { imap.uid_fetch(&set, "(UID BODY.PEEK[])").await?.try_collect::<Vec<_>>().await };
        for message in self.at.within(&format!("UID FETCH {set} in {folder}"), fetch).await? {
            if let (Some(uid), Some(octets)) = (message.uid, message.body()) {
                cache.put(folder, uid, octets);
            }
        }
        mark.next = next;
        Ok(())
    }
}

/// Connects to a service, with TLS from the first octet.
pub(super) async fn secure(
    at: &MailboxAt,
    route: &Route,
    name: &str,
    anchor: &pki::Anchor,
) -> Result<BoxStream, WireError> {
    let server_name = tls::server_name(name)?;
    let stream = route.open(at.limit).await?;
    let secured = timeout(at.limit, tls::secure(Box::new(stream), &server_name, anchor)).await;
    let (stream, _) = secured.map_err(|_| at.silent("TLS")).and_then(|handshake| {
        let (server, destination) = (name.to_owned(), route.destination);
        handshake.map_err(|error| WireError::Tls { server, destination, reason: error.to_string() })
    })?;
    Ok(stream)
}

const CLOSED: &str = "the server closed the connection";

impl MailboxAt {
    pub(super) fn lost(&self, command: &str, reason: String) -> WireError {
        let (login, server) = (self.login.user.clone(), self.server.to_string());
        WireError::Lost { login, server, command: command.to_owned(), reason }
    }

    fn silent(&self, command: &str) -> WireError {
        let (login, server) = (self.login.user.clone(), self.server.to_string());
        WireError::Silent { login, server, command: command.to_owned(), after: self.limit }
    }

    /// The result of a command, if it comes in time.
    async fn within<T>(&self, command: &str, result: impl Future<Output = Result<T, Error>>) -> Result<T, WireError> {
        match timeout(self.limit, result).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Error::No(said) | Error::Bad(said))) => {
                let (login, server) = (self.login.user.clone(), self.server.to_string());
                Err(WireError::Refused { login, server, command: command.to_owned(), said })
            }
            Ok(Err(error)) => Err(self.lost(command, error.to_string())),
            Err(_) => Err(self.silent(command)),
        }
    }
}
