//! What workers do without being asked: reconcilers that look at the ledger and make it so. A bell
//! only says "look"; running one twice does nothing more.

pub mod call_webhooks;
pub mod clear_newcomers;
pub mod offer_again;
pub mod settle_terms;
pub mod tell_lapses;
