//! Refusals of the house that are one fixed sentence, for people who read Italian.
//!
//! Those with a type of their own say themselves in Italian where they are typed; these are only a sentence, and
//! are known by it. A test reads the sources: a sentence that is not here, or here alone, fails it.

/// The Italian of a refusal that is one fixed sentence.
#[must_use]
pub fn refusal(english: &str) -> Option<&'static str> {
    SENTENCES.iter().find(|(known, _)| *known == english).map(|(_, italian)| *italian)
}

const SENTENCES: &[(&str, &str)] = &[
    (
        "it is not said whose node this is; set its organisation",
        "non è detto di chi è questo nodo: indica la sua organizzazione",
    ),
    (
        "the node's key does not read back; verify the ledger, then restore a backup",
        "la chiave del nodo non si rilegge: verifica il registro, poi ripristina una copia",
    ),
    ("the code could not be hashed; try again", "il codice non si può custodire: riprova"),
    ("say in a sentence why nobody can sign in", "di' in una frase perché nessuno può entrare"),
    ("it is past; say until when this is known", "è già passato: di' fino a quando lo si sa"),
    (
        "it was withdrawn before; nothing is left to do",
        "è già stata ritirata: non resta nulla da fare",
    ),
    (
        "the hold ends before it begins; give a later moment",
        "la trattenuta finisce prima di cominciare: indica un momento successivo",
    ),
    ("it is missing; say in a sentence why", "manca: di' in una frase perché"),
    ("it cannot be hashed; choose another", "non si può custodire: scegline un'altra"),
    (
        "a token carries at most its issuer's and its account's roles",
        "un gettone porta al più i ruoli di chi lo emette e dell'utenza: togli gli altri",
    ),
    ("between a second and 366 days", "da un secondo a 366 giorni"),
    (
        "say where the other node can dial, as host:port, with --address or as peer_address in vedetta.toml",
        "scrivi dove l'altro nodo può chiamare, come nome:porta, con --address o come peer_address in vedetta.toml",
    ),
    (
        "this node has no card yet; say for whom it speaks",
        "questo nodo non ha ancora una scheda: di' per chi parla",
    ),
    (
        "the link is in that stage already; list the peers to see how it does",
        "il collegamento è già in quello stato: guarda l'elenco dei nodi",
    ),
    (
        "a node does not pair with itself; invite that of another organisation",
        "un nodo non si collega a sé stesso: invita quello di un'altra organizzazione",
    ),
    (
        "there is nothing to take back; make another change instead",
        "non c'è nulla da annullare: fai invece un'altra modifica",
    ),
    (
        "the case holds too much; open another case, join the two, and go on there",
        "il caso contiene troppo: aprine un altro, uniscili e continua lì",
    ),
    (
        "somebody else was faster; read it again",
        "qualcuno è stato più veloce: rileggi com'è adesso",
    ),
    (
        "somebody went on with this run since you read it; read it again and repeat",
        "qualcuno ha proseguito intanto: guarda com'è adesso e ripeti",
    ),
    ("give it a name of 1 to 100 characters", "dagli un nome da 1 a 100 caratteri"),
    (
        "it was reminded of 100 times; call those who are left",
        "è già stata sollecitata 100 volte: telefona a chi manca",
    ),
    ("it has more than 2,000 characters; be brief", "ha più di 2.000 caratteri: accorcia"),
    (
        "it was deleted before; nothing is left to do",
        "è già stato cancellato: non resta nulla da fare",
    ),
    (
        "it is released; overrule its verdict, and it is withdrawn",
        "è già rilasciata: cambia il verdetto, e viene ritirata",
    ),
    (
        "an analyst said that it is harmless; overrule that first",
        "un analista l'ha detta innocua: prima cambia il verdetto",
    ),
    (
        "64 hexadecimal digits: SHA-256 of its certificate",
        "servono 64 cifre esadecimali: lo SHA-256 del suo certificato",
    ),
    ("write it as host:port", "scrivilo come nome:porta"),
    ("say why, in at most 1,000 bytes", "di' perché, in al più 1.000 caratteri"),
    ("1 to 365", "da 1 a 365"),
    ("call it something, in 60 characters at most", "dalle un nome, di 60 caratteri al massimo"),
    (
        "too much time went by; make the passkey once more",
        "è passato troppo tempo: crea di nuovo la passkey",
    ),
    (
        "the device did not check who you are; set a PIN, a fingerprint or a face on it",
        "il dispositivo non ha verificato chi sei: impostaci un PIN, un'impronta o il volto",
    ),
    (
        "what the device made is no passkey for this node; try again, or use another device",
        "il dispositivo non ha creato una passkey per questo nodo: riprova, o usane un altro",
    ),
    (
        "this device has a passkey here already; use it",
        "questo dispositivo ha già una passkey qui: usa quella",
    ),
    (
        "the account has as many passkeys as it may; remove one",
        "l'account ha già tutte le passkey che può: togline una",
    ),
    (
        "this node takes no passkeys; its operator turns them on in vedetta.toml",
        "questo nodo non accetta passkey: chi lo gestisce le attiva in vedetta.toml",
    ),
    (
        "write the person's name at the provider: `sub`, or the fiscal number",
        "scrivi il nome della persona presso il fornitore: `sub`, o il codice fiscale",
    ),
    (
        "this identity is tied to an account already; untie it there",
        "questa identità è già collegata a un account: toglila da lì",
    ),
    (
        "the account has as many identities as it may; untie one",
        "l'account ha già tutte le identità che può: togline una",
    ),
    (
        "auditors tie their own identities; nobody else does",
        "chi controlla si collega da sé la propria identità: nessun altro lo fa",
    ),
    (
        "this account has no authenticator yet; sign in with your password once, and set it up",
        "questo account non ha ancora un autenticatore: entra una volta con la password e configuralo",
    ),
    ("say why in a sentence", "di' perché, in una frase"),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The crates whose refusals people meet on pages.
    const CRATES: [&str; 7] = [
        "vedetta-flow",
        "vedetta-keyring",
        "vedetta-timeliness",
        "vedetta-mesh",
        "vedetta-watch",
        "vedetta-postroom",
        "vedetta-outpost",
    ];
    /// How a refusal that is only a sentence begins; the sentence follows after so many other texts.
    const BEGINNINGS: [(&str, usize); 4] = [
        ("Conflict(", 0),
        ("conflict(", 0),
        ("FlowError::invalid(", 1),
        ("WatchError::invalid(", 1),
    ];

    /// The fixed sentences of a source, without its tests.
    fn sentences(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let mut found = Vec::new();
        for (beginning, skipped) in BEGINNINGS {
            for (at, _) in source.match_indices(beginning) {
                let mut rest = Some(&source[at + beginning.len()..]);
                for _ in 0..skipped {
                    let after = rest.and_then(text).map(|(_, after)| after.trim_start());
                    rest = after.and_then(|it| it.strip_prefix(','));
                }
                let lines = rest.and_then(text).map(|(it, _)| it.split("\\\n"));
                found.extend(lines.map(|it| it.map(str::trim_start).collect::<String>()));
            }
        }
        found
    }

    /// The text that something begins with, and what is after it.
    fn text(source: &str) -> Option<(&str, &str)> {
        source.trim_start().strip_prefix('"')?.split_once('"')
    }

    fn every_source(folder: &Path, each: &mut impl FnMut(String)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                every_source(&path, each);
            } else {
                each(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn no_refusal_that_is_a_sentence_is_in_one_language() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut said = std::collections::BTreeSet::new();
        for name in CRATES {
            every_source(&crates.join(name).join("src"), &mut |text| said.extend(sentences(&text)));
        }
        assert!(said.len() > 15, "the sources are not read: {said:?}");
        let missing: Vec<_> = said.iter().filter(|it| refusal(it).is_none()).collect();
        assert!(missing.is_empty(), "say these in Italian in SENTENCES: {missing:#?}");
        let stale: Vec<_> =
            SENTENCES.iter().map(|(it, _)| *it).filter(|it| !said.contains(*it)).collect();
        assert!(stale.is_empty(), "nobody says these any more: {stale:#?}");
    }
}
