//! An HTTPS client for one small text: an MTA-STS policy (RFC 8461 §3.3).

use crate::{BoxStream, tls};
use evidence::{Observed, Trust};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use pki::Anchor;
use std::time::Duration;
use tokio::time::timeout;

/// A policy has at most so many octets (RFC 8461 §3.3 suggests 64 kB).
const MOST: usize = 64 * 1024;

/// Where a policy host has its policy (RFC 8461 §3.2).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// What came of fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What the host's certificate is worth.
    pub peer: Observed<Trust>,
    /// Status, media type and body. Redirections are not followed.
    pub answer: Observed<(u16, String, String)>,
}

/// Fetches a path of a host over HTTPS, whatever its certificate, within this time.
pub async fn fetch(stream: BoxStream, host: &str, path: &str, anchor: &Anchor, limit: Duration) -> Fetched {
    let none = |why: String| Fetched { peer: Observed::Unobserved(why.clone()), answer: Observed::Unobserved(why) };
    let Ok(name) = tls::server_name(host) else { return none(format!("`{host}` is no name of a host")) };
    let secured = match timeout(limit, tls::secure(stream, &name, anchor)).await {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => return none(format!("no TLS: {error}")),
        Err(_) => return none(format!("no handshake within {} s", limit.as_secs())),
    };
    let (stream, handshake) = secured;
    let late = || Err(format!("no answer within {} s", limit.as_secs()));
    let answer = timeout(limit, get(stream, host, path)).await.unwrap_or_else(|_| late());
    Fetched { peer: Observed::Seen(handshake.peer), answer: answer.map_or_else(Observed::Unobserved, Observed::Seen) }
}

async fn get(stream: BoxStream, host: &str, path: &str) -> Result<(u16, String, String), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let request = Request::get(path).header(header::HOST, host).header(header::CONNECTION, "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(|e| e.to_string())?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (status, kind) = (response.status().as_u16(), kind.to_owned());
        let body = Limited::new(response.into_body(), MOST).collect().await;
        let body = body.map_err(|e| format!("its body cannot be read: {e}"))?.to_bytes();
        Ok((status, kind, String::from_utf8_lossy(&body).into_owned()))
    };
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        ended = connection => match ended {
            Ok(()) => asked.await,
            Err(error) => Err(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Action, Handler, HostKey, WebHost, WebPlay, World,
        peers::{Always, LOOPBACK, route},
    };
    use pki::{Authority, CertificateKind, KeyKind, Request};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_policy_comes_with_the_worth_of_its_host() {
        let authority = Authority::new().unwrap();
        for (kind, peer) in [(CertificateKind::Good, "Verified"), (CertificateKind::SelfSigned, "Untrusted")] {
            let name = "mta-sts.partner.example";
            let request = Request { names: vec![name.to_owned()], kind, key: KeyKind::P256 };
            let issued = authority.issue(&request).unwrap();
            let key = HostKey { chain_pem: issued.chain_pem, key_pem: issued.key_pem, versions: Vec::new() };
            let (policy, media_type) = ("version: STSv1\n".to_owned(), "text/plain".to_owned());
            let web = WebHost::new(WebPlay { name: name.to_owned(), key, status: 200, policy, media_type }).unwrap();
            let web: Arc<dyn Handler> = Arc::new(web);
            let world =
                World::listen(LOOPBACK, Arc::new(Always(move || Action::Serve(Arc::clone(&web))))).await.unwrap();
            let limit = Duration::from_secs(10);
            let stream = Box::new(route(world.address()).connect(limit).await.unwrap());
            let fetched = fetch(stream, name, POLICY_PATH, &authority.anchor(), limit).await;
            assert!(format!("{:?}", fetched.peer).contains(peer), "{fetched:?}");
            let answer = (200, "text/plain".to_owned(), "version: STSv1\r\n".to_owned());
            assert_eq!(fetched.answer, Observed::Seen(answer));
        }
    }

    #[tokio::test]
    async fn a_host_without_tls_is_unobserved() {
        let world = World::listen(LOOPBACK, Arc::new(Always(|| Action::Close))).await.unwrap();
        let limit = Duration::from_secs(5);
        let stream = Box::new(route(world.address()).connect(limit).await.unwrap());
        let anchor = Authority::new().unwrap().anchor();
        let fetched = fetch(stream, "mta-sts.partner.example", "/", &anchor, limit).await;
        assert!(matches!(fetched.answer, Observed::Unobserved(why) if why.starts_with("no TLS")));
    }
}
