//! `scenario accept`: what the last runs proposed becomes the snapshots.

use super::Setting;
use crate::{
    cli::Selection,
    exit::{Exit, Trouble},
    library::{self, LibraryError},
    snapshots::SnapshotFile,
    start::Ended,
};

/// Accepts the proposals of the chosen scenarios, for every gateway that has any.
pub(crate) fn accept(setting: &Setting, which: &Selection) -> Ended {
    let gateways = setting.place.root().join("gateways");
    let unreadable = |cause| LibraryError::Unreadable { path: gateways.display().to_string(), cause };
    let mut directories = Vec::new();
    for entry in std::fs::read_dir(&gateways).map_err(unreadable)? {
        directories.push(entry.map_err(unreadable)?.path());
    }
    directories.sort();
    let mut count = 0;
    for source in library::find(&setting.place.scenarios(), &which.names)? {
        for directory in &directories {
            if SnapshotFile::new(directory, &source.name).accept()? {
                println!("accepted {} of {}", source.name, directory.file_name().unwrap_or_default().to_string_lossy());
                count += 1;
            }
        }
    }
    if count == 0 {
        let nothing = LibraryError::Nothing("a proposed snapshot: `scenario run` proposes them".into());
        return Err(Trouble { exit: Exit::Nothing, reports: vec![nothing.into()] });
    }
    Ok(Exit::AsExpected)
}
