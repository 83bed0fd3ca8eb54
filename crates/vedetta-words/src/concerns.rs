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
}
