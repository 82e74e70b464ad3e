//! The text of `gateway.toml`, with what has to be asked as comments in front.

use crate::draft::{Draft, Mailbox, Notes, Ready, Service};
use std::{collections::BTreeSet, fmt::Write, net::IpAddr};

/// What of a gateway does not belong to one host.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) release: String,
    pub(crate) authserv_id: String,
    pub(crate) domains: Vec<String>,
    pub(crate) follows: bool,
    /// Zones by apex, with their records.
    pub(crate) zones: Vec<(String, String)>,
    pub(crate) mailboxes: Vec<Mailbox>,
    /// The host that takes mail from anywhere, and its addresses.
    pub(crate) border: (String, Vec<IpAddr>),
}

/// Columns at which comments are broken.
const WIDTH: usize = 120;

/// The file.
pub(crate) fn text(whole: &Whole, drafts: &[Draft], notes: &Notes) -> String {
    let mut out = comments(notes);
    let list = |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "release     = {}", quoted(&whole.release));
    let _ = writeln!(out, "authserv-id = {}", quoted(&whole.authserv_id));
    let _ = writeln!(out, "domains     = [{}]", list(&whole.domains));
    if whole.follows {
        let _ = writeln!(out, "follows     = [\"RFC 7489\"]");
    }
    out.push_str("\n[zone]\n");
    for (origin, records) in &whole.zones {
        let _ = writeln!(out, "{} = '''\n{}'''", quoted(origin), records.replace("'''", ""));
    }
    for Mailbox { address, login, password, store } in &whole.mailboxes {
        let _ = writeln!(out, "\n[[mailbox]]\naddress  = {}", quoted(address));
        if login != address {
            let _ = writeln!(out, "login    = {}", quoted(login));
        }
        match store {
            Some((kind, path)) => out.push_str(&format!("store    = {{ {kind} = {} }}\n", quoted(path))),
            None => out.push_str(&format!("password = {}\n", quoted(password))),
        }
    }
    for (at, draft) in drafts.iter().enumerate() {
        let public = if draft.name == whole.border.0 { whole.border.1.as_slice() } else { &[] };
        out.push_str(&host(draft, public, &shared(drafts, at)));
    }
    out
}

/// Uppermost names in /etc that another host has, too.
fn shared(drafts: &[Draft], at: usize) -> BTreeSet<String> {
    let others = drafts.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, draft)| draft.files.keys());
    others.map(|path| top(path).to_owned()).collect()
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn host(draft: &Draft, public: &[IpAddr], shared: &BTreeSet<String>) -> String {
    let mut out = format!("\n[[host]]\nname     = {}\n", quoted(&draft.name));
    if !public.is_empty() {
        let list = public.iter().map(|ip| format!("\"{ip}\"")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "public   = [{list}]");
    }
    out.push_str(&array("packages", draft.packages.iter().cloned()));
    let entry = |path: &String| if shared.contains(top(path)) { path.clone() } else { top(path).to_owned() };
    let etc: BTreeSet<String> = draft.files.keys().map(entry).collect();
    out.push_str(&array("etc     ", etc.into_iter()));
    if !draft.whole.is_empty() {
        out.push_str(&array("whole   ", draft.whole.iter().cloned()));
    }
    if !draft.roots.is_empty() {
        out.push_str(&array("roots   ", draft.roots.iter().cloned()));
    }
    if !draft.dkim.is_empty() {
        out.push_str("dkim     = [\n");
        for key in &draft.dkim {
            let algorithm = key.algorithm.map(|word| format!("algorithm = \"{word}\", ")).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {{ domain = {}, selector = {}, {algorithm}path = {}, owner = {} }},",
                quoted(&key.domain),
                quoted(&key.selector),
                quoted(&key.path),
                quoted(&key.owner)
            );
        }
        out.push_str("]\n");
    }
    if !draft.setup.is_empty() {
        out.push_str("setup = [\n");
        draft.setup.iter().for_each(|command| out.push_str(&format!("  {},\n", quoted(command))));
        out.push_str("]\n");
    }
    if let Some(place) = &draft.certificate {
        let _ = writeln!(out, "\n[host.certificate]\nchain = {}\nkey   = {}", quoted(&place.chain), quoted(&place.key));
        if place.names.iter().any(|name| *name != draft.name) {
            let names: BTreeSet<String> = place.names.iter().cloned().collect();
            out.push_str(&array("names", names.into_iter()));
        }
        if let Some(kind) = place.kind {
            let _ = writeln!(out, "kind  = \"{kind}\"");
        }
        if !place.tlsa.is_empty() {
            out.push_str(&array("tlsa ", place.tlsa.iter().cloned()));
        }
    }
    draft.services.iter().for_each(|own| out.push_str(&service(own)));
    out
}

fn service(service: &Service) -> String {
    let words = service.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    let mut out = format!("\n[[host.service]]\nname    = {}\ncommand = [{words}]\n", quoted(&service.name));
    let _ = match &service.ready {
        Ready::Socket(path) => writeln!(out, "ready   = {{ socket = {} }}", quoted(path)),
        Ready::Listening(port) => writeln!(out, "ready   = {{ listening = {port} }}"),
        Ready::Smtp(port) => writeln!(out, "ready   = {{ smtp = {port} }}"),
    };
    if !service.ports.is_empty() {
        let ports = service.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "ports   = [{ports}]");
    }
    out
}

/// A list, on one line where it is short.
fn array(key: &str, words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.map(|word| quoted(&word)).collect();
    let line = format!("{key} = [{}]\n", words.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    let mut out = format!("{key} = [\n");
    let mut current = " ".to_owned();
    for word in words {
        if current.len() + word.len() + 2 > WIDTH {
            let _ = writeln!(out, "{current}");
            " ".clone_into(&mut current);
        }
        let _ = write!(current, " {word},");
    }
    let _ = writeln!(out, "{current}\n]");
    out
}

/// What has to be asked, what was replaced, what was changed.
fn comments(notes: &Notes) -> String {
    let mut out = "# Imported from /etc. It comes up as it is.\n#\n".to_owned();
    if !notes.questions.is_empty() {
        out.push_str("# What /etc does not say, and what stands for it; each answer makes the tests say more:\n#\n");
        for (at, question) in notes.questions.iter().enumerate() {
            out.push_str(&folded(&question.reason, &format!("# {}. ", at + 1), "#    "));
            question.lines.iter().for_each(|line| out.push_str(&format!("#        {line}\n")));
        }
        out.push_str("#\n");
    }
    let sentence = |text: &str| folded(text, "# - ", "#   ");
    if !notes.replaced.is_empty() {
        out.push_str("# Secrets are not copied. Replaced by ones that everybody knows, or by ones made for the run:\n");
        notes.replaced.iter().for_each(|text| out.push_str(&sentence(text)));
        out.push_str("#\n");
    }
    if !notes.changed.is_empty() {
        out.push_str("# Changed, or left out:\n");
        notes.changed.iter().for_each(|text| out.push_str(&sentence(text)));
        out.push_str("#\n");
    }
    out.push('\n');
    out
}

/// A text in lines of a comment.
fn folded(text: &str, first: &str, other: &str) -> String {
    let mut out = first.to_owned();
    let mut width = first.len();
    for (at, word) in text.split_whitespace().enumerate() {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        if at > 0 && width + word.len() + 1 > WIDTH {
            let _ = write!(out, "\n{other}");
            width = other.len();
        } else if at > 0 {
            out.push(' ');
            width += 1;
        }
        width += word.len();
        out.push_str(&word);
    }
    out.push('\n');
    out
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
