//! What services of the gateway under test take, and what the DNS says, seen from outside.

use crate::{Stack, StackError};
use evidence::{LookedUp, Observed, Probed};
use mail::{Domain, Service};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio::sync::OnceCell;

/// How long one connection of a survey may take.
const CONNECTION: Duration = Duration::from_secs(10);
/// How long a whole survey may take.
const SURVEY: Duration = Duration::from_secs(60);
/// A server that greets later than this lets a client wait whom it does not know yet (postscreen(8): 6 s).
const LATE: Duration = Duration::from_secs(3);
/// From which surveys come, one after the other.
const PROBERS: u8 = 100;

/// A service, and the name asked for.
type Asked = (Service, Option<Domain>);

/// Surveys of the gateway as it is: each is made once, however many scenarios claim something of it.
#[derive(Debug, Default)]
pub(crate) struct Surveys {
    made: Mutex<HashMap<Asked, Arc<OnceCell<Observed<Probed>>>>>,
    /// One at a time: as long as connections to one port of a service queue up, Dovecot's master takes none from its other ports.
    turn: tokio::sync::Mutex<()>,
    /// The gateway lets clients wait that it does not know yet.
    is_late: AtomicBool,
}

impl Surveys {
    /// Takes note of how long a server took to greet.
    pub(crate) fn greeted(&self, after: Duration) {
        self.is_late.fetch_or(after > LATE, Ordering::Relaxed);
    }

    /// Lets go of what was seen: a service that another daemon's end cut short said something else.
    pub(crate) fn forget(&self) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Stack {
    /// Waits in advance, from every address of which a survey may come, where the gateway lets clients wait that it does not know
    /// yet; nobody is held up by it.
    pub(crate) fn wait_in_advance(&self) {
        let Ok(endpoint) = self.endpoint(self.gateway(), Service::Smtp.port(), prober_at(0)) else { return };
        if !self.probed.is_late.load(Ordering::Relaxed) {
            return;
        }
        for number in 0..PROBERS {
            let job = self.greeting_job(prober_at(number), endpoint.address, &endpoint.name.to_string());
            tokio::spawn(wire::converse(job));
        }
    }

    /// What a service takes. The survey is made once for each service and name while the gateway is as it was brought up.
    ///
    /// # Errors
    /// The way to the gateway is broken. What the service does is never an error.
    pub async fn probe(&self, service: Service, name: Option<&Domain>) -> Result<Observed<Probed>, StackError> {
        let cell = {
            let mut made = self.probed.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry((service, name.cloned())).or_default())
        };
        let survey = cell.get_or_try_init(|| self.survey(service, name)).await?;
        Ok(survey.clone())
    }

    /// As [`Stack::probe`], of the gateway as it is this moment.
    ///
    /// # Errors
    /// As [`Stack::probe`].
    pub async fn survey(&self, service: Service, name: Option<&Domain>) -> Result<Observed<Probed>, StackError> {
        let source = prober();
        let endpoint = match self.endpoint(self.gateway(), service.port(), source) {
            Ok(endpoint) => endpoint,
            Err(unfit) => return Ok(Observed::Unobserved(unfit.to_string())),
        };
        let route = self.route(source, endpoint.address);
        let target = probe::Target {
            service,
            server: format!("{}:{}", endpoint.name, service.port()),
            server_name: name.unwrap_or(&endpoint.name).to_string(),
            other_names: Vec::new(),
            connect: Arc::new(move || {
                Box::pin(async move {
                    let stream = route.connect(CONNECTION).await?;
                    Ok(Box::new(stream) as wire::BoxStream)
                })
            }),
            anchor: self.anchor.clone(),
            limit: CONNECTION,
            deadline: SURVEY,
        };
        let seen = {
            let _turn = self.probed.turn.lock().await;
            probe::survey(&target).await
        };
        let mut probed = match seen {
            Ok(probed) => probed,
            Err(error) => return Ok(Observed::Unobserved(error.to_string())),
        };
        let owner = format!("_{}._tcp.{}", service.port(), endpoint.name);
        probed.tlsa = match owner.parse() {
            Ok(owner) => Observed::Seen(self.look_up(&owner, "TLSA").await?),
            Err(_) => Observed::Unobserved(format!("{owner} is no name")),
        };
        Ok(Observed::Seen(probed))
    }

    /// Where the gateway under test offers a service on the engine's network, and the name of the host; `None` if none of
    /// its hosts does.
    #[must_use]
    pub fn place_of(&self, service: Service) -> Option<(SocketAddr, Domain)> {
        let endpoint = self.endpoint(self.gateway(), service.port(), prober()).ok()?;
        Some((endpoint.address, endpoint.name))
    }

    /// The pretend Internet's resolver.
    pub(crate) fn resolver(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.internet.container.addresses().v4), 53)
    }

    /// What the pretend Internet's validating resolver answers, with what is to be said of it.
    ///
    /// # Errors
    /// There is no answer, or no such type of record.
    pub async fn look_up(&self, name: &Domain, record_type: &str) -> Result<LookedUp, StackError> {
        Ok(dns::lookup_and_lint(self.resolver(), name, record_type).await?)
    }
}

/// An address for each survey, so that a server which counts connections by client does not take it for a flood.
fn prober() -> IpAddr {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    prober_at(NEXT.fetch_add(1, Ordering::Relaxed) % PROBERS)
}

fn prober_at(number: u8) -> IpAddr {
    Ipv4Addr::new(198, 51, 100, 150 + number).into()
}
