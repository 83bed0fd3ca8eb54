//! The forms of identifiers, moments and names.

use jiff::Timestamp;

use crate::field::{Found, Object};

/// Whether a text is `type--UUID` (section 10.10), with a type if one is wanted.
pub(crate) fn is_identifier(text: &str, wanted: Option<&str>) -> bool {
    let Some((kind, uuid)) = text.split_once("--") else { return false };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    wanted.is_none_or(|wanted| kind == wanted)
        && !kind.is_empty()
        && kind.chars().all(plain)
        && is_uuid(uuid)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let hexadecimal = text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    hexadecimal && lengths.eq([8, 4, 4, 4, 12])
}

/// The longest name of a variable, in octets, without the `__` about it.
pub(crate) const LONGEST_NAME: usize = 200;

/// Whether a text is the name of a variable: `__name__` (section 10.18).
pub(crate) fn is_variable(text: &str) -> bool {
    text.strip_prefix("__").and_then(|text| text.strip_suffix("__")).is_some_and(is_name)
}

/// Whether a text is the name of a variable without the `__` about it.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

impl Object<'_> {
    /// An identifier of a type, if it is there.
    pub(crate) fn identifier(
        &self,
        found: &mut Found,
        name: &str,
        wanted: Option<&str>,
    ) -> Option<String> {
        let text = self.text(found, name)?;
        if !is_identifier(&text, wanted) {
            let kind = wanted.unwrap_or("type");
            self.fault(found, name, format!("is {text:?}; write {kind}--UUID"));
        }
        Some(text)
    }

    /// A moment (section 10.16), if it is there.
    pub(crate) fn moment(&self, found: &mut Found, name: &str) -> Option<Timestamp> {
        let text = self.text(found, name)?;
        let moment = text.ends_with('Z').then(|| text.parse().ok()).flatten();
        if moment.is_none() {
            self.fault(found, name, format!("is {text:?}; write 2026-03-28T23:30:00.000Z"));
        }
        moment
    }

    /// A number from 0 to 100, if it is there.
    pub(crate) fn grade(&self, found: &mut Found, name: &str) {
        let Some(value) = self.get(name) else { return };
        if value.as_u64().is_none_or(|grade| grade > 100) {
            self.fault(found, name, "is no number from 0 to 100");
        }
    }
}
