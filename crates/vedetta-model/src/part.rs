//! The names under which the node itself acts in the ledger: no account may have one.

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = $text;)+

        /// Every one of them.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

parts! {
    /// The operator's commands at the machine, and what the node does by itself for the watch.
    OPERATOR = "vedetta";
    /// Whoever broke the seal.
    EMERGENCY = "emergency";
    /// What nobody in particular caused.
    LEDGER = "ledger";
    /// The node, of its own card.
    NODE = "node";
    /// Another node that pairs with this one, not known yet.
    PEER = "peer";
    /// Who tried to sign in as nobody.
    UNKNOWN = "unknown";
    /// Decides who may have what.
    CLEAR_ITEMS = "clear_items";
    /// Gives newcomers the past that is theirs.
    CLEAR_NEWCOMERS = "clear_newcomers";
    /// Writes down that terms have ended.
    SETTLE_TERMS = "settle_terms";
    /// Tells holders what gives nothing any more.
    TELL_LAPSES = "tell_lapses";
    /// Calls webhooks.
    CALL_WEBHOOKS = "call_webhooks";
    /// Offers other nodes again what they may have anew.
    OFFER_AGAIN = "offer_again";
    /// Brings to the queue what no person reports.
    GATHER = "gather";
    /// Tells other nodes who is on duty.
    ROSTER = "roster";
    /// Notices which nodes are silent.
    WATCH_LINKS = "watch_links";
    /// Notices which sensors are silent.
    WATCH_SENSORS = "watch_sensors";
    /// Answers who reported a message, and forgets messages in time.
    ANSWER_REPORT = "answer_report";
}

/// Whether the node itself acts under a name.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    ALL.contains(&name)
}
