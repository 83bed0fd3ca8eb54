//! The audit log of Linux: `type=EXECVE msg=audit(1767225600.123:42): argc=2 a0="ls" …`.

use super::{Fault, pairs};
use crate::event::Tape;

const FORM: Fault = Fault::Form("the audit log of Linux");

/// Reads a record.
pub(super) fn read(line: &str, tape: &mut Tape) -> Result<(), Fault> {
    let rest = line.trim_ascii_start().strip_prefix("type=").ok_or(FORM)?;
    let (kind, rest) = rest.split_once(' ').ok_or(FORM)?;
    let rest = rest.trim_start().strip_prefix("msg=audit(").ok_or(FORM)?;
    let (head, body) = rest.split_once("):").ok_or(FORM)?;
    let (at, number) = head.split_once(':').ok_or(FORM)?;
    tape.say("log.kind", "auditd");
    tape.say("type", kind);
    tape.say("timestamp", at);
    tape.say("audit.number", number);
    pairs::say(body, tape);
    // User records hold their pairs in one quoted message.
    if let Some((_, message)) = body.split_once(" msg='") {
        pairs::say(message.trim_end_matches('\''), tape);
    }
    Ok(())
}
