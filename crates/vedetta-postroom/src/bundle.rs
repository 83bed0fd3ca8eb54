//! A campaign as items: its indicators, itself, and a report on the lure with a redacted sample.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_intake::written::marking;
use vedetta_mail::{Brands, Desk, Evidence, Indicator, Sample, Sought, indicators};
use vedetta_model::{Instant, ItemId, OrganisationId, Tlp};

use crate::campaign::Campaign;

/// The namespace of what is made of campaigns (UUIDv5).
const MADE: Uuid = Uuid::from_u128(0x0a52_6d3f_7f1e_5a4c_9b1d_3c8e_44d0_97b1);

/// The indicators of a message, without what tells who received it: a link that carries the
/// recipient's address is cut before it.
pub(crate) fn shareable(
    evidence: &Evidence,
    brands: &Brands,
    (own_domains, receivers): (&[String], &[String]),
) -> Vec<Indicator> {
    let desk = Desk { brands, own_domains, receivers, ..Desk::shipped() };
    let mut telling: Vec<String> = Vec::new();
    for mailbox in &evidence.to {
        let address = mailbox.address.to_lowercase();
        let local = address.split('@').next().unwrap_or_default();
        telling.extend([
            STANDARD.encode(&address).trim_end_matches('=').to_lowercase(),
            URL_SAFE_NO_PAD.encode(&address).to_lowercase(),
        ]);
        if local.len() > 3 {
            telling.push(local.to_owned());
        }
    }
    let tells = |text: &str| {
        let lower = text.to_lowercase();
        lower.contains('@')
            || lower.contains("%40")
            || telling.iter().any(|word| !word.is_empty() && lower.contains(word))
    };
    let received = |value: &str| evidence.to.iter().any(|to| to.address == value);
    let clean = |mut indicator: Indicator| {
        if indicator.kind == Sought::Address && received(&indicator.value) {
            return None;
        }
        if indicator.kind == Sought::Url {
            let cut = indicator.value.find(['?', '#']).unwrap_or(indicator.value.len());
            let (before, after) = indicator.value.split_at(cut);
            if tells(before) {
                return None;
            }
            if tells(after) {
                indicator.value = before.to_owned();
            }
        }
        Some(indicator)
    };
    let mut found: Vec<Indicator> =
        indicators(evidence, &desk).into_iter().filter_map(clean).collect();
    found.sort();
    found.dedup();
    found
}

/// The items of a campaign as a STIX bundle. `at` is the moment of release.
pub(crate) fn of(
    (campaign, sample): (&Campaign, Option<&Sample>),
    (own, tlp): (&OrganisationId, Tlp),
    reports: usize,
    at: Instant,
) -> (Vec<ItemId>, String) {
    let frame = Frame { campaign, own: own.identity(), marking: marking(tlp), at: millis(at) };
    let mut objects = Vec::new();
    let name = sample.map_or("", |sample| sample.subject.as_str());
    let name: String = name.chars().take(120).collect();
    let itself = itself(campaign);
    objects.push(frame.object(&itself, json!({
        "type": "campaign",
        "name": if name.is_empty() { "phishing".to_owned() } else { format!("phishing: {name}") },
        "first_seen": millis(campaign.since),
    })));
    for (indicator, pattern) in patterns(campaign) {
        let id = made(campaign, "indicator", &pattern);
        objects.push(frame.object(
            &id,
            json!({
                "type": "indicator",
                "name": indicator.value,
                "indicator_types": ["malicious-activity"],
                "pattern": pattern,
                "pattern_type": "stix",
                "valid_from": millis(campaign.since),
            }),
        ));
        let relation = made(campaign, "relationship", &pattern);
        objects.push(frame.object(
            &relation,
            json!({
                "type": "relationship",
                "relationship_type": "indicates",
                "source_ref": id,
                "target_ref": itself,
            }),
        ));
    }
    let refs: Vec<String> =
        objects.iter().filter_map(|object| Some(object.get("id")?.as_str()?.to_owned())).collect();
    let report = made(campaign, "report", "report");
    objects.push(frame.object(&report, json!({
        "type": "report",
        "name": if name.is_empty() { "Phishing".to_owned() } else { format!("Phishing: {name}") },
        "description": description(&campaign.id, sample, reports),
        "report_types": ["campaign"],
        "published": millis(at),
        "object_refs": refs,
    })));
    let ids = objects.iter().filter_map(|object| ItemId::new(object.get("id")?.as_str()?).ok());
    let ids = ids.collect();
    let id = format!("bundle--{}", Uuid::new_v5(&MADE, frame.at.as_bytes()));
    (ids, json!({ "type": "bundle", "id": id, "objects": objects }).to_string())
}

/// How many indicators of a campaign others can look for.
pub(crate) fn count(campaign: &Campaign) -> usize {
    patterns(campaign).count()
}

/// What the items of a campaign are called.
pub(crate) fn names(campaign: &Campaign) -> impl Iterator<Item = ItemId> {
    let of_pattern = |(_, pattern): (&Indicator, String)| {
        ["indicator", "relationship"].map(|kind| made(campaign, kind, &pattern))
    };
    let ends = [itself(campaign), made(campaign, "report", "report")];
    ends.into_iter().chain(patterns(campaign).flat_map(of_pattern))
}

/// The identifier of the campaign among its items.
fn itself(campaign: &Campaign) -> ItemId {
    match campaign.withdrawn {
        0 => campaign.id.clone(),
        _ => made(campaign, "campaign", ""),
    }
}

/// An identifier that is the same however often the campaign is released, until it is withdrawn.
fn made(campaign: &Campaign, kind: &str, of: &str) -> ItemId {
    let mut text = match campaign.withdrawn {
        0 => format!("{} {kind} {of}", campaign.id),
        times => format!("{} {times} {kind} {of}", campaign.id),
    };
    loop {
        let id = ItemId::of(kind, Uuid::new_v5(&MADE, text.as_bytes()));
        if !campaign.retired.contains(&id) {
            return id;
        }
        text.push_str(" again");
    }
}

struct Frame<'a> {
    campaign: &'a Campaign,
    own: ItemId,
    marking: String,
    at: String,
}

impl Frame<'_> {
    fn object(&self, id: &ItemId, own: Value) -> Value {
        let mut object = json!({
            "spec_version": "2.1",
            "id": id,
            "created_by_ref": self.own,
            "created": millis(self.campaign.since),
            "modified": self.at,
            "object_marking_refs": [self.marking],
        });
        if let (Value::Object(all), Value::Object(own)) = (&mut object, own) {
            all.extend(own);
        }
        object
    }
}

/// The patterns of what others can look for. The host that a message came from is often everybody's,
/// and accounts are nothing that a STIX pattern can say.
fn patterns(campaign: &Campaign) -> impl Iterator<Item = (&Indicator, String)> {
    campaign.indicators.iter().filter_map(|indicator| {
        let value = indicator.value.replace('\\', "\\\\").replace('\'', "\\'");
        let path = match indicator.kind {
            Sought::Domain => "domain-name:value",
            Sought::Url => "url:value",
            Sought::Address => "email-message:from_ref.value",
            Sought::File => "file:hashes.'SHA-256'",
            Sought::Ip | Sought::Account => return None,
        };
        Some((indicator, format!("[{path} = '{value}']")))
    })
}

fn description(campaign: &ItemId, sample: Option<&Sample>, reports: usize) -> String {
    let mut text = format!(
        "Campagna di posta ingannevole segnalata {reports} volte. Chi l'ha ricevuta la inoltri come allegato alla \
         casella delle segnalazioni; chi ha aperto i collegamenti o gli allegati avvisi la sala operativa.\n\n\
         Vi è arrivata? Il referente lo dice alla sala, anche se la risposta è no: nella pagina delle domande sulla \
         posta (/mail/questions) o nelle note della presa visione; un programma, con POST /api/v1/mail/questions/{campaign}.\n"
    );
    if let Some(sample) = sample {
        let mut line = |title: &str, value: &str| {
            if !value.is_empty() {
                text.push_str(&format!("\n{title}: {value}"));
            }
        };
        line("Mittente", &sample.from);
        line("Oggetto", &sample.subject);
        line("Collegamenti", &sample.links.join(" "));
        line("Allegati", &sample.files.join(", "));
        line("Testo", &sample.text);
    }
    text
}

/// A moment as STIX likes it.
fn millis(at: Instant) -> String {
    let text = at.to_string();
    text.strip_suffix("Z")
        .and_then(|text| text.get(..text.len().saturating_sub(3)))
        .map_or_else(|| text.clone(), |text| format!("{text}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vedetta_mail::Limits;

    #[test]
    fn a_link_that_tells_its_recipient_is_cut_or_left_out() {
        let coded = STANDARD.encode("ada.bianchi@comune.example");
        let letter = format!(
            "From: x <x@lure.invalid>\r\nTo: ada.bianchi@comune.example\r\nSubject: s\r\n\r\n\
             http://192.0.2.1/p?e=ada.bianchi@comune.example http://192.0.2.2/{coded} \
             http://192.0.2.3/q#{coded} http://192.0.2.4/r?id=7 http://192.0.2.5/ada.bianchi"
        );
        let evidence = Evidence::read(letter.as_bytes(), &Limits::default());
        let found = shareable(&evidence, Brands::shipped(), (&[], &[]));
        let urls: Vec<&str> =
            found.iter().filter(|it| it.kind == Sought::Url).map(|it| it.value.as_str()).collect();
        assert_eq!(urls, ["http://192.0.2.1/p", "http://192.0.2.3/q", "http://192.0.2.4/r?id=7"]);
    }
}
