//! What a scenario presupposes of the gateway.

use crate::{diagnostics::messages, parse, whole, world};
use plan::{Source, World};

const MAIL: &str = r#"
[[transaction]]
client    = { ip = "192.0.2.10", ehlo = "mail.bank.example" }
mail-from = "billing@bank.example"
rcpt-to   = ["{alice}"]
message   = "From: billing@bank.example\n\nHello.\n"
expect    = { spf = "none", outcome = { delivered = "INBOX" } }
"#;

fn needs(text: &str) -> Vec<String> {
    parse(text).unwrap().needs.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_used_or_claimed_is_needed() {
    assert_eq!(needs(&format!("title = \"x\"{MAIL}")), ["spf"]);
    let probe = "title = \"x\"\n[[probe]]\nservice = \"pop3s\"\nexpect = { key = \"RSA 2048\" }\n";
    assert_eq!(needs(probe), ["pop3s"]);
    let setting = "title = \"x\"\n[setting]\ndovecot.ssl_min_protocol = \"TLSv1\"\nexpect = { taken = true }\n";
    assert_eq!(needs(setting), ["dovecot"]);
    assert_eq!(needs(&format!("needs = [\"dovecot >= 2.4\"]\n{setting}")), ["dovecot >= 2.4"], "the version says more");
    let attack = MAIL.replace("spf = \"none\", ", "");
    let control = |result: &str| {
        MAIL.replace("[[transaction]]", "[[transaction]]\nlabel = \"control\"").replace("spf = \"none\"", result)
    };
    let with = |result: &str| needs(&format!("title = \"x\"{attack}{}", control(result)));
    assert_eq!(with("spf = \"pass\""), Vec::<String>::new(), "the control's result is not what it is about");
    assert_eq!(with("spf = \"fail\""), ["spf"]);
    let login = |login: &str, tls: &str| {
        let via = format!("via = {{ submission = {{ login = \"{login}\", tls = \"{tls}\" }} }}");
        let client = "client    = { ip = \"192.0.2.10\", ehlo = \"mail.bank.example\" }";
        let mail = MAIL.replace(client, &via).replace("billing@bank.example", login).replace("spf = \"none\", ", "");
        needs(&format!("title = \"x\"{mail}"))
    };
    assert_eq!(login("alice@gateway.example", "starttls"), ["submission", "login"]);
    assert_eq!(login("alice@gateway.example", "implicit"), ["submissions", "login"]);
    assert_eq!(login("carol@sender.example", "starttls"), Vec::<String>::new(), "that is the peer's, which has it");
}

#[test]
fn a_need_that_nobody_has_is_a_flaw() {
    let text = format!("title = \"x\"\nneeds = [\"exchange\", \"dovecot > 2\"]{MAIL}");
    let told = messages(&parse(&text).unwrap_err(), &text);
    for (told, word) in told.iter().zip(["exchange", "dovecot > 2"]) {
        assert_eq!(*told, (format!("`{word}` is nothing that a gateway has"), format!("\"{word}\"")));
    }
    assert_eq!(told.len(), 2);
}

#[test]
fn a_role_that_nobody_has_makes_a_file_inapplicable_and_not_wrong() {
    let text = format!("title = \"x\"{}", MAIL.replace("{alice}", "{bob}"));
    assert_eq!(whole(&text).unwrap().plan.lacks, Vec::<String>::new());
    let source = Source { name: "a/b".to_owned(), path: "b.toml".to_owned(), text };
    let plan = scenario::parse(source, &World { bob: None, ..world() }).unwrap().plan;
    assert_eq!(plan.lacks, ["it has no second user"]);
}
