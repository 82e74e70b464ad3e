//! What is never copied: private keys, password hashes, passwords of databases and of other servers. What must be there for a
//! daemon to start is replaced by a word that everybody knows.

use crate::{Tree, tables::tables};
use regex::{Captures, Regex};
use std::{collections::BTreeSet, sync::LazyLock};

/// What stands where a password stood.
pub(crate) const KNOWN: &str = "mailproof";

/// `key = value`, `key: value`, `key => value`, anywhere in a line; the value is the third group.
static KEYED: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r#"(?im)((?:^|[^\w.-])["']?([\w.-]*(?:password|passwd|passphrase|secret|dnpass|bind_?pw|bindpw|api_?key|access_?key|auth_?key|(?:auth|access|bearer)[_-]?token|credentials?)[\w.-]*"#,
        r#"|(?:[\w-]*[_-])?(?:pass|pwd|pw|token))["']?[ \t]*(?:=>|=|:)[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s;,]+)"#,
    ))
});
/// A line of a file that has one setting a line: the value is all that follows.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?im)^([ \t]*((?:\w*_)?(?:password|passwd|bind_?pw|dnpass))[ \t]*=[ \t]*)([^\s;{}"'][^\n"';{}]*?)[ \t]*$"#)
});
/// `requirepass word`, `bayes_sql_password word`, and `"password" "word"`: the value stands behind white space.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?im)(^[ \t#;]*(?:requirepass|masterauth|[\w.-]*(?:password|passwd|secret)|BindPassword|LDAPBindPassword)[ \t]+)("[^"\n]*"|'[^'\n]*'|[^\s=:]\S*)[ \t]*;?[ \t]*$"#,
    )
});
/// Passwords of a user of Redis: `user default on >word`.
static REDIS: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^([ \t#]*user[ \t]+\S+[ \t].*?)([>#]\S+)"));
/// Third word of what DBI is called with.
static DBI: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?is)(\[\s*["']DBI:[^"']*["']\s*,\s*["'][^"']*["']\s*,\s*)(["'][^"']*["'])"#));
/// `scheme://user:word@host`.
static URL: LazyLock<Regex> = LazyLock::new(|| regex(r"(\w+://[^\s:/@]+:)([^\s@/]+)@"));
/// A hash as crypt(5) and its like write it.
static CRYPT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|argon2\w*|scrypt|apr1|pbkdf2[\w-]*)\$[./A-Za-z0-9$=,+*_-]{8,}")
});
/// A password with its scheme, as Dovecot and LDAP write it.
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)\{((?:S?SHA(?:\d+)?|S?MD5|SSHA\d*|(?:SHA\d+|MD5|DES|BLF)?-?CRYPT|CRAM-MD5|DIGEST-MD5|HMAC-MD5|PLAIN-MD5|LDAP-MD5|SMD5|PLAIN|PLAIN-TRUNC|CLEAR|CLEARTEXT|",
        r"LANMAN|NTLM|OTP|PBKDF2|ARGON2ID?|SCRAM-SHA-\d+)(?:\.(?:HEX|B64|BASE64))?)\}([^\s:;,]+)",
    ))
});
/// `static:user:word` and `[host]:port user:word` of Postfix.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| regex(r"(static:[^\s:{}]+:)([^\s,{}]+)"));
/// The last part of a name whose value is no secret, though it speaks of one.
const HARMLESS: [&str; 31] = [
    "maps",
    "map",
    "query",
    "file",
    "path",
    "dir",
    "scheme",
    "schemes",
    "format",
    "policy",
    "attrs",
    "fields",
    "type",
    "enable",
    "enabled",
    "timeout",
    "db",
    "database",
    "expire",
    "length",
    "mechanism",
    "mechanisms",
    "filter",
    "verification",
    "field",
    "key_name",
    "hash",
    "min",
    "max",
    "default",
    "name",
];
/// Values that are words of a configuration, and no passwords.
const WORDS: [&str; 16] = [
    "yes", "no", "y", "n", "true", "false", "on", "off", "none", "null", "files", "compat", "shadow", "PLAIN", "CRYPT",
    "{",
];

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("it is an expression")
}

/// What was replaced in the files that are taken, and what must not be in any of them.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    found: BTreeSet<String>,
    /// Tables of logins at other servers, by their path in the archive.
    logins: BTreeSet<String>,
}

impl Secrets {
    /// Looks at every file of an archive, also at those that are not taken.
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut own = Self::default();
        let is_of_postfix = |path: &str| path.starts_with("etc/postfix/") || path == "mailproof/postconf-n";
        let lines = tree.texts().filter(|(path, _)| is_of_postfix(path)).flat_map(|(_, text)| text.lines());
        let named = lines.filter(|line| line.contains("_password_maps")).flat_map(tables).map(|table| table.path);
        own.logins = named.map(|path| tree.real(&path).unwrap_or(path)).collect();
        for (path, text) in tree.texts() {
            if is_key(text) {
                own.found.extend(text.lines().map(str::trim).filter(|line| line.len() >= 40).map(str::to_owned));
            }
            let name = path.rsplit('/').next().unwrap_or(path);
            if matches!(name.trim_end_matches('-'), "shadow" | "gshadow") {
                own.found.extend(text.lines().filter_map(|line| line.split(':').nth(1)).map(str::to_owned));
            } else if !is_prose(path) {
                let found = &mut own.found;
                let mut note = |secret: &str| {
                    found.insert(secret.to_owned());
                };
                scrub(path, text, own.logins.contains(path), &mut note);
            }
        }
        own
    }

    /// The text of a file without any secret, and whether something was replaced.
    pub(crate) fn without(&self, path: &str, text: &str) -> (String, bool) {
        let mut clean = scrub(path, text, self.logins.contains(path), &mut |_| {});
        for secret in self.found.iter().filter(|secret| is_telling(secret)) {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), KNOWN);
            }
        }
        // what only stood in a comment, as an example of the package does, was in force nowhere
        let mut lines = clean.lines().zip(text.lines());
        let is_changed = lines.any(|(new, old)| new != old && !old.trim_start().starts_with(['#', ';']));
        (clean, is_changed)
    }
}

/// Whether a word is no word of a configuration that could stand elsewhere by chance.
fn is_telling(secret: &str) -> bool {
    let has = |test: fn(&char) -> bool| secret.chars().any(|c| test(&c));
    let kinds = [
        has(char::is_ascii_digit),
        has(char::is_ascii_lowercase),
        has(char::is_ascii_uppercase),
        has(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '/' | '-' | '_' | '@' | ':')),
    ];
    secret.len() >= 8 && kinds.iter().filter(|kind| **kind).count() >= 2 && !secret.starts_with('/') && secret != KNOWN
}

/// Whether a text has a private key in it: PEM, or nothing but its base64.
pub(crate) fn is_key(text: &str) -> bool {
    let is_base64 = |line: &str| line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let bare: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_bare = bare.iter().map(|line| line.len()).sum::<usize>() > 400 && bare.iter().all(|line| is_base64(line));
    text.contains("PRIVATE KEY") || is_bare
}

/// Files in which the words mean something else.
fn is_prose(path: &str) -> bool {
    [
        "etc/ssl/certs/",
        "etc/alternatives/",
        "etc/services",
        "etc/debconf",
        "etc/login.defs",
        "etc/pam.d/",
        "etc/nsswitch.conf",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

/// Replaces every secret by [`KNOWN`], and says which they were.
fn scrub(path: &str, text: &str, is_login: bool, found: &mut dyn FnMut(&str)) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_postfix = matches!(path, "etc/postfix/main.cf" | "etc/postfix/master.cf" | "mailproof/postconf-n");
    let mut replace = |text: &str, regex: &Regex, group: usize, test: &dyn Fn(&Captures<'_>) -> bool, fresh: &str| {
        let mut out = String::new();
        let mut from = 0;
        for captures in regex.captures_iter(text) {
            let Some(value) = captures.get(group).filter(|_| test(&captures)) else { continue };
            let inner = value.as_str().trim_matches(['"', '\'']);
            if inner.is_empty() {
                continue;
            }
            found(inner);
            let quotes = value.as_str().len() - inner.len();
            let at = value.start() + quotes / 2;
            out.push_str(&text[from..at]);
            out.push_str(fresh);
            from = at + inner.len();
        }
        out + &text[from..]
    };
    let always = |_: &Captures<'_>| true;
    let plain = format!("{{PLAIN}}{KNOWN}");
    let mut clean = replace(text, &DBI, 2, &always, KNOWN);
    clean = replace(&clean, &URL, 2, &always, KNOWN);
    clean = replace(&clean, &LOGIN, 2, &always, KNOWN);
    // with its scheme in front, which goes as well
    clean = replace(&clean, &SCHEME, 0, &|captures| !captures[2].starts_with(['%', '$', '{']), &plain);
    clean = replace(&clean, &CRYPT, 0, &always, KNOWN);
    if !is_postfix {
        clean = replace(&clean, &LINE, 3, &|captures| is_secret(&captures[2], &captures[3]), KNOWN);
        clean = replace(&clean, &KEYED, 3, &|captures| is_secret(&captures[2], &captures[3]), KNOWN);
        clean = replace(&clean, &SPACED, 2, &|captures| is_secret("password", &captures[2]), KNOWN);
    }
    if name.starts_with("redis") || name.ends_with(".acl") {
        clean = replace(&clean, &REDIS, 2, &always, &format!(">{KNOWN}"));
    }
    if is_login || name.contains("sasl_passw") || name.contains("sasl-passw") {
        clean = logins(&clean, found);
    }
    clean
}

/// A table of logins at other servers: `[host]:port user:word`.
fn logins(text: &str, found: &mut dyn FnMut(&str)) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        match body.rsplit_once([' ', '\t']).and_then(|(key, login)| Some((key, login.split_once(':')?))) {
            Some((key, (user, secret))) if !secret.is_empty() => {
                found(secret);
                out.push_str(&format!("{key} {user}:{KNOWN}\n"));
            }
            _ => out.push_str(line),
        }
    }
    out
}

fn is_secret(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let last = key.rsplit(['_', '-', '.']).next().unwrap_or(&key);
    let value = value.trim_matches(['"', '\'']);
    let is_setting = HARMLESS.contains(&last)
        || [
            "nopassword",
            "auth_verbose_passwords",
            "auth_debug_passwords",
            "challengepassword",
            "password_query",
            "pass_attrs",
            "passdb",
        ]
        .contains(&key.as_str())
        || key.starts_with("default_pass");
    let is_variable = value.strip_prefix('%').is_some_and(|rest| rest.len() < 3);
    let is_word = is_variable
        || WORDS.contains(&value)
        || matches!(value, "" | "(" | "=" | "=>" | "#")
        // OpenSSL's own example
        || matches!(value, "pass:insta" | "$insta::secret" | "insta")
        // a file, a variable, or a block
        || ["</", "< /", "/etc/", "/run/", "/var/", "/usr/", "/dev/", "%{", "${", "$(", "{", "hash:", "lmdb:", "texthash:", "btree:", "mysql:", "pgsql:", "ldap:", "proxy:"]
            .iter()
            .any(|kind| value.starts_with(kind));
    !is_setting && !is_word && value != KNOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it is copied.
    fn clean(path: &str, text: &str) -> String {
        Secrets::default().without(path, text).0
    }

    #[test]
    fn passwords_are_replaced_wherever_they_stand() {
        for (path, text, expected) in [
            ("etc/postfix/sql/a.cf", "user = u\npassword = S3cret!x\n", "user = u\npassword = mailproof\n"),
            (
                "etc/dovecot/dovecot-sql.conf.ext",
                "connect = host=h dbname=d user=u password=S3cret\n",
                "connect = host=h dbname=d user=u password=mailproof\n",
            ),
            ("etc/postfix/sql/b.cf", "password = $two (words), x\n", "password = mailproof\n"),
            ("etc/postfix/ldap.cf", "bind_pw = \"two words\"\n", "bind_pw = \"mailproof\"\n"),
            ("etc/dovecot/dovecot-ldap.conf.ext", "dnpass=x1\n", "dnpass=mailproof\n"),
            (
                "etc/rspamd/local.d/worker-controller.inc",
                "password = \"$2$abcdefghijklmnop$qrstuvwxyz012345\";\n",
                "password = \"mailproof\";\n",
            ),
            ("etc/rspamd/local.d/redis.conf", "password \"x y\";\n", "password \"mailproof\";\n"),
            (
                "etc/redis/redis.conf",
                "requirepass foobared\nuser a on >pw1 ~*\n",
                "requirepass mailproof\nuser a on >mailproof ~*\n",
            ),
            (
                "etc/amavis/conf.d/50-user",
                "['DBI:mysql:database=m', 'u', 'pw']",
                "['DBI:mysql:database=m', 'u', 'mailproof']",
            ),
            (
                "etc/opendkim.conf",
                "KeyTable dsn:mysql://u:pw@localhost/db\n",
                "KeyTable dsn:mysql://u:mailproof@localhost/db\n",
            ),
            (
                "etc/postfix/main.cf",
                "smtp_sasl_password_maps = static:u:pw\n",
                "smtp_sasl_password_maps = static:u:mailproof\n",
            ),
            (
                "etc/postfix/sasl_passwd",
                "[smtp.isp.example]:587 u@isp.example:pw:x\n",
                "[smtp.isp.example]:587 u@isp.example:mailproof\n",
            ),
            ("etc/dovecot/x", "a@b:{SSHA512}q0/+x==:5000\n", "a@b:{PLAIN}mailproof:5000\n"),
            ("etc/dovecot/x", "a:$6$saltsalt$hashhashhash:1\n", "a:mailproof:1\n"),
            ("etc/spamassassin/local.cf", "bayes_sql_password  pw\n", "bayes_sql_password  mailproof\n"),
            ("etc/x.yml", "  api_key: abc\n# password: old1\n", "  api_key: mailproof\n# password: mailproof\n"),
            ("etc/x.json", "{\"password\": \"abc\"}", "{\"password\": \"mailproof\"}"),
        ] {
            assert_eq!(clean(path, text), expected, "{path}");
        }
    }

    #[test]
    fn settings_that_only_speak_of_passwords_stay() {
        for text in [
            "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n",
            "password_query = SELECT email as user, password FROM virtual_users WHERE email='%u'\n",
            "default_pass_scheme = SHA256-CRYPT\n",
            "passdb {\n  driver = passwd-file\n  args = scheme=CRYPT username_format=%u /etc/dovecot/users\n}\n",
            "passdb_default_password_scheme = PLAIN\n",
            "auth_mechanisms = plain login\n",
            "ssl_key_password = </etc/x\n",
            "args = nopassword=y\n",
            "!include auth-passwdfile.conf.ext\n",
            "secret = # disable PBM\nsecret = pass:insta # x\nsecret = $insta::secret # pass:insta\n",
            "auth_verbose_passwords = sha1:6\n",
            "min_tokens = 11;\ntokenizer {\n  name = \"osb\";\n}\n",
            "challengePassword = A challenge password\nchallengePassword_min = 4\n",
            "smtpd_sasl_password_maps_x_file = a\n",
        ] {
            assert_eq!(clean("etc/dovecot/x.conf", text), text);
        }
    }

    #[test]
    fn what_is_a_secret_in_one_file_is_in_no_other() {
        let mut tree = Tree::default();
        tree.put("etc/mysql/debian.cnf", "password = gEheim77x\n");
        tree.put("etc/shadow", "anna:$y$j9T$saltsalt$hashhashhash:1::\n");
        tree.put("etc/x/k.pem", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----\n");
        let secrets = Secrets::of(&tree);
        for text in
            ["mysql -pgEheim77x", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", "$y$j9T$saltsalt$hashhashhash"]
        {
            let (clean, is_changed) = secrets.without("etc/cron.d/x", text);
            assert!(is_changed && clean.ends_with(KNOWN), "{clean}");
        }
    }

    #[test]
    fn a_word_that_stands_for_a_secret_is_none() {
        let mut tree = Tree::default();
        tree.put("etc/x.conf", "#bayes_password =example\nldap_secret =Word1!x\n");
        let connect = "connect = host=127.0.0.1 user=mail password=Other2!y\n";
        let (clean, is_changed) = Secrets::of(&tree).without("etc/dovecot/sql.conf.ext", connect);
        assert!(is_changed);
        assert_eq!(clean, "connect = host=127.0.0.1 user=mail password=mailproof\n");
    }

    #[test]
    fn a_key_is_known_with_and_without_its_frame() {
        assert!(is_key("-----BEGIN RSA PRIVATE KEY-----\n"));
        assert!(is_key(&"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n".repeat(9)));
        assert!(!is_key("-----BEGIN CERTIFICATE-----\nabc\n"));
        assert!(!is_key("postmaster\nroot\n"));
    }
}
