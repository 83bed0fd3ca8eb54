//! The life of an agreement: draft → in force → suspended → in force → expired.

use jiff::civil::Date;
use vedetta_model::agreement::{Agreement, Renewal, Stage};
use vedetta_model::{AccountId, AgreementId, Instant};

use crate::standing::last_day;

/// Who did something, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Instant,
}

/// A step that the stage of an agreement does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The step does not follow from the stage.
    #[error("{agreement} is {stage}: it cannot be {wanted}; {remedy}")]
    Stage {
        /// The agreement.
        agreement: AgreementId,
        /// Its stage, as written.
        stage: &'static str,
        /// What was asked.
        wanted: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A renewal that does not go beyond the last day.
    #[error("{agreement} runs until {until} already: renew it until a later day than {wanted}")]
    NotLater {
        /// The agreement.
        agreement: AgreementId,
        /// Its last day.
        until: Date,
        /// The day that was asked.
        wanted: Date,
    },
    /// A term that is over cannot be put in force.
    #[error("the term of {agreement} ended on {until}: change the term of the draft first")]
    TermOver {
        /// The agreement.
        agreement: AgreementId,
        /// Its last day.
        until: Date,
    },
}

/// An agreement whose term ends soon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expiring {
    /// The agreement.
    pub agreement: AgreementId,
    /// The last day of its term, in Rome.
    pub last_day: Date,
    /// Days from today to the last day; 0 is today.
    pub days_left: u32,
    /// What happens then.
    pub renewal: Renewal,
}

/// Signs a draft: it binds from now, within its term.
///
/// # Errors
/// When it is no draft, or its term is over.
pub fn put_in_force(agreement: Agreement, deed: Deed) -> Result<Agreement, TransitionError> {
    if agreement.stage != Stage::Draft {
        let remedy = "only a draft is put in force; resume what is suspended";
        return Err(refused(&agreement, "put in force", remedy));
    }
    let until = agreement.term.until;
    if until < deed.at.day() && agreement.term.renewal != Renewal::Tacit {
        return Err(TransitionError::TermOver { agreement: agreement.id, until });
    }
    Ok(Agreement { stage: Stage::InForce { since: deed.at, by: deed.by }, ..agreement })
}

/// Stops an agreement in force for now; it releases nothing from this moment.
///
/// # Errors
/// When it is not in force.
pub fn suspend(
    agreement: Agreement,
    reason: &str,
    deed: Deed,
) -> Result<Agreement, TransitionError> {
    if !matches!(agreement.stage, Stage::InForce { .. }) {
        let remedy = "only an agreement in force is suspended";
        return Err(refused(&agreement, "suspended", remedy));
    }
    let stage = Stage::Suspended { since: deed.at, by: deed.by, reason: reason.to_owned() };
    Ok(Agreement { stage, ..agreement })
}

/// Puts a suspended agreement in force again.
///
/// # Errors
/// When it is not suspended.
pub fn resume(agreement: Agreement, deed: Deed) -> Result<Agreement, TransitionError> {
    if !matches!(agreement.stage, Stage::Suspended { .. }) {
        let remedy = "only a suspended agreement is resumed";
        return Err(refused(&agreement, "resumed", remedy));
    }
    Ok(Agreement { stage: Stage::InForce { since: deed.at, by: deed.by }, ..agreement })
}

/// Ends an agreement for good.
///
/// # Errors
/// When it is a draft (discard it) or over already.
pub fn expire(agreement: Agreement, deed: Deed) -> Result<Agreement, TransitionError> {
    match agreement.stage {
        Stage::InForce { .. } | Stage::Suspended { .. } => {
            let stage = Stage::Expired { since: deed.at, by: Some(deed.by) };
            Ok(Agreement { stage, ..agreement })
        }
        Stage::Draft => Err(refused(&agreement, "ended", "discard the draft instead")),
        Stage::Expired { .. } => Err(refused(&agreement, "ended", "it is over already")),
    }
}

/// Marks as expired an agreement in force or suspended whose term has ended by itself, which a tacit
/// one's never does; any other is returned as it was. It released nothing since the term ended,
/// marked or not.
#[must_use]
pub fn settle(agreement: Agreement, now: Instant) -> Agreement {
    let over = matches!(agreement.stage, Stage::InForce { .. } | Stage::Suspended { .. })
        && agreement.term.renewal != Renewal::Tacit
        && agreement.term.until < now.day();
    match agreement.term.until.tomorrow() {
        Ok(after) if over => {
            let since = Instant::start_of_day(after);
            Agreement { stage: Stage::Expired { since, by: None }, ..agreement }
        }
        _ => agreement,
    }
}

/// Extends the term of an agreement in force or suspended to a later last day.
///
/// # Errors
/// When it is a draft or expired, or the day is not later.
pub fn renew(agreement: Agreement, until: Date) -> Result<Agreement, TransitionError> {
    match agreement.stage {
        Stage::InForce { .. } | Stage::Suspended { .. } => {}
        Stage::Draft => {
            return Err(refused(&agreement, "renewed", "change the term of the draft instead"));
        }
        Stage::Expired { .. } => {
            let remedy = "sign a new agreement that succeeds it";
            return Err(refused(&agreement, "renewed", remedy));
        }
    }
    if until <= agreement.term.until {
        let last = agreement.term.until;
        return Err(TransitionError::NotLater {
            agreement: agreement.id,
            until: last,
            wanted: until,
        });
    }
    let mut renewed = agreement;
    renewed.term.until = until;
    Ok(renewed)
}

/// The agreements in force or suspended whose term ends within so many days, the soonest first.
/// A tacit renewal is listed too: it is the last chance to object.
#[must_use]
pub fn expiring_within<'a>(
    agreements: impl IntoIterator<Item = &'a Agreement>,
    now: Instant,
    days: u32,
) -> Vec<Expiring> {
    let today = now.day();
    let mut soon: Vec<_> = agreements
        .into_iter()
        .filter(|it| matches!(it.stage, Stage::InForce { .. } | Stage::Suspended { .. }))
        .filter_map(|agreement| {
            let last_day = last_day(&agreement.term, today);
            let left = today.until((jiff::Unit::Day, last_day)).ok()?.get_days();
            let days_left = u32::try_from(left).ok().filter(|left| *left <= days)?;
            let renewal = agreement.term.renewal;
            Some(Expiring { agreement: agreement.id.clone(), last_day, days_left, renewal })
        })
        .collect();
    soon.sort_by(|a, b| (a.last_day, &a.agreement).cmp(&(b.last_day, &b.agreement)));
    soon
}

fn refused(agreement: &Agreement, wanted: &'static str, remedy: &'static str) -> TransitionError {
    let (stage, agreement) = (agreement.stage.name(), agreement.id.clone());
    TransitionError::Stage { agreement, stage, wanted, remedy }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use vedetta_model::agreement::Term;

    use super::*;
    use crate::agreement_text::{Notation, read_agreement};

    fn draft() -> Agreement {
        let text = "id = 'a'\ntitle = 'A'\nterm = { from = 2023-01-01, until = 2025-12-31 }";
        read_agreement(text, Notation::Toml).unwrap()
    }

    fn deed(day: &str) -> Deed {
        let at = format!("{day}T10:00:00Z").parse().unwrap();
        Deed { by: AccountId::new("director").unwrap(), at }
    }

    #[test]
    fn a_whole_life() {
        let signed = put_in_force(draft(), deed("2023-01-01")).unwrap();
        let stopped = suspend(signed, "breach", deed("2023-05-01")).unwrap();
        assert!(matches!(&stopped.stage, Stage::Suspended { reason, .. } if reason == "breach"));
        let resumed = resume(stopped, deed("2023-06-01")).unwrap();
        let renewed = renew(resumed, date(2028, 12, 31)).unwrap();
        assert_eq!(renewed.term.until, date(2028, 12, 31));
        let over = expire(renewed, deed("2024-01-01")).unwrap();
        assert!(matches!(over.stage, Stage::Expired { by: Some(_), .. }));
        assert!(resume(over, deed("2024-01-02")).is_err());
    }

    #[test]
    fn wrong_steps_say_what_to_do() {
        let wrong = suspend(draft(), "", deed("2023-01-01")).unwrap_err().to_string();
        assert!(wrong.starts_with("a is draft: it cannot be suspended"), "{wrong}");
        assert!(put_in_force(draft(), deed("2026-01-01")).is_err());
        let signed = put_in_force(draft(), deed("2023-01-01")).unwrap();
        assert!(put_in_force(signed.clone(), deed("2023-01-01")).is_err());
        assert!(renew(signed.clone(), date(2025, 12, 31)).is_err());
        assert!(resume(signed.clone(), deed("2023-01-01")).is_err());
        assert!(expire(draft(), deed("2023-01-01")).is_err());
        assert!(renew(draft(), date(2030, 1, 1)).is_err());
        assert_eq!(settle(signed.clone(), deed("2025-12-31").at), signed);
    }

    #[test]
    fn a_term_ends_by_itself_unless_it_is_renewed() {
        use Renewal::{Explicit, None, Tacit};
        let first_after = Instant::start_of_day(date(2026, 1, 1));
        for (renewal, ends) in [(None, true), (Explicit, true), (Tacit, false)] {
            let mut signed = put_in_force(draft(), deed("2023-01-01")).unwrap();
            signed.term.renewal = renewal;
            let stopped = suspend(signed.clone(), "breach", deed("2025-12-01")).unwrap();
            for was in [signed, stopped] {
                assert_eq!(settle(was.clone(), deed("2025-12-31").at), was, "{renewal:?}");
                let now = settle(was.clone(), deed("2026-01-01").at);
                let by_itself = Stage::Expired { since: first_after, by: Option::None };
                assert_eq!(now.stage == by_itself, ends, "{renewal:?} {was:?}");
                assert_eq!(now == was, !ends, "{renewal:?} {was:?}");
                let renewed = renew(was, date(2028, 12, 31)).unwrap();
                assert_eq!(settle(renewed.clone(), deed("2026-01-01").at), renewed);
                let late = renew(now, date(2028, 12, 31)).map_err(|it| it.to_string());
                let advice = "sign a new agreement that succeeds it";
                assert_eq!(late.is_err_and(|it| it.ends_with(advice)), ends, "{renewal:?}");
            }
        }
    }

    #[test]
    fn what_ends_soon_is_listed() {
        let mut signed = put_in_force(draft(), deed("2023-01-01")).unwrap();
        let at = deed("2025-12-01").at;
        assert!(expiring_within([&signed], at, 29).is_empty());
        assert_eq!(expiring_within([&signed], at, 30)[0].days_left, 30);
        let later = deed("2028-12-30").at;
        assert!(expiring_within([&signed], later, 30).is_empty());
        signed.term.renewal = Renewal::Tacit;
        assert_eq!(expiring_within([&signed], later, 30)[0].last_day, date(2028, 12, 31));
    }

    #[test]
    fn a_tacit_term_goes_on_for_the_same_length() {
        let (from, until) = (date(2024, 2, 29), date(2025, 2, 27));
        let term = Term { signed: None, from, until, renewal: Renewal::Tacit };
        assert_eq!(last_day(&term, date(2025, 2, 27)), until);
        assert!(last_day(&term, date(2025, 3, 1)) > date(2026, 2, 1));
    }
}
