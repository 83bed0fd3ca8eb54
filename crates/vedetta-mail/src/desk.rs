//! What the desk knows when it looks at a message: names worth borrowing, its own domains, what is
//! already known to be bad. All of it is a parameter.

use serde::{Deserialize, Serialize};

use crate::brands::Brands;
use crate::budget::Limits;
use crate::model::Model;
use crate::url::registered;

/// Something that can be asked for among what is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sought {
    /// A host or domain.
    Domain,
    /// A whole address on the web.
    Url,
    /// A mail address.
    Address,
    /// SHA-256, SHA-1 or MD5 of a file, lower-case hexadecimal.
    File,
    /// The host that sent it.
    Ip,
    /// An IBAN or a wallet.
    Account,
}

impl Sought {
    /// For people, in Italian and English.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Domain => ("dominio", "domain"),
            Self::Url => ("collegamento", "link"),
            Self::Address => ("indirizzo", "address"),
            Self::File => ("file", "file"),
            Self::Ip => ("host", "host"),
            Self::Account => ("conto", "account"),
        }
    }
}

/// What is known of something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acquaintance {
    /// Where it is written: the item's identifier.
    pub source: String,
    /// The campaign it belongs to, if any.
    pub campaign: Option<String>,
}

/// The indicators that the house holds.
pub trait Known {
    /// What is known of a value in its one spelling.
    fn look_up(&self, kind: Sought, value: &str) -> Option<Acquaintance>;
}

/// Nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Known for Nothing {
    fn look_up(&self, _kind: Sought, _value: &str) -> Option<Acquaintance> {
        None
    }
}

/// Who looks at the message.
#[derive(Clone)]
pub struct Desk<'a> {
    /// Names worth borrowing.
    pub brands: &'a Brands,
    /// The domains of those who report: a stranger who writes from one of them is not a colleague.
    pub own_domains: &'a [String],
    /// The receivers whose records are believed, besides those within `own_domains`.
    pub receivers: &'a [String],
    /// What is known.
    pub known: &'a dyn Known,
    /// What weighs how much.
    pub model: &'a Model,
    /// What a message may cost.
    pub limits: Limits,
}

impl Desk<'_> {
    /// Whether what somebody recorded or sealed is believed: a message may bring any record along.
    #[must_use]
    pub fn believes(&self, recorder: &str) -> bool {
        let own = || {
            let of = registered(recorder);
            self.own_domains.iter().any(|domain| registered(domain) == of)
        };
        !recorder.is_empty()
            && (self.receivers.iter().any(|name| name.eq_ignore_ascii_case(recorder)) || own())
    }
}

impl Desk<'static> {
    /// A desk that knows only what ships with the product.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            brands: Brands::shipped(),
            own_domains: &[],
            receivers: &[],
            known: &Nothing,
            model: Model::shipped(),
            limits: Limits::default(),
        }
    }
}
