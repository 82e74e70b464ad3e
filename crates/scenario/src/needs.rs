//! What a scenario presupposes of the gateway: what its file says, and what follows from what it asks.

use claims::{Claims, transaction};
use mail::Service;
use plan::{Need, Origin, Plan, Tls, World};
use std::collections::BTreeSet;

/// Everything that the gateway must have, each once; `said`: what the file says itself.
pub(crate) fn of(said: Vec<Need>, plan: &Plan, claims: &Claims, world: &World) -> Vec<Need> {
    let mut needs: BTreeSet<Need> = said.into_iter().collect();
    needs.extend(plan.settings.changes.iter().map(|change| Need::Daemon(change.daemon, None)));
    needs.extend(plan.probes.iter().map(|probe| Need::Service(probe.service.value)));
    if !plan.reports.is_empty() {
        needs.insert(Need::TlsReports);
    }
    // where another transaction is judged without any result, those of a control are not what the scenario is about
    let has_no_result = |list: &claims::ClaimList<_>| {
        transaction::methods(list).next().is_none()
            && (list.first::<transaction::Outcome>().is_some() || list.first::<transaction::Reply>().is_some())
    };
    let is_about_more = claims.transactions.iter().any(has_no_result);
    let methods = |list: &claims::ClaimList<_>| -> Vec<Need> {
        let is_beside = is_about_more && transaction::is_rightful(list);
        if is_beside { Vec::new() } else { transaction::methods(list).map(Need::Method).collect() }
    };
    for (transaction, list) in plan.transactions.iter().zip(&claims.transactions) {
        let is_own = |login: &mail::Address| world.gateway.contains(login.domain());
        match &transaction.origin {
            Origin::Client(client) => {
                if client.tls == Tls::Implicit {
                    needs.insert(Need::Service(Service::Submissions));
                }
                needs.extend(methods(list));
            }
            Origin::Submission(submission) if is_own(&submission.login.value) => {
                needs.insert(Need::Login);
                let is_implicit = submission.tls == Tls::Implicit;
                needs.insert(Need::Service(if is_implicit { Service::Submissions } else { Service::Submission }));
            }
            Origin::Submission(_) => needs.extend(methods(list)),
            Origin::Sendmail => {}
        }
    }
    // a version says more than that the daemon runs
    let of_a_version = |need: &Need| matches!(need, Need::Daemon(_, Some(_)));
    let is_said =
        |daemon: &plan::Daemon| needs.iter().any(|n| of_a_version(n) && matches!(n, Need::Daemon(d, _) if d == daemon));
    needs.iter().filter(|need| !matches!(need, Need::Daemon(daemon, None) if is_said(daemon))).cloned().collect()
}

/// Why the gateway has nothing for a role of which the text speaks, each reason once.
pub(crate) fn lacks(text: &str, world: &World) -> Vec<String> {
    let used = world.roles().into_iter().filter(|role| text.contains(role.written));
    let reasons: BTreeSet<&str> = used.filter_map(|role| role.lack).collect();
    reasons.into_iter().map(str::to_owned).collect()
}
