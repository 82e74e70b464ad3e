//! `completions` and `man`: what shells and manuals know of the command line, made from it.

use crate::{
    cli::Cli,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use clap::CommandFactory;
use clap_complete::Shell;
use std::{fs, io, path::Path};

/// The installed program's name: in a checkout there is nothing to complete.
const NAME: &str = "mailproof";

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> CommandResult {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text);
    print!("{}", String::from_utf8_lossy(&text));
    Ok(Exit::AsExpected)
}

/// Prints mailproof(1), or writes it and the pages of all commands.
pub(crate) fn man(directory: Option<&Path>) -> CommandResult {
    let Some(directory) = directory else {
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(Cli::command().name(NAME));
        page.render(&mut text).expect("memory takes what is written");
        print!("{}", String::from_utf8_lossy(&text));
        return Ok(Exit::AsExpected);
    };
    let write = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        clap_mangen::generate_to(Cli::command().name(NAME), directory)
    };
    write().map_err(|cause| {
        let help = "is the disk full, or the directory read-only?";
        CommandError::error(miette::miette!(help = help, "{} cannot be written: {cause}", directory.display()))
    })?;
    println!("wrote the pages into {}", directory.display());
    Ok(Exit::AsExpected)
}
