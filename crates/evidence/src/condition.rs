//! What the gateway's own side did with a message, where a line about that very message proves it.

use crate::LogLine;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that was the matter at the gateway, or that it did by a setting of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Of which kind.
    pub kind: ConditionKind,
    /// What it is about: the address of a filter, a table, a user, the next hop; empty if the kind says it all.
    pub subject: String,
    /// The program's own words for the reason; empty if it gives none.
    pub reason: String,
    /// The line that proves it; none, if the configuration alone does.
    pub line: Option<LogLine>,
    /// The setting by which it came to that; none, if there is none or it is not known what is in force.
    pub setting: Option<Configured>,
}

/// The kinds of [`Condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionKind {
    /// A milter could not be reached when the client connected.
    MilterUnreachable,
    /// A milter went away, or spoke nonsense.
    MilterFailed,
    /// The client was told to come again, in the words for a milter that fails, at the stage that is the subject: `CONNECT`,
    /// `END-OF-MESSAGE`. A milter that asks for that has the same words.
    ServiceUnavailable,
    /// The message was put on hold in the words for a milter that fails.
    HeldByDefault,
    /// A policy service could not be asked.
    PolicyServiceFailed,
    /// The client was told so, in the words for that.
    ServerProblem,
    /// A restriction that cannot be evaluated.
    Misconfigured,
    /// A table could not be read.
    TableUnreadable,
    /// The client was told so, in the words for that.
    LookupFailed,
    /// `header_checks` had a say.
    HeaderCheck,
    /// `body_checks` had a say.
    BodyCheck,
    /// An access table, or a restriction that refuses everybody.
    AccessDenied,
    /// Refused for now, since the client is new.
    Greylisted,
    /// Refused before any server spoke with the client.
    Postscreen,
    /// A handshake is impossible: certificate or key cannot be used.
    TlsUnavailable,
    /// There is no room for mail.
    NoRoom,
    /// The mailbox server, or the way there, failed.
    DeliveryFailed,
    /// The client had logged in.
    LoggedIn,
    /// The client's address is one of those that the gateway takes for its own.
    OwnNetwork,
}

/// A setting of the gateway, and what it is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configured {
    /// Its name.
    pub name: String,
    /// Its value; the program's default, if it is not set.
    pub value: String,
    /// File and line, such as `postfix/main.cf:48`; `None`: it is not set.
    pub at: Option<String>,
}

/// As its line, or that there is none.
impl fmt::Display for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, at } = self;
        match at {
            Some(at) => write!(f, "{at}: {name} = {value}"),
            None => write!(f, "{name} is not set, and so {value}"),
        }
    }
}
