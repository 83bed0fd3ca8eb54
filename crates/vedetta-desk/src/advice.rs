//! The library of recommendations: what is said again and again, said well once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;

use crate::incident::{ChangeError, line, sentence};

/// A recommendation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// Its identifier, e.g. `second-factor`.
    pub id: String,
    /// What it is called.
    pub title: Bilingual,
    /// What it says.
    pub text: Bilingual,
    /// For what it is given, as playbooks are labelled, e.g. `ransomware`.
    #[serde(default)]
    pub topics: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Library {
    advice: Vec<Advice>,
}

impl Advice {
    /// Those that every node has from its beginning.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn given() -> Result<Vec<Self>, toml::de::Error> {
        toml::from_str(include_str!("../advice.toml")).map(|it: Library| it.advice)
    }

    /// Whether it can be kept.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), ChangeError> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        line("the identifier", &self.id)?;
        if !self.id.chars().all(letter) || self.id.len() > 60 {
            let (what, name) =
                ("identifier of lower-case letters, digits and hyphens like", &self.id);
            return Err(ChangeError::Missing { what, name: name.clone() });
        }
        for text in [&self.title.it, &self.title.en] {
            line("the title", text)?;
        }
        for text in [&self.text.it, &self.text.en] {
            sentence("the recommendation", text)?;
        }
        self.topics.iter().try_for_each(|topic| line("a topic", topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::GIVEN;

    #[test]
    fn those_given_are_whole_each_once_and_some_for_each_playbook() {
        let given = Advice::given().unwrap();
        let ids: BTreeSet<_> = given.iter().map(|it| &it.id).collect();
        assert_eq!(ids.len(), given.len());
        for it in &given {
            it.check().unwrap();
            assert!(it.text.it != it.text.en && !it.topics.is_empty(), "{}", it.id);
        }
        for (name, text) in GIVEN {
            let playbook = cacao::read(text.as_bytes()).playbook.unwrap();
            let some = given
                .iter()
                .any(|it| playbook.labels.iter().any(|label| it.topics.contains(label)));
            assert!(some, "{name}");
        }
    }
}
