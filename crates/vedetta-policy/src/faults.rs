//! What is wrong with an agreement, before it is signed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use vedetta_model::agreement::{Adhesion, Agreement, History, Party, Within};
use vedetta_model::{
    AgreementId, Category, ContactId, Organisation, OrganisationId, OrganisationNumber,
};

use crate::obligations::statements;
use crate::selection::selects;

/// One thing wrong with an agreement.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Fault {
    /// Where, as a path in the text, e.g. `party[1].organisations`.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// What a node knows, against which an agreement is checked.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    organisations: BTreeMap<&'a OrganisationId, &'a Organisation>,
    agreements: BTreeMap<&'a AgreementId, &'a Agreement>,
    contacts: Option<BTreeSet<&'a ContactId>>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.at, self.what, self.remedy)
    }
}

impl<'a> Known<'a> {
    /// From the roll.
    #[must_use]
    pub fn of(
        organisations: &'a [(OrganisationNumber, Arc<Organisation>)],
        agreements: &'a [Arc<Agreement>],
    ) -> Self {
        Self {
            organisations: organisations.iter().map(|(_, it)| (&it.id, it.as_ref())).collect(),
            agreements: agreements.iter().map(|it| (&it.id, it.as_ref())).collect(),
            contacts: None,
        }
    }

    /// Whom the parties may name to be called. Without it they may name anybody: what another node
    /// signed may come before its contacts.
    #[must_use]
    pub fn with_contacts(self, contacts: impl IntoIterator<Item = &'a ContactId>) -> Self {
        Self { contacts: Some(contacts.into_iter().collect()), ..self }
    }
}

/// Everything that is wrong with an agreement: empty when it can be signed. The agreement itself
/// may be among the known ones; it counts as it is given here.
#[must_use]
pub fn check(agreement: &Agreement, known: &Known<'_>) -> Vec<Fault> {
    let mut check = Check { agreement, known, faults: Vec::new() };
    check.identity();
    check.term();
    check.above();
    match &agreement.adhesion {
        Some(adhesion) => check.adhesion(adhesion),
        None => check.parties(),
    }
    check.handling();
    check.mail();
    check.raci();
    check.faults
}

struct Check<'a> {
    agreement: &'a Agreement,
    known: &'a Known<'a>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, at: impl Into<String>, what: impl Into<String>, remedy: &str) {
        self.faults.push(Fault { at: at.into(), what: what.into(), remedy: remedy.into() });
    }

    fn identity(&mut self) {
        if self.agreement.title.trim().is_empty() {
            self.fault("title", "it is empty", "write the title of the protocol");
        }
    }

    fn term(&mut self) {
        let term = self.agreement.term;
        if term.until < term.from {
            let what = format!("it ends on {} and begins on {}", term.until, term.from);
            self.fault("term", what, "write the first day in from and the last in until");
        }
        if let Some(signed) = term.signed
            && signed > term.until
        {
            let what = format!("signed on {signed}, after its last day {}", term.until);
            self.fault("term.signed", what, "correct the day of signature or the term");
        }
    }

    /// The agreements that this one refers to.
    fn above(&mut self) {
        let own = &self.agreement.id;
        if let Some(before) = &self.agreement.succeeds
            && (before == own || !self.known.agreements.contains_key(before))
        {
            let what = format!("there is no other agreement {before}");
            self.fault("succeeds", what, "name an agreement of this node, or leave it out");
        }
        let mut seen = BTreeSet::from([own]);
        let mut next = self.agreement.parent.as_ref();
        while let Some(id) = next {
            if !seen.insert(id) {
                let what = format!("{id} is above itself");
                return self.fault("parent", what, "break the circle: one of them has no parent");
            }
            let Some(above) = self.known.agreements.get(id) else {
                let what = format!("there is no agreement {id}");
                return self.fault("parent", what, "load the parent first, or correct its name");
            };
            next = above.parent.as_ref();
        }
    }

    fn adhesion(&mut self, adhesion: &Adhesion) {
        if !self.agreement.parties.is_empty() {
            let remedy = "leave the parties out: the terms are the parent's";
            self.fault("party", "an adhesion has no parties of its own", remedy);
        }
        let Some(parent) = &self.agreement.parent else {
            let remedy = "name the agreement adhered to as parent";
            return self.fault("adhesion", "an adhesion needs a parent", remedy);
        };
        let Some(parent) = self.known.agreements.get(parent) else { return };
        if parent.adhesion.is_some() {
            let what = format!("{} is itself an adhesion", parent.id);
            return self.fault("parent", what, "name the agreement that has the parties");
        }
        let Some(party) = parent.parties.iter().find(|party| party.name == adhesion.party) else {
            let names: Vec<_> = parent.parties.iter().map(|party| party.name.as_str()).collect();
            let what = format!("{} has no party {:?}", parent.id, adhesion.party);
            let remedy = format!("choose one of {}", names.join(", "));
            return self.fault("adhesion.party", what, &remedy);
        };
        self.adhering(adhesion, party);
    }

    fn adhering(&mut self, adhesion: &Adhesion, party: &Party) {
        let id = &adhesion.organisation;
        let Some(organisation) = self.known.organisations.get(id) else {
            return self.unknown_organisation("adhesion.organisation", id);
        };
        match &party.select {
            None => {
                let what = format!("the party {:?} does not take adhesions", party.name);
                self.fault("adhesion.party", what, "give the parent's party a selector");
            }
            Some(selector) if !selects(selector, organisation) => {
                let what = format!("{id} does not satisfy the selector of {:?}", party.name);
                let remedy = "correct the organisation in the directory, or the selector";
                self.fault("adhesion.organisation", what, remedy);
            }
            Some(_) => {}
        }
    }

    fn parties(&mut self) {
        let parties = &self.agreement.parties;
        if parties.len() < 2 {
            let what = format!("there are {} parties", parties.len());
            let remedy = "write two [[party]] at least, or make it an adhesion";
            self.fault("party", what, remedy);
        }
        let mut names = BTreeSet::new();
        for (place, party) in parties.iter().enumerate() {
            let at = |what: &str| format!("party[{place}].{what}");
            if party.name.trim().is_empty() || !names.insert(&party.name) {
                let what = format!("{:?} is empty or used twice", party.name);
                self.fault(at("name"), what, "give each party a name of its own");
            }
            for id in &party.organisations {
                if !self.known.organisations.contains_key(id) {
                    self.unknown_organisation(&at("organisations"), id);
                }
            }
            self.contacts(place, party);
            self.members(place, party);
            self.exchange(place, party);
        }
    }

    fn unknown_organisation(&mut self, at: &str, id: &OrganisationId) {
        let what = format!("there is no organisation {id}");
        self.fault(at, what, "load it into the directory first, or correct its name");
    }

    fn contacts(&mut self, place: usize, party: &Party) {
        let Some(known) = &self.known.contacts else { return };
        let unknown = party.contacts.iter().filter(|id| !known.contains(id));
        for id in unknown.collect::<Vec<_>>() {
            let what = format!("there is no contact {id}: nobody would be called");
            let remedy = "load it into the directory first, or correct its name";
            self.fault(format!("party[{place}].contacts"), what, remedy);
        }
    }

    fn members(&mut self, place: usize, party: &Party) {
        let Some(selector) = &party.select else {
            if party.organisations.is_empty() {
                let remedy = "name organisations, or write a selector";
                self.fault(format!("party[{place}]"), "it has no members", remedy);
            }
            return;
        };
        if !self.known.organisations.values().any(|it| selects(selector, it)) {
            let remedy = "compare kinds, regions, provinces and sectors with the directory";
            self.fault(format!("party[{place}].select"), "it selects nobody", remedy);
        }
    }

    /// Whether somebody receives what a party gives, and gives what it receives.
    fn exchange(&mut self, place: usize, party: &Party) {
        if party.gives.is_empty() && party.receives.is_empty() {
            let remedy = "write what it gives or receives, or leave the party out";
            self.fault(format!("party[{place}]"), "it gives nothing and receives nothing", remedy);
        }
        for category in party.gives.iter().filter(|it| **it != Category::Context) {
            if !self.others(place, party).any(|other| other.receives.contains(category)) {
                let what = format!("nobody receives {}", name(*category));
                let remedy = "add it to what another party receives, or leave it out";
                self.fault(format!("party[{place}].gives"), what, remedy);
            }
        }
        for category in party.receives.iter().filter(|it| **it != Category::Context) {
            if !self.others(place, party).any(|other| other.gives.contains(category)) {
                let what = format!("nobody gives {}", name(*category));
                let remedy = "add it to what another party gives, or leave it out";
                self.fault(format!("party[{place}].receives"), what, remedy);
            }
        }
    }

    fn others<'b>(&'b self, place: usize, party: &Party) -> impl Iterator<Item = &'b Party> {
        let together = party.within == Within::Together;
        let all = self.agreement.parties.iter().enumerate();
        all.filter(move |(other, _)| *other != place || together).map(|(_, party)| party)
    }

    fn handling(&mut self) {
        let terms = &self.agreement.handling;
        if terms.default_tlp > terms.highest_tlp {
            let what = format!(
                "{} is stricter than highest_tlp, {}",
                terms.default_tlp, terms.highest_tlp
            );
            let remedy = "what is unmarked would never be released: raise highest_tlp";
            self.fault("handling.default_tlp", what, remedy);
        }
        if terms.history == History::Days(0) {
            self.fault("handling.history", "zero days", "write \"none\", or one day at least");
        }
        if let Some(iep) = &self.agreement.handling.iep
            && iep.end_date.is_some_and(|end| iep.start_date.is_some_and(|start| end < start))
        {
            let remedy = "write the earlier moment in start_date";
            self.fault("handling.iep", "it ends before it starts", remedy);
        }
        for (name, words, said) in terms.iep.iter().flat_map(statements) {
            let known =
                |said: &str| words.iter().any(|word| word.eq_ignore_ascii_case(said.trim()));
            if let Some(said) = said.filter(|said| !known(said)) {
                let what = format!("{said:?} is no word of IEP 2.0");
                let remedy = "write one of those that the schema names";
                self.fault(format!("handling.iep.{name}"), what, remedy);
            }
        }
        if self.agreement.duties.acknowledge_minutes == Some(0) {
            let remedy = "write one minute at least, or leave it out";
            self.fault("duties.acknowledge_minutes", "nobody can acknowledge in no time", remedy);
        }
    }

    fn mail(&mut self) {
        let Some(terms) = &self.agreement.mail else { return };
        if self.agreement.adhesion.is_some() {
            let remedy = "leave it out: the terms are the parent's";
            self.fault("mail", "an adhesion has no terms of its own", remedy);
        }
        if terms.reporters == 0 || terms.organisations == 0 {
            let remedy = "write one at least in reporters and in organisations, or leave them out";
            self.fault("mail", "what nobody reported would be released", remedy);
        }
        let highest = self.agreement.handling.highest_tlp;
        if let Some(tlp) = terms.tlp.filter(|tlp| *tlp > highest) {
            let what = format!("{tlp} is stricter than highest_tlp, {highest}");
            let remedy = "what is released so would reach nobody: raise highest_tlp";
            self.fault("mail.tlp", what, remedy);
        }
    }

    fn raci(&mut self) {
        let parent = self.agreement.parent.as_ref().and_then(|id| self.known.agreements.get(id));
        let parties = match parent {
            Some(parent) if self.agreement.adhesion.is_some() => &parent.parties,
            _ => &self.agreement.parties,
        };
        let names: BTreeSet<_> = parties.iter().map(|party| party.name.as_str()).collect();
        for (place, line) in self.agreement.raci.iter().enumerate() {
            let letters = [&line.responsible, &line.accountable, &line.consulted, &line.informed];
            for name in letters.into_iter().flatten() {
                if !names.contains(name.as_str()) {
                    let what = format!("{name:?} is no party");
                    self.fault(format!("raci[{place}]"), what, "name the parties as written above");
                }
            }
            if line.responsible.is_empty() || line.accountable.is_empty() {
                let what = format!("{:?} lacks who does it or who answers for it", line.activity);
                let remedy = "name a party in responsible and one in accountable";
                self.fault(format!("raci[{place}]"), what, remedy);
            }
        }
    }
}

fn name(category: Category) -> String {
    serde_json::to_value(category)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
