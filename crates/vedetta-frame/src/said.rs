//! What a page says of what was just done: carried to it in its address, as one of these words.

use vedetta_words::Words;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// An item was acknowledged.
    Acknowledged,
    /// It had been acknowledged before.
    AcknowledgedBefore,
    /// An item was withdrawn.
    Withdrawn,
    /// A session was ended.
    SessionEnded,
    /// A password was set.
    PasswordSet,
    /// A passkey was added.
    PasskeyAdded,
    /// An identity at a provider was tied.
    IdentityTied,
    /// An agreement went a step on.
    AgreementStepped,
    /// A delivery is tried again.
    Retried,
    /// What was edited was saved.
    Saved,
    /// It was removed.
    Removed,
    /// An item was published.
    Published,
    /// An incident was changed.
    CaseChanged,
    /// A warning was sent.
    WarningSent,
    /// Who had not read a warning was reminded.
    Reminded,
    /// A warning was withdrawn.
    WarningWithdrawn,
    /// A warning was answered.
    Answered,
    /// A playbook was begun.
    RunBegun,
    /// A step of a run was done.
    RunDone,
    /// A playbook was written, proposed, answered.
    PlaybookKept,
    /// A finding was judged.
    Judged,
    /// An alarm was answered.
    AlarmAnswered,
    /// A shift was handed over.
    HandoverGiven,
    /// A shift was taken over.
    HandoverTaken,
    /// A verdict was overruled.
    Overruled,
    /// A message was handed in.
    HandedIn,
    /// An answer was contested.
    Contested,
    /// A view was saved.
    ViewSaved,
}

impl Said {
    const ALL: [Self; 28] = [
        Self::Acknowledged,
        Self::AcknowledgedBefore,
        Self::Withdrawn,
        Self::SessionEnded,
        Self::PasswordSet,
        Self::PasskeyAdded,
        Self::IdentityTied,
        Self::AgreementStepped,
        Self::Retried,
        Self::Saved,
        Self::Removed,
        Self::Published,
        Self::CaseChanged,
        Self::WarningSent,
        Self::Reminded,
        Self::WarningWithdrawn,
        Self::Answered,
        Self::RunBegun,
        Self::RunDone,
        Self::PlaybookKept,
        Self::Judged,
        Self::AlarmAnswered,
        Self::HandoverGiven,
        Self::HandoverTaken,
        Self::Overruled,
        Self::HandedIn,
        Self::Contested,
        Self::ViewSaved,
    ];

    /// As in an address.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::AcknowledgedBefore => "acknowledged-before",
            Self::Withdrawn => "withdrawn",
            Self::SessionEnded => "session-ended",
            Self::PasswordSet => "password-set",
            Self::PasskeyAdded => "passkey-added",
            Self::IdentityTied => "identity-tied",
            Self::AgreementStepped => "stepped",
            Self::Retried => "retried",
            Self::Saved => "saved",
            Self::Removed => "removed",
            Self::Published => "published",
            Self::CaseChanged => "changed",
            Self::WarningSent => "warning-sent",
            Self::Reminded => "reminded",
            Self::WarningWithdrawn => "warning-withdrawn",
            Self::Answered => "answered",
            Self::RunBegun => "begun",
            Self::RunDone => "done",
            Self::PlaybookKept => "playbook",
            Self::Judged => "judged",
            Self::AlarmAnswered => "alarm-answered",
            Self::HandoverGiven => "given",
            Self::HandoverTaken => "taken",
            Self::Overruled => "overruled",
            Self::HandedIn => "handed-in",
            Self::Contested => "contested",
            Self::ViewSaved => "view-saved",
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
            Self::PasskeyAdded => w.said_passkey_added(),
            Self::IdentityTied => w.said_identity_tied(),
            Self::AgreementStepped => w.said_agreement_stepped(),
            Self::Retried => w.said_retried(),
            Self::Saved => w.said_saved(),
            Self::Removed => w.said_removed(),
            Self::Published => w.said_published(),
            Self::CaseChanged => w.said_case_changed(),
            Self::WarningSent => w.said_warning_sent(),
            Self::Reminded => w.said_reminded(),
            Self::WarningWithdrawn => w.said_warning_withdrawn(),
            Self::Answered => w.said_answered(),
            Self::RunBegun => w.said_run_begun(),
            Self::RunDone => w.said_run_done(),
            Self::PlaybookKept => w.said_playbook_kept(),
            Self::Judged => w.said_judged(),
            Self::AlarmAnswered => w.said_alarm_answered(),
            Self::HandoverGiven => w.said_handover_given(),
            Self::HandoverTaken => w.said_handover_taken(),
            Self::Overruled => w.said_overruled(),
            Self::HandedIn => w.said_handed_in(),
            Self::Contested => w.said_contested(),
            Self::ViewSaved => w.said_view_saved(),
        }
    }
}
