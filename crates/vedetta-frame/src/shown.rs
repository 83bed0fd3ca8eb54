//! How what the house knows is shown: moments, markings, items in a line.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;
use serde::Deserialize;
use vedetta_flow::{Form, House, OMITTED, ReadItem};
use vedetta_model::item::EXERCISE_LABEL;
use vedetta_model::{Category, Instant, Language, Pap, Tlp};
use vedetta_watch::desk::concern::TO_DO;
use vedetta_watch::desk::posture::EXERCISE;

use vedetta_words::Words;

/// A moment: in Rome for people, in UTC for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    utc: String,
    text: String,
}

/// A day in Rome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day(String);

/// A TLP marking, by word and colour.
#[derive(Clone, Copy, Debug)]
pub struct Marking(pub Tlp);

/// The category of a case as a sign: a question mark until somebody judged it.
#[derive(Clone, Copy, Debug)]
pub struct Gravity(Option<u8>, &'static str);

/// An item in a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its identifier.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its type, in words.
    pub kind: &'static str,
    /// Its marking.
    pub tlp: Marking,
    /// When it was released.
    pub at: Moment,
    /// Who brought it, unless that is not for the reader.
    pub source: Option<String>,
    /// Whether it is the redacted form.
    pub redacted: bool,
    /// Whether it was withdrawn.
    pub revoked: bool,
}

/// What an object of STIX says of itself, as far as people read it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    pub(crate) name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// What it looks for.
    pub pattern: Option<String>,
    #[serde(rename = "abstract")]
    pub(crate) short: Option<String>,
    pub(crate) value: Option<String>,
    /// How sure its producer is, in 100.
    pub confidence: Option<u8>,
    /// Since when it holds.
    pub valid_from: Option<String>,
    labels: Vec<String>,
    /// Until when.
    pub valid_until: Option<String>,
    relationship_type: Option<String>,
    source_ref: Option<String>,
    target_ref: Option<String>,
}

impl Moment {
    /// A moment as it is written in a language.
    pub fn of(at: Instant, w: Words) -> Self {
        let Ok(moment) = jiff::Timestamp::from_microsecond(at.micros()) else {
            return Self { utc: String::new(), text: "—".into() };
        };
        let form = match w.0 {
            Language::It => "%d/%m/%Y %H:%M",
            Language::En => "%Y-%m-%d %H:%M",
        };
        let text = moment.to_zoned(rome()).strftime(form).to_string();
        Self { utc: moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), text }
    }
}

/// By how many organisations something was seen, in how many regions, since when: whoever they are.
pub fn seen(w: Words, (organisations, regions): (usize, usize), since: Instant) -> String {
    let many = w.counted(organisations, w.seen_organisation(), w.seen_organisations());
    let regions = match regions {
        0 => String::new(),
        some => format!("{} {} ", w.seen_in(), w.counted(some, w.seen_region(), w.seen_regions())),
    };
    format!("{} {many} {regions}{} {}", w.seen_by(), w.seen_since(), Moment::of(since, w).text())
}

impl Day {
    /// The day of a moment.
    pub fn of(at: Instant, w: Words) -> Self {
        let day = at.day();
        let name = w.weekday(day.weekday().to_monday_zero_offset());
        Self(format!("{name} {} {}", day.day(), w.month(day.month())))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Day {}

impl Gravity {
    /// As it was judged.
    pub fn of(w: Words, judged: Option<u8>) -> Self {
        Self(judged, judged.map_or(w.case_unjudged(), |_| w.case_category()))
    }

    /// Its number, for programs; empty until it is judged.
    pub fn number(&self) -> String {
        self.0.map_or_else(String::new, |it| it.to_string())
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some(it), title) => {
                write!(f, "<span class=\"cat cat-{it}\" title=\"{title} {it}\">{it}</span>")
            }
            Self(None, title) => {
                write!(f, "<span class=\"cat cat-unjudged\" title=\"{title}\">?</span>")
            }
        }
    }
}

impl HtmlSafe for Gravity {}

impl Moment {
    /// As people read it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As programs read it.
    pub fn utc(&self) -> &str {
        &self.utc
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { utc, text } = self;
        write!(f, "<time datetime=\"{utc}\" title=\"{utc}\">{text}</time>")
    }
}

impl HtmlSafe for Moment {}

impl fmt::Display for Marking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber-strict",
            Tlp::Red => "red",
        };
        write!(f, "<span class=\"tlp tlp-{name}\">TLP:{}</span>", self.0.label())
    }
}

impl HtmlSafe for Marking {}

impl Summary {
    /// Of an object's octets; empty of what is none.
    pub fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What it is called, or what it looks for.
    pub fn title(&self) -> Option<&str> {
        let named = [&self.name, &self.short, &self.pattern, &self.value, &self.description];
        let mut texts = named.into_iter().flatten().map(|text| text.trim());
        texts.find(|text| !text.is_empty() && *text != OMITTED)
    }

    /// What it is called in a list: its title, of a relationship what it relates; else its identifier.
    pub fn called(&self, id: &str, w: Words) -> String {
        let end = |end: &String| w.stix_kind(end.split_once("--").map_or("", |(kind, _)| kind));
        let called =
            match (self.title(), &self.source_ref, &self.target_ref, &self.relationship_type) {
                (Some(title), ..) => title.to_owned(),
                (None, Some(from), Some(to), Some(how)) => {
                    format!("{} → {} ({})", end(from), end(to), w.relation(how))
                }
                _ => id.to_owned(),
            };
        let is_told = |it: &str| called.starts_with(it);
        let practised = self.labels.iter().any(|it| it.eq_ignore_ascii_case(EXERCISE_LABEL));
        match practised && ![EXERCISE.0, EXERCISE.1].into_iter().any(is_told) {
            true => format!("{} · {called}", w.exercise_mark()),
            false => called,
        }
    }

    /// Whether a text is in what people read of it.
    pub fn mentions(&self, text: &str) -> bool {
        let fields = [&self.name, &self.description, &self.pattern, &self.short, &self.value];
        fields.into_iter().flatten().any(|field| field.to_lowercase().contains(text))
    }
}

impl Line {
    /// An item as its reader sees it.
    pub fn of(house: &House, item: &ReadItem, w: Words) -> Self {
        let summary = Summary::of(&item.body);
        let title = summary.called(item.id.as_str(), w);
        let source = house.source(item).map(|it| it.name.clone());
        Self {
            id: item.id.to_string(),
            title: short(&title, 140),
            kind: kind_of(house, item, w),
            tlp: Marking(item.tlp),
            at: Moment::of(item.stamp.at, w),
            source,
            redacted: item.form == Form::Redacted,
            revoked: item.state == vedetta_flow::ItemState::Revoked,
        }
    }
}

/// What an item is, in words: of a report whether it warns.
fn kind_of(house: &House, item: &ReadItem, w: Words) -> &'static str {
    match (item.id.kind(), house.category(item)) {
        ("report", Some(Category::EarlyWarning)) => w.stix_warning(),
        ("report", _) => w.stix_plain_report(),
        (kind, _) => w.stix_kind(kind),
    }
}

/// Of what a room's warning says in both languages, Italian first, the part in one of them; any other text
/// whole. Rooms say in each what to do: a rule across anybody else's text parts no languages.
pub fn spoken(text: &str, w: Words) -> &str {
    const RULE: &str = "\n\n---\n\n";
    let parted = text.match_indices(RULE).find_map(|(at, _)| {
        let (italian, english) = (text.get(..at)?, text.get(at + RULE.len()..)?);
        let in_both = italian.contains(TO_DO.0) && english.contains(TO_DO.1);
        in_both.then_some((italian, english))
    });
    match (parted, w.0) {
        (Some((italian, _)), Language::It) => italian,
        (Some((_, english)), Language::En) => english,
        (None, _) => text,
    }
}

/// The same without what it says to do, where that stands elsewhere.
pub fn happens(text: &str, w: Words) -> &str {
    let said = spoken(text, w);
    let without = |before: &str| said.split_once(before).map(|(happens, _)| happens);
    without(TO_DO.0).or_else(|| without(TO_DO.1)).unwrap_or(said)
}

/// A text of at most so many characters.
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// A text as it is compared: case and accents do not count.
pub fn fold(text: &str) -> String {
    vedetta_directory::name::fold(text.trim())
}

/// The hour of Rome.
pub fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC)
}

/// A day and an hour in Rome, as browsers write them: `2026-03-28T23:30`, or any moment with its offset.
pub fn moment_of(text: &str) -> Option<Instant> {
    if let Ok(moment) = text.parse::<Instant>() {
        return Some(moment);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let moment = civil.to_zoned(rome()).ok()?.timestamp();
    Some(Instant::from_micros(moment.as_microsecond()))
}

/// A day, as people write it.
pub fn date(day: jiff::civil::Date, w: Words) -> String {
    let form = match w.0 {
        Language::It => "%d/%m/%Y",
        Language::En => "%Y-%m-%d",
    };
    day.strftime(form).to_string()
}

/// A figure with so many places after the language's mark.
pub fn decimal(value: f64, places: usize, w: Words) -> String {
    let text = format!("{value:.places$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |it| ("-", it));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| w.number(whole));
    if rest.is_empty() {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}{}{rest}", w.decimal())
}

/// How long it is until a moment, or since it, in words.
pub fn left(w: Words, now: Instant, due: Instant) -> String {
    let (over, apart) = if due < now { (true, now.since(due)) } else { (false, due.since(now)) };
    let minutes = apart.as_secs() / 60;
    let text = match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes:02} min"),
        (days, hours, _) => w.days_and_hours(days, hours),
    };
    if over { w.over_by(&text) } else { w.left_for(&text) }
}

/// What PAP allows, in words.
pub const fn pap(w: Words, pap: Pap) -> &'static str {
    match pap {
        Pap::Clear => w.pap_clear(),
        Pap::Green => w.pap_green(),
        Pap::Amber => w.pap_amber(),
        Pap::Red => w.pap_red(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_in_ones_own_language() {
        let italian = "Un riscatto.\n\n---\n\nAncora.\n\nChe cosa fare: Staccate.";
        let english = "A ransom.\n\nWhat to do: Unplug.";
        let both = format!("{italian}\n\n---\n\n{english}");
        assert_eq!(spoken(&both, Words(Language::It)), italian);
        assert_eq!(spoken(&both, Words(Language::En)), english);
        assert_eq!(happens(&both, Words(Language::En)), "A ransom.");
        // A partner's advisory, with a rule across it.
        let advisory = "Summary.\n\n---\n\nWhat to do: update.";
        assert_eq!(spoken(advisory, Words(Language::It)), advisory);
        assert_eq!(spoken(advisory, Words(Language::En)), advisory);
    }

    #[test]
    fn moments_are_read_in_rome_and_kept_in_utc() {
        let at = Instant::from_micros(1_774_740_600_000_000); // 2026-03-28T23:30:00Z
        let moment = Moment::of(at, Words(Language::It));
        assert_eq!(
            (moment.utc.as_str(), moment.text.as_str()),
            ("2026-03-28T23:30:00Z", "29/03/2026 00:30")
        );
        assert_eq!(Moment::of(at, Words(Language::En)).text, "2026-03-29 00:30");
    }

    #[test]
    fn a_relationship_without_a_name_is_called_by_what_it_relates() {
        let w = Words(Language::It);
        let ends = br#"{"relationship_type": "indicates", "source_ref": "indicator--a", "target_ref": "campaign--b"}"#;
        let called = |body: &[u8]| Summary::of(body).called("relationship--c", w);
        assert_eq!(called(ends), "Indicatore → Campagna (indica)");
        assert_eq!(called(br#"{"name": "Ondata", "source_ref": "indicator--a"}"#), "Ondata");
        assert_eq!(called(b"{}"), "relationship--c");
        // What belongs to an exercise says so, once.
        let practised = br#"{"name": "Ondata", "labels": ["exercise"]}"#;
        assert_eq!(called(practised), "ESERCITAZIONE · Ondata");
        let marked = r#"{"name": "ESERCITAZIONE · Ondata", "labels": ["exercise"]}"#;
        assert_eq!(called(marked.as_bytes()), "ESERCITAZIONE · Ondata");
    }

    #[test]
    fn a_day_of_a_roster_is_the_same_to_every_reader() {
        let at = Instant::from_micros(1_774_740_600_000_000); // 2026-03-28T23:30:00Z
        let day = |language| Day::of(at, Words(language)).to_string();
        assert_eq!([Language::It, Language::En].map(day), ["dom 29 mar", "Sun 29 Mar"]);
    }

    #[test]
    fn days_and_figures_are_written_as_the_language_writes_them() {
        let (it, en) = (Words(Language::It), Words(Language::En));
        let day = jiff::civil::date(2026, 11, 30);
        assert_eq!((date(day, it), date(day, en)), ("30/11/2026".into(), "2026-11-30".into()));
        let figure = |w| decimal(1_234.56, 1, w);
        assert_eq!((figure(it), figure(en)), ("1.234,6".into(), "1,234.6".into()));
        assert_eq!((decimal(-0.5, 1, it), decimal(7.0, 0, en)), ("-0,5".into(), "7".into()));
    }

    #[test]
    fn an_hour_that_is_typed_is_an_hour_in_rome() {
        let typed = moment_of("2026-03-29T00:30").unwrap();
        assert_eq!(typed.micros(), 1_774_740_600_000_000);
        assert_eq!(moment_of("2026-03-28T23:30:00Z"), Some(typed));
        assert_eq!(moment_of("ieri"), None);
    }

    #[test]
    fn what_remains_is_said_in_words() {
        let (w, now) = (Words(Language::It), Instant::from_micros(1_774_740_600_000_000));
        let after = |seconds| now.after(std::time::Duration::from_secs(seconds));
        assert_eq!(left(w, now, after(59 * 60)), "mancano 59 min");
        assert_eq!(left(w, now, after(3_600 * 3 + 300)), "mancano 3 h 05 min");
        assert_eq!(left(w, now, after(86_400 * 2 + 3_600)), "mancano 2 g 1 h");
        assert_eq!(left(w, after(120), now), "scaduto da 2 min");
    }

    #[test]
    fn a_title_is_cut_between_characters() {
        assert_eq!(short("è già così", 5), "è già…");
        assert_eq!(short("breve", 5), "breve");
    }
}
