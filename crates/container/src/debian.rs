//! The Debian root at the bottom of every image: on the engine already; pulled; or made here with mmdebstrap, for which
//! nothing is installed on this machine.

use crate::{
    Engine, EngineError, ImageSettings,
    bollard::{
        body_try_stream,
        errors::Error,
        query_parameters::{CreateImageOptions, CreateImageOptionsBuilder},
    },
    image::{alone, digest},
    program::{program, run},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempPath;
use tokio::{
    fs::File,
    io::AsyncReadExt,
    process::Command,
    time::{Instant, timeout_at},
};

const MIRROR: &str = "http://deb.debian.org/debian";
/// How long a registry may take until it says its first word.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// Octets that are sent to the engine at once.
const PIECE: usize = 256 * 1024;

/// What there is to build upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// Name of the image.
    pub(crate) name: String,
    /// The engine's id, which changes with its contents.
    pub(crate) id: String,
}

/// Finds or makes the root of a release.
pub(crate) async fn root(
    engine: &Engine,
    release: &str,
    settings: &ImageSettings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Root, EngineError> {
    let mirror = settings.mirror.as_deref().unwrap_or(MIRROR);
    let pulled = format!("debian:{release}");
    let made = format!("mailproof/root:{release}-{}", digest(mirror, &BTreeMap::new(), &[]));
    if let Some(root) = find(engine, &pulled, &made).await? {
        return Ok(root);
    }
    let _made_once = alone(&settings.cache, &made).await?;
    if let Some(root) = find(engine, &pulled, &made).await? {
        return Ok(root);
    }
    progress(&format!("pulling {pulled}"));
    let pulling = match pull(engine, release).await {
        Ok(()) => "the registry gave another image".to_owned(),
        Err(error @ (EngineError::Gone { .. } | EngineError::DiskFull { .. })) => return Err(error),
        Err(error) => error.to_string(),
    };
    if let Some(root) = find(engine, &pulled, &made).await? {
        return Ok(root);
    }
    progress(&format!("no image registry; making a Debian {release} root from {mirror}"));
    // one name, so that a run that was killed leaves no more than one; the file goes when this value does
    let tar = settings.cache.join(format!("{}.tar", made.replace(['/', ':'], "-")));
    let tar =
        TempPath::try_from_path(tar).map_err(|cause| EngineError::Recipe { path: settings.cache.clone(), cause })?;
    let making = make(release, mirror, &settings.cache, &tar, progress).await;
    if let Err(making) = making {
        return Err(match EngineError::build(&made, making, String::new()) {
            EngineError::Build { reason: making, .. } => {
                EngineError::NoBase { release: release.to_owned(), pulling, making }
            }
            full => full,
        });
    }
    progress("importing the root");
    import(engine, &made, &tar).await?;
    find(engine, &pulled, &made).await?.ok_or_else(|| EngineError::Refused {
        operation: format!("import {made}"),
        reason: "it is not there afterwards".to_owned(),
    })
}

async fn find(engine: &Engine, pulled: &str, made: &str) -> Result<Option<Root>, EngineError> {
    for name in [pulled, made] {
        if let Some(id) = engine.image_id(name).await? {
            return Ok(Some(Root { name: name.to_owned(), id }));
        }
    }
    Ok(None)
}

async fn pull(engine: &Engine, release: &str) -> Result<(), EngineError> {
    let operation = format!("pull debian:{release}");
    let options = CreateImageOptionsBuilder::new().from_image("debian").tag(release).build();
    let words = engine.docker.create_image(Some(options), None, None);
    tokio::pin!(words);
    let Ok(first) = timeout_at(Instant::now() + FIRST_WORD, words.next()).await else {
        let reason = format!("no answer from the registry within {} s", FIRST_WORD.as_secs());
        return Err(EngineError::Refused { operation, reason });
    };
    let fault = |error: Error| EngineError::new(&operation, &error);
    first.transpose().map_err(fault)?;
    words.try_for_each(|_| async { Ok(()) }).await.map_err(fault)
}

async fn import(engine: &Engine, name: &str, tar: &Path) -> Result<(), EngineError> {
    let file = File::open(tar).await.map_err(|cause| EngineError::Recipe { path: tar.to_owned(), cause })?;
    let pieces = stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok::<_, io::Error>((!piece.is_empty()).then(|| (piece.into(), file)))
    });
    // with its tag, as `docker import` says it: podman knows no other parameter
    let options: CreateImageOptions = CreateImageOptionsBuilder::new().from_src("-").repo(name).build();
    let words = engine.docker.create_image(Some(options), Some(body_try_stream(pieces)), None);
    words.try_for_each(|_| async { Ok(()) }).await.map_err(|error| EngineError::new(format!("import {name}"), &error))
}

/// Makes a root of what is essential, with apt, as a tar archive.
async fn make(
    release: &str,
    mirror: &str,
    cache: &Path,
    tar: &Path,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<(), String> {
    let mut command = mmdebstrap(cache, progress).await?;
    // https needs the certificates that an essential root lacks
    let more = if mirror.starts_with("https:") { ",ca-certificates" } else { "" };
    command
        .args(["--variant=essential", "--format=tar", &format!("--include=apt{more}")])
        // the image upon this one has use for the package lists
        .arg("--skip=cleanup/apt/lists")
        .args(["--dpkgopt=force-unsafe-io", "--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\""])
        .arg(release)
        .arg(tar)
        .arg(format!("deb {mirror} {release} main"));
    run(command, |line| progress(&format!("root: {line}"))).await
}

/// mmdebstrap from the PATH, or out of its package, unpacked below the cache.
async fn mmdebstrap(cache: &Path, progress: &(dyn Fn(&str) + Sync)) -> Result<Command, String> {
    let mut installed = program("mmdebstrap");
    installed.arg("--version");
    if run(installed, |_| {}).await.is_ok() {
        return Ok(program("mmdebstrap"));
    }
    let unpacked = cache.join("mmdebstrap");
    if !unpacked.is_dir() {
        progress("fetching mmdebstrap");
        unpack(cache, &unpacked, progress).await?;
    }
    let mut command = program("perl");
    command.arg(unpacked.join("usr/bin/mmdebstrap"));
    // it looks for a filter that came along
    let bin = unpacked.join("usr/bin");
    command.env("PATH", format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", bin.display()));
    Ok(command)
}

/// Downloads the package and unpacks it, beside its place at first: what is at its place is whole.
async fn unpack(cache: &Path, place: &Path, progress: &(dyn Fn(&str) + Sync)) -> Result<(), String> {
    let word = |cause: io::Error| format!("{}: {cause}", cache.display());
    let beside = tempfile::Builder::new().prefix("fetch-").tempdir_in(cache).map_err(word)?;
    let at = |name: &str| beside.path().join(name);
    for directory in ["lists/partial", "cache/archives/partial", "root"] {
        fs::create_dir_all(at(directory)).map_err(word)?;
    }
    let download = |lists: Option<&Path>| {
        let mut command = apt_get(lists, &at("cache"));
        command.args(["download", "mmdebstrap"]).current_dir(beside.path());
        run(command, |_| {})
    };
    // with this machine's package lists, or with fresh ones of our own
    if download(None).await.is_err() {
        let mut update = apt_get(Some(&at("lists")), &at("cache"));
        update.arg("update");
        run(update, |line| progress(line)).await?;
        download(Some(&at("lists"))).await?;
    }
    let package = package(beside.path()).map_err(word)?.ok_or("apt-get downloaded no mmdebstrap")?;
    let mut extract = program("dpkg");
    extract.arg("-x").arg(package).arg(at("root"));
    run(extract, |_| {}).await?;
    match fs::rename(at("root"), place) {
        // another process was faster
        Err(_) if place.is_dir() => Ok(()),
        done => done.map_err(word),
    }
}

/// apt-get with this machine's sources, and everything that it writes elsewhere.
fn apt_get(lists: Option<&Path>, cache: &Path) -> Command {
    let mut command = program("apt-get");
    command.args(["--quiet=2", "-o", "APT::Sandbox::User=root", "-o", &format!("Dir::Cache={}", cache.display())]);
    if let Some(lists) = lists {
        command.args(["-o", &format!("Dir::State::Lists={}", lists.display())]);
    }
    command
}

fn package(directory: &Path) -> io::Result<Option<PathBuf>> {
    let paths =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().find(|path| path.extension().is_some_and(|end| end == "deb")))
}
