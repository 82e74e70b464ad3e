//! A gateway directory as it is in a revision of its Git repository, unpacked where nothing of the checkout is touched.

use crate::workspace::Workspace;
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Output,
};

/// Why a revision of a gateway cannot be had.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum RevisionError {
    /// Git does not know it.
    #[error("{directory} at {revision}: {said}")]
    #[diagnostic(
        code(mailproof::revision),
        help(
            "DIR@REVISION is a directory of a Git repository, and a branch, tag or commit in which that directory is"
        )
    )]
    Unknown {
        /// The directory.
        directory: String,
        /// What stands behind the `@`.
        revision: String,
        /// Git's words.
        said: String,
    },
    /// Git is not there, or what it wrote cannot be unpacked.
    #[error("{directory} at {revision} cannot be read: {cause}")]
    #[diagnostic(code(mailproof::revision), help("is git installed, and the disk not full?"))]
    Unreadable {
        /// The directory.
        directory: String,
        /// What stands behind the `@`.
        revision: String,
        /// Why.
        cause: io::Error,
    },
}

/// The directory that a word means: a name in `gateways`, a path, or either with `@REVISION` behind it, which is unpacked below
/// `scratch`.
///
/// # Errors
/// See [`RevisionError`].
pub(crate) async fn directory(workspace: &Workspace, word: &str, scratch: &Path) -> Result<PathBuf, RevisionError> {
    let Some((directory, revision)) = split(workspace, word) else { return Ok(workspace.gateway(Some(word))) };
    let shown = directory.display().to_string();
    let unreadable = |cause| {
        let (directory, revision) = (shown.clone(), revision.to_owned());
        RevisionError::Unreadable { directory, revision, cause }
    };
    let name = crate::library::absolute(&directory).file_name().unwrap_or(OsStr::new("gateway")).to_owned();
    let git = async |words: &[&str]| {
        let words = words.iter().map(OsStr::new);
        let words: Vec<&OsStr> = [OsStr::new("-C"), directory.as_os_str()].into_iter().chain(words).collect();
        let Output { status, stdout, stderr } = container::output("git", &words).await.map_err(unreadable)?;
        if status.success() {
            return Ok(stdout);
        }
        let said = String::from_utf8_lossy(&stderr).trim().to_owned();
        Err(RevisionError::Unknown { directory: shown.clone(), revision: revision.to_owned(), said })
    };
    // the tree of that directory, by which no word of the user's is one of git's
    let tree = git(&["rev-parse", "--verify", "--end-of-options", &format!("{revision}:./")]).await?;
    let repository = git(&["rev-parse", "--absolute-git-dir"]).await?;
    let [tree, repository] = [tree, repository].map(|said| String::from_utf8_lossy(&said).trim().to_owned());
    // where Git looks for its repository by itself, it looks in that tree for the directory in which it is called
    let archive = git(&["--git-dir", &repository, "archive", "--format=tar", &tree]).await?;
    let target = scratch.join(name);
    fs::create_dir_all(&target).map_err(unreadable)?;
    tar::Archive::new(archive.as_slice()).unpack(&target).map_err(unreadable)?;
    Ok(target)
}

/// The directory and the revision, if the word is not itself a directory. A revision may have an `@` as well.
fn split<'a>(workspace: &Workspace, word: &'a str) -> Option<(PathBuf, &'a str)> {
    if workspace.gateway(Some(word)).is_dir() {
        return None;
    }
    let parts = word.match_indices('@').map(|(at, _)| (workspace.gateway(Some(&word[..at])), &word[at + 1..]));
    parts.into_iter().find(|(directory, revision)| directory.is_dir() && !revision.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn git(directory: &Path, words: &str) {
        let words = ["-C", directory.to_str().unwrap()].into_iter().chain(words.split(' '));
        let words: Vec<&OsStr> = words.map(OsStr::new).collect();
        let output = container::output("git", &words).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[tokio::test]
    async fn a_revision_is_read_and_the_checkout_stays_as_it_is() {
        let (root, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let workspace = Workspace::of_checkout(root.path().to_owned());
        let gateway = root.path().join("gateways/club");
        fs::create_dir_all(gateway.join("postfix")).unwrap();
        let file = gateway.join("postfix/main.cf");
        fs::write(&file, "old").unwrap();
        for words in ["init -q", "add .", "-c user.name=a -c user.email=a@a.example commit -q -m one"] {
            git(root.path(), words).await;
        }
        fs::write(&file, "new").unwrap();
        let old = directory(&workspace, "club@HEAD", scratch.path()).await.unwrap();
        assert_eq!(old, scratch.path().join("club"), "it has the name of its directory");
        assert_eq!(fs::read_to_string(old.join("postfix/main.cf")).unwrap(), "old");
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(directory(&workspace, "club", scratch.path()).await.unwrap(), gateway);
        let word = format!("{}@HEAD@{{0}}", gateway.display());
        assert!(directory(&workspace, &word, &scratch.path().join("2")).await.is_ok());
        for wrong in ["club@nowhere", "club@--help"] {
            let error = directory(&workspace, wrong, scratch.path()).await.unwrap_err();
            assert!(matches!(&error, RevisionError::Unknown { said, .. } if !said.is_empty()), "{error}");
        }
    }
}
