//! A byte stream of any kind, as a value.

use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};

/// Anything that can be read from and written to, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Stream for T {}

/// A stream whose kind was only known when it was opened.
pub type BoxStream = Box<dyn Stream>;
