//! From gateway directories to a running stack: images, network, names, containers, routes, services.

use crate::{
    Admd, Host, INTERNET, Internet, Logs, Stack, StackError,
    gateway::{self, Gateway},
    images::Images,
    internet,
    mailboxes::Mailboxes,
    probing::Surveys,
    provision::{self, Equipment, Keys},
    router::{self, Router},
    senders,
    services::Services,
    zones::Zones,
};
use container::{Container, ContainerSpec, Engine, File, ImageSettings, Network, Run};
use futures_util::future::try_join_all;
use std::{net::IpAddr, path::PathBuf, sync::Arc};
use wire::World;

/// What to bring up, and from what.
#[derive(Debug)]
pub struct StackSpec {
    /// The gateway under test.
    pub gateway: Gateway,
    /// The well-behaved peer, if anybody needs it.
    pub peer: Option<Gateway>,
    /// The directory of image recipes.
    pub containers: PathBuf,
    /// Where packages come from.
    pub images: ImageSettings,
}

impl Stack {
    /// Brings a stack up: everything that can happen at the same time does.
    ///
    /// # Errors
    /// See [`StackError`]. What was made until then carries the run's label, and is removed by [`Engine::sweep`].
    pub async fn up(
        engine: &Engine,
        run: Run,
        spec: StackSpec,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, StackError> {
        let StackSpec { gateway, peer, containers, images } = spec;
        let gateways: Vec<Gateway> = [Some(gateway), peer].into_iter().flatten().collect();
        let authority = pki::Authority::new()?;
        let images =
            Images::ensure(engine, &containers, &images, &gateways.iter().collect::<Vec<_>>(), progress).await?;
        progress("bringing up the pretend Internet and the gateways on it");
        let (network, keys) = tokio::try_join!(async { Ok(engine.network(&run).await?) }, Keys::make(&gateways))?;
        let bridge = IpAddr::V4(network.gateway);
        let dns = dns::Server::start(bridge).await?;
        let router = Arc::new(Router::default());
        let world = World::listen(bridge, router::router(&router)).await;
        let world = world.map_err(|cause| StackError::Listen { address: bridge, cause })?;
        let on = On { engine, run: &run, network: &network };
        let logs = Logs::default();

        let starting = gateways.iter().flat_map(|g| g.hosts.iter().map(move |h| (g, h)));
        let starting = starting.map(|(gateway, host)| {
            let equipment = provision::equip(host, &authority, &keys);
            let image = images.host(gateway, &host.packages);
            let (on, logs) = (&on, &logs);
            async move {
                let Equipment { files, tlsa } = equipment?;
                let container = on.host(image, host, files).await?;
                Ok::<_, StackError>((Host::new(host.clone(), container, logs.clone()), tlsa))
            }
        });
        let (internet, hosts) =
            tokio::try_join!(on.internet(&images.internet, &world, &dns, &logs), try_join_all(starting))?;
        dns.is_here()?;
        let entrance = internet.container.port(internet::ENTRANCE)?;
        router.open(entrance);

        let mut hosts = hosts.into_iter();
        let mut admds: Vec<Admd> = Vec::new();
        let mut published = Vec::new();
        for gateway in gateways {
            let (hosts, tlsa): (Vec<Host>, Vec<_>) = hosts.by_ref().take(gateway.hosts.len()).unzip();
            published.extend(zones(&gateway, hosts.iter().zip(&tlsa), &router, &keys));
            admds.push(Admd { gateway, hosts });
        }
        let lease = Some(dns.publish(published.clone())?);
        let mut stack = Self {
            entrance,
            run: run.clone(),
            internet,
            admds,
            judge: opinion::Judge::new(&dns).await?,
            dns,
            anchor: authority.anchor(),
            authority,
            router,
            probed: Surveys::default(),
            mailboxes: Mailboxes::default(),
            names: senders::Names::default(),
            mending: tokio::sync::Mutex::default(),
            logs,
            published,
            lease,
            _world: world,
        };
        stack.mailboxes = stack.all_mailboxes()?;
        if let Err(error) = stack.start_services(&on, &images.internet).await {
            // what cannot be reached behind a broken Internet is no fault of its own
            stack.internet.check(&stack.logs).await?;
            return Err(error);
        }
        Ok(stack)
    }

    /// Routes, preparations and services of all hosts, at the same time; then waits until all are ready.
    async fn start_services(&mut self, on: &On<'_>, image: &str) -> Result<(), StackError> {
        let internet = self.internet.container.addresses();
        let (route, preparations) = (internet::default_route(&internet), provision::preparations(&internet));
        let hosts = self.admds.iter_mut().flat_map(|admd| admd.hosts.iter_mut());
        let starting = hosts.map(|host| async {
            let roots = provision::hashed_roots(&host.plan);
            let emptied = provision::emptied(&host.plan);
            let commands = format!("{preparations}{roots}{emptied}{}", provision::ownership(&host.plan));
            let container = host.container.clone();
            let routed = async {
                match on.network.way_out {
                    Some(_) => Ok(()),
                    None => Ok(on.engine.run_once(on.run, image, &container, &route).await?),
                }
            };
            let started = async {
                host.prepare(&commands).await?;
                host.start().await
            };
            tokio::try_join!(routed, started).map(drop)
        });
        try_join_all(starting).await?;
        let stack = &*self;
        let waiting = stack.hosts().flat_map(|host| {
            host.plan.services.iter().map(move |service| host.ready(service, move |port| stack.greets(host, port)))
        });
        try_join_all(waiting).await?;
        stack.wait_in_advance();
        self.admds.iter_mut().flat_map(|admd| &mut admd.hosts).for_each(Host::watch);
        Ok(())
    }
}

/// Where containers are started.
struct On<'a> {
    engine: &'a Engine,
    run: &'a Run,
    network: &'a Network,
}

impl On<'_> {
    /// Starts the pretend Internet: parked with its routes first, then HAProxy and Unbound.
    async fn internet(
        &self,
        image: &str,
        world: &World,
        dns: &dns::Server,
        logs: &Logs,
    ) -> Result<Internet, StackError> {
        let mut spec = self.spec(INTERNET, image);
        spec.cap_add = vec!["NET_ADMIN".to_owned()];
        spec.publish = vec![internet::ENTRANCE];
        let taken = self.network.way_out.as_ref().map(internet::taken).unwrap_or_default();
        spec.command = vec!["sh".to_owned(), "-c".to_owned(), format!("{taken}{}", internet::PARKED)];
        spec.files = vec![
            File::new(internet::HAPROXY, internet::haproxy(world.address(), self.network.gateway)),
            File::new(internet::UNBOUND, internet::unbound(dns.address(), &dns.trust_anchor())),
        ];
        let container = self.engine.start(spec).await?;
        let mut services = Services::new(INTERNET, container.clone(), logs.clone());
        for (name, command) in internet::SERVICES {
            let logs = logs.clone();
            let own = move |_, line: &str| logs.remember(INTERNET, &format!("{name}: {line}"));
            services.add(name, container.spawn(command, own).await?);
        }
        Ok(Internet { container, services })
    }

    async fn host(&self, image: &str, host: &gateway::Host, files: Vec<File>) -> Result<Container, StackError> {
        let mut spec = self.spec(host.name.as_str(), image);
        spec.files = files;
        Ok(self.engine.start(spec).await?)
    }

    fn spec(&self, name: &str, image: &str) -> ContainerSpec {
        let mut spec = ContainerSpec::new(name, image, self.run, self.network);
        spec.sysctls = internet::SYSCTLS.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        spec
    }
}

fn zones<'a>(
    gateway: &Gateway,
    hosts: impl Iterator<Item = (&'a Host, &'a Vec<String>)>,
    router: &Router,
    keys: &Keys,
) -> Vec<dns::ZoneData> {
    let mut zones = Zones::of(gateway);
    for (host, tlsa) in hosts {
        zones.tlsa(&host.plan.name, tlsa);
        let container = host.container.addresses();
        let private = |public: &IpAddr| {
            if public.is_ipv4() { Some(IpAddr::V4(container.v4)) } else { container.v6.map(IpAddr::V6) }
        };
        for public in &host.plan.public {
            zones.host(&host.plan.name, *public, true);
            if let Some(private) = private(public) {
                router.add(*public, private);
            }
        }
        if host.plan.public.is_empty() {
            // in one family only, so that a connection between own hosts always looks the same
            zones.host(&host.plan.name, IpAddr::V4(container.v4), false);
        }
    }
    for (key, record) in keys.of(gateway) {
        zones.dkim(&key.domain, &key.selector, record);
    }
    zones.data()
}
