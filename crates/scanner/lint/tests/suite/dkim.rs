//! DKIM keys (RFC 6376 §3.6, RFC 8301, RFC 8463).

use crate::{Row, check, codes, remarks};

const NAME: &str = "s._domainkey.bank.example TXT";

macro_rules! record {
    ($text:expr) => {
        concat!("s._domainkey.bank.example TXT ", $text)
    };
}
macro_rules! rsa_512 {
    () => {
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANuRNIFn5DozUzcl3+dnhy5U/EIwMYlB5rTXJqKeRIQuXWUBDReO95c87nk17Vh5YiJFp2chlEVuHyEp15y6qtUCAwEAAQ=="
    };
}
macro_rules! rsa_1024 {
    () => {
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDuiF0ln0I1BFsfRN/zeO0Af6Dn2lBPPdeGm0iYQCx6hzjX/p2PXpnXCYW/oZ96h7javg/a4+31W20tF5bLnz++BBWHisC4HNEdQd7ccF/In2EFKpsYJZ909O5DnnG9ywq35hyEW5HAik7Qpv+SUd0jsQ9fBT6j9RQIKNcoMg+pXQIDAQAB"
    };
}
macro_rules! rsa_2048 {
    () => {
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0TNMs1XXOt/ak5umsL4yLMGN2UkVZy+z1RQb3hHffMSWiRqsKc333ZnP5l7C6Ob4yrWFXL0YXyTNiWZHlETreRs7k6mmTtvc+CD4RzYEQ/4rSdyCltOGRsPB5/ZQClpbsze0ZMBZ3BHq497EGEmwCX/dgcPmQGbE3JQJoOkPvJWMF0iADPJGGOSAw4+ygtJzr5ZWom8aFoG8sp4ZTjJAhuYgzB1PYOYsn8W5SH1SJhY2cLut2mC29qKEr5EozoPp5GcaZr8P/yDUYX2sGD5sqcOqSyg+p+X8oopGr7PuPx2ZV8RKPyfaGOy6zkFFOTGrEtMXYoyxVg9jjiNk/ZxCSQIDAQAB"
    };
}
macro_rules! rsa_4104 {
    () => {
        "MIICIzANBgkqhkiG9w0BAQEFAAOCAhAAMIICCwKCAgIAlgl0fSouDS90NyuYGrcSpFKHL/Nq670tdBrLZOnIFlcnPARC0LbGyIDYzlqoVsJbTuUnUZOXuNYH9BFZjnQAD7U9wXFOufpvJhCTBwpA7BYm6gfnBZHkKM55xDE2qCsoHZak6nPAtHPL761OJzvUqaNfEJSgHFR57B0rbgFvVJKxa+i1Sdd1as62sLyNwyOUo5Q+BtmtR9TH77XJv7x+ga6UEpfNg1Qxycjv5QcbY/d2u30EncwgKaUWDGjYCwTsCy8X0bSB+kcKE4MoMHvEuGFmvkaMvccKLUlJ/J7LoxfMKuN3jGdJG25/+P/uuiDExmjN0wMDcAAjoHMkrhKBLmSc+KLvnD+KRGrKuBR90uz1QHtTlKc+yZsSRVf6FADxVFGr2PHQbdTc0l7asceAcoSq7PvBnA51ry60AA2DbhyMqVG31inX0NgTyoXT4sTb8CdqgEW86o43m0MC2JEsrr+PavPMzFsgMon2CkowgZq48riT5EBYw4fTBmK1/+ACcfrGfAcFHG9bTZqiKtYSGYoTrRdx6AGr56lDpffD2GnZj2ZmieNSXVbZL6MK5XdnjVG5u30n7yiiGU2beRftk1WvQvGXSP9P0pYY3sPN2pIEp6phcFamSBy+meZPj66sf521hTCigsC7CKKinNPuT47XsYmiUKv7h3cj7+QBOB+7AgMBAAE="
    };
}
macro_rules! bare {
    () => {
        "MIGJAoGBAM7N+yj4ASJfXeEWN0uOk0dLdhkiWZdPjfOj9BAk2C4CGZptBUx/xy4JaaRa9szpRL3RDr2sbfbcXuO3L7lYdjpa/SiZJKCN54plQggb1XxfkoUPuQf3DK3Gy9XswXKiZvK9JnCSmrOzi7lhcynyUtFpghqlg1nmFX2Y9xlaQumxAgMBAAE="
    };
}
macro_rules! wrapped {
    () => {
        "MCowBQYDK2VwAyEASwFooZ9LgV1k0p/jPQoRm+zfW2QxgvxWlvRE/cxT5Uk="
    };
}

const ED25519: &str = record!("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
const RSA: &str = record!(concat!("v=DKIM1; k=rsa; p=", rsa_2048!()));

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    (NAME, "dkim-none", "", ED25519),
    (NAME, "dkim-none", "s._domainkey.bank.example CNAME gone.example.", RSA),
    (NAME, "dkim-several-records", record!(concat!("p=", rsa_2048!(), "\n", record!(concat!("p=", rsa_2048!())))), record!(concat!("p=", rsa_2048!()))),
    (NAME, "dkim-version", record!(concat!("v=DKIM1.0; p=", rsa_2048!())), RSA),
    (NAME, "dkim-version", record!(concat!("p=", rsa_2048!(), "; v=DKIM1")), record!(concat!("v = DKIM1 ; p=", rsa_2048!(), " ;"))),
    (NAME, "dkim-syntax", record!(concat!("v=DKIM1; k=rsa; s1; p=", rsa_2048!())), RSA),
    (NAME, "dkim-syntax", record!(concat!("v=DKIM1; k=rsa; k=rsa; p=", rsa_2048!())), RSA),
    (NAME, "dkim-no-key", record!("v=DKIM1; k=rsa"), RSA),
    (NAME, "dkim-revoked", record!("v=DKIM1; k=rsa; p="), RSA),
    (NAME, "dkim-key-type", record!("v=DKIM1; k=ecdsa; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), ED25519),
    (NAME, "dkim-key-unreadable", record!("v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDS"), RSA),
    (NAME, "dkim-key-unreadable", record!("v=DKIM1; p=not*base64"), RSA),
    (NAME, "dkim-key-unreadable", record!(concat!("v=DKIM1; p=", bare!())), RSA),
    (NAME, "dkim-key-unreadable", record!("v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), ED25519),
    (NAME, "dkim-key-unreadable", record!(concat!("v=DKIM1; p=", wrapped!())), ED25519),
    (NAME, "dkim-ed25519-key", record!(concat!("v=DKIM1; k=ed25519; p=", wrapped!())), ED25519),
    (NAME, "dkim-key-weak", record!(concat!("v=DKIM1; p=", rsa_512!())), RSA),
    (NAME, "dkim-key-short", record!(concat!("v=DKIM1; p=", rsa_1024!())), RSA),
    (NAME, "dkim-key-long", record!(concat!("v=DKIM1; p=", rsa_4104!())), RSA),
    (NAME, "dkim-no-sha256", record!(concat!("v=DKIM1; h=sha1; p=", rsa_2048!())), record!(concat!("v=DKIM1; h=sha1:sha256; p=", rsa_2048!()))),
    (NAME, "dkim-service", record!(concat!("v=DKIM1; s=tlsrpt; p=", rsa_2048!())), record!(concat!("v=DKIM1; s=tlsrpt : email; p=", rsa_2048!()))),
    (NAME, "dkim-testing", record!(concat!("v=DKIM1; t=y:s; p=", rsa_2048!())), record!(concat!("v=DKIM1; t=s; p=", rsa_2048!()))),
];

#[test]
fn each_fault_and_its_control() {
    check(ROWS);
}

#[test]
fn sizes_are_in_bits() {
    let of = |row: &Row| remarks(row.0, row.2)[0].text.clone();
    let said: Vec<String> =
        ROWS.iter().filter(|row| row.1.starts_with("dkim-key-") && row.2.len() > 150).map(of).collect();
    let has = |part: &str| said.iter().any(|text| text.contains(part));
    assert!(has("has 512 bits") && has("has 1024 bits") && has("has 4104 bits"), "{said:?}");
}

#[test]
fn white_space_may_stand_in_a_key() {
    let spaced = ED25519.replace("TyWQ", "Ty WQ");
    assert_eq!(codes(NAME, &spaced), [""; 0]);
}

#[test]
fn a_selector_may_have_dots() {
    assert_eq!(codes("a.b._domainkey.bank.example TXT", ""), ["dkim-none"]);
}
