//! The harness's ends of connections: SMTP clients, mailboxes read over IMAP, and everyone whom a gateway may
//! reach on the pretend Internet. What was said is returned as evidence; only "could not tell" is an error.

mod attribution;
mod error;
mod fetch;
mod host;
mod login;
mod mailbox;
mod middle;
mod proxy;
mod record;
mod reply;
mod route;
mod smtp;
mod stream;
mod tls;
mod world;

#[cfg(test)]
mod peers;

pub use attribution::{is_notification, nonce_of};
pub use error::WireError;
pub use fetch::{Fetched, POLICY_PATH, fetch};
pub use host::{HostKey, MxHost, MxPlay, WebHost, WebPlay};
pub use login::Login;
pub use mailbox::{Found, ImapServer, Mailbox, MailboxAt, Mark};
pub use route::Route;
pub use smtp::{Dialogue, Job, ask, converse};
pub use stream::{BoxStream, Stream};
pub use world::{Action, Handler, Routing, World};
