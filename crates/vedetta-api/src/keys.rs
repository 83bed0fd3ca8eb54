//! Asking what else than passwords opens accounts.

use std::net::IpAddr;
use std::sync::Arc;

use vedetta_flow::FlowError;
use vedetta_keyring::Keyring;

use crate::api::Api;
use crate::problem::{Kind, Problem};

/// What is said where passwords are the only way.
#[must_use]
pub fn no_keyring() -> Problem {
    let sentence = "this node has no such way to sign in; use your password";
    let italian = "questo nodo non ha questo modo di accedere: usa la password";
    Problem::new(Kind::Unknown, sentence).in_italian(Some(italian))
}

impl Api {
    /// Asks the keyring, off the threads that serve connections.
    ///
    /// # Errors
    /// What it said, as a problem.
    pub async fn ask_keys<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Keyring) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let keyring = self.keyring().map(Arc::clone).ok_or_else(no_keyring)?;
        self.ask(move |_| question(&keyring)).await
    }

    /// Tries what proves somebody from an address: like passwords, what was wrong is counted for long.
    ///
    /// # Errors
    /// What it said, as a problem.
    pub async fn try_key<T: Send + 'static>(
        &self,
        address: IpAddr,
        question: impl FnOnce(&Keyring) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let keyring = self.keyring().map(Arc::clone).ok_or_else(no_keyring)?;
        // Nobody says whose it is before it is proven: no account's name is counted by.
        self.attempt_code(address, move |_| question(&keyring)).await
    }
}
