//! Doors out: streams, feeds, webhooks; only what is cleared.
