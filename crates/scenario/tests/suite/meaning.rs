//! What the form allows and the meaning does not: one thing spoiled, one fault told, in its place.

use crate::{
    diagnostics::{GOOD, messages},
    parse,
};

/// What is spoiled, how, the message (its beginning), and what its main label covers (empty: anything).
#[rustfmt::skip]
const FILE: &[(&str, &str, &str, &str)] = &[
    ("title =", "title ", "this is no TOML: ", ""),
    ("RFC 7208", concat!("RF", "C 72080"), concat!("RF", "C 72080 is not known here"), ""),
    ("label = \"control\"", "label = \"forged\"", "two transactions are called `forged`", "\"forged\""),
    ("label = \"control\"", "label = \"\"", "one line of text is needed here", "\"\""),
    ("\"192.0.2.10\" = ", "\"192.0.2.1000\" = ", "`192.0.2.1000` is not an IP address", "\"192.0.2.1000\""),
    ("\"192.0.2.10\" = ", "\"::1\" = \"a.example\"\n\"0::1\" = ", "::1 has two names", "\"0::1\""),
    ("outcome = { delivered = \"INBOX\" }", "spf = \"pass\"", "the transaction `forged` has no control", "\"rejected\""),
];

#[rustfmt::skip]
const ZONES: &[(&str, &str, &str, &str)] = &[
    ("[zone.\"bank", "[zone.\"-bank", "`-bank.example` is no domain name", "\"-bank.example\""),
    ("[ptr]", "[zone.\"a.gateway.example\"]\n[ptr]", "a.gateway.example belongs to the gateways", "\"a.gateway.example\""),
    ("[ptr]", "[zone.\"example\"]\n[ptr]", "example belongs to the gateways", "\"example\""),
    ("[ptr]", "[zone.\"Bank.Example\"]\n[ptr]", "the zone bank.example is declared twice", "\"Bank.Example\""),
    ("[ptr]", "[zone.\"mail.bank.example\"]\n[ptr]", "mail.bank.example is declared in two zones", "mail IN A 192.0.2.10"),
    ("[ptr]", "[zone.\"slow.bank.example\"]\n[ptr]", "slow.bank.example is declared in two zones", "\"slow\""),
    ("[ptr]", "[zone.\"s1._domainkey.bank.example\"]\n[ptr]", "s1._domainkey.bank.example is declared in two zones", "s1"),
    ("mail IN A", "@ IN TXT \"v=spf1 ?all\"\nmail IN A", "bank.example has two SPF records", "@ IN TXT \"v=spf1 ?all\""),
    ("mail IN A", "s1._domainkey IN TXT \"p=\"\nmail IN A", "s1._domainkey.bank.example has two DKIM key records", "s1._domainkey IN TXT \"p=\""),
    ("mail IN A", "www IN A 192.0.2.9\nmail IN A", "www.bank.example has a CNAME record and other data", "www  IN CNAME mail"),
    ("www  IN CNAME", "@ IN CNAME", "bank.example has a CNAME record and other data", "@ IN CNAME mail"),
    ("mail IN A", "mail IN AA", "this record cannot be read: ", "mail IN AA 192.0.2.10"),
    ("mail IN A", "@ IN TXT v=DMARC1; p=none\nmail IN A", "a text without double quotes may lose something", "@ IN TXT v=DMARC1; p=none"),
    ("[ptr]", "[zone.\"a.bank.example\"]\ndnssec = \"signed\"\n[ptr]", "a.bank.example cannot be signed below bank.example", "\"a.bank.example\""),
    ("dkim.s2", "dkim.S1", "the selector `S1` is declared twice", "S1"),
    ("bits = 2048", "algorithm = \"ed25519-sha256\", bits = 2048", "an Ed25519 key has one size only", "2048"),
    ("name = \"slow\"", "name = \"slow.other.example.\"", "slow.other.example lies outside the zone bank.example", "\"slow.other.example.\""),
    ("name = \"slow\"", "name = \"slow.bank.example\"", "`slow.bank.example` is read as `slow.bank.example.bank.example`", "\"slow.bank.example\""),
    (", seconds = 5", "", "a delay needs `seconds`", "\"delay\""),
    ("\"delay\"", "\"refused\"", "`seconds` is for a delay", "5"),
    ("\"delay\"", "\"late\"", "`late` is not a wrong answer", "\"late\""),
    ("type = \"A\"", "type = \"AB\"", "`AB` is not a record type", "\"AB\""),
    ("mx = \"mail", "mx = \"first mail", "`first mail.bank.example` is not a mail exchange", "\"first mail.bank.example\""),
];

#[rustfmt::skip]
const TRANSACTIONS: &[(&str, &str, &str, &str)] = &[
    ("client = {", "via = { submission = { login = \"carol@sender.example\", tls = \"implicit\" } }\nclient = {",
        "a transaction has `client` or `via`, not both", "{ ip = \"198.51.100.66\", ehlo = \"mail.attacker.example\" }"),
    ("client = { ip = \"198.51.100.66\", ehlo = \"mail.attacker.example\" }", "", "nobody brings this message", "[[transaction]]"),
    ("198.51.100.66", "127.0.0.1", "nobody can connect from 127.0.0.1", "\"127.0.0.1\""),
    ("\"198.51.100.66\"", "\"::ffff:198.51.100.66\"", "nobody can connect from ::ffff:198.51.100.66", "\"::ffff:198.51.100.66\""),
    ("\"198.51.100.66\"", "\"203.0.113.30\"", "203.0.113.30 belongs to the gateways", "\"203.0.113.30\""),
    ("billing@bank.example", "\\\"a\\r\\nRSET\\\"@bank.example", "`\\\"a\\r\\nRSET\\\"@bank.example` is not a mail address", ""),
    ("ehlo = \"mail.attacker", "helo = \"x\", ehlo = \"mail.attacker", "a client says EHLO or HELO, not both", "\"x\""),
    ("ehlo = \"mail.attacker.example\"", "tls = \"starttls\", helo = \"x\"", "a client that says HELO is offered no STARTTLS", "\"starttls\""),
    ("billing@bank", "billing at bank", "`billing at bank.example` is not a mail address", "\"billing at bank.example\""),
    ("login = \"carol@", "login = \"karol@", "nobody logs in as `karol@sender.example`", "\"karol@sender.example\""),
    ("alice@gateway", "alice@gatewey", "nobody receives mail for gatewey.example", "\"alice@gatewey.example\""),
    ("domain = \"bank", "domain = \"bang", "no zone bang.example to sign for", "\"bang.example\""),
    ("selector = \"s1\"", "selector = \"s3\"", "bank.example has no selector `s3`", "\"s3\""),
    ("selector = \"s1\"", "selector = \"s1\", sha1 = true", "there is no Ed25519 signature with SHA-1", "true"),
    ("selector = \"s1\"", "selector = \"s1\", tags = \" ;; \"", "no tag is in this list", "\" ;; \""),
    ("tamper = [", "hop = []\ntamper = [", "`hop` is empty", "[]"),
    ("tamper = [", "hop = [{}]\ntamper = [", "`hop` is empty", "{}"),
    ("tamper = [", "hop = [{ sign = [] }]\ntamper = [", "this hop does nothing to the message", "{ sign = [] }"),
    ("tamper = [", "hop = [{ seal = { domain = \"bang.example\", selector = \"s1\" } }]\ntamper = [",
        "no zone bang.example to sign for", "\"bang.example\""),
    ("tamper = [", "hop = [{ seal = { domain = \"bank.example\", selector = \"s3\" } }]\ntamper = [",
        "bank.example has no selector `s3`", "\"s3\""),
    ("tamper = [", "hop = [{ seal = { domain = \"bank.example\", selector = \"s1\", cv = \"good\" } }]\ntamper = [",
        "`good` is not an ARC result", "\"good\""),
    ("tamper = [", "hop = [{ tamper = [{ remove-header = \"ARC-Seal\" }] }]\ntamper = [",
        "the message has no ARC-Seal field to change", "\"ARC-Seal\""),
    ("\"P.S.\"", "{ raw = '\\q' }", "`\\q` is no escape", ""),
    ("{ append-body = \"P.S.\" }", "{ prepend-header = { raw = 'X-\\xff: y' } }", "`X-\u{fffd}: y` is not a header field", ""),
    ("{ append-body = \"P.S.\" }", "{ replace = { find = { raw = '' }, with = \"x\" } }", "the text is empty", ""),
    ("{ append-body = \"P.S.\" }", "{ remove-header = \"Subjekt\" }", "the message has no Subjekt field to change", "\"Subjekt\""),
];

#[rustfmt::skip]
const CLAIMS: &[(&str, &str, &str, &str)] = &[
    ("\"5.7.1\"", "\"4.7.1\"", "a 550 reply cannot have the enhanced status code 4.7.1", "\"4.7.1\""),
    ("code = 550, enhanced = \"5.7.1\"", "code = 250", "a message cannot be rejected after a 250 reply", "\"rejected\""),
    ("code = 550, enhanced = \"5.7.1\"", "code = 451", "a message cannot be rejected after a 451 reply", "\"rejected\""),
    ("outcome = \"rejected\"", "outcome = \"delivered\"", "a message cannot be delivered after a 550 reply", "\"delivered\""),
    ("spf = \"fail\"", "handshake = { version = \"TLSv1.2\" }", "a client that asks for no TLS cannot get TLSv1.2", "{ version = \"TLSv1.2\" }"),
    ("version = \"TLSv1.3\"", "version = \"none\", peer = \"trusted\"", "a connection without TLS has no suite, group or certificate", "\"none\""),
    ("{ pass = \"bank.example\" }", "{}", "`dkim` claims nothing", "{}"),
    ("{ pass = \"bank.example\" }", "{ pass = { selector = \"s1\" } }", "a signer needs `domain`", "{ selector = \"s1\" }"),
    ("{ pass = \"bank.example\" }", "{ pass = { domain = \"bank.example\", algorithm = \"rsa-sha512\" } }",
        "`rsa-sha512` is not an algorithm of signatures", "\"rsa-sha512\""),
    ("spf = \"fail\"", "opinion = { arc = \"neutral\" }", "`neutral` is not an ARC result", "\"neutral\""),
    ("spf = \"fail\"", "questions = { asked = [\"bank.example T-T\"] }", "`bank.example T-T` is not a question to the DNS", "\"bank.example T-T\""),
    ("spf = \"fail\"", "questions = { asked = [\"bank.example \"] }", "`bank.example ` is not a question to the DNS", "\"bank.example \""),
    ("spf = \"fail\"", "questions = { asked = [\" TXT\"] }", "` TXT` is not a question to the DNS", "\" TXT\""),
    ("spf = \"fail\"", "questions = { asked = [\"bank.example\"] }", "`bank.example` is not a question to the DNS", "\"bank.example\""),
    ("spf = \"fail\"", "result = { method = \"dmarc\", properties = { \"header.fr!om\" = \"y\" } }", "`header.fr!om` is not a property of a result", ""),
    ("spf = \"fail\"", "result = { method = \"dmarc\", properties = { \"header.\" = \"y\" } }", "`header.` is not a property of a result", ""),
    ("spf = \"fail\"", "result = { method = \"dmarc\", properties = { \".from\" = \"y\" } }", "`.from` is not a property of a result", ""),
    ("spf = \"fail\"", "result = { method = \"dmarc\", properties = { \"header\" = \"y\" } }", "`header` is not a property of a result", ""),
    ("spf = \"fail\"", "opinion = {}", "`opinion` is empty", "{}"),
];

fn each_is_told(spoiled: &[(&str, &str, &str, &str)]) {
    for (from, to, message, place) in spoiled {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let faults = parse(&text).map(|_| ()).expect_err(to);
        let said = messages(&faults, &text);
        assert!(
            said.iter().any(|(said, at)| said.starts_with(message) && (place.is_empty() || at == place)),
            "{to}: {said:?}"
        );
        assert!(said.len() == 1 || to.contains("-bank"), "{to}: {said:?}");
    }
}

#[test]
fn faults_of_the_file() {
    each_is_told(FILE);
}

#[test]
fn faults_of_zones() {
    each_is_told(ZONES);
}

#[test]
fn faults_of_transactions() {
    each_is_told(TRANSACTIONS);
}

#[test]
fn faults_of_claims() {
    each_is_told(CLAIMS);
}
