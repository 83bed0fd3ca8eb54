//! The names of kinds, roles, doors and markings.

use vedetta_flow::{Door, EntryKind};
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Language, Role};

use crate::Words;

crate::words! {
    pap_clear: "usabile senza limiti" / "use without limit",
    pap_green: "azioni visibili consentite: bloccare, interrogare" / "visible actions allowed: block, query",
    pap_amber: "solo riscontri passivi, nulla che l'attaccante veda" / "passive checks only, nothing that the attacker sees",
    pap_red: "solo consultazione interna" / "internal reading only",
    role_administrator: "Amministratore" / "Administrator",
    role_duty_officer: "Operatore di turno" / "Duty officer",
    role_analyst: "Analista" / "Analyst",
    role_liaison: "Referente" / "Liaison",
    role_auditor: "Revisore" / "Auditor",
    role_machine: "Macchina" / "Machine",
    kind_national_centre: "Centro nazionale" / "National centre",
    kind_regional_centre: "Centro regionale" / "Regional centre",
    kind_section: "Sezione" / "Section",
    kind_agency: "Agenzia" / "Agency",
    kind_association: "Associazione" / "Association",
    kind_municipality: "Comune" / "Municipality",
    kind_province: "Provincia" / "Province",
    kind_region: "Regione" / "Region",
    kind_administration: "Amministrazione" / "Administration",
    kind_operator: "Operatore" / "Operator",
    kind_partner: "Partner" / "Partner",
    kinds_national_centre: "Centri nazionali" / "National centres",
    kinds_regional_centre: "Centri regionali" / "Regional centres",
    kinds_section: "Sezioni" / "Sections",
    kinds_agency: "Agenzie" / "Agencies",
    kinds_association: "Associazioni" / "Associations",
    kinds_municipality: "Comuni" / "Municipalities",
    kinds_province: "Province" / "Provinces",
    kinds_region: "Regioni" / "Regions",
    kinds_administration: "Amministrazioni" / "Administrations",
    kinds_operator: "Operatori" / "Operators",
    kinds_partner: "Partner" / "Partners",
    door_taxii: "TAXII" / "TAXII",
    door_stream: "flusso in tempo reale" / "live stream",
    door_feed: "elenco scaricato" / "feed",
    door_webhook: "chiamata webhook" / "webhook",
    door_api: "interfaccia JSON" / "JSON interface",
    door_peer: "altro nodo" / "another node",
    door_console: "pagina della sala" / "page",
    stix_indicator: "Indicatore" / "Indicator",
    stix_incident: "Incidente" / "Incident",
    stix_report: "Rapporto o allerta precoce" / "Report or warning",
    stix_plain_report: "Rapporto" / "Report",
    stix_warning: "Allerta precoce" / "Warning",
    stix_malware: "Malware" / "Malware",
    stix_vulnerability: "Vulnerabilità" / "Vulnerability",
    stix_attack_pattern: "Tecnica d'attacco" / "Attack pattern",
    stix_campaign: "Campagna" / "Campaign",
    stix_intrusion_set: "Gruppo" / "Intrusion set",
    stix_threat_actor: "Attore" / "Threat actor",
    stix_course_of_action: "Contromisura" / "Course of action",
    stix_sighting: "Avvistamento" / "Sighting",
    stix_note: "Nota" / "Note",
    stix_observed: "Dato osservato" / "Observed data",
    stix_relationship: "Relazione" / "Relationship",
    stix_tool: "Strumento" / "Tool",
    stix_infrastructure: "Infrastruttura" / "Infrastructure",
    stix_identity: "Identità" / "Identity",
    stix_location: "Luogo" / "Location",
    stix_grouping: "Raccolta" / "Grouping",
    stix_malware_analysis: "Analisi di malware" / "Malware analysis",
    stix_other: "Altro oggetto" / "Other object",
}

impl Words {
    /// What happened, of an entry of the ledger.
    pub const fn entry(self, kind: EntryKind) -> &'static str {
        match kind {
            EntryKind::Item => self.entry_item(),
            EntryKind::Rerelease => self.entry_rerelease(),
            EntryKind::Withdrawn => self.entry_withdrawn(),
            EntryKind::Put => self.entry_put(),
            EntryKind::Removed => self.entry_removed(),
            EntryKind::Clearance => self.entry_clearance(),
            EntryKind::Delivered => self.entry_delivered(),
            EntryKind::Acknowledged => self.entry_acknowledged(),
            EntryKind::Deed => self.entry_deed(),
            EntryKind::Numbered => self.entry_numbered(),
            EntryKind::SetAside => self.entry_set_aside(),
        }
    }

    /// The role in words.
    pub const fn role(self, role: Role) -> &'static str {
        match role {
            Role::Administrator => self.role_administrator(),
            Role::DutyOfficer => self.role_duty_officer(),
            Role::Analyst => self.role_analyst(),
            Role::Liaison => self.role_liaison(),
            Role::Auditor => self.role_auditor(),
            Role::Machine => self.role_machine(),
        }
    }

    /// The kind in words.
    pub const fn kind(self, kind: OrganisationKind) -> &'static str {
        match kind {
            OrganisationKind::NationalCentre => self.kind_national_centre(),
            OrganisationKind::RegionalCentre => self.kind_regional_centre(),
            OrganisationKind::Section => self.kind_section(),
            OrganisationKind::Agency => self.kind_agency(),
            OrganisationKind::Association => self.kind_association(),
            OrganisationKind::Municipality => self.kind_municipality(),
            OrganisationKind::Province => self.kind_province(),
            OrganisationKind::Region => self.kind_region(),
            OrganisationKind::Administration => self.kind_administration(),
            OrganisationKind::Operator => self.kind_operator(),
            OrganisationKind::Partner => self.kind_partner(),
        }
    }

    /// All organisations of a kind.
    pub const fn kinds(self, kind: OrganisationKind) -> &'static str {
        match kind {
            OrganisationKind::NationalCentre => self.kinds_national_centre(),
            OrganisationKind::RegionalCentre => self.kinds_regional_centre(),
            OrganisationKind::Section => self.kinds_section(),
            OrganisationKind::Agency => self.kinds_agency(),
            OrganisationKind::Association => self.kinds_association(),
            OrganisationKind::Municipality => self.kinds_municipality(),
            OrganisationKind::Province => self.kinds_province(),
            OrganisationKind::Region => self.kinds_region(),
            OrganisationKind::Administration => self.kinds_administration(),
            OrganisationKind::Operator => self.kinds_operator(),
            OrganisationKind::Partner => self.kinds_partner(),
        }
    }

    /// What a value of an exchange policy means; one that is not of IEP 2.0 as it is.
    pub fn exchange(self, value: &str) -> &str {
        match value {
            "must" => self.iep_must(),
            "may" => self.iep_may(),
            "must not" => self.iep_must_not(),
            "none" => self.iep_none(),
            "contact for instruction" => self.iep_contact(),
            "internally visible actions" => self.iep_internal(),
            "externally visible indirect actions" => self.iep_indirect(),
            "externally visible direct actions" => self.iep_direct(),
            _ => value,
        }
    }

    /// The door in words.
    pub const fn door(self, door: Door) -> &'static str {
        match door {
            Door::Taxii => self.door_taxii(),
            Door::Stream => self.door_stream(),
            Door::Feed => self.door_feed(),
            Door::Webhook => self.door_webhook(),
            Door::Api => self.door_api(),
            Door::Peer => self.door_peer(),
            Door::Console => self.door_console(),
        }
    }

    /// A type of STIX in people's words.
    pub fn stix_kind(self, kind: &str) -> &'static str {
        match kind {
            "indicator" => self.stix_indicator(),
            "incident" => self.stix_incident(),
            "report" => self.stix_report(),
            "malware" => self.stix_malware(),
            "malware-analysis" => self.stix_malware_analysis(),
            "tool" => self.stix_tool(),
            "infrastructure" => self.stix_infrastructure(),
            "identity" => self.stix_identity(),
            "location" => self.stix_location(),
            "grouping" => self.stix_grouping(),
            "vulnerability" => self.stix_vulnerability(),
            "attack-pattern" => self.stix_attack_pattern(),
            "campaign" => self.stix_campaign(),
            "intrusion-set" => self.stix_intrusion_set(),
            "threat-actor" => self.stix_threat_actor(),
            "course-of-action" => self.stix_course_of_action(),
            "sighting" => self.stix_sighting(),
            "note" | "opinion" => self.stix_note(),
            "observed-data" => self.stix_observed(),
            "relationship" => self.stix_relationship(),
            _ => self.stix_other(),
        }
    }

    /// How one object of STIX relates to another, in people's words; a word of somebody's own as it is.
    #[must_use]
    pub fn relation(self, how: &str) -> String {
        let italian = RELATIONS.binary_search_by_key(&how, |(it, _)| it).ok();
        match (self.0, italian.and_then(|at| RELATIONS.get(at))) {
            (Language::It, Some((_, said))) => (*said).to_owned(),
            _ => how.replace('-', " "),
        }
    }
}

/// The relations of STIX 2.1 in Italian.
const RELATIONS: &[(&str, &str)] = &[
    ("analysis-of", "è un'analisi di"),
    ("attributed-to", "è attribuito a"),
    ("authored-by", "è opera di"),
    ("av-analysis-of", "è l'esame antivirus di"),
    ("based-on", "si basa su"),
    ("beacons-to", "si annuncia a"),
    ("belongs-to", "appartiene a"),
    ("characterizes", "descrive"),
    ("communicates-with", "comunica con"),
    ("compromises", "compromette"),
    ("consists-of", "è fatto di"),
    ("controls", "controlla"),
    ("delivers", "porta"),
    ("derived-from", "deriva da"),
    ("downloads", "scarica"),
    ("drops", "deposita"),
    ("duplicate-of", "è lo stesso di"),
    ("dynamic-analysis-of", "è l'analisi dinamica di"),
    ("exfiltrates-to", "sottrae dati verso"),
    ("exploits", "sfrutta"),
    ("has", "ha"),
    ("hosts", "ospita"),
    ("impersonates", "finge di essere"),
    ("indicates", "indica"),
    ("investigates", "indaga su"),
    ("located-at", "si trova in"),
    ("mitigates", "attenua"),
    ("originates-from", "viene da"),
    ("owns", "possiede"),
    ("related-to", "è in relazione con"),
    ("remediates", "rimedia a"),
    ("resolves-to", "porta all'indirizzo"),
    ("static-analysis-of", "è l'analisi statica di"),
    ("targets", "prende di mira"),
    ("uses", "usa"),
    ("variant-of", "è una variante di"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_said_in_ones_own_language() {
        assert!(RELATIONS.is_sorted());
        let said = |how| [Language::It, Language::En].map(|it| Words(it).relation(how));
        assert_eq!(said("attributed-to"), ["è attribuito a", "attributed to"]);
        assert_eq!(said("di-qualcuno"), ["di qualcuno", "di qualcuno"], "a word of one's own");
    }
}
