//! Views that a person saves: a list as it was narrowed, under a name.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_watch::SavedView;

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, view) = (signed.actor(), SavedView::of(sent.text("name"), sent.text("address")));
    let address = view.address.clone();
    let act = async {
        console.watch(move |watch| watch.save_view(&actor, view)).await?;
        Ok::<_, Problem>(Done::to(address).said(Said::ViewSaved))
    };
    Ok(console.sent().once(&signed.person, &sent, act).await?.into_response())
}

pub(super) async fn remove(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, name) = (signed.actor(), sent.text("name").to_owned());
    let act = async {
        console.watch(move |watch| watch.forget_view(&actor, &name)).await?;
        Ok::<_, Problem>(Done::to("/").said(Said::Removed))
    };
    Ok(console.sent().once(&signed.person, &sent, act).await?.into_response())
}
