//! The lines of the matrix.

use vedetta_api::access::{Verb, Who};
use vedetta_model::Role;

use super::{Effort, Line};

/// Who runs the node.
const ADMINISTRATORS: Who = Who::Room(&[Role::Administrator]);
/// Who sees what everyone did.
const AUDITORS: Who = Who::Room(&[Role::Administrator, Role::Auditor]);
/// Who works in the operations room.
const ROOM: Who = Who::Room(&[Role::Administrator, Role::DutyOfficer, Role::Analyst]);
/// Who works in the operations room, or checks on it.
const ROOM_AND_AUDITORS: Who =
    Who::Room(&[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor]);
/// Who works shifts, in whichever room.
const SHIFT: Who = Who::Roles(&[Role::Administrator, Role::DutyOfficer, Role::Analyst]);
/// Who works shifts, or checks on them.
const SHIFT_AND_AUDITORS: Who =
    Who::Roles(&[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor]);
/// Who brings items and acknowledges them.
const PRODUCERS: Who = Who::Roles(&[
    Role::Administrator,
    Role::DutyOfficer,
    Role::Analyst,
    Role::Liaison,
    Role::Machine,
]);
/// Who may stop diffusion, and declare what holds for all.
const HOLDERS: Who = Who::Room(&[Role::Administrator, Role::DutyOfficer]);
/// Every account.
const ALL: Who = Who::SignedIn;

const fn see(path: &'static str, who: Who) -> Line {
    Line { verb: Verb::Get, path, who, effort: Effort::Light }
}

const fn act(path: &'static str, who: Who) -> Line {
    Line { verb: Verb::Post, path, who, effort: Effort::Light }
}

impl Line {
    const fn effort(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }
}

/// Every page and action.
pub const TABLE: &[Line] = &[
    // Coming in and going out.
    see("/sign-in", Who::Anyone),
    act("/sign-in", Who::Anyone).effort(Effort::Proof),
    act("/sign-in/passkey", Who::Anyone).effort(Effort::Proof),
    see("/sign-in/with/{provider}", Who::Anyone),
    see("/sign-in/callback", Who::Anyone),
    see("/sign-in/code", Who::Anyone),
    act("/sign-in/code", Who::Anyone).effort(Effort::Proof),
    act("/sign-out", ALL),
    act("/preferences", Who::Anyone),
    see("/accessibility", Who::Anyone),
    see("/privacy", Who::Anyone),
    see("/assets/{version}/{file}", Who::Anyone),
    // Where one stands.
    see("/", ALL),
    see("/live", ALL).effort(Effort::Stream),
    see("/help", ALL),
    see("/account", ALL),
    act("/account/password", ALL).effort(Effort::Proof),
    act("/account/authenticator", ALL).effort(Effort::Proof),
    act("/account/passkeys", ALL).effort(Effort::Proof),
    act("/account/identities", ALL).effort(Effort::Proof),
    act("/account/keys/removal", ALL).effort(Effort::Proof),
    act("/account/sessions/{session}/end", ALL),
    // Items.
    see("/items", ALL),
    see("/publish", PRODUCERS),
    act("/publish", PRODUCERS),
    see("/items/{item}", ALL),
    act("/items/{item}/acknowledgement", PRODUCERS),
    act("/items/{item}/withdrawal", PRODUCERS),
    see("/items/{item}/why", ROOM_AND_AUDITORS),
    // The desk.
    see("/concerns", ALL),
    see("/report", PRODUCERS),
    act("/report", PRODUCERS),
    see("/report/{number}", ALL),
    see("/queue", SHIFT),
    see("/incidents", ALL),
    see("/incidents/{number}", ALL),
    act("/incidents/{number}/changes", PRODUCERS),
    see("/incidents/{number}/files/{sha256}", ALL),
    act("/incidents/{number}/files", PRODUCERS).effort(Effort::Bulk),
    see("/postures", ALL),
    act("/postures", HOLDERS),
    act("/postures/{posture}/end", HOLDERS),
    see("/holds", HOLDERS),
    act("/holds", HOLDERS),
    act("/holds/{hold}/end", HOLDERS),
    see("/wall", ROOM_AND_AUDITORS),
    see("/clocks", ALL),
    see("/incidents/{number}/clocks", ALL),
    act("/incidents/{number}/clocks", PRODUCERS),
    see("/incidents/{number}/clocks/{regime}/{step}", ALL),
    see("/incidents/{number}/documents", ALL),
    see("/incidents/{number}/report", ALL).effort(Effort::Bulk),
    see("/incidents/{number}/runs", ALL),
    act("/incidents/{number}/runs", SHIFT),
    see("/incidents/{number}/runs/{run}", ALL),
    act("/incidents/{number}/runs/{run}", PRODUCERS),
    act("/incidents/{number}/runs/{run}/requests", ROOM).effort(Effort::Bulk),
    see("/playbooks", ALL),
    act("/playbooks", ROOM).effort(Effort::Bulk),
    see("/playbooks/{playbook}", ALL),
    act("/playbooks/{playbook}/runs", SHIFT),
    act("/playbooks/{playbook}/steps", PRODUCERS),
    see("/playbooks/{playbook}/edit", ROOM),
    act("/playbooks/{playbook}/edit", ROOM).effort(Effort::Bulk),
    see("/playbook-hosts", AUDITORS),
    act("/playbook-hosts", ADMINISTRATORS),
    see("/recommendations", ROOM_AND_AUDITORS),
    see("/recommendations/{recommendation}", ROOM),
    act("/recommendations/{recommendation}", ROOM),
    see("/findings", ALL),
    act("/findings/{sighting}", PRODUCERS),
    see("/overdue", ALL).effort(Effort::Bulk),
    see("/ladder", ROOM),
    act("/ladder", ADMINISTRATORS),
    see("/alarms", SHIFT_AND_AUDITORS),
    act("/alarms/{alarm}/answer", SHIFT),
    see("/called", SHIFT),
    act("/called", SHIFT),
    see("/duty", ALL),
    see("/duty/{organisation}", ALL),
    act("/duty/{organisation}/changes", SHIFT),
    see("/duty/{organisation}/edit", SHIFT),
    act("/duty/{organisation}/edit", SHIFT),
    see("/handover", SHIFT_AND_AUDITORS),
    see("/handover/{organisation}/{ends}", SHIFT_AND_AUDITORS),
    act("/handover/giving", SHIFT),
    act("/handover/taking", SHIFT),
    see("/warnings", ALL),
    see("/warnings/new", ROOM),
    act("/warnings/new", ROOM),
    see("/warnings/{warning}", ALL),
    see("/warnings/{warning}/document", ALL),
    see("/warnings/{warning}/edit", ROOM),
    act("/warnings/{warning}/edit", ROOM),
    act("/warnings/{warning}/steps", ROOM),
    act("/warnings/{warning}/answer", PRODUCERS),
    // The mail desk.
    see("/mail", ROOM),
    see("/mail/report", PRODUCERS),
    act("/mail/report", PRODUCERS).effort(Effort::Bulk),
    act("/mail/report/{case}", PRODUCERS),
    see("/mail/questions", ALL),
    act("/mail/questions/{campaign}", PRODUCERS),
    see("/mail/campaigns", ROOM),
    see("/mail/campaigns/{campaign}", ROOM),
    act("/mail/campaigns/{campaign}", ROOM),
    see("/mail/{case}", ROOM),
    see("/mail/{case}/message", ROOM),
    act("/mail/{case}/changes", ROOM),
    // Whatever one may see.
    see("/search", ALL),
    act("/views", ALL),
    act("/views/removal", ALL),
    // The network.
    see("/directory", ALL),
    see("/directory/new", ADMINISTRATORS),
    act("/directory/new", ADMINISTRATORS),
    see("/directory/{organisation}", ALL),
    see("/directory/{organisation}/edit", ADMINISTRATORS),
    act("/directory/{organisation}/edit", ADMINISTRATORS),
    see("/directory/{organisation}/contacts/{contact}", ADMINISTRATORS),
    act("/directory/{organisation}/contacts/{contact}", ADMINISTRATORS),
    see("/directory/{organisation}/assets/{asset}", ADMINISTRATORS),
    act("/directory/{organisation}/assets/{asset}", ADMINISTRATORS),
    see("/agreements", ALL),
    see("/agreements/new", ADMINISTRATORS),
    act("/agreements/new", ADMINISTRATORS),
    see("/agreements/{agreement}", ALL),
    act("/agreements/{agreement}/steps", ADMINISTRATORS),
    see("/sharing", ALL),
    see("/lapses", ALL),
    see("/links", ROOM_AND_AUDITORS),
    see("/sensors", ALL),
    act("/sensors/{sensor}/retirement", ADMINISTRATORS),
    see("/deliveries", ROOM_AND_AUDITORS),
    act("/deliveries/{job}/retry", ROOM),
    // The node.
    see("/machines", ALL),
    act("/machines/tokens", ALL).effort(Effort::Proof),
    act("/machines/tokens/{token}/end", ALL),
    act("/machines/webhooks", PRODUCERS),
    act("/machines/webhooks/{webhook}/removal", PRODUCERS),
    see("/accounts", AUDITORS),
    act("/accounts", ADMINISTRATORS).effort(Effort::Proof),
    see("/accounts/new", ADMINISTRATORS),
    see("/accounts/{account}", ADMINISTRATORS),
    act("/accounts/{account}/password", ADMINISTRATORS).effort(Effort::Proof),
    act("/accounts/{account}/identities", ADMINISTRATORS).effort(Effort::Proof),
    act("/accounts/{account}/keys/removal", ADMINISTRATORS).effort(Effort::Proof),
    see("/audit", AUDITORS),
    act("/audit/verification", AUDITORS),
    see("/audit/{entry}", AUDITORS),
];
