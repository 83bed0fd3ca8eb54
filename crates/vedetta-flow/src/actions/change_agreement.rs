//! Agreements: written as drafts, put in force, suspended, resumed, renewed, ended. Each change is
//! one record in the ledger, with who and when, and takes effect before the action returns.

use std::sync::Arc;

use jiff::civil::Date;
use vedetta_federation::envelope::Stands;
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, AgreementId};
use vedetta_policy::{Deed, Expiring, Known, TransitionError};
use vedetta_store::RecordKind;

use crate::authority::ADMINISTRATORS;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::SIGNED;
use crate::wording;

/// What to do with an agreement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A draft becomes binding.
    PutInForce,
    /// It stops binding for now.
    Suspend {
        /// Why.
        reason: String,
    },
    /// It binds again.
    Resume,
    /// It ends for good.
    End,
    /// Its term grows.
    Renew {
        /// The new last day.
        until: Date,
    },
}

impl House {
    /// An agreement as it stands.
    ///
    /// # Errors
    /// Unknown.
    pub fn agreement(&self, id: &AgreementId) -> Result<Agreement, FlowError> {
        let standing = self.standing();
        let known = standing.network.agreement(id).map(|it| Agreement::clone(it));
        known.ok_or_else(|| FlowError::unknown("agreement", id))
    }

    /// Writes a draft: a new agreement, or another wording of one that is still a draft.
    ///
    /// # Errors
    /// Forbidden, a stage other than draft, or faults, each with its place.
    pub fn put_draft(&self, by: &Actor, agreement: &Agreement) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "write agreements")?;
        let _one_at_a_time = self.change();
        if agreement.stage != Stage::Draft {
            let reason = "a new wording is a draft; put it in force afterwards";
            return Err(FlowError::invalid("stage", reason));
        }
        let standing = self.standing();
        if let Some(before) = standing.network.agreement(&agreement.id)
            && before.stage != Stage::Draft
        {
            let stage = before.stage.name();
            let advice = "write a new agreement that succeeds it";
            let reason = format!("{} is {stage} and its text is signed; {advice}", agreement.id);
            return Err(FlowError::Conflict(reason));
        }
        self.check_agreement(agreement)?;
        self.put(by, RecordKind::Agreement, agreement.id.as_str(), agreement)
    }

    /// Takes a step in the life of an agreement.
    ///
    /// # Errors
    /// Forbidden, unknown, faults, or a step that does not follow from its stage.
    pub fn step_agreement(
        &self,
        by: &Actor,
        id: &AgreementId,
        step: &Step,
    ) -> Result<Agreement, FlowError> {
        self.require_room(by, ADMINISTRATORS, "change agreements")?;
        if let Step::Suspend { reason } = step {
            wording::short("reason", reason)?;
        }
        let _one_at_a_time = self.change();
        let standing = self.standing();
        let known = standing.network.agreement(id);
        let agreement = known.ok_or_else(|| FlowError::unknown("agreement", id))?;
        let agreement = Agreement::clone(agreement);
        if let Some(agreement) = self.say_beside(by, &agreement, step)? {
            return Ok(agreement);
        }
        let deed = Deed { by: by.account.clone(), at: self.now() };
        if *step == Step::PutInForce {
            self.check_agreement(&agreement)?;
        }
        let stepped = match step {
            Step::PutInForce => vedetta_policy::put_in_force(agreement, deed),
            Step::Suspend { reason } => vedetta_policy::suspend(agreement, reason, deed),
            Step::Resume => vedetta_policy::resume(agreement, deed),
            Step::End => vedetta_policy::expire(agreement, deed),
            Step::Renew { until } => vedetta_policy::renew(agreement, *until),
        };
        let stepped =
            stepped.map_err(|error: TransitionError| FlowError::Conflict(error.to_string()))?;
        self.put_stage(by, &stepped)?;
        Ok(stepped)
    }

    /// A step while another node says that the agreement is suspended: this node says its own word,
    /// and the stage stays. Nothing when the step is to be taken.
    fn say_beside(
        &self,
        by: &Actor,
        agreement: &Agreement,
        step: &Step,
    ) -> Result<Option<Agreement>, FlowError> {
        if !matches!(agreement.stage, Stage::Suspended { .. }) {
            return Ok(None);
        }
        let (others, own) = self.words_on(&agreement.id)?;
        let Some(first) = others.first() else { return Ok(None) };
        let said = match step {
            Step::Suspend { reason } if own == Stands::InForce => {
                (Stands::Suspended, Some(reason.as_str()))
            }
            Step::Resume if own != Stands::InForce => (Stands::InForce, None),
            Step::Resume => {
                let reason = format!("the node of {first} suspended it, which alone resumes it");
                return Err(FlowError::Conflict(reason));
            }
            _ => return Ok(None),
        };
        self.say_only(by, &agreement.id, said)?;
        Ok(Some(agreement.clone()))
    }

    /// Discards a draft.
    ///
    /// # Errors
    /// Forbidden, unknown, or no longer a draft.
    pub fn discard_draft(&self, by: &Actor, id: &AgreementId) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "discard drafts")?;
        let _one_at_a_time = self.change();
        let standing = self.standing();
        match standing.network.agreement(id).map(|agreement| &agreement.stage) {
            None => Err(FlowError::unknown("agreement", id)),
            Some(Stage::Draft) => self.forget_draft(by, id),
            Some(stage) => {
                Err(FlowError::Conflict(format!("{id} is {}; end it instead", stage.name())))
            }
        }
    }

    /// Removes a draft with what nodes signed of it: what one of them proposes anew is taken anew.
    fn forget_draft(&self, by: &Actor, id: &AgreementId) -> Result<(), FlowError> {
        let (shared, actor, id) = (Arc::clone(&self.shared), by.account.to_string(), id.clone());
        self.write(move |unit| {
            shared.touch(RecordKind::Agreement);
            unit.remove_record(RecordKind::Setting, &format!("{SIGNED}{id}"), &actor)?;
            unit.remove_record(RecordKind::Agreement, id.as_str(), &actor).map(drop)
        })?;
        Ok(())
    }

    /// The agreements whose term ends within some days, the soonest first.
    #[must_use]
    pub fn expiring(&self, days: u32) -> Vec<Expiring> {
        let standing = self.standing();
        let agreements = standing.agreements.iter().map(Arc::as_ref);
        vedetta_policy::expiring_within(agreements, self.now(), days)
    }

    fn check_agreement(&self, agreement: &Agreement) -> Result<(), FlowError> {
        let standing = self.standing();
        let members = standing.directory.members().iter();
        let organisations: Vec<_> =
            members.map(|it| (it.number, Arc::clone(&it.organisation))).collect();
        let contacts = standing.directory.contacts().iter().map(|it| &it.id);
        let known = Known::of(&organisations, &standing.agreements).with_contacts(contacts);
        let faults = vedetta_policy::check(agreement, &known);
        if faults.is_empty() {
            return Ok(());
        }
        let reasons: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Err(FlowError::invalid(format!("agreement {}", agreement.id), reasons.join("; ")))
    }
}
