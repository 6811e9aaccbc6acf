//! Where a config's value comes from.

/// Where a config's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The topic was told.
    DynamicTopic,
    /// The cluster was told.
    DynamicDefaultBroker,
    /// The node was started with it.
    StaticBroker,
    /// Nobody said anything.
    Default,
}

impl Source {
    /// The number in DescribeConfigs (version 1, KIP-226).
    pub fn code(self) -> i8 {
        match self {
            Source::DynamicTopic => 1,
            Source::DynamicDefaultBroker => 3,
            Source::StaticBroker => 4,
            Source::Default => 5,
        }
    }
}
