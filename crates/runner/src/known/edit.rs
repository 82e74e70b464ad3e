//! Changes of `known-failures.toml` that leave what a person wrote there as it is.

use std::mem;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TomlError, Value, value};

/// What changes in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Scenarios that go, as the file names them.
    pub(crate) gone: Vec<String>,
    /// Reasons, each with the scenarios that fail for it and are not listed yet.
    pub(crate) added: Vec<(String, Vec<String>)>,
}

impl Change {
    pub(crate) fn is_none(&self) -> bool {
        self.gone.is_empty() && self.added.is_empty()
    }
}

/// The text of the list with these changes. What is added joins the entry that has this very reason, if there is one.
///
/// # Errors
/// The text is no TOML.
pub(crate) fn edited(text: &str, change: &Change) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let listed = document.remove("failure").and_then(|item| item.into_array_of_tables().ok());
    let mut entries: Vec<Table> = listed.unwrap_or_default().into_iter().collect();
    // a title of the file, or of a part of it, stands before the entry that goes
    let mut kept = String::new();
    if entries.is_empty() {
        kept = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing("");
    }
    entries.retain_mut(|entry| {
        let is_left = without(entry, &change.gone);
        let decor = entry.decor_mut();
        let before = decor.prefix().and_then(|raw| raw.as_str()).unwrap_or_default().to_owned();
        if is_left {
            decor.set_prefix(mem::take(&mut kept) + &before);
        } else if let Some((title, _)) = before.rsplit_once("\n\n") {
            kept.push_str(title);
            kept.push('\n');
        }
        is_left
    });
    for (reason, scenarios) in &change.added {
        let same = entries.iter_mut().find(|entry| entry.get("reason").and_then(Item::as_str) == Some(reason));
        match same {
            Some(entry) => {
                let all = words(entry).chain(scenarios.iter().cloned()).collect();
                entry.insert("scenario", list(all));
            }
            None => {
                let mut entry = Table::new();
                // an empty line before it
                entry.decor_mut().set_prefix(mem::take(&mut kept) + "\n");
                entry.insert("scenario", list(scenarios.clone()));
                entry.insert("reason", value(reason.as_str()));
                if let Some(mut key) = entry.key_mut("reason") {
                    key.leaf_decor_mut().set_suffix("   ");
                }
                entries.push(entry);
            }
        }
    }
    if !entries.is_empty() {
        let mut listed = ArrayOfTables::new();
        entries.into_iter().for_each(|entry| listed.push(entry));
        document.insert("failure", Item::ArrayOfTables(listed));
    }
    Ok(format!("{}\n", format!("{kept}{document}").trim()))
}

/// Takes scenarios out of an entry, and tells whether any is left.
fn without(entry: &mut Table, gone: &[String]) -> bool {
    match entry.get_mut("scenario") {
        Some(Item::Value(Value::Array(array))) => {
            array.retain(|one| one.as_str().is_none_or(|word| !gone.iter().any(|gone| gone == word)));
            !array.is_empty()
        }
        Some(one) => one.as_str().is_none_or(|word| !gone.iter().any(|gone| gone == word)),
        None => true,
    }
}

/// The scenarios of an entry.
fn words(entry: &Table) -> impl Iterator<Item = String> + use<> {
    let words: Vec<String> = match entry.get("scenario") {
        Some(Item::Value(Value::Array(array))) => array.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => other.and_then(Item::as_str).map(str::to_owned).into_iter().collect(),
    };
    words.into_iter()
}

/// One scenario, or several, a line each.
fn list(mut scenarios: Vec<String>) -> Item {
    if scenarios.len() == 1 {
        return value(scenarios.remove(0));
    }
    scenarios.sort();
    let mut array = Array::new();
    for scenario in scenarios {
        let mut one = Value::from(scenario);
        one.decor_mut().set_prefix("\n    ");
        array.push_formatted(one);
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
    value(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(gone: &[&str], added: &[(&str, &[&str])]) -> Change {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let added = added.iter().map(|(reason, scenarios)| ((*reason).to_owned(), owned(scenarios))).collect();
        Change { gone: owned(gone), added }
    }

    #[test]
    fn a_new_list_has_an_entry_a_reason() {
        let change = change(&[], &[("it is \"so\"", &["spf/pass"]), ("no SPF", &["spf/b", "spf/a"])]);
        let text = "[[failure]]\nscenario = \"spf/pass\"\nreason   = 'it is \"so\"'\n\n\
                    [[failure]]\nscenario = [\n    \"spf/a\",\n    \"spf/b\",\n]\nreason   = \"no SPF\"\n";
        assert_eq!(edited("", &change).unwrap(), text);
        let titled = edited("# What it gets wrong.\n", &change).unwrap();
        assert_eq!(titled, format!("# What it gets wrong.\n\n{text}"));
    }

    #[test]
    fn what_a_person_wrote_stays() {
        let text = "# The club's box.\n\n# Until May.\n[[failure]]\nscenario = \"a/x\" # by hand\nreason   = \"old\"\n\n\
                    [[failure]]\nscenario = [\"a/y\", \"a/z\"]\nreason   = \"older\"\n\n# The end.\n";
        assert_eq!(edited(text, &Change::default()).unwrap(), text);
        let shorter = edited(text, &change(&["a/x", "a/z"], &[])).unwrap();
        assert_eq!(
            shorter,
            "# The club's box.\n\n[[failure]]\nscenario = [\"a/y\"]\nreason   = \"older\"\n\n# The end.\n"
        );
        let joined = edited(text, &change(&[], &[("old", &["a/w"])])).unwrap();
        assert!(joined.contains("# Until May.\n[[failure]]\nscenario = [\n    \"a/w\",\n    \"a/x\",\n]"), "{joined}");
        assert!(joined.contains("[\"a/y\", \"a/z\"]") && joined.ends_with("# The end.\n"), "{joined}");
        assert_eq!(edited(text, &change(&["a/x", "a/y", "a/z"], &[])).unwrap(), "# The club's box.\n\n# The end.\n");
    }

    #[test]
    fn a_list_of_inline_tables_is_changed_too() {
        let text = "failure = [{ scenario = \"a/x\", reason = \"old\" }, { scenario = \"a/y\", reason = \"older\" }]\n";
        let changed = edited(text, &change(&["a/x"], &[("older", &["a/z"])])).unwrap();
        let read: toml_edit::DocumentMut = changed.parse().unwrap();
        let entries = read["failure"].as_array_of_tables().unwrap();
        assert_eq!(
            (entries.len(), words(entries.get(0).unwrap()).collect::<Vec<_>>()),
            (1, vec!["a/y".to_owned(), "a/z".to_owned()])
        );
    }
}
