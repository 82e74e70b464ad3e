//! Containers: what goes in, what comes out, and how they are reached.

use crate::{Place, Test, ensure, with_place};
use libtest_mimic::Failed;
use mailproof_container::{ContainerSpec, File, Owner, Stream};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) fn trials() -> Vec<Test> {
    vec![
        ("containers::files_and_commands", files_and_commands),
        ("containers::lines_of_a_process_that_goes_on", lines_of_a_process_that_goes_on),
        (
            "containers::a_process_killed_while_a_child_holds_its_output",
            a_process_killed_while_a_child_holds_its_output,
        ),
        ("containers::a_published_port_is_on_loopback", a_published_port_is_on_loopback),
        ("containers::only_the_harness_sets_routes", only_the_harness_sets_routes),
        ("containers::one_that_ends_at_once_is_an_error", one_that_ends_at_once_is_an_error),
    ]
}

impl Place {
    fn spec(&self, name: &str) -> ContainerSpec {
        let mut spec = ContainerSpec::new(name, &self.image, &self.run, &self.network);
        spec.sysctls = vec![("net.ipv6.conf.all.disable_ipv6".to_owned(), "0".to_owned())];
        spec
    }
}

fn files_and_commands() -> Result<(), Failed> {
    with_place(|place| async move {
        let mut spec = place.spec("files.example");
        spec.files = vec![File { mode: 0o640, uid: 33, gid: 34, ..File::new("/etc/new/deep/file", "one\n") }];
        let container = place.engine.start(spec).await?;
        let command =
            "stat -c '%a %u %g %Y' /etc/new/deep/file; stat -c %a /etc/new /etc; hostname; echo bad >&2; exit 3";
        let output = container.exec(&["sh", "-c", command]).await?;
        let expected = "640 33 34 946684800\n755\n755\nfiles.example\n";
        ensure(output.code == 3 && output.stdout == expected && output.stderr == "bad\n", || format!("{output:?}"))?;
        container.upload(vec![File::new("/etc/new/deep/file", "two")]).await?;
        let contents = container.read_file("/etc/new/deep/file").await?;
        ensure(contents == b"two", || format!("{contents:?}"))?;
        let missing = container.read_file("/etc/none").await.err().ok_or("a missing file was read")?;
        ensure(missing.to_string().contains("/etc/none"), || missing.to_string())?;
        let large = container.exec(&["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]).await?;
        ensure(large.stdout.len() == 3_000_000, || large.stdout.len().to_string())?;
        let none = container.exec(&["no-such-program"]).await?;
        ensure(none.code == 126 || none.code == 127, || format!("{none:?}"))?;
        let again = place.engine.container(container.id()).await?;
        ensure(again.addresses() == container.addresses() && again.name() == container.name(), || {
            format!("{again:?}")
        })?;
        container.remove().await?;
        container.remove().await?;
        Ok(())
    })
}

fn lines_of_a_process_that_goes_on() -> Result<(), Failed> {
    with_place(|place| async move {
        let container = place.engine.start(place.spec("lines")).await?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let (first, heard) = tokio::sync::oneshot::channel();
        let mut first = Some(first);
        let on_line = move |stream, line: &str| {
            told.lock().expect("no panic").push((stream, line.to_owned()));
            first.take().map(|first| first.send(()));
        };
        let command = "echo one; mkfifo /tmp/go; read x < /tmp/go; echo $x >&2; printf end; exit 4";
        let process = container.spawn(&["sh", "-c", command], on_line).await?;
        heard.await?;
        ensure(process.running().await?, || "it ended".to_owned())?;
        container.exec(&["sh", "-c", "until [ -p /tmp/go ]; do :; done; echo two > /tmp/go"]).await?;
        ensure(process.exited().await? == 4, || "another exit code".to_owned())?;
        ensure(process.exit_code().await? == Some(4), || "the exit code is forgotten".to_owned())?;
        let seen = seen.lock().expect("no panic").clone();
        let expected = [(Stream::Out, "one"), (Stream::Err, "two"), (Stream::Out, "end")];
        ensure(seen == expected.map(|(s, l)| (s, l.to_owned())), || format!("{seen:?}"))
    })
}

fn a_process_killed_while_a_child_holds_its_output() -> Result<(), Failed> {
    with_place(|place| async move {
        let container = place.engine.start(place.spec("killed")).await?;
        let (said, heard) = tokio::sync::oneshot::channel();
        let mut said = Some(said);
        let on_line = move |_, line: &str| drop(said.take().map(|said| said.send(line.to_owned())));
        let process = container.spawn(&["sh", "-c", "sleep infinity & echo $$; wait"], on_line).await?;
        let pid = heard.await?;
        container.exec(&["sh", "-c", &format!("kill -KILL {pid}")]).await?;
        let code = process.exited().await?;
        ensure(code == 137, || code.to_string())
    })
}

fn a_published_port_is_on_loopback() -> Result<(), Failed> {
    with_place(|place| async move {
        let mut spec = place.spec("port");
        spec.publish = vec![7000];
        let listen = "use IO::Socket::INET; $s = IO::Socket::INET->new(Listen => 5, LocalPort => 7000, ReuseAddr => 1) or die; \
                      $| = 1; print qq(up\\n); while ($c = $s->accept) { print $c qq(hello); close $c }";
        spec.command = ["perl", "-e", listen].map(str::to_owned).to_vec();
        let container = place.engine.start(spec).await?;
        let address = container.port(7000)?;
        ensure(address.ip().is_loopback(), || address.to_string())?;
        ensure(container.port(25).is_err(), || "port 25 is not published".to_owned())?;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        let mut text = String::new();
        while text.is_empty() && tokio::time::Instant::now() < deadline {
            tick.tick().await;
            let Ok(mut connection) = tokio::net::TcpStream::connect(address).await else { continue };
            let _ = connection.write_all(b"x").await;
            let _ = connection.read_to_string(&mut text).await;
        }
        ensure(text == "hello", || text.clone())
    })
}

fn only_the_harness_sets_routes() -> Result<(), Failed> {
    with_place(|place| async move {
        let internet = crate::recipe("internet", mailproof_container::Base::Recipe(Box::new(crate::debian())));
        let image = place.engine.ensure(&internet, &crate::settings(), &|_| {}).await?;
        let mut spec = place.spec("routes");
        spec.image.clone_from(&image);
        let container = place.engine.start(spec).await?;
        let addresses = container.addresses();
        let v6 = addresses.v6.ok_or("no IPv6 address")?;
        let shown = container.exec(&["ip", "-o", "address"]).await?.stdout;
        for address in [IpAddr::from(addresses.v4), IpAddr::from(v6)] {
            ensure(shown.contains(&address.to_string()), || format!("{address} in {shown}"))?;
        }
        // from its start the container's way out is the network's, and else the bridge
        let out = place.network.way_out;
        let to = [
            out.map_or(place.network.gateway, |out| out.v4).to_string(),
            out.and_then(|out| out.v6).map_or("".into(), |v6| v6.to_string()),
        ];
        for (family, to) in ["-4", "-6"].into_iter().zip(to) {
            let shown = container.exec(&["ip", family, "route", "show", "default"]).await?.stdout;
            ensure(shown.contains(&to), || format!("{to} in {shown}"))?;
        }
        let route = ["ip", "route", "add", "blackhole", "192.0.2.0/24"];
        ensure(container.exec(&route).await?.code != 0, || "it may set routes".to_owned())?;
        place.engine.run_once(&place.run, &image, &container, &route.join(" ")).await?;
        let routes = container.exec(&["ip", "route"]).await?.stdout;
        ensure(routes.contains("blackhole 192.0.2.0/24"), || routes.clone())?;
        let failed = place.engine.run_once(&place.run, &image, &container, "echo the reason >&2; exit 3").await.err();
        let failed = failed.map(|error| error.to_string()).unwrap_or_default();
        ensure(failed.contains("the reason") && failed.contains("exit 3"), || failed.clone())?;
        let seen =
            place.engine.runs().await?.into_iter().find(|r| r.id == place.run.id).ok_or("the run is not seen")?;
        let hosts: Vec<&str> = seen.containers.iter().map(|c| c.host.as_str()).collect();
        ensure(hosts == ["routes"] && seen.owner == Owner::Lives && !seen.held, || format!("{seen:?}"))
    })
}

fn one_that_ends_at_once_is_an_error() -> Result<(), Failed> {
    with_place(|place| async move {
        let mut spec = place.spec("ends");
        spec.command = vec!["no-such-program".to_owned()];
        let error = match place.engine.start(spec).await {
            Err(error) => error,
            // the engine told of a start before the init found no program
            Ok(started) => {
                let mut last = started.exec(&["true"]).await;
                let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
                while last.is_ok() && tokio::time::Instant::now() < deadline {
                    last = started.exec(&["true"]).await;
                }
                last.err().ok_or("it runs")?
            }
        };
        ensure(error.to_string().contains("ends"), || error.to_string())
    })
}
