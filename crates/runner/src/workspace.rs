//! Where things lie: what is Mailproof's own, and what is the user's.

use crate::{
    cli::ReportTo,
    exit::CommandError,
    library::{self, Library},
    project::Project,
    shipped::ShippedError,
    start::Call,
};
use std::path::{Path, PathBuf};

/// The gateway that is meant when nothing names one.
const DEFAULT: &str = "hardened";

/// Mailproof's own files, and the repository of the user's.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// With `containers`, `gateways` and `scenarios`.
    root: PathBuf,
    /// Whether that is what the binary carries; nothing is written there.
    is_carried: bool,
    cache: PathBuf,
    /// Root of the repository, where a CI service says so.
    repository: Option<PathBuf>,
    /// Nothing, where there is no `mailproof.toml`.
    project: Project,
}

impl Workspace {
    /// Mailproof's own files are in the named directory, or in that which `mailproof.toml` names, or are what the binary carries.
    ///
    /// # Errors
    /// `mailproof.toml` is wrong, or the cache cannot be written.
    pub(crate) fn open(root: Option<PathBuf>, call: &Call) -> Result<Self, CommandError> {
        let project = Project::find()?.unwrap_or_default();
        let repository = call.repository.clone();
        if let Some(root) = root.or_else(|| project.root.clone()) {
            let cache = root.join("target").join("mailproof");
            return Ok(Self { root, is_carried: false, cache, repository, project });
        }
        let cache = call.cache.clone().ok_or(ShippedError::NoCache)?;
        Ok(Self { root: call.shipped.unpacked(&cache)?, is_carried: true, cache, repository, project })
    }

    /// Mailproof's own files, if they may be written.
    pub(crate) fn checkout(&self) -> Option<&Path> {
        (!self.is_carried).then_some(self.root.as_path())
    }

    pub(crate) fn scenarios(&self) -> Library {
        Library { directory: self.root.join("scenarios"), own: self.project.scenarios.clone() }
    }

    pub(crate) fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// Where downloads and unpacked tools are kept between runs.
    pub(crate) fn cache(&self) -> PathBuf {
        self.cache.clone()
    }

    /// A name in `gateways`, of the user's or shipped; else a directory. Without a word the one that `mailproof.toml` names.
    pub(crate) fn gateway(&self, word: Option<&str>) -> PathBuf {
        let word = word.or(self.project.gateway.as_deref()).unwrap_or(DEFAULT);
        let own = || self.project.gateway(word);
        own().or_else(|| Some(self.shipped(word)).filter(|directory| directory.is_dir())).unwrap_or_else(|| word.into())
    }

    /// A shipped gateway.
    pub(crate) fn shipped(&self, name: &str) -> PathBuf {
        self.root.join("gateways").join(name)
    }

    /// Where gateways lie that may be written to.
    pub(crate) fn gateways(&self) -> Vec<PathBuf> {
        let all = [Some(self.project.directory.as_path()), self.checkout()];
        let mut all: Vec<PathBuf> = all.into_iter().flatten().map(|place| place.join("gateways")).collect();
        all.retain(|place| place.is_dir());
        all.dedup_by_key(|place| library::absolute(place));
        all
    }

    /// Whether a gateway is one of those that the binary carries: nothing is written beside it.
    pub(crate) fn is_carried(&self, gateway: &Path) -> bool {
        self.is_carried && library::absolute(gateway).starts_with(library::absolute(&self.root))
    }

    /// Reports that are wanted: these, or if there are none those of `mailproof.toml`.
    pub(crate) fn reports<'a>(&'a self, asked: &'a [ReportTo]) -> &'a [ReportTo] {
        if asked.is_empty() { &self.project.reports } else { asked }
    }

    /// The directory from which a service that keeps repositories shows files, without links.
    pub(crate) fn repository(&self) -> PathBuf {
        let project = || match self.project.directory.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => self.project.directory.clone(),
        };
        library::absolute(&self.repository.clone().unwrap_or_else(project))
    }
}

#[cfg(test)]
impl Workspace {
    /// A checkout with nothing else.
    pub(crate) fn of_checkout(root: PathBuf) -> Self {
        Self { root, is_carried: false, cache: PathBuf::new(), repository: None, project: Project::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_a_name_or_a_directory_and_the_users_come_first() {
        let (root, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for place in
            [root.path().join("gateways/hardened"), root.path().join("gateways/mail"), own.path().join("gateways/mail")]
        {
            std::fs::create_dir_all(place).unwrap();
        }
        let project = Project { directory: own.path().to_owned(), ..Project::default() };
        let mut workspace = Workspace {
            root: root.path().to_owned(),
            is_carried: true,
            cache: PathBuf::new(),
            repository: None,
            project,
        };
        assert_eq!(workspace.gateway(Some("hardened")), root.path().join("gateways/hardened"));
        assert_eq!(workspace.gateway(Some("mail")), own.path().join("gateways/mail"));
        assert_eq!(workspace.gateway(Some("../mine")), PathBuf::from("../mine"));
        assert_eq!(workspace.gateway(None), root.path().join("gateways/hardened"));
        workspace.project.gateway = Some("mail".to_owned());
        assert_eq!(workspace.gateway(None), own.path().join("gateways/mail"));
        assert!(workspace.is_carried(&workspace.shipped("mail")) && !workspace.is_carried(&workspace.gateway(None)));
        assert_eq!((workspace.gateways(), workspace.checkout()), (vec![own.path().join("gateways")], None));
    }
}
