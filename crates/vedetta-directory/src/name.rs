//! Names as people type them: without accents, without case, without legal form.

use crate::domain::DomainName;

/// The name of a supplier or a service, reduced to what identifies it: `ACME S.p.A.` and
/// `Acme SpA` are the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TradeName(Box<str>);

/// Legal forms that end a trade name, without dots.
const LEGAL_FORMS: [&str; 14] = [
    "spa", "srl", "srls", "sas", "snc", "scarl", "scrl", "scpa", "ltd", "inc", "gmbh", "ag", "llc",
    "sa",
];

impl TradeName {
    /// Reduces a name; `None` when no letter or digit is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let dotless: String = fold(text).chars().filter(|c| !matches!(c, '.' | '\'')).collect();
        let mut words: Vec<&str> =
            dotless.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(word)) {
            words.pop();
        }
        if words.is_empty() { None } else { Some(Self(words.join(" ").into())) }
    }

    /// The reduced name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that is read as a domain when it is looked up, as `E.ON` and `Register.it S.p.A.` are.
pub(crate) fn as_domain(text: &str) -> Option<DomainName> {
    let mut words =
        text.split_whitespace().map(|word| word.trim_matches([',', ';', '"', '(', ')']));
    let first = words.next().filter(|word| word.contains('.'))?;
    let is_form = |word: &str| LEGAL_FORMS.contains(&fold(word).replace('.', "").as_str());
    if words.all(is_form) { DomainName::new(first).ok() } else { None }
}

/// Lower case without the accents of Latin scripts: `Forlì` becomes `forli`, `Weißenfels`
/// `weissenfels`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            c.to_lowercase().for_each(|lower| match plain(lower) {
                Some(plain) => folded.push_str(plain),
                None => folded.push(lower),
            });
        }
    }
    folded
}

/// The candidate that was probably meant: at most two slips away, and at most half the letters.
#[must_use]
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text: Vec<char> = fold(text).chars().take(64).collect();
    candidates
        .into_iter()
        .map(|candidate| {
            let letters: Vec<char> = fold(candidate).chars().collect();
            (slips(&text, &letters), candidate)
        })
        .filter(|(slips, candidate)| *slips <= 3.min(candidate.chars().count() / 2))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// The letter or letters without accent; empty for a combining mark; `None` for others.
fn plain(lower: char) -> Option<&'static str> {
    Some(match lower {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '’' | '‘' => "'",
        '\u{300}'..='\u{36f}' => "",
        _ => return None,
    })
}

/// Levenshtein distance.
fn slips(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_are_folded() {
        assert_eq!(fold("FORLÌ"), "forli");
        assert_eq!(fold("Forli\u{300}"), "forli");
        assert_eq!(fold("Weißenstraße Števerjan"), "weissenstrasse steverjan");
        assert_eq!(fold("L’Aquila"), "l'aquila");
    }

    #[test]
    fn a_trade_name_has_no_legal_form() {
        let name = TradeName::new("ACME Servizi S.p.A.").unwrap();
        assert_eq!(name.as_str(), "acme servizi");
        assert_eq!(TradeName::new("acme  servizi, SPA"), Some(name));
        assert_eq!(TradeName::new("S.p.A.").unwrap().as_str(), "spa");
        assert_eq!(TradeName::new(" .,'- "), None);
    }

    #[test]
    fn a_name_with_a_dot_is_read_as_a_domain() {
        let read = |text: &str| as_domain(text).map(|name| name.to_string());
        assert_eq!(read("E.ON"), Some("e.on".into()));
        assert_eq!(read(" Register.it, S.p.A. "), Some("register.it".into()));
        assert_eq!(read("ACME Servizi S.p.A."), None);
        assert_eq!(read("Esempio.it Servizi"), None);
        assert_eq!(read("Esempio"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn the_nearest_spelling_is_offered_only_when_near() {
        let kinds = ["municipality", "operator", "section"];
        assert_eq!(nearest("Municipalty", kinds), Some("municipality"));
        assert_eq!(nearest("operatore", kinds), Some("operator"));
        assert_eq!(nearest("zebra", kinds), None);
    }
}
