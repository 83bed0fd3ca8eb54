//! Language, theme and keys, as chosen on this device.

use axum::response::{IntoResponse as _, Redirect, Response};
use vedetta_frame::forms::Sent;
use vedetta_frame::visit::{KEYS, LANGUAGE, THEME, Theme, set};

use super::sign_in::inside;

/// A year.
const LASTING: &str = "Strict; Max-Age=31536000";

pub(super) async fn choose(sent: Sent) -> Response {
    let mut response = Redirect::to(inside(sent.text("to"))).into_response();
    if let Some(language) = sent.given("language").filter(|it| ["it", "en"].contains(it)) {
        set(&mut response, LANGUAGE, language, LASTING);
    }
    if let Some(theme) = sent.given("theme") {
        set(&mut response, THEME, Theme::read(theme).name(), LASTING);
    }
    if let Some(keys) = sent.given("keys").filter(|it| ["on", "off"].contains(it)) {
        set(&mut response, KEYS, keys, LASTING);
    }
    response
}
