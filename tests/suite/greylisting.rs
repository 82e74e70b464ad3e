//! A gateway that refuses for now whom it does not know, and clients that try again (RFC 6647).

use crate::{Failed, Trial, diagnostics::copy_of, run, scratch, trial};
use std::{fs, os::unix::fs::PermissionsExt};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("greylisting::it_takes_who_tries_again", it_takes_who_tries_again)]
}

/// Refuses every client, sender and recipient for the first second (RFC 6647 §2.4).
const GREYLIST: &str = r#"#!/usr/bin/perl
$| = 1;
while (1) {
    my %said;
    while (defined(my $line = <STDIN>)) { last unless $line =~ /^(\w+)=(.*)$/; $said{$1} = $2 }
    exit unless %said;
    my $file = '/tmp/' . unpack 'H*', join ' ', @said{qw(client_address sender recipient)};
    my $known = -e $file && time - (stat _)[9] >= 1;
    open my $new, '>', $file unless -e $file;
    print $known ? "action=DUNNO\n\n" : "action=DEFER_IF_PERMIT 4.2.0 Greylisted, try again\n\n";
}
"#;

fn it_takes_who_tries_again() -> Result<(), Failed> {
    let copy = copy_of("one-box", "greylisting")?;
    fs::write(copy.join("postfix/greylist"), GREYLIST)?;
    fs::set_permissions(copy.join("postfix/greylist"), fs::Permissions::from_mode(0o755))?;
    for (file, more) in [
        (
            "main.cf",
            "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/greylist\n",
        ),
        ("master.cf", "greylist unix - n n - 0 spawn user=nobody argv=/etc/postfix/greylist\n"),
    ] {
        let path = copy.join("postfix").join(file);
        fs::write(&path, fs::read_to_string(&path)? + more)?;
    }
    let once = "title = \"Who is not known tries again\"\n[[transaction]]\n\
        client = { ip = \"198.51.100.20\", ehlo = \"mail.sender.example\", retry = 2 }\nmail-from = \"billing@sender.example\"\n\
        rcpt-to = [\"{alice}\"]\nmessage = \"From: billing@sender.example\\nTo: {alice}\\n\\nHello\\n\"\n\
        [transaction.expect]\noutcome = \"delivered\"\ntries = 2\n";
    let directory = scratch("greylisting-scenarios")?;
    let write = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).map(|()| path.display().to_string())
    };
    let again = write("again.toml", once.to_owned())?;
    let patient = once.replace("198.51.100.20", "198.51.100.21").replace(", retry = 2", "").replace("tries = 2", "");
    let not_again = write("not-again.toml", patient.replace("\"delivered\"", "\"deferred\""))?;
    let gateway = copy.display().to_string();
    run(&["scenario", "run", "--gateway", &gateway, &again, &not_again])?.must(0, &["2 held"])?;
    // of a gateway that says so all clients try again
    let toml = copy.join("gateway.toml");
    fs::write(&toml, fs::read_to_string(&toml)?.replacen("release ", "retry = 2\nrelease ", 1))?;
    let taken = write("taken.toml", patient)?;
    run(&["scenario", "run", "--gateway", &gateway, &taken])?.must(0, &["1 held"])
}
