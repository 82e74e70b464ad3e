//! One transaction: its message brought, and everything that was seen of it.

use crate::{
    Endpoint, Stack, StackError,
    stage::{Seen, Stage},
};
use evidence::{Delivered, Observed, PeerTexts, ProgramRun};
use mail::{Address, Nonce};
use maillog::Track;
use plan::{Origin, Tls, Transaction};
use std::{net::IpAddr, time::Duration};
use tokio::time::{Instant, sleep_until};
use wire::{Dialogue, Job};

/// How long one whole dialogue may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a message may take until its fate is known.
const SETTLING: Duration = Duration::from_secs(30);
/// The same where the server said nothing at all: most often nobody was there to take the connection.
const UNGREETED: Duration = Duration::from_secs(3);
/// How long a mail server of which the log has said nothing at all so far may take until it does.
const SILENCE: Duration = Duration::from_secs(2);
/// How often a client tries again what was refused for now.
const RETRIES: usize = 2;
/// Address from which users submit mail and read their mailboxes.
pub(crate) const USER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 250));

/// A message that is ready to be sent, and the transaction that it belongs to.
#[derive(Debug)]
pub struct OutgoingMail<'a> {
    /// By which it is recognised.
    pub nonce: Nonce,
    /// Its octets.
    pub message: Vec<u8>,
    /// What the scenario says.
    pub transaction: &'a Transaction,
}

impl OutgoingMail<'_> {
    /// All octets that the client says of its own: the message, or a dialogue that is written out, whatever of it is said.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let Some(dialogue) = &self.transaction.dialogue else { return self.message.clone() };
        let sent = dialogue.steps.iter().filter_map(|step| match step {
            plan::Step::Send(sent) => Some(sent.octets(self.nonce.as_str(), &self.message)),
            _ => None,
        });
        sent.flatten().collect()
    }
}

impl Stack {
    /// Only sends a message.
    ///
    /// # Errors
    /// The way to the gateway is broken.
    pub async fn send(&self, mail_out: &OutgoingMail<'_>) -> Result<Dialogue, StackError> {
        Ok(wire::converse(self.job(mail_out)?).await?)
    }

    /// Sends a message and waits until it is known what became of it, and of everything else that the gateway made of the
    /// octets that were sent.
    ///
    /// # Errors
    /// The way to the gateway is broken. What the gateway does is never an error.
    pub async fn transact(
        &self,
        mail_out: &OutgoingMail<'_>,
        stage: &Stage,
    ) -> Result<evidence::Transaction, StackError> {
        let (mut since, mark) = (self.logs.position(), self.dns.mark());
        let mut earlier = Vec::new();
        let brought = match &mail_out.transaction.origin {
            Origin::Sendmail => Brought::ByProgram(self.sendmail(mail_out).await?),
            Origin::Submission(_) => Brought::OverTheWire(self.send(mail_out).await?),
            Origin::Client(client) => {
                let retry = client.retry.or(self.gateway().retry).filter(|_| mail_out.transaction.dialogue.is_none());
                let mut dialogue = self.send(mail_out).await?;
                while let Some(after) = retry.filter(|_| earlier.len() < RETRIES && is_for_now(&dialogue)) {
                    sleep_until(Instant::now() + Duration::from_secs(after)).await;
                    since = self.logs.position();
                    earlier.push(std::mem::replace(&mut dialogue, self.send(mail_out).await?).exchanges);
                }
                Brought::OverTheWire(dialogue)
            }
        };
        let track = Track { host: self.taken_at(mail_out.transaction)?, ..track(mail_out, &brought, since) };
        let settling = if brought.is_ungreeted() { UNGREETED } else { SETTLING };
        let account = self.logs.settle(&track, settling, SILENCE).await;
        if !account.settled {
            // a log that no longer comes says nothing, and neither would it of the next message
            self.internet.check(&self.logs).await?;
        }
        let Seen { connections, arrived } = stage.seen(&mail_out.nonce).await;
        let mut objects = self.collect(account, mail_out, &track).await?.into_iter();
        let questions = stage.asked(mark);
        self.logs.forget(&track);
        let (dialogue, handshake, program) = match brought {
            Brought::OverTheWire(Dialogue { exchanges, handshake }) => (exchanges, handshake, None),
            Brought::ByProgram(run) => {
                let handshake = Observed::Unobserved("no connection brought it".to_owned());
                (Vec::new(), handshake, Some(run))
            }
        };
        Ok(evidence::Transaction {
            nonce: mail_out.nonce.clone(),
            sent: mail_out.message.clone(),
            dialogue_octets: if mail_out.transaction.dialogue.is_some() { mail_out.octets() } else { Vec::new() },
            earlier,
            dialogue,
            handshake,
            questions,
            connections,
            arrived,
            program,
            object: objects.next().unwrap_or_default(),
            others: objects.collect(),
            opinion: None,
        })
    }

    /// What lies in any mailbox and belongs to no transaction: whoever sent it, nobody asked for it. It is removed. Notices that a
    /// server made itself are none of it. To be asked while no transaction is under way.
    ///
    /// # Errors
    /// A mailbox cannot be read.
    pub async fn strays(&self) -> Result<Vec<Delivered>, StackError> {
        let mut found = self.mailboxes.empty().await?;
        found.retain(|found| !evidence::is_of_server_itself(&found.message));
        Ok(found)
    }

    /// Name of the host that takes this message.
    fn taken_at(&self, transaction: &Transaction) -> Result<String, StackError> {
        Ok(match &transaction.origin {
            Origin::Client(client) => self.client_endpoint(client)?.name.to_string(),
            Origin::Submission(submission) => self.submission_endpoint(submission)?.name.to_string(),
            Origin::Sendmail => self.mail_server().map(|(host, _)| host.name().to_owned()).unwrap_or_default(),
        })
    }

    fn client_endpoint(&self, client: &plan::Client) -> Result<Endpoint, StackError> {
        let port = if client.tls == Tls::Implicit { 465 } else { 25 };
        self.endpoint(self.gateway(), port, client.ip.value)
    }

    fn submission_endpoint(&self, submission: &plan::Submission) -> Result<Endpoint, StackError> {
        let port = if submission.tls == Tls::Implicit { 465 } else { 587 };
        self.endpoint(self.home_of(&submission.login.value)?, port, USER)
    }

    fn job(&self, mail_out: &OutgoingMail<'_>) -> Result<Job, StackError> {
        let transaction = mail_out.transaction;
        let says_helo = matches!(&transaction.origin, Origin::Client(client) if client.says_helo);
        let (source, endpoint, tls, driver, ehlo, login) = match &transaction.origin {
            Origin::Client(client) => {
                let endpoint = self.client_endpoint(client)?;
                (client.ip.value, endpoint, client.tls, client.driver, client.ehlo.value.clone(), None)
            }
            Origin::Sendmail => {
                let what = "a program, not a connection, brings this message".to_owned();
                return Err(StackError::Unfit { gateway: self.gateway().name.clone(), what });
            }
            Origin::Submission(submission) => {
                let endpoint = self.submission_endpoint(submission)?;
                let login = self.login(&submission.login.value)?;
                (USER, endpoint, submission.tls, plan::Driver::WellBehaved, "laptop.example".to_owned(), Some(login))
            }
        };
        Ok(Job {
            route: self.route(source, endpoint.address),
            driver,
            tls,
            ehlo,
            login,
            server_name: endpoint.name.to_string(),
            says_helo,
            mail_from: transaction.mail_from.octets(),
            rcpt_to: transaction.rcpt_to.iter().map(plan::Path::octets).collect(),
            message: mail_out.message.clone(),
            script: transaction.dialogue.clone().map(|transcript| (transcript, mail_out.nonce.clone())),
            anchor: self.anchor.clone(),
            limit: PATIENCE,
        })
    }
}

/// Whether the server refused the message, or a recipient of it, for now (RFC 5321 §4.2.1).
fn is_for_now(dialogue: &Dialogue) -> bool {
    let refused = |to: &str| ["mail-from", "rcpt-to", "data", "end-of-data"].contains(&to);
    let is_transient = |reply: &mail::Reply| reply.code / 100 == 4;
    dialogue.exchanges.iter().any(|e| refused(&e.to) && e.reply.seen().is_some_and(is_transient))
}

/// How a message came to the server.
enum Brought {
    OverTheWire(Dialogue),
    ByProgram(ProgramRun),
}

impl Brought {
    fn is_ungreeted(&self) -> bool {
        matches!(self, Self::OverTheWire(dialogue) if dialogue.exchanges.iter().all(|e| e.reply.seen().is_none()))
    }
}

fn track(mail_out: &OutgoingMail<'_>, brought: &Brought, since: u64) -> Track {
    let OutgoingMail { nonce, transaction, .. } = mail_out;
    let (client, ehlo) = match &transaction.origin {
        Origin::Client(client) => (Some(client.ip.value), client.ehlo.value.clone()),
        Origin::Submission(_) => (Some(USER), "laptop.example".to_owned()),
        Origin::Sendmail => (None, String::new()),
    };
    let all = || transaction.rcpt_to.iter().map(|r| r.value.clone()).collect();
    let (rcpt_to, queued) = match brought {
        Brought::OverTheWire(dialogue) => (accepted(transaction, dialogue), queued(dialogue)),
        Brought::ByProgram(run) if run.status == 0 => (all(), Vec::new()),
        Brought::ByProgram(_) => (Vec::new(), Vec::new()),
    };
    let octets = mail_out.octets();
    let path = String::from_utf8_lossy(&transaction.mail_from.octets()).into_owned();
    let (ehlo, path) = match transaction.dialogue {
        Some(_) => (
            argument_of(&octets, &["EHLO ", "HELO "]).unwrap_or(ehlo),
            argument_of(&octets, &["MAIL FROM:"]).unwrap_or(path),
        ),
        None => (ehlo, path),
    };
    let inside = path.trim_start().strip_prefix('<').and_then(|rest| rest.rsplit_once('>'));
    let mail_from = inside.map_or(path.as_str(), |(inside, _)| inside).to_owned();
    let recipients: Vec<String> = transaction.rcpt_to.iter().map(|r| r.value.to_string()).collect();
    let peer = PeerTexts::of(&mail_from, &ehlo, &octets).and(&recipients);
    Track { nonce: nonce.clone(), client, ehlo, mail_from, rcpt_to, queued, host: String::new(), peer, since }
}

/// What stands behind one of these words, in the first line of a dialogue that begins with one.
fn argument_of(octets: &[u8], words: &[&str]) -> Option<String> {
    let text = String::from_utf8_lossy(octets);
    let behind = |line: &str| {
        let is_it = |word: &&&str| line.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        words.iter().find(is_it).map(|word| line[word.len()..].trim_end().to_owned())
    };
    text.lines().find_map(behind)
}

/// The queue ids that positive replies name, in order.
fn queued(dialogue: &Dialogue) -> Vec<String> {
    let replies = dialogue.exchanges.iter().filter_map(|exchange| exchange.reply.seen());
    let lines = replies.filter(|reply| reply.code / 100 == 2).flat_map(|reply| &reply.lines);
    lines.filter_map(|line| maillog::queued_as(line)).map(str::to_owned).collect()
}

/// The recipients for whom the server took the message: none, if it refused it at end-of-data.
fn accepted(transaction: &Transaction, dialogue: &Dialogue) -> Vec<Address> {
    let is_good =
        |to: &str, reply: &Observed<mail::Reply>| reply.seen().is_some_and(|r| r.code / 100 == 2) && !to.is_empty();
    let is_taken = dialogue.exchanges.iter().any(|e| e.to == "end-of-data" && is_good(&e.to, &e.reply));
    let replies = dialogue.exchanges.iter().filter(|e| e.to == "rcpt-to");
    (transaction.rcpt_to.iter().zip(replies))
        .filter(|(_, exchange)| is_taken && is_good(&exchange.to, &exchange.reply))
        .map(|(recipient, _)| recipient.value.clone())
        .collect()
}
