//! The probe against servers of known truth, each on loopback.

mod facts;
mod features;
mod hostile;
mod renegotiation;
mod servers;
mod speeches;
