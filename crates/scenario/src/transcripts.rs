//! Dialogues that are written out, as snapshots are: `C:` lines that are sent, `S:` lines that are waited for, and `-- … --`.

use form::{Flaw, did_you_mean, listed, octets::octets, position};
use mail::{Address, ReversePath, inside_brackets};
use plan::{Path, Piece, Sent, Spanned, Step, Transcript};
use std::ops::Range;

const MARKS: [&str; 2] = ["-- TLS --", "-- close --"];
const PLACEHOLDERS: [&str; 4] = ["{nonce}", "{size}", "{message}", "{message:raw}"];
const LINES: &str = "a line is `C: …` (sent), `S: 250` (waited for), `-- TLS --` or `-- close --`";

/// A dialogue, and what can be read in it of the mail that it is about.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) transcript: Transcript,
    /// The path of the last MAIL FROM before the message.
    pub(crate) mail_from: Option<Path<ReversePath>>,
    /// The paths of the RCPT TOs of that mail that have an address.
    pub(crate) rcpt_to: Vec<Path<Address>>,
    /// The name in the last EHLO or HELO.
    pub(crate) ehlo: Option<Spanned<String>>,
    /// Number of RCPT TOs of that mail.
    pub(crate) recipients: usize,
    pub(crate) has_message: bool,
    pub(crate) has_tls: bool,
}

/// What the next octets are to the server, as far as it takes what came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Command,
    /// Behind DATA, up to the line with a single dot.
    Data,
    /// Behind BDAT: so many octets (RFC 3030 §2); `None`: a whole message.
    Chunk(Option<usize>),
}

/// A reply that the server owes, and the mail transaction that it belongs to.
#[derive(Debug)]
struct Owed {
    /// Index of the step.
    step: usize,
    to: &'static str,
    mail: usize,
}

struct Reader<'a> {
    file: &'a str,
    text: &'a Spanned<String>,
    steps: Vec<Step>,
    owed: Vec<Owed>,
    mode: Mode,
    /// The beginning of a line that has no end yet.
    partial: Vec<u8>,
    /// Number of MAIL commands so far.
    mails: usize,
    /// The mail with the message, or with the nonce.
    own: Option<usize>,
    reverse_paths: Vec<(usize, Path<ReversePath>)>,
    forward_paths: Vec<(usize, Option<Path<Address>>)>,
    ehlo: Option<Spanned<String>>,
    /// Where the message stands.
    message: Option<Range<usize>>,
    ends: Option<Range<usize>>,
}

/// Reads a dialogue. `file` is the text of the whole file; `names_recipients` says whether the scenario names the mailbox of
/// each recipient beside it. Whatever is wrong is told, each fault in its line.
pub(crate) fn read(text: &Spanned<String>, file: &str, names_recipients: bool, flaws: &mut Vec<Flaw>) -> Read {
    let mut reader = Reader {
        file,
        text,
        steps: Vec::new(),
        owed: Vec::new(),
        mode: Mode::Command,
        partial: Vec::new(),
        mails: 0,
        own: None,
        reverse_paths: Vec::new(),
        forward_paths: Vec::new(),
        ehlo: None,
        message: None,
        ends: None,
    };
    let mut start = 0;
    for line in text.value.split_inclusive('\n') {
        let written = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        reader.line(start, written, flaws);
        start += line.len();
    }
    if reader.steps.is_empty() && flaws.is_empty() {
        let flaw = Flaw::new("this dialogue says nothing").at(&text.span, "no line");
        flaws.push(flaw.help(LINES));
    }
    reader.finish(names_recipients)
}

impl Reader<'_> {
    fn place(&self, part: &Range<usize>) -> Range<usize> {
        position::within(self.file, &self.text.span, &self.text.value, part)
    }

    fn line(&mut self, start: usize, line: &str, flaws: &mut Vec<Flaw>) {
        let indent = line.len() - line.trim_start().len();
        let whole = start + indent..start + line.trim_end().len();
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return;
        }
        let at = self.place(&whole);
        if let Some(end) = &self.ends {
            let flaw = Flaw::new("nothing can be said behind `-- close --`").at(&at, "after the connection");
            flaws.push(flaw.at(end, "closed here"));
            return;
        }
        let content = |line: &str| if line.starts_with(' ') { 3 } else { 2 };
        let from_indent = &line[indent..];
        if let Some(rest) = from_indent.strip_prefix("C:") {
            let skip = content(rest);
            let sent = from_indent.get(skip..).unwrap_or_default();
            self.send(start + indent + skip.min(from_indent.len()), sent, at, flaws);
        } else if let Some(rest) = trimmed.strip_prefix("S:") {
            self.awaits(rest.trim(), &at, flaws);
        } else if trimmed == MARKS[0] {
            self.steps.push(Step::Tls);
        } else if trimmed == MARKS[1] {
            self.steps.push(Step::Close);
            self.ends = Some(at);
        } else {
            let flaw =
                Flaw::new(format!("`{trimmed}` is no line of a dialogue")).at(&at, "neither sent nor waited for");
            let usual = "A line is `C: …` (sent), `S: 250` (waited for), `-- TLS --` or `-- close --`";
            let help = match trimmed.starts_with("--") {
                true => did_you_mean(trimmed, MARKS, usual),
                false => LINES.to_owned(),
            };
            flaws.push(flaw.help(help));
        }
    }

    fn awaits(&mut self, wanted: &str, at: &Range<usize>, flaws: &mut Vec<Flaw>) {
        let code = wanted.split(' ').next().unwrap_or_default();
        let is_code = code == "*"
            || code.len() == 3
                && matches!(code.as_bytes()[0], b'2'..=b'5' | b'x')
                && code.bytes().all(|b| b.is_ascii_digit() || b == b'x');
        if is_code {
            self.steps.push(Step::Await(Spanned { value: wanted.to_owned(), span: at.clone() }));
        } else {
            let help = "write `S: 250`, `S: 2xx`, `S: *` for any reply, or `S: 550 5.7.1` with text that the reply has in it; \
                        a reply of several lines is one reply";
            let flaw = Flaw::new(format!("`{code}` is no reply code")).at(at, "nobody could reply so");
            flaws.push(flaw.help(help));
        }
        // a refused DATA leaves the server with commands (RFC 5321 §3.3)
        let can_go_on = code == "*" || code.bytes().zip(*b"354").all(|(a, b)| a == b'x' || a == b);
        let replies = self.steps.iter().filter(|step| matches!(step, Step::Await(_))).count();
        // the greeting is owed before everything else
        let is_to_data = replies >= 2 && self.owed.get(replies - 2).is_some_and(|owed| owed.to == "data");
        if self.mode == Mode::Data && is_to_data && !can_go_on {
            self.mode = Mode::Command;
        }
    }

    fn send(&mut self, start: usize, written: &str, line: Range<usize>, flaws: &mut Vec<Flaw>) {
        let (text, ends) = match written.strip_suffix("\\c") {
            Some(text) if !text.ends_with('\\') || text.ends_with("\\\\") => (text, false),
            _ => (written, true),
        };
        let step = self.steps.len();
        let mut pieces = Vec::new();
        let mut rest = text;
        loop {
            let next = PLACEHOLDERS.iter().filter_map(|word| Some((rest.find(word)?, *word))).min();
            let (literal, word) = next.map_or((rest, None), |(at, word)| (&rest[..at], Some(word)));
            let offset = start + text.len() - rest.len();
            self.look_for_slips(offset, literal, flaws);
            match octets(literal) {
                Ok(octets) if octets.is_empty() => {}
                Ok(octets) => {
                    self.heard(step, &octets, &line);
                    pieces.push(Piece::Octets(octets));
                }
                Err((part, flaw)) => {
                    flaws.push(flaw.at(&self.place(&(offset + part.start..offset + part.end)), "here"));
                }
            }
            let Some(word) = word else { break };
            pieces.push(self.placeholder(step, word, &line, flaws));
            rest = &rest[literal.len() + word.len()..];
        }
        let is_message = matches!(pieces.last(), Some(Piece::Message | Piece::RawMessage));
        if ends && !is_message {
            self.heard(step, b"\r\n", &line);
            pieces.push(Piece::Octets(b"\r\n".to_vec()));
        }
        self.steps.push(Step::Send(Sent { text: written.to_owned(), pieces, answers: Vec::new() }));
    }

    fn placeholder(&mut self, step: usize, word: &str, line: &Range<usize>, flaws: &mut Vec<Flaw>) -> Piece {
        let piece = match word {
            "{nonce}" => Piece::Nonce,
            "{size}" => Piece::Size,
            "{message}" => Piece::Message,
            _ => Piece::RawMessage,
        };
        if matches!(piece, Piece::Nonce | Piece::Size) {
            if piece == Piece::Nonce && self.mode != Mode::Command {
                self.own.get_or_insert(self.mails);
            }
            self.partial.extend_from_slice(word.as_bytes());
            return piece;
        }
        if let Some(first) = &self.message {
            let flaw = Flaw::new("the message stands twice in this dialogue").at(line, "here again");
            flaws.push(flaw.at(first, "the first one").help("write a second message out, as `C:` lines"));
        }
        self.message = Some(line.clone());
        self.own = Some(self.mails);
        match (&piece, self.mode) {
            (Piece::Message, Mode::Data) => {
                self.owe(step, "end-of-data");
                self.mode = Mode::Command;
            }
            (Piece::Message, _) => {
                let flaw = Flaw::new("nobody said DATA before this message").at(line, "it would be read as commands");
                flaws.push(
                    flaw.help("write `C: DATA` and `S: 354` before it; `{message:raw}` sends its octets anywhere"),
                );
            }
            (_, Mode::Chunk(_)) => self.mode = Mode::Command,
            _ => {}
        }
        self.partial.clear();
        piece
    }

    /// A brace that was probably meant as a placeholder.
    fn look_for_slips(&self, offset: usize, literal: &str, flaws: &mut Vec<Flaw>) {
        for (at, _) in literal.match_indices('{') {
            let Some(length) = literal[at..].find('}') else { return };
            let word = &literal[at..=at + length];
            if PLACEHOLDERS.iter().any(|known| strsim::osa_distance(known, word) <= 2) {
                let flaw = Flaw::new(format!("`{word}` stands for nothing"));
                let usual = format!("In a dialogue there are {}; `\\x7b` is a brace", listed(&PLACEHOLDERS));
                let place = self.place(&(offset + at..offset + at + word.len()));
                flaws.push(flaw.at(&place, "sent as it is").help(did_you_mean(word, PLACEHOLDERS, &usual)));
            }
        }
    }

    /// What the server hears, line by line.
    fn heard(&mut self, step: usize, octets: &[u8], line: &Range<usize>) {
        for octet in octets {
            if let Mode::Chunk(Some(left)) = self.mode {
                self.mode = if left <= 1 { Mode::Command } else { Mode::Chunk(Some(left - 1)) };
                continue;
            }
            self.partial.push(*octet);
            if self.partial.ends_with(b"\r\n") {
                let whole = std::mem::take(&mut self.partial);
                let text = String::from_utf8_lossy(&whole[..whole.len() - 2]).into_owned();
                match self.mode {
                    Mode::Command => self.command(step, &text, line),
                    Mode::Data if text == "." => {
                        self.owe(step, "end-of-data");
                        self.mode = Mode::Command;
                    }
                    Mode::Data | Mode::Chunk(_) => {}
                }
            }
        }
    }

    fn command(&mut self, step: usize, command: &str, line: &Range<usize>) {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let path = rest.split_once(':').map_or(rest, |(_, path)| path);
        let to = match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => {
                self.ehlo = Some(Spanned { value: rest.to_owned(), span: line.clone() });
                "ehlo"
            }
            "STARTTLS" => "starttls",
            "AUTH" => "auth",
            "QUIT" => "quit",
            "MAIL" => {
                self.mails += 1;
                let value = ReversePath::of_any(first_path(path));
                let path = Path { value, raw: Some(path.as_bytes().to_vec()), span: line.clone() };
                self.reverse_paths.push((self.mails, path));
                "mail-from"
            }
            "RCPT" => {
                let address = Address::with_any_local_part(inside_brackets(first_path(path)));
                let raw = Some(path.as_bytes().to_vec());
                let path = address.map(|value| Path { value, raw, span: line.clone() });
                self.forward_paths.push((self.mails, path));
                "rcpt-to"
            }
            "DATA" => {
                self.mode = Mode::Data;
                "data"
            }
            "BDAT" => {
                let size = rest.split(' ').next().unwrap_or_default();
                self.mode = match size.parse() {
                    Ok(0) => Mode::Command,
                    size => Mode::Chunk(size.ok()),
                };
                if rest.to_ascii_uppercase().ends_with(" LAST") { "end-of-data" } else { "octets" }
            }
            _ => "octets",
        };
        self.owe(step, to);
    }

    fn owe(&mut self, step: usize, to: &'static str) {
        self.owed.push(Owed { step, to, mail: self.mails });
    }

    fn finish(self, names_recipients: bool) -> Read {
        let own = self.own.unwrap_or(self.mails);
        let mut steps = self.steps;
        let mut recipients = self.forward_paths.iter().map(|(_, path)| path.is_some());
        for Owed { step, to, mail } in &self.owed {
            let is_of_a_mail = matches!(*to, "mail-from" | "rcpt-to" | "data" | "end-of-data");
            let is_recipient = *to != "rcpt-to" || recipients.next().unwrap_or_default() || names_recipients;
            let to = if is_of_a_mail && (*mail != own || !is_recipient) { "octets" } else { to };
            if let Some(Step::Send(sent)) = steps.get_mut(*step) {
                sent.answers.push(to.to_owned());
            }
        }
        let of_own = |mail: &usize| *mail == own;
        Read {
            recipients: self.forward_paths.iter().filter(|(mail, _)| of_own(mail)).count(),
            has_tls: steps.contains(&Step::Tls),
            transcript: Transcript { steps, span: self.text.span.clone() },
            mail_from: self.reverse_paths.into_iter().find(|(mail, _)| of_own(mail)).map(|(_, path)| path),
            rcpt_to: self
                .forward_paths
                .into_iter()
                .filter(|(mail, _)| of_own(mail))
                .filter_map(|(_, path)| path)
                .collect(),
            ehlo: self.ehlo,
            has_message: self.message.is_some(),
        }
    }
}

/// A path without the parameters behind it; a bracket in a quoted local part ends nothing.
fn first_path(text: &str) -> &str {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return &text[..=at],
            _ => {}
        }
    }
    text
}
