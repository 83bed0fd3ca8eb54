//! Text with `*` and `?` in it, in the simplest form that says the same.

use rsigma_parser::{SpecialChar, StringPart};

use crate::event::fold::folded;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// Any run of characters.
    Many,
    /// One character.
    One,
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Where {
    Whole,
    Anywhere,
    Start,
    End,
}

/// A pattern in its simplest form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Simple {
    /// Text in a place.
    Text(Where, String),
    /// Anything at all.
    Anything,
    /// What only a regular expression can say.
    Expression(String),
}

/// The pieces of a value.
pub(crate) fn pieces(parts: &[StringPart]) -> Vec<Piece> {
    let piece = |part: &StringPart| match part {
        StringPart::Plain(text) => Piece::Text(text.clone()),
        StringPart::Special(SpecialChar::WildcardMulti) => Piece::Many,
        StringPart::Special(SpecialChar::WildcardSingle) => Piece::One,
    };
    parts.iter().map(piece).collect()
}

/// A pattern looked for in a place.
pub(crate) fn simple(mut pieces: Vec<Piece>, place: Where) -> Simple {
    if matches!(place, Where::Anywhere | Where::End) {
        pieces.insert(0, Piece::Many);
    }
    if matches!(place, Where::Anywhere | Where::Start) {
        pieces.push(Piece::Many);
    }
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Many), Piece::Many) => {}
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    match joined.as_slice() {
        [] => Simple::Text(Where::Whole, String::new()),
        [Piece::Many] => Simple::Anything,
        [Piece::Text(text)] => Simple::Text(Where::Whole, text.clone()),
        [Piece::Many, Piece::Text(text)] => Simple::Text(Where::End, text.clone()),
        [Piece::Text(text), Piece::Many] => Simple::Text(Where::Start, text.clone()),
        [Piece::Many, Piece::Text(text), Piece::Many] => {
            Simple::Text(Where::Anywhere, text.clone())
        }
        _ => Simple::Expression(expression(&joined)),
    }
}

/// As a regular expression over the whole value.
fn expression(pieces: &[Piece]) -> String {
    let mut text = String::from(r"(?s)\A");
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(&regex::escape(literal)),
            Piece::Many => text.push_str(".*"),
            Piece::One => text.push('.'),
        }
    }
    text + r"\z"
}

impl Simple {
    /// Without case: text in lower case, expressions ignoring it.
    pub(crate) fn folded(self) -> Self {
        match self {
            Self::Text(place, text) => Self::Text(place, folded(&text)),
            Self::Anything => Self::Anything,
            Self::Expression(text) => Self::Expression(format!("(?i){text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use rsigma_parser::SigmaString;

    use super::*;

    #[test]
    fn the_simplest_form() {
        let of = |text: &str, place| simple(pieces(&SigmaString::new(text).parts), place);
        let text = |place, text: &str| Simple::Text(place, text.into());
        assert_eq!(of("a", Where::Whole), text(Where::Whole, "a"));
        assert_eq!(of("*a*", Where::Whole), text(Where::Anywhere, "a"));
        assert_eq!(of("*a", Where::Anywhere), text(Where::Anywhere, "a"));
        assert_eq!(of("a*", Where::End), text(Where::Anywhere, "a"));
        assert_eq!(of("*", Where::Whole), Simple::Anything);
        assert_eq!(of("", Where::Whole), text(Where::Whole, ""));
        assert_eq!(of(r"a\*", Where::Start), text(Where::Start, "a*"));
        assert_eq!(of("a*b", Where::End), Simple::Expression(r"(?s)\A.*a.*b\z".into()));
        assert_eq!(of("a?b*c", Where::Start), Simple::Expression(r"(?s)\Aa.b.*c.*\z".into()));
    }
}
