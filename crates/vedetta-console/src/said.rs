//! What a page says of what was just done: carried to it in its address, as one of these words.

use crate::words::Words;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    Acknowledged,
    AcknowledgedBefore,
    Withdrawn,
    SessionEnded,
    PasswordSet,
    AgreementStepped,
    Retried,
    Saved,
    Removed,
    Published,
    CaseChanged,
}

impl Said {
    const ALL: [Self; 11] = [
        Self::Acknowledged,
        Self::AcknowledgedBefore,
        Self::Withdrawn,
        Self::SessionEnded,
        Self::PasswordSet,
        Self::AgreementStepped,
        Self::Retried,
        Self::Saved,
        Self::Removed,
        Self::Published,
        Self::CaseChanged,
    ];

    /// As in an address.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::AcknowledgedBefore => "acknowledged-before",
            Self::Withdrawn => "withdrawn",
            Self::SessionEnded => "session-ended",
            Self::PasswordSet => "password-set",
            Self::AgreementStepped => "stepped",
            Self::Retried => "retried",
            Self::Saved => "saved",
            Self::Removed => "removed",
            Self::Published => "published",
            Self::CaseChanged => "changed",
        }
    }

    /// What an address says.
    pub(crate) fn of(here: &str) -> Option<Self> {
        let (_, query) = here.split_once('?')?;
        let said = query.split('&').find_map(|pair| pair.strip_prefix("said="))?;
        Self::ALL.into_iter().find(|it| it.slug() == said)
    }

    /// In a sentence.
    pub(crate) const fn sentence(self, w: Words) -> &'static str {
        match self {
            Self::Acknowledged => w.said_acknowledged(),
            Self::AcknowledgedBefore => w.said_acknowledged_before(),
            Self::Withdrawn => w.said_withdrawn(),
            Self::SessionEnded => w.said_session_ended(),
            Self::PasswordSet => w.said_password_set(),
            Self::AgreementStepped => w.said_agreement_stepped(),
            Self::Retried => w.said_retried(),
            Self::Saved => w.said_saved(),
            Self::Removed => w.said_removed(),
            Self::Published => w.said_published(),
            Self::CaseChanged => w.said_case_changed(),
        }
    }
}
