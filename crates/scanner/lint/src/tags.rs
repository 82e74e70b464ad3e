//! Tag lists: `v=DMARC1; p=reject` (RFC 6376 §3.2).

/// A tag list, read as far as it can be.
#[derive(Debug, Default)]
pub struct Tags<'a> {
    /// Names and values in order, without white space around them.
    list: Vec<(&'a str, &'a str)>,
    /// What is wrong with it, as a sentence each.
    pub(crate) faults: Vec<String>,
}

impl<'a> Tags<'a> {
    /// Reads a text as far as it can be.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let mut tags = Self::default();
        let mut parts: Vec<&str> = text.split(';').map(|part| part.trim_matches([' ', '\t', '\r', '\n'])).collect();
        if parts.last().is_some_and(|last| last.is_empty()) {
            parts.pop();
        }
        for part in parts {
            let Some((name, value)) = part.split_once('=') else {
                tags.faults.push(match part {
                    "" => "there is nothing between two semicolons".to_owned(),
                    part => format!("`{part}` has no `=`"),
                });
                continue;
            };
            let (name, value) = (name.trim_end(), value.trim_start());
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                tags.faults.push(format!("`{name}` is no name of a tag"));
            } else if tags.get(name).is_some() {
                tags.faults.push(format!("there is more than one `{name}=`"));
            } else {
                tags.list.push((name, value));
            }
            if let Some(odd) = value.chars().find(|c| c.is_control() && !c.is_whitespace() || !c.is_ascii()) {
                tags.faults.push(format!("`{}` may not stand in `{name}=`", odd.escape_default()));
            }
        }
        tags
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.list.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    /// Whether the first tag has this name and value.
    pub(crate) fn begin_with(&self, name: &str, value: &str) -> bool {
        self.list.first() == Some(&(name, value))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.list.iter().map(|(name, _)| *name)
    }

    /// As it would stand with a tag changed, added behind the others, or taken out.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut list: Vec<(&str, &str)> = self.list.clone();
        match (list.iter().position(|(found, _)| *found == name), value) {
            (Some(at), Some(value)) => list[at].1 = value,
            (Some(at), None) => drop(list.remove(at)),
            (None, Some(value)) => list.push((name, value)),
            (None, None) => {}
        }
        list.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}
