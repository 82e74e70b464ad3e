//! Whose mail it is: recipients as they are planned, and as programs write them.

use super::*;

#[test]
fn recipients_are_those_of_the_plan_however_they_are_written() {
    for (planned, logged) in [
        ("ALICE@y.example", "to=<ALICE@y.example>"),
        ("\"alice\"@y.example", "to=<alice@y.example>"),
        ("postmaster@y.example", "to=<alice@y.example>, orig_to=<postmaster@y.example>"),
    ] {
        let delivery =
            format!("postfix/lmtp: 3F1A2B4C51: {logged}, relay=s[10.0.0.1]:24, delay=1, status=sent (250 ok)");
        let index = at_mx(&[
            "postfix/smtpd: connect from x[192.0.2.10]",
            "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
            "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
            &delivery,
        ]);
        let account = index.account(&track("mp0000000000000001", "192.0.2.10", "x", "a@x.example", &[planned]));
        assert_eq!(account.objects[0].object.fates[0].recipient.to_string(), planned);
    }
}

#[test]
fn an_alias_that_was_replaced_before_a_filter_is_the_recipient_still() {
    let index = at_mx(&[
        "postfix/smtpd: connect from x[192.0.2.10]",
        "postfix/smtpd: 3F1A2B4C51: client=x[192.0.2.10]",
        "postfix/cleanup: 3F1A2B4C51: message-id=<mp0000000000000001@x.example>",
        "postfix/smtpd: 3F1A2B4C52: client=localhost[127.0.0.1]",
        "postfix/cleanup: 3F1A2B4C52: message-id=<mp0000000000000001@x.example>",
        "postfix/smtp-amavis/smtp: 3F1A2B4C51: to=<alice@y.example>, orig_to=<postmaster@y.example>, relay=127.0.0.1[127.0.0.1]:10024, \
         delay=1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3F1A2B4C52)",
        "postfix/lmtp: 3F1A2B4C52: to=<alice@y.example>, relay=s[/run/dovecot/lmtp], delay=1, dsn=2.0.0, \
         status=sent (250 2.0.0 <alice@y.example> QV5zNG1BDmv3AQAAbzCK2w Saved)",
    ]);
    let account =
        index.account(&track("mp0000000000000001", "192.0.2.10", "x", "a@x.example", &["postmaster@y.example"]));
    let stored = &account.objects[0].stored;
    assert_eq!(stored.len(), 1, "{account:#?}");
    assert_eq!((stored[0].recipient.as_str(), stored[0].to.as_str()), ("postmaster@y.example", "alice@y.example"));
}
