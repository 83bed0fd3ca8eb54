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

/// What the text of a warning says to do, in each language in which it says so.
#[must_use]
pub fn to_do(text: &str) -> Option<Bilingual> {
    const RULE: &str = "\n\n---\n\n";
    let (_, italian) = text.split_once(TO_DO.0)?;
    Some(match italian.split_once(RULE).map(|(it, en)| (it, en.split_once(TO_DO.1))) {
        Some((it, Some((_, en)))) => Bilingual::new(it, en),
        _ => Bilingual::new(italian, italian),
    })
}

/// What stands before what to do, in the text of a warning in Italian and in English.
pub const TO_DO: (&str, &str) = ("\n\nChe cosa fare: ", "\n\nWhat to do: ");

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
            "leggete, fate quanto chiede e avvisate chi usa i sistemi",
            "read it, do what it asks for, and tell those who use the systems",
        ),
        "indicator" => (
            "cercatelo nei registri di firewall, posta e DNS, e bloccatelo (con gli elenchi automatici lo è già); se compare, staccate la macchina e avvisate il centro",
            "look for it in the logs of firewall, mail and DNS, and block it (with the automatic feeds it is already); if it is there, disconnect the machine and call the centre",
        ),
        "vulnerability" => (
            "installate l'aggiornamento del produttore, o spegnete ciò che è esposto",
            "install the maker's update, or switch off what is exposed",
        ),
        "incident" | "sighting" => (
            "controllate se vedete gli stessi segni; se sì, segnalate",
            "check whether you see the same signs; if so, report",
        ),
        _ => ("leggete e confermate la lettura", "read it and acknowledge"),
    };
    Bilingual::new(it, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_is_read_from_the_text_of_a_warning() {
        let italian = "Un riscatto.\n\nChe cosa fare: Staccate.";
        let both = format!("{italian}\n\n---\n\nA ransom.\n\nWhat to do: Unplug.");
        assert_eq!(to_do(&both), Some(Bilingual::new("Staccate.", "Unplug.")));
        assert_eq!(to_do(italian), Some(Bilingual::new("Staccate.", "Staccate.")));
        assert_eq!(to_do("A ransom."), None);
    }
}
