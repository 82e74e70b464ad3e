//! `gateway users`: who has a mailbox, as the gateway's own daemons tell it; what lies in a database is known to them alone.

use super::{CommandContext, Pair};
use crate::{
    bring_up::while_up,
    cli::UsersArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use ::stack::{
    gateway::Store,
    users::{ToldMailbox, Users},
};
use miette::miette;
use std::{fmt::Write as _, fs};
use toml_edit::{InlineTable, Value};

/// Brings the gateway up, asks, and prints a table for each mailbox.
pub(crate) async fn users(context: &CommandContext, args: UsersArgs) -> CommandResult {
    let word = args.target.as_deref().or(args.gateway.word());
    let directory = context.workspace.gateway(word);
    let file = directory.join("gateway.toml");
    let pair = Pair::load(&context.workspace, word)?;
    let is_closed = if !pair.gateway.mailboxes.is_empty() {
        Some("has a list of its own, which is not overwritten")
    } else if context.workspace.is_carried(&directory) {
        Some("is shipped, and never written to")
    } else {
        None
    };
    if let Some(why) = is_closed.filter(|_| args.write) {
        return Err(CommandError::usage(miette!("{} {why}; without --write the tables are printed", file.display())));
    }
    let name = pair.gateway.name.clone();
    let users = while_up(context, pair, async |running_stack| Ok(running_stack.stack.users().await?)).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&users).expect("a list is data"));
    } else {
        print!("{}", text(&users));
    }
    if users.mailboxes.is_empty() {
        return Err(CommandError::error(miette!(
            help = "write `[[mailbox]]` by hand, an address each: it is read on the host, whoever the user is",
            "no daemon of {name} told of a mailbox in its domains"
        )));
    }
    if args.write {
        let unwritten = |cause| CommandError::error(miette!("{}: {cause}", file.display()));
        let before = fs::read_to_string(&file).map_err(unwritten)?;
        fs::write(&file, format!("{}\n\n{}", before.trim_end(), text(&users))).map_err(unwritten)?;
        context.progress.note(&format!("{} mailboxes written to {}", users.mailboxes.len(), file.display()));
    }
    Ok(Exit::AsExpected)
}

/// Tables for `gateway.toml`, and as comments who told of each, and what could not be told.
fn text(users: &Users) -> String {
    let mut text = users.mailboxes.iter().map(table).collect::<Vec<_>>().join("\n");
    for name in &users.elsewhere {
        writeln!(text, "# {name} is told of as well, and is in none of `domains`").expect("writing to a string");
    }
    for fault in &users.faults {
        writeln!(text, "# could not be told: {fault}").expect("writing to a string");
    }
    text
}

fn table(mailbox: &ToldMailbox) -> String {
    let mut lines = vec![format!("# told by {}", mailbox.told_by.join(", ")), "[[mailbox]]".to_owned()];
    let mut line = |key: &str, value: Value| lines.push(format!("{key} = {}", value.to_string().trim()));
    line("address", mailbox.address.as_str().into());
    if let Some(login) = &mailbox.login {
        line("login", login.as_str().into());
    }
    if let Some(store) = &mailbox.store {
        let (kind, path) = match store {
            Store::Maildir(path) => ("maildir", path),
            Store::Mbox(path) => ("mbox", path),
        };
        line("store", InlineTable::from_iter([(kind, path.as_str())]).into());
    }
    if let Some(host) = &mailbox.host {
        line("host", host.to_string().into());
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_daemon_says_stays_a_value_or_a_comment() {
        let mailbox = ToldMailbox {
            address: "\"a\\\"]b\"@club.example".to_owned(),
            login: Some("a\"\nrole = \"bob".to_owned()),
            store: Some(Store::Maildir("/srv/a b/Maildir".to_owned())),
            host: None,
            told_by: vec!["doveadm user".to_owned()],
        };
        let written = text(&Users { mailboxes: vec![mailbox], elsewhere: Vec::new(), faults: vec!["x: y".to_owned()] });
        let read: toml_edit::DocumentMut = written.parse().unwrap();
        let tables = read["mailbox"].as_array_of_tables().unwrap();
        let table = tables.iter().next().unwrap();
        assert_eq!((tables.len(), table.len()), (1, 3), "{written}");
        assert_eq!(table["address"].as_str(), Some("\"a\\\"]b\"@club.example"));
        assert_eq!(table["store"]["maildir"].as_str(), Some("/srv/a b/Maildir"));
    }
}
