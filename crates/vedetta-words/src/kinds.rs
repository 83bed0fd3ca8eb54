//! What the desk and the mail desk tell apart, in words.

use vedetta_postroom::Standing;
use vedetta_watch::desk::incident::{Channel, Origin};
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::warning::Acted;
use vedetta_watch::desk::{StageName, State};

use crate::Words;

impl Words {
    /// What a reporter is to the directory.
    pub const fn mail_standing(self, standing: Standing) -> &'static str {
        match standing {
            Standing::Enrolled => self.mail_enrolled(),
            Standing::Unproven => self.mail_unproven(),
            Standing::Stranger => self.mail_stranger(),
        }
    }

    /// How long ago, in the largest unit that says enough.
    pub fn ago(self, time: std::time::Duration) -> String {
        match time.as_secs() / 60 {
            minutes @ 0..120 => self.minutes(minutes),
            minutes @ 120..2_880 => self.hours(minutes / 60),
            minutes => self.days(minutes / 1_440),
        }
    }

    /// How a clock stands, and how that looks.
    pub const fn clock_state(self, state: &State) -> (&'static str, &'static str) {
        match state {
            State::Waiting => (self.clock_waiting(), "badge-quiet"),
            State::Possible => (self.clock_possible(), "badge-quiet"),
            State::Running => (self.clock_running(), "badge-quiet"),
            State::Near => (self.clock_near(), "badge-warn"),
            State::Missed => (self.clock_missed(), "badge-bad"),
            State::Met { .. } => (self.clock_met(), "badge-good"),
            State::Late { .. } => (self.clock_late(), "badge-warn"),
            State::Discharged { .. } => (self.clock_discharged(), "badge-good"),
        }
    }

    /// A stage in words.
    pub const fn stage(self, stage: StageName) -> &'static str {
        match stage {
            StageName::Reported => self.case_reported(),
            StageName::Triaged => self.case_triaged(),
            StageName::Confirmed => self.case_confirmed(),
            StageName::Contained => self.case_contained(),
            StageName::Recovered => self.case_recovered(),
            StageName::Closed => self.case_closed(),
            StageName::Dismissed => self.case_dismissed(),
            StageName::Merged => self.case_merged(),
        }
    }

    /// How a report came, in words.
    pub const fn channel(self, channel: Channel) -> &'static str {
        match channel {
            Channel::Portal => self.channel_portal(),
            Channel::Telephone => self.channel_telephone(),
            Channel::Mail => self.channel_mail(),
            Channel::Api => self.channel_api(),
            Channel::Finding => self.channel_finding(),
            Channel::Peer => self.channel_peer(),
        }
    }

    /// Where an attack comes from, in words.
    pub const fn origin(self, origin: Origin) -> &'static str {
        match origin {
            Origin::Unknown => self.origin_unknown(),
            Origin::Common => self.origin_common(),
            Origin::Organised => self.origin_organised(),
            Origin::Terrorist => self.origin_terrorist(),
            Origin::State => self.origin_state(),
        }
    }

    /// The factor in words.
    pub const fn factor(self, factor: Factor) -> &'static str {
        match factor {
            Factor::FunctionalImpact => self.factor_functional(),
            Factor::Activity => self.factor_activity(),
            Factor::Location => self.factor_location(),
            Factor::Actor => self.factor_actor(),
            Factor::InformationImpact => self.factor_information(),
            Factor::Recoverability => self.factor_recoverability(),
            Factor::Dependency => self.factor_dependency(),
            Factor::PotentialImpact => self.factor_potential(),
        }
    }

    /// The grade in words.
    pub const fn grade(self, grade: Grade) -> &'static str {
        match grade {
            Grade::None => self.grade_none(),
            Grade::Low => self.grade_low(),
            Grade::Moderate => self.grade_moderate(),
            Grade::High => self.grade_high(),
            Grade::Extreme => self.grade_extreme(),
        }
    }

    /// The acted in words.
    pub const fn acted(self, did: Acted) -> &'static str {
        match did {
            Acted::Read => self.acted_read(),
            Acted::Done => self.acted_done(),
            Acted::NotConcerned => self.acted_not_concerned(),
        }
    }
}
