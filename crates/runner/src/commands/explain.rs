//! `gateway explain`: every TLS line of a gateway, what it is documented to mean, and what it is seen to do.
//!
//! The same questions are asked with the line and without it; what differs is what the line does.

use super::{Pair, Setting};
use crate::{
    cli::ExplainArgs,
    exit::{Exit, Trouble},
    questions::{Questions, Stages},
    raise::{Raised, interrupt, raise},
    start::Ended,
};
use explain::{Direction, Facts, Line, Meaning, Meanings, Noise};
use report::Explained;
use scenario::{Daemon, SettingChange, Spanned};
use stack::gateway::Gateway;

/// Brings the gateway up, takes each line out in turn, and says what difference that makes.
pub(crate) async fn explain(setting: &Setting, args: ExplainArgs) -> Ended {
    let pair = Pair::load(&setting.place, &args.gateway)?;
    let meanings = Meanings::shipped();
    let questions = Questions::new(&pair)?;
    let mut lines = lines(&pair.gateway, &meanings);
    let is_wanted = |name: &str| args.settings.is_empty() || args.settings.iter().any(|wanted| wanted == name);
    lines.retain(|(_, line)| is_wanted(&line.name));
    let missing = args.settings.iter().find(|wanted| !lines.iter().any(|(_, line)| line.name == **wanted));
    if lines.is_empty() || missing.is_some() {
        return Err(nothing(&pair.gateway.name, missing));
    }
    let asking = Asking { lines, questions, meanings, is_all: args.settings.is_empty() };
    let raised = raise(setting, pair, false, false).await?;
    let explained = tokio::select! {
        explained = asking.observe(setting, &raised) => explained,
        () = interrupt() => Err(Trouble::interrupted()),
    };
    setting.progress.say("cleaning up");
    raised.down().await?;
    let explained = explained?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&explained).expect("a table is data"));
    } else {
        print!("{}", report::explained_text(&explained, &setting.style()));
        println!("asked: {}", asking.questions);
    }
    Ok(Exit::AsExpected)
}

/// What is asked, and of which lines.
struct Asking {
    questions: Questions,
    lines: Vec<(String, Line)>,
    meanings: Meanings,
    /// Whether the lines are all about TLS that the gateway has: then settings that it lacks are looked at, too.
    is_all: bool,
}

fn nothing(gateway: &str, missing: Option<&String>) -> Trouble {
    let what = missing.map_or_else(|| "line about TLS".to_owned(), |name| format!("line `{name}` about TLS"));
    let help = "main.cf and Dovecot's files are looked at, where gateway.toml puts them into /etc";
    Trouble { exit: Exit::Nothing, reports: vec![miette::miette!(help = help, "{gateway} has no {what}")] }
}

/// A line that is taken out, or a setting that is set, and what was seen then.
struct Ablation {
    row: Explained,
    /// Said behind every effect.
    note: String,
    seen: Facts,
}

impl Asking {
    async fn observe(&self, setting: &Setting, raised: &Raised) -> Result<Vec<Explained>, Trouble> {
        let stages = self.questions.set_stages(&raised.stack).await?;
        let mut explained = Vec::new();
        for daemon in [Daemon::Postfix, Daemon::Dovecot] {
            if self.lines.iter().any(|(_, line)| line.daemon == daemon) {
                explained.extend(self.of_daemon(daemon, setting, raised, &stages).await?);
            }
        }
        Ok(explained)
    }

    async fn of_daemon(
        &self,
        daemon: Daemon,
        setting: &Setting,
        raised: &Raised,
        stages: &Stages,
    ) -> Result<Vec<Explained>, Trouble> {
        let word = daemon_word(daemon);
        let its: Vec<&(String, Line)> = self.lines.iter().filter(|(_, line)| line.daemon == daemon).collect();
        setting.progress.say(&format!("looking at {word} as it is"));
        let look = |change, way| self.ask(daemon, change, way, raised, stages);
        let with = look(None, Direction::Both).await?.0;
        let mut ablations = Vec::new();
        for (at, (file, line)) in its.iter().enumerate() {
            let mut row = row(file, line, self.meanings.of(daemon, &line.name));
            // the last one of a file counts, and taking the name out takes both out
            let later = its[at + 1..].iter().find(|(other, later)| later.name == line.name && other == file);
            row.overruled = later.map(|(file, later)| format!("{file}:{}", later.number));
            if row.overruled.is_some() {
                ablations.push(Ablation { row, note: String::new(), seen: Facts::new() });
                continue;
            }
            setting.progress.say(&format!("{word} without {}", line.name));
            let way = self.meanings.of(daemon, &line.name).map_or(Direction::Both, |meaning| meaning.direction);
            let (seen, refused) = look(Some(change(daemon, &line.name, None)), way).await?;
            row.refused = refused;
            ablations.push(Ablation { row, note: String::new(), seen });
        }
        let is_set = |name: &str| its.iter().any(|(_, line)| line.name == name);
        let is_absent = |meaning: &Meaning| self.is_all && meaning.daemon == daemon && !is_set(&meaning.name);
        let absent = self.meanings.warned_of().filter(|(meaning, _)| is_absent(meaning));
        for (meaning, instead) in absent {
            setting.progress.say(&format!("{word} with {} = {instead}", meaning.name));
            let change = change(daemon, &meaning.name, Some(instead));
            let (seen, refused) = look(Some(change), meaning.direction).await?;
            // a daemon that does not know the setting is not one of which guides warn
            if refused.is_empty() {
                ablations.push(Ablation { row: unset(meaning), note: format!(" (compared with {instead})"), seen });
            }
        }
        // a line that is set to what it is: what this changes is noise
        let same = its.last().map(|(_, line)| change(daemon, &line.name, Some(&line.value)));
        setting.progress.say(&format!("looking at {word} as it is again"));
        let noise = Noise::of(&[with.clone(), look(same, Direction::Both).await?.0]);
        let told = |Ablation { row, note, seen }| {
            let effects = explain::effects(&with, &seen, &noise);
            Explained { effects: effects.iter().map(|effect| format!("{effect}{note}")).collect(), ..row }
        };
        Ok(ablations.into_iter().map(told).collect())
    }

    /// The facts, and what the daemon says if it refuses to work so; there are no facts then.
    async fn ask(
        &self,
        daemon: Daemon,
        change: Option<SettingChange>,
        way: Direction,
        raised: &Raised,
        stages: &Stages,
    ) -> Result<(Facts, Vec<String>), Trouble> {
        let stack = &raised.stack;
        let Some(change) = change else {
            return Ok((self.questions.ask(stack, stages, daemon, way).await?, Vec::new()));
        };
        let changed = stack.change_settings(&[change]).await?;
        let mut refused: Vec<String> =
            changed.settings.iter().filter(|s| !s.is_taken).flat_map(|s| s.said.clone()).collect();
        let is_taken = changed.settings.iter().all(|s| s.is_taken);
        if !is_taken && refused.is_empty() {
            refused.push("it does not say why".to_owned());
        }
        let seen = if is_taken { self.questions.ask(stack, stages, daemon, way).await } else { Ok(Facts::new()) };
        stack.restore(changed).await?;
        Ok((seen?, refused))
    }
}

fn row(file: &str, line: &Line, meaning: Option<&Meaning>) -> Explained {
    Explained {
        place: format!("{file}:{}", line.number),
        line: format!("{} = {}", line.name, line.value),
        means: meaning.map(means).unwrap_or_default(),
        effects: Vec::new(),
        refused: Vec::new(),
        overruled: None,
    }
}

/// The row of a setting of which guides warn that it is not set.
fn unset(meaning: &Meaning) -> Explained {
    Explained {
        place: "not set".to_owned(),
        line: meaning.name.clone(),
        means: means(meaning),
        effects: Vec::new(),
        refused: Vec::new(),
        overruled: None,
    }
}

fn means(meaning: &Meaning) -> String {
    match &meaning.obsolete {
        Some(obsolete) => format!("{} Obsolete: {obsolete}.", meaning.means),
        None => meaning.means.clone(),
    }
}

/// No value: its line is taken out.
fn change(daemon: Daemon, name: &str, value: Option<&str>) -> SettingChange {
    let name = Spanned { value: name.to_owned(), span: 0..0 };
    SettingChange { daemon, name, value: value.map(str::to_owned) }
}

/// The TLS lines of a gateway's files, with the file's path.
fn lines(gateway: &Gateway, meanings: &Meanings) -> Vec<(String, Line)> {
    let mut found = Vec::new();
    for file in gateway.hosts.iter().flat_map(|host| &host.etc) {
        let daemon = match file.path.as_str() {
            "/etc/postfix/main.cf" => Daemon::Postfix,
            path if path.starts_with("/etc/dovecot/") && path.ends_with(".conf") => Daemon::Dovecot,
            _ => continue,
        };
        let lines = explain::lines(daemon, &String::from_utf8_lossy(&file.contents)).into_iter();
        let wanted = lines.filter(|line| line.is_about_tls() || meanings.of(daemon, &line.name).is_some());
        let path = file.path.trim_start_matches("/etc/").to_owned();
        found.extend(wanted.map(|line| (path.clone(), line)));
    }
    found
}

const fn daemon_word(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "postfix",
        Daemon::Dovecot => "dovecot",
    }
}
