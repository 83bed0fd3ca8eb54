//! The playbooks that every node has from its beginning, of our own writing, in Italian and English.

use std::sync::LazyLock;

use vedetta_model::language::Bilingual;

/// Each by the name of its file.
pub const GIVEN: [(&str, &str); 10] = [
    ("ddos", include_str!("../../playbooks/ddos.json")),
    ("ransomware", include_str!("../../playbooks/ransomware.json")),
    ("phishing", include_str!("../../playbooks/phishing.json")),
    ("social-engineering", include_str!("../../playbooks/social-engineering.json")),
    ("deepfake", include_str!("../../playbooks/deepfake.json")),
    ("supply-chain", include_str!("../../playbooks/supply-chain.json")),
    ("ot", include_str!("../../playbooks/ot.json")),
    ("human-error", include_str!("../../playbooks/human-error.json")),
    ("missing-patches", include_str!("../../playbooks/missing-patches.json")),
    ("defacement-data-breach", include_str!("../../playbooks/defacement-data-breach.json")),
];

/// What a playbook is called: one of ours in both languages, another as who wrote it calls it.
#[must_use]
pub fn called(name: &str) -> Bilingual {
    static OURS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let read = GIVEN.iter().filter_map(|(_, text)| cacao::read(text.as_bytes()).playbook);
        read.filter_map(|it| Some((it.translations.get("it")?.name.clone(), it.name))).collect()
    });
    let ours = OURS.iter().find(|(_, en)| en == name);
    ours.map_or_else(|| Bilingual::new(name, name), |(it, en)| Bilingual::new(it, en))
}

#[cfg(test)]
mod tests {
    use cacao::{CommandKind, StepKind, read};

    use super::{GIVEN, called};

    #[test]
    fn ours_are_called_in_both_languages() {
        let ot = called("Industrial control and plants (OT)");
        assert_eq!(ot.it, "Impianti e controllo industriale (OT)");
        assert_eq!(called("Vostro").it, "Vostro");
    }

    #[test]
    fn each_is_valid_and_whole_in_both_languages() {
        for (name, text) in GIVEN {
            let reading = read(text.as_bytes());
            assert_eq!((reading.faults, reading.remarks), (vec![], vec![]), "{name}");
            let playbook = reading.playbook.unwrap();
            let italian = &playbook.translations["it"];
            let said = [&italian.name, &italian.description, &playbook.description];
            assert!(said.iter().all(|it| !it.is_empty()), "{name}");
            for (variable, it) in &playbook.variables {
                assert!(!it.description.is_empty() && italian.variables.contains_key(variable));
            }
            let seen = |kind: &StepKind| !matches!(kind, StepKind::Start | StepKind::End);
            for step in playbook.steps.iter().filter(|step| seen(&step.kind)) {
                let own = &italian.steps[&step.id];
                assert!(!step.name.is_empty() && !own.name.is_empty(), "{name} {}", step.id);
                let StepKind::Action { commands, .. } = &step.kind else { continue };
                assert_eq!(commands.len(), own.commands.len(), "{name} {}", step.name);
                for (command, own) in commands.iter().zip(&own.commands) {
                    let CommandKind::Manual(text) = &command.kind else { panic!("{name}") };
                    assert!(text.len() > 20 && own.len() > 20 && text != own, "{name}: {text}");
                }
            }
        }
    }
}
