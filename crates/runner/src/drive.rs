//! One scenario through the world: its stage set, its questions asked, its mail sent, its evidence brought home.

use compose::KeyPair;
use evidence::{Evidence, Observed};
use mail::{Domain, Nonce};
use plan::{KeyRecord, Plan, Transaction, Zone};
use rand::random;
use stack::{OutgoingMail, Stack, StackError, Stage};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Whether the harness judges each message for itself, beside what the gateway's filters say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Opinion {
    /// It does.
    #[default]
    On,
    /// It does not.
    Off,
}

/// The keys of a scenario, by zone and selector.
type Keys = HashMap<(Domain, String), Arc<KeyPair>>;

/// A scenario's stage on the pretend Internet, and the keys that sign for it; cleared when it is dropped.
#[derive(Debug)]
pub(crate) struct Published {
    /// What `{nonce}` stands for in its zones.
    nonce: Nonce,
    keys: Keys,
    stage: Stage,
}

/// Makes a scenario's keys and sets its stage.
///
/// # Errors
/// A key or certificate cannot be made, or a zone cannot be served.
pub(crate) async fn publish(stack: &Stack, plan: &Plan) -> Result<Published, StackError> {
    let nonce = Nonce::from_number(random());
    let (zones, keys) = make_keys(plan.zones.clone(), nonce.clone()).await?;
    Ok(Published { nonce, keys, stage: stack.stage(plan, zones)? })
}

/// Drives one scenario. Its stage is cleared, all services run, and the gateway's settings are as before when this ends, however
/// it ends.
///
/// # Errors
/// It could not be told what the gateway does.
pub(crate) async fn drive(stack: &Stack, plan: &Plan, opinion: Opinion) -> Result<Evidence, StackError> {
    if plan.settings.changes.is_empty() {
        return act(stack, plan, opinion).await;
    }
    let changed = stack.change_settings(&plan.settings.changes).await?;
    let settings = changed.settings.clone();
    let acted = act(stack, plan, opinion).await;
    stack.restore(changed).await?;
    Ok(Evidence { settings, ..acted? })
}

/// Sets the stage, acts, and clears the stage; what stood still runs again.
async fn act(stack: &Stack, plan: &Plan, opinion: Opinion) -> Result<Evidence, StackError> {
    let mut published = publish(stack, plan).await?;
    let mut evidence = Evidence::default();
    let acted = perform(stack, plan, opinion, &mut published, &mut evidence).await;
    if plan.stopped().next().is_some() {
        let objects = evidence.transactions.iter().flat_map(|seen| std::iter::once(&seen.object).chain(&seen.others));
        let queue_ids: Vec<&str> = objects.flat_map(|object| &object.queue_ids).map(String::as_str).collect();
        stack.resume(&queue_ids).await?;
    }
    let cleared = published.stage.clear(stack).await;
    acted?;
    cleared.map(|()| evidence)
}

/// Asks, then sends.
async fn perform(
    stack: &Stack,
    plan: &Plan,
    opinion: Opinion,
    published: &mut Published,
    evidence: &mut Evidence,
) -> Result<(), StackError> {
    for lookup in &plan.lookups {
        let seen = stack.look_up(&lookup.name.value, &lookup.record_type).await;
        evidence.lookups.push(seen.map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen));
    }
    for probe in &plan.probes {
        let (service, name) = (probe.service.value, probe.server_name.as_ref());
        evidence.probes.push(match plan.settings.changes.is_empty() {
            true => stack.probe(service, name).await?,
            false => stack.survey(service, name).await?,
        });
    }
    for transaction in &plan.transactions {
        if let Some(change) = &transaction.change {
            if let Some(stopped) = &change.stopped {
                stack.stand_still(stopped).await?;
            }
            let (zones, keys) = make_keys(change.zones.clone(), published.nonce.clone()).await?;
            published.keys.extend(keys);
            published.stage.change(stack, zones, &change.hosts).await?;
        }
        let mail_out = write_mail(stack, published, transaction)?;
        // The zones of this transaction stay as they are until both have ended.
        let opinion = async {
            match opinion {
                Opinion::On => Some(stack.opinion(&mail_out).await),
                Opinion::Off => None,
            }
        };
        let (seen, opinion) = tokio::join!(stack.transact(&mail_out, &published.stage), opinion);
        evidence.transactions.push(evidence::Transaction { opinion, ..seen? });
    }
    if !plan.reports.is_empty() {
        let about: Vec<Domain> = plan.reports.iter().map(|report| report.domain.value.clone()).collect();
        evidence.reports = stack.tls_reports(&published.stage, &about).await?;
    }
    Ok(())
}

/// Only sends the first message of a scenario: what the bare load generator of the benchmark does.
///
/// # Errors
/// The way to the gateway is broken.
pub(crate) async fn send(stack: &Stack, plan: &Plan, published: &Published) -> Result<wire::Dialogue, StackError> {
    let transaction = &plan.transactions[0];
    stack.send(&write_mail(stack, published, transaction)?).await
}

/// Sends the mail of a scenario whose stage stands already, as often as one likes, and tells what was seen of it.
///
/// # Errors
/// The way to the gateway is broken.
pub(crate) async fn send_again(
    stack: &Stack,
    plan: &Plan,
    published: &Published,
) -> Result<Vec<evidence::Transaction>, StackError> {
    let mut seen = Vec::new();
    for transaction in &plan.transactions {
        seen.push(stack.transact(&write_mail(stack, published, transaction)?, &published.stage).await?);
    }
    Ok(seen)
}

fn write_mail<'a>(
    stack: &Stack,
    published: &Published,
    transaction: &'a Transaction,
) -> Result<OutgoingMail<'a>, StackError> {
    let nonce = Nonce::from_number(random());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let key = |domain: &Domain, selector: &str| published.keys.get(&(domain.clone(), selector.to_owned())).cloned();
    let is_new_to_filters = stack.gateway().plausible_senders;
    let message = compose::compose(
        &transaction.message,
        &compose::ComposeContext { nonce: &nonce, now, is_new_to_filters, key: &key },
    )?;
    Ok(OutgoingMail { nonce, message, transaction })
}

/// Makes the key pairs, and the zones with what they say of them.
async fn make_keys(zones: Vec<Zone>, nonce: Nonce) -> Result<(Vec<dns::ZoneData>, Keys), StackError> {
    let made = tokio::task::spawn_blocking(move || {
        let mut keys = Keys::new();
        let mut published = Vec::new();
        for zone in zones {
            published.push(with_keys(zone, &nonce, &mut keys)?);
        }
        Ok((published, keys))
    });
    made.await.expect("making keys does not panic")
}

fn with_keys(zone: Zone, nonce: &Nonce, keys: &mut Keys) -> Result<dns::ZoneData, StackError> {
    let mut records = format!("{}\n", zone.records.replace("{nonce}", &nonce.to_string()));
    for key in zone.dkim {
        let tags = key.tags.as_deref();
        let fresh = || KeyPair::from_pkcs8(key.algorithm, &pki::dkim_key(key.algorithm)?).map_err(StackError::from);
        let pair = fresh()?;
        let record = match key.record {
            KeyRecord::Published => Some(pair.record(tags)),
            KeyRecord::Revoked => Some(compose::revoked_record(key.algorithm, tags)),
            KeyRecord::Wrong => Some(fresh()?.record(tags)),
            KeyRecord::Missing => None,
        };
        if let Some(record) = record {
            let data = mail::txt_data(record.as_bytes());
            writeln!(records, "{}._domainkey 0 IN TXT {data}", key.selector).expect("writing to a string");
        }
        keys.insert((zone.origin.clone(), key.selector), Arc::new(pair));
    }
    Ok(dns::ZoneData { origin: zone.origin, dnssec: zone.dnssec, records, faults: zone.faults })
}
