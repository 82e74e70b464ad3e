//! `gateway import`: the /etc of a running gateway becomes a gateway that behaves alike; bad archives are told, and leave nothing.

use crate::{Failed, Held, Trial, root, run, scratch, trial};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) fn pure() -> Vec<Trial> {
    vec![
        trial("imports::what_is_no_gateway_is_told_and_leaves_nothing", what_is_no_gateway_is_told_and_leaves_nothing),
        trial("imports::what_is_there_already_stays", what_is_there_already_stays),
        trial("imports::commands_for_a_server_are_printed", commands_for_a_server_are_printed),
    ]
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("imports::debian_stock_behaves_as_before", || {
            behaves_as_before(
                "debian-stock",
                &["spf/pass", "dmarc/forged-from-reject", "recipients/upper-case", "dkim/rsa-pass"],
            )
        }),
        trial("imports::documented_2018_behaves_as_before", || {
            behaves_as_before(
                "documented-2018",
                &["spf/pass", "dmarc/forged-from-reject", "recipients/upper-case", "dkim/rsa-pass"],
            )
        }),
        trial("imports::hardened_behaves_as_before", || {
            behaves_as_before(
                "hardened",
                &["spf/pass", "dmarc/forged-from-quarantine", "dkim/rsa-pass", "recipients/plus"],
            )
        }),
    ]
}

/// A gateway that is made of the /etc of another one's running containers has the same snapshots, octet by octet.
fn behaves_as_before(gateway: &str, scenarios: &[&str]) -> Result<(), Failed> {
    let directory = scratch(&format!("import-{gateway}"))?;
    let mut archives = Vec::new();
    {
        let held = Held::up(gateway)?;
        for host in ["mx.gateway.example", "store.gateway.example"] {
            let path = directory.join(format!("{host}.tar.gz"));
            fs::write(&path, archive(held.container(host)?)?)?;
            archives.push(path.display().to_string());
        }
    }
    let zone = directory.join("zone");
    fs::write(&zone, zone_of(gateway)?)?;
    let to = directory.join(gateway);
    let (zone, to_text) = (zone.display().to_string(), to.display().to_string());
    let given: Vec<&str> = archives.iter().map(String::as_str).collect();
    let words = [&["gateway", "import"], given.as_slice(), &["--zone", &zone, "--to", &to_text]].concat();
    run(&words)?.must(0, &["It comes up as it is"])?;
    let shipped = root().join("gateways").join(gateway);
    fs::copy(shipped.join("known-failures.toml"), to.join("known-failures.toml"))?;
    for scenario in scenarios {
        let snapshot = to.join("snapshots").join(format!("{scenario}.snap"));
        fs::create_dir_all(snapshot.parent().ok_or("no directory")?)?;
        fs::copy(shipped.join("snapshots").join(format!("{scenario}.snap")), snapshot)?;
    }
    run(&[&["scenario", "run", "--ci", "--gateway", &to_text], scenarios].concat())?.must(0, &[])
}

/// What the printed commands make on a server.
fn archive(container: &str) -> Result<Vec<u8>, Failed> {
    let script = "mkdir -p /run/said/mailproof && cd /run/said/mailproof && dpkg --get-selections > selections && \
        { postconf -n > postconf-n; doveconf -n > doveconf-n; cat /etc/os-release > os-release; } 2>/dev/null; \
        tar --warning=no-file-changed -C / -czf - etc -C /run/said mailproof || [ $? = 1 ]";
    let output = Command::new("docker").args(["exec", container, "sh", "-c", script]).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// The zone that a shipped gateway publishes, as a file.
fn zone_of(gateway: &str) -> Result<String, Failed> {
    let text = fs::read_to_string(root().join("gateways").join(gateway).join("gateway.toml"))?;
    let table: toml::Table = text.parse()?;
    let records = table["zone"]["gateway.example"].as_str().ok_or("no zone")?;
    Ok(format!("$ORIGIN gateway.example.\n{records}"))
}

/// A tar of these files, made by tar(1); a text that begins with `->` is a link.
fn tar(directory: &Path, name: &str, files: &[(&str, &str)]) -> Result<PathBuf, Failed> {
    let from = directory.join(format!("{name}.d"));
    for (path, text) in files {
        let path = from.join(path);
        fs::create_dir_all(path.parent().ok_or("no directory")?)?;
        match text.strip_prefix("->") {
            Some(target) => std::os::unix::fs::symlink(target, path)?,
            None => fs::write(path, text)?,
        }
    }
    let path = directory.join(format!("{name}.tar"));
    Command::new("tar").arg("-C").arg(&from).arg("-cf").arg(&path).arg(".").status()?;
    fs::remove_dir_all(from)?;
    Ok(path)
}

const MAIN: (&str, &str) = ("etc/postfix/main.cf", "myhostname = mx.club.example\nmydestination = club.example\n");
const MASTER: (&str, &str) = ("etc/postfix/master.cf", "smtp inet n - y - - smtpd\n");
const DEBIAN: (&str, &str) = ("etc/debian_version", "12.5\n");

/// Its name, the files of the archive, and what is said of it.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

fn what_is_no_gateway_is_told_and_leaves_nothing() -> Result<(), Failed> {
    let directory = scratch("import-bad")?;
    let to = directory.join("made");
    let away = ("etc/postfix/away", "->../../../../../../outside");
    let round = ("etc/postfix/main.cf", "myhostname = mx.club.example\na = $b\nb = $a\n");
    let cases: [Case; 6] = [
        ("away", &[DEBIAN, MAIN, MASTER, away], &["points out of the archive", "etc/postfix/away"]),
        (
            "ubuntu",
            &[MAIN, ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 24.04\"\n")],
            &["Ubuntu 24.04", "bookworm"],
        ),
        ("loop", &[DEBIAN, round, MASTER], &["main.cf has a loop: $a -> $b -> $a"]),
        ("none", &[DEBIAN, ("etc/passwd", "")], &["there is no etc/postfix/main.cf"]),
        ("home", &[("home/x", "")], &["has no etc/"]),
        ("nowhere", &[DEBIAN, ("etc/postfix/main.cf", "myhostname = localhost\n"), MASTER], &["for which domain"]),
    ];
    let mut made = Vec::new();
    for (name, files, words) in cases {
        let path = tar(&directory, name, files)?;
        run(&["gateway", "import", &path.display().to_string(), "--to", &to.display().to_string()])?.must(3, words)?;
        made.push(path);
    }
    let text = directory.join("text.tar");
    fs::write(&text, "this is no archive\n".repeat(100))?;
    let xz = directory.join("packed.tar.xz");
    fs::write(&xz, b"\xfd7zXZ\0 and more")?;
    for (path, word) in [
        (&text, "not a tar"),
        (&xz, "compressed by xz"),
        (&directory, "is a directory"),
        (&directory.join("no.tar"), "cannot be read"),
    ] {
        run(&["gateway", "import", &path.display().to_string(), "--to", &to.display().to_string()])?
            .must(3, &[word])?;
    }
    made.extend([text, xz]);
    for path in made {
        fs::remove_file(path)?;
    }
    let left: Vec<_> = fs::read_dir(&directory)?.collect::<Result<_, _>>()?;
    if left.is_empty() { Ok(()) } else { Err(format!("{left:?} is left").into()) }
}

fn what_is_there_already_stays() -> Result<(), Failed> {
    let directory = scratch("import-there")?;
    let archive = tar(&directory, "good", &[DEBIAN, MAIN, MASTER])?.display().to_string();
    let to = directory.join("made").display().to_string();
    let words = ["gateway", "import", &archive, "--to", &to];
    run(&words)?.must(0, &["gateway.toml", "Nobody said which packages", "No user is known"])?;
    let before = fs::read_to_string(directory.join("made/gateway.toml"))?;
    run(&words)?.must(3, &["is there already"])?;
    let after = fs::read_to_string(directory.join("made/gateway.toml"))?;
    let entries = fs::read_dir(&directory)?.count();
    if before == after && entries == 2 {
        Ok(())
    } else {
        Err(format!("{entries} entries, or another gateway.toml").into())
    }
}

fn commands_for_a_server_are_printed() -> Result<(), Failed> {
    run(&["gateway", "import", "--ssh", "root@mx.club.example"])?
        .must(0, &["ssh root@mx.club.example", "dpkg --get-selections", "> mx.club.example.tar.gz"])?;
    run(&["gateway", "import", "--ssh", "x; rm -r /"])?.must(2, &["is no USER@HOST"])?;
    run(&["gateway", "import"])?.must(2, &["TAR"])
}
