//! Messages of any octets, signatures with further tags, and hops.

use crate::{diagnostics::GOOD, parse};
use plan::{Octets, Plan, Recipe, Tamper};

/// The first message of the good scenario, with something else in it.
fn message(from: &str, to: &str) -> Recipe {
    assert!(GOOD.contains(from), "{from}");
    let Plan { mut transactions, .. } = parse(&GOOD.replacen(from, to, 1)).unwrap();
    transactions.swap_remove(0).message
}

const TEXT: &str = "message = \"\"\"\nSubject: Your invoice\n\nPay here.\n\"\"\"";
const TAMPER: &str = "tamper = [{ append-body = \"P.S.\" }]";

#[test]
fn a_message_may_have_any_octets() {
    let raw = "message = { raw = '''\nSubject: caf\\xe9\n\nn\\0\\r\\n\\\\ é\\xff\n''' }";
    let octets = |end: &str| [b"Subject: caf\xe9\n\nn\0", end.as_bytes(), b"\\ \xc3\xa9\xff\n"].concat();
    assert_eq!(message(TEXT, raw).text.value.0, octets("\n"), "line ends are made when it is sent");
    assert_eq!(message(TEXT, &format!("{raw}\nexact = true")).text.value.0, octets("\r\n"));
    assert_eq!(message(TEXT, "message = { raw = 'Subject: x' }").text.value, Octets::from("Subject: x"));
}

#[test]
fn a_made_body_stands_behind_any_octets() {
    let recipe = message(TEXT, "message = { raw = 'Subject: \\xff\\n\\n' }\nbody = { octets = 100 }");
    assert!(recipe.text.value.0.starts_with(b"Subject: \xff\n\nThe quick"));
}

#[test]
fn changes_may_have_any_octets() {
    let raw = "{ raw = 'X: \\xff' }";
    let octets = || Octets(b"X: \xff".to_vec());
    let change = |text: &str| message(TAMPER, &format!("tamper = [{text}]")).tamper.swap_remove(0);
    assert_eq!(change(&format!("{{ append-body = {raw} }}")), Tamper::AppendBody(octets()));
    assert_eq!(change(&format!("{{ prepend-header = {raw} }}")), Tamper::PrependHeader(octets()));
    let set = format!("{{ set-header = {{ name = \"Subject\", value = {raw} }} }}");
    assert_eq!(change(&set), Tamper::SetHeader { name: "Subject".to_owned(), value: octets() });
    let replace = format!("{{ replace = {{ find = {raw}, with = {raw} }} }}");
    assert_eq!(change(&replace), Tamper::Replace { find: octets(), with: octets() });
}

#[test]
fn octets_that_are_no_text_are_escaped_in_the_plan() {
    let plan = |raw: &str| serde_json::to_value(message(TEXT, &format!("message = {{ raw = '{raw}' }}"))).unwrap();
    assert_eq!(plan("Subject: x")["text"]["value"], "Subject: x");
    assert_eq!(plan(r"Subject: \\ \xff")["text"]["value"]["raw"], r"Subject: \\ \xff");
}

#[test]
fn tags_are_kept_as_they_are_written() {
    let tags = "selector = \"s1\", tags = \"q=dns/txt; foo = a b;d=x.example; alone\"";
    let plan = parse(&GOOD.replacen("selector = \"s1\"", tags, 1)).unwrap();
    let tags: Vec<(&str, &str)> =
        plan.transactions[1].message.sign[0].tags.iter().map(|tag| (tag.name.as_str(), tag.text.as_str())).collect();
    assert_eq!(tags, [("q", "q=dns/txt"), ("foo", "foo = a b"), ("d", "d=x.example"), ("alone", "alone")]);
}

#[test]
fn hops_change_sign_and_seal() {
    let hops = "hop = [
        { seal = { domain = \"bank.example\", selector = \"s2\" } },
        { tamper = [{ remove-header = \"ARC-Seal\" }], sign = [{ domain = \"bank.example\", selector = \"s1\" }],
          seal = { domain = \"bank.example\", selector = \"s1\", authserv-id = \"mx.bank.example\", results = \"spf=pass\",
                   instance = 7, cv = \"fail\", headers = [\"From\"], sealed-at = \"-1h\", seal-tags = \"h=From\" } },
    ]";
    let recipe = message(TAMPER, hops);
    assert_eq!((recipe.signatures().count(), recipe.changes().count(), recipe.seals().count()), (1, 1, 2));
    let [usual, other] = recipe.seals().collect::<Vec<_>>()[..] else { panic!("two seals") };
    assert_eq!((usual.authserv_id.as_str(), usual.results.as_str(), usual.instance), ("bank.example", "none", None));
    assert_eq!((other.authserv_id.as_str(), other.instance, other.sealed_at), ("mx.bank.example", Some(7), -3_600));
    assert_eq!((other.seal_tags.len(), other.signature_tags.len()), (1, 0));
}
