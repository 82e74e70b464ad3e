//! The settings of Postfix: parameters in `main.cf` (postconf(5)), and those of single services in `master.cf` (master(5)).

use crate::Line;
use plan::Daemon;
use std::ops::Range;

/// How many words stand before the arguments of a service's command.
const FIELDS: usize = 8;

/// The parameters of `main.cf`.
pub(crate) fn main(text: &str) -> Vec<Line> {
    let setting = |line: Vec<Part<'_>>| {
        let whole: Vec<&str> = line.iter().map(|part| part.text).collect();
        setting(line.first()?.number, "", &whole.join(" "))
    };
    logical(text).into_iter().filter_map(setting).collect()
}

/// The parameters that services in `master.cf` have of their own, named as `postconf -P` does: `smtp/inet/smtpd_tls_ciphers`.
pub(crate) fn master(text: &str) -> Vec<Line> {
    let options = services(text).into_iter().flat_map(|service| {
        let path = format!("{}/", service.path);
        service.options.into_iter().filter_map(move |option| setting(option.number, &path, &option.text))
    });
    options.collect()
}

/// `main.cf` with a parameter at its end, or without it; of a name that stands twice the last line counts.
#[must_use]
pub fn set_main_parameter(text: &str, name: &str, value: Option<&str>) -> String {
    let is_it = |line: &[Part<'_>]| line[0].text.split_once('=').is_some_and(|(own, _)| own.trim() == name);
    let gone = logical(text).into_iter().filter(|line| is_it(line));
    // a line goes with its end
    let mut text = without(text, gone.map(|line| line[0].octets.start..line[line.len() - 1].octets.end + 1));
    if let Some(value) = value {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        text.push_str(&format!("{end}{name} = {value}\n"));
    }
    text
}

/// `master.cf` with a parameter of a service, or without it: the name is `submission/inet/smtpd_tls_ciphers`. None, if there is no
/// such service.
#[must_use]
pub fn set_service_parameter(text: &str, name: &str, value: Option<&str>) -> Option<String> {
    let (path, own) = name.rsplit_once('/')?;
    let service = services(text).into_iter().find(|service| service.path == path)?;
    let is_it = |option: &&Word| option.text.split_once('=').is_some_and(|(name, _)| name.trim() == own);
    let before = &text[..service.end];
    let mut changed = without(before, service.options.iter().filter(is_it).map(|option| option.octets.clone()));
    changed.extend(value.map(|value| format!("\n  -o {{ {own} = {value} }}")));
    changed.push_str(&text[service.end..]);
    Some(changed)
}

/// A text without some of its octets, which are given in their order.
fn without(text: &str, gone: impl Iterator<Item = Range<usize>>) -> String {
    let (mut rest, mut from) = (String::new(), 0);
    for octets in gone {
        rest.push_str(&text[from..octets.start]);
        from = octets.end.min(text.len());
    }
    rest + &text[from..]
}

/// A service of `master.cf`.
struct Service {
    /// Name and type: `smtp/inet`.
    path: String,
    /// What `-o` says, each with its octets from `-o` on.
    options: Vec<Word>,
    /// Where its last line ends.
    end: usize,
}

fn services(text: &str) -> Vec<Service> {
    let mut found = Vec::new();
    for line in logical(text) {
        let words = words(&line);
        let [name, kind, ..] = words.as_slice() else { continue };
        let mut options = Vec::new();
        // what a command of pipe(8) or spawn(8) is called with is its own
        let mut arguments = words.iter().skip(FIELDS).take_while(|word| !word.text.starts_with("argv="));
        while let Some(word) = arguments.next() {
            match word.text.strip_prefix("-o") {
                Some("") => options.extend(
                    arguments.next().map(|value| Word { octets: word.octets.start..value.octets.end, ..value.clone() }),
                ),
                Some(glued) => options.push(Word { text: glued.to_owned(), ..word.clone() }),
                None => {}
            }
        }
        let end = line.last().map_or(0, |part| part.octets.end);
        found.push(Service { path: format!("{}/{}", name.text, kind.text), options, end });
    }
    found
}

/// What of a line is not white space at its ends.
struct Part<'a> {
    number: usize,
    octets: Range<usize>,
    text: &'a str,
}

/// Lines with those that continue them. A line that begins with white space continues the one before, comments and empty lines
/// between them aside.
fn logical(text: &str) -> Vec<Vec<Part<'_>>> {
    let mut found: Vec<Vec<Part<'_>>> = Vec::new();
    let mut end = 0;
    for (at, raw) in text.split_inclusive('\n').enumerate() {
        let start = end + raw.len() - raw.trim_start().len();
        end += raw.len();
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let part = Part { number: at + 1, octets: start..start + line.len(), text: line };
        match found.last_mut() {
            Some(last) if raw.starts_with([' ', '\t']) => last.push(part),
            _ if raw.starts_with([' ', '\t']) => {}
            _ => found.push(vec![part]),
        }
    }
    found
}

/// A word of a logical line.
#[derive(Clone)]
struct Word {
    /// The line on which it begins.
    number: usize,
    octets: Range<usize>,
    text: String,
}

/// The words of a logical line. What is in braces is one word, without them.
fn words(line: &[Part<'_>]) -> Vec<Word> {
    let mut found = Vec::new();
    let mut braced: Option<(usize, usize, Vec<&str>)> = None;
    let mut depth = 0_usize;
    for part in line {
        let mut from = 0;
        for word in part.text.split_whitespace() {
            from += part.text[from..].find(word).unwrap_or_default();
            let start = part.octets.start + from;
            from += word.len();
            let (.., inside) = braced.get_or_insert_with(|| (part.number, start, Vec::new()));
            inside.push(word);
            depth = (depth + word.matches('{').count()).saturating_sub(word.matches('}').count());
            if depth == 0
                && let Some((number, start, inside)) = braced.take()
            {
                let whole = inside.join(" ");
                let bare = whole.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let text = bare.map_or_else(|| whole.clone(), |bare| bare.trim().to_owned());
                found.push(Word { number, octets: start..part.octets.start + from, text });
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
    use proptest::prelude::*;

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

    #[test]
    fn a_parameter_of_main_is_set_and_taken_out() {
        let text = "a = 1\n# b = 2\nb = 2,\n# between\n  3\nbb = 4\nb=5";
        assert_eq!(set_main_parameter(text, "b", None), "a = 1\n# b = 2\nbb = 4\n");
        assert_eq!(set_main_parameter(text, "b", Some("6")), "a = 1\n# b = 2\nbb = 4\nb = 6\n");
        assert_eq!(set_main_parameter(text, "c", Some("")), format!("{text}\nc = \n"));
        assert_eq!(set_main_parameter(text, "c", None), text);
    }

    #[test]
    fn a_parameter_of_a_service_is_changed_where_it_stands() {
        let text = "smtp inet n - n - - smtpd\nsubmission inet n - n - - smtpd\n  -o a=1 -o { b =\n   2 }\n  -oc=3 -v\n# -o a=4\n\nx unix - - n - - y\n";
        let set = |name: &str, value| set_service_parameter(text, &format!("submission/inet/{name}"), value).unwrap();
        assert_eq!(set("a", None), text.replace("-o a=1", ""));
        assert_eq!(set("b", None), text.replace("-o { b =\n   2 }", ""));
        assert_eq!(set("c", Some("5 6")), text.replace("-oc=3 -v", " -v\n  -o { c = 5 6 }"));
        let smtp = set_service_parameter(text, "smtp/inet/d", Some("7")).unwrap();
        assert_eq!(told(master(&smtp))[0], "2: smtp/inet/d = 7");
        assert_eq!(set_service_parameter(text, "smtp/unix/d", Some("7")), None);
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_and_can_be_taken_out(text in "([a-c] = [a-z]{0,3}\n|# x\n|  d\n|\n){0,8}") {
            let with = set_main_parameter(&text, "x", Some("1"));
            let last = main(&with).pop().unwrap();
            prop_assert_eq!((last.name.as_str(), last.value.as_str()), ("x", "1"));
            prop_assert_eq!(set_main_parameter(&with, "x", None), text);
        }
    }
}
