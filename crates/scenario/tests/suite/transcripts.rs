//! Dialogues that are written out, and envelopes that no RFC allows.

use crate::{
    diagnostics::{GOOD, messages},
    parse,
};
use plan::{Origin, Piece, Plan, Sent, Step, Tls, Transaction};

fn text(dialogue: &str, more: &str) -> String {
    format!("title = \"x\"\n[[transaction]]\nclient = {{ ip = \"192.0.2.10\" }}\ndialogue = '''\n{dialogue}'''\n{more}")
}

fn told(dialogue: &str, more: &str) -> Vec<(String, String)> {
    let text = text(dialogue, more);
    messages(&parse(&text).map(|_| ()).expect_err(dialogue), &text)
}

fn transaction(dialogue: &str, more: &str) -> Transaction {
    let plan: Plan = parse(&text(dialogue, more)).unwrap_or_else(|faults| panic!("{:?}", faults.flaws()));
    plan.transactions.into_iter().next().unwrap()
}

fn sent(transaction: &Transaction) -> Vec<&Sent> {
    let steps = transaction.dialogue.iter().flat_map(|dialogue| &dialogue.steps);
    steps.filter_map(|step| if let Step::Send(sent) = step { Some(sent) } else { None }).collect()
}

fn answers(transaction: &Transaction) -> Vec<&str> {
    sent(transaction).iter().flat_map(|sent| &sent.answers).map(String::as_str).collect()
}

const MESSAGE: &str = "message = \"Subject: x\\n\\nx\\n\"\n";

#[test]
fn a_dialogue_says_envelope_hello_and_tls_itself() {
    let dialogue = "S: 220\nC: EHLO x); y\nS: 2xx\nC: STARTTLS\nS: 220\n-- TLS --\nC: HELO z\nS: *\n\
        C: MAIL FROM:<\"a>b\"@bank.example> SIZE=9\nC: RCPT TO:<alice@gateway.example>\nC: RCPT TO:<postmaster>\nC: DATA\n\
        S: 250\nS: 250\nS: 250 2.1.5\nS: 354\nC: {message}\nS: 250\n";
    let read = transaction(dialogue, MESSAGE);
    assert_eq!(read.mail_from.value.to_string(), "\"a>b\"@bank.example");
    assert_eq!(read.rcpt_to.iter().map(|to| to.value.to_string()).collect::<Vec<_>>(), ["alice@gateway.example"]);
    let Origin::Client(client) = &read.origin else { panic!() };
    assert_eq!((client.ehlo.value.as_str(), client.tls), ("z", Tls::Starttls));
    let expected = ["ehlo", "starttls", "ehlo", "mail-from", "rcpt-to", "octets", "data", "end-of-data"];
    assert_eq!(answers(&read), expected);
    assert_eq!(sent(&read)[0].octets("", b""), b"EHLO x); y\r\n");
    assert_eq!(sent(&read).last().unwrap().pieces, [Piece::Message]);
}

#[test]
fn the_mail_with_the_message_is_the_transactions_own() {
    let dialogue = "S: 220\nC: EHLO x\nS: 250\nC: MAIL FROM:<a@bank.example>\nS: 250\nC: RCPT TO:<bob@gateway.example>\nS: 250\n\
        C: RSET\nS: 250\nC: MAIL FROM:<b@bank.example>\nC: RCPT TO:<alice@gateway.example>\nC: DATA\nS: 250\nS: 250\nS: 354\n\
        C: {message}\nS: 250\nC: MAIL FROM:<c@bank.example>\nS: 250\nC: QUIT\nS: 221\n";
    let read = transaction(dialogue, MESSAGE);
    assert_eq!(read.mail_from.value.to_string(), "b@bank.example");
    assert_eq!(
        answers(&read),
        ["ehlo", "octets", "octets", "octets", "mail-from", "rcpt-to", "data", "end-of-data", "octets", "quit"]
    );
}

#[test]
fn octets_chunks_and_lines_without_end() {
    let dialogue = r"S: 220
C: MAIL FROM:<a@bank.example>\r\nRCPT TO:<alice@gateway.example>
C: NO\c
C: OP \x00\xff\\
C: BDAT 7
C: .\r\n\r\n
C: BDAT {size} LAST
C: {message:raw}
S: *
-- close --
";
    let read = transaction(dialogue, MESSAGE);
    assert_eq!(answers(&read), ["mail-from", "rcpt-to", "octets", "octets", "end-of-data"]);
    let octets: Vec<u8> = sent(&read)[1..].iter().flat_map(|sent| sent.octets("n", b"m\r\n")).collect();
    assert_eq!(octets, b"NOOP \x00\xff\\\r\nBDAT 7\r\n.\r\n\r\n\r\nBDAT 3 LAST\r\nm\r\n");
}

#[test]
fn a_refused_data_is_followed_by_commands() {
    let dialogue = "S: 220\nC: DATA\nS: 503\nC: NOOP\nS: 250\n";
    assert_eq!(answers(&transaction(dialogue, "")), ["data", "octets"]);
}

#[test]
fn recipients_may_be_named_beside_the_dialogue() {
    let dialogue =
        "S: 220\nC: MAIL FROM:<>\nC: RCPT TO:<postmaster>\nC: DATA\nS: 250\nS: 250\nS: 354\nC: {message}\nS: 250\n";
    let read = transaction(dialogue, &format!("{MESSAGE}rcpt-to = ['alice@gateway.example']\n"));
    assert_eq!(answers(&read)[1], "rcpt-to");
    assert_eq!(read.rcpt_to[0].value.to_string(), "alice@gateway.example");
}

#[test]
fn every_fault_of_a_dialogue_is_told_in_its_line() {
    let dialogue = r"S: 220
hello
C: \q
S: 25
C: {mesage}
- TLS --
--TLS--
";
    let expected = [
        ("`hello` is no line of a dialogue", "hello"),
        ("`\\q` is no escape", "\\q"),
        ("`25` is no reply code", "S: 25"),
        ("`{mesage}` stands for nothing", "{mesage}"),
        ("`- TLS --` is no line of a dialogue", "- TLS --"),
        ("`--TLS--` is no line of a dialogue", "--TLS--"),
    ];
    assert_eq!(told(dialogue, ""), expected.map(|(message, at)| (message.to_owned(), at.to_owned())));
    let of = |dialogue: &str, more: &str| told(dialogue, more)[0].0.clone();
    assert_eq!(of("", ""), "this dialogue says nothing");
    assert_eq!(of("C: {message}\n", MESSAGE), "nobody said DATA before this message");
    assert_eq!(of("C: DATA\nC: {message}\n", ""), "the dialogue sends a message, and there is none");
    assert_eq!(of("C: NOOP\n", MESSAGE), "the message is not sent");
    assert_eq!(of("-- close --\nC: NOOP\n", ""), "nothing can be said behind `-- close --`");
    assert_eq!(of("C: DATA\nC: {message}\nC: {message:raw}\n", MESSAGE), "the message stands twice in this dialogue");
    assert_eq!(of("C: NOOP\n", "rcpt-to = ['a@gateway.example']\n"), "the dialogue has 0 recipients, `rcpt-to` has 1");
}

#[test]
fn paths_may_be_raw() {
    let from = r#"mail-from = { raw = '<"x); dkim=pass header.d=bank.example (y"@attacker.example> SIZE=1\x80' }"#;
    let to = r#"rcpt-to = [{ raw = '<ALICE@gateway.example>' }, { raw = '<postmaster>', mailbox = "alice@gateway.example" }]"#;
    let text = GOOD.replacen("mail-from = \"billing@bank.example\"", from, 1);
    let text = text.replacen("rcpt-to = [\"alice@gateway.example\"]", to, 1);
    let read = parse(&text).unwrap_or_else(|faults| panic!("{:?}", faults.flaws())).transactions.remove(0);
    assert!(read.mail_from.octets().ends_with(b"y\"@attacker.example> SIZE=1\x80"));
    assert_eq!(read.mail_from.value.address().unwrap().domain().as_str(), "attacker.example");
    assert_eq!(
        (read.rcpt_to[1].octets(), read.rcpt_to[1].value.to_string()),
        (b"<postmaster>".to_vec(), "alice@gateway.example".to_owned())
    );
    let text = GOOD.replacen("[\"alice@gateway.example\"]", "[{ raw = '<postmaster>' }]", 1);
    assert_eq!(messages(&parse(&text).unwrap_err(), &text)[0].0, "this forward-path has no address in it");
}

fn many(table: &str, claims: &str) -> Plan {
    let text = format!(
        "title = \"x\"\n[[transaction]]\n{table}client = {{ ip = \"192.0.2.10\", ehlo = \"{{word}}.bank.example\" }}\n\
         mail-from = \"{{word}}@bank.example\"\nrcpt-to = [{{ count = 3, pattern = \"user{{n}}@gateway.example\" }}]\n\
         message = \"Subject: {{word}}\\n\\n\"\nbody = {{ octets = 1000 }}\nexpect = {{ {claims} }}\n"
    );
    parse(&text).unwrap_or_else(|faults| panic!("{:?}", faults.flaws()))
}

#[test]
fn one_table_makes_a_transaction_for_each_value() {
    let plan = many(
        "label = \"as {word}\"\neach = { word = [\"a\", \"b\"], code = [\"5.7.1\", \"5.7.2\"] }\n",
        "spf = \"none\"",
    );
    let labels: Vec<&str> = plan.transactions.iter().map(|t| t.label.as_str()).collect();
    assert_eq!(labels, ["as a", "as b"]);
    let second = &plan.transactions[1];
    assert_eq!(second.mail_from.value.to_string(), "b@bank.example");
    assert!(second.message.text.value.0.starts_with(b"Subject: b\n\n"));
    assert_eq!(second.rcpt_to.iter().map(|to| to.value.to_string()).next_back().unwrap(), "user3@gateway.example");
}

#[test]
fn a_body_has_as_many_octets_as_it_should() {
    for octets in [2_usize, 78, 79, 80, 1000] {
        let text = GOOD.replacen("tamper = [", &format!("body = {{ octets = {octets} }}\ntamper = ["), 1);
        let plan = parse(&text).unwrap();
        let bare = parse(GOOD).unwrap();
        let length = |plan: &Plan| plan.transactions[0].message.text.value.replace("\n", "\r\n").len();
        assert_eq!(length(&plan) - length(&bare), octets);
    }
}

#[test]
fn values_that_do_not_go_hand_in_hand_are_told() {
    let each = "each = { a = [\"1\", \"2\"], b = [\"1\"] }\n";
    let text = GOOD.replacen("label = \"forged\"", &format!("label = \"forged\"\n{each}"), 1);
    assert_eq!(messages(&parse(&text).unwrap_err(), &text)[0].0, "`b` has 1 values, `a` has 2");
    let text = GOOD.replacen("[\"alice@gateway.example\"]", "[{ count = 2, pattern = \"a@gateway.example\" }]", 1);
    assert_eq!(messages(&parse(&text).unwrap_err(), &text)[0].0, "all these recipients are the same");
}
