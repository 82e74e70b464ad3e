//! Which engine it is, where that makes a difference.

/// An engine that speaks Docker's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Docker, or what cannot be told from it.
    Docker,
    /// Podman of the machine, or of a user; its networks are this process's own.
    Podman,
    /// Podman of a user, in whose network namespace this process is.
    RootlessPodman,
}

impl EngineKind {
    /// The engine's own command.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman | Self::RootlessPodman => "podman",
        }
    }

    /// What a command line begins with that is to reach the engine's networks.
    #[must_use]
    pub fn entering(self) -> &'static str {
        match self {
            Self::Docker | Self::Podman => "",
            Self::RootlessPodman => "podman unshare --rootless-netns ",
        }
    }
}
