//! `init`: the beginning of a repository of the user's own, which runs as it is.

use crate::{
    exit::{CommandError, Exit},
    project,
    start::{Call, CommandResult},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The shipped gateway of which the example is a copy.
const EXAMPLE: &str = "gateways/one-box";
/// Where it goes.
const GATEWAY: &str = "gateways/example";
const IGNORED: &str = ".gitignore";
/// Every other file.
const FILES: [(&str, &str); 5] = [
    (project::FILE, include_str!("init/mailproof.toml")),
    ("scenarios/relay.toml", include_str!("init/scenario.toml")),
    (IGNORED, include_str!("init/gitignore")),
    (".github/workflows/mailproof.yml", include_str!("init/github.yml")),
    (".gitlab-ci.yml", include_str!("init/gitlab.yml")),
];

/// Why nothing was begun.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum InitError {
    /// There is something already.
    #[error("{0} would be overwritten")]
    #[diagnostic(
        code(mailproof::init::exists),
        help("nothing was written; move it away, or name another directory: `{{mailproof}} init DIR`")
    )]
    Exists(String),
    /// The disk does not take it.
    #[error("{path} cannot be written: {cause}")]
    #[diagnostic(code(mailproof::init::unwritable), help("is the disk full, or the directory read-only?"))]
    Unwritable {
        /// The file.
        path: String,
        /// Why.
        cause: io::Error,
    },
}

/// Writes the files, if none of them is there; a `.gitignore` that is there stays, and what belongs into it is told.
pub(crate) fn init(directory: &Path, call: &Call) -> CommandResult {
    let unwritable = |path: &Path, cause| InitError::Unwritable { path: path.display().to_string(), cause };
    let example =
        call.shipped.files(EXAMPLE).map_err(|cause| CommandError::error(unwritable(Path::new(EXAMPLE), cause)))?;
    let mut files: Vec<(PathBuf, Vec<u8>)> =
        example.into_iter().map(|(path, octets)| (Path::new(GATEWAY).join(path), octets)).collect();
    let is_ignored = directory.join(IGNORED).exists();
    let texts = FILES.iter().filter(|(path, _)| !is_ignored || *path != IGNORED);
    files.extend(texts.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())));

    let mut there: Vec<String> = Vec::new();
    for place in files.iter().map(|(path, _)| if path.starts_with(GATEWAY) { Path::new(GATEWAY) } else { path }) {
        let place = directory.join(place);
        if place.symlink_metadata().is_ok() && !there.contains(&place.display().to_string()) {
            there.push(place.display().to_string());
        }
    }
    if !there.is_empty() {
        return Err(CommandError::usage(InitError::Exists(there.join(", "))));
    }
    for (path, octets) in &files {
        let place = directory.join(path);
        let write = || {
            fs::create_dir_all(place.parent().unwrap_or(directory))?;
            fs::write(&place, octets)
        };
        write().map_err(|cause| CommandError::error(unwritable(&place, cause)))?;
    }
    println!("{}", said(directory, call.program, is_ignored));
    Ok(Exit::AsExpected)
}

fn said(directory: &Path, program: &str, is_ignored: bool) -> String {
    let mut lines = vec![format!("In {}:", directory.display())];
    let all = [
        (project::FILE, "which gateway and scenarios are meant"),
        (GATEWAY, "a small Debian machine, to start from"),
        ("scenarios/relay.toml", "a claim of your own"),
        (".github/workflows/mailproof.yml", "all of it on each push; .gitlab-ci.yml likewise"),
    ];
    lines.extend(all.map(|(path, what)| format!("  {path:<32} {what}")));
    if is_ignored {
        let wanted = FILES.iter().find(|(path, _)| *path == IGNORED).map(|(_, text)| *text).unwrap_or_default();
        let wanted = wanted.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(", ");
        lines.push(format!("{IGNORED} is there already; these belong into it: {wanted}"));
    }
    let next = [
        ("run", "says what holds on the gateway, and what does not"),
        ("run --baseline", "takes that for what is expected: from then on only changes speak"),
        ("gateway --help", "shows what else a gateway directory is good for"),
    ];
    lines.push("Next:".to_owned());
    lines.extend(next.map(|(words, what)| format!("  {:<32} {what}", format!("{program} {words}"))));
    lines.join("\n")
}
