//! Imports of whole archives: what comes out, and that no secret does.

use super::*;
use std::io::Write as _;

/// An archive of Debian 12 with Postfix, and these files.
fn source(files: &[(&str, &str)]) -> Source {
    let mut tree = Tree::default();
    tree.put("etc/debian_version", "12.5\n");
    tree.put("etc/postfix/main.cf", "myhostname = mx.club.example\nmydestination = $myhostname, club.example\n");
    tree.put("etc/postfix/master.cf", "smtp inet n - y - - smtpd\n");
    files.iter().for_each(|(path, text)| tree.put(path, text));
    Source { archive: "a.tar".into(), tree, ..Source::default() }
}

fn toml(imported: &Imported) -> String {
    String::from_utf8(imported.files["gateway.toml"].0.clone()).unwrap()
}

#[test]
fn no_secret_comes_out() {
    const KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n");
    let combined = format!("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{pem}");
    let bare = format!("{KEY}\n").repeat(12);
    let mut own = source(&[
        (
            "etc/postfix/main.cf",
            "myhostname = mx.club.example\nvirtual_mailbox_domains = mysql:/etc/postfix/sql/d.cf\nmydestination =\n\
            virtual_mailbox_maps = proxy:mysql:/etc/postfix/sql/u.cf ldap:/etc/postfix/ldap.cf\nsmtp_sasl_password_maps = hash:/etc/postfix/logins\n\
            smtpd_tls_cert_file = /etc/postfix/mx.pem\nsmtpd_milters = inet:localhost:8891\nrelay_domains = static:x:Planted01!\n",
        ),
        ("etc/postfix/mx.pem", &combined),
        ("etc/postfix/old.key", &pem),
        (
            "etc/postfix/sql/d.cf",
            "user = mail\npassword = Planted02!\nhosts = 127.0.0.1\ndbname = mail\nquery = SELECT 1 FROM d WHERE n='%s'\n",
        ),
        (
            "etc/postfix/sql/u.cf",
            "user = mail\n# was: password = Planted03!\npassword=\"Planted02!\"\ndbname = mail\nquery = SELECT 1 FROM u WHERE e='%s'\n",
        ),
        ("etc/postfix/ldap.cf", "bind_dn = cn=x\nbind_pw = Planted04!\n"),
        ("etc/postfix/logins", "[smtp.isp.example]:587 user:Planted05!\n"),
        ("etc/postfix/notes.txt", "the database: Planted02!, ask Anna\n"),
        (
            "etc/dovecot/dovecot.conf",
            "passdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\npassdb {\n driver = passwd-file\n master = yes\n args = /etc/dovecot/masters\n}\n\
            passdb {\n driver = sql\n args = /etc/dovecot/sql.conf.ext\n}\npassdb {\n driver = static\n args = password=Planted06!\n}\ndoveadm_password = Planted07!\n",
        ),
        (
            "etc/dovecot/users",
            "anna@club.example:{SSHA512}Planted08hashedhashedhashed==:5000:5000::/var/vmail/anna::\nben@club.example:$6$Planted09$hashhashhashhash:\nc@club.example:Planted10!\n",
        ),
        ("etc/dovecot/masters", "root:{PLAIN}Planted11!\n"),
        (
            "etc/dovecot/sql.conf.ext",
            "driver = mysql\nconnect = host=127.0.0.1 dbname=mail user=mail password=Planted12!\npassword_query = SELECT password FROM u WHERE e='%u'\n",
        ),
        ("etc/dovecot/ldap.conf.ext", "dn = cn=x\ndnpass = Planted13!\n"),
        (
            "etc/rspamd/local.d/worker-controller.inc",
            "password = \"$2$planted14abcdefghijklm$hashhashhashhashhash\";\nenable_password = \"Planted15!\";\n",
        ),
        ("etc/rspamd/local.d/redis.conf", "servers = \"127.0.0.1\";\npassword = \"Planted16!\";\n"),
        ("etc/rspamd/dkim.key", &bare),
        ("etc/redis/redis.conf", "port 6379\nrequirepass Planted17!\nuser worker on >Planted18! ~* +@all\n"),
        (
            "etc/opendkim.conf",
            "Socket inet:8891@localhost\nKeyTable /etc/opendkim/keys.table\nLDAPBindPassword Planted19!\nSigningTable dsn:mysql://u:Planted20!@localhost/db\n",
        ),
        ("etc/opendkim/keys.table", "k club.example:s1:/etc/opendkim/s1.private\n"),
        ("etc/opendkim/s1.private", &pem),
        ("etc/spamassassin/sql.cf", "bayes_sql_password Planted21!\n"),
        (
            "etc/amavis/conf.d/50-user",
            "@lookup_sql_dsn = ( ['DBI:mysql:database=mail;host=127.0.0.1', 'mail', 'Planted22!'] );\n",
        ),
        ("etc/mysql/debian.cnf", "[client]\npassword = Planted23!\n"),
        ("etc/default/opendkim", "SMTP_PASS=Planted24!\n"),
        ("etc/passwd", "anna:x:1000:1000:Anna:/home/anna:/bin/bash\n"),
        ("etc/shadow", "anna:$y$j9T$planted25salt$planted25hash:19000:0:::::\n"),
        ("etc/gshadow", "anna:Planted26!:x:\n"),
        ("etc/aliases", "hook: \"|/usr/bin/curl -H 'token: Planted27!' https://u:Planted28!@x.example\"\n"),
        ("etc/letsencrypt/archive/x/privkey1.pem", &pem),
        ("mailproof/doveconf-n", ""),
    ]);
    own.postconf = Some("smtp_sasl_password_maps = static:x:Planted29!\n".into());
    let imported = import(vec![own], None).unwrap();
    assert!(imported.files.len() > 20, "{:?}", imported.files.keys());
    for (path, (octets, _)) in &imported.files {
        let text = String::from_utf8_lossy(octets);
        let lower = text.to_ascii_lowercase();
        let at = lower.find("planted").map(|at| &text[at..(at + 20).min(text.len())]);
        assert!(at.is_none() && !text.contains(KEY), "{path}: {at:?}");
    }
    let said = format!("{:?}{:?}{:?}", imported.replaced, imported.changed, imported.questions);
    assert!(!said.to_ascii_lowercase().contains("planted") && !said.contains(KEY), "{said}");
    for told in [
        "passwords in /etc/postfix/sql/d.cf",
        "passwords in /etc/dovecot/users",
        "private key in /etc/postfix/old.key",
        "DKIM key /etc/opendkim/s1.private",
    ] {
        assert!(imported.replaced.iter().any(|phrase| phrase.contains(told)), "{told}: {:#?}", imported.replaced);
    }
    // and what must be known is
    assert!(
        String::from_utf8_lossy(&imported.files["dovecot/users"].0).contains("ben@club.example:{PLAIN}ben-secret:")
    );
    assert!(String::from_utf8_lossy(&imported.files["postfix/sql/d.cf"].0).contains("password = mailproof\n"));
}

#[test]
fn a_gateway_of_two_hosts_has_two_archives() {
    let border = source(&[("etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")]);
    let mut tree = Tree::default();
    tree.put("etc/debian_version", "12.5\n");
    tree.put("etc/hostname", "store.club.example\n");
    tree.put(
        "etc/dovecot/dovecot.conf",
        "protocols = imap lmtp\npassdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n",
    );
    tree.put("etc/dovecot/users", "ben@club.example:x::::::\n");
    let imported = import(vec![border, Source { archive: "b.tar".into(), tree, ..Source::default() }], None).unwrap();
    let text = toml(&imported);
    assert_eq!(text.matches("[[host]]").count(), 2, "{text}");
    for part in ["name     = \"store.club.example\"", "address  = \"ben@club.example\"", "public   = [\"203.0.113.25\""]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(text.matches("public   =").count(), 1);
    assert!(!text.contains("anna@club.example"), "who has the mailboxes knows the users: {text}");
}

#[test]
fn what_is_no_gateway_is_told() {
    let failed = |source: Source| import(vec![source], None).unwrap_err().to_string();
    let mut bare = Tree::default();
    bare.put("etc/debian_version", "12.5\n");
    assert_eq!(
        failed(Source { archive: "x.tar".into(), tree: bare.clone(), ..Source::default() }),
        "there is no etc/postfix/main.cf in x.tar"
    );
    bare.put("etc/postfix/main.cf", "myhostname = localhost\nmydestination = localhost\n");
    assert!(failed(Source { tree: bare, ..Source::default() }).contains("nothing says for which domain"));
    assert!(
        failed(source(&[("etc/postfix/main.cf", "myhostname = $x\nx = $myhostname\n")]))
            .contains("$myhostname -> $x -> $myhostname")
    );
    assert!(failed(source(&[("etc/alpine-release", "3.20\n")])).contains("Alpine Linux"));
    let zone = import(vec![source(&[])], Some("$ORIGIN club.example.\n@ MX mx\n")).unwrap_err();
    assert!(zone.to_string().contains("the zone file: line 2"), "{zone}");
}

#[test]
fn the_zone_says_addresses_and_what_is_published() {
    let zone = "$ORIGIN club.example.\n@ SOA ns h 1 2 3 4 5\n@ MX 10 mx\nmx A 185.1.2.3\n_dmarc TXT \"v=DMARC1; p=reject\"\n_25._tcp.mx TLSA 3 1 1 aa\n";
    let own = source(&[(
        "etc/postfix/main.cf",
        "myhostname = mx.club.example\nmydestination = club.example\nsmtpd_tls_cert_file = /c\nsmtpd_tls_key_file = /k\n",
    )]);
    let text = toml(&import(vec![own], Some(zone)).unwrap());
    for part in
        ["public   = [\"185.1.2.3\"]", "_dmarc IN TXT \"v=DMARC1; p=reject\"", "tlsa  = [\"3 1 1\"]", "chain = \"/c\""]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("mx IN A"), "{text}");
}

#[test]
fn who_chooses_senders_gets_plausible_ones_and_logs_are_found() {
    let bare = toml(&import(vec![source(&[])], None).unwrap());
    assert!(!bare.contains("plausible-senders") && !bare.contains("logs "), "{bare}");
    let own = source(&[
        ("etc/rspamd/local.d/actions.conf", "greylist = 4;\n"),
        ("etc/dovecot/dovecot.conf", "log_path = /var/log/dovecot.log\n"),
    ]);
    let text = toml(&import(vec![own], None).unwrap());
    assert!(text.contains("plausible-senders = true"), "{text}");
    assert!(text.contains("logs     = [\"/var/log/dovecot.log\", \"/var/log/rspamd/rspamd.log\"]"), "{text}");
}

#[test]
fn a_directory_of_which_all_is_taken_is_whole() {
    let mut own = source(&[
        ("etc/dovecot/dovecot.conf", "!include conf.d/*.conf\n"),
        ("etc/dovecot/conf.d/10-a.conf", "protocols = imap\n"),
    ]);
    let directory = Entry { kind: Kind::Directory, mode: 0o755, user: "root".into(), group: "root".into() };
    own.tree = with(own.tree, "etc/dovecot", directory.clone());
    own.tree = with(own.tree, "etc/dovecot/conf.d", directory);
    assert!(toml(&import(vec![own], None).unwrap()).contains("whole    = [\"dovecot/conf.d\"]"));
}

fn with(tree: Tree, path: &str, entry: Entry) -> Tree {
    let mut tree = tree;
    tree.place(path, entry);
    tree
}

/// A tar of these entries: path, kind, and octets or target.
fn tar(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, kind, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o640);
        header.set_username("root").unwrap();
        header.set_groupname("postfix").unwrap();
        // names that the library itself would not write
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        let is_link = kind.is_symlink() || kind.is_hard_link();
        if is_link {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        let octets = if is_link { &[][..] } else { text.as_bytes() };
        header.set_size(octets.len() as u64);
        header.set_cksum();
        archive.append(&header, octets).unwrap();
    }
    archive.into_inner().unwrap()
}

use tar::EntryType::{Link, Regular, Symlink};

#[test]
fn an_archive_is_read_packed_or_not_and_wherever_etc_lies() {
    for prefix in ["etc/", "./etc/", "/etc/", "backup/host/etc/", "", "./"] {
        let (main, link, hard) =
            (format!("{prefix}postfix/main.cf"), format!("{prefix}postfix/link"), format!("{prefix}postfix/hard"));
        let plain = tar(&[(&main, Regular, "a = b\n"), (&link, Symlink, "../postfix/main.cf"), (&hard, Link, &main)]);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&plain).unwrap();
        for octets in [plain, gz.finish().unwrap()] {
            let tree = Tree::read(octets.as_slice()).unwrap();
            assert_eq!(tree.text("etc/postfix/main.cf"), Some("a = b\n"), "{prefix}");
            assert_eq!(
                (tree.text("etc/postfix/link"), tree.text("etc/postfix/hard")),
                (Some("a = b\n"), Some("a = b\n"))
            );
            assert_eq!(tree.entry("etc/postfix/main.cf").unwrap().group, "postfix");
        }
    }
}

#[test]
fn an_archive_that_points_out_of_itself_is_refused() {
    for (path, kind, text) in [
        ("etc/../../x", Regular, "a"),
        ("etc/postfix/x", Symlink, "../../../x"),
        ("etc/postfix/x", Symlink, "/../x"),
        ("etc/postfix/x", Link, "/usr/bin/x"),
        ("etc/postfix/x", Link, "../x"),
    ] {
        let error = Tree::read(tar(&[("etc/passwd", Regular, "x"), (path, kind, text)]).as_slice()).unwrap_err();
        assert!(matches!(error, ArchiveError::Outside { .. }), "{path} {text}: {error}");
    }
    let away = Tree::read(
        tar(&[("etc/passwd", Regular, "x"), ("etc/away", Symlink, "/usr/x"), ("etc/round", Symlink, "round")])
            .as_slice(),
    )
    .unwrap();
    assert!(!away.has("etc/away") && !away.has("etc/round"));
}

#[test]
fn what_is_no_archive_of_etc_is_told() {
    let told = |octets: &[u8]| Tree::read(octets).unwrap_err().to_string();
    assert_eq!(told(b"#!/bin/sh\necho this is not a tar at all\n".repeat(40).as_slice()), "this is not a tar archive");
    assert_eq!(told(b""), "this is not a tar archive");
    assert_eq!(told(b"\xfd7zXZ\0\0\0"), "the archive is compressed by xz");
    assert_eq!(told(b"\x28\xb5\x2f\xfd\0\0"), "the archive is compressed by zstd");
    assert_eq!(told(&tar(&[("home/x", Regular, "a")])), "the archive has no etc/ in it");
    let whole = tar(&[("etc/passwd", Regular, &"x".repeat(4000)), ("etc/postfix/main.cf", Regular, "a = b\n")]);
    assert!(told(&whole[..2000]).starts_with("the archive cannot be read"));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&whole).unwrap();
    let gz = gz.finish().unwrap();
    assert!(told(&gz[..gz.len() / 2]).starts_with("the archive cannot be read"), "{}", told(&gz[..gz.len() / 2]));
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(&tar(&[("etc/passwd", Regular, "x")])[..1024]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("etc/large").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    gz.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..300).for_each(|_| gz.write_all(&zeros).unwrap());
    let error = Tree::read(gz.finish().unwrap().as_slice()).unwrap_err();
    assert_eq!(error.to_string(), "the archive holds more than 256 MiB");
    // a file that is longer than any is not kept
    let large = tar(&[("etc/passwd", Regular, "x"), ("etc/large", Regular, &"x".repeat(5 << 20))]);
    assert_eq!(Tree::read(large.as_slice()).unwrap().entry("etc/large").unwrap().kind, Kind::Large);
}

#[test]
fn the_commands_for_a_server_make_what_is_read() {
    let text = commands("root@mx.club.example");
    assert!(text.starts_with("ssh root@mx.club.example '") && text.ends_with("> mx.club.example.tar.gz\n"), "{text}");
    for name in ["postconf-n", "doveconf-n", "selections", "os-release"] {
        assert!(text.contains(name), "{name}");
    }
    assert!(text.contains("$(command -v sudo) tar"), "root needs no sudo, and may have none: {text}");
    let mut own = source(&[(
        "mailproof/selections",
        "postfix\tinstall\npostfix-pcre:amd64\tinstall\nold\tdeinstall\nvim install\n",
    )]);
    own.tree.put("mailproof/postconf-n", "myhostname = other.club.example\n");
    let text = toml(&import(vec![own], None).unwrap());
    assert!(
        text.contains("\"postfix-pcre\"")
            && !text.contains("vim")
            && text.contains("name     = \"other.club.example\""),
        "{text}"
    );
}

#[test]
fn a_daemon_is_known_by_who_asks_it() {
    let main = "myhostname = mx.club.example\nmydestination = club.example\n\
        smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/quota-status\n";
    let dovecot = "protocols = imap\nservice quota-status {\n executable = quota-status -p postfix\n \
        unix_listener /var/spool/postfix/private/quota-status {\n user = postfix\n}\n}\n";
    let files = [
        ("etc/postfix/main.cf", main.to_owned()),
        ("etc/dovecot/dovecot.conf", dovecot.to_owned()),
        ("etc/default/postgrey", "POSTGREY_OPTS=\"--inet=10023\"\n".to_owned()),
    ];
    let import_of = |more: &str| {
        let mut own = source(&[]);
        files.iter().for_each(|(path, text)| own.tree.put(path, text));
        own.tree.put("etc/postfix/main.cf", &format!("{main}{more}"));
        import(vec![own], None).unwrap()
    };
    let quiet = import_of("");
    let asked: Vec<&str> = quiet.questions.iter().map(|question| question.reason.as_str()).collect();
    assert!(!asked.iter().any(|reason| reason.contains("quota-status")), "Dovecot listens there: {asked:#?}");
    assert!(!toml(&quiet).contains("postgrey"), "nobody asks it: {}", toml(&quiet));
    let greylisted = import_of("smtpd_client_restrictions = check_policy_service inet:127.0.0.1:10023\n");
    assert!(toml(&greylisted).contains("command = [\"postgrey\", \"--inet=10023\"]"), "{}", toml(&greylisted));
}

#[test]
fn a_second_name_of_a_mailbox_is_no_second_mailbox() {
    let users = |lines: &str| {
        let own = source(&[
            (
                "etc/dovecot/dovecot.conf",
                "protocols = imap\npassdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n",
            ),
            ("etc/dovecot/users", lines),
        ]);
        let text = toml(&import(vec![own], None).unwrap());
        text.matches("[[mailbox]]").count()
    };
    let line = |user: &str, home: &str| format!("{user}@club.example:{{PLAIN}}x:5000:5000::{home}::\n");
    let aliases = line("anna", "/var/mail/anna") + &line("ben", "/var/mail/ben") + &line("info", "/var/mail/anna");
    assert_eq!(users(&aliases), 2);
    // one home for all says nothing of anybody
    assert_eq!(users(&(line("anna", "/var/vmail") + &line("ben", "/var/vmail"))), 2);
}

#[test]
fn what_mariadb_loads_is_installed() {
    let provider = "[server]\nplugin_load_add=provider_lz4\nprovider_lz4=force_plus_permanent\n";
    let mut own = source(&[("etc/mysql/mariadb.conf.d/provider_lz4.cnf", provider)]);
    assert!(toml(&import(vec![own.clone()], None).unwrap()).contains("\"mariadb-plugin-provider-lz4\""));
    own.selections = Some("postfix install\nmariadb-server install\nmariadb-plugin-provider-bzip2 install\n".into());
    assert!(toml(&import(vec![own], None).unwrap()).contains("\"mariadb-plugin-provider-bzip2\""));
}

#[test]
fn what_dovecot_runs_outside_of_etc_is_asked_for() {
    let own = source(&[(
        "etc/dovecot/dovecot.conf",
        "protocols = imap\nplugin {\n sieve = file:~/sieve;active=~/.dovecot.sieve\n sieve_after = /etc/dovecot/sieve-after\n\
         sieve_before = /var/lib/dovecot/before.sieve\n}\nservice quota-warning {\n executable = script /usr/local/bin/warn.sh\n}\n\
         service auth {\n executable = /usr/lib/dovecot/auth\n}\nsieve_script junk {\n type = after\n path = /usr/lib/dovecot/sieve-global/junk.sieve\n}\n",
    )]);
    let text = toml(&import(vec![own], None).unwrap());
    for path in ["/var/lib/dovecot/before.sieve", "/usr/local/bin/warn.sh", "/usr/lib/dovecot/sieve-global/junk.sieve"]
    {
        assert!(text.contains(&format!(" {path}\",")), "{path}: {text}");
    }
    assert_eq!(text.matches("install -D").count(), 3, "{text}");
}

#[test]
fn mail_that_postfix_puts_away_itself_is_read_where_it_lies() {
    let text_of = |more: &str| {
        let main =
            format!("myhostname = mx.club.example\nmydestination = club.example\nhome_mailbox = Maildir/\n{more}");
        let own = source(&[
            ("etc/postfix/main.cf", main.as_str()),
            (
                "etc/dovecot/dovecot.conf",
                "protocols = imap\nmail_location = maildir:~/Maildir\npassdb {\n driver = pam\n}\n",
            ),
            ("etc/passwd", "anna:x:1000:1000::/srv/anna:/bin/bash\n"),
        ]);
        toml(&import(vec![own], None).unwrap())
    };
    let own = text_of("");
    assert!(own.contains("store    = { maildir = \"/srv/anna/Maildir\" }"), "{own}");
    let handed = text_of("mailbox_transport = lmtp:unix:private/dovecot-lmtp\n");
    assert!(!handed.contains("store "), "{handed}");
}
