//! The pages over a house in memory, asked as a browser asks.

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "it/access.rs"]
mod access;
#[path = "it/alarms.rs"]
mod alarms;
#[path = "it/audit.rs"]
mod audit;
#[path = "it/browser.rs"]
mod browser;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/forms.rs"]
mod forms;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/idp.rs"]
mod idp;
#[path = "it/items.rs"]
mod items;
#[path = "it/links.rs"]
mod links;
#[path = "it/live.rs"]
mod live;
#[path = "it/passkeys.rs"]
mod passkeys;
#[path = "it/preview.rs"]
mod preview;
#[path = "it/procedures.rs"]
mod procedures;
#[path = "it/providers.rs"]
mod providers;
#[path = "it/rooms.rs"]
mod rooms;
#[path = "it/shift.rs"]
mod shift;
#[path = "it/signing_in.rs"]
mod signing_in;
#[path = "it/standing.rs"]
mod standing;
#[path = "it/words.rs"]
mod words;
