//! What was done to a case, in a few words of both languages.

use vedetta_model::language::Bilingual;

use super::{Change, ServiceStatus};
use crate::circle::Audience;

impl Change {
    /// In a few words: what was done, and what was said with it.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        self.stage_words().or_else(|| self.people_words()).unwrap_or_else(|| self.work_words())
    }

    fn stage_words(&self) -> Option<Bilingual> {
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
            Self::Assign { lead } => plain("affidato a", "handed to", lead),
            Self::Route { to, reason } => {
                both(&format!("assegnato a {to}"), &format!("routed to {to}"), reason)
            }
            Self::Rename { title } => said("nuovo titolo", "new title", title),
            _ => return None,
        })
    }

    fn people_words(&self) -> Option<Bilingual> {
        Some(match self {
            Self::Affect { organisation, affected } => {
                let (it, en) = match affected.status {
                    ServiceStatus::Working => ("servizi attivi", "services working"),
                    ServiceStatus::Degraded => ("servizi ridotti", "services degraded"),
                    ServiceStatus::Down => ("servizi fermi", "services down"),
                };
                Bilingual::new(format!("{organisation}: {it}"), format!("{organisation}: {en}"))
            }
            Self::Spare { organisation } => plain("non colpito:", "not hit:", organisation),
            Self::Admit { organisation } => plain("ammesso:", "admitted:", organisation),
            Self::Exclude { organisation } => plain("escluso:", "excluded:", organisation),
            Self::Enclose { people } => Bilingual::new(
                format!("riservato a {} persone", people.len()),
                format!("kept to {} persons", people.len()),
            ),
            Self::Disclose { reason } => both("non più riservato", "no longer kept apart", reason),
            Self::Join { parent: Some(parent) } => plain("parte di", "part of", parent),
            Self::Join { parent: None } => {
                Bilingual::new("non più parte di un altro", "no longer part of another")
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

    fn work_words(&self) -> Bilingual {
        match self {
            Self::Classify { classes, .. } => {
                let list: Vec<_> = classes.iter().map(String::as_str).collect();
                both("classificato", "classified", &list.join(", "))
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
            Self::Know { .. } => Bilingual::new("momento di conoscenza", "moment of awareness"),
            Self::Apply { regime, reason } => {
                both(&format!("si applica {regime}"), &format!("{regime} applies"), reason)
            }
            Self::Lift { regime, reason } => both(
                &format!("non si applica {regime}"),
                &format!("{regime} does not apply"),
                reason,
            ),
            Self::Send { step, sent } => {
                both(&format!("inviato {step}"), &format!("{step} sent"), &sent.proof)
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
            Self::Follow { name, .. } => both("si segue la procedura", "playbook begun", name),
            _ => Bilingual::new(self.name(), self.name()),
        }
    }
}

fn both(it: &str, en: &str, said: &str) -> Bilingual {
    if said.is_empty() {
        return Bilingual::new(it, en);
    }
    Bilingual::new(format!("{it}: {said}"), format!("{en}: {said}"))
}

fn plain(it: &str, en: &str, what: &dyn std::fmt::Display) -> Bilingual {
    Bilingual::new(format!("{it} {what}"), format!("{en} {what}"))
}
