//! What the binary carries, unpacked in the user's cache: the library, the recipes of images and the shipped gateways.

use flate2::read::GzDecoder;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// An archive of the directories `containers`, `gateways` and `scenarios`.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// A tar archive, compressed by gzip.
    pub archive: &'static [u8],
    /// Another archive has another one; the name of the directory in which it is unpacked.
    pub hash: &'static str,
}

/// Why it cannot be had.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum ShippedError {
    /// Nothing says where to keep files between runs.
    #[error("there is no directory for files that are kept between runs")]
    #[diagnostic(code(mailproof::cache), help("set XDG_CACHE_HOME or HOME to an absolute path"))]
    NoCache,
    /// The directory does not take it.
    #[error("the library cannot be unpacked in {path}: {cause}")]
    #[diagnostic(
        code(mailproof::cache),
        help("is the disk full, or the directory read-only? XDG_CACHE_HOME names another one")
    )]
    Unwritable {
        /// The directory.
        path: String,
        /// Why.
        cause: io::Error,
    },
}

impl Shipped {
    /// The directory in which it lies unpacked. One that is there is complete: it gets its name when it is.
    ///
    /// # Errors
    /// [`ShippedError::Unwritable`].
    pub(crate) fn unpacked(&self, cache: &Path) -> Result<PathBuf, ShippedError> {
        let place = cache.join(self.hash);
        let unpack = || {
            fs::create_dir_all(cache)?;
            let beside = tempfile::Builder::new().prefix("unpacking-").tempdir_in(cache)?;
            tar::Archive::new(GzDecoder::new(self.archive)).unpack(beside.path())?;
            match fs::rename(beside.path(), &place) {
                // another run was faster, and has the same files
                Err(_) if place.is_dir() => Ok(()),
                renamed => renamed,
            }
        };
        if !place.is_dir() {
            unpack().map_err(|cause| ShippedError::Unwritable { path: cache.display().to_string(), cause })?;
        }
        Ok(place)
    }

    /// The files of a directory in it: their paths from there, and their octets.
    pub(crate) fn files(&self, directory: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in tar::Archive::new(GzDecoder::new(self.archive)).entries()? {
            let mut entry = entry?;
            let Ok(path) = entry.path()?.strip_prefix(directory).map(Path::to_owned) else { continue };
            let mut octets = Vec::new();
            io::Read::read_to_end(&mut entry, &mut octets)?;
            files.push((path, octets));
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn shipped() -> Shipped {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for path in ["gateways/one/gateway.toml", "gateways/oneself/gateway.toml"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, &b"x"[..]).unwrap();
        }
        let archive = archive.into_inner().unwrap().finish().unwrap();
        Shipped { archive: Box::leak(archive.into_boxed_slice()), hash: "0123" }
    }

    #[test]
    fn it_is_unpacked_once_and_leaves_nothing_beside() {
        let cache = tempfile::tempdir().unwrap();
        let cache = cache.path().join("deep/mailproof");
        let place = shipped().unpacked(&cache).unwrap();
        fs::write(place.join("gateways/one/gateway.toml"), "kept").unwrap();
        assert_eq!(shipped().unpacked(&cache).unwrap(), place);
        assert_eq!(fs::read_to_string(place.join("gateways/one/gateway.toml")).unwrap(), "kept");
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
        let file = cache.join("file");
        fs::write(&file, "").unwrap();
        assert!(shipped().unpacked(&file).unwrap_err().to_string().contains("file"));
    }

    #[test]
    fn the_files_of_one_directory_are_those_of_no_other() {
        let files = shipped().files("gateways/one").unwrap();
        assert_eq!(files, [(PathBuf::from("gateway.toml"), b"x".to_vec())]);
    }
}
