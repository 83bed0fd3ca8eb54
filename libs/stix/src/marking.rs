//! Markings (specification 7.2): TLP 2.0 and 1.x, PAP, and what granular markings select.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::identifier::Identifier;
use crate::json::{Node, find};
use crate::object::Object;

/// The extension by which TLP 2.0 is defined.
pub const TLP_2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

const MARKING: &str = "marking-definition--";

/// Traffic Light Protocol 2.0, from the widest audience to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Tlp {
    /// No limit.
    Clear,
    /// The community, not by public channels.
    Green,
    /// The recipient's organisation and its clients, on a need-to-know basis.
    Amber,
    /// The recipient's organisation only.
    AmberStrict,
    /// The named individuals only.
    Red,
}

/// Permissible Actions Protocol, from the freest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Pap {
    /// Free.
    Clear,
    /// Active actions are allowed: block, ping.
    Green,
    /// Passive cross-checks.
    Amber,
    /// Passive only, never leaves for a look-up.
    Red,
}

/// A word that is no label of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of {1}")]
pub struct UnknownLabel(String, &'static str);

/// Each label, its value in the TLP 2.0 extension, and the UUID that it is pinned to.
const TLP_2: [(Tlp, &str, &str, Uuid); 5] = [
    (Tlp::Clear, "TLP:CLEAR", "clear", Uuid::from_u128(0x94868c89_83c2_464b_929b_a1a8aa3c8487)),
    (Tlp::Green, "TLP:GREEN", "green", Uuid::from_u128(0xbab4a63c_aed9_4cf5_a766_dfca5abac2bb)),
    (Tlp::Amber, "TLP:AMBER", "amber", Uuid::from_u128(0x55d920b0_5e8b_4f79_9ee9_91f868d9b421)),
    (
        Tlp::AmberStrict,
        "TLP:AMBER+STRICT",
        "amber+strict",
        Uuid::from_u128(0x939a9414_2ddd_4d32_a0cd_375ea402b003),
    ),
    (Tlp::Red, "TLP:RED", "red", Uuid::from_u128(0xe828b379_4e03_4974_9ac4_e53a884c97c1)),
];

/// TLP 1.x: what each marking of it means today, its value, and its UUID.
const TLP_1: [(Tlp, &str, Uuid); 4] = [
    (Tlp::Clear, "white", Uuid::from_u128(0x613f2e26_407d_48c7_9eca_b8e91df99dc9)),
    (Tlp::Green, "green", Uuid::from_u128(0x34098fce_860f_48ae_8e50_ebd3cc5e41da)),
    (Tlp::Amber, "amber", Uuid::from_u128(0xf88d31f6_486f_44da_b317_01333bde0b82)),
    (Tlp::Red, "red", Uuid::from_u128(0x5e57c739_391a_4eb3_b6be_7d15ca92d5ed)),
];

impl Tlp {
    /// Every label, from the widest audience to the narrowest.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The label, as `TLP:AMBER+STRICT`; never translated.
    pub const fn label(self) -> &'static str {
        TLP_2[self as usize].1
    }

    /// The id of the marking-definition of TLP 2.0.
    pub fn marking_id(self) -> Identifier {
        Identifier::of_type("marking-definition", TLP_2[self as usize].3)
    }

    /// The marking-definition of TLP 2.0, as JSON on one line.
    pub fn definition_json(self) -> String {
        let (_, label, value, uuid) = TLP_2[self as usize];
        format!(
            "{{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"{MARKING}{uuid}\",\
             \"created\":\"2022-10-01T00:00:00.000Z\",\"name\":\"{label}\",\"extensions\":\
             {{\"{TLP_2_EXTENSION}\":{{\"extension_type\":\"property-extension\",\
             \"tlp_2_0\":\"{value}\"}}}}}}"
        )
    }

    /// What a reference to a marking-definition means, if it is one of TLP 2.0 or 1.x.
    /// WHITE of TLP 1.x is CLEAR.
    pub fn from_marking(id: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(id.strip_prefix(MARKING)?).ok()?;
        let second = TLP_2.iter().find(|row| row.3 == uuid).map(|row| row.0);
        second.or_else(|| TLP_1.iter().find(|row| row.2 == uuid).map(|row| row.0))
    }

    /// The strictest of the TLP markings among these references, if there is one.
    pub fn strictest<'i>(ids: impl IntoIterator<Item = &'i Identifier>) -> Option<Self> {
        ids.into_iter().filter_map(|id| Self::from_marking(id.as_str())).max()
    }

    /// The strictest TLP that a marking-definition of somebody's own is named after or states, as
    /// [`Pap::stated_by`].
    pub fn stated_by(definition: &Object) -> Option<Self> {
        stated(definition)
    }
}

/// What a marking-definition claims to define: nothing of TLP, or a label of it, or (the inner
/// nothing) something that TLP does not have.
///
/// TLP 2.0's AMBER and 1.x's AMBER are the same label here; the id decides which it is.
pub(crate) fn claim(definition: &Node<'_>) -> Option<Option<Tlp>> {
    let first = definition.get("definition").and_then(|node| node.get("tlp"));
    let by_type = definition.get("definition_type").and_then(Node::text) == Some("tlp");
    let extension = definition.get("extensions").and_then(|node| node.get(TLP_2_EXTENSION));
    if let Some(value) = extension.and_then(|node| node.get("tlp_2_0")) {
        let value = value.text();
        return Some(TLP_2.iter().find(|row| Some(row.2) == value).map(|row| row.0));
    }
    if !by_type {
        return None;
    }
    let value = first.and_then(Node::text);
    Some(TLP_1.iter().find(|row| Some(row.1) == value).map(|row| row.0))
}

impl Pap {
    /// Every label, from the freest to the strictest.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Green, Self::Amber, Self::Red];

    /// The label, as `PAP:AMBER`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clear => "PAP:CLEAR",
            Self::Green => "PAP:GREEN",
            Self::Amber => "PAP:AMBER",
            Self::Red => "PAP:RED",
        }
    }

    /// The strictest PAP that the object's labels give, as `PAP:RED` or `pap:red`, or that a
    /// statement marking that it refers to is named after or states. STIX has no marking of its own
    /// for PAP; `definitions` are the marking-definitions at hand.
    pub fn of(object: &Object, definitions: &[Object]) -> Option<Self> {
        let labels = object.labels().iter().filter_map(|label| label.parse().ok());
        let referred = definitions.iter().filter(|definition| {
            object
                .marking_refs()
                .chain(object.granular_marking_refs())
                .any(|id| id == definition.id())
        });
        labels.chain(referred.filter_map(Self::stated_by)).max()
    }

    /// The strictest PAP that a marking-definition is named after or states, in its definition or an
    /// extension: as `PAP:RED` among the words of a text, or as the property `pap`.
    pub fn stated_by(definition: &Object) -> Option<Self> {
        stated(definition)
    }
}

/// The strictest label of a protocol that a marking-definition is named after or states.
fn stated<L: FromStr + Ord>(definition: &Object) -> Option<L> {
    let defined = definition.property("definition");
    let extensions = definition.property("extensions");
    let extensions = extensions.iter().filter_map(Value::as_object).flat_map(Map::values);
    let properties = defined.iter().chain(extensions).filter_map(Value::as_object).flatten();
    let properties = properties.filter_map(|(name, value)| Some((name, value.as_str()?)));
    let stated = properties
        .filter_map(|(name, text)| format!("{name}:{text}").parse().ok().max(among_words(text)));
    stated.max().max(definition.text("name").as_deref().and_then(among_words))
}

/// The strictest label among the words of a text.
fn among_words<L: FromStr + Ord>(text: &str) -> Option<L> {
    let words = text.split(|c: char| c.is_whitespace() || ".,;()[]".contains(c));
    words.filter_map(|word| word.parse().ok()).max()
}

/// The label after the protocol's name and a colon, in upper case; quotes as in machine tags.
fn word(text: &str, protocol: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let word = text.strip_prefix(protocol)?.strip_prefix(':')?.trim_matches('"');
    Some(word.to_owned())
}

impl FromStr for Tlp {
    type Err = UnknownLabel;

    /// Reads a label, as `TLP:AMBER+STRICT`, in any case; `TLP:WHITE` is CLEAR.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = word(text, "TLP");
        let found = word.and_then(|word| match word.as_str() {
            "CLEAR" | "WHITE" => Some(Self::Clear),
            "GREEN" => Some(Self::Green),
            "AMBER" => Some(Self::Amber),
            "AMBER+STRICT" => Some(Self::AmberStrict),
            "RED" => Some(Self::Red),
            _ => None,
        });
        let labels = "TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT, TLP:RED";
        found.ok_or_else(|| UnknownLabel(text.to_owned(), labels))
    }
}

impl FromStr for Pap {
    type Err = UnknownLabel;

    /// Reads a label, as `PAP:AMBER`, in any case; `PAP:WHITE` is CLEAR.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = word(text, "PAP");
        let found = word.and_then(|word| match word.as_str() {
            "CLEAR" | "WHITE" => Some(Self::Clear),
            "GREEN" => Some(Self::Green),
            "AMBER" => Some(Self::Amber),
            "RED" => Some(Self::Red),
            _ => None,
        });
        let labels = "PAP:CLEAR, PAP:GREEN, PAP:AMBER, PAP:RED";
        found.ok_or_else(|| UnknownLabel(text.to_owned(), labels))
    }
}

impl From<Tlp> for &'static str {
    fn from(tlp: Tlp) -> Self {
        tlp.label()
    }
}

impl From<Pap> for &'static str {
    fn from(pap: Pap) -> Self {
        pap.label()
    }
}

impl TryFrom<String> for Tlp {
    type Error = UnknownLabel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Pap {
    type Error = UnknownLabel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.label())
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.label())
    }
}

/// What a selector (7.2.3.1) selects, as `external_references.[0].url`.
pub(crate) fn select<'n, 'a>(root: &'n Node<'a>, selector: &str) -> Option<&'n Node<'a>> {
    selector.split('.').try_fold(root, |node, step| {
        match step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
            Some(index) => node.items()?.get(index.parse::<usize>().ok()?),
            None => find(node.members()?, step),
        }
    })
}

#[cfg(test)]
mod tests;
