//! The images that a stack needs: the pretend Internet, and one for each set of packages that hosts want.

use crate::{StackError, gateway::Gateway};
use container::{Base, Engine, ImageRecipe, ImageSettings};
use futures_util::future::try_join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Debian release of the `internet` container: its HAProxy and Unbound were seen working.
const INTERNET_RELEASE: &str = "trixie";

/// Tags of the images of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    pub(crate) internet: String,
    hosts: BTreeMap<(String, Vec<String>), String>,
}

/// Builds what is missing of the images of these gateways, and of the pretend Internet.
///
/// # Errors
/// A build fails, or there is no base.
pub async fn build_images(
    engine: &Engine,
    containers: &Path,
    settings: &ImageSettings,
    gateways: &[&Gateway],
    progress: &(dyn Fn(&str) + Sync),
) -> Result<(), StackError> {
    Images::ensure(engine, containers, settings, gateways, progress).await.map(drop)
}

impl Images {
    /// Builds what is missing, all at the same time.
    pub(crate) async fn ensure(
        engine: &Engine,
        containers: &Path,
        settings: &ImageSettings,
        gateways: &[&Gateway],
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, StackError> {
        let wanted: BTreeSet<(String, Vec<String>)> =
            gateways.iter().flat_map(|g| g.hosts.iter().map(|h| key(g, &h.packages))).collect();
        let internet = recipe(containers, "internet", INTERNET_RELEASE, BTreeMap::new());
        let hosts = wanted.into_iter().map(|key| async move {
            let packages = BTreeMap::from([("PACKAGES".to_owned(), key.1.join(" "))]);
            let tag = engine.ensure(&recipe(containers, "host", &key.0, packages), settings, progress).await?;
            Ok::<_, StackError>((key, tag))
        });
        let internet = async { Ok(engine.ensure(&internet, settings, progress).await?) };
        let (internet, hosts) = tokio::try_join!(internet, try_join_all(hosts))?;
        Ok(Self { internet, hosts: hosts.into_iter().collect() })
    }

    /// Image of a host of this gateway with these packages.
    pub(crate) fn host(&self, gateway: &Gateway, packages: &[String]) -> &str {
        &self.hosts[&key(gateway, packages)]
    }
}

fn key(gateway: &Gateway, packages: &[String]) -> (String, Vec<String>) {
    let packages: BTreeSet<&String> = packages.iter().collect();
    (gateway.release.clone(), packages.into_iter().cloned().collect())
}

/// A directory of `containers`, upon the `debian` one of a release.
fn recipe(containers: &Path, name: &str, release: &str, args: BTreeMap<String, String>) -> ImageRecipe {
    let image =
        |name: &str, base, args| ImageRecipe { name: name.to_owned(), directory: containers.join(name), base, args };
    let debian = image("debian", Base::Debian(release.to_owned()), BTreeMap::new());
    image(name, Base::Recipe(Box::new(debian)), args)
}
