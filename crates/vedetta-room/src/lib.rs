//! The pages of the operations room, a file each: incidents and their clocks, duty and handover, early
//! warnings, the wall, mail.

use vedetta_frame::router::Registry;

pub mod clocks;
pub mod incidents;

mod acts;
mod alarms;
mod duty;
mod handover;
mod incident;
mod mail;
mod mail_campaigns;
mod mail_case;
mod mail_report;
mod roster_edit;
mod wall;
mod warning;
mod warning_edit;
mod warnings;

/// Every page and action of the room with its handler.
pub fn routes(registry: Registry) -> Registry {
    mail(shifts(desk(registry)))
}

fn desk(registry: Registry) -> Registry {
    registry
        .see("/wall", wall::show)
        .see("/queue", incidents::queue)
        .see("/incidents", incidents::show)
        .see("/incidents/{number}", incident::show)
        .act("/incidents/{number}/changes", incident::change)
        .see("/incidents/{number}/files/{sha256}", incident::file)
        .see("/alarms", alarms::show)
        .act("/alarms/{alarm}/answer", alarms::answer)
        .see("/clocks", clocks::show)
        .see("/incidents/{number}/clocks", clocks::of_case)
        .act("/incidents/{number}/clocks", clocks::change)
        .see("/incidents/{number}/clocks/{regime}/{step}", clocks::notice)
}

fn shifts(registry: Registry) -> Registry {
    registry
        .see("/duty", duty::show)
        .see("/duty/{organisation}", duty::roster)
        .act("/duty/{organisation}/changes", duty::change)
        .see("/duty/{organisation}/edit", roster_edit::show)
        .act("/duty/{organisation}/edit", roster_edit::save)
        .see("/handover", handover::show)
        .act("/handover/giving", handover::give)
        .act("/handover/taking", handover::take)
        .see("/warnings", warnings::show)
        .see("/warnings/new", warning_edit::fresh)
        .act("/warnings/new", warning_edit::save_fresh)
        .see("/warnings/{warning}", warning::show)
        .see("/warnings/{warning}/edit", warning_edit::edit)
        .act("/warnings/{warning}/edit", warning_edit::save_edit)
        .act("/warnings/{warning}/steps", warning::step)
        .act("/warnings/{warning}/answer", warning::answer)
}

fn mail(registry: Registry) -> Registry {
    registry
        .see("/mail", mail::show)
        .see("/mail/report", mail_report::show)
        .act("/mail/report", mail_report::send)
        .see("/mail/campaigns", mail_campaigns::show)
        .see("/mail/campaigns/{campaign}", mail_campaigns::one)
        .act("/mail/campaigns/{campaign}", mail_campaigns::step)
        .see("/mail/{case}", mail_case::show)
        .see("/mail/{case}/message", mail_case::message)
        .act("/mail/{case}/changes", mail_case::change)
}
