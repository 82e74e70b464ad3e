//! Which Debian an archive is of.

use crate::{ImportError, Tree};

/// Releases by the number in `debian_version`.
const RELEASES: [(&str, &str); 4] = [("11", "bullseye"), ("12", "bookworm"), ("13", "trixie"), ("14", "forky")];
/// Files that other distributions have.
const OTHERS: [(&str, &str); 8] = [
    ("etc/redhat-release", "a Red Hat or one of its kin"),
    ("etc/alpine-release", "Alpine Linux"),
    ("etc/arch-release", "Arch Linux"),
    ("etc/SuSE-release", "SUSE"),
    ("etc/gentoo-release", "Gentoo"),
    ("etc/devuan_version", "Devuan"),
    ("etc/slackware-version", "Slackware"),
    ("etc/rc.conf", "a BSD"),
];

/// The code name of its release.
///
/// # Errors
/// [`ImportError::Distribution`] for another distribution, or a release that nobody knows.
pub(crate) fn release(tree: &Tree) -> Result<String, ImportError> {
    let other = |found: &str| Err(ImportError::Distribution { found: found.to_owned() });
    let os = ["mailproof/os-release", "etc/os-release", "etc/lsb-release"]
        .iter()
        .find_map(|path| tree.text(path))
        .unwrap_or_default();
    let value = |key: &str| {
        let line = os.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches('"').to_owned())
    };
    let id = value("ID").or_else(|| value("DISTRIB_ID")).unwrap_or_default();
    if !matches!(id.to_ascii_lowercase().as_str(), "" | "debian") {
        return other(&value("PRETTY_NAME").or_else(|| value("DISTRIB_DESCRIPTION")).unwrap_or(id));
    }
    if let Some((_, name)) = OTHERS.iter().find(|(path, _)| tree.entry(path).is_some()) {
        return other(name);
    }
    let known = |name: &str| RELEASES.iter().map(|(_, name)| *name).chain(["sid"]).find(|own| *own == name);
    if let Some(code) = value("VERSION_CODENAME").and_then(|code| known(&code)) {
        return Ok(code.to_owned());
    }
    let Some(version) = tree.text("etc/debian_version").map(str::trim) else {
        return other("an unknown system: there is neither etc/debian_version nor etc/os-release");
    };
    let number = version.split('.').next().unwrap_or_default();
    let named = RELEASES.iter().find(|(own, _)| *own == number).map(|(_, name)| *name);
    match named.or_else(|| version.split('/').next().and_then(known)) {
        Some(name) => Ok(name.to_owned()),
        None => other(&format!("Debian {version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<String, String> {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| tree.put(path, text));
        release(&tree).map_err(|error| error.to_string())
    }

    #[test]
    fn a_release_is_known_by_number_or_name() {
        assert_eq!(of(&[("etc/debian_version", "12.11\n")]).unwrap(), "bookworm");
        assert_eq!(of(&[("etc/debian_version", "forky/sid\n")]).unwrap(), "forky");
        assert_eq!(
            of(&[("etc/debian_version", "13.1\n"), ("etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")])
                .unwrap(),
            "trixie"
        );
    }

    #[test]
    fn another_distribution_is_called_by_its_name() {
        let ubuntu = [
            ("etc/debian_version", "bookworm/sid\n"),
            ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 24.04 LTS\"\n"),
        ];
        assert_eq!(of(&ubuntu).unwrap_err(), "this is the /etc of Ubuntu 24.04 LTS");
        assert!(of(&[("etc/alpine-release", "3.20\n")]).unwrap_err().contains("Alpine"));
        assert!(of(&[("etc/debian_version", "8.11\n")]).unwrap_err().contains("Debian 8.11"));
        assert!(of(&[("etc/passwd", "")]).unwrap_err().contains("unknown system"));
    }
}
