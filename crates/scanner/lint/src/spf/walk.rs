//! Through a record and all that it leads to, as the worst check goes: nothing matches until the last `all`.

use super::{
    macros,
    term::{self, Fault, Kind, Term},
};
use crate::{code::Code, context::LintContext, text::texts};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// Look-ups that a check may take, and those of them that may find nothing (RFC 7208 §4.6.4).
const LOOKUPS: usize = 10;
const VOIDS: usize = 2;
/// Names of an MX that may be looked up (RFC 7208 §4.6.4).
const MX_NAMES: usize = 10;
/// No record is followed any further behind so many look-ups.
const ENOUGH: usize = 60;

pub(super) struct Walk<'a> {
    context: &'a LintContext<'a>,
    /// Records on the way here, the first one first.
    path: Vec<Domain>,
    lookups: usize,
    voids: Vec<String>,
    /// Look-ups that each term of the first record leads to.
    costs: Vec<(String, usize)>,
    remarks: Vec<Remark>,
}

/// A record in parts.
struct Parts<'t> {
    record: &'t str,
    /// Terms that are written well, up to the `all`.
    tested: Vec<Term<'t>>,
    /// Those behind it.
    untested: Vec<Term<'t>>,
    all: Option<(&'t str, char)>,
    redirect: Option<(&'t str, &'t str)>,
    /// Some term cannot be read, and may have been meant for any of these.
    has_faults: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn lint(context: &'a LintContext<'a>, domain: &Domain, record: &str) -> Vec<Remark> {
        let mut walk =
            Walk { context, path: Vec::new(), lookups: 0, voids: Vec::new(), costs: Vec::new(), remarks: Vec::new() };
        walk.visit(domain, record, true);
        walk.count();
        walk.remarks
    }

    /// A record whose result is the whole one's (`is_tail`), or only that of an include.
    fn visit(&mut self, domain: &Domain, record: &str, is_tail: bool) {
        self.path.push(domain.clone());
        let parts = self.read(record);
        self.end(&parts, is_tail);
        for term in &parts.tested {
            let before = self.lookups;
            self.follow(domain, term);
            if self.path.len() == 1 && self.lookups > before {
                self.costs.push((term.text.to_owned(), self.lookups - before));
            }
        }
        if let (Some((text, spec)), None) = (parts.redirect, parts.all) {
            let before = self.lookups;
            self.lookups += 1;
            self.enter(domain, text, spec, is_tail);
            if self.path.len() == 1 {
                self.costs.push((text.to_owned(), self.lookups - before));
            }
        }
        self.path.pop();
    }

    /// The terms of a record; what is wrong with them is said.
    fn read<'t>(&mut self, record: &'t str) -> Parts<'t> {
        let mut parts =
            Parts { record, tested: Vec::new(), untested: Vec::new(), all: None, redirect: None, has_faults: false };
        let mut has_explanation = false;
        for (text, read) in term::read(record) {
            let term = match read {
                Ok(term) => term,
                Err(fault) => {
                    parts.has_faults = true;
                    self.fault(record, text, fault);
                    continue;
                }
            };
            if term.needs_ptr {
                self.tell(
                    Code::SpfPtr,
                    &format!(
                        "`{text}` makes every check look up names of the client's address, which is slow and unreliable"
                    ),
                    "name the addresses, or use `a` or `mx`",
                );
            }
            match term.kind {
                Kind::Redirect(_) if parts.redirect.is_some() => self.twice("redirect"),
                Kind::Redirect(spec) => parts.redirect = Some((text, spec)),
                Kind::Explanation if has_explanation => self.twice("exp"),
                Kind::Explanation => has_explanation = true,
                Kind::Extension => {}
                Kind::All(qualifier) if parts.all.is_none() => parts.all = Some((text, qualifier)),
                _ if parts.all.is_some() => parts.untested.push(term),
                _ => parts.tested.push(term),
            }
        }
        parts
    }

    fn fault(&mut self, record: &str, text: &str, fault: Fault) {
        let help = format!("correct it, or take it out: {}", changed(record, text, ""));
        let permerror = |why: String| format!("`{text}`: {why}; every check ends with permerror");
        match fault {
            Fault::Syntax(why) => self.tell(Code::SpfSyntax, &permerror(why), &help),
            Fault::Macro(why) => self.tell(Code::SpfMacro, &permerror(why), &help),
            Fault::Prefix(why) => self.tell(Code::SpfPrefix, &permerror(why), &help),
            Fault::Slip(why) => self.tell(Code::SpfSlip, &format!("`{text}`: {why}"), &help),
            Fault::Unknown(why) => self.tell(Code::SpfUnknownModifier, &format!("`{text}`: {why}"), &help),
        }
    }

    fn twice(&mut self, modifier: &str) {
        let text = format!("there is more than one `{modifier}=`; every check ends with permerror");
        self.tell(Code::SpfSyntax, &text, "take all but one out");
    }

    /// How a record ends, and what comes too late.
    fn end(&mut self, parts: &Parts<'_>, is_tail: bool) {
        let record = parts.record;
        if let Some((text, '+')) = parts.all {
            let said = format!("`{text}` lets everybody send as the domain");
            self.tell(Code::SpfPassesAll, &said, &changed(record, text, "-all"));
        }
        let everybody = parts.tested.iter().filter(|term| term.kind == Kind::Address(Some('+')));
        for term in everybody {
            let text = format!("`{}` is every address there is, and lets everybody send as the domain", term.text);
            self.tell(Code::SpfPassesAll, &text, "name the addresses that send");
        }
        if let (Some((all, _)), Some((redirect, _))) = (parts.all, parts.redirect) {
            let text = format!("`{redirect}` is ignored, since there is `{all}`");
            let help = format!("{}, or {}", changed(record, redirect, ""), changed(record, all, ""));
            self.tell(Code::SpfRedirectIgnored, &text, &help);
        }
        if let (Some((all, _)), false) = (parts.all, parts.untested.is_empty()) {
            let late: Vec<&str> = parts.untested.iter().map(|term| term.text).collect();
            let text = format!("behind `{all}` nothing is tested: {}", late.join(" "));
            self.tell(Code::SpfBehindAll, &text, &format!("{} {all}", changed(record, all, "")));
        }
        if !is_tail {
            return;
        }
        match (parts.all, parts.redirect) {
            (Some((text, '?')), _) => {
                let said = format!("`{text}` says of mail from elsewhere as much as no record does");
                self.tell(Code::SpfNeutralAll, &said, &changed(record, text, "-all"));
            }
            (None, None) if !parts.has_faults => {
                let said = "nothing is said of mail from elsewhere: there is neither `all` nor `redirect=`";
                self.tell(Code::SpfNoAll, said, &format!("{} -all", record.trim_end()));
            }
            _ => {}
        }
    }

    fn follow(&mut self, domain: &Domain, term: &Term<'_>) {
        let is_lookup = !matches!(term.kind, Kind::Address(_) | Kind::All(_));
        self.lookups += usize::from(is_lookup);
        if self.lookups > ENOUGH {
            return;
        }
        let own = |spec: Option<&str>| match spec {
            Some(spec) => target(domain, spec),
            None => Some(domain.clone()),
        };
        match term.kind {
            Kind::Include(spec) => self.enter(domain, term.text, spec, false),
            Kind::A(spec) => {
                if let Some(name) = own(spec) {
                    self.addresses(term.text, &name);
                }
            }
            Kind::Exists(spec) => {
                let found = own(Some(spec)).and_then(|name| self.context.ask(&name, "A"));
                if found.is_some_and(|found| found.records.is_empty()) {
                    self.voids.push(term.text.to_owned());
                }
            }
            Kind::Mx(spec) => {
                let found = own(spec).and_then(|name| self.context.ask(&name, "MX"));
                match found.map(|found| found.records.len()) {
                    Some(0) => self.voids.push(term.text.to_owned()),
                    Some(many) if many > MX_NAMES => {
                        let text = format!("`{}` has {many} names, at most {MX_NAMES} may be looked up", term.text);
                        self.tell(Code::SpfTooManyMx, &text, "name the addresses instead");
                    }
                    _ => {}
                }
            }
            Kind::All(_) | Kind::Ptr | Kind::Address(_) | Kind::Redirect(_) | Kind::Explanation | Kind::Extension => {}
        }
    }

    /// Of IPv4 and IPv6 a check asks for one; it finds nothing for certain if there is neither.
    fn addresses(&mut self, text: &str, name: &Domain) {
        let is_empty = |found: Option<&LookedUp>| found.map(|found| found.records.is_empty());
        if (is_empty(self.context.ask(name, "A")), is_empty(self.context.ask(name, "AAAA"))) == (Some(true), Some(true))
        {
            self.voids.push(text.to_owned());
        }
    }

    /// Another domain's record, by include or redirect; the look-up is counted already.
    fn enter(&mut self, domain: &Domain, text: &str, spec: &str, is_tail: bool) {
        let Some(expanded) = macros::expand(spec, domain.as_str()) else { return };
        let Ok(name) = expanded.parse::<Domain>() else {
            let said = format!("`{text}`: `{expanded}` is no domain name");
            return self.tell(Code::SpfSyntax, &said, "correct the term");
        };
        if self.path.contains(&name) {
            let said = format!("`{text}` leads back to {name}: checks go round until they end with permerror");
            return self.tell(Code::SpfLoop, &said, &format!("take `{text}` out"));
        }
        let Some(found) = self.context.ask(&name, "TXT") else { return };
        if found.records.is_empty() {
            self.voids.push(text.to_owned());
        }
        let texts = texts(found);
        match super::records(&texts).as_slice() {
            [] => {
                let is_redirect = text.to_ascii_lowercase().starts_with("redirect");
                let code = if is_redirect { Code::SpfRedirectNone } else { Code::SpfIncludeNone };
                let said = format!("`{text}`: {name} has no SPF record; checks that get so far end with permerror");
                self.tell(code, &said, &format!("take `{text}` out, or publish a record at {name}"));
            }
            [record] => self.visit(&name, record, is_tail),
            several => {
                let said =
                    format!("{name} has {} SPF records; checks that get so far end with permerror", several.len());
                self.tell(Code::SpfSeveral, &said, &format!("make the records of {name} one"));
            }
        }
    }

    /// What all of it costs.
    fn count(&mut self) {
        if self.lookups > LOOKUPS {
            let costs: Vec<String> = self.costs.iter().map(|(term, cost)| format!("{term} {cost}")).collect();
            let many = if self.lookups > ENOUGH { format!("more than {ENOUGH}") } else { self.lookups.to_string() };
            self.tell(
                Code::SpfTooManyLookups,
                &format!("a check may take {many} look-ups, {LOOKUPS} are allowed: then it ends with permerror"),
                &format!("name addresses instead, or take terms out; look-ups by term: {}", costs.join(", ")),
            );
        }
        let list = self.voids.join(", ");
        match self.voids.len() {
            0 => {}
            many @ 1..=VOIDS => {
                let text = format!("{many} of {VOIDS} look-ups that may find nothing do: {list}");
                self.tell(Code::SpfVoid, &text, "take out what is not there any more");
            }
            many => {
                let text =
                    format!("{many} look-ups find nothing, {VOIDS} may: then a check ends with permerror: {list}");
                self.tell(Code::SpfTooManyVoids, &text, "take out what is not there any more");
            }
        }
    }

    /// A remark, with the record that it is about unless that is the first one.
    fn tell(&mut self, code: Code, text: &str, help: &str) {
        let text = match self.path.as_slice() {
            [_, .., here] => format!("in the record of {here}: {text}"),
            _ => text.to_owned(),
        };
        let remark = code.remark(text, help);
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

/// The name that a specification means; none if it depends on the mail, or is no name.
fn target(domain: &Domain, spec: &str) -> Option<Domain> {
    macros::expand(spec, domain.as_str())?.parse().ok()
}

/// A record with another term in place of one, or without it.
fn changed(record: &str, term: &str, other: &str) -> String {
    let terms = record.split(' ').map(|found| if found == term { other } else { found });
    terms.filter(|term| !term.is_empty()).collect::<Vec<_>>().join(" ")
}
