//! `gateway explain` as a user calls it: lines of one service of Postfix, and of one block of Dovecot.

use crate::{Failed, Trial, run, trial};
use serde_json::Value;

/// Those that need no engine.
pub(crate) fn pure() -> Vec<Trial> {
    vec![trial("explain::a_line_that_is_not_there_is_told", a_line_that_is_not_there_is_told)]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("explain::a_line_of_one_service_does_what_it_does_there", a_line_of_one_service_does_what_it_does_there)]
}

fn a_line_that_is_not_there_is_told() -> Result<(), Failed> {
    let words = ["gateway", "explain", "hardened", "submission/inet/smtpd_tls_wrappermode"];
    run(&words)?.must(5, &["has no line `submission/inet/smtpd_tls_wrappermode` about TLS", "master.cf"])
}

fn a_line_of_one_service_does_what_it_does_there() -> Result<(), Failed> {
    const POSTFIX: &str = "submissions/inet/smtpd_tls_wrappermode";
    const DOVECOT: &str = "service imap-login/inet_listener imaps/ssl";
    // without its service the first one is named by every place where it stands, which is one
    let told = run(&["gateway", "explain", "hardened", "smtpd_tls_wrappermode", DOVECOT, "--json"])?;
    told.must(0, &[])?;
    let rows: Value = serde_json::from_str(&told.out)?;
    let row = |name: &str| rows.as_array().into_iter().flatten().find(|row| row["name"] == name);
    let is_asked = |row: &Value, what: &str| row["asked"].as_array().is_some_and(|all| all.iter().any(|w| w == what));
    // the listener is for TLS without the line as well: that is compiled in
    let fits = rows.as_array().is_some_and(|rows| rows.len() == 2)
        && row(POSTFIX).is_some_and(|row| {
            row["file"] == "postfix/master.cf"
                && row["effects"] == serde_json::json!(["submissions: TLS: works instead of broken"])
                && is_asked(row, "what submissions takes of TLS")
        })
        && row(DOVECOT).is_some_and(|row| {
            row["file"] == "dovecot/dovecot.conf"
                && row["effects"] == serde_json::json!([])
                && row["unasked"].is_null()
                && is_asked(row, "what imaps takes of TLS")
        });
    if fits { Ok(()) } else { Err(format!("{rows:#}").into()) }
}
