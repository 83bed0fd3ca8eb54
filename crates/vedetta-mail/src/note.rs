//! A letter as its writer wrote it: their own words, and beside them what they enclose.

use crate::budget::{Budget, Limits};
use crate::evidence::{Evidence, certificate, said};
use crate::form::pec::{self, Certificate};
use crate::form::{self, MOST_ENCLOSED};
use crate::header::Mailbox;
use crate::mime::{Leaf, Mime};
use crate::text;

/// A letter that is read for what its writer says. Only the envelope of certified mail is opened;
/// [`Evidence`] looks for what is handed on instead.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// Who it says it is from.
    pub from: Option<Mailbox>,
    /// The subject.
    pub subject: String,
    /// The text, with what it quotes, without invisible letters.
    pub text: String,
    /// The messages with it.
    pub enclosed: Vec<Enclosure>,
    /// How many other files are with it.
    pub files: usize,
    /// What the envelope of certified mail says.
    pub certificate: Option<Certificate>,
    /// A provider of certified mail tells what became of a letter.
    pub receipt: bool,
}

/// A message that another encloses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Enclosure {
    /// The address that it says it is from; empty where it says none.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Note {
    /// Reads a letter as it was handed in.
    #[must_use]
    pub fn read(bytes: &[u8], limits: &Limits) -> Self {
        let bytes = bytes.get(..limits.message).unwrap_or(bytes);
        let mut budget = Budget::new(limits.clone());
        let mime = Mime::read(bytes, &mut budget);
        if !pec::is_envelope(&mime) {
            return Self { receipt: pec::is_receipt(&mime), ..Self::of(&mime, bytes, budget) };
        }
        let certificate = certificate(&mime, &mut budget);
        let mut letters = form::enclosed(&mime, &mut budget).letters.into_iter();
        let Some(letter) = letters.next() else { return Self::of(&mime, bytes, budget) };
        let inner = Mime::read(&letter, &mut budget);
        Self { certificate, ..Self::of(&inner, &letter, budget) }
    }

    fn of(mime: &Mime<'_>, bytes: &[u8], mut budget: Budget) -> Self {
        let text = said(mime, &mut budget);
        let is_letter = |leaf: &&Leaf<'_>| form::is_letter(leaf);
        let letters = mime.leaves.iter().filter(is_letter).take(MOST_ENCLOSED);
        let mut enclosed = Vec::new();
        for leaf in letters {
            let letter = leaf.decode(&mut budget).into_owned();
            enclosed.push(Evidence::read(&letter, &budget.limits).into());
        }
        if text.trim().is_empty() && enclosed.is_empty() {
            // It may be signed whole: its words are within the signature.
            let Evidence { layers, .. } = Evidence::read(bytes, &budget.limits);
            enclosed.extend(layers.into_iter().take(MOST_ENCLOSED).map(Enclosure::from));
        }
        let is_file = |leaf: &&Leaf<'_>| {
            !leaf.is_text() && !form::is_letter(leaf) && !leaf.kind.ends_with("pkcs7-signature")
        };
        Self {
            from: mime.headers.mailboxes("from").into_iter().next(),
            subject: text::visible(&mime.headers.text("subject").unwrap_or_default()).0,
            text,
            enclosed,
            files: mime.leaves.iter().filter(is_file).count(),
            ..Self::default()
        }
    }
}

impl From<Evidence> for Enclosure {
    fn from(evidence: Evidence) -> Self {
        let from = evidence.sender().map(|it| it.address.clone()).unwrap_or_default();
        Self { from, subject: evidence.subject, text: evidence.text }
    }
}
