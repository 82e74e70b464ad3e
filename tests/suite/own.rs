//! A repository of the user's own, with nothing but the binary: no checkout is near, and nothing is found by accident.

use crate::{Failed, Said, Trial, mailproof, root, said, trial};
use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

pub(crate) fn pure() -> Vec<Trial> {
    vec![
        trial("own::a_repository_begins_and_nothing_is_overwritten", a_repository_begins_and_nothing_is_overwritten),
        trial("own::the_library_comes_with_the_binary", the_library_comes_with_the_binary),
        trial("own::what_mailproof_toml_says_holds_below_it", what_mailproof_toml_says_holds_below_it),
        trial("own::a_wrong_mailproof_toml_is_shown_with_its_places", a_wrong_mailproof_toml_is_shown_with_its_places),
        trial("own::messages_name_the_program_as_it_was_called", messages_name_the_program_as_it_was_called),
        trial("own::shells_and_manuals_know_the_commands", shells_and_manuals_know_the_commands),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("own::what_breaks_is_shown_at_its_place", what_breaks_is_shown_at_its_place)]
}

/// An empty directory far from the checkout, and a cache beside it.
struct Place {
    directory: TempDir,
    cache: TempDir,
}

impl Place {
    fn new() -> Result<Self, Failed> {
        Ok(Self { directory: tempfile::tempdir()?, cache: tempfile::tempdir()? })
    }

    /// One in which `init` was called.
    fn begun() -> Result<Self, Failed> {
        let place = Self::new()?;
        place.run(&["init"])?.must(0, &["mailproof run --baseline"])?;
        Ok(place)
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = mailproof(words);
        command.current_dir(self.path()).env("XDG_CACHE_HOME", self.cache.path());
        command.env_remove("GITHUB_WORKSPACE").env_remove("CI_PROJECT_DIR");
        command
    }

    fn run(&self, words: &[&str]) -> Result<Said, Failed> {
        Ok(said(self.command(words).output()?))
    }
}

fn must(holds: bool, why: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(why.to_owned().into()) }
}

fn a_repository_begins_and_nothing_is_overwritten() -> Result<(), Failed> {
    let place = Place::new()?;
    place.run(&["init", "new/mail"])?.must(0, &["gateways/example", "mailproof run"])?;
    let begun = place.path().join("new/mail");
    for file in
        ["mailproof.toml", "gateways/example/gateway.toml", "scenarios/relay.toml", ".gitignore", ".gitlab-ci.yml"]
    {
        must(begun.join(file).is_file(), file)?;
    }
    must(begun.join(".github/workflows/mailproof.yml").is_file(), "no workflow")?;
    must(!begun.join("gateways/example/snapshots").exists(), "snapshots are the user's own")?;
    must(fs::read_dir(place.cache.path())?.next().is_none(), "it needs no cache")?;
    fs::write(begun.join(".gitlab-ci.yml"), "mine")?;
    fs::remove_file(begun.join("mailproof.toml"))?;
    place
        .run(&["init", "new/mail"])?
        .must(2, &["gateways/example, ", ".gitlab-ci.yml would be overwritten", "nothing was written"])?;
    must(!begun.join("mailproof.toml").exists(), "a file was written although others are there")?;
    must(fs::read_to_string(begun.join(".gitlab-ci.yml"))? == "mine", "a file was overwritten")?;
    // a repository has one of these already
    fs::write(place.path().join(".gitignore"), "mine")?;
    place.run(&["init"])?.must(0, &[".gitignore is there already; these belong into it: *.snap.new"])?;
    must(fs::read_to_string(place.path().join(".gitignore"))? == "mine", "a file was overwritten")?;
    let file = place.path().join("file");
    fs::write(&file, "")?;
    place.run(&["init", "file/x"])?.must(4, &["cannot be written"])
}

fn the_library_comes_with_the_binary() -> Result<(), Failed> {
    let place = Place::new()?;
    let listed = place.run(&["scenario", "list"])?;
    listed.must(0, &["dmarc/forged-from-reject"])?;
    let count = listed.out.lines().filter(|line| line.contains('/')).count();
    must(count == crate::scenarios::library()?.len(), &format!("{count} scenarios"))?;
    place.run(&["scenario", "check", "--gateway", "documented-2018"])?.must(0, &["nothing wrong"])?;
    // what the binary carries stays as it is
    place.run(&["run", "--gateway", "one-box", "--baseline"])?.must(2, &["a shipped gateway", "mailproof init"])?;
    place.run(&["schema", "--write"])?.must(2, &["no checkout"])?;
    let kept: Vec<_> = fs::read_dir(place.cache.path().join("mailproof"))?.collect::<Result<_, _>>()?;
    must(kept.len() == 1, "one directory is unpacked, and nothing lies beside it")?;
    let unpacked = kept[0].path();
    for file in ["containers", "gateways/peer/gateway.toml", "scenarios/spf/pass.toml"] {
        must(unpacked.join(file).exists(), file)?;
    }
    let mut directories = vec![root().join("containers")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let file = entry?.path();
            if file.is_dir() {
                directories.push(file);
                continue;
            }
            let copy = unpacked.join(file.strip_prefix(root())?);
            must(fs::read(&file)? == fs::read(&copy)?, &format!("{} is another one", copy.display()))?;
            let is_program = |path: &Path| Ok::<_, Failed>(fs::metadata(path)?.permissions().mode() & 0o100 != 0);
            must(is_program(&file)? == is_program(&copy)?, &format!("{} has another mode", copy.display()))?;
        }
    }
    // and without a place for it that is said
    let mut lost = place.command(&["scenario", "list"]);
    lost.env("XDG_CACHE_HOME", place.path().join("file/x"));
    fs::write(place.path().join("file"), "")?;
    said(lost.output()?).must(4, &["the library cannot be unpacked in", "XDG_CACHE_HOME"])
}

fn what_mailproof_toml_says_holds_below_it() -> Result<(), Failed> {
    let place = Place::begun()?;
    let below = place.path().join("scenarios/deep");
    fs::create_dir(&below)?;
    for directory in [place.path(), &below] {
        let run = |words: &[&str]| Ok::<_, Failed>(said(place.command(words).current_dir(directory).output()?));
        run(&["scenario", "plan", "scenarios/relay"])?.must(0, &["anna@club.example", "192.0.2.10"])?;
        run(&["scenario", "list"])?.must(0, &["scenarios/relay.toml", "spf/pass"])?;
        run(&["scenario", "plan", "spf/pass", "--gateway", "hardened"])?.must(0, &["alice@gateway.example"])?;
    }
    // an own gateway of a shipped one's name is the own one
    fs::rename(place.path().join("gateways/example"), place.path().join("gateways/hardened"))?;
    place.run(&["scenario", "plan", "spf/pass"])?.must(3, &["example", "gateway.toml"])?;
    place.run(&["scenario", "plan", "spf/pass", "--gateway", "hardened"])?.must(0, &["anna@club.example"])
}

fn a_wrong_mailproof_toml_is_shown_with_its_places() -> Result<(), Failed> {
    let place = Place::new()?;
    let text = "gatway = \"x\"\nscenarios = [\"none\"]\nreport = [\"pdf=x\"]\n";
    fs::write(place.path().join("mailproof.toml"), text)?;
    let all = [
        "mailproof.toml has 3 faults",
        "unknown key `gatway`",
        "did you mean `gateway`?",
        "no file or directory `none`",
        "`pdf`",
    ];
    place.run(&["scenario", "list"])?.must(3, &all)?;
    fs::write(place.path().join("mailproof.toml"), "root = \".\"\n")?;
    place.run(&["run"])?.must(3, &["`.` has no directory `containers`"])
}

/// In a checkout the user calls `cargo xtask`.
fn messages_name_the_program_as_it_was_called() -> Result<(), Failed> {
    let place = Place::new()?;
    for (called, program) in [("/usr/bin/mailproof", "mailproof"), ("cargo xtask", "cargo xtask")] {
        let mut help = Command::new(env!("CARGO_BIN_EXE_mailproof"));
        help.arg0(called).args(["scenario", "run", "--help"]).stdin(Stdio::null());
        said(help.output()?).must(0, &[&format!("Usage: {program} scenario run")])?;
        let mut baseline = place.command(&["run", "--baseline", "--gateway", "one-box"]);
        said(baseline.arg0(called).output()?).must(2, &[&format!("`{program} init` makes a repository")])?;
    }
    Ok(())
}

fn shells_and_manuals_know_the_commands() -> Result<(), Failed> {
    let place = Place::new()?;
    for shell in ["bash", "zsh", "fish"] {
        place.run(&["completions", shell])?.must(0, &["mailproof", "baseline", "completions"])?;
    }
    let bash = place.run(&["completions", "bash"])?.out;
    let script = place.path().join("completions");
    fs::write(&script, bash)?;
    let asked = "source \"$1\"; COMP_WORDS=(mailproof sc); COMP_CWORD=1; _mailproof mailproof sc mailproof; echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash").args(["-c", asked, "bash"]).arg(&script).output()?;
    said(completed).must(0, &["scenario"])?;
    place.run(&["completions", "nosuch"])?.must(2, &["nosuch"])?;
    place.run(&["man"])?.must(0, &[".TH mailproof 1", "pretend Internet"])?;
    place.run(&["man", "pages"])?.must(0, &["wrote the pages into pages"])?;
    let page = fs::read_to_string(place.path().join("pages/mailproof-scenario-run.1"))?;
    must(page.contains("baseline"), "the page of `scenario run` does not know --baseline")?;
    must(fs::read_dir(place.cache.path())?.next().is_none(), "they need no cache")
}

/// The walk of a new user, on a few scenarios: begin, take what is for what is expected, break a line, see it where it stands, repair.
fn what_breaks_is_shown_at_its_place() -> Result<(), Failed> {
    let place = Place::begun()?;
    let words = |more: &[&'static str]| {
        [&["run"][..], more, &["scenarios/relay", "spf/pass", "delivery/unknown-user"]].concat()
    };
    place.run(&words(&["--baseline"]))?.must(0, &["scenarios: 1 held", "Baseline:"])?;
    place.run(&words(&["--ci"]))?.must(0, &["scenarios: 1 held"])?;

    // the whole Internet may relay
    let settings = place.path().join("gateways/example/postfix/main.cf");
    let good = fs::read_to_string(&settings)?;
    fs::write(&settings, good.replace("mynetworks = ", "mynetworks = 0.0.0.0/0 "))?;
    let reports = ["--report", "github", "--report", "sarif=a.sarif", "--report", "code-quality=q.json"];
    let broken = said(place.command(&words(&reports)).env("CI", "true").output()?);
    broken.must(1, &["relay: 1 message was accepted, not 0"])?;
    let (quoted, commands) = broken.out.rsplit_once("::mailproof-").ok_or("nothing is quoted")?;
    let (token, commands) = commands.split_once("::\n").ok_or("it does not end")?;
    must(quoted.starts_with(&format!("::stop-commands::mailproof-{token}\n")), quoted)?;
    // what proves to be the cause is the place
    let file = "gateways/example/postfix/main.cf";
    let now = fs::read_to_string(&settings)?;
    let line = now.lines().position(|line| line.starts_with("mynetworks = 0.0.0.0/0")).ok_or("no such line")? + 1;
    let title = "scenarios/relay.toml%3A relay%3A 1 message was accepted%2C not 0";
    let begin = format!("::error file={file},line={line},title={title}::");
    must(commands.lines().count() == 1 && commands.starts_with(&begin), commands)?;
    let read = |name: &str| {
        Ok::<serde_json::Value, Failed>(serde_json::from_str(&fs::read_to_string(place.path().join(name))?)?)
    };
    let at = read("a.sarif")?["runs"][0]["results"][0]["locations"][0]["physicalLocation"].take();
    must(at["artifactLocation"]["uri"] == file && at["region"]["startLine"] == line, &at.to_string())?;
    let issue = read("q.json")?[0].take();
    must(issue["location"]["path"] == file && issue["location"]["lines"]["begin"] == line, &issue.to_string())?;

    fs::write(&settings, good)?;
    place.run(&words(&["--ci"]))?.must(0, &["scenarios: 1 held"])
}
