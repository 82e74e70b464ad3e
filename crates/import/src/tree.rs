//! The archive as values: files, directories and links by their path, and what links lead to.

use crate::ArchiveError;
use flate2::read::MultiGzDecoder;
use std::{
    collections::BTreeMap,
    io::{Cursor, ErrorKind, Read},
};

/// Octets of an archive, unpacked: more than any /etc has.
const LONGEST: u64 = 256 << 20;
/// Octets of one file: no configuration file has more.
const LONGEST_FILE: u64 = 4 << 20;
/// Entries of an archive.
const MOST: usize = 50_000;
/// Links that are followed one after the other (ELOOP of open(2)).
const HOPS: usize = 40;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file with its octets.
    File(Vec<u8>),
    /// A file that is larger than 4 MiB, which is not kept.
    Large,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link(String),
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner: a name, or a number where the archive has no names.
    pub user: String,
    /// Group: a name, or a number where the archive has no names.
    pub group: String,
}

/// The entries of an archive, by path from the root, as `etc/postfix/main.cf`.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
}

impl Tree {
    /// Reads a tar archive, gzipped or not. Nothing is unpacked onto a disk.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub fn read(mut octets: impl Read) -> Result<Self, ArchiveError> {
        let mut magic = Vec::new();
        octets.by_ref().take(6).read_to_end(&mut magic).map_err(ArchiveError::Unreadable)?;
        let compressed = match magic.as_slice() {
            [0x1f, 0x8b, ..] => {
                return Self::unpack(MultiGzDecoder::new(Cursor::new(magic).chain(octets)));
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0] => "xz",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
            [b'B', b'Z', b'h', ..] => "bzip2",
            [b'P', b'K', 3, 4, ..] => "zip",
            _ => return Self::unpack(Cursor::new(magic).chain(octets)),
        };
        Err(ArchiveError::Compressed(compressed))
    }

    fn unpack(octets: impl Read) -> Result<Self, ArchiveError> {
        let mut read = Counted { inner: octets, left: LONGEST };
        let mut tree = Self::default();
        let ended = tree.take_all(&mut read);
        if read.left == 0 {
            return Err(ArchiveError::TooLarge { limit: "256 MiB" });
        }
        ended?;
        if tree.entries.is_empty() {
            return Err(ArchiveError::NotATar);
        }
        tree.rooted()
    }

    fn take_all(&mut self, read: &mut impl Read) -> Result<(), ArchiveError> {
        let mut archive = tar::Archive::new(read);
        for entry in archive.entries().map_err(ArchiveError::Unreadable)? {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) if self.entries.is_empty() && error.kind() != ErrorKind::UnexpectedEof => {
                    return Err(ArchiveError::NotATar);
                }
                Err(error) => return Err(ArchiveError::Unreadable(error)),
            };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = plain(&name).ok_or_else(|| outside(&name, &name))?;
            if self.entries.len() >= MOST {
                return Err(ArchiveError::TooLarge { limit: "50,000 files" });
            }
            let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
            let header = entry.header();
            let named = |name: Option<&[u8]>, id: std::io::Result<u64>| {
                let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
                if is_account(&name) { name } else { id.unwrap_or(0).to_string() }
            };
            let (user, group) =
                (named(header.username_bytes(), header.uid()), named(header.groupname_bytes(), header.gid()));
            let mode = header.mode().unwrap_or(0o644) & 0o7777;
            let kind = match header.entry_type() {
                tar::EntryType::Directory => Kind::Directory,
                tar::EntryType::Symlink => {
                    let target = target.unwrap_or_default();
                    // a link in the root directory of the archive leads from there
                    if followed(&path, &target).is_none() {
                        return Err(outside(&path, &target));
                    }
                    Kind::Link(target)
                }
                tar::EntryType::Link => {
                    let target = target.unwrap_or_default();
                    let inside = plain(&target).and_then(|target| self.entries.get(&target));
                    inside.ok_or_else(|| outside(&path, &target))?.kind.clone()
                }
                kind if kind.is_file() || kind.is_gnu_sparse() || kind.is_contiguous() => {
                    if entry.size() > LONGEST_FILE {
                        Kind::Large
                    } else {
                        let mut contents = Vec::new();
                        entry.read_to_end(&mut contents).map_err(ArchiveError::Unreadable)?;
                        Kind::File(contents)
                    }
                }
                // devices and pipes say nothing
                _ => continue,
            };
            if !path.is_empty() {
                self.entries.insert(path, Entry { kind, mode, user, group });
            }
        }
        Ok(())
    }

    /// The same with `etc` at its root, wherever in the archive it lay.
    fn rooted(self) -> Result<Self, ArchiveError> {
        let is_etc = |prefix: &str| {
            ["passwd", "postfix/main.cf", "debian_version", "dovecot/dovecot.conf"]
                .iter()
                .any(|name| self.entries.contains_key(&format!("{prefix}{name}")))
        };
        if is_etc("etc/") {
            return Ok(self);
        }
        let prefixes = self.entries.keys().filter_map(|path| path.rfind("etc/").map(|at| &path[..at]));
        let mut above: Vec<&str> = prefixes.filter(|above| above.is_empty() || above.ends_with('/')).collect();
        above.sort_by_key(|above| above.len());
        if let Some(above) = above.into_iter().find(|above| is_etc(&format!("{above}etc/"))) {
            let inside = |(path, entry): (&String, &Entry)| Some((path.strip_prefix(above)?.to_owned(), entry.clone()));
            return Ok(Self { entries: self.entries.iter().filter_map(inside).collect() });
        }
        if is_etc("") {
            let into = |(path, entry): (String, Entry)| (format!("etc/{path}"), entry);
            return Ok(Self { entries: self.entries.into_iter().map(into).collect() });
        }
        Err(ArchiveError::NoEtc)
    }

    /// Where a path leads when links are followed, those of its directories included; none, if it leads out of the archive, to
    /// nothing, or round in a circle.
    #[must_use]
    pub fn real(&self, path: &str) -> Option<String> {
        let mut path = path.trim_start_matches('/').to_owned();
        for _ in 0..HOPS {
            let link = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).find_map(|at| {
                match self.entries.get(&path[..at]) {
                    Some(Entry { kind: Kind::Link(target), .. }) => Some((at, target)),
                    _ => None,
                }
            });
            let Some((at, target)) = link else {
                return (self.entries.contains_key(&path) || self.is_directory(&path)).then_some(path);
            };
            path = format!("{}{}", followed(&path[..at], target)?, &path[at..]);
        }
        None
    }

    /// The octets of a file, links followed.
    #[must_use]
    pub fn octets(&self, path: &str) -> Option<&[u8]> {
        match &self.entries.get(&self.real(path)?)?.kind {
            Kind::File(octets) => Some(octets),
            _ => None,
        }
    }

    /// A file as text, links followed; none, if it is not UTF-8 or has a NUL in it.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.octets(path)?).ok().filter(|text| !text.contains('\0'))
    }

    /// What lies at this path itself.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path.trim_start_matches('/'))
    }

    /// Whether something lies at this path, links followed.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.real(path).is_some()
    }

    /// Paths and entries at and below a path, in order; links are not followed.
    pub fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> + 'a {
        let path = path.trim_start_matches('/').trim_end_matches('/');
        let inside = move |(at, entry): (&'a String, &'a Entry)| {
            let rest = at.strip_prefix(path)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((at.as_str(), entry))
        };
        self.entries.range(path.to_owned()..).take_while(move |(at, _)| at.starts_with(path)).filter_map(inside)
    }

    /// All files that are text, with their paths.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|(path, entry)| match &entry.kind {
            Kind::File(octets) => Some((path.as_str(), std::str::from_utf8(octets).ok()?)),
            _ => None,
        })
    }

    /// Whether something lies below a path.
    #[must_use]
    pub fn is_directory(&self, path: &str) -> bool {
        let mut at_it = self.below(path);
        at_it.next().is_some_and(|(at, entry)| at != path.trim_matches('/') || entry.kind == Kind::Directory)
    }

    /// Puts a file of root's in place.
    pub fn put(&mut self, path: &str, text: &str) {
        let kind = Kind::File(text.as_bytes().to_vec());
        self.place(path, Entry { kind, mode: 0o644, user: "root".into(), group: "root".into() });
    }

    /// Puts something in place.
    pub fn place(&mut self, path: &str, entry: Entry) {
        self.entries.insert(path.to_owned(), entry);
    }
}

/// A path without `.`, doubled slashes and a slash at its ends; none, if `..` stands in it.
fn plain(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

/// Where a link at a path leads; none, if it leads above the root.
fn followed(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn outside(path: &str, target: &str) -> ArchiveError {
    ArchiveError::Outside { path: path.to_owned(), target: target.to_owned() }
}

/// Whether this may be the name of an account, and be given to a shell.
pub(crate) fn is_account(name: &str) -> bool {
    let is_first = |first: char| first.is_ascii_alphabetic() || first == '_';
    name.starts_with(is_first) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Reads no more than so many octets.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}
