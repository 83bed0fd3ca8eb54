//! Who else received it: asked of the organisations that a released campaign went to, and told by
//! those who speak for them.

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_model::{AccountId, Actor, Instant, ItemId, Role};
use vedetta_store::RecordKind;

use crate::campaign::{Campaign, Stage};
use crate::postroom::Postroom;
use crate::take::put;

/// What an organisation says of a campaign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Whether anybody there received it.
    pub received: bool,
    /// How many, where they know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailboxes: Option<u32>,
    /// In a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who said so.
    pub by: AccountId,
    /// When.
    pub at: Instant,
}

/// What somebody says for their organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telling {
    /// Whether anybody there received it.
    pub received: bool,
    /// How many, where they know.
    #[serde(default)]
    pub mailboxes: Option<u32>,
    /// In a few words.
    #[serde(default)]
    pub note: String,
}

/// A campaign that an organisation is asked about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Question {
    /// The campaign.
    pub campaign: ItemId,
    /// The report on the lure, which the organisation has.
    pub item: ItemId,
    /// Since when it is asked.
    pub since: Instant,
    /// The subject of the lure, while it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the organisation said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// Who speaks for an organisation.
const SPEAKERS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Liaison, Role::Machine];
/// Campaigns asked about at once, the newest.
const MOST: usize = 200;
/// Letters of a note.
const LONGEST_NOTE: usize = 2_000;

impl Postroom {
    /// What an actor's organisation is asked, the newest first: of the campaigns whose report it may
    /// read.
    #[must_use]
    pub fn questions(&self, by: &Actor) -> Vec<Question> {
        let mut asked: Vec<Question> = {
            let state = self.state();
            state.campaigns().filter_map(|it| self.question(&state, by, it)).collect()
        };
        asked.sort_by_key(|question| std::cmp::Reverse(question.since));
        asked.truncate(MOST);
        asked.retain(|question| self.house.own_item(by, &question.item).is_ok());
        asked
    }

    /// Says for one's organisation whether it received a campaign; from a person who signed in, that
    /// acknowledges the report, too. The last word counts.
    ///
    /// # Errors
    /// Forbidden, unknown (also to whom the report is not cleared), a note that is too long, or what
    /// the ledger said.
    pub fn answer_question(
        &self,
        by: &Actor,
        campaign: &str,
        said: &Telling,
    ) -> Result<Question, FlowError> {
        self.house.require(by, SPEAKERS, "speak for the organisation")?;
        if said.note.chars().count() > LONGEST_NOTE {
            let reason = format!("a note has {LONGEST_NOTE} letters at most; say it shorter");
            return Err(FlowError::invalid("note", reason));
        }
        let asked = {
            let state = self.state();
            state.campaign(campaign).and_then(|it| self.question(&state, by, it))
        };
        let asked = asked.filter(|asked| self.house.own_item(by, &asked.item).is_ok());
        let mut asked = asked.ok_or_else(|| FlowError::unknown("campaign", campaign))?;
        if by.is_there() {
            self.house.acknowledge(by, &asked.item, None)?;
        }
        let told = Told {
            received: said.received,
            mailboxes: said.mailboxes.filter(|_| said.received),
            note: said.note.clone(),
            by: by.account.clone(),
            at: self.house.now(),
        };
        let (name, actor) = (format!("{campaign}/{}", by.organisation), by.account.to_string());
        let mut state = self.state();
        state.put_told(campaign, by.organisation.clone(), told.clone());
        asked.told = Some(told.clone());
        let written =
            self.house.write(move |unit| put(unit, RecordKind::Campaign, &name, &told, &actor));
        drop(state);
        if written.is_err() {
            self.reread();
        }
        Ok(written.map(|()| asked)?)
    }

    fn question(
        &self,
        state: &crate::state::State,
        by: &Actor,
        campaign: &Campaign,
    ) -> Option<Question> {
        let is_report = |item: &&ItemId| item.as_str().starts_with("report--");
        let item = campaign.items.iter().find(is_report)?.clone();
        let since = match campaign.stage {
            Stage::Released { at, .. } | Stage::Proposed { at } => at,
            _ => campaign.since,
        };
        let id = campaign.id.as_str();
        Some(Question {
            campaign: campaign.id.clone(),
            item,
            since,
            subject: state.sample(id).map(|sample| sample.subject.clone()),
            told: state.told(id).and_then(|told| told.get(&by.organisation)).cloned(),
        })
    }
}
