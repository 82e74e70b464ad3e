//! Hosts that the harness plays, in words.

use super::push;
use plan::{
    Certificate, CertificateKey, CertificateKind, Host, HttpsHost, Interference, PlayedReply, Point, SmtpHost,
    StarttlsPlay, Tlsa, TlsaOf,
};

/// A host, a line for each of its servers and records.
pub(super) fn host(out: &mut String, depth: usize, host: &Host) {
    let ips: Vec<String> = host.ips.iter().map(ToString::to_string).collect();
    push(out, depth, &format!("{} at {}", host.name, ips.join(", ")));
    for tlsa in &host.tlsa {
        push(out, depth + 1, &tlsa_words(tlsa));
    }
    if let Some(smtp) = &host.smtp {
        push(out, depth + 1, &smtp_words(smtp));
    }
    if let Some(https) = &host.https {
        push(out, depth + 1, &https_words(https));
        for line in https.policy.lines() {
            push(out, depth + 2, &format!("| {line}"));
        }
    }
}

fn tlsa_words(tlsa: &Tlsa) -> String {
    let of = match tlsa.of {
        TlsaOf::Issue(1) => "of its certificate".to_owned(),
        TlsaOf::Issue(issue) => format!("of its certificate number {issue}"),
        TlsaOf::Wrong => "of no certificate of its".to_owned(),
    };
    format!("TLSA {} {} {} {of}", tlsa.usage, tlsa.selector, tlsa.matching)
}

fn smtp_words(smtp: &SmtpHost) -> String {
    let starttls = match smtp.starttls {
        StarttlsPlay::Offered => "SMTP with STARTTLS".to_owned(),
        StarttlsPlay::Absent => "SMTP without STARTTLS".to_owned(),
        StarttlsPlay::Refused(code) => format!("SMTP that offers STARTTLS and answers it with {code}"),
        StarttlsPlay::Cleartext => "SMTP that answers STARTTLS with 220 and goes on in cleartext".to_owned(),
        StarttlsPlay::Closed => "SMTP that answers STARTTLS with 220 and hangs up".to_owned(),
        StarttlsPlay::Garbage => "SMTP that answers STARTTLS with 220 and sends garbage".to_owned(),
        StarttlsPlay::Injected => "SMTP with STARTTLS and a reply injected before the handshake".to_owned(),
    };
    let mut words = vec![starttls];
    if smtp.starttls != StarttlsPlay::Absent {
        words.push(certificate_words(&smtp.certificate));
        if !smtp.versions.is_empty() {
            words.push(format!("{} only", smtp.versions.join(", ")));
        }
    }
    words.extend(match smtp.wire {
        Interference::None => None,
        Interference::StripStarttls => Some("STARTTLS stripped on the way".to_owned()),
        Interference::SwapCertificate => Some("its certificate swapped on the way".to_owned()),
        Interference::CutInData => Some("cut in the middle of the message".to_owned()),
    });
    for (point, replies) in &smtp.replies {
        let reply = |reply: &PlayedReply| match reply {
            PlayedReply::Says(reply) => format!("`{}`", reply.replace('\n', " / ")),
            PlayedReply::Closes => "nothing and hangs up".to_owned(),
        };
        let replies: Vec<String> = replies.iter().map(reply).collect();
        let point = match point {
            Point::Greeting => "the connection",
            Point::Ehlo => "EHLO",
            Point::Helo => "HELO",
            Point::Starttls => "STARTTLS",
            Point::MailFrom => "MAIL FROM",
            Point::RcptTo => "RCPT TO",
            Point::Data => "DATA",
            Point::EndOfData => "end of data",
            Point::Rset => "RSET",
            Point::Quit => "QUIT",
        };
        words.push(format!("{} at {point}", replies.join(", then ")));
    }
    words.join(", ")
}

fn https_words(https: &HttpsHost) -> String {
    format!(
        "HTTPS, {}, that answers {} with a policy in {}",
        certificate_words(&https.certificate),
        https.status,
        https.media_type
    )
}

fn certificate_words(certificate: &Certificate) -> String {
    let kind = match certificate.kind {
        CertificateKind::Good => "a good certificate",
        CertificateKind::Expired => "an expired certificate",
        CertificateKind::NotYetValid => "a certificate that is not yet valid",
        CertificateKind::WrongName => "a certificate for another name",
        CertificateKind::SelfSigned => "a self-signed certificate",
        CertificateKind::Untrusted => "a certificate under a root that nobody knows",
    };
    let key = match certificate.key {
        CertificateKey::P256 => "P-256",
        CertificateKey::P384 => "P-384",
        CertificateKey::Rsa2048 => "RSA 2048",
        CertificateKey::Ed25519 => "Ed25519",
    };
    let issue = if certificate.issue == 1 { String::new() } else { format!(", number {}", certificate.issue) };
    let names =
        if certificate.names.is_empty() { String::new() } else { format!(", for {}", certificate.names.join(", ")) };
    format!("{kind} ({key}{issue}{names})")
}
