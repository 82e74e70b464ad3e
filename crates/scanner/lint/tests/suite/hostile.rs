//! Whatever stands in a record, and whatever answers come, the lint comes to an end.

use crate::until;
use evidence::{LookedUp, Observed};
use mailproof_lint::{Answers, Linted, Policy, Question, domain, record};
use proptest::{collection::vec, prelude::*};

/// Texts that are nearly records.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "v=(spf1|DMARC1|DKIM1|STSv1|TLSRPTv1)[ ;]{0,2}",
        "(include|redirect|a|mx|ptr|ip4|ip6|exists|exp|all)[:=/ ]{0,2}",
        "(p|sp|np|rua|ruf|k|h|s|t|id|fo|psd)=[a-z0-9:@.,!]{0,12};? ?",
        "%[{]?[a-z0-9]{0,3}[}]?",
        "(bank|x)\\.example/?[0-9]{0,3}",
        "mailto:x@bank\\.example",
        "[0-9.:/]{1,12}",
        "[0-9a-zA-Z+/=]{0,60}",
        ".{0,8}",
    ];
    vec(part, 0..8).prop_map(|parts| parts.concat())
}

const QUESTIONS: [(&str, &str); 9] = [
    ("bank.example", "TXT"),
    ("_dmarc.bank.example", "TXT"),
    ("s._domainkey.bank.example", "TXT"),
    ("_mta-sts.bank.example", "TXT"),
    ("_smtp._tls.bank.example", "TXT"),
    ("_25._tcp.bank.example", "TLSA"),
    ("bank.example", "MX"),
    ("1.2.0.192.in-addr.arpa", "PTR"),
    ("bank.example", "SPF"),
];

/// Answers every question with the same records.
fn all<T>(records: &[String], lint: impl Fn(&Answers) -> Linted<T>) -> T {
    let mut answers = Answers::new(true);
    loop {
        match lint(&answers) {
            Linted::Done(done) => return done,
            Linted::Needs(questions) => {
                for question in questions {
                    assert!(answers.get(&question).is_none());
                    let (rcode, records) = ("NOERROR".to_owned(), records.to_vec());
                    let found = LookedUp { rcode, is_authentic: false, records, remarks: Vec::new() };
                    answers.insert(question, Observed::Seen(found));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_linted(texts in vec(text(), 0..3), is_quoted in any::<bool>()) {
        let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let records: Vec<String> = texts.iter().map(|text| if is_quoted { quoted(text) } else { text.clone() }).collect();
        for (name, kind) in QUESTIONS {
            let remarks = all(&records, |answers| record(&name.parse().unwrap(), kind, answers));
            prop_assert!(remarks.is_sorted());
        }
        all(&records, |answers| domain(&"bank.example".parse().unwrap(), &["s".to_owned()], answers));
    }

    #[test]
    fn any_policy_is_linted(text in "((version|mode|mx|max_age|[a-z.]{1,4}): ?[a-zA-Z0-9.*]{0,10}(\r|\n|\r\n)|.{0,10}){0,8}") {
        prop_assert!(Policy::read(&text).remarks(&["mx.bank.example".parse().unwrap()]).is_sorted());
    }
}

#[test]
fn the_first_question_is_the_one_that_is_asked() {
    let first = record(&"bank.example".parse().unwrap(), "txt", &Answers::new(true));
    assert_eq!(first, Linted::Needs(vec![Question::new(&"bank.example".parse().unwrap(), "TXT")]));
}

#[test]
fn a_name_that_leaves_no_room_is_linted_too() {
    let long = format!("{0}.{0}.{0}.{1}.example", "x".repeat(60), "y".repeat(50));
    let zone = format!("_dmarc.{long} TXT v=DMARC1; p=reject; rua=mailto:d@reports.example");
    let found = until(&zone, true, |answers| record(&format!("_dmarc.{long}").parse().unwrap(), "TXT", answers));
    let codes: Vec<&str> = found.iter().map(|remark| remark.code.as_str()).collect();
    assert_eq!(codes, ["dmarc-report-unauthorised"]);
}
