//! Everything that the pages say, in Italian and in English.
//!
//! A sentence is a method: it has both languages or does not compile. One that no page says is found
//! by a test of the pages.

use vedetta_model::Language;

/// Says everything in one language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Words(pub Language);

/// `name: "Italian" / "English",` or `name(argument: Type): "… {argument}" / "… {argument}",`; of what is
/// counted one and many: `name[count]: "uno" | "{count}" / "one" | "{count}",`.
macro_rules! words {
    ($($name:ident $([$count:ident])? $(($($argument:ident: $kind:ty),+))?:
        $it:literal $(| $more:literal)? / $en:literal $(| $many:literal)?,)+) => {
        impl crate::Words {
            $(words!(@one $name $([$count])? $(($($argument: $kind),+))?, $it $(| $more)?, $en $(| $many)?);)+
        }
    };
    (@one $name:ident [$count:ident], $it:literal | $more:literal, $en:literal | $many:literal) => {
        #[doc = $many]
        pub fn $name(self, count: impl crate::Count) -> String {
            let count = count.whole();
            match (self.0, count) {
                (vedetta_model::Language::It, 1) => $it.to_owned(),
                (vedetta_model::Language::It, _) => format!($more, $count = self.number(count)),
                (vedetta_model::Language::En, 1) => $en.to_owned(),
                (vedetta_model::Language::En, _) => format!($many, $count = self.number(count)),
            }
        }
    };
    (@one $name:ident, $it:literal, $en:literal) => {
        #[doc = $en]
        #[must_use]
        pub const fn $name(self) -> &'static str {
            match self.0 {
                vedetta_model::Language::It => $it,
                vedetta_model::Language::En => $en,
            }
        }
    };
    (@one $name:ident ($($argument:ident: $kind:ty),+), $it:literal, $en:literal) => {
        #[doc = $en]
        pub fn $name(self, $($argument: $kind),+) -> String {
            match self.0 {
                vedetta_model::Language::It => format!($it, $($argument = $argument),+),
                vedetta_model::Language::En => format!($en, $($argument = $argument),+),
            }
        }
    };
}
use words;

mod access;
mod alarms;
mod concerns;
mod desk;
mod frame;
mod items;
mod kinds;
mod ledger;
mod mail;
mod network;
mod node;
mod nouns;
mod procedures;
pub mod refusals;
mod standing;
mod watch;

/// What can be counted.
pub trait Count {
    /// How many.
    fn whole(self) -> u64;
}

impl Count for u64 {
    fn whole(self) -> u64 {
        self
    }
}

impl Count for u32 {
    fn whole(self) -> u64 {
        self.into()
    }
}

impl Count for usize {
    fn whole(self) -> u64 {
        self as u64
    }
}

impl<T: Count + Copy> Count for &T {
    fn whole(self) -> u64 {
        (*self).whole()
    }
}

impl Words {
    /// The language as HTML names it.
    pub const fn tag(self) -> &'static str {
        match self.0 {
            Language::It => "it",
            Language::En => "en",
        }
    }

    /// One form for one, another for all other counts.
    pub fn counted(self, count: usize, one: &str, many: &str) -> String {
        if count == 1 { one.to_owned() } else { format!("{} {many}", self.number(count as u64)) }
    }

    /// A number with the language's separator of thousands.
    pub fn number(self, number: u64) -> String {
        let separator = match self.0 {
            Language::It => '.',
            Language::En => ',',
        };
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_warning_has_one_name_in_italian() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = [
            "vedetta-words/src/concerns.rs",
            "vedetta-words/src/frame.rs",
            "vedetta-words/src/items.rs",
            "vedetta-words/src/ledger.rs",
            "vedetta-words/src/network.rs",
            "vedetta-words/src/nouns.rs",
            "vedetta-words/src/watch.rs",
            "vedetta-policy/src/wording.rs",
            "vedetta-watch/src/actions/warn.rs",
            "vedetta-watch/src/views/see_concerns.rs",
        ];
        for source in sources {
            let text = std::fs::read_to_string(crates.join(source)).unwrap();
            for (at, _) in text.to_lowercase().match_indices("allert") {
                let said: String = text.to_lowercase()[at..].chars().take(15).collect();
                let one =
                    said.starts_with("allerta precoce") || said.starts_with("allerte precoci");
                assert!(one, "{source}: {said}");
            }
        }
    }

    #[test]
    fn one_and_many_are_said_as_each_language_does() {
        let said = |count: usize| [Language::It, Language::En].map(|it| Words(it).minutes(count));
        assert_eq!(said(1), ["1 minuto", "1 minute"]);
        assert_eq!(said(1_440), ["1.440 minuti", "1,440 minutes"]);
    }

    #[test]
    fn numbers_are_written_as_each_language_does() {
        assert_eq!(Words(Language::It).number(7_899), "7.899");
        assert_eq!(Words(Language::En).number(10_000_000), "10,000,000");
        assert_eq!(Words(Language::En).number(999), "999");
    }
}
