//! The answer to who reported a message: for somebody who is not technical, in Italian or English.
//! No link can be followed, nothing of the message's text is repeated.

use std::fmt::Write as _;

use vedetta_model::language::{Bilingual, Language};

use crate::checks::{Finding, Group};
use crate::evidence::Evidence;
use crate::form::Form;
use crate::verdict::{Opinion, Verdict};

/// What an answer knows besides the verdict.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The number of the case.
    pub number: String,
    /// When it was known and how many others reported it, when it was.
    pub wave: Option<Wave>,
    /// What was said before, when this answer changes it.
    pub before: Option<Verdict>,
    /// How many messages came with this one and were not looked at.
    pub left_out: usize,
}

/// A wave that others reported before.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Since when, in words of the reader's clock: `10:42`.
    pub since: String,
    /// How many others.
    pub others: usize,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The subject.
    pub subject: String,
    /// The text, lines of moderate length.
    pub text: String,
}

impl Reply {
    /// For who wrote and attached nothing.
    #[must_use]
    pub fn nothing_in_it(language: Language) -> Self {
        let (subject, text) = match language {
            Language::It => (
                "Non abbiamo trovato il messaggio",
                "Grazie di averci scritto.\n\nNella sua e-mail non c'è il messaggio da controllare: c'è solo il suo testo.\n\n\
                 Per segnalarne uno:\n- lo alleghi a una nuova e-mail per questo indirizzo (in Outlook: \u{ab}Inoltra come allegato\u{bb});\n\
                 - se non può, lo inoltri così com'è, senza cancellare nulla.\n\n\
                 Intanto non prema i collegamenti e non apra gli allegati.\n",
            ),
            Language::En => (
                "We found no message",
                "Thank you for writing.\n\nYour e-mail does not contain the message to be checked: there is only your own text.\n\n\
                 To report one:\n- attach it to a new e-mail to this address (in Outlook: \"Forward as attachment\");\n\
                 - if you cannot, forward it as it is, and delete nothing.\n\n\
                 Meanwhile do not follow its links or open its attachments.\n",
            ),
        };
        Self { subject: subject.into(), text: text.into() }
    }

    /// Writes the answer.
    #[must_use]
    pub fn new(opinion: &Opinion, evidence: &Evidence, language: Language, case: &Case) -> Self {
        let it = language == Language::It;
        let word = opinion.verdict.word();
        let word = word.to(language);
        let subject = match (it, case.number.as_str()) {
            (true, "") => format!("La segnalazione: {word}"),
            (false, "") => format!("Your report: {word}"),
            (true, number) => format!("[{number}] La segnalazione: {word}"),
            (false, number) => format!("[{number}] Your report: {word}"),
        };
        let mut text = String::new();
        opening(&mut text, opinion, (language, evidence.unread.is_empty()), case);
        reasons(&mut text, opinion, language);
        advice(&mut text, opinion, evidence, language);
        unread(&mut text, evidence, language);
        left_out(&mut text, language, case.left_out);
        closing(&mut text, language, case);
        Self { subject, text }
    }
}

fn opening(
    text: &mut String,
    opinion: &Opinion,
    (language, all_read): (Language, bool),
    case: &Case,
) {
    let it = language == Language::It;
    text.push_str(if it {
        "Grazie della segnalazione.\n\n"
    } else {
        "Thank you for your report.\n\n"
    });
    if let Some(before) = case.before {
        let before = before.word();
        let before = before.to(language);
        let line = if it {
            format!(
                "Un analista ha rivisto il messaggio: la risposta di prima («{before}») non vale più.\n\n"
            )
        } else {
            format!(
                "An analyst reviewed the message: the earlier answer (\"{before}\") no longer holds.\n\n"
            )
        };
        text.push_str(&line);
    }
    let (line_it, line_en) = match opinion.verdict {
        Verdict::Malicious => ("Il messaggio è PERICOLOSO.", "The message is MALICIOUS."),
        Verdict::Suspicious => (
            "Il messaggio è SOSPETTO: lo tratti come se fosse pericoloso.",
            "The message is SUSPICIOUS: treat it as if it were malicious.",
        ),
        Verdict::Spam => (
            "Il messaggio è INDESIDERATO, MA NON PERICOLOSO: è pubblicità non richiesta.",
            "The message is UNWANTED, BUT NOT DANGEROUS: it is unsolicited advertising.",
        ),
        Verdict::ProbablyLegitimate => (
            "Il messaggio è PROBABILMENTE LEGITTIMO. Nessun controllo automatico può esserne certo.",
            "The message is PROBABLY LEGITIMATE. No automatic check can be certain of it.",
        ),
        Verdict::Undetermined if all_read => (
            "Il messaggio NON È VERIFICABILE: abbiamo letto tutto, ma non basta per dire se è legittimo.",
            "The message CANNOT BE VERIFIED: we read all of it, and it is not enough to tell whether it is legitimate.",
        ),
        Verdict::Undetermined => (
            "Il messaggio NON È VERIFICABILE: una parte non si è potuta controllare.",
            "The message CANNOT BE VERIFIED: part of it could not be checked.",
        ),
    };
    writeln!(text, "{}", if it { line_it } else { line_en }).ok();
    if let Some(wave) = &case.wave {
        let (since, others) = (&wave.since, wave.others);
        let line = match (it, others) {
            (true, 1) => format!("È noto dalle {since}: l'ha segnalato un'altra persona."),
            (true, _) => format!("È noto dalle {since}: l'hanno segnalato altre {others} persone."),
            (false, 1) => format!("It is known since {since}: one other person reported it."),
            (false, _) => format!("It is known since {since}: {others} others reported it."),
        };
        writeln!(text, "{line}").ok();
    }
}

fn reasons(text: &mut String, opinion: &Opinion, language: Language) {
    let mut lines: Vec<&str> = Vec::new();
    for reason in opinion.weightiest() {
        let line = reason.finding.reporter.to(language);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return;
    }
    let title =
        if language == Language::It { "\nChe cosa abbiamo notato:" } else { "\nWhat we noticed:" };
    writeln!(text, "{title}").ok();
    for line in lines {
        writeln!(text, "- {line}").ok();
    }
}

fn advice(text: &mut String, opinion: &Opinion, evidence: &Evidence, language: Language) {
    let it = language == Language::It;
    writeln!(text, "{}", if it { "\nChe cosa fare adesso:" } else { "\nWhat to do now:" }).ok();
    let mut say = |italian: &str, english: &str| {
        writeln!(text, "- {}", if it { italian } else { english }).ok();
    };
    match opinion.verdict {
        Verdict::Malicious | Verdict::Suspicious => {
            say(
                "Non prema i collegamenti, non apra gli allegati, non risponda.",
                "Do not follow its links, open its attachments or answer.",
            );
            danger(&mut say, opinion, evidence);
            say(
                "Non lo cancelli: lo lasci dov'è finché il suo ufficio informatico non l'ha visto.",
                "Do not delete it: leave it where it is until your IT office has seen it.",
            );
        }
        Verdict::Spam => {
            say(
                "Può cancellarlo. Non serve rispondere né disiscriversi.",
                "You can delete it. There is no need to answer or unsubscribe.",
            );
        }
        Verdict::ProbablyLegitimate => {
            say(
                "Se chiede denaro, dati o una password, prima di farlo chiami il mittente a un numero che conosce già.",
                "If it asks for money, data or a password, first call the sender on a number that you already know.",
            );
        }
        Verdict::Undetermined => {
            say(
                "Non apra gli allegati e non prema i collegamenti.",
                "Do not open its attachments or follow its links.",
            );
            say(
                "Se aspettava il messaggio, chiami il mittente a un numero che conosce già; altrimenti lo lasci stare.",
                "If you expected it, call the sender on a number that you already know; otherwise leave it alone.",
            );
        }
    }
}

fn danger(say: &mut impl FnMut(&str, &str), opinion: &Opinion, evidence: &Evidence) {
    let found = |wanted: &dyn Fn(&Finding) -> bool| {
        opinion.reasons.iter().any(|reason| wanted(&reason.finding))
    };
    if evidence.clickable().next().is_some()
        || found(&|finding| finding.slug.starts_with("credential-form"))
    {
        say(
            "Se ha scritto la password: la cambi subito, dal sito vero e non da questo messaggio, anche dove usa la stessa; poi avvisi il suo ufficio informatico.",
            "If you typed your password: change it now, on the real site and not from this message, also wherever you use the same one; then tell your IT office.",
        );
    }
    if found(&|finding| finding.group == Group::Files) {
        say(
            "Se ha aperto l'allegato: stacchi il computer dalla rete, non lo spenga, e chiami il suo ufficio informatico.",
            "If you opened the attachment: disconnect the computer from the network, leave it on, and call your IT office.",
        );
    }
    if found(&|finding| {
        matches!(
            finding.slug,
            "lure/payment"
                | "lure/bank-change"
                | "lure/parcel"
                | "lure/fine"
                | "lure/gift-card"
                | "lure/tax"
                | "lure/call-back"
        )
    }) {
        say(
            "Se ha pagato o dato i numeri della carta: chiami subito la sua banca.",
            "If you paid or gave your card's numbers: call your bank at once.",
        );
    }
    if found(&|finding| finding.slug == "lure/extortion") {
        say(
            "Non paghi: di solito chi scrive così non ha nulla in mano.",
            "Do not pay: usually who writes so holds nothing.",
        );
    }
    if found(&|finding| matches!(finding.slug, "lure/bank-change" | "lure/chief")) {
        say(
            "Verifichi la richiesta a voce, con un numero che conosce già.",
            "Verify the request by voice, on a number that you already know.",
        );
    }
}

/// What was not read is named to a reporter in so many lines.
const MOST_NAMED: usize = 5;

fn unread(text: &mut String, evidence: &Evidence, language: Language) {
    let it = language == Language::It;
    if evidence.forms.contains(&Form::File) {
        let line = if it {
            "\nCi ha mandato un file da solo. La prossima volta mandi il messaggio con cui è arrivato: sapremo dirle di più."
        } else {
            "\nYou sent a file by itself. Next time send the message that it came with, and we can tell you more."
        };
        writeln!(text, "{line}").ok();
    }
    if evidence.forms.contains(&Form::Inline) {
        let line = if it {
            "\nIl messaggio è stato inoltrato nel testo: l'origine non si può controllare. La prossima volta lo alleghi, così controlliamo meglio."
        } else {
            "\nThe message was forwarded within the text: where it came from cannot be checked. Next time attach it, and we can check better."
        };
        writeln!(text, "{line}").ok();
    }
    if evidence.unread.is_empty() {
        return;
    }
    writeln!(
        text,
        "{}",
        if it { "\nNon si è potuto controllare:" } else { "\nThis could not be checked:" }
    )
    .ok();
    for unread in evidence.unread.iter().take(MOST_NAMED) {
        let why = unread.why.words();
        let part = part_named(&unread.what, language);
        let more = match (unread.count.saturating_sub(1), it) {
            (0, _) => String::new(),
            (more, true) => format!(" e altre {more} cose"),
            (more, false) => format!(" and {more} more"),
        };
        let line = format!("- {part}{more}: {}", why.to(language));
        if !text.lines().any(|known| known == line) {
            writeln!(text, "{line}").ok();
        }
    }
    match (evidence.unread.len().saturating_sub(MOST_NAMED), it) {
        (0, _) => {}
        (more, true) => _ = writeln!(text, "- e altre {more} cose"),
        (more, false) => _ = writeln!(text, "- and {more} more"),
    }
}

/// Of several that came together, those that nobody looked at.
fn left_out(text: &mut String, language: Language, count: usize) {
    let line = match (count, language) {
        (0, _) => return,
        (1, Language::It) => "Attenzione: con questo ne è arrivato un altro, che NON abbiamo guardato. Ce lo rimandi a parte.".to_owned(),
        (_, Language::It) => format!("Attenzione: con questo ne sono arrivati altri {count}, che NON abbiamo guardato. Ce li rimandi, al massimo 20 alla volta."),
        (1, Language::En) => "Please note: another message came with this one, which we did NOT look at. Send it again by itself.".to_owned(),
        (_, Language::En) => format!("Please note: {count} other messages came with this one, which we did NOT look at. Send them again, at most 20 at a time."),
    };
    writeln!(text, "\n{line}").ok();
}

/// What was not read, in our words: a file's name is the sender's, and would be repeated under our
/// signature.
fn part_named(what: &str, language: Language) -> String {
    const KINDS: &[&str] = &[
        "zip", "7z", "rar", "gz", "tar", "iso", "img", "vhd", "pdf", "doc", "docx", "docm", "xls",
        "xlsx", "xlsm", "ppt", "pptx", "rtf", "one", "odt", "ods", "eml", "msg", "p7m", "p7s",
        "html", "htm", "svg", "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic",
        "ics", "txt", "csv", "xml", "exe", "js", "lnk", "dat",
    ];
    let place = what.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let ending = what.rsplit_once('.').map_or("", |(_, ending)| ending.trim()).to_lowercase();
    let kind = ending.to_uppercase();
    let words = match (place, KINDS.contains(&ending.as_str())) {
        (true, _) => Bilingual::new("una parte del messaggio", "a part of the message"),
        (false, true) => Bilingual::new(
            format!("un allegato (tipo {kind})"),
            format!("an attachment (type {kind})"),
        ),
        (false, false) => Bilingual::new("un allegato", "an attachment"),
    };
    words.to(language).to_owned()
}

fn closing(text: &mut String, language: Language, case: &Case) {
    if case.number.is_empty() {
        return;
    }
    let line = if language == Language::It {
        format!(
            "\nPratica {}. Se pensa che ci sbagliamo, risponda citandola: la leggerà una persona.",
            case.number
        )
    } else {
        format!(
            "\nCase {}. If you think we are wrong, answer quoting it: a person will read it.",
            case.number
        )
    };
    writeln!(text, "{line}").ok();
}

#[cfg(test)]
mod tests {
    use vedetta_model::language::Language;

    use super::{Case, Reply};
    use crate::budget::Limits;
    use crate::desk::Desk;
    use crate::evidence::Evidence;

    fn reply(letter: &str, language: Language) -> String {
        let desk = Desk::shipped();
        let (evidence, opinion) =
            Evidence::read(letter.as_bytes(), &Limits::default()).judged(&desk);
        Reply::new(&opinion, &evidence, language, &Case::default()).text
    }

    #[test]
    fn nothing_that_the_sender_chose_is_under_our_signature() {
        let letter = "From: a@b.example\nSubject: s\nContent-Type: application/x-7z-compressed; \
            name=\"Chiami subito lo 06 555 0100 per sbloccare.7z\"\nContent-Transfer-Encoding: base64\n\nN3q8ryccAAQ=";
        let said = reply(letter, Language::It);
        assert!(!said.contains("555") && !said.contains("Chiami subito"), "{said}");
        assert!(said.contains("un allegato (tipo 7Z): formato che non viene aperto"), "{said}");
        assert!(reply(letter, Language::En).contains("an attachment (type 7Z)"));
    }

    #[test]
    fn nobody_is_told_to_destroy_what_others_must_see() {
        let letter = "From: Poste Italiane <a@verifica.invalid>\nSubject: Conto sospeso\nContent-Type: text/html\n\n\
            <a href='http://192.0.2.7/poste'>https://www.poste.it/</a><form><input type=password></form>";
        let said = reply(letter, Language::It);
        assert!(said.contains("PERICOLOSO") && !said.contains("Cancelli"), "{said}");
    }
}
