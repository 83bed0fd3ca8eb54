//! Where an event comes from, in the words of Sigma: product, service, categories.
//!
//! Told by the event alone. Rules are chosen positively: a rule is tried when all that its log
//! source asks is said here. Only what is of no known origin is tried against every rule.

mod aliases;
mod catalogue;
pub(crate) mod windows;

use crate::event::{Event, Name};

/// An origin. Equal origins are the same object.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
pub struct Source {
    /// Its place among all origins.
    pub number: usize,
    /// As `windows`; empty when there is none.
    pub product: &'static str,
    /// As `sysmon`; empty when there is none.
    pub service: &'static str,
    /// As `process_creation`.
    pub categories: &'static [&'static str],
    /// What is not said.
    pub(crate) silence: Silence,
}

/// What it means that an origin does not say its product, service or category.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy)]
pub(crate) enum Silence {
    /// That it has none.
    None,
    /// That it is not known.
    Unknown,
}

impl Source {
    /// Whether a rule that asks for this log source is to be tried.
    #[must_use]
    pub fn admits(&self, product: &str, service: &str, category: &str) -> bool {
        let unknown = self.silence == Silence::Unknown;
        let holds = |asked: &str, said: &str| {
            asked.is_empty() || asked == said || (unknown && said.is_empty())
        };
        let category = category.is_empty()
            || self.categories.contains(&category)
            || (unknown && self.categories.is_empty());
        category && holds(product, self.product) && holds(service, self.service)
    }

    pub(crate) fn unknown() -> &'static Self {
        catalogue::unknown()
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.number == 0
    }

    /// How many origins there are.
    #[must_use]
    pub fn count() -> usize {
        catalogue::CATALOGUE.len()
    }
}

/// How events name their values, where that is not how rules name them.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy, Default)]
#[repr(u8)]
pub enum Dialect {
    /// As rules do.
    #[default]
    Plain,
    /// The Windows event log, by any tool.
    Windows,
    /// Security 4688.
    WindowsProcess,
    /// Security 5156.
    WindowsConnection,
    /// Security 4657.
    WindowsRegistry,
    /// Elastic Common Schema.
    Ecs,
    /// Zeek.
    Zeek,
    /// Suricata EVE.
    Eve,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// Web servers and proxies.
    Web,
    /// The journal of systemd.
    Journal,
    /// Intrusion Detection Extensible Alert.
    Idea,
}

impl Dialect {
    /// How many there are.
    pub const COUNT: usize = 12;

    /// Names of events and the names that rules use for the same, in groups.
    #[must_use]
    pub(crate) const fn names(self) -> [&'static [(Name, Name)]; 2] {
        match self {
            Self::Plain => [&[], &[]],
            Self::Windows => [windows::NAMES, &[]],
            Self::WindowsProcess => [windows::NAMES, windows::PROCESS_NAMES],
            Self::WindowsConnection => [windows::NAMES, windows::CONNECTION_NAMES],
            Self::WindowsRegistry => [windows::NAMES, windows::REGISTRY_NAMES],
            Self::Ecs => [windows::NAMES, aliases::ECS],
            Self::Zeek => [aliases::ZEEK, &[]],
            Self::Eve => [aliases::EVE, &[]],
            Self::Ocsf => [aliases::OCSF, &[]],
            Self::Web => [aliases::WEB, &[]],
            Self::Journal => [aliases::JOURNAL, aliases::WEB],
            Self::Idea => [aliases::IDEA, &[]],
        }
    }

    /// The names of events that rules call so.
    pub fn sources_of(self, name: Name) -> impl Iterator<Item = Name> {
        let names = self.names().into_iter().flatten();
        names.filter(move |(_, to)| *to == name).map(|(from, _)| *from)
    }
}

/// Finds where an event comes from, and how it names things.
pub(crate) fn recognise(event: &Event<'_>) -> (&'static Source, Dialect) {
    catalogue::recognise(event)
}

/// Whether an event has all these values.
fn has(event: &Event<'_>, names: &[Name]) -> bool {
    names.iter().all(|name| event.has(*name))
}
