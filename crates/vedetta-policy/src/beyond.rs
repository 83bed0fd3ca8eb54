//! Why somebody does not receive an item, where it is not for an agreement.

use vedetta_model::{Bilingual, Instant};

use crate::clearance::Form;
use crate::wording::italian;

/// That it goes to nobody without the victim, as what is left would tell who it is.
#[must_use]
pub fn withheld() -> Bilingual {
    Bilingual::new(
        "La riceverebbe senza la vittima, ma ciò che ne resta, come il valore, direbbe chi è: \
         perciò è trattenuta.",
        "It would receive it without the victim, but what is left, as the value, would tell who it \
         is: so it is withheld.",
    )
}

/// That nobody receives it any more.
#[must_use]
pub fn withdrawn() -> Bilingual {
    Bilingual::new(
        "L'informazione è stata ritirata: nessuno la riceve più.",
        "The item was taken back: nobody receives it any more.",
    )
}

/// That nobody receives it any more since somebody withdrew it, who where that is told, and in which form
/// one received it until then, and would still, with why.
#[must_use]
pub fn withdrawn_since(
    (at, by): (Instant, Option<&str>),
    (form, why): (Option<Form>, &Bilingual),
) -> Bilingual {
    let (da, by) = by.map(|by| (format!(" da {by}"), format!(" by {by}"))).unwrap_or_default();
    let (before_it, before_en) = match form {
        Some(_) => ("Fino ad allora valeva questo", "Until then it went by this"),
        None => ("Non arriverebbe comunque", "It would not go there in any case"),
    };
    Bilingual::new(
        format!(
            "L'informazione è stata ritirata il {}{da}: da allora nessuno la riceve. {before_it}: {}",
            italian(at),
            why.it
        ),
        format!(
            "The item was withdrawn on {}{by}: nobody has received it since. {before_en}: {}",
            at.day(),
            why.en
        ),
    )
}

/// That it came before it was entitled, and the past is not given.
#[must_use]
pub fn not_the_past() -> Bilingual {
    Bilingual::new(
        "Oggi lo riceverebbe, ma l'informazione è stata diffusa prima che vi fosse autorizzato, e \
         il protocollo non dà il pregresso.",
        "It would receive it today, but the item was released before it was entitled, and the \
         agreement does not give the past.",
    )
}

/// What would have to change for it to go out without the victim.
#[must_use]
pub fn untold() -> Bilingual {
    Bilingual::new(
        "Per farla arrivare: togli dal testo e dal valore ciò che direbbe chi è la vittima.",
        "To have it there: take out of text and value what would tell who the victim is.",
    )
}
