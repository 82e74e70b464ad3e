//! `gateway import`: archives of /etc become a gateway directory; nothing is left behind where that fails.

use crate::{
    cli::ImportArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use ::import::{Imported, Source, Tree};
use stack::gateway::Gateway;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Reads the archives, writes the directory, and says what has to be asked.
pub(crate) fn import(args: &ImportArgs) -> CommandResult {
    if let Some(host) = &args.ssh {
        return print_commands(host);
    }
    let (imported, to) = make(args)?;
    print!("{}", said(&imported, &to));
    Ok(Exit::AsExpected)
}

/// Makes the directory: what was found, and where it lies.
pub(super) fn make(args: &ImportArgs) -> Result<(Imported, PathBuf), CommandError> {
    let of_one_host =
        [("--postconf", &args.postconf), ("--doveconf", &args.doveconf), ("--selections", &args.selections)];
    if args.archives.len() > 1
        && let Some((option, _)) = of_one_host.iter().find(|(_, file)| file.is_some())
    {
        let help = "`gateway import --ssh` prints commands that put it into each archive";
        return Err(usage(miette::miette!(help = help, "{option} is of one host, and there are several archives")));
    }
    let text = |file: &Option<PathBuf>| file.as_deref().map(read_text).transpose();
    let (postconf, doveconf, selections) = (text(&args.postconf)?, text(&args.doveconf)?, text(&args.selections)?);
    let zone = text(&args.zone)?;
    let mut sources = Vec::new();
    for path in &args.archives {
        sources.push(Source {
            archive: path.display().to_string(),
            tree: read_archive(path)?,
            postconf: postconf.clone(),
            doveconf: doveconf.clone(),
            selections: selections.clone(),
        });
    }
    let imported = ::import::import(sources, zone.as_deref()).map_err(CommandError::wrong)?;
    let to = place(args, &imported.name)?;
    write(&imported, &to)?;
    Ok((imported, to))
}

fn print_commands(host: &str) -> CommandResult {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"@.:_-[]".contains(&b);
    if host.is_empty() || host.starts_with('-') || !host.bytes().all(is_plain) {
        return Err(usage(miette::miette!(
            help = "as ssh(1) takes it: `root@mx.club.example`",
            "`{host}` is no USER@HOST"
        )));
    }
    print!("{}", ::import::commands(host));
    Ok(Exit::AsExpected)
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|cause| CommandError::wrong(miette::miette!("{} cannot be read: {cause}", path.display())))
}

fn read_archive(path: &Path) -> Result<Tree, CommandError> {
    let unreadable =
        |cause: io::Error| CommandError::wrong(miette::miette!("{} cannot be read: {cause}", path.display()));
    let file = fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        let help = "pack it: `tar -C / -czf gateway.tar.gz etc`";
        return Err(CommandError::wrong(miette::miette!(
            help = help,
            "{} is a directory, and no archive",
            path.display()
        )));
    }
    Tree::read(io::BufReader::new(file))
        .map_err(|error| CommandError::wrong(miette::Report::new(error).wrap_err(path.display().to_string())))
}

/// Where the gateway is put; nothing may be there.
fn place(args: &ImportArgs, domain: &str) -> Result<PathBuf, CommandError> {
    let name = args.name.as_deref().unwrap_or(domain);
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(usage(miette::miette!("`{name}` is no name for a directory")));
    }
    let beside = Path::new("gateways");
    let to = args.to.clone().unwrap_or_else(|| if beside.is_dir() { beside.join(name) } else { PathBuf::from(name) });
    if fs::symlink_metadata(&to).is_ok() {
        let help = "name another directory with --to, or remove it first";
        return Err(CommandError::wrong(miette::miette!(help = help, "{} is there already", to.display())));
    }
    Ok(to)
}

/// Writes the directory beside its place, reads it as a gateway, and moves it there.
fn write(imported: &Imported, to: &Path) -> Result<(), CommandError> {
    let unwritten =
        |cause: io::Error| CommandError::error(miette::miette!("{} cannot be written: {cause}", to.display()));
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = tempfile::Builder::new().prefix(".import-").tempdir_in(parent).map_err(unwritten)?;
    for (path, (octets, mode)) in &imported.files {
        let file = new.path().join(path);
        fs::create_dir_all(file.parent().unwrap_or(new.path())).map_err(unwritten)?;
        fs::write(&file, octets).map_err(unwritten)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(*mode)).map_err(unwritten)?;
    }
    Gateway::load(new.path())?;
    fs::set_permissions(new.path(), fs::Permissions::from_mode(0o755)).map_err(unwritten)?;
    fs::rename(new.path(), to).map_err(unwritten)?;
    // it has another name now, and is kept
    let _ = new.keep();
    Ok(())
}

/// What was found, what has to be asked, and what comes next.
fn said(imported: &Imported, to: &Path) -> String {
    let is_of_a_repository = Path::new("mailproof.toml").is_file() && to.parent() == Some(Path::new("gateways"));
    let default_name = to.file_name().filter(|_| is_of_a_repository).map(|name| name.to_string_lossy());
    let to = to.display();
    let mut text = format!("{to}: {} files\n", imported.files.len());
    let mut list = |title: &str, sentences: &mut dyn Iterator<Item = &str>| {
        let all: Vec<&str> = sentences.collect();
        if !all.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            all.iter().for_each(|sentence| text.push_str(&format!("  - {sentence}\n")));
        }
    };
    list("Not copied, but replaced:", &mut imported.replaced.iter().map(String::as_str));
    list("Changed, or left out:", &mut imported.changed.iter().map(String::as_str));
    list("What /etc does not say (also in gateway.toml):", &mut imported.questions.iter().map(|q| q.reason.as_str()));
    text.push_str(&format!("\nIt comes up as it is: mailproof run --gateway {to}\n"));
    if let Some(name) = default_name {
        text.push_str(&format!("Commands are about it from then on with `gateway = \"{name}\"` in mailproof.toml.\n"));
    }
    text
}

fn usage(report: miette::Report) -> CommandError {
    CommandError { exit: Exit::Usage, reports: vec![report] }
}
