//! What stands in running text: links, addresses, passwords, accounts, wallets, telephones.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use transfer::Transfer;

/// Compiles a pattern of ours; one that does not compile matches nothing, and a test says so.
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    regex::RegexBuilder::new(text).size_limit(4 << 20).build().ok()
}

macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| pattern($text));)*
        #[cfg(test)]
        fn all() -> Vec<&'static LazyLock<Option<Regex>>> { vec![$(&$name),*] }
    };
}

// The ends of words are those of ASCII: with Unicode's the engine leaves its fast way in any text that
// has an accent.
patterns! {
    URL = r#"(?i)(?-u:\b)(?:h(?:tt|xx)ps?(?::|\[:\])//|ftp://|www\.)[^\s<>"'`\x00-\x1f{}|\\^]+"#;
    BARE = r"(?i)(?-u:\b)(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.){1,4}[a-z]{2,18}/[^\s<>\x22']+";
    ADDRESS = r"(?i)(?-u:\b)[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,18}(?-u:\b)";
    PASSWORD = r#"(?i)(?-u:\b)(?:password|passwd|pwd|passcode|passwort|parola d['’]ordine|codice di accesso|access code|chiave)(?: [^\s:=]{1,20}){0,5}?\s*(?:è|e'|is|:|=)\s*["'«“]?([^\s"'»”<>,;]{3,40})"#;
    IBAN = r"(?-u:\b)[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,4})?(?-u:\b)";
    COIN = r"(?-u:\b)(?:[13][a-km-zA-HJ-NP-Z1-9]{25,34}|bc1[ac-hj-np-z02-9]{11,71}|0x[a-fA-F0-9]{40}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|T[1-9A-HJ-NP-Za-km-z]{33})(?-u:\b)";
    PHONE = r"(?:\+|(?-u:\b)00|(?-u:\b))\d(?:[ .\-/()]{0,2}\d){7,14}(?-u:\b)";
}

fn found<'t>(
    pattern: &'static Option<Regex>,
    text: &'t str,
) -> impl Iterator<Item = &'t str> + use<'t> {
    pattern.iter().flat_map(move |pattern| pattern.find_iter(text)).map(|found| found.as_str())
}

/// The addresses on the web that a text writes out, without the punctuation after them.
pub(crate) fn urls(text: &str) -> impl Iterator<Item = &str> {
    let trimmed = |url: &'_ str| -> usize {
        let mut end =
            url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '»', '”', ']', '>']).len();
        let kept = url.get(..end).unwrap_or(url);
        if kept.ends_with(')') && !kept.contains('(') {
            end -= 1;
        }
        end
    };
    let known = |bare: &&str| {
        let host = bare.split('/').next().unwrap_or_default().to_ascii_lowercase();
        psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known())
    };
    let whole = found(&URL, text).map(move |url| url.get(..trimmed(url)).unwrap_or(url));
    let bare =
        found(&BARE, text).filter(known).map(move |url| url.get(..trimmed(url)).unwrap_or(url));
    whole.chain(bare)
}

/// The mail addresses that a text writes out, in lower case.
pub(crate) fn addresses(text: &str) -> impl Iterator<Item = String> {
    found(&ADDRESS, text).map(str::to_lowercase)
}

/// Words that the text offers as passwords, most likely first.
pub(crate) fn passwords(text: &str) -> Vec<String> {
    let named = PASSWORD.iter().flat_map(|pattern| pattern.captures_iter(text));
    let mut words: Vec<String> = Vec::new();
    for word in named.filter_map(|captures| captures.get(1)).take(8) {
        for word in [word.as_str(), word.as_str().trim_end_matches(['.', '!', ')'])] {
            if !words.iter().any(|known| known == word) {
                words.push(word.into());
            }
        }
    }
    words
}

const MOST_UUENCODED: usize = 8;

/// Files that a text carries within it (POSIX `uuencode`), by name, and how many more there are.
pub(crate) fn uuencoded(text: &str) -> (Vec<(String, Vec<u8>)>, usize) {
    let (mut files, mut more) = (Vec::new(), 0);
    let mut rest = text;
    while let Some(at) = rest.find("begin ") {
        let starts = at == 0 || rest.as_bytes().get(at - 1) == Some(&b'\n');
        let after = rest.get(at + 6..).unwrap_or_default();
        let (head, body) = after.split_once('\n').unwrap_or((after, ""));
        let (mode, name) = head.trim_end().split_once(' ').unwrap_or_default();
        rest = after;
        if !starts
            || name.is_empty()
            || !matches!(mode.len(), 3 | 4)
            || !mode.bytes().all(|byte| (b'0'..b'8').contains(&byte))
        {
            continue;
        }
        if files.len() >= MOST_UUENCODED {
            more += 1;
            continue;
        }
        let end = body.find("\nend").map_or(body.len(), |end| end + 1);
        let (coded, after) = body.split_at(end);
        let whole = format!("begin {head}\n{coded}end\n");
        let decoded = transfer::decode(whole.as_bytes(), Transfer::Uuencode, coded.len());
        files.push((name.to_owned(), decoded.bytes));
        rest = after;
    }
    (files, more)
}

/// Money's places in a text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Accounts {
    /// IBANs whose check digits are right.
    pub ibans: Vec<String>,
    /// Wallets of crypto-currencies, checked where they carry a checksum.
    pub wallets: Vec<String>,
    /// Telephone numbers, digits only, with `+` when they are international.
    pub phones: Vec<String>,
}

const MOST_EACH: usize = 20;

impl Accounts {
    pub(crate) fn read(text: &str) -> Self {
        let mut accounts = Self::default();
        let clean =
            |iban: &str| iban.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        for iban in found(&IBAN, text).map(clean).filter(|iban| is_iban(iban)) {
            add(&mut accounts.ibans, iban);
        }
        for coin in found(&COIN, text).filter(|coin| is_wallet(coin)) {
            add(&mut accounts.wallets, coin.into());
        }
        for phone in found(&PHONE, text).filter_map(phone) {
            add(&mut accounts.phones, phone);
        }
        accounts
    }
}

fn add(list: &mut Vec<String>, value: String) {
    if list.len() < MOST_EACH && !list.contains(&value) {
        list.push(value);
    }
}

/// ISO 13616: the rearranged number leaves 1 when divided by 97.
fn is_iban(text: &str) -> bool {
    let length = text.len();
    if !(15..=34).contains(&length) || text.starts_with("IT") && length != 27 {
        return false;
    }
    let (head, tail) = text.split_at(4);
    let digits = tail.chars().chain(head.chars()).filter_map(|c| c.to_digit(36));
    digits.fold(
        0,
        |rest, value| if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 },
    ) == 1
}

fn is_wallet(text: &str) -> bool {
    if text.starts_with("bc1") || text.starts_with("0x") || text.len() > 60 {
        return text.bytes().any(|byte| byte.is_ascii_digit());
    }
    base58(text).is_some_and(|bytes| {
        let (body, sum) = bytes.split_at(bytes.len().saturating_sub(4));
        Sha256::digest(Sha256::digest(body)).get(..4) == Some(sum)
    })
}

fn base58(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes: Vec<u8> = Vec::new();
    for letter in text.bytes() {
        let mut carry = LETTERS.iter().position(|known| *known == letter)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.insert(0, (carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|letter| *letter == b'1').count();
    Some([vec![0; zeros], bytes].concat())
}

/// Numbers that are telephones by their form: international, Italian mobile, landline, special.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international = text.starts_with('+') || digits.starts_with("00");
    if international {
        let digits =
            digits.strip_prefix("00").filter(|_| !text.starts_with('+')).unwrap_or(&digits);
        return (9..=15).contains(&digits.len()).then(|| format!("+{digits}"));
    }
    let mobile = digits.starts_with('3') && digits.len() == 10;
    let fixed = digits.starts_with("0")
        && (9..=11).contains(&digits.len())
        && text.contains([' ', '-', '/', '.']);
    let special =
        ["800", "803", "848", "892", "895", "899", "199"].iter().any(|it| digits.starts_with(it));
    (mobile || fixed || special && (9..=10).contains(&digits.len())).then_some(digits)
}

/// Letters that take no room, and those that turn the direction of writing.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}')
}

/// The text without invisible letters, and how many there were.
pub(crate) fn visible(text: &str) -> (String, usize) {
    let mut count = 0;
    let plain = text
        .chars()
        .filter(|c| {
            let hidden = is_invisible(*c);
            count += usize::from(hidden);
            !hidden
        })
        .map(|c| if c == '\u{a0}' || c == '\u{2007}' || c == '\u{202f}' { ' ' } else { c })
        .collect();
    (plain, count)
}

#[cfg(test)]
mod tests {
    use super::{Accounts, all, passwords, urls, visible};

    #[test]
    fn every_pattern_compiles_and_none_is_slow_in_a_text_with_accents() {
        let slow = |pattern: &str| pattern.replace(r"(?-u:\b)", "").contains(r"\b");
        assert!(all().iter().all(|it| it.as_ref().is_some_and(|it| !slow(it.as_str()))));
    }

    #[test]
    fn links_end_before_the_punctuation() {
        let text =
            "vedi https://a.example/x?y=1. (www.b.example/z) bit.ly/3abc, file.txt e/o altro";
        assert_eq!(
            urls(text).collect::<Vec<_>>(),
            ["https://a.example/x?y=1", "www.b.example/z", "bit.ly/3abc"]
        );
    }

    #[test]
    fn accounts_are_checked() {
        let text = "IBAN IT60 X054 2811 1010 0000 0123 456 o IT61X0542811101000000123456, \
                    wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT o 1BoatSLRHtKNngkdXEeobR76b53LETtpyX, \
                    tel. +39 06 1234 5678, 333-1234567, n. 1234567890123456";
        let accounts = Accounts::read(text);
        assert_eq!(accounts.ibans, ["IT60X0542811101000000123456"]);
        assert_eq!(accounts.wallets, ["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"]);
        assert_eq!(accounts.phones, ["+390612345678", "3331234567"]);
    }

    #[test]
    fn passwords_are_offered_in_many_words() {
        assert_eq!(passwords("La password è: 1234x."), ["1234x.", "1234x"]);
        assert_eq!(passwords("Password for the file: Abc99"), ["Abc99"]);
        assert_eq!(passwords("archivio (pwd=infected)"), ["infected)", "infected"]);
    }

    #[test]
    fn letters_without_room_fall_away() {
        assert_eq!(visible("Pa\u{200b}ss\u{ad}word\u{a0}x"), ("Password x".into(), 2));
    }
}
