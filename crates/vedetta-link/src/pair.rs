//! Pairing: one message and its answer, between a node that holds an invitation and the one that
//! gave it. What the messages say is the house's.

use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use std::sync::Arc;

use crate::links::Links;
use vedetta_federation::key::PublicKey;

/// Reads the message, bounded in size and time, and has the doorkeeper answer.
pub(crate) async fn answer(
    links: &Links,
    key: PublicKey,
    body: Incoming,
) -> Result<Vec<u8>, (StatusCode, String)> {
    let busy = || {
        let reason = "too many ask at once; try again".to_owned();
        (StatusCode::SERVICE_UNAVAILABLE, reason)
    };
    let _right = links.pairing().ok_or_else(busy)?;
    let bounds = links.bounds();
    let reading = Limited::new(body, bounds.pairing).collect();
    let message = match tokio::time::timeout(bounds.handshake, reading).await {
        Ok(Ok(message)) => message.to_bytes(),
        Ok(Err(error)) => return Err((StatusCode::BAD_REQUEST, error.to_string())),
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "the message did not come".into())),
    };
    let _turn = links.turn(&key).await.ok_or_else(busy)?;
    let keeper = Arc::clone(links.keeper());
    let asking = tokio::task::spawn_blocking(move || keeper.pair(key, &message));
    match asking.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(unwelcome)) => Err((StatusCode::FORBIDDEN, unwelcome.0)),
        Err(_) => Err((StatusCode::INTERNAL_SERVER_ERROR, "a thread ended".into())),
    }
}
