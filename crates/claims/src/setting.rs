//! Claims on settings of the gateway that are changed.

mod says;
mod silent;
mod taken;

pub use says::Says;
pub use silent::Silent;
pub use taken::Taken;

use crate::{Cause, Check, Entry, Subject};
use evidence::Setting;
use plan::{Plan, SettingChange};

/// The changed settings of a scenario.
#[derive(Debug)]
pub struct Changed;

impl Subject for Changed {
    type Case<'a> = Case<'a>;
    type Scene<'a> = ();
    const TABLE: &'static str = "setting expect table";
    const DOC: &'static str = "What daemons must make of changed settings.";

    fn registry() -> Vec<Entry<Self>> {
        vec![Entry::of::<Taken>(), Entry::of::<Says>(), Entry::of::<Silent>()]
    }

    fn place(plan: &Plan, _: usize) -> Option<Cause> {
        plan.settings.changes.first().map(|change| Cause::new(&change.name.span, "this setting is changed"))
    }
}

/// What became of the changes.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was to be changed.
    pub changes: &'a [SettingChange],
    /// What the daemons made of it.
    pub seen: &'a [Setting],
}

impl<'a> Case<'a> {
    /// What became of a change.
    #[must_use]
    pub fn of(&self, change: &SettingChange) -> Option<&'a Setting> {
        self.seen.iter().find(|setting| setting.daemon == change.daemon.as_str() && setting.name == change.name.value)
    }

    /// What was seen of one setting decides; what was not seen of another may be otherwise; and if all was seen, this.
    fn decide(&self, decided: Option<Check>, words: &str, open: Check) -> Check {
        let what = || format!("whether it holds: {words}");
        let missing = self.changes.iter().find(|change| self.of(change).is_none());
        match (decided, missing) {
            (Some(decided), _) => decided,
            (None, Some(change)) => {
                Check::unclear(what(), format!("it was not seen what became of {}", change.name.value))
            }
            (None, None) if self.seen.is_empty() => Check::unclear(what(), "no setting was changed"),
            (None, None) => open,
        }
    }

    /// Everything that daemons said, a line each.
    fn said(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in self.seen.iter().flat_map(render) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        if lines.is_empty() { vec!["no daemon says anything".to_owned()] } else { lines }
    }

    /// The first change of which nothing was seen, or by which a claim fails.
    fn cause(&self, fails: impl Fn(&Setting) -> bool) -> Option<Cause> {
        let change = self.changes.iter().find(|change| self.of(change).is_none_or(&fails))?;
        Some(Cause::new(&change.name.span, "this setting is changed"))
    }
}

/// `smtpd_tls_protocols = TLSv1`, or that its line is taken out.
#[must_use]
pub fn written(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("{name} (taken out)"), |value| format!("{name} = {value}"))
}

/// What a daemon said of a setting, a line each.
#[must_use]
pub fn render(setting: &Setting) -> Vec<String> {
    setting.said.iter().map(|line| format!("{} says {line}", setting.daemon)).collect()
}
