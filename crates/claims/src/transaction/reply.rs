//! `reply`: a reply of the server to one command.

use super::{Case, Outcome, Scene, Transaction, causes, gateway_side};
use crate::{
    Cause, Check, Claim, ClaimList, Written,
    outcomes::{self, Outcome as Became, reply_text},
};
use evidence::Observed;
use form::{
    Decode, Flaw, Node, Required, Shape, keywords, tables,
    values::{Line, OneOrMany, Whole},
};
use mail::EnhancedStatus;
use plan::{Command, Origin, Spanned};
use std::{fmt, ops::Range};
use toml::de::DeValue;

/// The server replies so to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// To which command.
    pub to: Command,
    /// Its code, or the class of it.
    pub code: Code,
    /// Enhanced status code.
    pub enhanced: Option<EnhancedStatus>,
    /// A text in it.
    pub text: Option<String>,
}

/// A reply code, or a class of them (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Three digits, 200 to 599.
    Exactly(u16),
    /// Any code whose first digit is this: 2 to 5.
    Class(u16),
}

impl Code {
    const fn class(self) -> u16 {
        match self {
            Self::Exactly(code) => code / 100,
            Self::Class(class) => class,
        }
    }

    fn is(self, code: u16) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == code,
            Self::Class(class) => class == code / 100,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(code) => write!(f, "{code}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

keywords! {
    Code: "a class of reply codes" {
        "2xx" => Self::Class(2), "any positive completion";
        "3xx" => Self::Class(3), "any positive intermediate reply";
        "4xx" => Self::Class(4), "any transient refusal";
        "5xx" => Self::Class(5), "any permanent refusal";
    }
}

/// A reply code as a number, or a class of them as a word.
#[derive(Debug, Clone, Copy)]
pub struct CodeForm(Code);

impl Decode for CodeForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![Whole::<200, 599>::shape(), <Code as Decode>::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if matches!(node.value.get_ref(), DeValue::String(_)) {
            return Code::read(node, flaws).map(Self);
        }
        let code = Whole::<200, 599>::read(node, flaws)?.0;
        u16::try_from(code).ok().map(|code| Self(Code::Exactly(code)))
    }
}

tables! {
    /// A claim on a reply.
    ReplyTable "reply" [Any] {
        /// The command that it answers.
        to: Required<Spanned<Command>>,
        /// The reply code, or the class of it, such as `"5xx"` (RFC 5321 §4.2.1).
        code: Required<Spanned<CodeForm>>,
        /// The enhanced status code (RFC 3463 §2).
        enhanced: Option<Spanned<EnhancedStatus>>,
        /// Text that it has in it.
        text: Option<Line>,
    }
}

impl Claim<Transaction> for Reply {
    fn words(&self) -> String {
        let enhanced = self.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
        let text = self.text.as_ref().map(|text| format!(" with `{text}`")).unwrap_or_default();
        format!("reply {}{enhanced} to {}{text}", self.code, self.to)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let to = self.to;
        let wanted = to.to_string();
        let Some(exchange) = case.seen.dialogue.iter().rfind(|e| e.to == wanted) else { return never_said(to, case) };
        let reply = match &exchange.reply {
            Observed::Seen(reply) => reply,
            Observed::Unobserved(why) => return Check::unclear(format!("what the reply to {to} is"), why.clone()),
        };
        let evidence = format!("the server replied {} to {to}", reply_text(reply));
        if !self.code.is(reply.code) {
            return Check::fails(format!("the reply to {to} is {}, not {}", reply.code, self.code), evidence);
        }
        if let Some(enhanced) = self.enhanced.filter(|claimed| reply.enhanced() != Some(*claimed)) {
            let what = match reply.enhanced() {
                Some(seen) => format!("the enhanced status code of the reply to {to} is {seen}, not {enhanced}"),
                None => format!("the reply to {to} has no enhanced status code; {enhanced} is claimed"),
            };
            return Check::fails(what, evidence);
        }
        match self.text.as_ref().filter(|text| !reply.lines.join("\n").contains(*text)) {
            Some(text) => Check::fails(format!("the reply to {to} has no `{text}` in it"), evidence),
            None => Check::Holds,
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        if let Some(cause) = gateway_side::reply(case, self.code.class() >= 4) {
            return Some(cause);
        }
        let refused = causes::refused_at(case);
        if self.to == Command::EndOfData && refused.as_ref().is_none_or(|to| to == "end-of-data") {
            return causes::enforced(case).or_else(|| Some(causes::message_line(case, "From", "this message")));
        }
        causes::command(case, &refused.unwrap_or_else(|| self.to.to_string()))
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        if scene.planned.origin == Origin::Sendmail {
            let flaw = Flaw::new("a program hands this message in, so no server replies to it");
            return vec![flaw.help("claim its `outcome` instead")];
        }
        let (Some(says), Some((outcome, span))) = (self.says(scene.planned), claims.first::<Outcome>()) else {
            return Vec::new();
        };
        if says.allows(&outcome.0) {
            return Vec::new();
        }
        let flaw = Flaw::new(format!("a message cannot be {} after a {} reply", outcome.as_str(), self.code));
        vec![flaw.at(span, "this outcome").at(at, format!("this reply says {}", says.as_str()))]
    }
}

impl Written<Transaction> for Reply {
    const KEY: &'static str = "reply";
    const DOC: &'static str = "A reply of the server, or a list of them.";
    type Form = OneOrMany<Spanned<ReplyTable>>;

    fn read(written: Spanned<Self::Form>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let one = |table: Spanned<ReplyTable>| {
            let Spanned { value: table, span } = table;
            Some(Spanned { value: Self::of(table, flaws)?, span })
        };
        written.value.0.into_iter().filter_map(one).collect()
    }
}

impl Reply {
    fn of(table: ReplyTable, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let code = table.code.0?;
        let class = code.value.0.class();
        if let Some(enhanced) = table.enhanced.as_ref().filter(|enhanced| u16::from(enhanced.value.class) != class) {
            let what = format!("a {} reply cannot have the enhanced status code {}", code.value.0, enhanced.value);
            flaws.push(
                Flaw::new(what)
                    .at(&enhanced.span, "of another class")
                    .at(&code.span, "the reply code")
                    .help("both begin with the same digit (RFC 2034 §4)"),
            );
        }
        Some(Self {
            to: table.to.0?.value,
            code: code.value.0,
            enhanced: table.enhanced.map(|enhanced| enhanced.value),
            text: table.text.map(|text| text.0),
        })
    }

    /// What it makes of the message, if it decides that. One recipient of several decides nothing.
    pub(super) fn says(&self, planned: &plan::Transaction) -> Option<Says> {
        let decides = match self.to {
            Command::Connect | Command::MailFrom | Command::Data | Command::EndOfData => true,
            Command::RcptTo => planned.rcpt_to.len() == 1,
            Command::Ehlo | Command::Starttls | Command::Auth => false,
        };
        match self.code.class() {
            2..4 => (self.to == Command::EndOfData).then_some(Says::Accepted),
            4 => decides.then_some(Says::Later),
            _ => decides.then_some(Says::Refused),
        }
    }
}

/// What a reply makes of the whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Accepted,
    Later,
    Refused,
}

impl Says {
    const fn allows(self, outcome: &Became) -> bool {
        match self {
            Self::Accepted => !matches!(outcome, Became::Rejected),
            Self::Later => matches!(outcome, Became::Deferred),
            Self::Refused => matches!(outcome, Became::Rejected),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Later => "not now",
            Self::Refused => "refused",
        }
    }
}

/// A command that was not sent: because of what the server refused before, or for a reason that says nothing of it.
fn never_said(to: Command, case: &Case<'_>) -> Check {
    let dialogue = || case.seen.dialogue.iter().filter(|e| !matches!(e.to.as_str(), "quit" | "octets" | "unexpected"));
    let silent = dialogue().find_map(|e| match &e.reply {
        Observed::Unobserved(why) => Some(format!("no reply to {}: {why}", e.to)),
        Observed::Seen(_) => None,
    });
    if let Some(why) = silent {
        return Check::unclear(format!("what the reply to {to} is"), why);
    }
    let refused = dialogue().filter_map(|e| Some((e, e.reply.seen()?))).rfind(|(_, reply)| !reply.is_positive());
    match refused {
        Some((exchange, reply)) => {
            let what = format!("it did not come to {to}: {} was refused", exchange.to);
            Check::fails(what, format!("the server replied {} to {}", reply_text(reply), exchange.to))
        }
        None => {
            let why = outcomes::ended(&case.seen.dialogue, &case.seen.handshake);
            Check::unclear(format!("what the reply to {to} is"), why)
        }
    }
}
