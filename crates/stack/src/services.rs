//! The programs that were left running in a container, by name.

use crate::StackError;
use container::Process;

/// Programs that must not end.
#[derive(Debug, Default)]
pub(crate) struct Services(Vec<(String, Process)>);

impl Services {
    /// One more.
    pub(crate) fn add(&mut self, name: &str, process: Process) {
        self.0.push((name.to_owned(), process));
    }

    /// The first that has ended, with its exit code; of all, or of those with this name.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) async fn ended(&self, name: Option<&str>) -> Result<Option<(String, i64)>, StackError> {
        for (service, process) in self.0.iter().filter(|(service, _)| name.is_none_or(|name| name == service)) {
            if let Some(code) = process.exit_code().await? {
                return Ok(Some((service.clone(), code)));
            }
        }
        Ok(None)
    }
}
