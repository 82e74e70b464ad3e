//! Mail objects as evidence: what the log says of each, and the copies that lie in mailboxes.

use crate::{OutgoingMail, Stack, StackError};
use evidence::{AuthResult, Delivered, FateStatus, MailObject, Sent};
use mail::{Address, Message, is_same_mailbox};
use maillog::{Account, Logged, Track};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;
use wire::Mark;

/// How long a message may take from the log's word that it is in a mailbox until it is seen there.
const APPEARING: Duration = Duration::from_secs(5);

impl Stack {
    /// Finds the copies of all mail objects of a transaction, and takes them out of the mailboxes.
    pub(crate) async fn collect(
        &self,
        account: Account,
        mail_out: &OutgoingMail<'_>,
        track: &Track,
    ) -> Result<Vec<MailObject>, StackError> {
        let mut account = account;
        // of a mail server whose log is not read its reply names the message
        if let ([first], [id]) = (account.objects.as_mut_slice(), track.queued.as_slice())
            && first.object.queue_ids.is_empty()
            && !account.settled
        {
            first.object.queue_ids.push(format!("{}/{id}", track.host));
        }
        let marks = marks(&account.objects, mail_out);
        let octets = mail_out.octets();
        let mut objects = Vec::new();
        for (logged, mark) in account.objects.into_iter().zip(&marks) {
            // what has only the nonce is the first one's, and so is what the log says nothing of
            let untold = if mark.nonce.is_some() { untold(&logged, track) } else { Vec::new() };
            let delivered = self.delivered(&logged, mark, track, &untold).await?;
            let is_lost = untold.iter().any(|recipient| !delivered.iter().any(|copy| copy.is_for(recipient)));
            let bounces = self.bounces(&logged, mark, mail_out, is_lost).await?;
            let sent = Sent { octets: &octets, peer: &track.peer, written: &logged.written };
            let id = &self.gateway().authserv_id;
            let in_header = delivered.iter().flat_map(|copy| evidence::results_of(&copy.message, &sent, id));
            let mut results: Vec<AuthResult> = in_header.chain(logged.object.results).collect();
            // other fields are asked where neither that field nor a log says anything
            let in_fields = delivered.iter().flat_map(|copy| evidence::results_in_other_fields(&copy.message, &sent));
            let is_new = |found: &AuthResult| !results.iter().any(|known| known.method == found.method);
            results.extend(in_fields.filter(is_new).collect::<Vec<_>>());
            let waiting_for = account.waiting_for.clone();
            let conditions = self.at_gateway(logged.object.conditions, track);
            objects.push(MailObject { results, delivered, bounces, waiting_for, conditions, ..logged.object });
        }
        for mark in &marks {
            self.mailboxes.forget(mark).await?;
        }
        Ok(objects)
    }

    /// The copies of an object: in the mailboxes that the log names, or else wherever they are; `untold`: recipients of whom the log says
    /// nothing.
    async fn delivered(
        &self,
        logged: &Logged,
        mark: &Mark,
        track: &Track,
        untold: &[&Address],
    ) -> Result<Vec<Delivered>, StackError> {
        let mut delivered: Vec<Delivered> = Vec::new();
        // copies that lie somewhere, and those of them that are somebody's
        let (mut all, mut taken): (Vec<Delivered>, Vec<Delivered>) = (Vec::new(), Vec::new());
        let mut by_id: HashMap<String, Delivered> = HashMap::new();
        let untold = untold.iter().map(|recipient| Copy {
            recipient: recipient.to_string(),
            names: vec![recipient.to_string()],
            is_here: self.gateway().domains.contains(recipient.domain()),
            id: None,
        });
        let told = copies(logged).into_iter().map(|copy| (copy, false));
        for (Copy { recipient, names, is_here, id }, is_untold) in told.chain(untold.map(|copy| (copy, true))) {
            let mailbox = names.iter().find_map(|name| self.mailboxes.named(name));
            if mailbox.is_none() && !is_here {
                continue;
            }
            let told = recipient;
            // of several spellings of one mailbox the first that has no copy yet
            let spelt = || track.rcpt_to.iter().filter(|to| is_same_mailbox(&to.to_string(), &told));
            let has_copy = |to: &&Address| delivered.iter().any(|copy| copy.is_for(to));
            let planned = spelt().find(|to| !has_copy(to)).or_else(|| spelt().next());
            let recipient = planned.cloned().or_else(|| told.parse().ok());
            let of = |copy: Delivered| {
                let recipient = recipient.clone().filter(|recipient| *recipient != copy.mailbox);
                Delivered { recipient, ..copy }
            };
            // what was handed over once is there once, for all whom aliases made one
            if let Some(copy) = id.as_ref().and_then(|id| by_id.get(id)) {
                delivered.push(of(copy.clone()));
                continue;
            }
            let deadline = Instant::now() + APPEARING;
            let mut found = match mailbox {
                Some(mailbox) => self.mailboxes.find(mailbox, mark, deadline).await,
                None => Ok(Vec::new()),
            };
            if found.as_ref().is_ok_and(Vec::is_empty) {
                // at the latest now it is there, if it is in a mailbox at all
                found = self.mailboxes.find_anywhere(mark, deadline).await;
            }
            let found = match found {
                // nothing says that it is there, and its server may stand still
                Err(_) if is_untold => continue,
                found => found?,
            };
            all.retain(|seen| !found.iter().any(|copy| copy.mailbox == seen.mailbox));
            all.extend(found.iter().cloned());
            // two recipients may have one mailbox, and then each has a copy, in whatever order they came there
            let mut free = without(found, &taken);
            free.sort_by_key(|copy| !is_labelled(&copy.message, &told));
            let Some(copy) = free.into_iter().next() else { continue };
            by_id.extend(id.map(|id| (id, copy.clone())));
            taken.push(copy.clone());
            delivered.push(of(copy));
        }
        let mut left = without(all, &taken);
        // of several spellings of one mailbox in the envelope an MTA makes one recipient, or each gets a copy
        for to in &track.rcpt_to {
            let is_its = |copy: &&Delivered| {
                is_same_mailbox(&copy.recipient.as_ref().unwrap_or(&copy.mailbox).to_string(), &to.to_string())
            };
            let Some(other) = delivered.iter().find(is_its).filter(|_| !delivered.iter().any(|c| c.is_for(to))) else {
                continue;
            };
            let own = left.iter().position(|copy| copy.mailbox == other.mailbox).map(|at| left.remove(at));
            let copy = own.unwrap_or_else(|| other.clone());
            delivered.push(Delivered { recipient: Some(to.clone()), ..copy });
        }
        // the log tells of them as they ended
        let at = |copy: &Delivered| track.rcpt_to.iter().position(|to| copy.is_for(to)).unwrap_or(usize::MAX);
        delivered.sort_by_key(at);
        delivered.extend(left);
        Ok(delivered)
    }

    /// Notifications to the sender that it could not be delivered, if the sender has a mailbox here; `is_lost`: nothing says what became
    /// of it.
    async fn bounces(
        &self,
        logged: &Logged,
        mark: &Mark,
        mail_out: &OutgoingMail<'_>,
        is_lost: bool,
    ) -> Result<Vec<Delivered>, StackError> {
        let sender = mail_out.transaction.mail_from.value.address().map(ToString::to_string);
        let Some(mailbox) = sender.and_then(|sender| self.mailboxes.named(&sender)) else { return Ok(Vec::new()) };
        if !is_lost && !logged.object.fates.iter().any(|fate| fate.status == FateStatus::Bounced) {
            return Ok(Vec::new());
        }
        self.mailboxes.notifications(mailbox, mark, Instant::now() + APPEARING).await
    }
}

/// The copies of a mailbox that are not taken yet. Several may be the same octet for octet, as those of a server that stores one for
/// all, so they are counted.
fn without(mut copies: Vec<Delivered>, taken: &[Delivered]) -> Vec<Delivered> {
    for taken in taken {
        let is_it = |copy: &Delivered| {
            copy.mailbox == taken.mailbox && copy.folder == taken.folder && copy.message == taken.message
        };
        if let Some(at) = copies.iter().position(is_it) {
            copies.remove(at);
        }
    }
    copies
}

/// Whether who put the message into a mailbox wrote that it is for this recipient.
fn is_labelled(message: &Message, recipient: &str) -> bool {
    let labels = ["Delivered-To", "X-Original-To", "Envelope-To"];
    labels.iter().filter_map(|name| message.first(name)).any(|label| is_same_mailbox(label, recipient))
}

/// A copy that must lie somewhere.
struct Copy {
    /// For whom, as it was logged.
    recipient: String,
    /// What its mailbox may be called, most certain first.
    names: Vec<String>,
    /// Whether it went into a mailbox for sure, and not to a host whose log is unknown.
    is_here: bool,
    /// The id under which the mailbox server took it.
    id: Option<String>,
}

/// The copies of which the log says that they were handed over.
fn copies(logged: &Logged) -> Vec<Copy> {
    let fates = &logged.object.fates;
    let is = |recipient: &str, name: &str| is_same_mailbox(recipient, name);
    let is_kept = |recipient: &str| {
        fates.iter().filter(|f| is(&f.recipient.to_string(), recipient)).all(|fate| fate.status == FateStatus::Sent)
    };
    let names = |addresses: &[&String], user: Option<&String>| {
        let without_tags = addresses.iter().filter_map(|address| without_tag(address));
        user.into_iter().chain(addresses.iter().copied()).cloned().chain(without_tags).collect()
    };
    let stored = logged.stored.iter().filter(|stored| is_kept(&stored.recipient)).map(|stored| Copy {
        recipient: stored.recipient.clone(),
        names: names(&[&stored.to, &stored.recipient], stored.user.as_ref()),
        is_here: true,
        id: stored.id.clone(),
    });
    let sent = fates.iter().filter(|fate| fate.status == FateStatus::Sent).map(|fate| fate.recipient.to_string());
    let elsewhere = sent.filter(|recipient| !logged.stored.iter().any(|stored| is(&stored.recipient, recipient)));
    let elsewhere =
        elsewhere.map(|recipient| Copy { names: names(&[&recipient], None), recipient, is_here: false, id: None });
    stored.chain(elsewhere).collect()
}

/// The recipients for whom the server took the message, and of whom the log does not say what became of it.
fn untold<'a>(logged: &Logged, track: &'a Track) -> Vec<&'a Address> {
    let is_told = |to: &&Address| logged.object.fates.iter().any(|fate| fate.recipient == **to);
    track.rcpt_to.iter().filter(|to| !is_told(to)).collect()
}

/// `alice@x.example` of `alice+tag@x.example` (RFC 5233 §1).
fn without_tag(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let (user, _) = local.split_once('+')?;
    Some(format!("{user}@{domain}"))
}

/// By what each object is known again. What has only the nonce is the first one's.
fn marks(objects: &[Logged], mail_out: &OutgoingMail<'_>) -> Vec<Mark> {
    let ids = |logged: &Logged| -> Vec<String> {
        let ids = logged.object.queue_ids.iter().filter_map(|id| id.rsplit('/').next());
        ids.map(str::to_owned).collect()
    };
    let mark = |(number, logged): (usize, &Logged)| Mark {
        nonce: (number == 0).then(|| mail_out.nonce.clone()),
        queue_ids: ids(logged),
        others: objects
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number)
            .flat_map(|(_, other)| ids(other))
            .collect(),
        message_id: logged.message_id.clone().filter(|_| is_own(number, objects)),
    };
    objects.iter().enumerate().map(mark).collect()
}

/// Whether no earlier object has the same Message-ID.
fn is_own(number: usize, objects: &[Logged]) -> bool {
    !objects[..number].iter().any(|other| other.message_id == objects[number].message_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_for_whom_it_is_above_what_the_sender_wrote() {
        let message =
            Message::parse(b"X: y\r\nDelivered-To: Alice+Invoices@x.example\r\nDelivered-To: bob@x.example\r\n\r\n");
        assert!(is_labelled(&message, "alice+invoices@x.example"));
        assert!(!is_labelled(&message, "bob@x.example") && !is_labelled(&message, "alice@x.example"));
    }

    #[test]
    fn copies_that_are_the_same_are_counted() {
        let copy = |mailbox: &str, folder: &str| Delivered {
            mailbox: mailbox.parse().unwrap(),
            recipient: None,
            folder: folder.to_owned(),
            message: Message::parse(b"Subject: x\r\n\r\ny"),
        };
        let (inbox, junk) = (copy("bob@x.example", "INBOX"), copy("bob@x.example", "Junk"));
        let taken = Delivered { recipient: Some("sales@x.example".parse().unwrap()), ..inbox.clone() };
        let all = vec![inbox.clone(), inbox.clone(), junk.clone()];
        assert_eq!(without(all, std::slice::from_ref(&taken)), [inbox.clone(), junk.clone()]);
        assert_eq!(without(vec![inbox.clone(), junk.clone()], &[taken.clone(), taken]), [junk]);
        assert_eq!(without(vec![inbox.clone()], &[copy("alice@x.example", "INBOX")]), [inbox]);
    }
}
