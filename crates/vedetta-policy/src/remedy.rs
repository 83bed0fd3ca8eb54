//! What would have to change for those who do not receive an item, in Italian and in English.

use vedetta_model::{Bilingual, Tlp};

use crate::chain::{Rule, reaches_clients};
use crate::grounds::Ground;
use crate::standing::Standing;
use crate::wording::{Wording, category};

impl Wording<'_> {
    /// What would have to change; none for those who receive it.
    pub(crate) fn remedy(&self, ground: &Ground) -> Option<Bilingual> {
        let said = match ground {
            Ground::Produced
            | Ground::Brought(_)
            | Ground::Clear(_)
            | Ground::Chain { .. }
            | Ground::Client { .. } => return None,
            Ground::Unknown => both("mettila nella rubrica", "put it into the directory"),
            Ground::ProducerUnknown => {
                both("metti nella rubrica chi l'ha prodotta", "put its producer into the directory")
            }
            Ground::Held(place) => self.ask_authority(*place)?,
            Ground::NotInExercise => both(
                "pubblicala di nuovo in un'esercitazione a cui partecipa",
                "publish it anew in an exercise in which it takes part",
            ),
            Ground::NotNamed => both(
                "nomina la persona che deve leggerla",
                "name the person there who is to read it",
            ),
            Ground::NotForClients(_) => clients(),
            Ground::Broken { rule, pact, .. } => self.remedy_of(*rule, *pact, ground),
            Ground::NotAdhered { pact, .. } => self.adhere(*pact),
            Ground::NotSelected { pact, .. } => {
                let title = self.title(*pact);
                Bilingual::new(
                    format!("cambia a chi si rivolge «{title}», o {}", self.propose().it),
                    format!("change whom “{title}” is for, or {}", self.propose().en),
                )
            }
            Ground::Stranger => self.propose(),
        };
        Some(Bilingual::new(
            format!("Per farla arrivare: {}.", said.it),
            format!("To have it there: {}.", said.en),
        ))
    }

    fn remedy_of(&self, rule: Rule, pact: usize, ground: &Ground) -> Bilingual {
        let (title, propose) = (self.title(pact), self.propose());
        let holder = match ground {
            Ground::Broken { holder, .. } => self.name(*holder),
            _ => String::new(),
        };
        let highest = self.network.pacts[pact].agreement.handling.highest_tlp;
        match rule {
            Rule::Standing => self.to_be_in_force(pact),
            Rule::Adhesion => Bilingual::new(
                format!("fai aderire {holder}, o {}", propose.it),
                format!("have {holder} adhere, or {}", propose.en),
            ),
            Rule::Category => {
                let category = category(self.handling.category);
                Bilingual::new(
                    format!(
                        "aggiungi {} a ciò che {holder} può darle, o {}",
                        category.it, propose.it
                    ),
                    format!("add {} to what {holder} may give it, or {}", category.en, propose.en),
                )
            }
            Rule::Marking => Bilingual::new(
                format!("scegli {highest}, o alza il massimo di «{title}»"),
                format!("choose {highest}, or raise the most that “{title}” allows"),
            ),
            Rule::OnlyUnder => Bilingual::new(
                format!("aggiungi «{title}» ai protocolli a cui è limitata"),
                format!("add “{title}” to the agreements to which it is limited"),
            ),
            Rule::Redistribution => Bilingual::new(
                format!("consenti a {holder} di passarla, o {}", propose.it),
                format!("let {holder} pass it on, or {}", propose.en),
            ),
        }
    }

    /// What gives an agreement its force.
    fn to_be_in_force(&self, pact: usize) -> Bilingual {
        match &self.network.pacts[pact].standing {
            Standing::InForce => self.propose(),
            Standing::Draft => both("firmalo", "sign it"),
            Standing::NotBegun { .. } => {
                both("aspetta che entri in vigore", "wait until it begins")
            }
            Standing::TermOver { .. } => both("rinnovalo", "renew it"),
            Standing::Suspended { .. } => both("riprendilo", "resume it"),
            Standing::Expired { .. } => self.propose(),
            Standing::Unfounded { .. } => both(
                "rimetti in vigore il protocollo da cui dipende",
                "bring the agreement on which it depends into force",
            ),
        }
    }

    fn adhere(&self, pact: usize) -> Bilingual {
        let title = self.title(pact);
        Bilingual::new(
            format!("falla aderire a «{title}», o rimetti in vigore la sua adesione"),
            format!("have it adhere to “{title}”, or bring its adhesion into force"),
        )
    }

    fn ask_authority(&self, place: usize) -> Option<Bilingual> {
        let authority = &self.network.holds.get(place)?.hold.authority;
        Some(Bilingual::new(
            format!("chiedi a {authority} di togliere la riserva"),
            format!("ask {authority} to lift the hold"),
        ))
    }

    /// An agreement of its own.
    fn propose(&self) -> Bilingual {
        let from = self.givers();
        Bilingual::new(
            format!("proponi un protocollo tra {from} e lei"),
            format!("propose an agreement between {from} and it"),
        )
    }
}

/// The strictest marking that goes to clients.
fn clients() -> Bilingual {
    let reaching = Tlp::ALL.into_iter().rev().find(|tlp| reaches_clients(*tlp));
    let tlp = reaching.unwrap_or(Tlp::Clear);
    Bilingual::new(
        format!("scegli {tlp}, che si estende ai clienti"),
        format!("choose {tlp}, which extends to clients"),
    )
}

fn both(it: &str, en: &str) -> Bilingual {
    Bilingual::new(it, en)
}
