//! Whose mail it is: the domains of the From fields (RFC 5322 §3.6.2).
//!
//! A field that keeps to the grammar is read by it. Of one that does not, every domain behind an `@` counts, since nobody
//! knows which of them a reader of the mail is shown; so does each domain of several fields.

use evidence::Authors;
use mail::{Domain, Message};

/// How the From fields read, and every domain that they name, in order, each once.
pub(crate) fn authors(message: &Message) -> (Authors, Vec<Domain>) {
    let fields: Vec<&str> = message.all("From").collect();
    let read: Vec<Option<Vec<Domain>>> = fields.iter().map(|field| mailboxes(field)).collect();
    let mut domains = Vec::new();
    for (field, read) in fields.iter().zip(&read) {
        for domain in read.clone().unwrap_or_else(|| mentioned(field)) {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
    }
    let unclear = |why: String| Authors::Unclear(why);
    let authors = match (fields.len(), domains.as_slice()) {
        (0, _) => unclear("there is no From field (RFC 5322 §3.6)".to_owned()),
        (1, _) if read.contains(&None) => {
            unclear("the From field is no list of addresses (RFC 5322 §3.6.2)".to_owned())
        }
        (1, []) => unclear("the From field names nobody (RFC 5322 §3.6.2)".to_owned()),
        (1, [one]) => Authors::One(one.clone()),
        (1, _) => unclear("the From field names authors of several domains".to_owned()),
        (many, _) => unclear(format!("there are {many} From fields (RFC 5322 §3.6)")),
    };
    (authors, domains)
}

/// What a field's body is made of. White space and comments part tokens and are none (RFC 5322 §3.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Everything between specials.
    Atom(String),
    /// A quoted-string.
    Quoted,
    /// A domain-literal.
    Literal,
    /// One of `<>@,:;`.
    Special(char),
}

/// Splits a body; none if a comment, a quoted-string or a literal does not end, or a special stands that has no place.
fn tokens(body: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = body.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => {}
            '(' => {
                let mut depth = 1;
                while depth > 0 {
                    match rest.next()? {
                        '\\' => drop(rest.next()?),
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
            }
            '"' => {
                loop {
                    match rest.next()? {
                        '\\' => drop(rest.next()?),
                        '"' => break,
                        _ => {}
                    }
                }
                tokens.push(Token::Quoted);
            }
            '[' => {
                rest.find(|c| *c == ']')?;
                tokens.push(Token::Literal);
            }
            '<' | '>' | '@' | ',' | ':' | ';' => tokens.push(Token::Special(c)),
            ')' | ']' | '\\' => return None,
            c if c.is_control() => return None,
            c => {
                let mut atom = String::from(c);
                while let Some(c) = rest.next_if(|c| !c.is_control() && !" \t()<>[]:;@\\,\"".contains(*c)) {
                    atom.push(c);
                }
                tokens.push(Token::Atom(atom));
            }
        }
    }
    Some(tokens)
}

/// The domains of a mailbox-list or of groups (RFC 5322 §3.4, RFC 6854); none if it is neither.
fn mailboxes(body: &str) -> Option<Vec<Domain>> {
    let tokens = tokens(body)?;
    let mut domains = Vec::new();
    let mut rest = tokens.as_slice();
    let mut in_group = false;
    loop {
        let words = rest.iter().take_while(|token| matches!(token, Token::Atom(_) | Token::Quoted)).count();
        rest = match (words, &rest[words..]) {
            (1.., [Token::Special(':'), behind @ ..]) if !in_group => {
                in_group = true;
                // A group may be empty (RFC 5322 §3.4).
                if !matches!(behind, [Token::Special(';'), ..]) {
                    rest = behind;
                    continue;
                }
                behind
            }
            (_, [Token::Special('<'), inside @ ..]) => {
                let (domain, behind) = addr_spec(inside)?;
                domains.extend(domain);
                behind.split_first().filter(|(close, _)| **close == Token::Special('>'))?.1
            }
            _ => {
                let (domain, behind) = addr_spec(rest)?;
                domains.extend(domain);
                behind
            }
        };
        if let (true, [Token::Special(';'), behind @ ..]) = (in_group, rest) {
            in_group = false;
            rest = behind;
        }
        match rest {
            [] if !in_group => return Some(domains),
            [Token::Special(','), behind @ ..] => rest = behind,
            _ => return None,
        }
    }
}

/// `local-part@domain` (RFC 5322 §3.4.1). A literal is a domain that has no name, and so no policy.
fn addr_spec(tokens: &[Token]) -> Option<(Option<Domain>, &[Token])> {
    match tokens {
        [Token::Atom(_) | Token::Quoted, Token::Special('@'), Token::Atom(domain), rest @ ..] => {
            let domain = if domain.ends_with('.') { None } else { named(domain) };
            Some((Some(domain?), rest))
        }
        [Token::Atom(_) | Token::Quoted, Token::Special('@'), Token::Literal, rest @ ..] => Some((None, rest)),
        _ => None,
    }
}

/// A domain as the DNS has it: U-labels become A-labels (RFC 5890 §2.3.2.1).
fn named(domain: &str) -> Option<Domain> {
    mail_auth::common::to_a_label(domain).parse().ok()
}

/// Every domain that stands behind an `@`, wherever that is.
fn mentioned(body: &str) -> Vec<Domain> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;@\\,\"".contains(c);
    let behind = body.split('@').skip(1).map(|behind| behind.trim_start());
    behind.filter_map(|behind| named(behind.split(ends).next().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> (Option<String>, Vec<String>) {
        let text: String = fields.iter().map(|field| format!("From: {field}\r\n")).collect();
        let (authors, domains) = authors(&Message::parse(text.as_bytes()));
        let one = match authors {
            Authors::One(domain) => Some(domain.to_string()),
            Authors::Unclear(_) => None,
        };
        (one, domains.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_field_by_the_grammar_names_one_author_domain() {
        for field in [
            "billing@bank.example",
            "Billing <billing@BANK.example>",
            "\"a@b.example, <c@d.example>\" <billing@bank.example>",
            "=?utf-8?q?a=40b?= <billing@bank.example> (or x@y.example)",
            "(c (nested \\) ) ) billing (x) @ (y) bank.example",
            "a@bank.example, \"b c\"@bank.example",
            "The Board: a@bank.example, B <b@bank.example>;",
            "John Q. Public <a@bank.example>",
        ] {
            assert_eq!(of(&[field]).0.as_deref(), Some("bank.example"), "{field}");
        }
        assert_eq!(of(&["billing@b\u{fc}cher.example"]).0.as_deref(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn what_breaks_the_grammar_names_no_single_author_and_still_names_the_victim() {
        for field in [
            "<any@attacker.example>admin@bank.example",
            "any@attacker.example, admin@bank.example",
            "<any@attacker.example>, <admin@bank.example>",
            "any@attacker.example@bank.example",
            "any@attacker.example <admin@bank.example>",
            "<@attacker.example,@bank.example:x@attacker.example>",
            "\"unended <admin@bank.example>",
            "<admin@bank.example",
            "x@attacker.example (unended <admin@bank.example>",
            "a\u{0}b@attacker.example, admin@bank.example.",
        ] {
            let (one, domains) = of(&[field]);
            assert_eq!(one, None, "{field}");
            assert!(domains.contains(&"bank.example".to_owned()), "{field}: {domains:?}");
        }
    }

    #[test]
    fn two_fields_none_and_an_empty_one_name_no_single_author() {
        let (one, domains) = of(&["a@attacker.example", "b@bank.example"]);
        assert_eq!((one, domains), (None, vec!["attacker.example".to_owned(), "bank.example".to_owned()]));
        assert_eq!(of(&["a@bank.example", "b@bank.example"]).0, None);
        assert_eq!(of(&[]), (None, vec![]));
        for field in ["", "Nobody:;", "a@[192.0.2.1]", "bank.example"] {
            assert_eq!(of(&[field]), (None, vec![]), "{field}");
        }
    }
}
