//! The vocabulary: the words of the RFCs as types, and the grammars to read and write them.
//!
//! Everything here is a value. This room knows no socket, no file, no clock and no other room.

mod address;
mod auth;
mod auth_results;
mod character_string;
mod dns_name;
mod field;
mod nonce;
mod reply;
mod service;
mod suite;
mod tls;
mod tlsa;

pub use address::{
    Address, AddressError, Domain, ReversePath, a_labels, as_logged, inside_brackets, is_same_mailbox, unquoted_address,
};
pub use auth::{ArcResult, DkimResult, DmarcResult, SpfResult, UnknownResult};
pub use auth_results::{AuthenticationResults, AuthenticationResultsError, MethodResult, Property, authserv_id};
pub use character_string::{
    BadEscape, LONGEST_CHARACTER_STRING, character_strings, quote, readable, txt_data, txt_text, unescape,
};
pub use dns_name::{DnsName, DnsNameError};
pub use field::{Field, Message};
pub use nonce::{Nonce, NonceError};
pub use reply::{EnhancedStatus, EnhancedStatusError, Reply, ReplyError};
pub use service::{Service, UnknownService};
pub use suite::{iana_group, iana_suite, is_same_group, is_same_suite, openssl_suite};
pub use tls::{GROUPS, SCHEMES, alert_name, group_name, is_grease, scheme_name, version_name};
pub use tlsa::{TlsaFault, TlsaRecord, TlsaRecordError};
