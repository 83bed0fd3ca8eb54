//! Views that a person saves: a list as it was narrowed, under a name.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_watch::SavedView;

use crate::console::Console;
use crate::forms::{Done, Sent};
use crate::said::Said;
use crate::visit::Signed;

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, address) = (signed.actor(), plain(sent.text("address")));
    let view = SavedView { name: sent.text("name").to_owned(), address: address.clone() };
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

/// An address without what was said at it and how it was written out.
fn plain(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let kept: Vec<_> = query
        .split('&')
        .filter(|pair| {
            !pair.starts_with("said=") && !pair.starts_with("as=") && !pair.ends_with('=')
        })
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_was_said_is_not_saved() {
        assert_eq!(plain("/items?text=a&kind=&said=saved"), "/items?text=a");
        assert_eq!(plain("/items?said=saved"), "/items");
    }
}
