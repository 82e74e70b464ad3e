//! One scenario with every table that is not about zones and inbound mail: to be read, and to be spoiled by other tests.

use crate::{diagnostics::messages, parse};

/// A scenario without a fault.
pub(crate) const GOOD: &str = r#"title = "Mail goes out, protected"
cites = ["RFC 8461 §5"]

[setting]
postfix = { smtpd_tls_security_level = "", smtp_tls_loglevel = "2" }
dovecot = { ssl_min_protocol = "TLSv1" }
unset   = { postfix = ["smtpd_tls_protocols"], dovecot = [] }

[setting.expect]
taken = true
says  = ["unused", "deprecated"]

[zone."partner.example"]
dnssec  = "signed"
mx      = ["10 mx.partner.example", "20 mx2.partner.example"]
mta-sts = "v=STSv1; id=20261124;"
tls-rpt = "v=TLSRPTv1; rua=mailto:tls@partner.example"

[zone."_tcp.mx.partner.example"]
dnssec = "bogus"

[host."mx.partner.example"]
ip   = ["198.51.100.25", "2001:db8:25::25"]
tlsa = ["3 1 1", "2 0 1", "3 1 1 issue 2", "3 1 1 wrong", "255 9 7"]
smtp = { starttls = { refused = 454 }, certificate = { key = "rsa2048", issue = 2, names = ["*.partner.example"] } }

[host."mx2.partner.example"]
ip   = "198.51.100.26"
smtp = { versions = ["TLSv1.1", "TLSv1"], on-the-wire = "swap-certificate", end-of-data = "451 4.3.0 later" }

[host."mta-sts.partner.example"]
ip    = "198.51.100.27"
https = { certificate = "expired", status = 404, media-type = "text/html", policy = """
version: STSv1
mode: enforce
""" }

[[lookup]]
name = "s1._domainkey.partner.example"
type = "txt"
[lookup.expect]
rcode     = "NOERROR"
contains  = "v=DKIM1"
authentic = true
lint      = ["dkim-key-weak"]

[[lookup]]
label = "nothing there"
name  = "www.partner.example"
type  = "A"
[lookup.expect]
rcode     = "NXDOMAIN"
records   = []
authentic = true
lint      = []

[[probe]]
service = "imap"
[probe.expect]
starttls  = "required"
versions  = ["TLSv1.2", "TLSv1.3"]
takes     = ["X25519MLKEM768", "TLS_AES_256_GCM_SHA384"]
refuses   = ["NULL", "anonymous", "export", "3DES", "RC4", "CBC", "static-RSA", "AES128-SHA", "ffdhe2048"]
order     = "server"
dh-bits   = 2048
peer      = "verified"
key       = "EC P-256"
profile   = "mozilla-intermediate"
login     = "refused"
injection = "dropped"
has       = ["tickets", "resumption"]
has-not   = ["early-data"]
tlsa      = "none"

[[probe]]
service     = "imap"
server-name = "other.example"
expect      = { versions = ["SSLv3"] }

[[probe]]
label   = "in the clear"
service = "smtp"
expect  = { starttls = "absent", versions = [] }

[[tls-report]]
domain = "partner.example"
expect = { policy = "sts", successful = 1, failed = 2, results = ["sts-policy-fetch-error", "validation-failure"] }

[[transaction]]
label     = "out"
via       = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "Subject: Lunch\n\nAt noon?\n"
[transaction.expect]
outcome   = "delivered"
handshake = { version = "TLSv1.3", peer = "verified" }
arrived   = "mx2.partner.example"
offered   = ["TLSv1.2", "TLSv1.3"]
fetched   = true

[[transaction]]
label     = "waits"
via       = { submission = { login = "alice@gateway.example", tls = "starttls" } }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "Subject: Lunch\n\nAt noon?\n"
expect    = { outcome = "deferred", fetched = false }
[transaction.change.zone."partner.example"]
dnssec = "signed"
mx     = "mx2.partner.example"
[transaction.change.host."mx2.partner.example"]
ip   = "198.51.100.26"
smtp = { certificate = "self-signed" }

[[transaction]]
label     = "in"
client    = { ip = "192.0.2.10", ehlo = "mail.partner.example" }
mail-from = "bob@partner.example"
rcpt-to   = ["alice@gateway.example"]
message   = "Subject: Lunch\n\nNo, at one.\n"
expect    = { outcome = { delivered = "INBOX" }, handshake = { version = "none" }, received = "as-negotiated" }
"#;

/// What the form forbids: the reader and the schema must both see it, the reader as one fault.
pub(crate) const FORM: &[(&str, &str)] = &[
    ("smtpd_tls_security_level = \"\"", "smtpd_tls_security_level = 1"),
    ("smtpd_tls_security_level = \"\"", "\"rm -rf\" = \"\""),
    ("smtpd_tls_security_level = \"\"", "\"submission/inet/\" = \"\""),
    ("ssl_min_protocol = \"TLSv1\"", "\"protocol imap { /ssl\" = \"no\""),
    ("smtpd_tls_security_level = \"\"", "smtpd_tls_security_level = \"a\\nb\""),
    ("dovecot = []", "dovecott = []"),
    ("taken = true", "taken = \"yes\""),
    ("says  = [\"unused\", \"deprecated\"]", "says  = []"),
    ("ip   = [\"198.51.100.25\", \"2001:db8:25::25\"]", "ip   = []"),
    ("ip   = [\"198.51.100.25\", \"2001:db8:25::25\"]", ""),
    ("\"2 0 1\"", "\"2 0\""),
    ("refused = 454", "refused = 250"),
    ("{ refused = 454 }", "{}"),
    ("{ refused = 454 }", "\"offerd\""),
    ("issue = 2", "issue = 0"),
    ("key = \"rsa2048\"", "key = \"rsa1024\""),
    ("[\"TLSv1.1\", \"TLSv1\"]", "[\"SSLv3\"]"),
    ("\"swap-certificate\"", "\"swap\""),
    ("\"451 4.3.0 later\"", "\"354 go ahead\""),
    ("\"451 4.3.0 later\"", "\"451\""),
    ("status = 404", "status = 99"),
    ("certificate = \"expired\"", "certificate = \"old\""),
    ("rcode     = \"NOERROR\"", "rcode     = \"NOERR\""),
    ("\"dkim-key-weak\"", "\"DKIM weak\""),
    ("contains  = \"v=DKIM1\"", "contains  = \"\""),
    ("type = \"txt\"", "type = \"t x t\""),
    ("starttls  = \"required\"", "starttls  = \"wanted\""),
    ("order     = \"server\"", "order     = \"mine\""),
    ("dh-bits   = 2048", "dh-bits   = 0"),
    ("peer      = \"verified\"", "peer      = \"good\""),
    ("key       = \"EC P-256\"", "key       = \"P-256\""),
    ("\"EC P-256\"", "\"RSA 02048\""),
    ("login     = \"refused\"", "login     = \"ok\""),
    ("injection = \"dropped\"", "injection = \"lost\""),
    ("has       = [\"tickets\", \"resumption\"]", "has       = [\"ticket\"]"),
    ("tlsa      = \"none\"", "tlsa      = \"no\""),
    ("expect      = { versions = [\"SSLv3\"] }", "expect      = {}"),
    ("expect      = { versions = [\"SSLv3\"] }", ""),
    ("service     = \"imap\"", "service     = \"imap4\""),
    ("\"validation-failure\"", "\"failure\""),
    ("policy = \"sts\"", "policy = \"mta-sts\""),
    ("successful = 1", "successful = -1"),
    ("offered   = [\"TLSv1.2\", \"TLSv1.3\"]", "offered   = []"),
    ("fetched   = true", "fetched   = \"yes\""),
    ("received = \"as-negotiated\"", "received = \"negotiated\""),
    ("sendmail = true", "sendmail = \"true\""),
];

/// A file from the good one.
pub(crate) fn spoiled(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// What is spoiled, how, the message of the only fault (its beginning), and what its main label covers.
pub(crate) fn each_is_told(faults: &[(&str, &str, &str, &str)]) {
    for (from, to, message, place) in faults {
        let text = spoiled(from, to);
        let faults = parse(&text).map(|_| ()).expect_err(to);
        let said = messages(&faults, &text);
        assert!(said.len() == 1 && said[0].0.starts_with(message) && said[0].1 == *place, "{to}: {said:?}");
        let flaw = &faults.flaws()[0];
        assert!(flaw.help.is_some(), "what to do is not said: {flaw:?}");
    }
}

#[test]
fn the_good_one_is_good() {
    let plan = parse(GOOD).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)));
    let counts = (plan.hosts.len(), plan.lookups.len(), plan.probes.len(), plan.reports.len(), plan.transactions.len());
    assert_eq!(counts, (3, 2, 3, 1, 3));
}

#[test]
fn a_wrong_value_is_one_fault() {
    for (from, to) in FORM {
        let text = spoiled(from, to);
        let faults = parse(&text).map(|_| ()).expect_err(to);
        assert_eq!(faults.flaws().len(), 1, "{to}: {:?}", faults.flaws());
    }
}
