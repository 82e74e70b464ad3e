//! The SELECTs that daemons ask a database: which tables and columns they need, and what a row must hold to be found.

use std::collections::BTreeMap;

/// What a column holds for a user or a domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    /// The whole address.
    Address,
    /// Its local part.
    Local,
    /// Its domain.
    Domain,
    /// The password, in clear.
    Password,
    /// The number of the domain, by which tables are joined.
    DomainId,
    /// Where mail is kept, relative to the mailboxes.
    Maildir,
    /// A text that is always the same.
    Text(String),
    /// A number that is always the same.
    Number(i64),
}

/// Who is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A user who is there; of Dovecot `%u` is the address, of Postfix the local part.
    User { is_dovecot: bool },
    /// A domain that is there.
    Domain,
    /// Somebody or something that need not be there.
    Nobody,
}

/// Tables, their columns, and what each column holds where that is known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) tables: BTreeMap<String, BTreeMap<String, Option<Content>>>,
    /// Queries that are not understood, or not wholly.
    pub(crate) unclear: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Sign(char),
}

impl Schema {
    /// Adds what a query needs.
    pub(crate) fn add(&mut self, query: &str, subject: Subject) {
        let tokens = tokens(query);
        let is = |token: &Token, word: &str| matches!(token, Token::Word(own) if own.eq_ignore_ascii_case(word));
        let from = tokens.iter().position(|token| is(token, "from"));
        let selects = tokens.iter().filter(|token| is(token, "select")).count();
        let (Some(from), 1) = (from, selects) else {
            self.unclear.push(query.to_owned());
            return;
        };
        let tables = tables(&tokens[from..]);
        let Some((first, _)) = tables.first().cloned() else {
            self.unclear.push(query.to_owned());
            return;
        };
        for (table, _) in &tables {
            self.tables.entry(table.clone()).or_default();
        }
        let place = |name: &str| -> (String, String) {
            match name.split_once('.') {
                Some((table, column)) => {
                    let real = tables.iter().find(|(own, alias)| own == table || alias == table);
                    (real.map_or_else(|| table.to_owned(), |(own, _)| own.clone()), column.to_owned())
                }
                None => (first.clone(), name.to_owned()),
            }
        };
        self.selected(&tokens[1..from], &place, subject);
        self.conditions(query, &tokens[from..], &place, subject);
    }

    /// The columns between SELECT and FROM.
    fn selected(&mut self, tokens: &[Token], place: &dyn Fn(&str) -> (String, String), subject: Subject) {
        for expression in tokens.split(|token| *token == Token::Sign(',')) {
            let mut words: Vec<(usize, &str)> = Vec::new();
            let mut name = None;
            for (at, token) in expression.iter().enumerate() {
                let Token::Word(word) = token else { continue };
                if word.eq_ignore_ascii_case("as") {
                    name = match expression.get(at + 1) {
                        Some(Token::Word(name)) => Some(name.as_str()),
                        _ => None,
                    };
                    break;
                }
                if !is_keyword(word) && expression.get(at + 1) != Some(&Token::Sign('(')) {
                    words.push((at, word));
                }
            }
            for (_, word) in &words {
                let (table, column) = place(word);
                let own = column.to_ascii_lowercase();
                let name = name.unwrap_or(&own).to_ascii_lowercase();
                let content = match (subject, name.as_str()) {
                    (Subject::User { is_dovecot: true }, "password") => Some(Content::Password),
                    (Subject::User { .. }, "uid" | "gid" | "userdb_uid" | "userdb_gid") => Some(Content::Number(5000)),
                    (Subject::User { .. }, name) if name.contains("quota") => Some(Content::Number(0)),
                    (Subject::User { is_dovecot: false }, _) => Some(Content::Maildir),
                    (Subject::User { .. }, "maildir" | "home" | "mail") => Some(Content::Maildir),
                    _ => None,
                };
                let known = self.column(table, column);
                if known.is_none() {
                    *known = content;
                }
            }
        }
    }

    /// What columns are compared with.
    fn conditions(
        &mut self,
        query: &str,
        tokens: &[Token],
        place: &dyn Fn(&str) -> (String, String),
        subject: Subject,
    ) {
        let mut is_clear = true;
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Sign('=') => {}
                Token::Sign('<' | '>' | '!') => is_clear = false,
                Token::Word(word)
                    if ["like", "in", "between", "union", "regexp", "is"]
                        .iter()
                        .any(|k| word.eq_ignore_ascii_case(k)) =>
                {
                    is_clear = false;
                }
                _ => {}
            }
            if *token != Token::Sign('=') {
                continue;
            }
            let left = operand(&tokens[..at], true);
            let right = operand(&tokens[at + 1..], false);
            match (left, right) {
                (Some(Operand::Columns(columns)), Some(Operand::Value(value)))
                | (Some(Operand::Value(value)), Some(Operand::Columns(columns))) => {
                    let content = content(&value, subject);
                    // CONCAT(user, '@', domain) = '%s'
                    let parts = match (columns.len(), content) {
                        (2, Some(Content::Address)) => vec![Some(Content::Local), Some(Content::Domain)],
                        (1, content) => vec![content],
                        _ => {
                            is_clear = false;
                            continue;
                        }
                    };
                    for (column, part) in columns.iter().zip(parts) {
                        let (table, column) = place(column);
                        let known = self.column(table, column);
                        if part.is_some() && (known.is_none() || *known == Some(Content::Maildir)) {
                            *known = part;
                        }
                    }
                }
                (Some(Operand::Columns(one)), Some(Operand::Columns(other))) if one.len() == 1 && other.len() == 1 => {
                    let (one, other) = (place(&one[0]), place(&other[0]));
                    let known = [&one, &other].into_iter().find_map(|(t, c)| self.column(t.clone(), c.clone()).clone());
                    let shared = known.unwrap_or(Content::DomainId);
                    for (table, column) in [one, other] {
                        *self.column(table, column) = Some(shared.clone());
                    }
                }
                _ => is_clear = false,
            }
        }
        if !is_clear {
            self.unclear.push(query.to_owned());
        }
    }

    fn column(&mut self, table: String, column: String) -> &mut Option<Content> {
        self.tables.entry(table).or_default().entry(column).or_default()
    }
}

/// What stands beside an equals sign.
enum Operand {
    Columns(Vec<String>),
    Value(Token),
}

fn operand(tokens: &[Token], is_before: bool) -> Option<Operand> {
    let near = if is_before { tokens.last()? } else { tokens.first()? };
    match near {
        Token::Word(word) if matches!(word.to_ascii_lowercase().as_str(), "true" | "false") => {
            Some(Operand::Value(Token::Number(i64::from(word.eq_ignore_ascii_case("true")))))
        }
        Token::Word(word) if !is_before && tokens.get(1) == Some(&Token::Sign('(')) => call(word, &tokens[1..]),
        Token::Word(word) => Some(Operand::Columns(vec![word.clone()])),
        Token::Sign(')') if is_before => {
            let open = tokens.iter().rposition(|token| *token == Token::Sign('('))?;
            let Token::Word(name) = tokens.get(open.checked_sub(1)?)? else { return None };
            call(name, &tokens[open..])
        }
        Token::Sign(_) => None,
        value => Some(Operand::Value(value.clone())),
    }
}

/// `CONCAT(a, '@', b)`; of other functions nothing is known.
fn call(name: &str, arguments: &[Token]) -> Option<Operand> {
    let end = arguments.iter().position(|token| *token == Token::Sign(')')).unwrap_or(arguments.len());
    let words = arguments[..end].iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.clone()),
        _ => None,
    });
    let words: Vec<String> = words.collect();
    let is_known = matches!(name.to_ascii_lowercase().as_str(), "concat" | "lower" | "lcase");
    (is_known && !words.is_empty()).then_some(Operand::Columns(words))
}

/// What a value that is asked for stands for.
fn content(value: &Token, subject: Subject) -> Option<Content> {
    let text = match value {
        Token::Number(number) => return Some(Content::Number(*number)),
        Token::Text(text) => text.replace(' ', ""),
        Token::Word(_) | Token::Sign(_) => return None,
    };
    if !text.contains('%') {
        return Some(text.parse().map_or(Content::Text(text), Content::Number));
    }
    match (text.as_str(), subject) {
        (_, Subject::Nobody) => None,
        ("%s" | "%d" | "%{domain}" | "%{user|domain}", Subject::Domain) => Some(Content::Domain),
        ("%d" | "%{domain}" | "%Ld" | "%{user|domain}" | "%{user|domain|lower}", _) => Some(Content::Domain),
        ("%n" | "%Ln" | "%{user|username}" | "%{user|username|lower}" | "%{username}", _) => Some(Content::Local),
        ("%u", Subject::User { is_dovecot: false }) => Some(Content::Local),
        ("%s" | "%u" | "%Lu" | "%{user}" | "%{user|lower}" | "%n@%d" | "%u@%d" | "%{original_user}", _) => {
            Some(Content::Address)
        }
        _ => None,
    }
}

/// Tables behind FROM, each with the name that stands for it.
fn tables(tokens: &[Token]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut is_next = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else {
            is_next = is_next || (*token == Token::Sign(',') && !found.is_empty());
            continue;
        };
        match word.to_ascii_lowercase().as_str() {
            "from" | "join" => is_next = true,
            "where" | "order" | "group" | "limit" => break,
            _ if is_next && !is_keyword(word) => {
                let table = word.rsplit('.').next().unwrap_or(word).to_owned();
                if matches!(tokens.get(at), Some(Token::Word(next)) if next.eq_ignore_ascii_case("as")) {
                    at += 1;
                }
                let alias = match tokens.get(at) {
                    Some(Token::Word(alias)) if !is_keyword(alias) => alias.clone(),
                    _ => table.clone(),
                };
                found.push((table, alias));
                is_next = false;
            }
            _ => {}
        }
    }
    found
}

fn is_keyword(word: &str) -> bool {
    const WORDS: [&str; 29] = [
        "select", "distinct", "from", "where", "and", "or", "not", "as", "on", "inner", "left", "right", "outer",
        "cross", "join", "using", "limit", "order", "by", "group", "null", "is", "in", "like", "case", "when", "then",
        "else", "end",
    ];
    WORDS.contains(&word.to_ascii_lowercase().as_str())
}

fn tokens(query: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = query.trim();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' | '"' => {
                let end = rest[1..].find(first).map_or(rest.len(), |at| at + 2);
                found.push(Token::Text(rest[1..end.max(2) - 1].to_owned()));
                end
            }
            '0'..='9' => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                found.push(rest[..end].parse().map_or(Token::Sign('?'), Token::Number));
                end
            }
            c if c.is_alphabetic() || c == '_' || c == '`' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && !"_.`".contains(c)).unwrap_or(rest.len());
                found.push(Token::Word(rest[..end].replace('`', "")));
                end
            }
            c if c.is_whitespace() => c.len_utf8(),
            // a variable without quotes: `domain = %d`
            '%' => {
                let end = rest.find(|c: char| c.is_whitespace() || ");,".contains(c)).unwrap_or(rest.len());
                found.push(Token::Text(rest[..end].to_owned()));
                end
            }
            c => {
                found.push(Token::Sign(c));
                c.len_utf8()
            }
        };
        rest = &rest[taken.min(rest.len())..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Subject = Subject::User { is_dovecot: false };
    const LOGIN: Subject = Subject::User { is_dovecot: true };

    /// `table.column: content` of every column.
    fn schema(queries: &[(&str, Subject)]) -> (String, usize) {
        let mut schema = Schema::default();
        queries.iter().for_each(|(query, subject)| schema.add(query, *subject));
        let mut all = Vec::new();
        for (table, columns) in &schema.tables {
            all.extend(columns.iter().map(|(column, content)| format!("{table}.{column}: {content:?}")));
        }
        (all.join("\n").replace("Some(", "").replace(')', ""), schema.unclear.len())
    }

    #[test]
    fn one_table_for_each_thing() {
        let (found, unclear) = schema(&[
            ("SELECT 1 FROM virtual_domains WHERE name='%s'", Subject::Domain),
            ("SELECT 1 FROM virtual_users WHERE email='%s'", USER),
            ("SELECT destination FROM virtual_aliases WHERE source='%s'", Subject::Nobody),
            ("SELECT email, password FROM virtual_users WHERE email='%u'", LOGIN),
            (
                "SELECT email as user, concat('*:bytes=', quota) AS quota_rule FROM virtual_users WHERE email='%u'",
                LOGIN,
            ),
        ]);
        assert_eq!(
            found,
            "virtual_aliases.destination: None\nvirtual_aliases.source: None\nvirtual_domains.name: Domain\nvirtual_users.email: Address\n\
             virtual_users.password: Password\nvirtual_users.quota: Number(0"
        );
        assert_eq!(unclear, 0);
    }

    #[test]
    fn tables_are_joined_and_constants_kept() {
        let (found, unclear) = schema(&[
            (
                "SELECT maildir FROM mailbox m, domain AS d WHERE m.domain_id = d.id AND m.local = '%u' AND d.name = '%d' AND m.active = '1'",
                USER,
            ),
            ("SELECT goto FROM `alias` WHERE CONCAT(l, '@', dom)='%s' AND active = true", USER),
            (
                "SELECT m.password FROM mailbox AS m JOIN domain ON m.domain_id = domain.id WHERE m.local = '%n' AND domain.name = '%d'",
                LOGIN,
            ),
        ]);
        for part in [
            "mailbox.domain_id: DomainId",
            "domain.id: DomainId",
            "mailbox.local: Local",
            "domain.name: Domain",
            "mailbox.active: Number(1",
            "alias.l: Local",
            "alias.dom: Domain",
            "alias.active: Number(1",
            "mailbox.maildir: Maildir",
            "mailbox.password: Password",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
        assert_eq!(unclear, 0);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let (_, unclear) = schema(&[
            ("SELECT a FROM t WHERE a IN (SELECT b FROM u)", USER),
            ("SELECT a FROM t WHERE a='%s' AND expires > NOW()", USER),
            ("SELECT email FROM users WHERE domain = SUBSTRING_INDEX('%s', '@', -1)", USER),
            ("CALL find('%s')", USER),
            ("'", USER),
        ]);
        assert_eq!(unclear, 5);
    }
}
