//! The language of scenario files: every table and every key, once. Reader, schema and reference are made from this.

mod each;
mod hosts;
mod messages;
mod questions;
mod transactions;

pub(crate) use self::{each::*, hosts::*, messages::*, questions::*, transactions::*};

use form::{
    Presence, Required, tables,
    values::{Bits, Cite, Exchange, Line, Named, OneOrMany, RecordKind, Selector, Whole, Yes},
    words::{Algorithm, Answer},
};
use mail::Domain;
use plan::{Dnssec, KeyRecord, Need, Spanned};
use std::net::IpAddr;

tables! {
    /// Zones of the pretend Internet, mail that is sent, and what must come of it.
    ScenarioTable "scenario" [Any] {
        /// What is claimed, as one sentence.
        title: Required<Spanned<Line>>,
        /// The sections that say so, such as `RFC 7208 §4.6.4`.
        cites: Option<Vec<Spanned<Cite>>>,
        /// The mechanism that it demonstrates, such as `spf`.
        teaches: Option<Spanned<Line>>,
        /// What the gateway must have for it: a service (`submission`), a daemon, also of a version (`dovecot >= 2.4`), a method
        /// (`dmarc`), `dane`, `mta-sts`, `tls-reports`. Where it is lacking, the scenario is not applicable. What follows from the file
        /// need not be said: services that are used, daemons whose settings are changed, methods of which a result is claimed.
        needs: Option<Vec<Need>>,
        /// That it runs alone, after all others: for mail that may end a daemon, so that it disturbs nobody.
        alone: Option<Yes>,
        /// Zones that the pretend Internet has while the scenario runs, by their names: `[zone."bank.example"]`.
        /// The zones of the gateways are there anyway and cannot be declared.
        zone: Option<Named<Domain, ZoneTable>>,
        /// Reverse mapping: the name that belongs to an address, as in `"192.0.2.10" = "mail.bank.example"`.
        ptr: Option<Named<IpAddr, Spanned<Domain>>>,
        /// Hosts that the harness plays, by their names: `[host."mx.partner.example"]`.
        host: Option<Named<Domain, HostTable>>,
        /// Settings of the gateway that are changed while the scenario runs, alone.
        setting: Option<Spanned<SettingTable>>,
        /// Questions to the DNS, in order: `[[lookup]]`. They are asked first.
        lookup: Option<Vec<Spanned<LookupTable>>>,
        /// Questions to services of the gateway, in order: `[[probe]]`. They are asked before mail is sent.
        probe: Option<Vec<Spanned<ProbeTable>>>,
        /// TLS reports of the gateway, in order: `[[tls-report]]` (RFC 8460). They are asked for after all mail was sent,
        /// and the scenario runs alone.
        tls_report: Option<Vec<Spanned<ReportTable>>>,
        /// Mail, in order: `[[transaction]]`. Whatever must not come through needs a control in the same file: the
        /// same from its rightful sender, delivered.
        transaction: Option<Transactions>,
    }

    /// A zone of the pretend Internet. SOA and NS records are made; every TTL is 0.
    ZoneTable "zone" [Any] {
        /// An SPF record at the apex (RFC 7208 §3).
        spf: Option<Spanned<Line>>,
        /// A DMARC record at `_dmarc` (RFC 9989 §4.5).
        dmarc: Option<Spanned<Line>>,
        /// An MTA-STS record at `_mta-sts` (RFC 8461 §3.1). In what a zone says `{nonce}` is another word each time the scenario runs: a
        /// policy whose `id` it is was never seen before.
        mta_sts: Option<Spanned<Line>>,
        /// A TLS reporting record at `_smtp._tls` (RFC 8460 §3).
        tls_rpt: Option<Spanned<Line>>,
        /// Where mail for the zone goes: a host's whole name, `20 host` for another priority than 10, `.` for nowhere.
        mx: Option<OneOrMany<Spanned<Exchange>>>,
        /// Key pairs for DKIM, made for each run, by selector: `dkim.s1 = { algorithm = "ed25519-sha256" }`.
        dkim: Option<Named<Selector, DkimTable>>,
        /// More records, in zone-file syntax (RFC 1035 §5.1), names relative to the apex, without TTL.
        records: Option<Spanned<String>>,
        /// How the zone is signed (RFC 4035 §2).
        dnssec: Option<Dnssec>,
        /// Names that answer wrongly.
        faults: Option<Vec<FaultTable>>,
    }

    /// A key pair for DKIM. Unless its record says otherwise, the public key is published in the zone.
    DkimTable "DKIM key" [Any] {
        /// The algorithm that it signs with.
        algorithm: Option<Spanned<Algorithm>>,
        /// Size of an RSA key; 2048 if not said. Not for Ed25519.
        bits: Option<Spanned<Bits>>,
        /// What the zone says of the key.
        record: Option<KeyRecord>,
        /// More tags for the record, such as `t=y` (RFC 6376 §3.6.1).
        tags: Option<Spanned<Line>>,
    }

    /// A name that answers wrongly.
    FaultTable "DNS fault" [Any] {
        /// The name, relative to the apex; `@` is the apex, a final dot makes it whole.
        name: Required<Spanned<Line>>,
        /// Only questions of this type, such as `TXT`; else all.
        r#type: Option<RecordKind>,
        /// What happens instead.
        answer: Required<Spanned<Answer>>,
        /// How late the answer is; with `delay` only.
        seconds: Presence<Spanned<Whole<0, 60>>>,
        /// How large the answer is; with `oversized` only, and of TXT records only.
        octets: Presence<Spanned<Whole<512, 60_000>>>,
    }
}
