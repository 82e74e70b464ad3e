//! A user list in MariaDB: its schema as the daemons' questions need it, with two users who are invented.

use crate::{
    draft::{Machine, Mailbox, Notes, password},
    query::{Content, Schema, Subject},
    secrets::KNOWN,
    sockets::keyed,
    tables::{Table, tables},
};
use std::{collections::BTreeSet, fmt::Write};

/// Where the statements lie on the host.
pub(crate) const SEED: &str = "mailproof/seed.sql";

/// What a daemon asks a database, and how it logs in there.
#[derive(Debug, Clone)]
struct Asked {
    file: String,
    database: String,
    user: String,
    queries: Vec<(String, Subject)>,
}

/// A database as far as the questions show it.
#[derive(Debug)]
pub(crate) struct Seed {
    /// SQL statements that make it.
    pub(crate) statements: String,
    /// Users in it.
    pub(crate) mailboxes: Vec<Mailbox>,
}

/// Tables that Postfix asks, with the parameters that name them.
pub(crate) fn asked_tables(machine: &Machine) -> Vec<(String, Table)> {
    let values = machine.postfix.iter().flat_map(|postfix| postfix.values());
    let found = values.flat_map(|(name, value)| {
        tables(&value).into_iter().filter(Table::is_asked).map(move |table| (name.clone(), table))
    });
    found.collect()
}

/// The database that a host's daemons ask, if it is MariaDB and its tables can be told from their questions.
pub(crate) fn seed(machine: &Machine, domains: &[String], notes: &mut Notes) -> Option<Seed> {
    let asked = asked(machine);
    if asked.is_empty() {
        return None;
    }
    let mut statements = "FLUSH PRIVILEGES;\n".to_owned();
    let mailboxes: Vec<Mailbox> = ["alice", "bob"]
        .iter()
        .map(|user| {
            let address = format!("{user}@{}", domains[0]);
            Mailbox { login: address.clone(), address, password: password(user), store: None }
        })
        .collect();
    let mut unclear = Vec::new();
    for database in asked.iter().map(|one| &one.database).collect::<BTreeSet<_>>() {
        let mut schema = Schema::default();
        let own: Vec<&Asked> = asked.iter().filter(|one| one.database == *database).collect();
        // what tells most of a column comes first
        let is_first = |subject: &Subject| !matches!(subject, Subject::Nobody);
        for wanted in [true, false] {
            for (query, subject) in
                own.iter().flat_map(|one| &one.queries).filter(|(_, subject)| is_first(subject) == wanted)
            {
                schema.add(query, *subject);
            }
        }
        unclear.append(&mut schema.unclear);
        statements.push_str(&make(database, &schema, domains, &mailboxes));
        for user in own.iter().map(|one| &one.user).collect::<BTreeSet<_>>() {
            for host in ["localhost", "%"] {
                let account = format!("'{user}'@'{host}'");
                let _ = writeln!(statements, "CREATE OR REPLACE USER {account} IDENTIFIED BY '{KNOWN}';");
                let _ = writeln!(statements, "GRANT ALL ON `{database}`.* TO {account};");
            }
        }
    }
    notes.ask(
        format!(
            "Users, domains and aliases lie in MariaDB, of which /etc has only the questions ({}). {SEED} makes the tables that they need, with \
             alice and bob of {}; no alias is in it. Put in it what decides about mail on the server.",
            asked.iter().map(|one| one.file.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", "),
            domains[0],
        ),
        &[],
    );
    if !unclear.is_empty() {
        let lines: Vec<String> = unclear.into_iter().collect();
        notes.ask(format!("These questions are not wholly understood; see that {SEED} answers them."), &lines);
    }
    Some(Seed { statements, mailboxes })
}

/// Statements that make a database with its tables and rows.
fn make(database: &str, schema: &Schema, domains: &[String], mailboxes: &[Mailbox]) -> String {
    let mut text = format!("CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4;\n");
    for (table, columns) in schema.tables.iter().filter(|(table, columns)| is_name(table) && !columns.is_empty()) {
        let columns: Vec<(&String, &Option<Content>)> = columns.iter().filter(|(column, _)| is_name(column)).collect();
        let declared = columns.iter().map(|(column, content)| {
            let kind =
                if matches!(content, Some(Content::Number(_) | Content::DomainId)) { "INT" } else { "VARCHAR(255)" };
            format!("`{column}` {kind}")
        });
        let declared = declared.collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "CREATE TABLE IF NOT EXISTS `{database}`.`{table}` ({declared});");
        let holds = |wanted: &[Content]| {
            columns.iter().any(|(_, content)| content.as_ref().is_some_and(|own| wanted.contains(own)))
        };
        let mut row = |address: &str| {
            let values = columns
                .iter()
                .map(|(_, content)| value(content.as_ref(), address, domains))
                .collect::<Vec<_>>()
                .join(", ");
            let names = columns.iter().map(|(column, _)| format!("`{column}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "INSERT INTO `{database}`.`{table}` ({names}) VALUES ({values});");
        };
        if holds(&[Content::Address, Content::Local, Content::Password]) {
            mailboxes.iter().for_each(|mailbox| row(&mailbox.address));
        } else if holds(&[Content::Domain, Content::DomainId]) {
            domains.iter().for_each(|domain| row(&format!("@{domain}")));
        }
    }
    text
}

fn value(content: Option<&Content>, address: &str, domains: &[String]) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    match content {
        None => "NULL".to_owned(),
        Some(Content::Address) => quoted(address),
        Some(Content::Local) => quoted(local),
        Some(Content::Domain) => quoted(domain),
        Some(Content::Password) => quoted(&format!("{{PLAIN}}{}", password(local))),
        Some(Content::Maildir) => quoted(&format!("{domain}/{local}/")),
        Some(Content::DomainId) => (domains.iter().position(|own| own == domain).map_or(1, |at| at + 1)).to_string(),
        Some(Content::Text(text)) => quoted(text),
        Some(Content::Number(number)) => number.to_string(),
    }
}

/// A name that needs no escaping in backticks.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b))
}

fn asked(machine: &Machine) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for (parameter, table) in asked_tables(machine).into_iter().filter(|(_, table)| table.kind == "mysql") {
        let Some(text) = machine.tree.text(&table.path) else { continue };
        let subject = match parameter.rsplit('/').next().unwrap_or_default() {
            "virtual_mailbox_domains" | "relay_domains" | "mydestination" => Subject::Domain,
            "virtual_mailbox_maps" | "local_recipient_maps" | "relay_recipient_maps" => {
                Subject::User { is_dovecot: false }
            }
            _ => Subject::Nobody,
        };
        let value = |key: &str| setting(text, key).unwrap_or_default();
        let mut query = value("query");
        if query.is_empty() && !value("table").is_empty() {
            query = format!(
                "SELECT {} FROM {} WHERE {} = '%s' {}",
                value("select_field"),
                value("table"),
                value("where_field"),
                value("additional_conditions")
            );
        }
        found.push(Asked {
            file: table.path,
            database: value("dbname"),
            user: value("user"),
            queries: vec![(query, subject)],
        });
    }
    found.extend(dovecot(machine));
    found.retain(|one| is_name(&one.database) && is_name(&one.user));
    found
}

/// A value in a file of Postfix's SQL client, continuation lines joined.
fn setting(text: &str, key: &str) -> Option<String> {
    let mut value: Option<String> = None;
    let mut is_it = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.split_once('=') {
            Some((name, own)) if !line.starts_with([' ', '\t']) => {
                is_it = name.trim() == key;
                if is_it {
                    value = Some(own.trim().to_owned());
                }
            }
            _ if is_it && line.starts_with([' ', '\t']) => {
                if let Some(value) = &mut value {
                    value.push_str(&format!(" {}", line.trim()));
                }
            }
            _ => is_it = false,
        }
    }
    value
}

/// What Dovecot asks: 2.3 in files of their own, 2.4 in its configuration.
fn dovecot(machine: &Machine) -> Vec<Asked> {
    let Some(dovecot) = &machine.dovecot else { return Vec::new() };
    const LOGIN: Subject = Subject::User { is_dovecot: true };
    let mut found = Vec::new();
    let mut files = BTreeSet::new();
    for settings in ["passdb", "userdb"].into_iter().flat_map(|kind| dovecot.blocks(kind)).map(|(_, block)| block) {
        if settings.get("driver").is_some_and(|driver| driver == "sql") {
            files.extend(settings.get("args").cloned());
        }
    }
    for file in files {
        // a backslash continues a line
        let Some(text) = machine.tree.text(&file).map(|text| text.replace("\\\n", " ")) else { continue };
        let connect = keyed(&text, "connect").unwrap_or_default();
        let part = |key: &str| {
            let mut words = connect.split_whitespace().filter_map(|word| word.split_once('='));
            words.find(|(own, _)| *own == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        if keyed(&text, "driver").is_some_and(|driver| driver != "mysql") {
            continue;
        }
        let query = |key: &str, subject| setting(&text, key).map(|query| (query, subject));
        let queries =
            [query("password_query", LOGIN), query("user_query", LOGIN), query("iterate_query", Subject::Nobody)];
        found.push(Asked {
            file,
            database: part("dbname"),
            user: part("user"),
            queries: queries.into_iter().flatten().collect(),
        });
    }
    if let Some(login) = dovecot.blocks("mysql").into_iter().map(|(_, block)| block).next() {
        let part =
            |key: &str| login.get(key).or_else(|| login.get(&format!("mysql_{key}"))).cloned().unwrap_or_default();
        let all = dovecot.all().filter_map(|(path, value)| match path.rsplit('/').next() {
            Some("query" | "passdb_sql_query" | "userdb_sql_query") => Some((value.to_owned(), LOGIN)),
            Some("iterate_query" | "userdb_sql_iterate_query") => Some((value.to_owned(), Subject::Nobody)),
            _ => None,
        });
        let file = "/etc/dovecot/dovecot.conf".to_owned();
        found.push(Asked { file, database: part("dbname"), user: part("user"), queries: all.collect() });
    }
    found
}
