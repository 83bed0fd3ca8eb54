//! Playbooks, and the runs in which they are followed.

use vedetta_model::Language;

crate::words! {
    help_playbooks: "vai alle procedure" / "go to the playbooks",
    playbooks_title: "Procedure" / "Playbooks",
    playbooks_intro: "Che cosa fare, passo per passo, per le minacce che arrivano più spesso." / "What to do, step by step, against the threats that come most often.",
    playbooks_none: "Nessuna procedura proposta alla tua organizzazione." / "No playbook is put to your organisation.",
    playbook_actions[count]: "1 azione" | "{count} azioni" / "1 action" | "{count} actions",
    playbook_own: "della sala" / "the room's own",
    playbook_proposed: "proposta" / "proposed",
    playbook_agreed: "✓ accettata da tutti" / "✓ agreed by all",
    playbook_retired: "ritirata" / "retired",
    playbook_import: "Importa una procedura" / "Import a playbook",
    playbook_file: "File CACAO 2.0" / "CACAO 2.0 file",
    playbook_file_hint: "JSON; se la procedura c'è già, una versione più recente." / "JSON; of a playbook that is here already, a newer version.",
    playbook_file_missing: "Scegli il file della procedura." / "Choose the file of the playbook.",
    playbook_do_import: "Importa" / "Import",
    playbook_steps: "I passi" / "The steps",
    playbook_all_steps(count: usize): "Tutti i passi: {count}" / "All the steps: {count}",
    playbook_remarks: "Da rivedere" / "To look at again",
    playbook_begin: "Comincia" / "Begin",
    playbook_begin_on: "Comincia su un caso" / "Begin on a case",
    playbook_parties: "Chi la segue con noi" / "Who follows it with us",
    playbook_waits: "non ha ancora risposto" / "has not answered yet",
    playbook_accepted: "✓ accettata" / "✓ accepted",
    playbook_declined: "non accettata" / "declined",
    playbook_accept: "Accettiamo" / "We accept",
    playbook_decline: "Non accettiamo" / "We decline",
    playbook_asked: "La sala vi chiede di seguirla" / "The room asks you to follow it",
    playbook_take_back: "Ritira la proposta" / "Take it back",
    playbook_propose: "Proponi a un'organizzazione" / "Propose to an organisation",
    playbook_do_propose: "Proponi" / "Propose",
    playbook_retire: "Ritira la procedura" / "Retire the playbook",
    playbook_resume: "Riprendi la procedura" / "Resume the playbook",
    playbook_retired_by(by: &str): "Ritirata da {by}" / "Retired by {by}",
    playbook_versions: "Versioni" / "Versions",
    playbook_edit: "Scrivi una nuova versione" / "Write a new version",
    playbook_edit_hint: "Il testo CACAO 2.0: cambia anche «modified» con un momento successivo. Chi l'aveva accettata la riceve di nuovo; i percorsi già cominciati seguono la versione di prima." / "The CACAO 2.0 text: give \"modified\" a later moment, too. It is put again to who had accepted it; runs that began follow the version before.",
    playbook_text: "Testo" / "Text",
    playbook_not_json: "Il testo non è JSON" / "The text is not JSON",
    playbook_save_file: "Salva il file CACAO" / "Save the CACAO file",
    step_when_true: "se sì" / "if yes",
    step_when_false: "se no" / "if no",
    step_when_failure: "se non riesce" / "if it fails",
    step_parallel: "insieme" / "side by side",
    step_choice: "domanda" / "question",
    step_loop: "finché" / "while",
    step_playbook: "altra procedura" / "another playbook",
    step_open: "adesso" / "now",
    step_done: "✓ fatto" / "✓ done",
    step_failed: "▲ non riuscito" / "▲ failed",
    step_left_out: "tralasciato" / "left out",
    step_who: "Chi" / "Who",
    step_until: "Entro" / "Until",
    runs_title: "Procedure del caso" / "Playbooks of the case",
    runs_of(number: &str): "Procedure del caso {number}" / "Playbooks of case {number}",
    runs_none: "Nessuna procedura è cominciata." / "No playbook has begun.",
    runs_which: "Quale procedura" / "Which playbook",
    run_going: "in corso" / "going on",
    run_ended: "✓ conclusa" / "✓ ended",
    run_given_up: "abbandonata" / "given up",
    run_waiting[count]: "un passo aspetta" | "{count} passi aspettano" / "one step waits" | "{count} steps wait",
    run_begun: "cominciata da" / "begun by",
    run_within: "Fa parte di un altro percorso" / "Part of another run",
    run_now: "Che cosa fare adesso" / "What to do now",
    run_over: "Non resta nulla da fare qui." / "Nothing is left to do here.",
    run_done: "Fatto" / "Done",
    run_failed: "Non riuscito" / "Failed",
    run_note: "Che cosa è stato fatto (facoltativo)" / "What was done (optional)",
    run_note_judge: "Perché (facoltativo)" / "Why (optional)",
    run_not_known: "non si sa" / "not known",
    run_leave_out: "Tralascia" / "Leave out",
    run_give_up: "Abbandona la procedura" / "Give the playbook up",
    run_judge: "Rispondi" / "Answer",
    run_request: "Fai la richiesta" / "Make the request",
    run_request_hint: "La fa il nodo, una volta sola, verso un host che un amministratore ha consentito." / "The node makes it, once, to a host that an administrator allowed.",
    run_follow: "Comincia l'altra procedura" / "Begin the other playbook",
    run_follow_open: "Apri il suo percorso" / "Open its run",
    run_history: "Che cosa è stato fatto" / "What was done",
    run_history_none: "Nulla ancora." / "Nothing yet.",
    run_computed: "calcolato" / "computed",
    run_answer_missing: "Scegli una risposta." / "Choose an answer.",
    said_run_begun: "Cominciata: qui sotto il primo passo." / "Begun: the first step is below.",
    said_run_done: "Registrato: ecco che cosa segue." / "Recorded: here is what follows.",
    said_playbook_kept: "Fatto: la procedura è aggiornata." / "Done: the playbook is up to date.",
    documents_title: "Documenti" / "Documents",
    documents_of(number: &str): "Documenti del caso {number}" / "Documents of case {number}",
    documents_intro: "Si compongono da soli con ciò che il caso sa, adesso. Li legge, completa e invia una persona." / "Written by themselves from what the case knows, now. A person reads, completes and sends them.",
    documents_report: "Relazione finale" / "After-action report",
    documents_notices: "Notifiche di legge" / "Legal notices",
    documents_no_law: "A questo caso non è applicata alcuna norma: si applica tra le scadenze." / "No law is applied to this case: apply one under its clocks.",
    documents_held: "Finché il provvedimento vale, nessuna notifica si prepara." / "While the order binds, no notice is drafted.",
    document_save_html: "Salva per l'editor di testi" / "Save for a word processor",
    document_save_pdf: "Salva in PDF" / "Save as PDF",
}

impl crate::Words {
    /// What decides a branch, in words: yes and no, and the cases of the playbooks of our own; another's as it
    /// is written.
    #[must_use]
    pub fn answer(self, text: &str) -> String {
        let case = CASES.binary_search_by_key(&text, |(it, ..)| it).ok();
        match (self.0, case.and_then(|at| CASES.get(at))) {
            (Language::It, Some((_, it, _))) => (*it).to_owned(),
            (Language::En, Some((_, _, en))) => (*en).to_owned(),
            _ => text.to_owned(),
        }
    }
}

const CASES: &[(&str, &str, &str)] = &[
    ("access", "un accesso", "access"),
    ("application", "un'applicazione", "an application"),
    ("both", "tutt'e due", "both"),
    ("clicked", "cliccato", "clicked"),
    ("credentials", "credenziali", "credentials"),
    ("data", "dati fuori posto", "data"),
    ("default", "altro", "anything else"),
    ("dns", "il DNS", "the DNS"),
    ("exposed", "esposto a tutti", "exposed"),
    ("false", "no", "no"),
    ("identity", "un'identità falsa", "a false identity"),
    ("information", "informazioni", "information"),
    ("lost", "smarrito o rubato", "lost or stolen"),
    ("misdirected", "mandato a chi non doveva", "sent to the wrong person"),
    ("money", "denaro", "money"),
    ("nothing", "nulla", "nothing"),
    ("order", "un ordine", "an order"),
    ("page", "una pagina alterata", "a changed page"),
    ("password", "password scritta", "password typed"),
    ("payment", "pagato", "paid"),
    ("public", "parlare al pubblico", "to speak to the public"),
    ("received", "solo ricevuto", "only received"),
    ("true", "sì", "yes"),
    ("volumetric", "la banda", "the bandwidth"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_of_the_playbooks_of_our_own_are_said_in_both_languages() {
        assert!(CASES.is_sorted());
        let mut cases = 0;
        for (_, text) in vedetta_watch::desk::procedure::GIVEN {
            let blocks = text.split("\"cases\": {").skip(1).filter_map(|it| it.split('}').next());
            let keys = blocks.flat_map(str::lines).filter_map(|line| line.trim().split('"').nth(1));
            for case in keys {
                cases += 1;
                assert!(CASES.iter().any(|(it, ..)| *it == case), "{case}");
            }
        }
        assert!(cases > 20, "{cases}");
    }
}
