//! A handover and an early warning as documents, to be printed and kept.

use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, OrganisationId};

use crate::document::{Document, Writer};
use crate::handover::{Handover, LineKind, Signature};
use crate::notice::{Pen, rome};
use crate::posture::marked;
use crate::warning::{Warning, WarningStage};

/// A handover, with its two signatures.
#[must_use]
pub fn handover(of: &Handover, pen: Pen<'_>, who: &dyn Fn(&AccountId) -> String) -> Document {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let room = (pen.name)(&of.organisation);
    let ends = rome(of.ends, pen.language);
    let mut writer = Writer::new(
        format!("{}, {room}, {ends}", say("Consegna di turno", "Handover")),
        pen.language,
    );
    let signed = |it: &Signature| format!("{}, {}", who(&it.by), rome(it.at, pen.language));
    writer.facts([
        (say("Sala", "Room"), room),
        (say("Fine del turno", "End of the shift"), ends),
        (say("Consegna", "Given by"), signed(&of.given)),
        (
            say("Riceve", "Taken by"),
            of.taken.as_ref().map_or_else(|| say("non ancora", "not yet"), signed),
        ),
    ]);
    if !of.remarks.trim().is_empty() {
        writer.heading(&say("Da sapere", "Remarks"));
        writer.paragraph(&of.remarks);
    }
    for kind in LineKind::ALL {
        let lines: Vec<_> = of.lines.iter().filter(|it| it.kind == kind).collect();
        if lines.is_empty() {
            continue;
        }
        writer.heading(kind.words().to(pen.language));
        writer.list(lines.into_iter().map(|it| {
            let due = it.due.map(|at| format!(" ({})", rome(at, pen.language)));
            let due = due.unwrap_or_default();
            format!("{}: {}{due}", it.title, it.detail.to(pen.language))
        }));
    }
    if of.lines.is_empty() {
        writer.paragraph(&say("Nulla di aperto.", "Nothing is open."));
    }
    writer.end()
}

/// An early warning: what happens and what to do.
#[must_use]
pub fn warning(id: &str, of: &Warning, from: &OrganisationId, pen: Pen<'_>) -> Document {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let text = &of.text;
    let name = marked(text.title.clone(), text.exercise.as_ref());
    let mut writer = Writer::new(name.to(pen.language).to_owned(), pen.language);
    let (stage, at) = match &of.stage {
        WarningStage::Draft => (say("bozza, non diffusa", "draft, not sent"), None),
        WarningStage::Sent { at, .. } => (say("diffusa", "sent"), Some(*at)),
        WarningStage::Withdrawn { at, .. } => (say("RITIRATA", "WITHDRAWN"), Some(*at)),
    };
    let at = at.map(|at| format!(", {}", rome(at, pen.language))).unwrap_or_default();
    writer.facts([
        (say("Allerta precoce", "Warning"), id.to_owned()),
        ("TLP".to_owned(), format!("TLP:{}", text.tlp.label())),
        ("PAP".to_owned(), format!("PAP:{}", text.pap.label())),
        (say("Da", "From"), (pen.name)(from)),
        (say("Stato", "Stage"), format!("{stage}{at}")),
    ]);
    writer.heading(&say("Che cosa succede", "What happens"));
    writer.paragraph(text.text.to(pen.language));
    writer.heading(&say("Che cosa fare", "What to do"));
    writer.paragraph(text.what_to_do.to(pen.language));
    if !text.observables.is_empty() {
        writer.heading(&say("Da cercare", "What to look for"));
        writer.list(text.observables.iter().cloned());
    }
    if let WarningStage::Withdrawn { reason, .. } = &of.stage {
        writer.heading(&say("Perché è ritirata", "Why it is withdrawn"));
        writer.paragraph(reason);
    }
    writer.end()
}

#[cfg(test)]
mod tests {
    use vedetta_model::{Instant, Language};

    use super::*;
    use crate::handover::Line;

    #[test]
    fn a_handover_is_printed_with_both_signatures_and_every_line() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let by = |name: &str| AccountId::new(name).unwrap();
        let line = Line {
            key: "a".into(),
            kind: LineKind::Case,
            title: "2026-000001 Sportelli".into(),
            detail: Bilingual::new("in corso", "running"),
            due: None,
        };
        let given = Signature { by: by("sala"), at: at("2026-03-02T13:50:00Z") };
        let room = OrganisationId::new("cnaipic").unwrap();
        let ends = at("2026-03-02T14:00:00Z");
        let sheet = Handover::give(room, ends, vec![line], ("rete lenta".into(), given)).unwrap();
        let name = |id: &OrganisationId| id.to_string();
        let pen = Pen { language: Language::It, now: ends, name: &name };
        let open = handover(&sheet, pen, &|id| id.to_string()).text;
        assert!(open.contains("Riceve: non ancora") && open.contains("rete lenta"), "{open}");
        let taken = Signature { by: by("turno"), at: at("2026-03-02T14:05:00Z") };
        let taken = sheet.take(taken, &["a".to_owned()].into()).unwrap();
        let document = handover(&taken, pen, &|id| id.to_string());
        let text = &document.text;
        assert!(text.contains("Riceve: turno, 02/03/2026 15:05"), "{text}");
        assert!(text.contains("2026-000001 Sportelli: in corso"), "{text}");
        assert!(document.pdf().starts_with(b"%PDF-"));
    }
}
