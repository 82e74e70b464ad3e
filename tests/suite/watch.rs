//! `watch`: what is saved is taken over, and what it may change is run again.

use crate::{
    Failed, Trial,
    diagnostics::copy_of,
    faults::{Running, nothing_is_left, signal, start, wait_for},
    root, scratch, trial,
};
use std::{fs, path::Path, time::Duration};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("watch::what_is_saved_is_taken_over_and_run_again", what_is_saved_is_taken_over_and_run_again)]
}

/// What it says when it is done with what was saved.
const WAITS: &str = "waiting for something to be saved";

/// Saves it as editors do: what is there is complete at any time.
fn save(file: &Path, of: impl FnOnce(String) -> String) -> Result<(), Failed> {
    let draft = scratch("watch-draft")?.join("draft");
    fs::write(&draft, of(fs::read_to_string(file)?))?;
    Ok(fs::rename(draft, file)?)
}

/// Reads until it waits again; all of these must have been said by then.
fn says(running: &mut Running, words: &[&str]) -> Result<(), Failed> {
    let from = running.said.len();
    wait_for(running, WAITS, || Ok(()))?;
    let said = &running.said[from..];
    match words.iter().find(|word| !said.contains(**word)) {
        Some(word) => Err(format!("`{word}` is not said:\n{said}").into()),
        None => Ok(()),
    }
}

fn what_is_saved_is_taken_over_and_run_again() -> Result<(), Failed> {
    let copy = copy_of("debian-stock", "watched")?;
    let (gateway, main, dovecot) =
        (copy.join("gateway.toml"), copy.join("postfix/main.cf"), copy.join("dovecot/local.conf"));
    let own = scratch("watch-own")?.join("own.toml");
    let text = fs::read_to_string(root().join("scenarios/spf/pass.toml"))?;
    fs::write(&own, text.replace("spf-pass.example", "own-pass.example"))?;
    let words = [&own.display().to_string(), "delivery/unknown-user", "--gateway", &copy.display().to_string()];
    let mut running = start(&[&["watch"], &words[..]].concat())?;
    says(&mut running, &["run ", "2 scenarios"])?;

    // a setting: Postfix reads it again, and both are run
    save(&main, |text| text + "\nsmtpd_client_restrictions = reject\n")?;
    says(&mut running, &["postfix on mx.gateway.example was reloaded", " failed"])?;
    save(&main, |text| text.replace("smtpd_client_restrictions = reject\n", ""))?;
    says(&mut running, &["postfix on mx.gateway.example was reloaded", "2 scenarios"])?;
    // one that a daemon refuses: it says so, and goes on
    save(&dovecot, |text| text + "disable_plaintext_auth = yes\n")?;
    says(&mut running, &["refused; the gateway goes on as it was before", "Unknown setting: disable_plaintext_auth"])?;
    save(&dovecot, |text| text.replace("disable_plaintext_auth = yes\n", "# as before\n"))?;
    says(&mut running, &["dovecot on store.gateway.example was reloaded", "2 scenarios"])?;
    // files with a fault
    save(&gateway, |text| text.replace("authserv-id", "authserv"))?;
    says(&mut running, &["unknown key `authserv`"])?;
    save(&gateway, |text| text.replace("authserv ", "authserv-id ").replace("v=spf1 mx -all", "v=spf1 mx ~all"))?;
    says(&mut running, &["its zones are published as they are now", "2 scenarios"])?;
    save(&own, |text| text.replacen("mail-from", "mail-form", 1))?;
    says(&mut running, &["unknown key `mail-form`"])?;
    // of a scenario that was saved nothing else is run
    save(&own, |text| text.replacen("mail-form", "mail-from", 1) + "# saved\n")?;
    says(&mut running, &["1 scenario:"])?;

    signal(running.child.id(), "INT")?;
    running.end(Duration::from_secs(60))?.must(0, &[])?;
    nothing_is_left(&running.run)
}
