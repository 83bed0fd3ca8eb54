//! Lists of tags, `name=value; …` (RFC 6376 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The tags of a field or of a published key; the first of each name counts.
pub(super) struct Tags<'t>(Vec<(&'t str, &'t str)>);

const MOST: usize = 40;

impl<'t> Tags<'t> {
    pub(super) fn read(text: &'t str) -> Self {
        let pairs = text.split(';').take(MOST).filter_map(|tag| tag.split_once('='));
        Self(pairs.map(|(name, value)| (name.trim(), value.trim())).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A value in base64, white space within it left out.
    pub(super) fn octets(&self, name: &str) -> Option<Vec<u8>> {
        let text: String = self.get(name)?.chars().filter(|c| !c.is_whitespace()).collect();
        STANDARD.decode(text).ok()
    }
}
