//! Why nothing comes of an import: each error says what, where, and what to do.

use miette::Diagnostic;

/// Why an archive is not read.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ArchiveError {
    /// It cannot be read to its end.
    #[error("the archive cannot be read: {0}")]
    #[diagnostic(
        code(mailproof::import::unreadable),
        help("it breaks off, or is no tar: make it again with `tar -czf`")
    )]
    Unreadable(std::io::Error),
    /// It is compressed by a program that is not known here.
    #[error("the archive is compressed by {0}")]
    #[diagnostic(code(mailproof::import::compressed), help("unpack it first; only gzip is read as it is"))]
    Compressed(&'static str),
    /// Something else than a tar.
    #[error("this is not a tar archive")]
    #[diagnostic(code(mailproof::import::no_tar), help("make one of /etc: `tar -C / -czf gateway.tar.gz etc`"))]
    NotATar,
    /// A name or link leads out of it.
    #[error("{path} points out of the archive: {target}")]
    #[diagnostic(
        code(mailproof::import::outside),
        help(
            "nothing of an archive is taken that has such names in it: make it of /etc itself, with `tar -C / -czf gateway.tar.gz etc`"
        )
    )]
    Outside {
        /// Which entry.
        path: String,
        /// Where to.
        target: String,
    },
    /// It is larger than any /etc.
    #[error("the archive holds more than {limit}")]
    #[diagnostic(
        code(mailproof::import::too_large),
        help("only /etc is wanted, which has some megabytes: leave everything else out")
    )]
    TooLarge {
        /// What is too much.
        limit: &'static str,
    },
    /// There is no /etc in it.
    #[error("the archive has no etc/ in it")]
    #[diagnostic(code(mailproof::import::no_etc), help("make it with `tar -C / -czf gateway.tar.gz etc`"))]
    NoEtc,
}

/// Why an archive that was read is no gateway.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ImportError {
    /// Its distribution has no images here.
    #[error("this is the /etc of {found}")]
    #[diagnostic(
        code(mailproof::import::distribution),
        help("hosts of a gateway are Debian: bullseye, bookworm, trixie, forky or sid")
    )]
    Distribution {
        /// Which it is.
        found: String,
    },
    /// No mail server is in it.
    #[error("there is no etc/postfix/main.cf in {0}")]
    #[diagnostic(
        code(mailproof::import::no_postfix),
        help("the mail server must be Postfix; of a gateway of several hosts give the archives of all")
    )]
    NoPostfix(String),
    /// A parameter stands for itself.
    #[error("main.cf has a loop: {}", chain.join(" -> "))]
    #[diagnostic(
        code(mailproof::import::cycle),
        help("Postfix does not start with it either (`postconf -x` says so): one of them needs a value")
    )]
    Loop {
        /// The parameters on the way round.
        chain: Vec<String>,
    },
    /// Nothing says whose mail it takes.
    #[error("nothing says for which domain this gateway takes mail")]
    #[diagnostic(
        code(mailproof::import::no_domain),
        help(
            "myhostname in main.cf is no domain name, and neither is one in mydestination; give a zone file with --zone"
        )
    )]
    NoDomain,
    /// A zone file is wrong.
    #[error("the zone file: line {line}: {reason}")]
    #[diagnostic(code(mailproof::import::zone), help("give the zone as the server has it, with SOA or $ORIGIN"))]
    Zone {
        /// Which line, from 1; 0: the whole.
        line: usize,
        /// Why.
        reason: String,
    },
}
