//! `report read`: aggregate reports of DMARC that others sent.

use super::CommandContext;
use crate::{
    cli::ReadReportsArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use aggregate::Report;
use std::{fs::File, io::Read, path::Path};
use walkdir::WalkDir;

/// How deep directories are read: a mail of a Maildir lies two deep.
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
            reports.push(read_file(path).map_err(failed)?);
            continue;
        }
        for entry in WalkDir::new(path).max_depth(DEPTH).sort_by_file_name() {
            let entry = entry.map_err(|cause| failed(cause.to_string()))?;
            if !entry.path().is_file() {
                continue;
            }
            match read_file(entry.path()) {
                Ok(report) => reports.push(report),
                Err(why) => unread.push((entry.path().display().to_string(), why)),
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

/// Reads a file, no more of it than tells that it is too large.
fn read_file(path: &Path) -> Result<Report, String> {
    let mut octets = Vec::new();
    let file = File::open(path).map_err(|cause| cause.to_string())?;
    file.take(aggregate::LARGEST as u64 + 1).read_to_end(&mut octets).map_err(|cause| cause.to_string())?;
    aggregate::read(&octets)
}
