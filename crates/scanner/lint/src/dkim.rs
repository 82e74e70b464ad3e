//! DKIM keys (RFC 6376 §3.6).

use crate::{code::Code, key, tags::Tags, text::texts};
use evidence::{LookedUp, Remark};
use mail::Domain;

/// What stands at `SELECTOR._domainkey.` of a domain.
pub(crate) fn lint(name: &Domain, found: &LookedUp) -> Vec<Remark> {
    let texts = texts(found);
    match texts.as_slice() {
        [] => vec![Code::DkimNone.remark(
            "there is no key: what is signed with this selector does not verify",
            format!("{name}. IN TXT \"v=DKIM1; k=rsa; p=…\""),
        )],
        [text] => one(text),
        several => vec![Code::DkimSeveral.remark(
            format!(
                "there are {} records, of which one is allowed: which of them is the key is left to chance",
                several.len()
            ),
            "keep one; another key needs another selector",
        )],
    }
}

fn one(text: &str) -> Vec<Remark> {
    let tags = Tags::read(text);
    let mut remarks: Vec<Remark> = Vec::new();
    let mut tell = |code: Code, text: String, help: &str| remarks.push(code.remark(text, help));
    for fault in &tags.faults {
        tell(Code::DkimSyntax, format!("{fault}; the whole record counts for nothing"), "correct the tag");
    }
    if tags.names().any(|name| name == "v") && !tags.begin_with("v", "DKIM1") {
        let text = "`v=` is not the first tag, or not `DKIM1`: the record counts for nothing".to_owned();
        tell(Code::DkimVersion, text, "let the record begin with `v=DKIM1; `");
    }
    let words =
        |name: &str| -> Option<Vec<&str>> { tags.get(name).map(|list| list.split(':').map(str::trim).collect()) };
    if let Some(hashes) = words("h").filter(|hashes| !hashes.contains(&"sha256")) {
        let text = format!("`h={}` leaves out sha256, the only one in use", hashes.join(":"));
        tell(Code::DkimNoSha256, text, "take `h=` out");
    }
    if let Some(services) = words("s").filter(|services| !services.contains(&"*") && !services.contains(&"email")) {
        let text = format!("`s={}` is not for mail: verifiers of mail ignore the key", services.join(":"));
        tell(Code::DkimService, text, "take `s=` out");
    }
    if words("t").is_some_and(|flags| flags.contains(&"y")) {
        let text = "`t=y` says that this is a test: a signature that fails counts as none".to_owned();
        tell(Code::DkimTesting, text, "take `y` out of `t=`");
    }
    match tags.get("p") {
        None => tell(Code::DkimNoKey, "there is no `p=`, and so no key".to_owned(), "p=…"),
        Some("") => {
            let text = "the key is revoked: what is signed with this selector does not verify".to_owned();
            tell(Code::DkimRevoked, text, "sign with another selector");
        }
        Some(p) => remarks.extend(public_key(tags.get("k").unwrap_or("rsa"), p)),
    }
    remarks
}

fn public_key(kind: &str, p: &str) -> Option<Remark> {
    /// Sizes of RSA keys that are not to be used, that should not be, and that need not be understood (RFC 8301 §3.2).
    const SIZES: (usize, usize, usize) = (1024, 2048, 4096);
    let unreadable = |why: &str| {
        Code::DkimKeyUnreadable
            .remark(format!("the key in `p=` cannot be read: {why}"), "publish the key that the signer shows")
    };
    if !["rsa", "ed25519"].contains(&kind) {
        let text = format!("`k={kind}` is no type of key that verifiers know");
        return Some(Code::DkimKeyType.remark(text, "k=rsa or k=ed25519"));
    }
    let Some(octets) = key::octets(p) else { return Some(unreadable("it is no base64")) };
    if kind == "ed25519" {
        let text = key::ed25519_fault(&octets).map(|why| format!("the Ed25519 key cannot be read: {why}"));
        return text.map(|text| Code::DkimEd25519.remark(text, "p= has 44 characters of base64"));
    }
    let bits = match key::rsa_bits(&octets) {
        Ok(bits) => bits,
        Err(why) => return Some(unreadable(why)),
    };
    let help = "make a key of 2048 bits, with a new selector";
    if bits < SIZES.0 {
        Some(
            Code::DkimKeyWeak
                .remark(format!("the RSA key has {bits} bits: signatures of less than 1024 do not count"), help),
        )
    } else if bits < SIZES.1 {
        Some(Code::DkimKeyShort.remark(format!("the RSA key has {bits} bits, and should have 2048"), help))
    } else if bits > SIZES.2 {
        let text = format!("the RSA key has {bits} bits: verifiers need not understand more than 4096");
        Some(Code::DkimKeyLong.remark(text, help))
    } else {
        None
    }
}
