//! Files on their way into a container, and out of it: tar archives.

use crate::EngineError;
use std::{
    io::{self, Read},
    path::{Component, Path},
};

/// Modification time of everything uploaded, 2000-01-01: a program that waits while its configuration is young does not.
const MODIFIED: u64 = 946_684_800;

/// A file to put into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Absolute path. Directories that are missing are made, mode 0755.
    pub path: String,
    /// Its octets.
    pub contents: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner's number; names are known only inside.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
}

impl File {
    /// A file of root's that everybody may read (mode 0644).
    pub fn new(path: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), contents: contents.into(), mode: 0o644, uid: 0, gid: 0 }
    }
}

/// An archive to be unpacked at `/`.
pub(crate) fn pack(files: &[File]) -> Result<Vec<u8>, EngineError> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let fault = |reason: String| EngineError::File { path: file.path.clone(), reason };
        let path = Path::new(&file.path);
        let below = path.strip_prefix("/").map_err(|_| fault("the path is not absolute".to_owned()))?;
        if below.as_os_str().is_empty() || !below.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(fault("the path names no file".to_owned()));
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(file.contents.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(file.uid.into());
        header.set_gid(file.gid.into());
        header.set_mtime(MODIFIED);
        archive.append_data(&mut header, below, file.contents.as_slice()).map_err(|e| fault(e.to_string()))?;
    }
    archive.into_inner().map_err(|e| EngineError::File { path: "/".to_owned(), reason: e.to_string() })
}

/// The octets of the one file in an archive.
pub(crate) fn unpack(path: &str, octets: &[u8]) -> Result<Vec<u8>, EngineError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut archive = tar::Archive::new(octets);
        let mut entry = archive.entries()?.next().ok_or(io::ErrorKind::UnexpectedEof)??;
        if !entry.header().entry_type().is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents)?;
        Ok(contents)
    };
    read().map_err(|cause| EngineError::File { path: path.to_owned(), reason: cause.to_string() })
}

/// The regular files in an archive of what lies at `path`, under their absolute paths.
pub(crate) fn unpack_all(path: &str, octets: &[u8]) -> Result<Vec<File>, EngineError> {
    let parent = Path::new(path).parent().unwrap_or(Path::new("/"));
    let read = || -> io::Result<Vec<File>> {
        let mut files = Vec::new();
        for entry in tar::Archive::new(octets).entries()? {
            let mut entry = entry?;
            let header = entry.header();
            if !header.entry_type().is_file() {
                continue;
            }
            let number = |number: u64| u32::try_from(number).map_err(io::Error::other);
            let (mode, uid, gid) = (header.mode()?, number(header.uid()?)?, number(header.gid()?)?);
            let path = parent.join(entry.path()?).display().to_string();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents)?;
            files.push(File { path, contents, mode, uid, gid });
        }
        Ok(files)
    };
    read().map_err(|cause| EngineError::File { path: path.to_owned(), reason: cause.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mode_owner_and_age_go_along() {
        let file = File { mode: 0o640, uid: 7, gid: 8, ..File::new("/etc/x", "y") };
        let octets = pack(&[file]).unwrap();
        let mut archive = tar::Archive::new(octets.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        let header = entry.header();
        assert_eq!(entry.path().unwrap().to_str(), Some("etc/x"));
        assert_eq!((header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0o640, 7, 8));
        assert_eq!(header.mtime().unwrap(), MODIFIED);
    }

    #[test]
    fn a_path_that_is_no_place_in_the_container_is_refused() {
        for path in ["etc/x", "", "/", "/etc/../x", ".."] {
            let error = pack(&[File::new(path, "")]).unwrap_err();
            assert!(matches!(error, EngineError::File { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn all_files_below_a_directory_come_out() {
        let file = |path: &str| File { mode: 0o640, uid: 7, gid: 8, ..File::new(path, "y") };
        let octets = pack(&[file("/program/main.cf"), file("/program/sub/z")]).unwrap();
        assert_eq!(
            unpack_all("/etc/program", &octets).unwrap(),
            [file("/etc/program/main.cf"), file("/etc/program/sub/z")]
        );
        assert!(unpack_all("/etc", &[1; 1024]).is_err());
    }

    #[test]
    fn an_archive_without_a_file_is_an_error() {
        assert!(unpack("/x", &[]).is_err());
        assert!(unpack("/x", &[0; 1024]).is_err());
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(name in "[a-z.]{0,8}[a-z]/[a-z]{1,200}", contents in any::<Vec<u8>>()) {
            let path = format!("/{name}");
            let octets = pack(&[File::new(&path, contents.clone())]).unwrap();
            prop_assert_eq!(unpack(&path, &octets).unwrap(), contents);
        }

        #[test]
        fn anything_is_read(octets in any::<Vec<u8>>()) {
            let _ = unpack("/x", &octets);
        }
    }
}
