//! `report read`: aggregate reports of DMARC that others sent.

use super::CommandContext;
use crate::{
    cli::ReadReportsArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// How deep directories are read: one of a Maildir lies two deep.
const DEPTH: usize = 8;

/// Reads all that is named; what is no report in a directory is told, and passed over.
pub(crate) fn read(context: &CommandContext, args: &ReadReportsArgs) -> CommandResult {
    let (mut reports, mut unread) = (Vec::new(), Vec::new());
    for path in &args.paths {
        let shown = path.display().to_string();
        let failed = |why: String| {
            let help = "a report is a mail with its attachment, or that attachment alone: XML, or that in gzip or zip";
            CommandError::wrong(miette::miette!(help = help, "{shown}: {why}"))
        };
        if !path.is_dir() {
            reports.push(
                octets(path).map_err(|cause| cause.to_string()).and_then(|it| aggregate::read(&it)).map_err(failed)?,
            );
            continue;
        }
        let mut files = Vec::new();
        files_in(path, DEPTH, &mut files).map_err(|cause| failed(cause.to_string()))?;
        files.sort();
        for file in files {
            match octets(&file).map_err(|cause| cause.to_string()).and_then(|it| aggregate::read(&it)) {
                Ok(report) => reports.push(report),
                Err(why) => unread.push((file.display().to_string(), why)),
            }
        }
    }
    let domains = aggregate::summarize(&reports);
    if args.json {
        context.progress.print(&report::aggregate_json(&domains, &unread));
    } else {
        context.progress.print(&report::aggregate_text(&domains, &context.style()));
        unread.iter().for_each(|(file, why)| context.progress.note(&format!("{file}: {why}")));
    }
    Ok(if domains.is_empty() { Exit::Nothing } else { Exit::AsExpected })
}

/// The octets of a file, no more than tell that it is too large.
fn octets(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(aggregate::LARGEST as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// The files of a directory and of those in it; a link to a directory is not followed.
fn files_in(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if depth > 1 {
                files_in(&entry.path(), depth - 1, found)?;
            }
        } else if entry.path().is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}
