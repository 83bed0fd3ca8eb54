//! Why something concerns an organisation, and what it is to do about it, in plain words.

use vedetta_model::language::Bilingual;
use vedetta_model::organisation::Sector;

use crate::warning::WarningText;

/// That a warning was sent to an organisation of a sector and a region, and whom it is about.
#[must_use]
pub fn belongs(text: &WarningText, sector: Option<Sector>, region: Option<&str>) -> Bilingual {
    if !text.concerns(sector, region) {
        return Bilingual::new(
            "è un'allerta precoce diffusa a voi, su un altro settore o un'altra regione",
            "it is a warning sent to you, about another sector or region",
        );
    }
    let (it, en) = match (text.sectors.is_empty(), text.regions.is_empty()) {
        (true, true) => ("è un'allerta precoce per tutti", "it is a warning for all"),
        (false, true) => ("riguarda il vostro settore", "it is about your sector"),
        (true, false) => ("riguarda la vostra regione", "it is about your region"),
        (false, false) => (
            "riguarda il vostro settore, nella vostra regione",
            "it is about your sector, in your region",
        ),
    };
    Bilingual::new(it, en)
}

/// The products that a pattern names.
pub fn products(pattern: &str) -> impl Iterator<Item = String> {
    let parts = pattern.split(['\'', '"', ' ']).filter(|part| part.starts_with("cpe:2.3:"));
    parts.take(50).map(str::to_owned)
}

/// What to do about an item of a kind that says nothing itself.
#[must_use]
pub fn advice(kind: &str) -> Bilingual {
    let (it, en) = match kind {
        "early-warning" => (
            "leggete, fate quanto chiede e confermate la lettura",
            "read it, do what it asks for, and acknowledge",
        ),
        "indicator" => (
            "cercate nei registri se compare; se sì, staccate la macchina e avvisate il centro",
            "look for it in your logs; if it is there, disconnect the machine and call the centre",
        ),
        "vulnerability" => (
            "installate l'aggiornamento del produttore, o spegnete ciò che è esposto",
            "install the maker's update, or switch off what is exposed",
        ),
        "incident" | "sighting" => (
            "verificate i vostri sistemi e rispondete al centro",
            "check your systems and answer the centre",
        ),
        _ => ("leggete e confermate la lettura", "read it and acknowledge"),
    };
    Bilingual::new(it, en)
}
