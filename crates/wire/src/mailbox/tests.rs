//! A mailbox on a small scripted IMAP server.

use super::*;
use crate::peers::{LOOPBACK, route, tls_server};
use pki::{Authority, CertificateKind as Certificate};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());

/// What the server holds, and what was done to it.
#[derive(Default)]
struct Store {
    /// UIDs and messages by folder; a message that was removed is empty.
    folders: Mutex<BTreeMap<&'static str, Vec<String>>>,
    commands: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    fetched: Mutex<usize>,
    /// How many times it does not see what it is to mark.
    blind: Mutex<usize>,
    stop: Notify,
}

impl Store {
    fn deliver(&self, folder: &'static str, message: String) {
        self.folders.lock().unwrap().entry(folder).or_default().push(message);
    }

    fn commands(&self, verb: &str) -> usize {
        self.commands.lock().unwrap().iter().filter(|c| c.starts_with(verb)).count()
    }

    /// Answers to one command, without the last line; `None` to refuse it.
    fn answer(&self, command: &str, folder: &mut String) -> Option<String> {
        let mut folders = self.folders.lock().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        match words[0] {
            "LOGIN" => (words[2] == "\"right\"").then(String::new),
            "LIST" => {
                let list = folders.keys().map(|name| format!("* LIST (\\HasNoChildren) \"/\" {name}\r\n"));
                Some(list.chain(["* LIST (\\NoSelect) \"/\" Parent\r\n".to_owned()]).collect())
            }
            "EXAMINE" | "SELECT" => {
                *folder = words[1].trim_matches('"').to_owned();
                let count = folders.get(folder.as_str())?.len();
                Some(format!("* {count} EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT {}] x\r\n", count + 1))
            }
            "UID" if words[1] == "FETCH" => {
                let (from, to) = words[2].split_once(':')?;
                let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
                let all = folders.get(folder.as_str())?;
                let fetched = (from..=to).filter(|uid| !all[uid - 1].is_empty()).map(|uid| {
                    let message = &all[uid - 1];
                    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{message})\r\n", message.len())
                });
                let fetched: Vec<String> = fetched.collect();
                *self.fetched.lock().unwrap() += fetched.len();
                Some(fetched.concat())
            }
            "UID" if words[1] == "STORE" => {
                let mut blind = self.blind.lock().unwrap();
                if *blind > 0 {
                    *blind -= 1;
                    return Some(String::new());
                }
                for uid in words[2].split(',') {
                    folders.get_mut(folder.as_str())?[uid.parse::<usize>().ok()? - 1].clear();
                }
                Some(String::new())
            }
            "UID" if words[1..3] == ["SEARCH", "UID"] => {
                let all = folders.get(folder.as_str())?;
                let is_there = |uid: &&str| uid.parse::<usize>().is_ok_and(|uid| !all[uid - 1].is_empty());
                let there: Vec<&str> = words[3].split(',').filter(is_there).collect();
                Some(format!("* SEARCH {}\r\n", there.join(" ")))
            }
            "CLOSE" | "LOGOUT" => Some(String::new()),
            _ => None,
        }
    }

    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"* OK ready\r\n").await?;
        let (mut line, mut folder) = (String::new(), String::new());
        while stream.read_line(&mut line).await? > 0 {
            let (tag, command) = line.trim_end().split_once(' ').unwrap();
            self.commands.lock().unwrap().push(command.to_owned());
            let reply = match self.answer(command, &mut folder) {
                Some(data) => format!("{data}{tag} OK done\r\n"),
                None => format!("{tag} NO not here\r\n"),
            };
            stream.write_all(reply.as_bytes()).await?;
            stream.flush().await?;
            line.clear();
        }
        Ok(())
    }
}

/// Serves a store, and says where.
fn service(route: Route) -> ImapServer {
    ImapServer::Service { route, name: "mx.gateway.example".to_owned(), anchor: AUTHORITY.anchor() }
}

async fn serve(store: &Arc<Store>, password: &str) -> MailboxAt {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let entrance = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls_server(&AUTHORITY, Certificate::Good, &rustls::version::TLS13));
    let store = Arc::clone(store);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            *store.connections.lock().unwrap() += 1;
            crate::proxy::read(&mut stream).await.unwrap();
            let stream = acceptor.accept(stream).await.unwrap();
            tokio::select! {
                _ = store.converse(stream) => {}
                () = store.stop.notified() => return,
            }
        }
    });
    MailboxAt {
        server: service(route(entrance)),
        login: Login { user: "alice@gateway.example".to_owned(), password: password.to_owned() },
        limit: Duration::from_secs(20),
    }
}

fn store() -> Arc<Store> {
    let store = Arc::new(Store::default());
    store.folders.lock().unwrap().insert("INBOX", Vec::new());
    store
}

fn message(nonce: &Nonce, more: &str) -> String {
    format!("Message-ID: <{nonce}@x.example>\r\n{more}\r\nbody\r\n")
}

fn mark(nonce: u64) -> Mark {
    Nonce::from_number(nonce).into()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test]
async fn many_wait_on_one_connection_for_messages_in_any_folder() {
    let store = store();
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    let waiters: Vec<_> = (0..20_u64)
        .map(|n| {
            let mailbox = mailbox.clone();
            tokio::spawn(async move { mailbox.find(&mark(n), soon()).await.unwrap() })
        })
        .collect();
    for n in 0..20 {
        store.deliver(if n % 2 == 0 { "INBOX" } else { "Junk" }, message(&Nonce::from_number(n), ""));
        tokio::task::yield_now().await;
    }
    for (n, waiter) in (0..20).zip(waiters) {
        let found = waiter.await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].folder, if n % 2 == 0 { "INBOX" } else { "Junk" });
        assert_eq!(found[0].message.body, b"body\r\n");
    }
    assert_eq!(*store.connections.lock().unwrap(), 1);
    assert_eq!(*store.fetched.lock().unwrap(), 20, "each message is fetched once");
}

#[tokio::test]
async fn notifications_stand_apart_and_nothing_is_an_answer_too() {
    let store = store();
    let nonce = Nonce::from_number(1);
    store.deliver("INBOX", "Subject: nobody's\r\n\r\nx\r\n".to_owned());
    store.deliver("INBOX", message(&nonce, "Return-Path: <>\r\n"));
    let report = "Content-Type: multipart/report; report-type=delivery-status\r\nMessage-ID: <1@mx.example>\r\n\r\n";
    store.deliver("INBOX", format!("{report}Message-ID: <{nonce}@x.example>\r\n"));
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    let mark_of_one = mark(1);
    let (found, reports) = (mailbox.find(&mark_of_one, soon()), mailbox.notifications(&mark_of_one, soon()));
    let (found, reports) = (found.await.unwrap(), reports.await.unwrap());
    assert_eq!((found.len(), reports.len()), (1, 1));
    assert!(found[0].message.first("Return-Path").is_some());
    assert!(reports[0].message.first("Content-Type").is_some());
    assert!(mailbox.find(&mark(2), Instant::now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_forgotten_is_removed_and_nothing_else() {
    let store = store();
    let (one, other) = (Nonce::from_number(1), Nonce::from_number(2));
    for nonce in [&one, &other, &one] {
        store.deliver("INBOX", message(nonce, ""));
    }
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    assert_eq!(mailbox.find(&mark(1), soon()).await.unwrap().len(), 2);
    mailbox.forget(&mark(1)).await.unwrap();
    mailbox.forget(&mark(3)).await.unwrap();
    assert!(mailbox.find(&mark(1), Instant::now()).await.unwrap().is_empty());
    assert_eq!(mailbox.find(&mark(2), soon()).await.unwrap().len(), 1);
    let left: Vec<bool> = store.folders.lock().unwrap()["INBOX"].iter().map(|m| m.is_empty()).collect();
    assert_eq!(left, [true, false, true]);
    assert_eq!((store.commands("UID STORE 1,3 "), store.commands("CLOSE")), (1, 1));
}

#[tokio::test]
async fn what_a_server_passes_over_is_removed_again() {
    let store = store();
    store.deliver("INBOX", message(&Nonce::from_number(1), ""));
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    *store.blind.lock().unwrap() = 2;
    assert_eq!(mailbox.find(&mark(1), soon()).await.unwrap().len(), 1);
    mailbox.forget(&mark(1)).await.unwrap();
    assert!(store.folders.lock().unwrap()["INBOX"][0].is_empty());
    assert_eq!(store.commands("UID STORE 1 "), 3);
    store.deliver("INBOX", message(&Nonce::from_number(2), ""));
    *store.blind.lock().unwrap() = usize::MAX;
    assert_eq!(mailbox.find(&mark(2), soon()).await.unwrap().len(), 1);
    let why = mailbox.forget(&mark(2)).await.unwrap_err().to_string();
    assert!(why.contains("1 of the messages 2 stay there"), "{why}");
}

#[tokio::test]
async fn who_loses_interest_disturbs_nobody() {
    let store = store();
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    for n in 2..20 {
        let mailbox = mailbox.clone();
        let waiter = tokio::spawn(async move { mailbox.find(&mark(n), soon()).await });
        tokio::task::yield_now().await;
        waiter.abort();
    }
    let nonce = Nonce::from_number(1);
    store.deliver("INBOX", message(&nonce, ""));
    assert_eq!(mailbox.find(&mark(1), soon()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_told() {
    let at = serve(&store(), "wrong").await;
    let error = Mailbox::open(at.clone()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, WireError::Refused { .. }) && text.contains("LOGIN of alice@gateway.example"), "{text}");
    assert!(!text.contains("wrong") && !format!("{at:?}").contains("wrong"));
}

#[tokio::test]
async fn a_server_that_goes_away_is_an_error_for_all_who_wait_and_who_come_later() {
    let store = store();
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    store.stop.notify_one();
    let (one, two) = (mark(1), mark(2));
    let (a, b) = tokio::join!(mailbox.find(&one, soon()), mailbox.notifications(&two, soon()));
    for error in [a.unwrap_err(), b.unwrap_err(), mailbox.forget(&mark(1)).await.unwrap_err()] {
        assert!(matches!(&error, WireError::Lost { .. }), "{error}");
        assert!(error.to_string().contains("192.0.2.1:25"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_tls_is_an_error_that_names_the_server() {
    let (route, _) = crate::peers::script(&["* OK no TLS here"]).await;
    let at = MailboxAt { server: service(route), ..serve(&store(), "right").await };
    let error = Mailbox::open(at).await.unwrap_err().to_string();
    assert!(error.contains("no TLS with mx.gateway.example (192.0.2.1:25)"), "{error}");
}

#[tokio::test]
async fn objects_with_one_nonce_are_told_apart_by_their_queue_ids() {
    let store = store();
    let nonce = Nonce::from_number(1);
    let with_id =
        |id: &str| message(&nonce, &format!("Received: from x by mx with ESMTP\r\n id {id} for <a@x>; now\r\n"));
    for text in [with_id("3F1"), with_id("3F2"), message(&nonce, "")] {
        store.deliver("INBOX", text);
    }
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    let mark = |own: &str, other: &str, nonce: Option<Nonce>| Mark {
        nonce,
        queue_ids: vec![own.to_owned()],
        others: vec![other.to_owned()],
        message_id: None,
    };
    let (first, second) = (mark("3F1", "3F2", Some(nonce.clone())), mark("3F2", "3F1", None));
    assert_eq!(mailbox.find(&first, soon()).await.unwrap().len(), 2, "its own, and what only bears the nonce");
    assert_eq!(mailbox.find(&second, soon()).await.unwrap().len(), 1);
    mailbox.forget(&first).await.unwrap();
    let left = mailbox.empty().await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(mailbox.empty().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_exact_message_may_look_like_a_notification() {
    let store = store();
    let nonce = Nonce::from_number(1);
    let head = "Auto-Submitted: auto-replied\r\nMessage-ID: <own@x.example>\r\n";
    store.deliver("INBOX", format!("Received: by mx id 3F1; now\r\n{head}Subject: {nonce}\r\n\r\nx\r\n"));
    let mailbox = Mailbox::open(serve(&store, "right").await).await.unwrap();
    let by_queue = Mark { queue_ids: vec!["3F1".to_owned()], ..nonce.clone().into() };
    let by_id = Mark { message_id: Some("own@x.example".to_owned()), ..nonce.into() };
    for mark in [by_queue, by_id] {
        assert_eq!(mailbox.find(&mark, soon()).await.unwrap().len(), 1);
        assert!(mailbox.notifications(&mark, Instant::now()).await.unwrap().is_empty());
    }
}
