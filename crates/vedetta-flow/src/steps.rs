//! What workers do without being asked: they look at the ledger and make it so.

pub mod call_webhooks;
