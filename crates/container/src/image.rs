//! Images as recipes: a directory with a Dockerfile, upon a Debian release or another recipe. An image's tag is a digest
//! of everything that made it, so what is there already is right.

use crate::{Engine, EngineError, bollard::errors::Error, debian, error::is_missing};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::interval;

/// How an image is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecipe {
    /// Lower-case letters, digits and hyphens; the tag is `mailproof/NAME:DIGEST`.
    pub name: String,
    /// A Dockerfile, which begins with `ARG BASE` and `FROM ${BASE}`, and the files that it copies.
    pub directory: PathBuf,
    /// What it stands on.
    pub base: Base,
    /// Values of the Dockerfile's other ARGs.
    pub args: BTreeMap<String, String>,
}

/// What an image stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A Debian release, such as `trixie`. The Dockerfile has an ARG MIRROR, empty unless [`ImageSettings`] name one.
    Debian(String),
    /// Another recipe's image.
    Recipe(Box<ImageRecipe>),
}

/// Where packages come from, and where what is downloaded is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSettings {
    /// Debian package mirror, such as `http://deb.debian.org/debian`, which is the default.
    pub mirror: Option<String>,
    /// A directory of the harness's own, made if it is missing.
    pub cache: PathBuf,
}

/// A file of a recipe's directory: path below it, whether it is executable, octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ingredient {
    pub(crate) path: String,
    pub(crate) executable: bool,
    pub(crate) contents: Vec<u8>,
}

/// How often it is looked whether somebody else has made what is wanted.
const LOOK: Duration = Duration::from_millis(50);

impl Engine {
    /// The image's tag; it is on the engine then. It is built if it is not there, and so is what it stands on. May be
    /// called for many recipes at once: what they share is built once. `progress` gets short lines.
    ///
    /// # Errors
    /// [`EngineError::Build`], [`EngineError::NoBase`], [`EngineError::Recipe`], or the engine's word.
    pub async fn ensure(
        &self,
        recipe: &ImageRecipe,
        settings: &ImageSettings,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<String, EngineError> {
        let (release, recipes) = recipe.stack();
        let root = debian::root(self, release, settings, progress).await?;
        let (mut from, mut identity) = (root.name, root.id);
        for recipe in recipes {
            let ingredients = ingredients(&recipe.directory)
                .map_err(|cause| EngineError::Recipe { path: recipe.directory.clone(), cause })?;
            let mut args = recipe.args.clone();
            if let (Base::Debian(_), Some(mirror)) = (&recipe.base, &settings.mirror) {
                args.insert("MIRROR".to_owned(), mirror.clone());
            }
            let tag = format!("mailproof/{}:{}", recipe.name, digest(&identity, &args, &ingredients));
            if self.image_id(&tag).await?.is_none() {
                args.insert("BASE".to_owned(), from);
                let _made_once = alone(&settings.cache, &tag).await?;
                if self.image_id(&tag).await?.is_none() {
                    self.build(&recipe.name, &tag, &args, &ingredients, progress).await?;
                }
            }
            (from, identity) = (tag.clone(), tag);
        }
        Ok(from)
    }

    /// The engine's id of an image, if it has it.
    pub(crate) async fn image_id(&self, name: &str) -> Result<Option<String>, EngineError> {
        match self.docker.inspect_image(name).await {
            Ok(image) => Ok(image.id),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(EngineError::new(format!("look for the image {name}"), &error)),
        }
    }

    /// Removes every image that was made here, even where a container stands on it.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn remove_images(&self) -> Result<(), EngineError> {
        use crate::bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};
        let fault = |error: Error| EngineError::new("remove the images", &error);
        let ours = HashMap::from([("reference", vec!["mailproof/*"])]);
        let images = self.docker.list_images(Some(ListImagesOptionsBuilder::new().filters(&ours).build())).await;
        for tag in images.map_err(fault)?.into_iter().flat_map(|image| image.repo_tags) {
            let force = RemoveImageOptionsBuilder::new().force(true).build();
            match self.docker.remove_image(&tag, Some(force), None).await {
                Err(error) if !is_missing(&error) => return Err(fault(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl ImageRecipe {
    /// The release at the bottom, and the recipes upon it, the lowest first.
    fn stack(&self) -> (&str, Vec<&Self>) {
        let mut recipes = vec![self];
        let mut base = &self.base;
        loop {
            match base {
                Base::Debian(release) => {
                    recipes.reverse();
                    return (release, recipes);
                }
                Base::Recipe(recipe) => {
                    recipes.push(recipe);
                    base = &recipe.base;
                }
            }
        }
    }
}

/// Waits until nobody else, in this process or another, makes the image with this tag; nobody does while the file is open.
pub(crate) async fn alone(cache: &Path, tag: &str) -> Result<fs::File, EngineError> {
    let path = cache.join(format!("{}.lock", tag.replace(['/', ':'], "-")));
    let fault = |cause| EngineError::Recipe { path: path.clone(), cause };
    fs::create_dir_all(cache).map_err(fault)?;
    let file = fs::File::create(&path).map_err(fault)?;
    let mut tick = interval(LOOK);
    loop {
        tick.tick().await;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(cause)) => return Err(fault(cause)),
        }
    }
}

/// All files below a directory, by path.
fn ingredients(directory: &Path) -> io::Result<Vec<Ingredient>> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let executable = path.metadata()?.permissions().mode() & 0o100 != 0;
            let below = path.strip_prefix(directory).map_err(io::Error::other)?;
            let name = below.to_str().ok_or_else(|| io::Error::other("a file's name is not UTF-8"))?.to_owned();
            found.push(Ingredient { path: name, executable, contents: fs::read(&path)? });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// 16 hexadecimal digits of everything that makes an image.
pub(crate) fn digest(base: &str, args: &BTreeMap<String, String>, ingredients: &[Ingredient]) -> String {
    let mut digest = Sha256::new();
    let mut field = |octets: &[u8]| {
        digest.update((octets.len() as u64).to_be_bytes());
        digest.update(octets);
    };
    field(base.as_bytes());
    field(&(args.len() as u64).to_be_bytes());
    for (key, value) in args {
        field(key.as_bytes());
        field(value.as_bytes());
    }
    for file in ingredients {
        field(file.path.as_bytes());
        field(&[u8::from(file.executable)]);
        field(&file.contents);
    }
    data_encoding::HEXLOWER.encode(&digest.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(name: &str, base: Base) -> ImageRecipe {
        ImageRecipe { name: name.to_owned(), directory: PathBuf::new(), base, args: BTreeMap::new() }
    }

    #[test]
    fn the_lowest_is_built_first() {
        let base = recipe("debian", Base::Debian("trixie".to_owned()));
        let host = recipe("host", Base::Recipe(Box::new(base)));
        let (release, recipes) = host.stack();
        assert_eq!(release, "trixie");
        assert_eq!(recipes.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["debian", "host"]);
    }

    #[test]
    fn a_tag_changes_with_everything_that_makes_the_image() {
        let file = |path: &str, executable, contents: &str| Ingredient {
            path: path.to_owned(),
            executable,
            contents: contents.as_bytes().to_vec(),
        };
        let args = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let digests = [
            digest("b", &args("K", "v"), &[file("f", false, "x")]),
            digest("c", &args("K", "v"), &[file("f", false, "x")]),
            digest("b", &args("Kv", ""), &[file("f", false, "x")]),
            digest("b", &args("K", "w"), &[file("f", false, "x")]),
            digest("b", &args("K", "v"), &[file("f", true, "x")]),
            digest("b", &args("K", "v"), &[file("g", false, "x")]),
            digest("b", &args("K", "v"), &[file("f", false, "y")]),
            digest("b", &args("K", "v"), &[]),
        ];
        let different: std::collections::BTreeSet<&String> = digests.iter().collect();
        assert_eq!(different.len(), digests.len());
        assert!(digests[0].len() == 16 && digests[0] == digest("b", &args("K", "v"), &[file("f", false, "x")]));
    }

    #[tokio::test]
    async fn what_one_makes_another_waits_for() {
        let cache = tempfile::tempdir().unwrap();
        let one = alone(cache.path(), "mailproof/host:1").await.unwrap();
        let mut other = std::pin::pin!(alone(cache.path(), "mailproof/host:1"));
        assert!(tokio::time::timeout(LOOK * 3, &mut other).await.is_err());
        alone(cache.path(), "mailproof/host:2").await.unwrap();
        drop(one);
        other.await.unwrap();
    }

    #[test]
    fn a_recipe_is_read_with_what_is_below_it() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("sub")).unwrap();
        fs::write(directory.path().join("sub/b"), "2").unwrap();
        fs::write(directory.path().join("Dockerfile"), "1").unwrap();
        let names: Vec<String> = ingredients(directory.path()).unwrap().into_iter().map(|i| i.path).collect();
        assert_eq!(names, ["Dockerfile", "sub/b"]);
        assert!(ingredients(&directory.path().join("none")).is_err());
    }
}
