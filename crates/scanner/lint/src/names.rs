//! What a name is for, by its underscored labels (RFC 8552), and names made of others.

use mail::Domain;

/// What stands at a name, if there is a TXT record.
pub(crate) enum Role {
    /// The DMARC record of a domain.
    Dmarc(Domain),
    /// A DKIM key.
    Dkim,
    /// The MTA-STS record of a domain.
    MtaSts(Domain),
    /// The TLS-RPT record of a domain.
    TlsRpt(Domain),
    /// A host of reports that takes those of another domain (RFC 9990 §4).
    Authorisation,
    /// SPF, if anything.
    Plain,
}

pub(crate) fn role(name: &Domain) -> Role {
    let text = name.as_str();
    let behind = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
    if let Some(domain) = behind("_dmarc.") {
        Role::Dmarc(domain)
    } else if text.contains("._report._dmarc.") {
        Role::Authorisation
    } else if text.contains("._domainkey.") {
        Role::Dkim
    } else if let Some(domain) = behind("_mta-sts.") {
        Role::MtaSts(domain)
    } else if let Some(domain) = behind("_smtp._tls.") {
        Role::TlsRpt(domain)
    } else {
        Role::Plain
    }
}

/// A name below another; none if it were too long.
pub(crate) fn below(labels: &str, domain: &Domain) -> Option<Domain> {
    format!("{labels}.{domain}").parse().ok()
}
