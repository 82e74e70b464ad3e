//! MTA-STS policies (RFC 8461 §3.2).

use mailproof_lint::Policy;

const GOOD: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mx.bank.example\r\nmx: *.mail.example\r\nmax_age: 2592000\r\n";

#[rustfmt::skip]
pub(crate) const ROWS: &[(&str, &str, &str)] = &[
    ("mta-sts-policy-version", "mode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-version", "version: STSv2\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-mode", "version: STSv1\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-mode", "version: STSv1\nmode: Enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-none", "version: STSv1\nmode: none\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-testing", "version: STSv1\nmode: testing\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-max-age", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\n", GOOD),
    ("mta-sts-policy-max-age", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 31557601\n",
     "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 31557600"),
    ("mta-sts-policy-max-age", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: -1\n", GOOD),
    ("mta-sts-policy-short-lived", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 0\n", GOOD),
    ("mta-sts-policy-no-mx", "version: STSv1\nmode: enforce\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-mx", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmx: *\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-mx-uncovered", "version: STSv1\nmode: enforce\nmx: MX.bank.example.\nmx: *.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-twice", "version: STSv1\nmode: enforce\nmode: none\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n", GOOD),
    ("mta-sts-policy-syntax", "version: STSv1\n\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000\n",
     "version: STSv1\nmode:enforce  \nx-note: anything: at all\nmx: mx.bank.example\nmx: *.mail.example\nmax_age: 2592000"),
    ("mta-sts-policy-line-end", "version: STSv1\nmode: enforce\nmx: mx.bank.example\nmx: *.mail.example\nnote: a\rb\nmax_age: 2592000\n", GOOD),
];

fn codes(text: &str) -> Vec<String> {
    let mx = ["mx.bank.example", "one.mail.example"].map(|host| host.parse().unwrap());
    Policy::read(text).remarks(&mx).into_iter().map(|remark| remark.code).collect()
}

#[test]
fn each_fault_and_its_control() {
    for (code, bad, good) in ROWS {
        assert_eq!(codes(bad), [*code], "{bad}");
        assert_eq!(codes(good), [""; 0], "{good}");
    }
}

#[test]
fn a_wildcard_stands_for_one_label() {
    let two = ["a.b.mail.example".parse().unwrap()];
    let uncovered: Vec<String> = Policy::read(GOOD).remarks(&two).into_iter().map(|remark| remark.help).collect();
    assert_eq!(uncovered, ["mx: a.b.mail.example"]);
    assert_eq!(Policy::read(GOOD).remarks(&[]), [], "without hosts nothing is said of them");
}
