//! Windows events, as the tools write them: nested as the event log has them (`Event.System`,
//! `Event.EventData`), flat (NXLog, Security-Datasets), or in Elastic's names (`winlog.…`).
//!
//! What a process wrote into an event (`EventData`) never passes for what the system says of it.

use crate::event::{Event, Name};

/// What the inside of an opened box is named after.
pub(crate) enum Opened {
    /// This.
    As(Name),
    /// Nothing; and what is in it was written by whoever caused the event.
    Payload,
}

const EVENT: Name = Name::of("Event");
const SYSTEM: Name = Name::of("Event.System");
const NESTED: [Name; 6] = [
    Name::of("Event.EventData"),
    Name::of("EventData"),
    Name::of("winlog.event_data"),
    Name::of("winlog.user_data"),
    Name::of("Event.UserData.EventXML"),
    Name::of("Event.UserData"),
];

/// How the box of this name is to be read.
pub(crate) fn open(name: Name) -> Opened {
    if name == SYSTEM {
        Opened::As(Name::ROOT)
    } else if NESTED.contains(&name) {
        Opened::Payload
    } else {
        Opened::As(name)
    }
}

const SYSTEMS: [Name; 12] = [
    EVENT_ID,
    CHANNEL,
    Name::of("Computer"),
    PROVIDER,
    Name::of("Hostname"),
    Name::of("SourceName"),
    Name::of("Level"),
    Name::of("Task"),
    Name::of("Opcode"),
    Name::of("Version"),
    Name::of("EventRecordID"),
    EVENT,
];

/// The name of a value of the payload: its own, unless the system says that one.
pub(crate) fn payload(name: Name) -> Name {
    if SYSTEMS.contains(&name) { Name(!name.0) } else { name }
}

pub(super) const EVENT_ID: Name = Name::of("EventID");
pub(super) const CHANNEL: Name = Name::of("Channel");
pub(super) const PROVIDER: Name = Name::of("Provider_Name");
/// Where else the number of the event may stand.
const EVENT_IDS: [Name; 5] = [
    EVENT_ID,
    Name::of("EventID.#text"),
    Name::of("winlog.event_id"),
    Name::of("event_id"),
    Name::of("event.code"),
];
const CHANNELS: [Name; 4] =
    [CHANNEL, Name::of("winlog.channel"), Name::of("channel"), Name::of("log_name")];
const PROVIDERS: [Name; 6] = [
    PROVIDER,
    Name::of("Provider.#attributes.Name"),
    Name::of("winlog.provider_name"),
    Name::of("SourceName"),
    Name::of("source_name"),
    Name::of("ProviderName"),
];

/// What a Windows event says of itself.
pub(super) struct Heading {
    pub(super) id: u32,
    /// In lower case; the provider's when the channel is not said.
    pub(super) channel: String,
}

/// The heading, when it is a Windows event.
pub(super) fn heading(event: &Event<'_>) -> Option<Heading> {
    let first = |names: &[Name]| names.iter().find_map(|name| event.get(*name));
    let id = first(&EVENT_IDS)?.integer().and_then(|id| u32::try_from(id).ok())?;
    let channel = first(&CHANNELS).or_else(|| first(&PROVIDERS))?.text()?.to_ascii_lowercase();
    Some(Heading { id, channel })
}

/// The names that rules use, for those that the tools use.
pub(super) const NAMES: &[(Name, Name)] = &[
    (Name::of("EventID.#text"), EVENT_ID),
    (Name::of("winlog.event_id"), EVENT_ID),
    (Name::of("event_id"), EVENT_ID),
    (Name::of("winlog.channel"), CHANNEL),
    (Name::of("channel"), CHANNEL),
    (Name::of("log_name"), CHANNEL),
    (Name::of("Provider.#attributes.Name"), PROVIDER),
    (Name::of("winlog.provider_name"), PROVIDER),
    (Name::of("SourceName"), PROVIDER),
    (Name::of("source_name"), PROVIDER),
    (Name::of("ProviderName"), PROVIDER),
    (Name::of("winlog.computer_name"), Name::of("Computer")),
    (Name::of("computer_name"), Name::of("Computer")),
    (Name::of("Hostname"), Name::of("Computer")),
];

/// Security 4688 says what Sysmon 1 says, in other words.
pub(super) const PROCESS_NAMES: &[(Name, Name)] = &[
    (Name::of("NewProcessName"), Name::of("Image")),
    (Name::of("ParentProcessName"), Name::of("ParentImage")),
    (Name::of("SubjectUserName"), Name::of("User")),
    (Name::of("MandatoryLabel"), Name::of("IntegrityLevel")),
];

/// Security 5156 says what Sysmon 3 says.
pub(super) const CONNECTION_NAMES: &[(Name, Name)] = &[
    (Name::of("Application"), Name::of("Image")),
    (Name::of("SourceAddress"), Name::of("SourceIp")),
    (Name::of("DestAddress"), Name::of("DestinationIp")),
    (Name::of("DestPort"), Name::of("DestinationPort")),
];

/// Security 4657 says what Sysmon 13 says.
pub(super) const REGISTRY_NAMES: &[(Name, Name)] = &[
    (Name::of("ObjectName"), Name::of("TargetObject")),
    (Name::of("NewValue"), Name::of("Details")),
    (Name::of("ProcessName"), Name::of("Image")),
];

/// What the events of a channel are to Sigma, by number.
pub(super) const CATEGORIES: &[(&str, &[u32], &[&str])] = &[
    ("sysmon", &[1], &["process_creation"]),
    ("sysmon", &[2], &["file_change"]),
    ("sysmon", &[3], &["network_connection"]),
    ("sysmon", &[4, 16], &["sysmon_status"]),
    ("sysmon", &[5], &["process_termination"]),
    ("sysmon", &[6], &["driver_load"]),
    ("sysmon", &[7], &["image_load"]),
    ("sysmon", &[8], &["create_remote_thread"]),
    ("sysmon", &[9], &["raw_access_thread"]),
    ("sysmon", &[10], &["process_access"]),
    ("sysmon", &[11], &["file_event"]),
    ("sysmon", &[12], &["registry_event", "registry_add", "registry_delete"]),
    ("sysmon", &[13], &["registry_event", "registry_set"]),
    ("sysmon", &[14], &["registry_event", "registry_rename"]),
    ("sysmon", &[15], &["create_stream_hash"]),
    ("sysmon", &[17, 18], &["pipe_created"]),
    ("sysmon", &[19, 20, 21], &["wmi_event"]),
    ("sysmon", &[22], &["dns_query"]),
    ("sysmon", &[23, 26], &["file_delete"]),
    ("sysmon", &[24], &["clipboard_capture"]),
    ("sysmon", &[25], &["process_tampering"]),
    ("sysmon", &[27], &["file_block_executable", "file_block"]),
    ("sysmon", &[28], &["file_block_shredding", "file_block"]),
    ("sysmon", &[29], &["file_executable_detected"]),
    ("sysmon", &[255], &["sysmon_error"]),
    ("security", &[4688], &["process_creation"]),
    ("security", &[4657], &["registry_event", "registry_set"]),
    ("security", &[5156], &["network_connection"]),
    ("powershell", &[4103], &["ps_module"]),
    ("powershell", &[4104], &["ps_script"]),
    ("powershell-classic", &[400], &["ps_classic_start"]),
    ("powershell-classic", &[600], &["ps_classic_provider_start"]),
    ("powershell-classic", &[800], &["ps_classic_script"]),
];

/// Channels and providers, in lower case, and the service that Sigma calls them.
pub(super) const SERVICES: &[(&str, &str)] = &[
    ("application", "application"),
    ("security", "security"),
    ("microsoft-windows-security-auditing", "security"),
    ("system", "system"),
    ("service control manager", "system"),
    ("microsoft-windows-sysmon/operational", "sysmon"),
    ("microsoft-windows-sysmon", "sysmon"),
    ("sysmon", "sysmon"),
    ("microsoft-windows-powershell/operational", "powershell"),
    ("microsoft-windows-powershell", "powershell"),
    ("powershellcore/operational", "powershell"),
    ("windows powershell", "powershell-classic"),
    ("powershell", "powershell-classic"),
    ("dns server", "dns-server"),
    ("microsoft-windows-dns-server/analytical", "dns-server-analytic"),
    ("microsoft-windows-dns-server/audit", "dns-server-audit"),
    ("microsoft-windows-dns-client/operational", "dns-client"),
    ("microsoft-windows-driverframeworks-usermode/operational", "driver-framework"),
    ("microsoft-windows-ntlm/operational", "ntlm"),
    ("dhcp-server/operational", "dhcp"),
    ("microsoft-windows-dhcp-server/operational", "dhcp"),
    ("microsoft-servicebus-client", "microsoft-servicebus-client"),
    ("microsoft-servicebus-client/operational", "microsoft-servicebus-client"),
    ("msexchange management", "msexchange-management"),
    ("microsoft-windows-windows defender/operational", "windefend"),
    ("microsoft-windows-windows defender", "windefend"),
    ("microsoft-windows-windows firewall with advanced security/firewall", "firewall-as"),
    ("microsoft-windows-bits-client/operational", "bits-client"),
    ("microsoft-windows-security-mitigations/kernel mode", "security-mitigations"),
    ("microsoft-windows-security-mitigations/user mode", "security-mitigations"),
    ("microsoft-windows-diagnosis-scripted/operational", "diagnosis-scripted"),
    ("microsoft-windows-shell-core/operational", "shell-core"),
    ("openssh/operational", "openssh"),
    ("microsoft-windows-ldap-client/debug", "ldap"),
    ("microsoft-windows-codeintegrity/operational", "codeintegrity-operational"),
    ("microsoft-windows-smbclient/security", "smbclient-security"),
    ("microsoft-windows-smbclient/connectivity", "smbclient-connectivity"),
    ("microsoft-windows-smbserver/connectivity", "smbserver-connectivity"),
    ("microsoft-windows-taskscheduler/operational", "taskscheduler"),
    (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
        "terminalservices-localsessionmanager",
    ),
    ("microsoft-windows-winrm/operational", "winrm"),
    ("microsoft-windows-wmi-activity/operational", "wmi"),
    ("microsoft-windows-printservice/admin", "printservice-admin"),
    ("microsoft-windows-printservice/operational", "printservice-operational"),
    ("microsoft-windows-applocker/exe and dll", "applocker"),
    ("microsoft-windows-applocker/msi and script", "applocker"),
    ("microsoft-windows-applocker/packaged app-deployment", "applocker"),
    ("microsoft-windows-applocker/packaged app-execution", "applocker"),
    ("microsoft-windows-appxdeploymentserver/operational", "appxdeployment-server"),
    ("microsoft-windows-appxpackagingom", "appxpackaging-om"),
    ("microsoft-windows-appxpackaging/operational", "appxpackaging-om"),
    ("microsoft-windows-appmodel-runtime/admin", "appmodel-runtime"),
    ("microsoft-windows-lsa/operational", "lsa-server"),
    ("microsoft-windows-capi2/operational", "capi2"),
    (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
        "certificateservicesclient-lifecycle-system",
    ),
    ("microsoft-windows-kernel-shimengine/operational", "kernel-shimengine"),
    ("microsoft-windows-kernel-shimengine/diagnostic", "kernel-shimengine"),
    ("microsoft-windows-application-experience/program-telemetry", "application-experience"),
    (
        "microsoft-windows-application-experience/program-compatibility-assistant",
        "application-experience",
    ),
    ("microsoft-windows-hyper-v-worker", "hyper-v-worker"),
    ("microsoft-windows-kernel-eventtracing", "kernel-event-tracing"),
    ("microsoft-iis-configuration/operational", "iis-configuration"),
    ("microsoft-windows-sense/operational", "sense"),
];
