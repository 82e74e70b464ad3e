//! Looking a name up, as `dig +short` shows it.

use crate::{DnsError, handler::word, zone};
use hickory_net::{DnsError as Said, NetError, runtime::TokioRuntimeProvider};
use hickory_resolver::{
    Resolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
};
use mail::Domain;
use std::net::SocketAddr;

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, …
    pub rcode: String,
    /// Data of the records in zone-file form, sorted; where an alias led there, its CNAME is among them.
    pub records: Vec<String>,
}

/// Asks a server for the records of a name; `record_type` is a word such as `TXT`.
///
/// # Errors
/// `record_type` is no record type, or there is no answer.
pub async fn lookup(server: SocketAddr, name: &Domain, record_type: &str) -> Result<LookedUp, DnsError> {
    let kind = zone::record_type(record_type)?;
    let failed = |e: NetError| DnsError::LookUp {
        server,
        name: name.clone(),
        record_type: record_type.to_owned(),
        reason: e.to_string(),
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let upstream = NameServerConfig::new(server.ip(), true, connections.into());
    let config = ResolverConfig::from_name_servers(vec![upstream]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
    let resolver = builder.build().map_err(failed)?;
    match resolver.lookup(hickory_proto::rr::Name::from(zone::name_of(name)), kind).await {
        Ok(found) => {
            let mut records: Vec<String> = found.answers().iter().map(|record| record.data.to_string()).collect();
            records.sort();
            Ok(LookedUp { rcode: word(hickory_proto::op::ResponseCode::NoError), records })
        }
        Err(NetError::Dns(Said::NoRecordsFound(none))) => {
            Ok(LookedUp { rcode: word(none.response_code), records: Vec::new() })
        }
        Err(NetError::Dns(Said::ResponseCode(code))) => Ok(LookedUp { rcode: word(code), records: Vec::new() }),
        Err(e) => Err(failed(e)),
    }
}
