//! Packs what the binary carries: the library, the recipes of images and the shipped gateways, so that it needs no checkout.
//!
//! Snapshots stay out: they belong to who runs a gateway.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment where to work")]

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What lies in it, as in the checkout.
const DIRECTORIES: [&str; 3] = ["containers", "gateways", "scenarios"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package lies"));
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for directory in DIRECTORIES {
        println!("cargo::rerun-if-changed={directory}");
        pack(&mut archive, &root, Path::new(directory))?;
    }
    let octets = archive.into_inner()?.finish()?;
    let hash: String = Sha256::digest(&octets).iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("shipped.tar.gz"), octets)?;
    println!("cargo::rustc-env=MAILPROOF_SHIPPED={hash}");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// Appends a directory's files, sorted, without owner and time: the same files make the same archive.
fn pack(archive: &mut tar::Builder<GzEncoder<Vec<u8>>>, root: &Path, directory: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(root.join(directory))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = directory.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "snapshots" {
                pack(archive, root, &path)?;
            }
            continue;
        }
        let mut header = tar::Header::new_gnu();
        let octets = fs::read(entry.path())?;
        header.set_size(octets.len() as u64);
        header.set_mode(if entry.metadata()?.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 });
        archive.append_data(&mut header, &path, octets.as_slice())?;
    }
    Ok(())
}
