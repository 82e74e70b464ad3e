//! Claims on changed settings, and how they are shown.

use crate::canned::{claims, word};
use crate::served::{bare, names, span};
use claims::Scenario;
use evidence::{Evidence, Setting};
use mailproof_verdict::{Verdict, judge};
use plan::{Daemon, SettingChange, Spanned};

const TEXT: &str = r#"title = "What a setting does"

[setting]
postfix = { smtpd_tls_protocols = "TLSv1" }
dovecot = { ssl_protocols = "!SSLv2" }

[setting.expect]
claim = "of this kind"

[[probe]]
service = "smtp"
"#;

pub(crate) fn settings(stated: Vec<String>) -> Scenario {
    let change = |daemon, name: &str, value: Option<&str>| SettingChange {
        daemon,
        name: Spanned { value: name.to_owned(), span: span(TEXT, name) },
        value: value.map(str::to_owned),
    };
    let at = span(TEXT, "\"of this kind\"");
    let mut plan = bare(TEXT);
    plan.plan.settings.changes = vec![
        change(Daemon::Postfix, "smtpd_tls_protocols", Some("TLSv1")),
        change(Daemon::Dovecot, "ssl_protocols", None),
    ];
    plan.claims.settings = claims(&stated, &at);
    plan
}

/// What became of both, and what was said of them.
pub(crate) fn seen(are_taken: [bool; 2], said: [&[&str]; 2]) -> Vec<Setting> {
    let setting = |daemon: &str, name: &str, value: Option<&str>, at: usize| Setting {
        daemon: daemon.to_owned(),
        name: name.to_owned(),
        value: value.map(str::to_owned),
        is_taken: are_taken[at],
        said: names(said[at]),
    };
    vec![setting("postfix", "smtpd_tls_protocols", Some("TLSv1"), 0), setting("dovecot", "ssl_protocols", None, 1)]
}

fn verdict(claims: Vec<String>, settings_seen: Vec<Setting>) -> Verdict {
    judge(&settings(claims), &Evidence { settings: settings_seen, ..Evidence::default() })
}

fn holds(claim: String, settings: &[Setting]) {
    let verdict = verdict(vec![format!("taken = {}", settings.iter().all(|s| s.is_taken)), claim], settings.to_vec());
    assert!(verdict.holds(), "{:?}", verdict.settings);
}

fn fails(claim: String, settings: &[Setting], message: &str, help: &str, line: usize) {
    let verdict = verdict(vec![claim], settings.to_vec());
    let said: Vec<String> = verdict.findings().map(ToString::to_string).collect();
    assert_eq!(said, [format!("settings: {message}")]);
    let finding = verdict.findings().next().unwrap();
    assert!(finding.help().contains(help), "{}", finding.help());
    assert_eq!(finding.places().iter().map(|place| place.line).collect::<Vec<_>>(), [8, line]);
}

const WARNING: &str = "warning: unused parameter";

#[test]
fn settings_are_taken_or_refused() {
    let (good, bad) = (seen([true, true], [&[], &[]]), seen([true, false], [&[], &["Fatal: Unknown setting"]]));
    holds("taken = true".to_owned(), &good);
    holds("taken = false".to_owned(), &bad);
    fails(
        "taken = true".to_owned(),
        &bad,
        "dovecot refuses ssl_protocols (taken out)",
        "dovecot says Fatal: Unknown setting",
        5,
    );
    fails("taken = false".to_owned(), &good, "every setting is taken", "no daemon says anything", 4);
}

#[test]
fn daemons_say_something_or_nothing() {
    let (silent, loud) = (seen([true, true], [&[], &[]]), seen([true, true], [&[], &[WARNING, WARNING]]));
    holds("silent = true".to_owned(), &silent);
    holds(word("says", "unused"), &loud);
    let said = "dovecot says warning: unused parameter";
    fails("silent = true".to_owned(), &loud, "dovecot says something", said, 5);
    fails(word("says", "obsolete"), &loud, "no daemon says `obsolete`", said, 4);
    fails(word("says", "x"), &silent, "no daemon says `x`", "no daemon says anything", 4);
}

#[test]
fn what_was_not_seen_of_a_setting_is_unclear_unless_another_one_decides() {
    let all =
        || vec!["taken = true".to_owned(), "taken = false".to_owned(), word("says", "x"), "silent = true".to_owned()];
    let nothing = verdict(all(), Vec::new());
    assert_eq!((nothing.findings().count(), nothing.errors().count()), (0, 4));
    assert_eq!(nothing.snapshot, "# settings\n\nnothing was seen\n");
    let mut half = seen([false, true], [&["x"], &[]]);
    half.truncate(1);
    let judged = verdict(all(), half);
    let findings: Vec<String> = judged.findings().map(ToString::to_string).collect();
    assert_eq!(findings, ["settings: postfix refuses smtpd_tls_protocols = TLSv1", "settings: postfix says something"]);
    assert_eq!(judged.errors().count(), 0);
    let mut half = seen([true, true], [&[], &[]]);
    half.truncate(1);
    let judged = verdict(all(), half);
    let lines: Vec<usize> = judged.errors().map(|error| error.places()[1].line).collect();
    assert_eq!(lines, [5, 4, 4, 5], "the first that may be otherwise than claimed");
    let mut unchanged = settings(vec!["taken = true".to_owned()]);
    unchanged.plan.settings.changes.clear();
    assert_eq!(judge(&unchanged, &Evidence::default()).errors().count(), 1);
}

#[test]
fn a_setting_that_is_refused_and_not_said_to_be_makes_all_unclear() {
    let refused = seen([true, false], [&[], &["Fatal: Unknown setting"]]);
    let judged = verdict(Vec::new(), refused.clone());
    let errors: Vec<&mailproof_verdict::Unclear> = judged.errors().collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].to_string(), "settings: it cannot be told what ssl_protocols (taken out) does");
    assert_eq!(
        errors[0].help(),
        "dovecot refuses it, and works with its old settings\ndovecot says Fatal: Unknown setting"
    );
    assert_eq!(errors[0].places()[0].line, 5);
    assert!(judged.is_unclear());
    assert!(verdict(vec!["taken = false".to_owned()], refused).holds());
    assert_eq!(verdict(Vec::new(), Vec::new()).errors().count(), 2, "neither was changed");
    assert!(verdict(Vec::new(), seen([true, true], [&[], &[]])).holds());
    assert!(judge(&bare(TEXT), &Evidence::default()).settings.is_none());
}

#[test]
fn the_snapshot_tells_once_what_a_daemon_says() {
    let expected = "\
# settings

postfix smtpd_tls_protocols = TLSv1: taken
  warning: unused parameter
dovecot ssl_protocols (taken out): refused
  warning: unused parameter
";
    assert_eq!(verdict(Vec::new(), seen([true, false], [&[WARNING], &[WARNING]])).snapshot, expected);
    let mut same = seen([true, true], [&[WARNING], &[WARNING]]);
    same[1].daemon = "postfix".to_owned();
    let text = verdict(Vec::new(), same).snapshot;
    assert_eq!(text.matches(WARNING).count(), 1, "{text}");
}
