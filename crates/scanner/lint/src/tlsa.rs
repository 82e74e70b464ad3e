//! TLSA records (RFC 6698, RFC 7671), those of SMTP above all (RFC 7672).

use crate::{code::Code, context::LintContext, key};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// Octets of the digests of matching types 1 and 2 (RFC 6698 §2.1.3).
const DIGESTS: [usize; 2] = [32, 64];

pub(crate) fn lint(context: &LintContext<'_>, name: &Domain, found: &LookedUp) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if !found.records.is_empty() && !found.is_authentic && context.is_validated() {
        let text = format!("{name} is not signed: senders pass the records over, and take any certificate");
        remarks.push(Code::TlsaInsecure.remark(text, "sign the zone, and have its DS record published"));
    }
    let is_smtp = name.as_str().starts_with("_25._tcp.");
    let records = found.records.iter().filter(|record| record.contains(' '));
    remarks.extend(records.filter_map(|record| one(record, is_smtp)));
    remarks
}

/// The first fault of a record. Its data is not repeated: it is made anew with each certificate.
fn one(record: &str, is_smtp: bool) -> Option<Remark> {
    const ADVICE: &str = "3 1 1 and the SHA-256 digest of the server's public key";
    let mut words = record.split_ascii_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<u8>().ok());
    let (Some(usage), Some(selector), Some(matching)) = (number(), number(), number()) else {
        return Some(Code::TlsaSyntax.remark("a record does not begin with three numbers", ADVICE));
    };
    let begin = format!("{usage} {selector} {matching}");
    let Ok(data) = data_encoding::HEXLOWER_PERMISSIVE.decode(words.collect::<String>().as_bytes()) else {
        return Some(Code::TlsaSyntax.remark(format!("the data of `{begin}` is not hexadecimal"), ADVICE));
    };
    let of = |code: Code, text: String| Some(code.remark(text, ADVICE));
    if usage <= 1 && is_smtp {
        return of(
            Code::TlsaUsage,
            format!("usage {usage} of `{begin}` is not for SMTP: senders cannot use the record"),
        );
    }
    let unknown = [("usage", usage, 3), ("selector", selector, 1), ("matching type", matching, 2)];
    if let Some((what, number, _)) = unknown.into_iter().find(|(_, number, most)| number > most) {
        return of(
            Code::TlsaUnknown,
            format!("nobody knows {what} {number} of `{begin}`: senders cannot use the record"),
        );
    }
    let digest = matching.checked_sub(1).and_then(|at| DIGESTS.get(usize::from(at)));
    if let Some(length) = digest {
        let text =
            format!("the data of `{begin}` has {} octets, and the digest has {length}: it matches nothing", data.len());
        return if data.len() == *length { None } else { of(Code::TlsaLength, text) };
    }
    let (is_read, what) = match selector {
        0 => (key::is_certificate(&data), "certificate"),
        _ => (key::is_key_info(&data), "public key"),
    };
    if !is_read {
        return of(Code::TlsaData, format!("the data of `{begin}` is no {what}: it matches nothing"));
    }
    of(Code::TlsaFull, format!("`{begin}` holds a whole {what}, which makes answers large; a digest does as well"))
}
