//! The DKIM keys with which a host signs: where they lie, for whom, and of which kind. Keys are made for the run.

use crate::{
    Tree,
    draft::{Dkim, Draft, Machine, Notes},
    sockets::keyed,
    tables::rows,
};
use regex::Regex;

/// Adds the keys of OpenDKIM and rspamd.
pub(crate) fn add(machine: &Machine, draft: &mut Draft, domains: &[String], zone: Option<&str>, notes: &mut Notes) {
    let tree = &machine.tree;
    let runs = |name: &str| draft.services.iter().any(|service| service.name == name);
    let mut found = Vec::new();
    if runs("opendkim") {
        found.extend(opendkim(tree, domains));
    }
    if runs("rspamd") {
        found.extend(rspamd(tree, domains));
    }
    for (domain, selector, path, owner) in found {
        let is_known = |dkim: &Dkim| dkim.path == path || (dkim.domain == domain && dkim.selector == selector);
        if draft.dkim.iter().any(is_known) {
            continue;
        }
        let is_name = |name: &str| name.parse::<mail::Domain>().is_ok();
        if !path.starts_with('/') || !is_name(&domain) || !is_name(&format!("{selector}._domainkey.{domain}")) {
            notes.ask(
                format!("A DKIM key of {domain} with the selector `{selector}` at `{path}` is not understood."),
                &[],
            );
            continue;
        }
        let algorithm = algorithm(tree, &path, &domain, &selector, zone);
        notes.replaced.insert(format!("the DKIM key {path}"));
        draft.dkim.push(Dkim { domain, selector, algorithm, path, owner });
    }
}

/// Domain, selector, path and owner of each key of OpenDKIM (opendkim.conf(5)).
fn opendkim(tree: &Tree, domains: &[String]) -> Vec<(String, String, String, String)> {
    let text = tree.text("etc/opendkim.conf").unwrap_or_default();
    let owner = keyed(text, "UserID").and_then(|user| user.split(':').next().map(str::to_owned));
    let owner = owner.filter(|user| crate::tree::is_account(user)).unwrap_or_else(|| "opendkim".to_owned());
    let mut found = Vec::new();
    if let Some(table) = keyed(text, "KeyTable") {
        let path = table.rsplit_once(':').map_or(table.as_str(), |(_, path)| path);
        for (_, value) in rows(tree.text(path).unwrap_or_default()) {
            let mut parts = value.splitn(3, ':');
            if let (Some(domain), Some(selector), Some(key)) = (parts.next(), parts.next(), parts.next()) {
                let of = if domain == "%" { domains.to_vec() } else { vec![domain.to_ascii_lowercase()] };
                found.extend(of.into_iter().map(|domain| {
                    (domain.clone(), selector.to_owned(), key.trim().replace('%', &domain), owner.clone())
                }));
            }
        }
    }
    if let (Some(domain), Some(selector), Some(key)) =
        (keyed(text, "Domain"), keyed(text, "Selector"), keyed(text, "KeyFile"))
    {
        let listed = if domain.starts_with('/') { tree.text(&domain).unwrap_or_default().to_owned() } else { domain };
        let names = listed.split([',', ' ', '\n']).filter(|name| !name.is_empty() && *name != "*");
        found.extend(
            names.take(1).map(|name| (name.to_ascii_lowercase(), selector.clone(), key.clone(), owner.clone())),
        );
    }
    found
}

/// Domain, selector, path and owner of each key of rspamd's module `dkim_signing`.
fn rspamd(tree: &Tree, domains: &[String]) -> Vec<(String, String, String, String)> {
    let files = ["etc/rspamd/local.d/dkim_signing.conf", "etc/rspamd/override.d/dkim_signing.conf"];
    let text: String = files.iter().filter_map(|path| tree.text(path)).flat_map(|text| [text, "\n"]).collect();
    if text.trim().is_empty() {
        return Vec::new();
    }
    // without comments, and without what is in braces: that is of single domains
    let text: String = text.lines().map(|line| line.split('#').next().unwrap_or_default().to_owned() + "\n").collect();
    let value = |text: &str, key: &str| {
        let expression =
            Regex::new(&format!(r#"(?m)(?:^|[;{{\s]){key}\s*[=:]?\s*"?([^";{{}}\n]+?)"?\s*(?:;|\}}|$)"#)).ok()?;
        Some(expression.captures(text)?[1].trim().to_owned())
    };
    let mut outside = String::new();
    let mut depth = 0;
    for c in text.chars() {
        depth += i32::from(c == '{');
        if depth == 0 {
            outside.push(c);
        }
        depth -= i32::from(c == '}');
    }
    if value(&outside, "enabled").is_some_and(|word| word == "false") {
        return Vec::new();
    }
    let map = |key: &str| {
        let path = value(&outside, key)?;
        Some(rows(tree.text(path.trim_start_matches("map://").trim_start_matches("file://"))?))
    };
    let (selectors, paths) = (map("selector_map"), map("path_map"));
    let selector = value(&outside, "selector").unwrap_or_else(|| "dkim".to_owned());
    let path = value(&outside, "path").unwrap_or_else(|| "/var/lib/rspamd/dkim/$domain.$selector.key".to_owned());
    let of = |map: &Option<Vec<(String, String)>>, domain: &str| {
        map.iter().flatten().find(|(own, _)| own.eq_ignore_ascii_case(domain)).map(|(_, value)| value.clone())
    };
    let mut all: Vec<String> = domains.to_vec();
    all.extend(selectors.iter().flatten().map(|(domain, _)| domain.clone()));
    let named: Vec<(String, String)> = Regex::new(r#"(?s)"?([\w-]+(?:\.[\w-]+)+)"?\s*\{(.*?)\}"#)
        .map(|blocks| blocks.captures_iter(&text).map(|block| (block[1].to_owned(), block[2].to_owned())).collect())
        .unwrap_or_default();
    all.extend(named.iter().map(|(domain, _)| domain.clone()));
    all.sort();
    all.dedup();
    let key = |domain: String| {
        let own = named.iter().find(|(name, _)| *name == domain).map(|(_, block)| block.as_str());
        let selector = own
            .and_then(|block| value(block, "selector"))
            .or_else(|| of(&selectors, &domain))
            .unwrap_or_else(|| selector.clone());
        let path =
            own.and_then(|block| value(block, "path")).or_else(|| of(&paths, &domain)).unwrap_or_else(|| path.clone());
        let path = path.replace("$domain", &domain).replace("$selector", &selector);
        (domain, selector, path, "_rspamd".to_owned())
    };
    all.into_iter().map(key).collect()
}

/// The kind of a key, by its record in the zone, or by its size where it lies in the archive.
fn algorithm(tree: &Tree, path: &str, domain: &str, selector: &str, zone: Option<&str>) -> Option<&'static str> {
    let record = zone.and_then(|zone| {
        let at = zone.find(&format!("{selector}._domainkey"))?;
        let line = &zone[at..];
        Some(line[..line.find(&format!("\n{domain}")).unwrap_or(line.len())].to_owned())
    });
    if record.as_ref().is_some_and(|record| record.contains("k=ed25519")) {
        return Some("ed25519");
    }
    let octets =
        tree.text(path)?.lines().filter(|line| !line.starts_with('-')).map(|line| line.trim().len()).sum::<usize>() * 3
            / 4;
    match octets {
        0 => None,
        1..=120 => Some("ed25519"),
        121..=800 => Some("rsa-1024"),
        801..=1800 => Some("rsa-2048"),
        _ => Some("rsa-4096"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| tree.put(path, text));
        tree
    }

    #[test]
    fn keys_of_opendkim_are_in_its_table_or_in_its_own_words() {
        let with_table = tree(&[
            ("etc/opendkim.conf", "KeyTable refile:/etc/opendkim/key.table\nUserID opendkim:opendkim\n"),
            ("etc/opendkim/key.table", "# x\nd1 Club.example:s1:/etc/k/club\nd2 b.example:s2:/etc/k/b\n"),
        ]);
        let key = |d: &str, s: &str, p: &str| (d.to_owned(), s.to_owned(), p.to_owned(), "opendkim".to_owned());
        assert_eq!(
            opendkim(&with_table, &[]),
            [key("club.example", "s1", "/etc/k/club"), key("b.example", "s2", "/etc/k/b")]
        );
        let alone = tree(&[("etc/opendkim.conf", "Domain club.example\nSelector s1\nKeyFile /etc/k\n")]);
        assert_eq!(opendkim(&alone, &[]), [key("club.example", "s1", "/etc/k")]);
        assert!(opendkim(&tree(&[("etc/opendkim.conf", "#Domain x\nSyslog yes\n")]), &[]).is_empty());
    }

    #[test]
    fn keys_of_rspamd_are_named_by_patterns_maps_or_blocks() {
        let own = ["club.example".to_owned()];
        let key = |d: &str, s: &str, p: &str| (d.to_owned(), s.to_owned(), p.to_owned(), "_rspamd".to_owned());
        let mapped = tree(&[
            (
                "etc/rspamd/local.d/dkim_signing.conf",
                "path = \"/var/lib/rspamd/dkim/$domain.$selector.key\";\nselector_map = \"/etc/rspamd/dkim_selectors.map\";\n",
            ),
            ("etc/rspamd/dkim_selectors.map", "club.example 2026\n"),
        ]);
        assert_eq!(rspamd(&mapped, &own), [key("club.example", "2026", "/var/lib/rspamd/dkim/club.example.2026.key")]);
        let blocks = tree(&[(
            "etc/rspamd/override.d/dkim_signing.conf",
            "enabled = true;\nselector = \"mail\";\npath = \"/x\"; # y\ndomain {\n  club.example {\n    path = \"/k/club.txt\";\n    selector = \"s9\";\n  }\n}\n",
        )]);
        assert_eq!(rspamd(&blocks, &own), [key("club.example", "s9", "/k/club.txt")]);
        assert!(rspamd(&tree(&[]), &own).is_empty(), "it signs nothing");
    }
}
