//! Lies about what the DNS answers.

use super::{Planted, are_found, of};
use crate::lookups::{lookup, remark, spf};
use claims::lookup::Lookup;
use evidence::{Evidence, LookedUp, Observed};

fn looked_up(seen: LookedUp) -> Evidence {
    Evidence { lookups: vec![Observed::Seen(seen)], ..Evidence::default() }
}

fn seen(evidence: &mut Evidence) -> &mut LookedUp {
    evidence.lookups[0].seen_mut().unwrap()
}

fn silent(planted: Planted) -> Planted {
    let silent =
        |evidence: &mut Evidence| evidence.lookups = vec![Observed::Unobserved("no answer within 5 s".to_owned())];
    planted.unseen("silence", silent).or_not_reached()
}

#[test]
fn each_lie_is_found() {
    let linted = || looked_up(LookedUp { remarks: vec![remark("spf-too-many-lookups")], ..spf() });
    let planted = vec![
        of("rcode = \"NOERROR\"", looked_up(spf())).lie("code", |e| seen(e).rcode = "NXDOMAIN".to_owned()),
        of("records = [\"v=spf1 ip4:192.0.2.10 -all\"]", looked_up(spf()))
            .lie("other text", |e| seen(e).records = vec!["\"v=spf1 ip4:192.0.2.11 -all\"".to_owned()])
            .lie("one more", |e| seen(e).records.push("\"x\"".to_owned()))
            .lie("none", |e| seen(e).records.clear()),
        of("contains = \"ip4:192.0.2.10\"", looked_up(spf()))
            .lie("text", |e| seen(e).records = vec!["\"v=spf1 -all\"".to_owned()]),
        of("authentic = true", looked_up(spf())).lie("not authentic", |e| seen(e).is_authentic = false),
        of("authentic = false", looked_up(LookedUp { is_authentic: false, ..spf() }))
            .lie("authentic", |e| seen(e).is_authentic = true),
        of("lint = [\"spf-too-many-lookups\"]", linted())
            .lie("nothing", |e| seen(e).remarks.clear())
            .lie("something else", |e| seen(e).remarks.push(remark("spf-no-all")))
            .unseen("nothing to look at", |e| {
                *seen(e) = LookedUp { rcode: "SERVFAIL".to_owned(), records: Vec::new(), remarks: Vec::new(), ..spf() };
            }),
        of("lint = []", looked_up(spf())).lie("something", |e| seen(e).remarks.push(remark("spf-no-all"))),
    ];
    let planted = planted.into_iter().map(silent).collect();
    are_found::<Lookup>(planted, |claim| lookup("bank.example", "TXT", vec![claim.to_owned()]));
}
