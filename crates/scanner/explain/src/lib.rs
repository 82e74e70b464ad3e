//! What lines of a configuration say, what they are documented to mean, and what difference each one makes.
//!
//! The difference is observed: the same questions are asked of the gateway with the line and without it, and this room
//! compares what was seen. It knows no file: text and evidence come in, sentences go out.

mod dovecot;
mod effect;
mod facts;
mod lines;
mod meaning;
mod postfix;
mod reach;
mod successors;

pub use dovecot::{with_dovecot_setting, without_dovecot_setting};
pub use effect::{Effect, Noise, effects};
pub use facts::{Facts, asked, facts};
pub use lines::{Line, lines};
pub use meaning::{Direction, Meaning, MeaningError, Meanings};
pub use postfix::{set_main_parameter, set_service_parameter};
pub use successors::successor;
