//! Why a link is down: by name for programs, in both languages for people, in words for the log.

use vedetta_federation::frame::Farewell;
use vedetta_federation::link::By;

use crate::dial::DialError;
use crate::doorkeeper::Leave;

/// Why a link ended, or could not be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Which of the causes it was.
    pub cause: Cause,
    /// The particulars, in English: for the log and for operators.
    pub says: String,
}

/// What ends a link, or keeps it from being made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// One side said farewell.
    Said(By, Farewell),
    /// This node lets the peer have no link now.
    Barred,
    /// The address cannot be reached.
    Unreachable,
    /// Something answers there, but no secure connection can be made.
    Insecure,
    /// The peer answers and lets this node have no link.
    Refused,
    /// Who answers there is not the peer, or may have no link.
    Unwelcome,
    /// There was no answer in time.
    Late,
    /// The peer said nothing for too long.
    Silent,
    /// The peer does not take what it is sent.
    Stalled,
    /// The connection broke.
    Broken,
    /// The peer sent what the protocol has not.
    Violation,
    /// This node could not go on: its ledger, say.
    Fault,
}

impl Reason {
    /// For a cause, with its particulars.
    pub fn new(cause: Cause, says: impl Into<String>) -> Self {
        Self { cause, says: says.into() }
    }

    /// One side said farewell.
    #[must_use]
    pub fn said(by: By, farewell: Farewell) -> Self {
        let cause = Cause::Said(by, farewell);
        Self::new(cause, cause.in_english())
    }

    /// This side left, as its operator is told.
    #[must_use]
    pub fn left(leave: Leave, says: String) -> Self {
        let cause = match leave {
            Leave::Stops => Cause::Said(By::Us, Farewell::Stopping),
            Leave::Replaced => Cause::Said(By::Us, Farewell::Replaced),
            Leave::Again => Cause::Said(By::Us, Farewell::Again),
            Leave::Barred => Cause::Barred,
        };
        Self { cause, says }
    }
}

impl From<String> for Reason {
    fn from(says: String) -> Self {
        Self { cause: Cause::Fault, says }
    }
}

impl From<DialError> for Reason {
    fn from(error: DialError) -> Self {
        let cause = match &error {
            DialError::Unreachable { .. } => Cause::Unreachable,
            DialError::Insecure { .. } => Cause::Insecure,
            DialError::Refused { .. } => Cause::Refused,
            DialError::Unwelcome(_) => Cause::Unwelcome,
            DialError::Late(_) => Cause::Late,
        };
        Self::new(cause, error.to_string())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.says)
    }
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 31] = {
        use Farewell::{
            Again, Ended, Other, Protocol, Replaced, Silent, Stopping, Stranger, Suspended, Version,
        };
        [
            Self::Said(By::Us, Stopping),
            Self::Said(By::Us, Version),
            Self::Said(By::Us, Stranger),
            Self::Said(By::Us, Suspended),
            Self::Said(By::Us, Ended),
            Self::Said(By::Us, Protocol),
            Self::Said(By::Us, Silent),
            Self::Said(By::Us, Replaced),
            Self::Said(By::Us, Again),
            Self::Said(By::Us, Other),
            Self::Said(By::Peer, Stopping),
            Self::Said(By::Peer, Version),
            Self::Said(By::Peer, Stranger),
            Self::Said(By::Peer, Suspended),
            Self::Said(By::Peer, Ended),
            Self::Said(By::Peer, Protocol),
            Self::Said(By::Peer, Silent),
            Self::Said(By::Peer, Replaced),
            Self::Said(By::Peer, Again),
            Self::Said(By::Peer, Other),
            Self::Barred,
            Self::Unreachable,
            Self::Insecure,
            Self::Refused,
            Self::Unwelcome,
            Self::Late,
            Self::Silent,
            Self::Stalled,
            Self::Broken,
            Self::Violation,
            Self::Fault,
        ]
    };

    /// As programs know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Said(by, farewell) => farewell_name(by, farewell),
            Self::Barred => "barred",
            Self::Unreachable => "unreachable",
            Self::Insecure => "insecure",
            Self::Refused => "refused",
            Self::Unwelcome => "unwelcome",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::Stalled => "stalled",
            Self::Broken => "broken",
            Self::Violation => "violation",
            Self::Fault => "fault",
        }
    }

    /// For people, in Italian.
    #[must_use]
    pub const fn in_italian(self) -> &'static str {
        match self {
            Self::Said(by, farewell) => farewell_in_italian(by, farewell),
            Self::Barred => "questo nodo ora non consente il collegamento con l'altro",
            Self::Unreachable => "l'indirizzo dell'altro nodo non è raggiungibile",
            Self::Insecure => "all'indirizzo qualcuno risponde, ma senza una connessione sicura",
            Self::Refused => "l'altro nodo risponde e rifiuta il collegamento",
            Self::Unwelcome => {
                "chi risponde all'indirizzo non è l'altro nodo, o non può collegarsi"
            }
            Self::Late => "l'altro nodo non ha risposto in tempo",
            Self::Silent => "l'altro nodo ha taciuto troppo a lungo",
            Self::Stalled => "l'altro nodo non riceve ciò che gli è inviato",
            Self::Broken => "la connessione si è interrotta",
            Self::Violation => "l'altro nodo ha inviato ciò che il protocollo non prevede",
            Self::Fault => {
                "questo nodo non ha potuto proseguire: il registro di servizio dice perché"
            }
        }
    }

    /// For people, in English.
    #[must_use]
    pub const fn in_english(self) -> &'static str {
        match self {
            Self::Said(by, farewell) => farewell_in_english(by, farewell),
            Self::Barred => "this node allows no link with the other now",
            Self::Unreachable => "the other node's address cannot be reached",
            Self::Insecure => "something answers at the address, but without a secure connection",
            Self::Refused => "the other node answers and refuses the link",
            Self::Unwelcome => "who answers at the address is not the other node, or may not link",
            Self::Late => "the other node did not answer in time",
            Self::Silent => "the other node was silent for too long",
            Self::Stalled => "the other node does not take what it is sent",
            Self::Broken => "the connection broke",
            Self::Violation => "the other node sent what the protocol has not",
            Self::Fault => "this node could not go on: its log says why",
        }
    }
}

const fn farewell_name(by: By, farewell: Farewell) -> &'static str {
    match (by, farewell) {
        (By::Us, Farewell::Stopping) => "node-stopping",
        (By::Us, Farewell::Version) => "node-version",
        (By::Us, Farewell::Stranger) => "node-stranger",
        (By::Us, Farewell::Suspended) => "node-suspended",
        (By::Us, Farewell::Ended) => "node-ended",
        (By::Us, Farewell::Protocol) => "node-protocol",
        (By::Us, Farewell::Silent) => "node-silent",
        (By::Us, Farewell::Replaced) => "node-replaced",
        (By::Us, Farewell::Again) => "node-again",
        (By::Us, Farewell::Other) => "node-other",
        (By::Peer, Farewell::Stopping) => "peer-stopping",
        (By::Peer, Farewell::Version) => "peer-version",
        (By::Peer, Farewell::Stranger) => "peer-stranger",
        (By::Peer, Farewell::Suspended) => "peer-suspended",
        (By::Peer, Farewell::Ended) => "peer-ended",
        (By::Peer, Farewell::Protocol) => "peer-protocol",
        (By::Peer, Farewell::Silent) => "peer-silent",
        (By::Peer, Farewell::Replaced) => "peer-replaced",
        (By::Peer, Farewell::Again) => "peer-again",
        (By::Peer, Farewell::Other) => "peer-other",
    }
}

const fn farewell_in_italian(by: By, farewell: Farewell) -> &'static str {
    match (by, farewell) {
        (By::Us, Farewell::Stopping) => "questo nodo si ferma",
        (By::Us, Farewell::Version) => {
            "questo nodo non parla una versione del protocollo dell'altro"
        }
        (By::Us, Farewell::Stranger) => "questo nodo non riconosce la scheda dell'altro",
        (By::Us, Farewell::Suspended) => "questo nodo ha sospeso il collegamento",
        (By::Us, Farewell::Ended) => "questo nodo ha chiuso il collegamento",
        (By::Us, Farewell::Protocol) => "secondo questo nodo l'altro ha violato il protocollo",
        (By::Us, Farewell::Silent) => "questo nodo non ha sentito nulla troppo a lungo",
        (By::Us, Farewell::Replaced) => "questo nodo ha una connessione più recente",
        (By::Us, Farewell::Again) => "questo nodo ricomincia",
        (By::Us, Farewell::Other) => "questo nodo ha chiuso per un motivo non previsto",
        (By::Peer, Farewell::Stopping) => "l'altro nodo si ferma",
        (By::Peer, Farewell::Version) => {
            "l'altro nodo non parla una versione del protocollo di questo"
        }
        (By::Peer, Farewell::Stranger) => "l'altro nodo non riconosce la scheda di questo",
        (By::Peer, Farewell::Suspended) => "l'altro nodo ha sospeso il collegamento",
        (By::Peer, Farewell::Ended) => "l'altro nodo ha chiuso il collegamento",
        (By::Peer, Farewell::Protocol) => "secondo l'altro nodo questo ha violato il protocollo",
        (By::Peer, Farewell::Silent) => "l'altro nodo non ha sentito nulla troppo a lungo",
        (By::Peer, Farewell::Replaced) => "l'altro nodo ha una connessione più recente",
        (By::Peer, Farewell::Again) => "l'altro nodo ricomincia",
        (By::Peer, Farewell::Other) => {
            "l'altro nodo ha dato un motivo che questa versione non conosce"
        }
    }
}

const fn farewell_in_english(by: By, farewell: Farewell) -> &'static str {
    match (by, farewell) {
        (By::Us, Farewell::Stopping) => "this node stops",
        (By::Us, Farewell::Version) => {
            "this node speaks no version of the protocol that the other does"
        }
        (By::Us, Farewell::Stranger) => "this node does not know the other's card",
        (By::Us, Farewell::Suspended) => "this node has suspended the link",
        (By::Us, Farewell::Ended) => "this node has ended the link",
        (By::Us, Farewell::Protocol) => "this node says that the other broke the protocol",
        (By::Us, Farewell::Silent) => "this node heard nothing for too long",
        (By::Us, Farewell::Replaced) => "this node has a newer connection",
        (By::Us, Farewell::Again) => "this node begins again",
        (By::Us, Farewell::Other) => "this node gave a reason that this version does not know",
        (By::Peer, Farewell::Stopping) => "the peer stops",
        (By::Peer, Farewell::Version) => {
            "the peer speaks no version of the protocol that this node does"
        }
        (By::Peer, Farewell::Stranger) => "the peer does not know this node's card",
        (By::Peer, Farewell::Suspended) => "the peer has suspended the link",
        (By::Peer, Farewell::Ended) => "the peer has ended the link",
        (By::Peer, Farewell::Protocol) => "the peer says that this node broke the protocol",
        (By::Peer, Farewell::Silent) => "the peer heard nothing for too long",
        (By::Peer, Farewell::Replaced) => "the peer has a newer connection",
        (By::Peer, Farewell::Again) => "the peer begins again",
        (By::Peer, Farewell::Other) => "the peer gave a reason that this version does not know",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_cause_has_a_name_and_a_sentence_of_its_own_in_both_languages() {
        let names: HashSet<_> = Cause::ALL.iter().map(|it| it.name()).collect();
        let italian: HashSet<_> = Cause::ALL.iter().map(|it| it.in_italian()).collect();
        let english: HashSet<_> = Cause::ALL.iter().map(|it| it.in_english()).collect();
        let all = Cause::ALL.len();
        assert_eq!((names.len(), italian.len(), english.len()), (all, all, all));
        assert!(italian.is_disjoint(&english));
    }

    #[test]
    fn what_cannot_be_dialled_keeps_its_particulars_for_the_log() {
        let (address, reason) = ("node.example.org:8444".to_owned(), "no route".to_owned());
        let told = Reason::from(DialError::Unreachable { address, reason });
        assert_eq!(told.cause.name(), "unreachable");
        assert_eq!(told.to_string(), "node.example.org:8444: cannot be reached (no route)");
        let left = Reason::left(Leave::Barred, "its key was revoked".into());
        assert_eq!((left.cause, &*left.says), (Cause::Barred, "its key was revoked"));
    }
}
