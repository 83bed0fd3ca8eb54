//! Windows events as NXLog writes them, with their messages: about 2 KB each, the same every time.
//!
//!     cargo run --release -p vedetta-testkit --example windows_events -- 100000 > events.json
#![allow(missing_docs)]

use std::io::Write as _;

use serde_json::{Map, Value, json};

const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");
const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");
const POWERSHELL: (&str, &str) =
    ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell");

const IMAGES: [&str; 12] = [
    r"C:\Windows\System32\svchost.exe",
    r"C:\Windows\System32\services.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    r"C:\Program Files\Mozilla Firefox\firefox.exe",
    r"C:\Program Files\Office\WINWORD.EXE",
    r"C:\Windows\System32\cmd.exe",
    r"C:\Windows\System32\conhost.exe",
    r"C:\Windows\System32\lsass.exe",
    r"C:\ProgramData\Agent\agent.exe",
    r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    r"C:\Windows\System32\taskhostw.exe",
];
const COMMANDS: [&str; 8] = [
    "svchost.exe -k netsvcs -p -s Schedule",
    r#""C:\Program Files\Mozilla Firefox\firefox.exe" -contentproc -parentBuildID 20260101"#,
    r"C:\Windows\System32\conhost.exe 0xffffffff -ForceV1",
    r#""C:\Program Files\Office\WINWORD.EXE" /n "C:\Users\anna\Documents\lettera.docx" /o """#,
    "taskhostw.exe SYSTEM",
    r"cmd.exe /c dir C:\Users\anna\Documents",
    "agent.exe --interval 60 --quiet",
    "powershell.exe -NoProfile -File C:\\Scripts\\inventory.ps1",
];
const LIBRARIES: [&str; 6] =
    ["ntdll.dll", "kernel32.dll", "advapi32.dll", "crypt32.dll", "combase.dll", "ws2_32.dll"];
const KEYS: [&str; 5] = [
    r"HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\S-1-5-21-1\Device",
    r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\Update",
    r"HKU\S-1-5-21-1\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\.docx",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18",
    r"HKLM\System\CurrentControlSet\Control\Lsa\Cache",
];

/// Numbers without order, the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let it = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((it ^ (it >> 27)) >> 33).unwrap_or(0) % most
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all.get(self.below(all.len())).copied().unwrap_or_default()
    }
}

fn main() -> std::io::Result<()> {
    let count = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(100_000);
    let (mut numbers, mut out) = (Numbers(7), std::io::stdout().lock());
    (0..count).try_for_each(|at| writeln!(out, "{}", event(at, &mut numbers)))
}

fn event(at: u32, numbers: &mut Numbers) -> Value {
    let ((channel, provider), id, fields) = match numbers.below(100) {
        0..32 => (SYSMON, 13 - numbers.below(2), registry(numbers)),
        32..50 => (SYSMON, 10, access(numbers)),
        50..64 => (SYSMON, 7, library(numbers)),
        64..69 => (SYSMON, 1, process(numbers)),
        69..73 => (SYSMON, 3, connection(numbers)),
        73..79 => (SYSMON, 11, file(numbers)),
        79..81 => (SYSMON, 22, query(numbers)),
        81..90 => (SECURITY, [4656, 4663, 4658, 4690][numbers.below(4)], object(numbers)),
        90..93 => (SECURITY, 4688, started(numbers)),
        93..95 => (SECURITY, 4624, logon(numbers)),
        95..97 => (SECURITY, 5156, filtered(numbers)),
        _ => (POWERSHELL, 4104 - numbers.below(2), script(numbers)),
    };
    let time = format!("2026-10-19 10:{:02}:{:02}", at / 60 % 60, at % 60);
    let mut event = json!({
        "EventTime": time, "Hostname": format!("pc-{}.example.org", at % 40), "Keywords": "0x8000000000000000",
        "EventType": "INFO", "SeverityValue": 2, "Severity": "INFO", "EventID": id,
        "SourceName": provider, "ProviderGuid": "{00000000-0000-4000-8000-000000000001}",
        "Version": 5, "Task": id, "OpcodeValue": 0, "RecordNumber": at, "ExecutionProcessID": 3_212,
        "ExecutionThreadID": 4_296, "Channel": channel, "Domain": "NT AUTHORITY",
        "AccountName": "SYSTEM", "UserID": "S-1-5-18", "AccountType": "User", "UtcTime": format!("{time}.123"),
    });
    let mut message = format!("An event of {provider} was recorded:\r\n");
    if let (Some(all), Value::Object(fields)) = (event.as_object_mut(), fields) {
        for (name, value) in &fields {
            message.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
        }
        all.extend(fields);
        all.extend(Map::from_iter([
            ("EventReceivedTime".to_owned(), json!(time)),
            ("SourceModuleName".to_owned(), json!("eventlog")),
            ("SourceModuleType".to_owned(), json!("im_msvistalog")),
            ("Message".to_owned(), json!(message)),
        ]));
    }
    event
}

fn guid(numbers: &mut Numbers) -> String {
    format!(
        "{{b34fab0d-bd85-5f8f-{:04x}-00000000f3{:02x}}}",
        numbers.below(65_536),
        numbers.below(256)
    )
}

fn registry(numbers: &mut Numbers) -> Value {
    json!({
        "EventType": "SetValue", "ProcessGuid": guid(numbers), "ProcessId": "1204",
        "Image": numbers.of(&IMAGES), "TargetObject": format!("{}\\{}", numbers.of(&KEYS), numbers.below(900)),
        "Details": format!("DWORD (0x{:08x})", numbers.below(99_999)), "RuleName": "-",
    })
}

fn access(numbers: &mut Numbers) -> Value {
    let calls: Vec<String> = (0..9 + numbers.below(8))
        .map(|_| {
            format!(
                "C:\\Windows\\SYSTEM32\\{}+{:x}",
                numbers.of(&LIBRARIES),
                numbers.below(999_999)
            )
        })
        .collect();
    json!({
        "SourceProcessGUID": guid(numbers), "SourceProcessId": "812", "SourceThreadId": "816",
        "SourceImage": numbers.of(&IMAGES), "TargetProcessGUID": guid(numbers), "TargetProcessId": "4412",
        "TargetImage": numbers.of(&IMAGES), "GrantedAccess": numbers.of(&["0x1000", "0x1400", "0x1410", "0x3000"]),
        "CallTrace": calls.join("|"), "SourceUser": "NT AUTHORITY\\SYSTEM", "TargetUser": "TOWN\\anna",
    })
}

fn hashes(numbers: &mut Numbers) -> String {
    let digits = |numbers: &mut Numbers, count| -> String {
        (0..count).map(|_| format!("{:X}", numbers.below(16))).collect()
    };
    format!(
        "SHA1={},MD5={},IMPHASH={}",
        digits(numbers, 40),
        digits(numbers, 32),
        digits(numbers, 32)
    )
}

fn library(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessGuid": guid(numbers), "ProcessId": "6120", "Image": numbers.of(&IMAGES),
        "ImageLoaded": format!("C:\\Windows\\System32\\{}", numbers.of(&LIBRARIES)),
        "FileVersion": "10.0.19041.1 (WinBuild.160101.0800)", "Description": "System library",
        "Product": "Microsoft Windows Operating System", "Company": "Microsoft Corporation",
        "OriginalFileName": numbers.of(&LIBRARIES), "Hashes": hashes(numbers), "Signed": "true",
        "Signature": "Microsoft Windows", "SignatureStatus": "Valid", "User": "TOWN\\anna",
    })
}

fn process(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessGuid": guid(numbers), "ProcessId": "7312", "Image": numbers.of(&IMAGES),
        "FileVersion": "10.0.19041.1", "Description": "Program", "Product": "Windows",
        "Company": "Microsoft Corporation", "OriginalFileName": "program.exe",
        "CommandLine": command(numbers), "CurrentDirectory": "C:\\Windows\\system32\\", "User": "TOWN\\anna",
        "LogonGuid": guid(numbers), "LogonId": "0x3e7", "TerminalSessionId": "0", "IntegrityLevel": "System",
        "Hashes": hashes(numbers), "ParentProcessGuid": guid(numbers), "ParentProcessId": "812",
        "ParentImage": numbers.of(&IMAGES), "ParentCommandLine": numbers.of(&COMMANDS),
    })
}

/// One in two hundred is what attackers do.
fn command(numbers: &mut Numbers) -> &'static str {
    const BAD: [&str; 4] = [
        "vssadmin.exe delete shadows /all /quiet",
        "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA",
        "rundll32.exe C:\\windows\\System32\\comsvcs.dll, MiniDump 612 C:\\Temp\\l.dmp full",
        "whoami.exe /priv",
    ];
    if numbers.below(200) == 0 { numbers.of(&BAD) } else { numbers.of(&COMMANDS) }
}

fn connection(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessGuid": guid(numbers), "ProcessId": "4412", "Image": numbers.of(&IMAGES), "User": "TOWN\\anna",
        "Protocol": "tcp", "Initiated": "true", "SourceIsIpv6": "false", "SourceIp": "192.0.2.7",
        "SourceHostname": "pc-1.example.org", "SourcePort": "51223", "DestinationIsIpv6": "false",
        "DestinationIp": format!("198.51.100.{}", numbers.below(250)), "DestinationHostname": "-",
        "DestinationPort": "443", "DestinationPortName": "https",
    })
}

fn file(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessGuid": guid(numbers), "ProcessId": "4412", "Image": numbers.of(&IMAGES),
        "TargetFilename": format!("C:\\Users\\anna\\AppData\\Local\\Temp\\t{}.tmp", numbers.below(99_999)),
        "CreationUtcTime": "2026-10-19 10:00:00.000", "User": "TOWN\\anna",
    })
}

fn query(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessGuid": guid(numbers), "ProcessId": "4412", "QueryStatus": "0", "Image": numbers.of(&IMAGES),
        "QueryName": format!("www{}.example.org", numbers.below(5_000)),
        "QueryResults": "type: 5 edge.example.net;::ffff:198.51.100.7;",
    })
}

fn object(numbers: &mut Numbers) -> Value {
    json!({
        "SubjectUserSid": "S-1-5-18", "SubjectUserName": "PC-1$", "SubjectDomainName": "TOWN",
        "SubjectLogonId": "0x3e7", "ObjectServer": "Security", "ObjectType": "Process",
        "ObjectName": "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe", "HandleId": "0x5ac",
        "TransactionId": guid(numbers), "AccessList": "%%4484", "AccessMask": "0x10",
        "PrivilegeList": "-", "RestrictedSidCount": "0", "ProcessId": "0x32c", "ProcessName": numbers.of(&IMAGES),
    })
}

fn started(numbers: &mut Numbers) -> Value {
    json!({
        "SubjectUserSid": "S-1-5-18", "SubjectUserName": "PC-1$", "SubjectDomainName": "TOWN",
        "SubjectLogonId": "0x3e7", "NewProcessId": "0x1c84", "NewProcessName": numbers.of(&IMAGES),
        "TokenElevationType": "%%1936", "ProcessId": "0x32c", "CommandLine": command(numbers),
        "TargetUserSid": "S-1-0-0", "TargetUserName": "-", "TargetDomainName": "-", "TargetLogonId": "0x0",
        "ParentProcessName": numbers.of(&IMAGES), "MandatoryLabel": "S-1-16-16384",
    })
}

fn logon(numbers: &mut Numbers) -> Value {
    json!({
        "SubjectUserSid": "S-1-5-18", "SubjectUserName": "PC-1$", "SubjectDomainName": "TOWN",
        "TargetUserSid": "S-1-5-21-1", "TargetUserName": "anna", "TargetDomainName": "TOWN",
        "LogonType": numbers.of(&["2", "3", "5", "7"]), "LogonProcessName": "User32",
        "AuthenticationPackageName": "Negotiate", "WorkstationName": "PC-1", "LogonGuid": guid(numbers),
        "LmPackageName": "-", "KeyLength": "0", "ProcessName": numbers.of(&IMAGES),
        "IpAddress": "192.0.2.7", "IpPort": "0", "ElevatedToken": "%%1842",
    })
}

fn filtered(numbers: &mut Numbers) -> Value {
    json!({
        "ProcessID": "4412", "Application": "\\device\\harddiskvolume2\\windows\\system32\\svchost.exe",
        "Direction": "%%14593", "SourceAddress": "192.0.2.7", "SourcePort": "51223",
        "DestAddress": format!("198.51.100.{}", numbers.below(250)), "DestPort": "443", "Protocol": "6",
        "FilterRTID": "0", "LayerName": "%%14611", "LayerRTID": "48",
    })
}

fn script(numbers: &mut Numbers) -> Value {
    let line = "Get-ChildItem -Path $root -Recurse | Where-Object { $_.Length -gt 1MB } | Sort-Object Length\r\n";
    json!({
        "MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": line.repeat(2 + numbers.below(8)),
        "ScriptBlockId": guid(numbers), "Path": "C:\\Scripts\\inventory.ps1",
        "ContextInfo": "Severity = Informational\r\nHost Name = ConsoleHost\r\nHost Version = 5.1",
        "Payload": "CommandInvocation(Get-ChildItem): \"Get-ChildItem\"",
    })
}
