//! What was done to a case, in a few words of both languages.

use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, OrganisationId};

use super::{Change, ServiceStatus};
use crate::circle::Audience;
use crate::class;
use crate::procedure;
use crate::regime::StepName;

/// What people call those whom a change names.
pub trait Names {
    /// An organisation.
    fn organisation(&self, id: &OrganisationId) -> String;
    /// A person.
    fn account(&self, id: &AccountId) -> String;
    /// A legal regime.
    fn regime(&self, id: &str) -> Bilingual;
    /// A step of one.
    fn step(&self, name: &StepName) -> Bilingual;
}

/// Each by its identifier: for programs and the log.
struct Identifiers;

impl Names for Identifiers {
    fn organisation(&self, id: &OrganisationId) -> String {
        id.to_string()
    }

    fn account(&self, id: &AccountId) -> String {
        id.to_string()
    }

    fn regime(&self, id: &str) -> Bilingual {
        Bilingual::new(id, id)
    }

    fn step(&self, name: &StepName) -> Bilingual {
        Bilingual::new(name.to_string(), name.to_string())
    }
}

impl Change {
    /// In a few words: what was done, and what was said with it; others by their identifiers.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        self.words_with(&Identifiers)
    }

    /// The same, with those whom it names as people call them.
    #[must_use]
    pub fn words_with(&self, names: &dyn Names) -> Bilingual {
        self.stage_words(names)
            .or_else(|| self.people_words(names))
            .unwrap_or_else(|| self.work_words(names))
    }

    fn stage_words(&self, names: &dyn Names) -> Option<Bilingual> {
        let said = |it: &str, en: &str, what: &str| both(it, en, what);
        Some(match self {
            Self::Triage => Bilingual::new("preso in carico", "taken on"),
            Self::Confirm { evidence } => said("confermato", "confirmed", evidence),
            Self::Contain { measures } => said("contenuto", "contained", measures),
            Self::Recover { checked } => said("servizi ripristinati", "services restored", checked),
            Self::Close { cause, lesson } => Bilingual::new(
                format!("chiuso; causa: {cause}; misura: {lesson}"),
                format!("closed; cause: {cause}; measure: {lesson}"),
            ),
            Self::Dismiss { reason } => said("archiviato", "dismissed", reason),
            Self::Reopen { reason } => said("riaperto", "reopened", reason),
            Self::Merge { into, reason } => {
                both(&format!("unito a {into}"), &format!("merged into {into}"), reason)
            }
            Self::Split { reason } => said("separato di nuovo", "split off again", reason),
            Self::Absorb { case } => plain("accoglie", "takes in", case),
            Self::Yield { case } => plain("restituisce", "gives back", case),
            Self::Assign { lead } => plain("affidato a", "handed to", &names.account(lead)),
            Self::Route { to, reason } => {
                let to = names.organisation(to);
                both(&format!("assegnato a {to}"), &format!("routed to {to}"), reason)
            }
            Self::Rename { title } => said("nuovo titolo", "new title", title),
            _ => return None,
        })
    }

    fn people_words(&self, names: &dyn Names) -> Option<Bilingual> {
        Some(match self {
            Self::Affect { organisation, affected } => {
                let (it, en) = match affected.status {
                    ServiceStatus::Working => ("servizi attivi", "services working"),
                    ServiceStatus::Reported => {
                        ("servizi fermi o a rischio", "services down or at risk")
                    }
                    ServiceStatus::Degraded => ("servizi ridotti", "services degraded"),
                    ServiceStatus::Down => ("servizi fermi", "services down"),
                };
                let name = names.organisation(organisation);
                Bilingual::new(format!("{name}: {it}"), format!("{name}: {en}"))
            }
            Self::Spare { organisation } => {
                plain("non colpito:", "not hit:", &names.organisation(organisation))
            }
            Self::Admit { organisation } => {
                plain("ammesso:", "admitted:", &names.organisation(organisation))
            }
            Self::Exclude { organisation } => {
                plain("escluso:", "excluded:", &names.organisation(organisation))
            }
            Self::Enclose { people } => Bilingual::new(
                format!("riservato a {} persone", people.len()),
                format!("kept to {} persons", people.len()),
            ),
            Self::Disclose { reason } => both("non più riservato", "no longer kept apart", reason),
            Self::Join { parent: Some(parent) } => plain("parte di", "part of", parent),
            Self::Join { parent: None } => {
                Bilingual::new("non più parte di un altro", "no longer part of another")
            }
            Self::Practise { exercise: Some(exercise) } => {
                plain("fa parte dell'esercitazione", "belongs to exercise", exercise)
            }
            Self::Practise { exercise: None } => {
                Bilingual::new("non è un'esercitazione", "it is no exercise")
            }
            Self::Hold { authority, reference, .. } => both(
                &format!("fermo per ordine di {authority}"),
                &format!("kept still by order of {authority}"),
                reference,
            ),
            Self::Release { reason } => both("ordine cessato", "order ended", reason),
            _ => return None,
        })
    }

    fn work_words(&self, names: &dyn Names) -> Bilingual {
        match self {
            Self::Classify { classes, .. } => {
                each("classificato", "classified", &class::listed(classes))
            }
            Self::Judge { factor, grade } => {
                let (factor, grade) = (factor.words(), grade.words());
                Bilingual::new(
                    format!("{}: {}", factor.it, grade.it),
                    format!("{}: {}", factor.en, grade.en),
                )
            }
            Self::Override { category, reason } => {
                let number = category.number();
                both(&format!("categoria {number}"), &format!("category {number}"), reason)
            }
            Self::Link { item } => plain("collegato", "linked", item),
            Self::Unlink { item } => plain("scollegato", "unlinked", item),
            Self::Cite { message } => plain("collegato il messaggio", "linked message", message),
            Self::Uncite { message } => {
                plain("scollegato il messaggio", "unlinked message", message)
            }
            Self::Know { .. } => Bilingual::new("momento di conoscenza", "moment of awareness"),
            Self::State { about, says } => {
                let Bilingual { it, en } = about.words();
                both(&it, &en, says)
            }
            Self::Apply { regime, class, reason } => {
                let Bilingual { it, en } = match class {
                    None => names.regime(regime),
                    Some(step) => {
                        names.step(&StepName { regime: regime.clone(), step: step.clone() })
                    }
                };
                both(&format!("si applica: {it}"), &format!("applies: {en}"), reason)
            }
            Self::Lift { regime, reason } => {
                let Bilingual { it, en } = names.regime(regime);
                both(&format!("non si applica: {it}"), &format!("does not apply: {en}"), reason)
            }
            Self::Send { step, sent } => {
                let Bilingual { it, en } = names.step(step);
                both(&format!("inviato: {it}"), &format!("sent: {en}"), &sent.proof)
            }
            Self::Task { text, .. } => both("compito", "task", text),
            Self::Finish { task, note } => {
                both(&format!("compito {task} fatto"), &format!("task {task} done"), note)
            }
            Self::Note { text, audience } => match audience {
                Audience::Room => both("nota", "note", text),
                Audience::Participants => {
                    both("nota ai partecipanti", "note to participants", text)
                }
            },
            Self::Recommend { text, .. } => both("raccomandato", "recommended", text),
            Self::Attach { file } => both("allegato", "attached", &file.name),
            Self::Gather { more, .. } => Bilingual::new(
                format!("dal canale altri {more}"),
                format!("{more} more from its channel"),
            ),
            Self::Follow { name, .. } => {
                each("si segue la procedura", "playbook begun", &procedure::called(name))
            }
            _ => Bilingual::new("modificato", "changed"),
        }
    }
}

fn both(it: &str, en: &str, said: &str) -> Bilingual {
    if said.is_empty() {
        return Bilingual::new(it, en);
    }
    // What names somebody after a colon is said apart from what was said with it.
    let mark = if it.contains(": ") { " – " } else { ": " };
    Bilingual::new(format!("{it}{mark}{said}"), format!("{en}{mark}{said}"))
}

/// The same where what is said is itself in both languages.
fn each(it: &str, en: &str, said: &Bilingual) -> Bilingual {
    Bilingual::new(both(it, en, &said.it).it, both(it, en, &said.en).en)
}

fn plain(it: &str, en: &str, what: &dyn std::fmt::Display) -> Bilingual {
    Bilingual::new(format!("{it} {what}"), format!("{en} {what}"))
}
