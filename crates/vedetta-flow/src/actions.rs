//! What people and machines do, one action a file, each for an [`vedetta_model::Actor`].

pub mod accept_items;
pub mod acknowledge;
pub mod break_seal;
pub mod change_agreement;
pub mod change_directory;
pub mod found_node;
pub mod hold_items;
pub mod issue_tokens;
pub mod keep_statuses;
pub mod keep_warning_lists;
pub mod keep_webhooks;
pub mod manage_accounts;
pub mod note_looks;
pub mod retry_work;
pub mod sign_in;
pub mod withdraw_item;
