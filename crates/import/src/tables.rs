//! Tables that Postfix looks into: which they are, what stands in them, and how they are made (DATABASE_README).

use crate::{Tree, postfix::Postfix};
use regex::Regex;
use std::{collections::BTreeSet, sync::LazyLock};

/// A table in a parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Table {
    /// `hash`, `mysql`, …
    pub(crate) kind: String,
    /// Absolute path of what it is made of.
    pub(crate) path: String,
}

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let regex = Regex::new(
        r"\b(hash|btree|lmdb|cdb|dbm|sdbm|texthash|pcre|regexp|cidr|mysql|pgsql|sqlite|ldap|memcache):(/[^\s,{}()]+)",
    );
    regex.expect("it is an expression")
});

/// The tables that a value names.
pub(crate) fn tables(value: &str) -> Vec<Table> {
    let found = REFERENCE.captures_iter(value);
    found.map(|one| Table { kind: one[1].to_owned(), path: one[2].to_owned() }).collect()
}

impl Table {
    /// Whether it is a list in a file: a key and what belongs to it on each line.
    pub(crate) fn is_list(&self) -> bool {
        self.is_made() || self.kind == "texthash"
    }

    /// Whether it is made of its text by postmap(1).
    pub(crate) fn is_made(&self) -> bool {
        matches!(self.kind.as_str(), "hash" | "btree" | "lmdb" | "cdb" | "dbm" | "sdbm")
    }

    /// Whether it asks a database.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.kind.as_str(), "mysql" | "pgsql" | "sqlite" | "ldap" | "memcache")
    }

    /// Keys of a list, and what belongs to them.
    pub(crate) fn rows(&self, tree: &Tree) -> Vec<(String, String)> {
        if self.is_list() { rows(tree.text(&self.path).unwrap_or_default()) } else { Vec::new() }
    }
}

/// Keys and values of a list; a line that begins with white space continues the one before.
pub(crate) fn rows(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for raw in text.lines() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if raw.starts_with([' ', '\t']) {
            if let Some((_, value)) = found.last_mut() {
                value.push_str(&format!(" {line}"));
            }
            continue;
        }
        let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        found.push((key.to_owned(), value.trim().to_owned()));
    }
    found
}

/// What a list of names in a parameter holds (postconf(5), "domain, host or network lists").
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Names that stand in it, or in the files that it means.
    pub(crate) known: Vec<String>,
    /// Tables that only a database can answer.
    pub(crate) asked: Vec<Table>,
}

/// The names that a parameter means.
pub(crate) fn names(tree: &Tree, postfix: &Postfix, parameter: &str) -> Names {
    let value = postfix.get(parameter);
    let mut names = Names::default();
    let all = tables(&value);
    for table in &all {
        names.known.extend(table.rows(tree).into_iter().map(|(key, _)| key));
    }
    names.asked = all.into_iter().filter(Table::is_asked).collect();
    for word in value.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        if word.starts_with('/') {
            let lines = tree.text(word).unwrap_or_default().lines().map(str::trim);
            names.known.extend(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned));
        } else if !word.contains([':', '{', '}', '/', '!']) {
            names.known.push(word.trim_start_matches('.').to_owned());
        }
    }
    let mut seen = BTreeSet::new();
    names.known =
        names.known.iter().map(|name| name.to_ascii_lowercase()).filter(|name| seen.insert(name.clone())).collect();
    names
}

/// Shell commands that make every table of its text, and the tables whose text is not in the archive.
pub(crate) fn commands(tree: &Tree, postfix: &Postfix) -> (Vec<String>, Vec<Table>) {
    let (mut maps, mut aliases, mut missing) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (parameter, value) in postfix.values() {
        let name = parameter.rsplit('/').next().unwrap_or_default();
        for table in tables(&value) {
            // what Postfix itself writes
            if name.contains("cache")
                || name == "address_verify_map"
                || table.path.starts_with(&postfix.get("data_directory"))
            {
                continue;
            }
            if !tree.has(&table.path) {
                // both have it as their default, and it need not be there
                if !(name.starts_with("alias_") && table.path == "/etc/aliases" && !postfix.says(name)) {
                    missing.insert(table);
                }
            } else if table.is_made() {
                let made = if name.starts_with("alias_") { &mut aliases } else { &mut maps };
                made.insert(format!("{}:{}", table.kind, table.path));
            }
        }
    }
    let command = |program: &str, tables: BTreeSet<String>| {
        let tables = tables.into_iter().map(|table| quoted(&table)).collect::<Vec<_>>().join(" ");
        (!tables.is_empty()).then(|| format!("{program} {tables}"))
    };
    let made = [command("postalias", aliases), command("postmap", maps)].into_iter().flatten().collect();
    (made, missing.into_iter().collect())
}

/// A word for a shell.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/._:=@%+,-".contains(&b);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(main: &str, files: &[(&str, &str)]) -> (Tree, Postfix) {
        let mut tree = Tree::default();
        tree.put("etc/postfix/main.cf", main);
        files.iter().for_each(|(path, text)| tree.put(path, text));
        let postfix = Postfix::read(&tree, None).unwrap().unwrap();
        (tree, postfix)
    }

    #[test]
    fn names_come_from_lists_files_and_words() {
        let (tree, postfix) = archive(
            "mydestination = $myhostname, localhost hash:/etc/postfix/d, /etc/mailname proxy:mysql:/etc/postfix/m.cf\nmyhostname = MX.club.example\n",
            &[("etc/postfix/d", "a.example x\n# b\nc.example\n"), ("etc/mailname", "club.example\n")],
        );
        let names = names(&tree, &postfix, "mydestination");
        assert_eq!(names.known, ["a.example", "c.example", "mx.club.example", "localhost", "club.example"]);
        assert_eq!(names.asked, [Table { kind: "mysql".into(), path: "/etc/postfix/m.cf".into() }]);
    }

    #[test]
    fn tables_are_made_of_their_text_and_what_is_missing_is_told() {
        let (tree, postfix) = archive(
            "alias_maps = hash:/etc/aliases, hash:/var/lib/mailman/aliases\ntransport_maps = hash:/etc/postfix/t\n\
             x = pcre:/etc/postfix/p\nsmtp_tls_session_cache_database = btree:${data_directory}/c\n",
            &[("etc/aliases", "root: x\n"), ("etc/postfix/t", ""), ("etc/postfix/p", "")],
        );
        let (made, missing) = commands(&tree, &postfix);
        assert_eq!(made, ["postalias hash:/etc/aliases", "postmap hash:/etc/postfix/t"]);
        assert_eq!(missing.iter().map(|table| table.path.as_str()).collect::<Vec<_>>(), ["/var/lib/mailman/aliases"]);
    }

    #[test]
    fn a_shell_takes_a_word_as_one() {
        assert_eq!((quoted("/a b'c").as_str(), quoted("hash:/x").as_str()), (r"'/a b'\''c'", "hash:/x"));
    }
}
