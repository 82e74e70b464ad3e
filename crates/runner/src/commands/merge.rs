//! `report merge`: the reports of the parts of one run, as one.

use super::{CommandContext, run::write_reports};
use crate::{cli::MergeArgs, exit::CommandError, start::CommandResult};
use std::{fs, path::Path};

/// Files of more octets are no reports.
const LARGEST: u64 = 1 << 30;

/// Reads the parts, says what they come to, and writes reports as one run would.
pub(crate) fn merge(context: &CommandContext, args: &MergeArgs) -> CommandResult {
    let parts: Vec<(String, String)> = args.files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let merged = report::merge(&parts, &context.workspace.repository()).map_err(|faults| {
        let reports = faults.into_iter().map(|fault| miette::miette!(help = fault.help, "{}", fault.what));
        CommandError { exit: crate::exit::Exit::Usage, reports: reports.collect() }
    })?;
    let run = &merged.run;
    let style = context.style();
    let wanted = context.workspace.reports(&args.reports);
    let quoted = super::run::Quoted::begin(context, wanted);
    context.progress.print(&report::summary(run, &style));
    drop(quoted);
    write_reports(context, wanted, run, &context.workspace.gateway(Some(&run.gateway)), Some(&merged))?;
    Ok(report::verdict(run).into())
}

fn read(path: &Path) -> Result<(String, String), CommandError> {
    let wrong = |why: String| {
        let help = "name the files that the parts wrote by `--report json=FILE`";
        CommandError::usage(miette::miette!(help = help, "{}: {why}", path.display()))
    };
    let size = fs::metadata(path).map_err(|cause| wrong(cause.to_string()))?.len();
    if size > LARGEST {
        return Err(wrong(format!("it has {size} octets, more than any report")));
    }
    let octets = fs::read(path).map_err(|cause| wrong(cause.to_string()))?;
    // a text that ends within a character is one that is cut off, and told as such
    Ok((path.display().to_string(), String::from_utf8_lossy(&octets).into_owned()))
}
