//! The probe against servers of known truth, each on loopback.

mod facts;
mod features;
mod hostile;
mod old;
mod renegotiation;
mod servers;
mod sessions;
