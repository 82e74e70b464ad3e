//! Where things lie: the checkout, or a directory laid out like it.

use std::path::{Path, PathBuf};

/// A directory with `containers`, `gateways` and `scenarios`.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The named directory, else the checkout that this was built from.
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        let checkout = || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/runner").to_owned();
        Self { root: root.unwrap_or_else(checkout) }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn scenarios(&self) -> PathBuf {
        self.root.join("scenarios")
    }

    pub(crate) fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// Where downloads and unpacked tools are kept between runs.
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("target").join("mailproof")
    }

    /// A directory, if the word has a slash or a dot in front or is one; else a name in `gateways`.
    pub(crate) fn gateway(&self, word: &str) -> PathBuf {
        let named = self.root.join("gateways").join(word);
        if named.is_dir() { named } else { PathBuf::from(word) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_a_name_or_a_directory() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("gateways/hardened")).unwrap();
        let workspace = Workspace::new(Some(root.path().to_owned()));
        assert_eq!(workspace.gateway("hardened"), root.path().join("gateways/hardened"));
        assert_eq!(workspace.gateway("../mine"), PathBuf::from("../mine"));
    }
}
