//! The names of one gateway put in the place of another's, role by role, so that what two gateways did can be compared where they
//! differ in name only.

use crate::Role;

/// What stands in the place of which text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    /// From what to what, and whether it is a local part; the longest first.
    pairs: Vec<(String, String, bool)>,
    /// Names that cannot be put in place, and why, a sentence each.
    pub doubts: Vec<String>,
}

/// Roles that are parts of other ones, too short to be known in a text.
const PARTS: [&str; 2] = ["{authserv-id.label}", "{authserv-id.rest}"];

impl Renames {
    /// By which the names that `from` has for roles become those that `to` has. A role that either lacks is left alone, and so is a
    /// name that would have to become two.
    #[must_use]
    pub fn of(from: &[Role], to: &[Role]) -> Self {
        let mut renames = Self::default();
        let both = from.iter().zip(to).filter(|(one, other)| one.lack.is_none() && other.lack.is_none());
        let both: Vec<(&Role, &Role)> = both.filter(|(one, _)| !PARTS.contains(&one.written)).collect();
        for (one, other) in &both {
            let rival = both.iter().find(|(rival, becomes)| rival.text == one.text && becomes.text != other.text);
            if let Some((rival, _)) = rival {
                // each of the two finds the other, in capitals too: it is said once
                if one.written < rival.written && !one.written.contains(char::is_uppercase) {
                    let (text, first, second) = (&one.text, one.written, rival.written);
                    renames
                        .doubts
                        .push(format!("{text} is both {first} and {second}, which have two names on the other side"));
                }
                continue;
            }
            let is_local_part = one.written.to_ascii_lowercase().ends_with(".user}");
            let pair = (one.text.clone(), other.text.clone(), is_local_part);
            if one.text != other.text && !renames.pairs.contains(&pair) {
                renames.pairs.push(pair);
            }
        }
        renames.pairs.sort_by_key(|(from, ..)| std::cmp::Reverse(from.len()));
        renames
    }

    /// The text with all names put in place at once.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let found = self.pairs.iter().find(|(from, _, is_local_part)| {
                rest.strip_prefix(from.as_str())
                    .is_some_and(|after| stands_alone(&text[..text.len() - rest.len()], after, *is_local_part))
            });
            let length = match found {
                Some((from, to, _)) => {
                    renamed.push_str(to);
                    from.len()
                }
                None => {
                    renamed.push(next);
                    next.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        renamed
    }
}

/// Whether a name is a whole one between these: a name below a domain is one of its own, a longer name is another one. A local part
/// is known by what is behind it.
fn stands_alone(before: &str, after: &str, is_local_part: bool) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut after = after.chars();
    let (next, second) = (after.next(), after.next());
    // the code of a reply that goes on (RFC 5321 §4.2.1)
    let code = before.strip_suffix('-').and_then(|before| before.get(before.len().checked_sub(3)?..));
    let is_reply = code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()));
    let before = before.chars().next_back();
    if before.is_some_and(is_inside) && !is_reply {
        return false;
    }
    if is_local_part {
        let brackets = [(Some('<'), Some('>')), (Some('('), Some(')'))];
        return matches!(next, Some('@' | '+')) || brackets.contains(&(before, next));
    }
    let is_longer = next.is_some_and(is_inside) || (next == Some('.') && second.is_some_and(is_inside));
    !is_longer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn world(domain: &str, alice: &str, mx: &str, authserv_id: &str) -> World {
        World {
            gateway: vec![domain.parse().unwrap()],
            alice: Some(format!("{alice}@{domain}").parse().unwrap()),
            mx: Some((mx.parse().unwrap(), "203.0.113.25".parse().unwrap())),
            authserv_id: authserv_id.to_owned(),
            ..World::default()
        }
    }

    fn renames(from: &World, to: &World) -> Renames {
        Renames::of(&from.roles(), &to.roles())
    }

    #[test]
    fn what_differs_in_name_only_reads_the_same() {
        let from = world("club.example", "anna", "mail.club.example", "mail.club.example");
        let to = world("gateway.example", "alice", "mx.gateway.example", "mx.gateway.example");
        let renames = renames(&from, &to);
        assert_eq!(renames.doubts, Vec::<String>::new());
        assert_eq!(
            renames.apply(
                "C: RCPT TO:<anna@club.example> anna+x@club.example MAIL.CLUB.EXAMPLE store.club.example lmtp(anna) 250-mail.club.example"
            ),
            "C: RCPT TO:<alice@gateway.example> alice+x@gateway.example MX.GATEWAY.EXAMPLE store.gateway.example lmtp(alice) 250-mx.gateway.example"
        );
        for other in
            ["anna's", "anna is", "myclub.example", "club.example.org", "joanna@x.example", "mail.club.example2"]
        {
            assert_eq!(renames.apply(other), other);
        }
    }

    #[test]
    fn one_gateway_has_nothing_to_rename() {
        let one = world("club.example", "anna", "mail.club.example", "mail.club.example");
        assert_eq!(renames(&one, &one), Renames::default());
    }

    #[test]
    fn a_name_that_would_become_two_is_left_and_said() {
        let from = world("club.example", "anna", "mx.club.example", "club.example");
        let to = world("gateway.example", "anna", "mx.gateway.example", "mx.gateway.example");
        let renames = renames(&from, &to);
        assert_eq!(renames.apply("club.example mx.club.example"), "club.example mx.gateway.example");
        assert!(renames.doubts[0].contains("club.example is both {authserv-id} and {gateway}"), "{:?}", renames.doubts);
    }
}
