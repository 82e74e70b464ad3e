//! Real messages, judged by zones that are really served.

use super::*;
use compose::{ComposeContext, KeyPair, compose};
use dns::ZoneData;
use evidence::Authors;
use mail::{ArcResult, DkimResult, Nonce};
use plan::{Dnssec, Fault, FaultKind, KeyAlgorithm, Recipe, Signature, Spanned, Tamper};
use proptest::prelude::*;
use std::time::{Instant, SystemTime};

const BANK: &str = "@ TXT \"v=spf1 ip4:192.0.2.25 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n";
const TEXT: &str = "From: Billing <billing@bank.example>\nTo: alice@gateway.example\nSubject: {nonce}\n\nPay.\n";
const ITS_HOST: [u8; 4] = [192, 0, 2, 25];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 7];

fn zone(origin: &str, records: &str) -> ZoneData {
    let origin = origin.parse().unwrap();
    ZoneData { origin, dnssec: Dnssec::Insecure, records: records.to_owned(), faults: Vec::new() }
}

fn brought(client: impl Into<IpAddr>, mail_from: &str, message: &[u8]) -> Brought {
    let (client, mail_from) = (client.into(), mail_from.to_owned());
    Brought { client, helo: "mail.bank.example".to_owned(), mail_from, message: message.to_vec() }
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

async fn judged(zones: Vec<ZoneData>, brought: Brought) -> Opinion {
    let server = Server::start([127, 0, 0, 1].into()).await.unwrap();
    let _lease = server.publish(zones).unwrap();
    let judge = Judge::new(&server).await.unwrap();
    let began = Instant::now();
    let opinion = judge.opinion(brought).await;
    assert!(server.since(0).is_empty(), "our own questions are in the journal: {:?}", server.since(0));
    assert!(began.elapsed() < Duration::from_secs(4), "it waited {:?}", began.elapsed());
    match opinion {
        Observed::Seen(opinion) => opinion,
        Observed::Unobserved(why) => panic!("{why}"),
    }
}

async fn spf_of(zones: Vec<ZoneData>, client: impl Into<IpAddr>) -> SpfResult {
    judged(zones, brought(client, "x@bank.example", &crlf(TEXT))).await.mail_from.result
}

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: 0..0 }
}

/// A message that bank.example signs, and its zone with this more in the key record.
fn signed(algorithm: KeyAlgorithm, tags: Option<&str>, change: impl FnOnce(&mut Recipe)) -> (Vec<u8>, ZoneData) {
    let key = std::sync::Arc::new(KeyPair::from_pkcs8(algorithm, &pki::dkim_key(algorithm).unwrap()).unwrap());
    let sign = Signature {
        domain: spanned("bank.example".parse().unwrap()),
        selector: spanned("s1".to_owned()),
        key: algorithm,
        sha1: false,
        relaxed_header: true,
        relaxed_body: true,
        headers: ["From", "To", "Subject"].map(str::to_owned).to_vec(),
        body_length: None,
        signed_at: None,
        expires_at: None,
        auid: None,
        tags: Vec::new(),
    };
    let text = spanned(TEXT.into());
    let mut recipe = Recipe { text, exact: false, sign: vec![sign], tamper: Vec::new(), hops: Vec::new() };
    change(&mut recipe);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let find = |_: &Domain, _: &str| Some(key.clone());
    let message =
        compose(&recipe, &ComposeContext { nonce: &Nonce::from_number(7), now, is_new_to_filters: false, key: &find })
            .unwrap();
    let strings: Vec<String> = key.record(tags).as_bytes().chunks(200).map(quoted).collect();
    (message, zone("bank.example", &format!("{BANK}s1._domainkey TXT {}\n", strings.join(" "))))
}

fn quoted(string: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(string))
}

/// What comes of the one signature, and of DMARC, when the message comes from elsewhere.
async fn signature_of(message: Vec<u8>, zone: ZoneData) -> (DkimResult, DmarcResult, String) {
    let opinion = judged(vec![zone], brought(ELSEWHERE, "x@elsewhere.example", &message)).await;
    let [signature] = opinion.dkim.as_slice() else { panic!("{:?}", opinion.dkim) };
    (signature.result, opinion.dmarc_result(), signature.reason.clone().unwrap_or_default())
}

#[tokio::test]
async fn a_forgery_is_to_be_refused_and_says_by_which_policy() {
    let zones = vec![zone("bank.example", BANK)];
    let opinion = judged(zones, brought(ELSEWHERE, "billing@bank.example", &crlf(TEXT))).await;
    assert_eq!(opinion.mail_from, SpfOpinion { domain: "bank.example".to_owned(), result: SpfResult::Fail });
    assert_eq!(opinion.helo, SpfOpinion { domain: "mail.bank.example".to_owned(), result: SpfResult::None });
    assert_eq!((opinion.dkim_result(), opinion.arc), (DkimResult::None, ArcResult::None));
    assert_eq!(opinion.authors, Authors::One("bank.example".parse().unwrap()));
    let [dmarc] = opinion.dmarc.as_slice() else { panic!("{:?}", opinion.dmarc) };
    assert!(dmarc.is_to_be_refused());
    assert_eq!(dmarc.found_at.as_ref().map(Domain::as_str), Some("bank.example"));
}

#[tokio::test]
async fn mail_from_its_own_host_passes_by_spf_and_names_it() {
    let opinion = judged(vec![zone("bank.example", BANK)], brought(ITS_HOST, "b@bank.example", &crlf(TEXT))).await;
    assert_eq!((opinion.mail_from.result, opinion.dmarc_result()), (SpfResult::Pass, DmarcResult::Pass));
    assert_eq!(opinion.dmarc[0].aligned, ["spf=bank.example"]);
}

#[tokio::test]
async fn the_null_reverse_path_is_judged_by_the_name_of_helo() {
    let zones = || vec![zone("bank.example", &format!("{BANK}mail TXT \"v=spf1 ip4:192.0.2.25 -all\"\n"))];
    let opinion = judged(zones(), brought(ITS_HOST, "", &crlf(TEXT))).await;
    assert_eq!(opinion.mail_from.domain, "mail.bank.example");
    assert_eq!(opinion.dmarc[0].aligned, ["spf=mail.bank.example"]);
    let elsewhere = judged(zones(), brought(ELSEWHERE, "", &crlf(TEXT))).await;
    assert_eq!(elsewhere.dmarc_result(), DmarcResult::Fail);
}

#[tokio::test]
async fn spf_of_helo_does_not_align_with_another_mail_from() {
    let records = format!("{BANK}mail TXT \"v=spf1 ip4:198.51.100.7 -all\"\n");
    let opinion =
        judged(vec![zone("bank.example", &records)], brought(ELSEWHERE, "x@other.example", &crlf(TEXT))).await;
    assert_eq!((opinion.helo.result, opinion.mail_from.result), (SpfResult::Pass, SpfResult::None));
    assert!(opinion.dmarc[0].is_to_be_refused());
}

#[tokio::test]
async fn every_algorithm_that_may_be_verified_is() {
    for algorithm in [KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let (message, zone) = signed(algorithm, None, |_| ());
        let (dkim, dmarc, reason) = signature_of(message, zone).await;
        assert_eq!((dkim, dmarc), (DkimResult::Pass, DmarcResult::Pass), "{algorithm:?}: {reason}");
    }
}

#[tokio::test]
async fn what_no_verifier_may_take_is_turned_down_and_said() {
    let rsa = KeyAlgorithm::Rsa2048;
    let (message, zone) = signed(rsa, None, |recipe| recipe.sign[0].sha1 = true);
    let (dkim, dmarc, reason) = signature_of(message, zone).await;
    assert_eq!((dkim, dmarc), (DkimResult::PermError, DmarcResult::Fail));
    assert!(reason.contains("RFC 8301"), "{reason}");
    let (message, zone) = signed(rsa, None, |recipe| recipe.sign[0].headers = vec!["Subject".to_owned()]);
    let (dkim, dmarc, reason) = signature_of(message, zone).await;
    assert_eq!((dkim, dmarc), (DkimResult::PermError, DmarcResult::Fail));
    assert!(reason.contains("From"), "{reason}");
    let twice = |name: &str| plan::Tag { name: name.to_owned(), text: format!("{name}=bank.example") };
    let (message, zone) = signed(rsa, None, |recipe| recipe.sign[0].tags = vec![twice("d"), twice("d")]);
    let (dkim, dmarc, reason) = signature_of(message, zone).await;
    assert_eq!((dkim, dmarc), (DkimResult::PermError, DmarcResult::Fail));
    assert!(reason.contains("twice"), "{reason}");
    for tags in ["h=sha1", "s=tlsrpt"] {
        let (message, zone) = signed(rsa, Some(tags), |_| ());
        assert_eq!(signature_of(message, zone).await.1, DmarcResult::Fail, "{tags}");
    }
}

#[tokio::test]
async fn a_changed_body_an_old_signature_and_a_key_that_is_not_there_pass_nothing() {
    let rsa = KeyAlgorithm::Rsa2048;
    let (message, zone) = signed(rsa, None, |recipe| recipe.tamper.push(Tamper::AppendBody("more\n".into())));
    let (dkim, dmarc, _) = signature_of(message, zone).await;
    assert_eq!((dkim, dmarc), (DkimResult::Fail, DmarcResult::Fail));
    let (message, zone) = signed(rsa, None, |recipe| {
        (recipe.sign[0].signed_at, recipe.sign[0].expires_at) = (Some(-200), Some(-100));
    });
    assert_eq!(signature_of(message, zone).await.1, DmarcResult::Fail);
    let (message, mut zone) = signed(rsa, None, |_| ());
    zone.records = BANK.to_owned();
    let (dkim, dmarc, reason) = signature_of(message, zone).await;
    assert_eq!((dkim, dmarc, reason.as_str()), (DkimResult::PermError, DmarcResult::Fail, "there is no key"));
}

#[tokio::test]
async fn faults_are_told_at_once_and_a_late_answer_is_an_answer() {
    let with = |name: &str, kind| {
        let fault = Fault { name: name.parse().unwrap(), record_type: Some("TXT".to_owned()), kind };
        vec![ZoneData { faults: vec![fault], ..zone("bank.example", BANK) }]
    };
    for kind in [FaultKind::Servfail, FaultKind::Refused, FaultKind::Silence, FaultKind::Delay(Duration::from_secs(30))]
    {
        assert_eq!(spf_of(with("bank.example", kind), ITS_HOST).await, SpfResult::TempError, "{kind:?}");
        let mail = brought(ELSEWHERE, "x@elsewhere.example", &crlf(TEXT));
        let opinion = judged(with("_dmarc.bank.example", kind), mail).await;
        assert_eq!(opinion.dmarc_result(), DmarcResult::TempError, "{kind:?}");
        let (message, mut zone) = signed(KeyAlgorithm::Ed25519, None, |_| ());
        zone.faults = with("s1._domainkey.bank.example", kind).remove(0).faults;
        assert_eq!(signature_of(message, zone).await.0, DkimResult::TempError, "{kind:?}");
    }
    assert_eq!(spf_of(with("bank.example", FaultKind::Delay(Duration::from_secs(9))), ITS_HOST).await, SpfResult::Pass);
}

#[tokio::test]
async fn a_zone_that_does_not_validate_is_a_temporary_error() {
    for (dnssec, expected) in [
        (Dnssec::Signed, SpfResult::Pass),
        (Dnssec::Insecure, SpfResult::Pass),
        (Dnssec::Bogus, SpfResult::TempError),
        (Dnssec::Expired, SpfResult::TempError),
    ] {
        let zones = vec![ZoneData { dnssec, ..zone("bank.example", BANK) }];
        assert_eq!(spf_of(zones, ITS_HOST).await, expected, "{dnssec:?}");
    }
    let below = zone("x.bogus.example", "@ TXT \"v=spf1 +all\"");
    let parent = ZoneData { dnssec: Dnssec::Bogus, ..zone("bogus.example", "") };
    let opinion = judged(vec![parent, below], brought(ITS_HOST, "a@x.bogus.example", &crlf(TEXT))).await;
    assert_eq!(opinion.mail_from.result, SpfResult::TempError, "a child of a bogus zone");
}

#[tokio::test]
async fn spf_keeps_to_its_limits_and_forms() {
    let with = |record: &str| vec![zone("bank.example", &format!("{record}\nmail A 192.0.2.25\n@ MX 10 mail\n"))];
    let chain = |length: usize| -> String {
        let link = |n: usize| match n {
            0 => "@".to_owned(),
            n => format!("i{n}"),
        };
        let next =
            |n: usize| if n == length { "+all".to_owned() } else { format!("include:i{}.bank.example -all", n + 1) };
        (0..=length).map(|n| format!("{} TXT \"v=spf1 {}\"\n", link(n), next(n))).collect()
    };
    for (record, expected) in [
        ("@ TXT \"v=spf1 mx -all\"", SpfResult::Pass),
        ("@ TXT \"v=spf1 a:mail.bank.example -all\"", SpfResult::Pass),
        ("@ TXT \"v=spf1 exists:%{l}.bank.example -all\"", SpfResult::Fail),
        ("@ TXT \"v=spf1 exists:mail.bank.example -all\"", SpfResult::Pass),
        ("@ TXT \"v=spf1 a:no.bank.example a:not.bank.example -all\"", SpfResult::Fail),
        ("@ TXT \"v=spf1 a:no.bank.example a:not.bank.example a:never.bank.example +all\"", SpfResult::PermError),
        ("@ TXT \"v=spf1 +all\"\n@ TXT \"v=spf1 -all\"", SpfResult::PermError),
        ("@ TXT \"site=x\"\n@ TXT \"v=spf1 +all\"", SpfResult::Pass),
        ("@ TXT \"v=spf1 ip4:192.0.2.\" \"25 -all\"", SpfResult::Pass),
        ("@ TXT \"v=spf1 no-such-mechanism +all\"", SpfResult::PermError),
        ("@ TXT \"v=spf1 redirect=mail.bank.example\"", SpfResult::PermError),
        ("@ TXT \"v=spf1 ip4:192.0.2.25/33 +all\"", SpfResult::PermError),
    ] {
        assert_eq!(spf_of(with(record), ITS_HOST).await, expected, "{record}");
    }
    let alias = zone("bank.example", "alias CNAME other\nother TXT \"v=spf1 +all\"\n");
    let opinion = judged(vec![alias], brought(ITS_HOST, "x@alias.bank.example", &crlf(TEXT))).await;
    assert_eq!(opinion.mail_from.result, SpfResult::Pass);
    assert_eq!(spf_of(with(&chain(10)), ITS_HOST).await, SpfResult::Pass);
    assert_eq!(spf_of(with(&chain(11)), ITS_HOST).await, SpfResult::PermError);
    let ipv6 = vec![zone("bank.example", "@ TXT \"v=spf1 a:mail.bank.example -all\"\nmail AAAA 2001:db8::25\n")];
    assert_eq!(spf_of(ipv6, "2001:db8::25".parse::<IpAddr>().unwrap()).await, SpfResult::Pass);
}

#[tokio::test]
async fn a_policy_is_found_above_and_asks_by_sp_np_and_t() {
    let of = async |record: &str, author: &str, more: &str| {
        let records = format!("_dmarc TXT \"{record}\"\n{more}\n");
        let mail = brought(ELSEWHERE, "x@elsewhere.example", &crlf(&TEXT.replace("bank.example", author)));
        let opinion = judged(vec![zone("bank.example", &records)], mail).await;
        (opinion.dmarc[0].policy, opinion.dmarc_result())
    };
    let fails = |policy| (Some(policy), DmarcResult::Fail);
    use Disposition::{None as Nothing, Quarantine, Reject};
    assert_eq!(of("v=DMARC1; p=reject", "a.b.bank.example", "").await, fails(Reject));
    assert_eq!(of("v=DMARC1; p=none; sp=reject", "is.bank.example", "is A 192.0.2.1").await, fails(Reject));
    assert_eq!(of("v=DMARC1; p=none; sp=none; np=reject", "no.bank.example", "is A 192.0.2.1").await, fails(Reject));
    assert_eq!(of("v=DMARC1; p=none; sp=none; np=reject", "is.bank.example", "is A 192.0.2.1").await, fails(Nothing));
    assert_eq!(of("v=DMARC1; p=reject; t=y", "bank.example", "").await, fails(Quarantine));
    let two = "_dmarc TXT \"v=DMARC1; p=none\"";
    assert_eq!(of("v=DMARC1; p=reject", "bank.example", two).await, (None, DmarcResult::None));
}

#[tokio::test]
async fn each_domain_of_a_from_that_names_no_single_author_is_judged() {
    for from in [
        "From: x@elsewhere.example\nFrom: billing@bank.example\n",
        "From: <x@elsewhere.example>billing@bank.example\n",
        "From: x@elsewhere.example, billing@bank.example\n",
    ] {
        let text = TEXT.replacen("From: Billing <billing@bank.example>\n", from, 1);
        let opinion = judged(vec![zone("bank.example", BANK)], brought(ELSEWHERE, "x@y.example", &crlf(&text))).await;
        assert!(matches!(opinion.authors, Authors::Unclear(_)), "{from}");
        assert_eq!(opinion.dmarc_result(), DmarcResult::None);
        let refused: Vec<_> =
            opinion.dmarc.iter().filter(|d| d.is_to_be_refused()).map(|d| d.author.as_str()).collect();
        assert_eq!(refused, ["bank.example"], "{from}");
    }
}

#[tokio::test]
async fn a_chain_that_is_not_good_is_bad() {
    let text = format!("ARC-Seal: i=1; a=rsa-sha256; d=x.example; s=s; cv=none; b=AAAA\n{TEXT}");
    let opinion = judged(vec![zone("bank.example", BANK)], brought(ELSEWHERE, "x@y.example", &crlf(&text))).await;
    assert_eq!(opinion.arc, ArcResult::Fail);
    assert!(opinion.arc_reason.is_some());
}

#[tokio::test]
async fn a_message_without_a_header_or_with_signatures_without_end_gives_no_opinion() {
    let server = Server::start([127, 0, 0, 1].into()).await.unwrap();
    let judge = Judge::new(&server).await.unwrap();
    let of = async |message: &[u8]| judge.opinion(brought(ELSEWHERE, "x@y.example", message)).await;
    assert!(of(b"").await.seen().is_none());
    let mut many = b"DKIM-Signature: v=1\r\n".repeat(1000);
    many.extend(b"\r\n");
    many.resize(1 << 20, b'x');
    assert!(of(&many).await.seen().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the peer sends, there is an opinion or a reason, soon, and nothing breaks off.
    #[test]
    fn no_octets_break_it(
        message in proptest::collection::vec(any::<u8>(), 0..400),
        field in prop::sample::select(vec![
            "From", "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "X",
        ]),
        value in "\\PC{0,60}",
        mail_from in "\\PC{0,80}",
        helo in "\\PC{0,80}",
        spf in "[a-z0-9:/%{}.=+?~ -]{0,60}",
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let server = Server::start([127, 0, 0, 1].into()).await.unwrap();
            let records = format!("@ TXT \"v=spf1 {spf}\"\n_dmarc TXT \"v=DMARC1; {spf}\"\ns._domainkey TXT \"{spf}\"\n");
            let _lease = server.publish(vec![zone("bank.example", &records)]).unwrap();
            let judge = Judge::new(&server).await.unwrap();
            let signed = format!("{field}: v=1; i=1; cv=none; a=rsa-sha256; d=bank.example; s=s; h=from; bh=AA==; b=AA==; {value}");
            let mut octets = format!("{signed}\r\nFrom: a@bank.example\r\n{field}: {value}\r\n").into_bytes();
            octets.extend(message);
            for mail_from in [mail_from, "x@bank.example".to_owned()] {
                let brought = Brought { client: ELSEWHERE.into(), helo: helo.clone(), mail_from, message: octets.clone() };
                let opinion = judge.opinion(brought).await;
                assert!(opinion.seen().is_some(), "{opinion:?}");
            }
        });
    }
}
