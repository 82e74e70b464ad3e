//! What daemons made of changed settings.

use super::part;
use claims::setting::written;
use evidence::Setting;

/// A line a setting, and what its daemon says, once where it says the same of several.
pub(super) fn text(seen: &[Setting]) -> String {
    let mut lines = Vec::new();
    let mut last: Option<&Setting> = None;
    for setting in seen {
        let taken = if setting.is_taken { "taken" } else { "refused" };
        lines.push(format!("{} {}: {taken}", setting.daemon, written(&setting.name, setting.value.as_deref())));
        if last.is_none_or(|last| last.daemon != setting.daemon || last.said != setting.said) {
            lines.extend(setting.said.iter().map(|line| format!("  {line}")));
        }
        last = Some(setting);
    }
    if lines.is_empty() {
        lines.push("nothing was seen".to_owned());
    }
    part("settings", [(String::new(), lines)])
}
