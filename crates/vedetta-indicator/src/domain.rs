//! Domain names: where registration begins, and what is above.

/// The part that somebody registered; nothing when the whole is a public suffix.
pub(crate) fn registrable(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

/// The name and each of those above it.
pub(crate) fn and_above(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above))
}
