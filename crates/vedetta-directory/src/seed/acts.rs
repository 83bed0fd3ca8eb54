//! The agreements of the network: those written, and those that follow from the tables.

use vedetta_model::agreement::{Adhesion, Duties, HandlingTerms};
use vedetta_model::id::IdError;
use vedetta_model::{Agreement, AgreementId, Organisation, OrganisationId};

use super::rows::{Centre, Section};
use super::{SeedError, adheres, desk};

macro_rules! act {
    ($file:literal) => {
        ($file, include_str!(concat!("../../../../seed/italy/agreements/", $file)))
    };
}

/// Written once and in force as they are; parents before children.
const ACTS: [(&str, &str); 9] = [
    act!("polizia-postale.toml"),
    act!("pro-c2si.toml"),
    act!("pro-c2si-umbria.toml"),
    act!("pro-c2si-liguria.toml"),
    act!("cnaipic-operators.toml"),
    act!("cnaipic-operators-reports.toml"),
    act!("acn-cnaipic.toml"),
    act!("ipzs-carabinieri.toml"),
    act!("ipzs-guardia-di-finanza.toml"),
];

/// Written once, bound for each regional centre.
const REPORTS: (&str, &str) = act!("pro-c2si-reports.toml");

/// The party of PRO-C2SI and its acts to which municipalities adhere.
const MUNICIPALITIES: &str = "municipalities";

pub(super) fn all(
    centres: &[Centre],
    sections: &[Section],
    organisations: &[Organisation],
) -> Result<Vec<Agreement>, SeedError> {
    let mut acts = ACTS.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let reports = read(REPORTS)?;
    for centre in centres {
        let own = sections.iter().filter(|section| section.centre == centre.centre);
        acts.push(reports_to(&reports, centre, own)?);
    }
    let written = acts.len();
    for municipality in organisations.iter().filter(|organisation| adheres(organisation)) {
        let regional = format!("pro-c2si-{}", municipality.region.as_deref().unwrap_or_default());
        let regional = regional.to_lowercase();
        let find = |id: &str| acts[..written].iter().find(|act| act.id.as_str() == id);
        if let Some(parent) = find(&regional).or_else(|| find("pro-c2si")) {
            acts.push(adhesion(parent, municipality)?);
        }
    }
    Ok(acts)
}

fn read((file, text): (&'static str, &str)) -> Result<Agreement, SeedError> {
    toml::from_str(text).map_err(|error| SeedError::Agreement { file, error: Box::new(error) })
}

/// The act under which the municipalities that a centre serves report to it.
fn reports_to<'a>(
    written: &Agreement,
    centre: &Centre,
    sections: impl Iterator<Item = &'a Section>,
) -> Result<Agreement, IdError> {
    let mut act = written.clone();
    let id = OrganisationId::new(&centre.centre)?;
    let place = centre.centre.trim_start_matches("cosc-");
    act.id = AgreementId::new(&format!("{}-{place}", written.id))?;
    act.title = format!("{}, {}", written.title, centre.name);
    let sections = sections.map(|section| OrganisationId::new(&section.section));
    let sections = sections.collect::<Result<_, _>>()?;
    for party in &mut act.parties {
        match party.name.as_str() {
            "centres" => {
                party.contacts.push(desk(&id)?);
                party.organisations.insert(id.clone());
            }
            "sections" => party.organisations.clone_from(&sections),
            _ => {
                let provinces = centre.competence.split(' ').map(Into::into).collect();
                party.select.get_or_insert_default().provinces = provinces;
            }
        }
    }
    Ok(act)
}

fn adhesion(parent: &Agreement, municipality: &Organisation) -> Result<Agreement, IdError> {
    Ok(Agreement {
        id: AgreementId::new(&format!("adhesion-{}", municipality.id))?,
        title: format!("Adesione del {}", municipality.name),
        parent: Some(parent.id.clone()),
        succeeds: None,
        stage: parent.stage.clone(),
        term: parent.term,
        adhesion: Some(Adhesion {
            party: MUNICIPALITIES.into(),
            organisation: municipality.id.clone(),
        }),
        parties: Vec::new(),
        handling: HandlingTerms::default(),
        duties: Duties::default(),
        raci: Vec::new(),
        systems: Vec::new(),
        mail: None,
    })
}
