//! TLSA records (RFC 6698, RFC 7671), those of SMTP above all (RFC 7672).

use crate::{code::Code, context::LintContext, key};
use evidence::{LookedUp, Remark};
use mail::{Domain, TlsaFault, TlsaRecord};

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
    let record: TlsaRecord = match record.parse() {
        Ok(record) => record,
        Err(error) => return Some(Code::TlsaSyntax.remark(error.to_string(), ADVICE)),
    };
    let begin = record.parameters();
    let of = |code: Code, text: String| Some(code.remark(text, ADVICE));
    let data = &record.data;
    match record.faults().into_iter().find(|fault| is_smtp || *fault != TlsaFault::NotForSmtp) {
        Some(TlsaFault::NotForSmtp) => {
            let text = format!("usage {} of `{begin}` is not for SMTP: senders cannot use the record", record.usage);
            return of(Code::TlsaUsage, text);
        }
        Some(TlsaFault::Unknown(what, number)) => {
            let text = format!("nobody knows {what} {number} of `{begin}`: senders cannot use the record");
            return of(Code::TlsaUnknown, text);
        }
        Some(TlsaFault::Length(length)) if record.matching != 0 => {
            let (many, begin) = (data.len(), &begin);
            let text =
                format!("the data of `{begin}` has {many} octets, and the digest has {length}: it matches nothing");
            return of(Code::TlsaLength, text);
        }
        None if record.matching != 0 => return None,
        Some(TlsaFault::Length(_)) | None => {}
    }
    let (is_read, what) = match record.selector {
        0 => (key::is_certificate(data), "certificate"),
        _ => (key::is_key_info(data), "public key"),
    };
    if !is_read {
        return of(Code::TlsaData, format!("the data of `{begin}` is no {what}: it matches nothing"));
    }
    of(Code::TlsaFull, format!("`{begin}` holds a whole {what}, which makes answers large; a digest does as well"))
}
