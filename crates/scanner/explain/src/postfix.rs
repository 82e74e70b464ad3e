//! The settings of Postfix: parameters in `main.cf` (postconf(5)), and those of single services in `master.cf` (master(5)).

use crate::Line;
use plan::Daemon;

/// How many words stand before the arguments of a service's command.
const FIELDS: usize = 8;

/// The parameters of `main.cf`.
pub(crate) fn main(text: &str) -> Vec<Line> {
    let setting = |line: Vec<(usize, &str)>| {
        let whole: Vec<&str> = line.iter().map(|(_, part)| *part).collect();
        setting(line.first()?.0, "", &whole.join(" "))
    };
    logical(text).into_iter().filter_map(setting).collect()
}

/// The parameters that services in `master.cf` have of their own, named as `postconf -P` does: `smtp/inet/smtpd_tls_ciphers`.
pub(crate) fn master(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    for service in logical(text).iter().map(|line| words(line)) {
        let [(_, name), (_, kind), ..] = service.as_slice() else { continue };
        let path = format!("{name}/{kind}/");
        // what a command of pipe(8) or spawn(8) is called with is its own
        let mut arguments = service.iter().skip(FIELDS).take_while(|(_, word)| !word.starts_with("argv="));
        while let Some((number, word)) = arguments.next() {
            let value = match word.strip_prefix("-o") {
                Some("") => arguments.next().map(|(number, value)| (*number, value.as_str())),
                Some(glued) => Some((*number, glued)),
                None => None,
            };
            found.extend(value.and_then(|(number, value)| setting(number, &path, value)));
        }
    }
    found
}

/// Lines with those that continue them, with their numbers. A line that begins with white space continues the one before,
/// comments and empty lines between them aside.
fn logical(text: &str) -> Vec<Vec<(usize, &str)>> {
    let mut found: Vec<Vec<(usize, &str)>> = Vec::new();
    for (at, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some(last) if raw.starts_with([' ', '\t']) => last.push((at + 1, line)),
            _ if raw.starts_with([' ', '\t']) => {}
            _ => found.push(vec![(at + 1, line)]),
        }
    }
    found
}

/// The words of a logical line, with the numbers of the lines on which they begin. What is in braces is one word, without
/// them.
fn words(line: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut braced: Option<(usize, Vec<&str>)> = None;
    let mut depth = 0_usize;
    for (number, part) in line {
        for word in part.split_whitespace() {
            let (_, inside) = braced.get_or_insert_with(|| (*number, Vec::new()));
            inside.push(word);
            depth = (depth + word.matches('{').count()).saturating_sub(word.matches('}').count());
            if depth == 0
                && let Some((number, inside)) = braced.take()
            {
                let whole = inside.join(" ");
                let bare = whole.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                found.push((number, bare.map_or_else(|| whole.clone(), |bare| bare.trim().to_owned())));
            }
        }
    }
    found
}

fn setting(number: usize, path: &str, text: &str) -> Option<Line> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let line =
        || Line { daemon: Daemon::Postfix, number, name: format!("{path}{name}"), value: value.trim().to_owned() };
    is_name.then(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|l| format!("{}: {} = {}", l.number, l.name, l.value)).collect()
    }

    #[test]
    fn a_line_goes_on_behind_white_space() {
        let text =
            "# a comment\nsmtpd_tls_protocols = !SSLv2,\n# between\n   !SSLv3\n\nempty =\nlist =\n  one\n  two\n";
        assert_eq!(told(main(text)), ["2: smtpd_tls_protocols = !SSLv2, !SSLv3", "6: empty = ", "7: list = one two"]);
    }

    #[test]
    fn a_service_has_parameters_of_its_own() {
        let text = "smtp inet n - n - - smtpd\n#submission inet n - n - - smtpd\nsubmissions inet n - n - - smtpd\n  \
                    -o smtpd_tls_wrappermode=yes -o syslog_name=x\n# -o smtpd_tls_loglevel=3\n  -v\n  -o { smtpd_tls_ciphers =\n    \
                    high }\n  -osmtpd_tls_loglevel=1\n[::1]:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
                    old unix - n n - - pipe user=nobody argv=/bin/x -o smtp_tls_loglevel=1\n";
        assert_eq!(
            told(master(text)),
            [
                "4: submissions/inet/smtpd_tls_wrappermode = yes",
                "4: submissions/inet/syslog_name = x",
                "7: submissions/inet/smtpd_tls_ciphers = high",
                "9: submissions/inet/smtpd_tls_loglevel = 1",
                "10: [::1]:465/inet/smtpd_tls_wrappermode = yes",
            ]
        );
    }
}
