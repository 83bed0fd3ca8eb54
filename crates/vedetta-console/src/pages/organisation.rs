//! One organisation: where it stands, whom to call, what it owns, what it has signed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::named;
use vedetta_frame::visit::Signed;
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::{Asset, Contact, Organisation, OrganisationId, Role};
use vedetta_words::Words;

/// A name that leads somewhere.
struct Link {
    id: String,
    name: String,
}

/// A contact, as one calls it.
struct Called {
    id: String,
    role: String,
    name: String,
    phone: Option<String>,
    channels: Vec<(&'static str, String)>,
    substitute: Option<String>,
    verified: Option<String>,
}

/// An asset.
struct Owned {
    id: String,
    kind: &'static str,
    value: String,
    note: Option<String>,
}

#[derive(Template)]
#[template(path = "organisation.html")]
struct Page {
    frame: Frame,
    id: String,
    facts: Vec<(&'static str, String)>,
    parent: Option<Link>,
    children: Vec<Link>,
    more_children: usize,
    contacts: Option<Vec<Called>>,
    assets: Option<Vec<Owned>>,
    agreements: Vec<Link>,
    may_change: bool,
}

/// Children listed.
const LISTED: usize = 60;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (w, house, actor) = (signed.words(), console.house(), &signed.person.actor);
    let standing = house.standing();
    let id = named(&id)?;
    let organisation = standing.directory.organisation(&id).ok_or_else(|| unknown(&id))?;
    let link = |it: &Organisation| Link { id: it.id.to_string(), name: it.name.clone() };
    let parent = organisation.parent.as_ref();
    let children = standing.directory.children(&id);
    let count = children.len();
    let children = children.take(LISTED).map(|it| link(&it.organisation)).collect();
    let room = house.is_of_the_room(actor, &[Role::DutyOfficer, Role::Analyst, Role::Auditor]);
    let own = actor.organisation == id;
    let assets = (room || own)
        .then(|| standing.directory.assets_of(&id).iter().map(|it| Owned::of(it, w)).collect());
    let contacts = house
        .sight(actor)
        .reaches(&id)
        .then(|| standing.directory.contacts_of(&id).iter().map(|it| Called::of(it, w)).collect());
    let agreements = house.agreements_of(actor, &id).into_iter();
    let agreements = agreements.map(|it| Link { id: it.id.to_string(), name: it.title.clone() });
    page(&Page {
        frame: Frame::of(&console, &signed.visit, &organisation.name, Section::Network),
        facts: facts(w, organisation),
        parent: parent.and_then(|id| standing.directory.organisation(id)).map(link),
        children,
        more_children: count.saturating_sub(LISTED),
        contacts,
        assets,
        agreements: agreements.collect(),
        may_change: house.is_of_the_room(actor, &[]),
        id: id.to_string(),
    })
}

pub(super) fn unknown(id: &OrganisationId) -> Problem {
    Problem::new(Kind::Unknown, format!("there is no organisation {id}; check the address"))
}

fn facts(w: Words, organisation: &Organisation) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        (w.organisation_id(), organisation.id.to_string()),
        (w.organisation_kind(), w.kind(organisation.kind).to_owned()),
    ];
    let optional = [
        (w.organisation_region(), organisation.region.clone()),
        (w.organisation_province(), organisation.province.clone()),
        (w.organisation_people(), organisation.population.map(|it| w.number(it.into()))),
        (w.organisation_sector(), organisation.sector.map(|it| w.sector(it).to_owned())),
    ];
    facts.extend(optional.into_iter().filter_map(|(label, value)| Some((label, value?))));
    facts.push((w.organisation_criticality(), w.criticality(organisation.criticality).to_owned()));
    if !organisation.aliases.is_empty() {
        facts.push((w.organisation_aliases(), organisation.aliases.join(", ")));
    }
    facts
}

impl Called {
    fn of(contact: &Contact, w: Words) -> Self {
        let channels = contact.channels.iter().map(|channel| match channel {
            Channel::Email(at) => (w.channel_email(), at.clone()),
            Channel::Pec(at) => (w.channel_pec(), at.clone()),
            Channel::Phone(at) => (w.channel_phone(), at.clone()),
            Channel::Web(at) => (w.channel_web(), at.clone()),
        });
        Self {
            id: contact.id.to_string(),
            role: contact.role.clone(),
            name: contact.name.clone(),
            phone: contact.phone_24h.clone(),
            channels: channels.collect(),
            substitute: contact.substitute.as_ref().map(ToString::to_string),
            verified: contact.last_verified.map(|day| day.to_string()),
        }
    }
}

impl Owned {
    fn of(asset: &Asset, w: Words) -> Self {
        let (kind, value) = match &asset.what {
            AssetValue::Domain(it) => (w.asset_domain(), it.clone()),
            AssetValue::Network(it) => (w.asset_network(), it.clone()),
            AssetValue::Asn(it) => (w.asset_asn(), it.to_string()),
            AssetValue::MailDomain(it) => (w.asset_mail(), it.clone()),
            AssetValue::Product(it) => (w.asset_product(), it.clone()),
            AssetValue::Service(it) => (w.asset_service(), it.clone()),
            AssetValue::Supplier(it) => (w.asset_supplier(), it.clone()),
        };
        Self { id: asset.id.to_string(), kind, value, note: asset.note.clone() }
    }
}
