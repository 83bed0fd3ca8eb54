//! The sentences of an explanation, in Italian and in English.

use std::collections::BTreeSet;

use jiff::civil::Date;
use vedetta_model::agreement::{AdhesionRule, Redistribution, Selector, VictimVisibility};
use vedetta_model::{AgreementId, Bilingual, Category, Handling, Instant, OrganisationNumber, Tlp};

use crate::chain::{Rule, Step};
use crate::clearance::Form;
use crate::grounds::{AsVictim, Ground};
use crate::network::Network;
use crate::standing::Standing;
use crate::unselected::Condition;

/// Agreements that are named in one sentence.
const TITLES: usize = 3;

/// What the sentences speak of.
pub(crate) struct Wording<'a> {
    pub(crate) network: &'a Network,
    pub(crate) handling: &'a Handling,
    /// The organisation; nothing of a group.
    pub(crate) about: Option<OrganisationNumber>,
    /// Whether the group is of one.
    pub(crate) alone: bool,
}

impl Wording<'_> {
    /// The whole sentence.
    pub(crate) fn sentence(&self, ground: &Ground) -> Bilingual {
        let subject = match self.about {
            Some(number) => same(&self.name(number)),
            None => self.members(),
        };
        let said = self.predicate(ground);
        Bilingual::new(
            format!("{} {}.", subject.it, said.it),
            format!("{} {}.", subject.en, said.en),
        )
    }

    /// The sentence on a hold for those who must not learn of it.
    pub(crate) fn withheld(&self) -> Bilingual {
        let name = self.about.map(|number| self.name(number)).unwrap_or_default();
        Bilingual::new(
            format!("{name} non la riceve: per ora non è diffusa."),
            format!("{name} does not receive it: it is not released now."),
        )
    }

    /// The sentence on a refusal that is the same under several agreements.
    pub(crate) fn of_several(&self, ground: &Ground, pacts: &BTreeSet<usize>) -> Bilingual {
        let (Ground::Broken { rule, holder, .. }, [_, _, ..]) = (ground, &*Vec::from_iter(pacts))
        else {
            return self.sentence(ground);
        };
        let (holder, titles) = (self.name(*holder), self.titles(pacts));
        let why = match rule {
            Rule::Category => {
                let category = category(self.handling.category);
                Bilingual::new(
                    format!("non prevede che {holder} le dia {}", category.it),
                    format!("does not have {holder} give it {}", category.en),
                )
            }
            _ => Bilingual::new(
                format!("non consente a {holder} di passarla ad altri"),
                format!("does not let {holder} pass it on"),
            ),
        };
        let Bilingual { it, en } = self.members();
        Bilingual::new(
            format!("{it} non la riceve: il suo protocollo ({}) {}.", titles.it, why.it),
            format!("{en} does not receive it: its agreement ({}) {}.", titles.en, why.en),
        )
    }

    /// The members of a group, each by itself.
    fn members(&self) -> Bilingual {
        match self.alone {
            true => Bilingual::new("L'organizzazione", "The organisation"),
            false => Bilingual::new("Ciascuna", "Each"),
        }
    }

    /// The first of some agreements, and how many others there are.
    fn titles(&self, pacts: &BTreeSet<usize>) -> Bilingual {
        let titles: Vec<_> = pacts.iter().take(TITLES).map(|pact| self.title(*pact)).collect();
        let it = titles.iter().map(|it| format!("«{it}»")).collect::<Vec<_>>().join(", ");
        let en = titles.iter().map(|it| format!("“{it}”")).collect::<Vec<_>>().join(", ");
        match pacts.len().saturating_sub(TITLES) {
            0 => Bilingual::new(it, en),
            1 => Bilingual::new(format!("{it} e un altro"), format!("{en} and another")),
            others => Bilingual::new(
                format!("{it} e altri {others}"),
                format!("{en} and {others} others"),
            ),
        }
    }

    fn predicate(&self, ground: &Ground) -> Bilingual {
        match ground {
            Ground::Produced => Bilingual::new(
                "la riceve perché l'ha prodotta",
                "receives it because it produced it",
            ),
            Ground::Brought(form) => {
                let form = receives(*form);
                Bilingual::new(
                    format!("{}: l'ha portata a questo nodo", form.it),
                    format!("{}: it brought it to this node", form.en),
                )
            }
            Ground::Clear(form) => self.clear(*form),
            Ground::Chain { form, chain, as_victim } => self.by_chain(*form, chain, *as_victim),
            Ground::Client { form, provider, chain } => self.as_client(*form, *provider, chain),
            refused => {
                let why = self.refusal(refused);
                Bilingual::new(
                    format!("non la riceve: {}", why.it),
                    format!("does not receive it: {}", why.en),
                )
            }
        }
    }

    fn clear(&self, form: Form) -> Bilingual {
        let form = receives(form);
        let mut said = Bilingual::new(
            format!("{}: TLP:CLEAR non pone limiti", form.it),
            format!("{}: TLP:CLEAR sets no limit", form.en),
        );
        if form.it.contains("vittima") {
            said.it += ", ma nessun protocollo in vigore le rivela la vittima";
            said.en += ", but no agreement in force tells it the victim";
        }
        said
    }

    fn by_chain(&self, form: Form, chain: &[Step], as_victim: AsVictim) -> Bilingual {
        let mut said = receives(form);
        if as_victim == AsVictim::Yes {
            said.it += ", essendone la vittima,";
            said.en += ", being its victim,";
        }
        let Some((last, earlier)) = chain.split_last() else { return said };
        let from = self.from(last);
        said.it += &from.it;
        said.en += &from.en;
        self.add_adhesion(last, &mut said);
        self.add_earlier(last.giver, earlier, &mut said);
        if form == Form::Redacted {
            self.add_hiding(chain, &mut said);
        }
        if self.handling.tlp == Tlp::Red {
            said.it += "; la leggono solo le persone nominate, dopo l'accesso, e nessun programma";
            said.en += "; only the named persons read it, signed in, and no program";
        }
        said
    }

    fn as_client(&self, form: Form, provider: OrganisationNumber, chain: &[Step]) -> Bilingual {
        let mut said = receives(form);
        let name = self.name(provider);
        let tlp = self.handling.tlp;
        said.it += &format!(" come cliente di {name} ({tlp} si estende ai clienti)");
        said.en += &format!(" as a client of {name} ({tlp} extends to clients)");
        if chain.is_empty() && self.handling.via.is_empty() {
            said.it += &format!("; {name} l'ha prodotta");
            said.en += &format!("; {name} produced it");
        } else if chain.is_empty() {
            said.it += &format!("; {name} l'ha portata a questo nodo");
            said.en += &format!("; {name} brought it to this node");
        }
        self.add_earlier(provider, chain, &mut said);
        if form == Form::Redacted {
            said.it += "; ai clienti la vittima non si rivela";
            said.en += "; clients are not told the victim";
        }
        said
    }

    /// Who gives or, at the beginning of a chain from another node, brought it here, and under what.
    fn from(&self, step: &Step) -> Bilingual {
        let (giver, title) = (self.name(step.giver), self.title(step.pact));
        let (it, en) = match self.is_brought(step) {
            true => (", portata da", ", brought by"),
            false => (" da", " from"),
        };
        Bilingual::new(
            format!("{it} {giver} in base a «{title}»"),
            format!("{en} {giver} under “{title}”"),
        )
    }

    fn is_brought(&self, step: &Step) -> bool {
        let Some(giver) = self.network.organisation(step.giver) else { return false };
        let framework = self.network.pacts[step.pact].framework();
        let mut via = self.handling.via.iter();
        via.any(|given| given.giver == giver.id && given.right.allows(framework))
    }

    /// How each holder, the last first, came to have it.
    fn add_earlier(&self, holder: OrganisationNumber, chain: &[Step], said: &mut Bilingual) {
        let mut holder = holder;
        for step in chain.iter().rev() {
            let (name, from) = (self.name(holder), self.from(step));
            said.it += &format!("; {name} l'ha{}", from.it);
            said.en += &format!("; {name} has it{}", from.en);
            holder = step.giver;
        }
    }

    fn add_adhesion(&self, last: &Step, said: &mut Bilingual) {
        let Some(id) = self.adhesion(last.pact) else { return };
        if self.network.standing(id).is_some_and(Standing::is_in_force) {
            let title = self.title_of(id);
            said.it += &format!(", per adesione («{title}»)");
            said.en += &format!(", by adhesion (“{title}”)");
        }
    }

    fn add_hiding(&self, chain: &[Step], said: &mut Bilingual) {
        let pacts = chain.iter().map(|step| step.pact);
        let hides = |pact: &usize| {
            self.network.pacts[*pact].agreement.handling.victim == VictimVisibility::Hidden
        };
        if let Some(pact) = pacts.filter(|_| true).find(hides) {
            let title = self.title(pact);
            said.it += &format!("; «{title}» non rivela la vittima");
            said.en += &format!("; “{title}” does not tell the victim");
        }
    }

    fn refusal(&self, ground: &Ground) -> Bilingual {
        match ground {
            Ground::Unknown => Bilingual::new(
                "non è tra le organizzazioni di questa rete",
                "it is not among the organisations of this network",
            ),
            Ground::ProducerUnknown => {
                let id = &self.handling.producer;
                Bilingual::new(
                    format!("chi l'ha prodotta ({id}) non è tra le organizzazioni di questa rete"),
                    format!("its producer ({id}) is not among the organisations of this network"),
                )
            }
            Ground::Held(place) => self.held(*place),
            Ground::NotInExercise => self.not_in_exercise(),
            Ground::NotNamed => Bilingual::new(
                "TLP:RED non nomina alcuna sua persona",
                "TLP:RED names nobody there",
            ),
            Ground::NotForClients(provider) => {
                let (name, tlp) = (self.name(*provider), self.handling.tlp);
                Bilingual::new(
                    format!("è cliente di {name}, ma {tlp} non si estende ai clienti"),
                    format!("it is a client of {name}, but {tlp} does not extend to clients"),
                )
            }
            Ground::Broken { rule, pact, holder, .. } => self.broken(*rule, *pact, *holder),
            Ground::NotAdhered { pact, .. } => self.not_adhered(*pact),
            Ground::NotSelected { pact, side, condition, .. } => {
                self.not_selected(*pact, *side, *condition)
            }
            _ => self.stranger(),
        }
    }

    fn not_in_exercise(&self) -> Bilingual {
        let name = self.handling.exercise.as_ref().map_or("", |it| it.name.as_str());
        let (it, en) = match name {
            "" => (String::new(), String::new()),
            name => (format!(" «{name}»"), format!(" “{name}”")),
        };
        Bilingual::new(
            format!("fa parte dell'esercitazione{it}, a cui non partecipa"),
            format!("it belongs to the exercise{en}, in which it takes no part"),
        )
    }

    fn held(&self, place: usize) -> Bilingual {
        let Some(binding) = self.network.holds.get(place) else { return self.stranger() };
        let hold = &binding.hold;
        let (id, authority, from) = (&hold.id, &hold.authority, hold.from);
        let until_it = hold.until.map(|until| format!(" fino al {}", italian(until)));
        let until_en = hold.until.map(|until| format!(" until {}", until.day()));
        Bilingual::new(
            format!(
                "è sottoposta a riserva investigativa di {authority} ({id}) dal {}{}",
                italian(from),
                until_it.unwrap_or_default()
            ),
            format!(
                "it is under an investigative hold of {authority} ({id}) since {}{}",
                from.day(),
                until_en.unwrap_or_default()
            ),
        )
    }

    fn broken(&self, rule: Rule, pact: usize, holder: OrganisationNumber) -> Bilingual {
        let (title, holder) = (self.title(pact), self.name(holder));
        let terms = &self.network.pacts[pact].agreement.handling;
        let tlp = self.handling.tlp;
        match rule {
            Rule::Standing => self.standing(pact),
            Rule::Adhesion => Bilingual::new(
                format!("{holder}, da cui l'avrebbe, non ha un'adesione in vigore a «{title}»"),
                format!("{holder}, who would give it, has no adhesion in force to “{title}”"),
            ),
            Rule::Category => {
                let category = category(self.handling.category);
                Bilingual::new(
                    format!("«{title}» non prevede che {holder} le dia {}", category.it),
                    format!("“{title}” does not have {holder} give it {}", category.en),
                )
            }
            Rule::Marking => Bilingual::new(
                format!("{tlp} è più stretto di {}, il massimo di «{title}»", terms.highest_tlp),
                format!("{tlp} is stricter than {}, the most “{title}” allows", terms.highest_tlp),
            ),
            Rule::OnlyUnder => {
                let limit = self.limit();
                Bilingual::new(
                    format!("chi l'ha prodotta la limita a {}; «{title}» non vi rientra", limit.it),
                    format!("its producer limits it to {}, which leaves out “{title}”", limit.en),
                )
            }
            Rule::Redistribution if terms.redistribution == Redistribution::Lineage => {
                Bilingual::new(
                    format!("«{title}» consente a {holder} di passarla solo nello stesso quadro"),
                    format!("“{title}” lets {holder} pass it on only within the same framework"),
                )
            }
            Rule::Redistribution => Bilingual::new(
                format!("«{title}» non consente a {holder} di passarla ad altri"),
                format!("“{title}” does not let {holder} pass it on"),
            ),
        }
    }

    fn not_adhered(&self, pact: usize) -> Bilingual {
        let title = self.title(pact);
        let Some(id) = self.adhesion(pact) else {
            return Bilingual::new(
                format!("non ha aderito a «{title}»"),
                format!("it has not adhered to “{title}”"),
            );
        };
        let adhesion = self.title_of(id);
        let how = self.network.standing(id).map(|standing| self.not_in_force(standing));
        let how = how.unwrap_or_default();
        Bilingual::new(
            format!("la sua adesione «{adhesion}» a «{title}» {}", how.it),
            format!("its adhesion “{adhesion}” to “{title}” {}", how.en),
        )
    }

    fn not_selected(&self, pact: usize, side: usize, condition: Condition) -> Bilingual {
        let (title, agreement) = (self.title(pact), &self.network.pacts[pact].agreement);
        let selector = agreement.parties.get(side).and_then(|party| party.select.as_ref());
        let Some(selector) = selector else { return self.stranger() };
        let mut asks = asked(selector, condition);
        if selector.adhesion == AdhesionRule::Required {
            asks = Bilingual::new(
                format!("un'adesione e {}", asks.it),
                format!("an adhesion and {}", asks.en),
            );
        }
        let about = self.about.and_then(|number| self.network.organisation(number));
        let residents = about.filter(|_| condition == Condition::Residents).map(|it| it.population);
        let has = match residents {
            Some(Some(has)) => Bilingual::new(
                format!(": ne ha {}", thousands(has, ".")),
                format!(": it has {}", thousands(has, ",")),
            ),
            Some(None) => Bilingual::new(
                ": la rubrica non dice quanti ne ha",
                ": the directory does not say how many it has",
            ),
            None => same(""),
        };
        Bilingual::new(
            format!("non è parte di «{title}», che chiede {}{}", asks.it, has.it),
            format!("it is no party to “{title}”, which asks for {}{}", asks.en, has.en),
        )
    }

    fn standing(&self, pact: usize) -> Bilingual {
        let title = self.title(pact);
        let how = self.not_in_force(&self.network.pacts[pact].standing);
        Bilingual::new(format!("«{title}» {}", how.it), format!("“{title}” {}", how.en))
    }

    fn not_in_force(&self, standing: &Standing) -> Bilingual {
        match standing {
            Standing::InForce => Bilingual::new("non la raggiunge", "does not include it"),
            Standing::Draft => Bilingual::new("è ancora una bozza", "is still a draft"),
            Standing::NotBegun { from } => Bilingual::new(
                format!("entra in vigore il {}", italian_day(*from)),
                format!("begins on {from}"),
            ),
            Standing::TermOver { last } => Bilingual::new(
                format!("è scaduto il {}", italian_day(*last)),
                format!("expired on {last}"),
            ),
            Standing::Suspended { since, by, .. } => Bilingual::new(
                format!("è sospeso dal {} (da {by})", italian(*since)),
                format!("has been suspended since {} (by {by})", since.day()),
            ),
            Standing::Expired { since, by } => {
                let by_it = by.as_ref().map(|by| format!(" (chiuso da {by})"));
                let by_en = by.as_ref().map(|by| format!(" (ended by {by})"));
                Bilingual::new(
                    format!("è cessato il {}{}", italian(*since), by_it.unwrap_or_default()),
                    format!("ended on {}{}", since.day(), by_en.unwrap_or_default()),
                )
            }
            Standing::Unfounded { above } => self.unfounded(above),
        }
    }

    fn unfounded(&self, above: &AgreementId) -> Bilingual {
        let title = self.title_of(above);
        let known = self.network.agreement(above);
        let alone = known.map(|above| Standing::alone(above, self.network.now));
        match alone {
            Some(Standing::InForce) => Bilingual::new(
                format!("dipende da «{title}», che dipende da esso"),
                format!("depends on “{title}”, which depends on it"),
            ),
            Some(standing) => {
                let how = self.not_in_force(&standing);
                Bilingual::new(
                    format!("dipende da «{title}», che {}", how.it),
                    format!("depends on “{title}”, which {}", how.en),
                )
            }
            None => Bilingual::new(
                format!("dipende da «{title}», che non è tra i protocolli"),
                format!("depends on “{title}”, which is not among the agreements"),
            ),
        }
    }

    fn stranger(&self) -> Bilingual {
        let givers = self.givers();
        Bilingual::new(
            format!("nessun protocollo la porta da {givers} fino a lei, né è cliente di chi l'ha"),
            format!("no agreement takes it there from {givers}, nor is it a client of a holder"),
        )
    }

    /// Who produced it, or whoever brought it here.
    pub(crate) fn givers(&self) -> String {
        let producer = self.network.number(&self.handling.producer);
        let mut producer = producer.map_or_else(String::new, |number| self.name(number));
        if !self.handling.via.is_empty() {
            let givers = self.handling.via.iter().map(|given| &given.giver);
            let givers = givers.filter_map(|id| self.network.number(id));
            let mut givers: Vec<_> = givers.map(|number| self.name(number)).collect();
            givers.dedup();
            producer = givers.join(", ");
        }
        producer
    }

    fn limit(&self) -> Bilingual {
        let titles = || self.handling.only_under.iter().map(|id| self.title_of(id));
        let it: Vec<_> = titles().map(|title| format!("«{title}»")).collect();
        let en: Vec<_> = titles().map(|title| format!("“{title}”")).collect();
        Bilingual::new(it.join(", "), en.join(", "))
    }

    fn adhesion(&self, pact: usize) -> Option<&AgreementId> {
        self.network.adhesion(&self.network.pacts[pact].agreement.id, self.about?)
    }

    pub(crate) fn title(&self, pact: usize) -> &str {
        &self.network.pacts[pact].agreement.title
    }

    fn title_of(&self, id: &AgreementId) -> String {
        self.network.agreement(id).map_or_else(|| id.to_string(), |it| it.title.clone())
    }

    pub(crate) fn name(&self, number: OrganisationNumber) -> String {
        let known = self.network.organisation(number);
        known.map_or_else(|| format!("#{}", number.0), |it| it.name.clone())
    }
}

fn same(text: &str) -> Bilingual {
    Bilingual::new(text, text)
}

fn receives(form: Form) -> Bilingual {
    match form {
        Form::Full => Bilingual::new("la riceve in forma integrale", "receives it in full"),
        Form::Redacted => {
            Bilingual::new("la riceve senza i dati della vittima", "receives it without the victim")
        }
    }
}

pub(crate) fn category(category: Category) -> Bilingual {
    match category {
        Category::Indicator => Bilingual::new("indicatori", "indicators"),
        Category::Incident => Bilingual::new("incidenti", "incidents"),
        Category::TechnicalReport => Bilingual::new("rapporti tecnici", "technical reports"),
        Category::EarlyWarning => Bilingual::new("allerte precoci", "warnings"),
        Category::Awareness => Bilingual::new("materiale formativo", "awareness material"),
        Category::Context => Bilingual::new("informazioni di contesto", "context"),
    }
}

/// What a party asks of whom it selects, by one condition.
fn asked(selector: &Selector, condition: Condition) -> Bilingual {
    let places = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    match condition {
        Condition::Residents => {
            let least = selector.population_above.unwrap_or_default();
            Bilingual::new(
                format!("più di {} residenti", thousands(least, ".")),
                format!("more than {} residents", thousands(least, ",")),
            )
        }
        Condition::Criticality => Bilingual::new("una criticità maggiore", "a higher criticality"),
        Condition::Sector => Bilingual::new("un altro settore", "another sector"),
        Condition::Province => Bilingual::new(
            format!("la sede in provincia di {}", places(&selector.provinces)),
            format!("a seat in the province of {}", places(&selector.provinces)),
        ),
        Condition::Region => Bilingual::new(
            format!("la sede in {}", places(&selector.regions)),
            format!("a seat in {}", places(&selector.regions)),
        ),
    }
}

/// A number as people write it: its digits by threes.
fn thousands(number: u32, mark: &str) -> String {
    let (rest, last) = (number / 1_000, number % 1_000);
    match rest {
        0 => last.to_string(),
        rest => format!("{}{mark}{last:03}", thousands(rest, mark)),
    }
}

pub(crate) fn italian(moment: Instant) -> String {
    italian_day(moment.day())
}

fn italian_day(day: Date) -> String {
    format!("{}/{}/{}", day.day(), day.month(), day.year())
}
