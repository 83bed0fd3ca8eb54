//! What an endpoint is: a method, a path template and the filters that it takes (§3.1, §3.4).

/// The methods that TAXII uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Read.
    Get,
    /// Add.
    Post,
    /// Delete.
    Delete,
}

/// The filters of §3.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// `added_after`: added later than a moment, which is excluded.
    AddedAfter,
    /// `limit`: at most so many.
    Limit,
    /// `next`: go on where a page ended.
    Next,
    /// `match[id]`.
    Id,
    /// `match[type]`.
    Type,
    /// `match[version]`.
    Version,
    /// `match[spec_version]`.
    SpecVersion,
}

/// An endpoint. Path templates write a variable as `{name}`; all but discovery are below an API
/// root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Its method.
    pub verb: Verb,
    /// Its path: from the host for discovery, else from the API root.
    pub path: &'static str,
    /// The filters that it takes.
    pub filters: &'static [Filter],
}

/// Every endpoint of the standard.
pub const ALL: [Endpoint; 11] = [
    crate::discovery::GET,
    crate::api_root::GET,
    crate::status::GET,
    crate::collections::GET,
    crate::collection::GET,
    crate::manifest::GET,
    crate::objects::GET,
    crate::objects::POST,
    crate::object::GET,
    crate::object::DELETE,
    crate::versions::GET,
];

impl Verb {
    /// As written in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl Filter {
    /// Every filter.
    pub const ALL: [Self; 7] = [
        Self::AddedAfter,
        Self::Limit,
        Self::Next,
        Self::Id,
        Self::Type,
        Self::Version,
        Self::SpecVersion,
    ];

    /// The name of its URL parameter.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::AddedAfter => "added_after",
            Self::Limit => "limit",
            Self::Next => "next",
            Self::Id => "match[id]",
            Self::Type => "match[type]",
            Self::Version => "match[version]",
            Self::SpecVersion => "match[spec_version]",
        }
    }

    /// The filter of a URL parameter.
    #[must_use]
    pub fn of_parameter(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.parameter() == name)
    }
}
