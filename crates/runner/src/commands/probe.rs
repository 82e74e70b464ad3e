//! `probe`: what a mail service takes of TLS: of a gateway, or of a server of the user's own.

use super::{CommandContext, Pair};
use crate::{
    bring_up::{RunningStack, interrupt, while_up},
    cli::ProbeArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use evidence::{Observed, Probed, Weight};
use futures_util::future::join_all;
use mail::Service;
use pki::Anchor;
use profile::{Deviation, Profile};
use report::Whole;
use serde::Serialize;
use stack::gateway::Gateway;
use std::{fs, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// How long one connection may take, and how long all of it.
const CONNECTION: Duration = Duration::from_secs(10);
const SURVEY: Duration = Duration::from_secs(60);

/// A service that was probed, and how it compares to a profile.
#[derive(Debug, Serialize)]
struct Shown {
    probed: Observed<Probed>,
    profile: Option<String>,
    deviations: Vec<Deviation>,
    unobserved: Vec<String>,
}

/// Probes, and prints what was seen.
pub(crate) async fn probe(context: &CommandContext, args: ProbeArgs) -> CommandResult {
    let profile = args.profile.as_deref().map(find_profile).transpose()?;
    let seen = match server(&args)? {
        Some(target) => {
            let found = tokio::select! {
                found = probe::survey(&target) => found,
                () = interrupt() => return Err(CommandError::interrupted()),
            };
            vec![found.map_or_else(|error| Observed::Unobserved(error.to_string()), Observed::Seen)]
        }
        None => of_gateway(context, &args).await?,
    };
    let shown: Vec<Shown> = seen.into_iter().map(|probed| compare(probed, profile.as_ref())).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&shown).expect("what was seen is data"));
    } else {
        print!("{}", shown.iter().map(text).collect::<Vec<_>>().join("\n"));
    }
    Ok(exit(&shown))
}

fn compare(probed: Observed<Probed>, profile: Option<&Profile>) -> Shown {
    let judged = probed.seen().zip(profile);
    Shown {
        profile: profile.map(|profile| profile.name.clone()),
        deviations: judged.map(|(seen, profile)| profile::judge(profile, seen)).unwrap_or_default(),
        unobserved: judged.map(|(seen, profile)| profile::unobserved(profile, seen)).unwrap_or_default(),
        probed,
    }
}

fn text(shown: &Shown) -> String {
    let seen = match &shown.probed {
        Observed::Seen(seen) => seen,
        Observed::Unobserved(why) => return format!("could not be told: {why}\n"),
    };
    let mut out = verdict::probe_table(seen);
    if let Some(profile) = &shown.profile {
        out.push_str(&format!("\nProfile {profile}\n"));
        out.extend(shown.deviations.iter().map(|deviation| match deviation.weight {
            Weight::Fault => format!("  fault: {deviation}\n"),
            Weight::Notice => format!("  notice: {deviation}\n"),
        }));
        out.extend(shown.unobserved.iter().map(|what| format!("  not observed: {what}\n")));
        if shown.deviations.is_empty() && shown.unobserved.is_empty() {
            out.push_str("  holds\n");
        }
    }
    out
}

fn exit(shown: &[Shown]) -> Exit {
    let whole = |one: &Shown| {
        let is_wrong = one.deviations.iter().any(|deviation| deviation.weight == Weight::Fault);
        Whole::of(is_wrong, one.probed.seen().is_none() || !one.unobserved.is_empty())
    };
    shown.iter().map(whole).max().map_or(Exit::Nothing, Exit::from)
}

/// Every service of a gateway, on the real daemons.
async fn of_gateway(context: &CommandContext, args: &ProbeArgs) -> Result<Vec<Observed<Probed>>, CommandError> {
    let pair = Pair::load(&context.workspace, args.target.as_deref().or(args.gateway.word()))?;
    let services: Vec<Service> = match args.service {
        Some(service) => vec![service],
        None => services(&pair.gateway),
    };
    while_up(context, pair, async |running_stack| {
        context.progress.say("probing");
        all(running_stack, &services, args).await
    })
    .await
}

async fn all(
    running_stack: &RunningStack,
    services: &[Service],
    args: &ProbeArgs,
) -> Result<Vec<Observed<Probed>>, CommandError> {
    let name = args.sni.first();
    let seen = join_all(services.iter().map(|service| running_stack.stack.probe(*service, name))).await;
    Ok(seen.into_iter().collect::<Result<Vec<_>, _>>()?)
}

/// Services that a gateway offers, as its ports say.
pub(crate) fn services(gateway: &Gateway) -> Vec<Service> {
    let ports = gateway.hosts.iter().flat_map(stack::gateway::Host::ports);
    let mut services: Vec<Service> = ports.filter_map(Service::at_port).collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// The user's own server, if that is what the argument names: HOST:PORT.
fn server(args: &ProbeArgs) -> Result<Option<probe::Target>, CommandError> {
    let Some((host, port)) = args.target.as_deref().and_then(|target| target.rsplit_once(':')) else { return Ok(None) };
    let Ok(port) = port.parse::<u16>() else { return Ok(None) };
    let service = args.service.or_else(|| Service::at_port(port)).ok_or_else(|| {
        let help = "say which one with --service, as in --service submission";
        CommandError {
            exit: Exit::Usage,
            reports: vec![miette::miette!(help = help, "no service has port {port} of its own")],
        }
    })?;
    let names: Vec<String> = args.sni.iter().map(ToString::to_string).collect();
    Ok(Some(target(host, port, service, &names, anchor(args.ca.as_deref())?)))
}

/// A target that is connected to directly.
pub(crate) fn target(host: &str, port: u16, service: Service, names: &[String], anchor: Anchor) -> probe::Target {
    let host = host.trim_matches(['[', ']']).to_owned();
    let (server, address) = (format!("{host}:{port}"), host.clone());
    probe::Target {
        service,
        server,
        server_name: names.first().cloned().unwrap_or(host),
        other_names: names.iter().skip(1).cloned().collect(),
        connect: Arc::new(move || {
            let address = address.clone();
            Box::pin(async move {
                let stream = TcpStream::connect((address.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream) as wire::BoxStream)
            })
        }),
        anchor,
        limit: CONNECTION,
        deadline: SURVEY,
    }
}

/// The roots in a PEM file, or those of the system.
pub(crate) fn anchor(ca: Option<&Path>) -> Result<Anchor, CommandError> {
    let Some(path) = ca else { return Ok(Anchor::system()) };
    let help = "a file with root certificates in PEM is needed";
    let wrong = |cause: String| CommandError::wrong(miette::miette!(help = help, "{}: {cause}", path.display()));
    let pem = fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    Anchor::from_pem(&pem).map_err(|e| wrong(e.to_string()))
}

/// A profile by its name, or in a file of the user's own.
pub(crate) fn find_profile(word: &str) -> Result<Profile, CommandError> {
    if let Some(profile) = Profile::find(word) {
        return Ok(profile);
    }
    if !word.ends_with(".toml") {
        let help = format!("there are {}; or name a file that ends in .toml", profile::names().join(", "));
        let report = miette::miette!(help = help, "no profile `{word}`");
        return Err(CommandError { exit: Exit::Usage, reports: vec![report] });
    }
    let text = fs::read_to_string(word).map_err(|e| CommandError::wrong(miette::miette!("{word}: {e}")))?;
    Profile::read(&text, word).map_err(CommandError::wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_to_be_wrong_outweighs_what_was_not_seen() {
        let deviation = |weight| Deviation {
            what: profile::Aspect::Version,
            seen: "TLSv1".to_owned(),
            wanted: "TLSv1.3".to_owned(),
            weight,
        };
        let shown = |deviations: Vec<Deviation>, unobserved: Vec<String>| Shown {
            probed: Observed::Unobserved("nothing listens".to_owned()),
            profile: None,
            deviations,
            unobserved,
        };
        let unseen = || shown(Vec::new(), Vec::new());
        assert_eq!(exit(&[unseen(), shown(vec![deviation(Weight::Fault)], Vec::new())]), Exit::Failure);
        assert_eq!(exit(&[unseen(), shown(vec![deviation(Weight::Notice)], Vec::new())]), Exit::Error);
        assert_eq!(exit(&[]), Exit::Nothing);
    }
}
