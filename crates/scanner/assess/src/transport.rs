//! What a service does before TLS, and its TLS against the profile.

use crate::{
    ServiceFacts,
    check::{Answer, Checks, Grade, Group},
    setting::{self, why},
};
use evidence::{Cleartext, Injection, LoginSeen, Observed, Probed};
use mail::Service;
use profile::{Aspect, Deviation, Feature, Gap, Profile};

pub(crate) fn checks(service: &ServiceFacts, of: &str, profile: &Profile, out: &mut Checks) {
    let probed = match &service.probed {
        Observed::Unobserved(why) => {
            let answer = Answer::not_tested(format!("{why}; nothing of this service is graded"));
            return out.add(Group::Transport, of, "reachable", answer);
        }
        Observed::Seen(probed) => probed,
    };
    let mut add = |name: &str, answer| out.add(Group::Transport, of, name, answer);
    add("reachable", Answer::pass(format!("{} answers", probed.server)));
    if !service.service.is_implicit() {
        match &probed.cleartext {
            Observed::Seen(cleartext) => before_tls(service, cleartext, &mut add),
            Observed::Unobserved(why) => {
                for name in ["STARTTLS", "login before TLS", "injection behind STARTTLS"] {
                    add(name, Answer::not_tested(why));
                }
            }
        }
    }
    tls(&Compared::new(service, probed, profile), &mut add);
}

fn before_tls(service: &ServiceFacts, cleartext: &Cleartext, add: &mut dyn FnMut(&str, Answer)) {
    let starttls = if cleartext.offers_starttls {
        Answer::pass("offered")
    } else {
        Answer::fail("not offered: everything is sent in cleartext").change(setting::tls(service))
    };
    let (offer, injected) = sections(service.service);
    add("STARTTLS", starttls.cites(offer));
    if matches!(service.service, Service::Smtp | Service::Submission) {
        add("TLS required", required(service, cleartext));
    }
    let login = match &cleartext.login {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(LoginSeen::Refused(said)) => Answer::pass(format!("refused: {said}")),
        Observed::Seen(LoginSeen::Taken(said)) => {
            Answer::fail(format!("a password is taken in cleartext: {said}")).change(setting::login(service))
        }
    };
    add("login before TLS", login.cites("RFC 8314 §4.1"));
    if !cleartext.offers_starttls {
        return;
    }
    let injection = match &cleartext.injection {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(Injection::Dropped) => Answer::pass("what is sent behind STARTTLS is dropped"),
        Observed::Seen(Injection::Closed) => Answer::pass("what is sent behind STARTTLS ends the connection"),
        Observed::Seen(Injection::Answered(said)) => {
            Answer::fail(format!("cleartext sent behind STARTTLS is answered under TLS: {said} (CVE-2011-0411)"))
        }
    };
    add("injection behind STARTTLS", injection.cites(injected));
}

/// Where STARTTLS is specified, and that the server forgets what came before it.
const fn sections(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::Imap | Service::Imaps => ("RFC 9051 §6.2.1", "RFC 9051 §6.2.1"),
        Service::Pop3 | Service::Pop3s => ("RFC 2595 §4", "RFC 2595 §4"),
        Service::Sieve => ("RFC 5804 §2.2", "RFC 5804 §2.2"),
        Service::Smtp | Service::Submission | Service::Submissions => ("RFC 3207 §4", "RFC 3207 §4.2"),
    }
}

/// Mail from anybody must be taken without TLS too; mail from users must not.
fn required(service: &ServiceFacts, cleartext: &Cleartext) -> Answer {
    let reply = match &cleartext.mail_from {
        Observed::Unobserved(why) => return Answer::not_tested(why),
        Observed::Seen(reply) => reply,
    };
    let is_required = reply.code == 530;
    match (service.service, is_required) {
        (Service::Smtp, false) => Answer::pass("not required, as is right where anybody sends mail"),
        (Service::Smtp, true) => {
            Answer::notice("required: hosts that have no TLS cannot send mail").change(setting::optional_tls(service))
        }
        (_, true) => Answer::pass("required"),
        (_, false) => Answer::notice(format!("not required: MAIL FROM without TLS is answered with {}", reply.code))
            .change(setting::tls(service)),
    }
    .cites(if service.service == Service::Smtp { "RFC 3207 §4" } else { "RFC 8314 §4.1" })
}

/// A probe beside a profile.
struct Compared<'a> {
    service: &'a ServiceFacts,
    probed: &'a Probed,
    profile: &'a Profile,
    deviations: Vec<Deviation>,
    gaps: Vec<Gap>,
}

impl<'a> Compared<'a> {
    fn new(service: &'a ServiceFacts, probed: &'a Probed, profile: &'a Profile) -> Self {
        let (deviations, gaps) = (profile::judge(profile, probed), profile::gaps(profile, probed));
        Self { service, probed, profile, deviations, gaps }
    }

    fn answer(&self, aspect: Aspect, good: impl FnOnce() -> String) -> Answer {
        by_profile(&self.deviations, &self.gaps, aspect, good).cites(&self.profile.title)
    }

    /// Whether a version before 1.3 is taken.
    fn has_old_version(&self) -> bool {
        self.probed.taken().any(|version| version.version != "TLSv1.3")
    }
}

/// What is to be said of one aspect: where the server deviates, else why it was not seen, else that it is good.
pub(crate) fn by_profile(
    deviations: &[Deviation],
    gaps: &[Gap],
    aspect: Aspect,
    good: impl FnOnce() -> String,
) -> Answer {
    let of: Vec<&Deviation> = deviations.iter().filter(|deviation| deviation.what == aspect).collect();
    if let Some(weight) = of.iter().map(|deviation| deviation.weight).max() {
        // the worst first, and of each way to be wrong what is wanted once
        let worst: Vec<&&Deviation> = of.iter().filter(|deviation| deviation.weight == weight).collect();
        let seen: Vec<&str> = worst.iter().take(3).map(|deviation| deviation.seen.as_str()).collect();
        let more = of.len() - seen.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Answer::new(Grade::from(weight), format!("{}{more}; wanted: {}", seen.join(", "), worst[0].wanted));
    }
    match gaps.iter().find(|gap| gap.what == aspect) {
        Some(gap) => Answer::not_tested(&gap.why),
        None => Answer::pass(good()),
    }
}

fn tls(compared: &Compared<'_>, add: &mut dyn FnMut(&str, Answer)) {
    let Compared { service, probed, profile, .. } = compared;
    let taken: Vec<&str> = probed.taken().map(|version| version.version.as_str()).collect();
    if profile.versions.is_some() {
        let answer = compared.answer(Aspect::Version, || taken.join(", "));
        add("versions", answer.change(setting::versions(service, probed, profile)));
    }
    let is_without = probed.versions.iter().all(|version| version.suites.seen().is_some_and(Vec::is_empty));
    if is_without {
        return; // without TLS there is nothing more to say of it
    }
    if profile.suites.is_some() {
        let answer = compared.answer(Aspect::Suite, || count(probed.suites().len(), "cipher suite"));
        add("cipher suites", answer.change(setting::suites(service, probed, profile)));
    }
    let groups = probed.groups.seen().map(|groups| groups.join(", "));
    if profile.groups.is_some() {
        let answer = compared.answer(Aspect::Group, || groups.unwrap_or_default());
        add("groups", answer.change(setting::groups(service, probed, profile)));
    }
    add("post-quantum", post_quantum(service, probed, profile));
    if profile.signatures.is_some() {
        let schemes = probed.signatures.seen().map_or(0, Vec::len);
        add("signature schemes", compared.answer(Aspect::Signature, || count(schemes, "scheme")));
    }
    if profile.order.is_some() {
        let answer = compared.answer(Aspect::Order, || "as the profile asks".to_owned());
        add("order", answer.change(setting::order(service, setting::is_servers_order(profile))));
    }
    if profile.dh.is_some() {
        let dh = probed.dh.seen().and_then(Option::as_ref);
        let good = || dh.map_or_else(|| "no suite with DHE".to_owned(), |dh| format!("{} bits", dh.bits));
        add("Diffie-Hellman group", compared.answer(Aspect::Dh, good).change(setting::dh(service)));
    }
    add("compression", compression(compared));
    add("renegotiation", renegotiation(compared));
    for (feature, is_wanted, _) in profile.features.demands() {
        let is_shown =
            matches!(feature, Feature::Compression | Feature::SecureRenegotiation | Feature::ClientRenegotiation);
        if !is_shown {
            let good = || if is_wanted { "yes" } else { "no" }.to_owned();
            add(feature.as_str(), compared.answer(Aspect::Feature(feature), good));
        }
    }
}

/// A key exchange that withstands quantum computers; what is recorded today can be read then.
fn post_quantum(service: &ServiceFacts, probed: &Probed, profile: &Profile) -> Answer {
    let groups = match &probed.groups {
        Observed::Unobserved(why) => return Answer::not_tested(why),
        Observed::Seen(groups) => groups,
    };
    let hybrid = groups.iter().find(|group| group.to_ascii_uppercase().contains("MLKEM"));
    match hybrid {
        Some(group) => Answer::pass(format!("{group} is taken")),
        None => Answer::notice("no group that withstands quantum computers is taken")
            .change(setting::post_quantum(service, groups, profile)),
    }
}

fn compression(compared: &Compared<'_>) -> Answer {
    if !compared.has_old_version() && all_versions_seen(compared.probed) {
        return Answer::pass("TLS 1.3 has none");
    }
    let answer = match &compared.probed.features.compression {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(false) => Answer::pass("none"),
        Observed::Seen(true) => Answer::fail("what is compressed before it is encrypted can be guessed (CRIME)")
            .change(setting::compression(compared.service)),
    };
    answer.cites("RFC 9325 §3.3")
}

fn renegotiation(compared: &Compared<'_>) -> Answer {
    if !compared.has_old_version() && all_versions_seen(compared.probed) {
        return Answer::pass("TLS 1.3 has none");
    }
    let features = &compared.probed.features;
    let client = compared.deviations.iter().find(|d| d.what == Aspect::Feature(Feature::ClientRenegotiation));
    let answer = match (&features.secure_renegotiation, &features.client_renegotiation) {
        (Observed::Seen(false), _) => {
            Answer::fail("it is not secure: somebody on the way can put words before a client's")
        }
        (_, Observed::Seen(true)) => {
            let grade = client.map_or(Grade::Notice, |deviation| Grade::from(deviation.weight));
            Answer::new(grade, "clients may renegotiate, which costs the server more than them")
                .change(setting::renegotiation(compared.service))
        }
        (Observed::Seen(true), Observed::Seen(false)) => Answer::pass("secure, and not for clients to begin"),
        (secure, client) => Answer::not_tested(why(secure).or_else(|| why(client)).unwrap_or_default()),
    };
    answer.cites("RFC 9325 §3.5")
}

fn all_versions_seen(probed: &Probed) -> bool {
    probed.versions.iter().all(|version| version.suites.seen().is_some())
}

fn count(many: usize, what: &str) -> String {
    format!("{many} {what}{}, all as the profile asks", if many == 1 { "" } else { "s" })
}
