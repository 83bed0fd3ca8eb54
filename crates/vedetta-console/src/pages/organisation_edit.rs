//! Changing the directory: an organisation, a contact, an asset.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_directory::directory::Records;
use vedetta_frame::console::Console;
use vedetta_frame::fields::{Field, FieldKind, code};
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::{SECTORS, named};
use vedetta_frame::refused::whole;
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::{Asset, AssetId, Contact, ContactId, Organisation, OrganisationId};
use vedetta_words::Words;

use super::edit_seen::{put_record, seen};
use super::organisation::unknown;

#[derive(Template)]
#[template(path = "record_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    back: (String, String),
    address: String,
    fields: Vec<Field>,
    saw: String,
    removal: Option<String>,
}

/// Which record is edited.
#[derive(Clone, PartialEq, Eq)]
enum Of {
    Organisation(Option<OrganisationId>),
    Contact(OrganisationId, Option<ContactId>),
    Asset(OrganisationId, Option<AssetId>),
}

const KINDS: [OrganisationKind; 11] = super::directory::KINDS;
const CRITICALITIES: [Criticality; 3] =
    [Criticality::None, Criticality::Regional, Criticality::National];
const ASSETS: [&str; 7] =
    ["domain", "network", "asn", "mail-domain", "product", "service", "supplier"];

pub(super) async fn fresh(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    show(&console, &signed, &Of::Organisation(None))
}

pub(super) async fn edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&console, &signed, &Of::Organisation(Some(named(&id)?)))
}

pub(super) async fn contact(
    State(console): State<Console>,
    signed: Signed,
    Path((id, contact)): Path<(String, String)>,
) -> Result<Response, Problem> {
    show(&console, &signed, &Of::contact(&id, &contact)?)
}

pub(super) async fn asset(
    State(console): State<Console>,
    signed: Signed,
    Path((id, asset)): Path<(String, String)>,
) -> Result<Response, Problem> {
    show(&console, &signed, &Of::asset(&id, &asset)?)
}

pub(super) async fn save_fresh(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, &sent, Of::Organisation(None)).await
}

pub(super) async fn save_edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, &sent, Of::Organisation(Some(named(&id)?))).await
}

pub(super) async fn save_contact(
    State(console): State<Console>,
    signed: Signed,
    Path((id, contact)): Path<(String, String)>,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, &sent, Of::contact(&id, &contact)?).await
}

pub(super) async fn save_asset(
    State(console): State<Console>,
    signed: Signed,
    Path((id, asset)): Path<(String, String)>,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, &sent, Of::asset(&id, &asset)?).await
}

fn show(console: &Console, signed: &Signed, of: &Of) -> Result<Response, Problem> {
    page(&Edit::of(console, signed, of, None)?)
}

async fn save(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    of: Of,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    if sent.given("removal").is_some() {
        return remove(console, signed, sent, of).await;
    }
    let (records, to) = match read(w, sent, &of) {
        Ok(read) => read,
        Err(fault) => return again(console, signed, sent, (&of, Kind::Invalid, fault)),
    };
    let saw = sent.text(SEEN).to_owned();
    let act = async {
        console.ask(move |house| put_record(house, &actor, records, &saw)).await?;
        Ok::<_, Problem>(Done::to(format!("/directory/{to}")).said(Said::Saved))
    };
    match console.sent().once(&signed.person, sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if matches!(problem.kind, Kind::Conflict | Kind::Invalid) => {
            again(console, signed, sent, (&of, problem.kind, whole(w, &problem)))
        }
        Err(problem) => Err(problem),
    }
}

async fn remove(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    of: Of,
) -> Result<Response, Problem> {
    let (w, actor, gone) = (signed.words(), signed.actor(), of.clone());
    let to = match &of {
        Of::Organisation(_) => "/directory".to_owned(),
        Of::Contact(owner, _) | Of::Asset(owner, _) => format!("/directory/{owner}"),
    };
    let act = async {
        console
            .ask(move |house| match &gone {
                Of::Organisation(Some(id)) => house.remove_organisation(&actor, id),
                Of::Contact(_, Some(id)) => house.remove_contact(&actor, id),
                Of::Asset(_, Some(id)) => house.remove_asset(&actor, id),
                _ => Ok(()),
            })
            .await?;
        Ok::<_, Problem>(Done::to(to).said(Said::Removed))
    };
    match console.sent().once(&signed.person, sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if problem.kind == Kind::Conflict => {
            again(console, signed, sent, (&of, problem.kind, whole(w, &problem)))
        }
        Err(problem) => Err(problem),
    }
}

/// The form with what was typed, and why it was refused. It knows what stands now: saving it again
/// means it.
fn again(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    (of, kind, fault): (&Of, Kind, String),
) -> Result<Response, Problem> {
    let mut edit = Edit::of(console, signed, of, Some(sent))?;
    edit.fault = Some(fault);
    page_with(vedetta_frame::refused::refusal_status(kind), &edit)
}

impl Of {
    fn contact(id: &str, contact: &str) -> Result<Self, Problem> {
        let known = match contact {
            "new" => None,
            id => {
                Some(ContactId::new(id).map_err(|it| Problem::new(Kind::Unknown, it.to_string()))?)
            }
        };
        Ok(Self::Contact(named(id)?, known))
    }

    fn asset(id: &str, asset: &str) -> Result<Self, Problem> {
        let known = match asset {
            "new" => None,
            id => Some(AssetId::new(id).map_err(|it| Problem::new(Kind::Unknown, it.to_string()))?),
        };
        Ok(Self::Asset(named(id)?, known))
    }
}

impl Edit {
    /// The form of a record as it stands, or as it was typed.
    fn of(
        console: &Console,
        signed: &Signed,
        of: &Of,
        typed: Option<&Sent>,
    ) -> Result<Self, Problem> {
        let (w, standing) = (signed.words(), console.house().standing());
        let directory = &standing.directory;
        let gone = || Problem::new(Kind::Unknown, "there is no such record; it may be gone");
        let owner = |id: &OrganisationId| {
            let known = directory.organisation(id).ok_or_else(|| unknown(id))?;
            Ok::<_, Problem>((format!("/directory/{id}"), known.name.clone()))
        };
        let (title, back, address, mut fields, saw, there) = match of {
            Of::Organisation(id) => {
                let now =
                    id.as_ref().map(|id| directory.organisation(id).ok_or_else(|| unknown(id)));
                let now = now.transpose()?;
                let (back, address) = match id {
                    Some(id) => (owner(id)?, format!("/directory/{id}/edit")),
                    None => (
                        ("/directory".into(), w.directory_title().to_owned()),
                        "/directory/new".to_owned(),
                    ),
                };
                let title = if id.is_some() { w.organisation_edit() } else { w.directory_new() };
                (title, back, address, organisation_fields(w, now), now.map(seen), id.is_some())
            }
            Of::Contact(of, id) => {
                let now =
                    id.as_ref().map(|id| directory.contact(id).ok_or_else(gone)).transpose()?;
                let last = id.as_ref().map_or("new", ContactId::as_str);
                let address = format!("/directory/{of}/contacts/{last}");
                let fields = contact_fields(w, now);
                (w.contact_edit(), owner(of)?, address, fields, now.map(seen), id.is_some())
            }
            Of::Asset(of, id) => {
                let now = id.as_ref().map(|id| directory.asset(id).ok_or_else(gone)).transpose()?;
                let last = id.as_ref().map_or("new", AssetId::as_str);
                let address = format!("/directory/{of}/assets/{last}");
                let fields = asset_fields(w, now);
                (w.asset_edit(), owner(of)?, address, fields, now.map(seen), id.is_some())
            }
        };
        if let Some(sent) = typed {
            fields.iter_mut().for_each(|field| field.retype(sent));
        }
        Ok(Self {
            frame: Frame::of(console, &signed.visit, title, Section::Network),
            fault: None,
            back,
            removal: there.then(|| address.clone()),
            address,
            fields,
            saw: saw.unwrap_or_default(),
        })
    }
}

/// The identifier: chosen once, then fixed.
fn identifier(w: Words, value: Option<&str>) -> Field {
    let field = Field::line("id", w.organisation_id(), value.unwrap_or_default());
    match value {
        Some(_) => Field { kind: FieldKind::Fixed, ..field },
        None => field.required().hint(w.id_hint()),
    }
}

fn organisation_fields(w: Words, now: Option<&Organisation>) -> Vec<Field> {
    let text = |of: fn(&Organisation) -> Option<String>| now.and_then(of).unwrap_or_default();
    let kinds = KINDS.map(|kind| (code(kind), w.kind(kind)));
    let none = (String::new(), w.none());
    let sectors = SECTORS.map(|sector| (code(sector), w.sector(sector)));
    let criticalities = CRITICALITIES.map(|it| (code(it), w.criticality(it)));
    let kind = now.map_or_else(|| code(OrganisationKind::Municipality), |it| code(it.kind));
    vec![
        identifier(w, now.map(|it| it.id.as_str())),
        Field::line("name", w.organisation_name(), text(|it| Some(it.name.clone()))).required(),
        Field::line("aliases", w.organisation_aliases(), text(|it| Some(it.aliases.join("\n"))))
            .lines()
            .hint(w.one_a_line()),
        Field::line("kind", w.organisation_kind(), kind).of(kinds),
        Field::line(
            "parent",
            w.organisation_parent(),
            text(|it| it.parent.as_ref().map(ToString::to_string)),
        )
        .hint(w.organisation_hint()),
        Field::line("region", w.organisation_region(), text(|it| it.region.clone())),
        Field::line("province", w.organisation_province(), text(|it| it.province.clone())),
        Field::line(
            "population",
            w.organisation_people(),
            text(|it| it.population.map(|it| it.to_string())),
        ),
        Field::line("sector", w.organisation_sector(), text(|it| it.sector.map(code)))
            .of(std::iter::once(none).chain(sectors)),
        Field::line(
            "criticality",
            w.organisation_criticality(),
            now.map_or_else(|| code(Criticality::None), |it| code(it.criticality)),
        )
        .of(criticalities),
    ]
}

fn contact_fields(w: Words, now: Option<&Contact>) -> Vec<Field> {
    let channel = |wanted: fn(&Channel) -> Option<&String>| {
        let found = now.and_then(|it| it.channels.iter().find_map(wanted));
        found.cloned().unwrap_or_default()
    };
    let email = channel(|it| if let Channel::Email(at) = it { Some(at) } else { None });
    let pec = channel(|it| if let Channel::Pec(at) = it { Some(at) } else { None });
    let phone = channel(|it| if let Channel::Phone(at) = it { Some(at) } else { None });
    let text = |of: fn(&Contact) -> Option<String>| now.and_then(of).unwrap_or_default();
    vec![
        identifier(w, now.map(|it| it.id.as_str())),
        Field::line("name", w.organisation_name(), text(|it| Some(it.name.clone()))).required(),
        Field::line("role", w.contact_role(), text(|it| Some(it.role.clone()))).required(),
        Field::line("phone_24h", w.contact_phone_24h(), text(|it| it.phone_24h.clone())),
        Field::line("email", w.channel_email(), email),
        Field::line("pec", w.channel_pec(), pec),
        Field::line("phone", w.channel_phone(), phone),
        Field::line(
            "substitute",
            w.contact_substitute(),
            text(|it| it.substitute.as_ref().map(ToString::to_string)),
        ),
        Field::line(
            "last_verified",
            w.contact_verified(),
            text(|it| it.last_verified.map(|day| day.to_string())),
        )
        .hint(w.date_hint()),
    ]
}

fn asset_fields(w: Words, now: Option<&Asset>) -> Vec<Field> {
    let (kind, value) = now.map_or(("domain", String::new()), |it| match &it.what {
        AssetValue::Domain(it) => ("domain", it.clone()),
        AssetValue::Network(it) => ("network", it.clone()),
        AssetValue::Asn(it) => ("asn", it.to_string()),
        AssetValue::MailDomain(it) => ("mail-domain", it.clone()),
        AssetValue::Product(it) => ("product", it.clone()),
        AssetValue::Service(it) => ("service", it.clone()),
        AssetValue::Supplier(it) => ("supplier", it.clone()),
    });
    let labels = [
        w.asset_domain(),
        w.asset_network(),
        w.asset_asn(),
        w.asset_mail(),
        w.asset_product(),
        w.asset_service(),
        w.asset_supplier(),
    ];
    let kinds = ASSETS.into_iter().map(str::to_owned).zip(labels);
    let note = now.and_then(|it| it.note.clone()).unwrap_or_default();
    vec![
        identifier(w, now.map(|it| it.id.as_str())),
        Field::line("kind", w.asset_kind(), kind).of(kinds),
        Field::line("value", w.asset_value(), value).required(),
        Field::line("note", w.asset_note(), note),
    ]
}

/// The record that a form describes, and whose page to go to.
fn read(w: Words, sent: &Sent, of: &Of) -> Result<(Records, OrganisationId), String> {
    let mut value = serde_json::Map::new();
    let mut put = |name: &str, given: serde_json::Value| {
        value.insert(name.into(), given);
    };
    let text = |name: &str| sent.given(name).map(str::to_owned);
    match of {
        Of::Organisation(id) => {
            let known = id.as_ref().map(ToString::to_string);
            put("id", known.or_else(|| text("id")).unwrap_or_default().into());
            put("name", text("name").unwrap_or_default().into());
            for name in ["parent", "region", "province", "sector", "kind", "criticality"] {
                text(name).into_iter().for_each(|it| put(name, it.into()));
            }
            if let Some(people) = text("population") {
                let digits: String = people.chars().filter(char::is_ascii_digit).collect();
                put("population", digits.parse::<u32>().map_err(|_| w.people_wrong())?.into());
            }
            let aliases = sent.text("aliases").lines().map(str::trim).filter(|it| !it.is_empty());
            put("aliases", aliases.collect::<Vec<_>>().into());
            let it: Organisation =
                serde_json::from_value(value.into()).map_err(|error| error.to_string())?;
            let to = it.id.clone();
            Ok((Records { organisations: vec![it], ..Records::default() }, to))
        }
        Of::Contact(owner, id) => {
            let known = id.as_ref().map(ToString::to_string);
            put("id", known.or_else(|| text("id")).unwrap_or_default().into());
            put("organisation", owner.as_str().into());
            for name in ["name", "role"] {
                put(name, text(name).unwrap_or_default().into());
            }
            for name in ["phone_24h", "substitute", "last_verified"] {
                text(name).into_iter().for_each(|it| put(name, it.into()));
            }
            let channels = ["email", "pec", "phone"]
                .into_iter()
                .filter_map(|by| Some(serde_json::json!({ "by": by, "at": text(by)? })));
            put("channels", channels.collect::<Vec<_>>().into());
            let it: Contact =
                serde_json::from_value(value.into()).map_err(|error| error.to_string())?;
            Ok((Records { contacts: vec![it], ..Records::default() }, owner.clone()))
        }
        Of::Asset(owner, id) => {
            let known = id.as_ref().map(ToString::to_string);
            put("id", known.or_else(|| text("id")).unwrap_or_default().into());
            put("organisation", owner.as_str().into());
            put("kind", text("kind").unwrap_or_default().into());
            let given = text("value").unwrap_or_default();
            match sent.text("kind") {
                "asn" => {
                    let digits = given.trim_start_matches(['A', 'a', 'S', 's']);
                    put("value", digits.parse::<u32>().map_err(|_| w.asn_wrong())?.into());
                }
                _ => put("value", given.into()),
            }
            text("note").into_iter().for_each(|it| put("note", it.into()));
            let it: Asset =
                serde_json::from_value(value.into()).map_err(|error| error.to_string())?;
            Ok((Records { assets: vec![it], ..Records::default() }, owner.clone()))
        }
    }
}
