//! What concerns one's own organisation.

crate::words! {
    way_concerns: "Ci riguarda" / "Concerns us",
    concerns_title: "Che cosa ci riguarda" / "What concerns us",
    concerns_intro: "Solo ciò che tocca la tua organizzazione, con che cosa fare. Un tocco su «Presa visione» dice al centro che lo sai." / "Only what touches your organisation, with what to do. One touch on “Acknowledge” tells the centre that you know.",
    concerns_no_assets: "Di questa organizzazione non sono censiti domini né reti: chiedi al centro di aggiungerli, o ciò che la riguarda non si riconosce." / "No domains or networks of this organisation are known: ask the centre to add them, or what concerns it cannot be recognised.",
    concerns_none: "Nulla che vi riguardi, adesso." / "Nothing that concerns you, now.",
    concerns_because: "Perché:" / "Because:",
    concerns_do: "Che cosa fare:" / "What to do:",
    concerns_done: "Presa visione" / "Acknowledged",
    because_warning: "è un'allerta precoce diffusa anche a voi" / "it is a warning sent to you too",
    because_owned(what: &str): "tocca {what}, che è vostro o da cui dipendete" / "it touches {what}, which is yours or on which you depend",
    do_indicator: "cerca questo valore nei registri di firewall, posta e DNS, e bloccalo. Se usi gli elenchi automatici è già bloccato." / "look for this value in the logs of firewall, mail and DNS, and block it. With the automatic feeds it is blocked already.",
    do_incident: "controlla se vedi gli stessi segni; se sì, segnala." / "check whether you see the same signs; if so, report.",
    do_vulnerability: "controlla se usi il prodotto e installa l'aggiornamento." / "check whether you use the product, and install the update.",
    do_warning: "leggi l'allerta precoce e fai ciò che indica; avvisa chi usa i sistemi." / "read the warning and do what it says; tell those who use the systems.",
}
