//! A text as it reads once its spelling is undone: escapes, accents, case, defanging.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

/// Letters and digits only, with where in the reading each is.
#[derive(Default)]
pub(crate) struct Squashed {
    pub(crate) text: String,
    /// For each byte of the text, the place of its character in the reading.
    places: Vec<usize>,
}

/// The bytes that an escape stands for, and how many characters it takes.
type Undone = Option<(Vec<u8>, usize)>;

/// Escapes inside escapes are undone so many times.
const ROUNDS: usize = 4;

/// Every way in which a text may be meant, folded: as written, with its escapes undone, and with
/// quoted-printable undone too.
pub(crate) fn readings(text: &str) -> Vec<Vec<char>> {
    let raw: Vec<char> = text.chars().collect();
    let mut readings = vec![fold(&raw)];
    if text.contains('<') {
        readings.push(fold(&without_tags(&raw)));
    }
    if !text.contains(['%', '&', '\\', '=']) {
        return readings;
    }
    let unescaped = undo(&raw, unescape);
    if text.contains('=') {
        readings.push(fold(&undo(&unescaped, quoted_printable)));
    }
    readings.push(fold(&unescaped));
    readings
}

/// A text folded and squashed, as a key to look for.
pub(crate) fn key(text: &str) -> String {
    readings(text).first().map(|reading| squash(reading).text).unwrap_or_default()
}

/// Only the letters and digits of a reading.
pub(crate) fn squash(reading: &[char]) -> Squashed {
    let mut squashed = Squashed::default();
    for (place, c) in reading.iter().enumerate().filter(|(_, c)| c.is_alphanumeric()) {
        squashed.text.push(*c);
        squashed.places.resize(squashed.text.len(), place);
    }
    squashed
}

/// A reading without the words that stand for a dot or an at sign.
pub(crate) fn without_spelt_signs(reading: &[char]) -> Vec<char> {
    const SIGNS: [&str; 6] = ["dot", "punto", "at", "chiocciola", "d0t", "period"];
    let mut kept = Vec::with_capacity(reading.len());
    let mut rest = reading;
    while let Some(first) = rest.first() {
        let wordy = first.is_alphanumeric();
        let run = rest.iter().take_while(|c| c.is_alphanumeric() == wordy).count();
        let (run, after) = rest.split_at(run);
        let spells = |sign: &&str| run.iter().copied().eq(sign.chars());
        if !(wordy && SIGNS.iter().any(spells)) {
            kept.extend_from_slice(run);
        }
        rest = after;
    }
    kept
}

/// A reading with the figures that stand for letters undone, `P3rugia` and `Perugi@`; none when
/// there are none.
pub(crate) fn undisguised(reading: &[char]) -> Option<Vec<char>> {
    let disguised = reading.iter().any(|c| letter(*c) != *c);
    disguised.then(|| reading.iter().map(|c| letter(*c)).collect())
}

/// The letter that a figure stands for.
const fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

impl Squashed {
    /// The part of the reading that a part of the text stands for.
    pub(crate) fn place(&self, part: Range<usize>) -> Option<Range<usize>> {
        Some(*self.places.get(part.start)?..*self.places.get(part.end.checked_sub(1)?)? + 1)
    }
}

/// What a browser shows: nothing of what stands between angle brackets.
fn without_tags(text: &[char]) -> Vec<char> {
    let mut shown = Vec::with_capacity(text.len());
    let last = text.iter().rposition(|c| *c == '>').unwrap_or(0);
    let mut within = false;
    for (at, c) in text.iter().enumerate() {
        match c {
            '>' if within => within = false,
            _ if within => {}
            '<' if at < last => within = true,
            _ => shown.push(*c),
        }
    }
    shown
}

/// Lower case without accents; look-alikes of Latin letters as those.
fn fold(text: &[char]) -> Vec<char> {
    let mut folded = Vec::with_capacity(text.len());
    for c in text {
        let plain = c.nfkd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c));
        for c in plain.flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)) {
            match c {
                'ß' => folded.extend(['s', 's']),
                'æ' => folded.extend(['a', 'e']),
                'œ' => folded.extend(['o', 'e']),
                other if latin(other).is_ascii() => folded.push(latin(other)),
                other => folded.extend(looks_like(other)),
            }
        }
    }
    folded
}

/// A character that is no Latin letter, as the letters that it looks like (Unicode TR 39).
fn looks_like(c: char) -> Vec<char> {
    let text = c.to_string();
    let plain = skeleton(&text).flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c));
    plain.map(latin).collect()
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

const fn latin(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'в' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' | 'đ' => 'd',
        'е' | 'ε' => 'e',
        'һ' | 'н' | 'ħ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ł' | 'ӏ' => 'l',
        'м' => 'm',
        'о' | 'ο' | 'ø' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ꞯ' => 'q',
        'ʀ' | 'ɾ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        other => other,
    }
}

fn undo(text: &[char], step: fn(&[char]) -> Undone) -> Vec<char> {
    let mut text = text.to_vec();
    for _ in 0..ROUNDS {
        let mut next = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let Some(first) = rest.first() {
            let (bytes, taken) = step(rest).unwrap_or_default();
            if taken == 0 {
                next.push(*first);
                rest = &rest[1..];
                continue;
            }
            next.extend(decode(&bytes).chars());
            rest = &rest[taken..];
        }
        let settled = next.len() == text.len();
        text = next;
        if settled {
            break;
        }
    }
    text
}

/// UTF-8, or Latin-1 where it is not.
fn decode(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// A percent, HTML or backslash escape at the beginning: its bytes, and how many characters it takes.
fn unescape(text: &[char]) -> Undone {
    match *text.first()? {
        '%' => hex_bytes(text, '%'),
        '&' => entity(text),
        '\\' => backslash(text),
        _ => None,
    }
}

fn quoted_printable(text: &[char]) -> Undone {
    let c = |at: usize| text.get(at).copied();
    match (c(0)?, c(1)?, c(2)) {
        ('=', '\n', _) => Some((Vec::new(), 2)),
        ('=', '\r', Some('\n')) => Some((Vec::new(), 3)),
        _ => hex_bytes(text, '='),
    }
}

/// As many `%41`, or `=41`, as follow one another.
fn hex_bytes(text: &[char], sign: char) -> Undone {
    let mut bytes = Vec::new();
    while let [first, high, low, ..] = &text[bytes.len() * 3..]
        && *first == sign
        && let (Some(high), Some(low)) = (high.to_digit(16), low.to_digit(16))
    {
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    let taken = bytes.len() * 3;
    (taken > 0).then_some((bytes, taken))
}

fn entity(text: &[char]) -> Undone {
    let name: String = text.iter().skip(1).take(12).take_while(|c| **c != ';').collect();
    let taken = name.chars().count() + 2;
    (*text.get(taken - 1)? == ';').then_some(())?;
    let c = match name.as_str() {
        "amp" => '&',
        "period" => '.',
        "commat" => '@',
        "sol" => '/',
        "colon" => ':',
        "hyphen" | "dash" => '-',
        "nbsp" => ' ',
        "shy" | "zwj" | "zwnj" => '\u{200b}',
        "lsqb" => '[',
        "rsqb" => ']',
        numeric if numeric.starts_with('#') => {
            let digits = &numeric[1..];
            let hex = digits.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| digits.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(code.ok()?)?
        }
        accented => {
            let (letter, accent) = accented.split_at_checked(1)?;
            let accents = ["grave", "acute", "circ", "uml", "tilde", "cedil", "ring", "caron"];
            accents.contains(&accent).then(|| letter.chars().next())??
        }
    };
    Some((c.to_string().into_bytes(), taken))
}

/// `\x41`, `\u0041`, `\u{41}`, `\101`; before anything else a backslash is dropped.
fn backslash(text: &[char]) -> Undone {
    let digits = |from: usize, many: usize| {
        let digits: String = text.get(from..from + many)?.iter().collect();
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    };
    let found = match *text.get(1)? {
        'x' => digits(2, 2).map(|c| (c, 4)),
        'u' if *text.get(2)? == '{' => {
            let length = text.iter().skip(3).take(7).position(|c| *c == '}')?;
            digits(3, length).map(|c| (c, length + 4))
        }
        'u' => digits(2, 4).map(|c| (c, 6)),
        '0'..='3' => {
            let octal: String = text.get(1..4)?.iter().collect();
            u32::from_str_radix(&octal, 8).ok().and_then(char::from_u32).map(|c| (c, 4))
        }
        _ => return Some((Vec::new(), 1)),
    };
    found.map(|(c, taken)| (c.to_string().into_bytes(), taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_read_alike() {
        for text in [
            "Comune di Città",
            "COMUNE-DI-CITTA'",
            "comune%20di%20citt%C3%A0",
            "comune%2520di%2520citt%25C3%25A0",
            "comune di citt&agrave;",
            "comune di citt&#xe0;",
            r"comune\u0020di citt\u00e0",
            "comune=20di=20citt=C3=A0",
            "ｃｏｍｕｎｅ　ｄｉ　ｃｉｔｔａ",
            "сomunе dі cittа",
            "co\u{200b}mu\u{ad}ne di citta\u{300}",
        ] {
            let found = readings(text).iter().any(|it| squash(it).text == "comunedicitta");
            assert!(found, "{text}");
        }
    }

    #[test]
    fn tags_are_not_shown() {
        let shown = &readings("co<b>mune</b> < di")[1];
        assert_eq!(squash(shown).text, "comunedi");
    }

    #[test]
    fn spelt_signs_are_left_out() {
        let reading = &readings("mail[at]comune (DOT) example")[0];
        assert_eq!(squash(&without_spelt_signs(reading)).text, "mailcomuneexample");
        assert_eq!(key("matdot"), "matdot");
    }
}
