//! The pages of the operations room, a file each: incidents with their clocks, playbooks and documents,
//! alarms, duty and handover, early warnings, the wall, mail.

use vedetta_frame::router::Registry;

pub mod clocks;
pub mod incidents;

mod acts;
mod alarms;
mod documents;
mod duty;
mod findings;
mod handover;
mod holds;
mod incident;
mod ladder;
mod library;
mod mail;
mod mail_campaigns;
mod mail_case;
mod mail_questions;
mod mail_report;
mod overdue;
mod playbook;
mod playbook_hosts;
mod playbooks;
mod postures;
mod roster_edit;
mod run;
mod runs;
mod steps;
mod wall;
mod warning;
mod warning_edit;
mod warnings;

/// Every page and action of the room with its handler.
pub fn routes(registry: Registry) -> Registry {
    procedures(mail(shifts(desk(registry))))
}

fn desk(registry: Registry) -> Registry {
    registry
        .see("/wall", wall::show)
        .see("/queue", incidents::queue)
        .see("/incidents", incidents::show)
        .see("/incidents/{number}", incident::show)
        .act("/incidents/{number}/changes", incident::change)
        .see("/incidents/{number}/files/{sha256}", incident::file)
        .act("/incidents/{number}/files", incident::attach)
        .see("/postures", postures::show)
        .act("/postures", postures::declare)
        .act("/postures/{posture}/end", postures::end)
        .see("/holds", holds::show)
        .act("/holds", holds::place)
        .act("/holds/{hold}/end", holds::lift)
        .see("/alarms", alarms::show)
        .act("/alarms/{alarm}/answer", alarms::answer)
        .see("/called", alarms::calling)
        .act("/called", alarms::shown)
        .see("/clocks", clocks::show)
        .see("/incidents/{number}/clocks", clocks::of_case)
        .act("/incidents/{number}/clocks", clocks::change)
        .see("/incidents/{number}/clocks/{regime}/{step}", clocks::notice)
}

fn procedures(registry: Registry) -> Registry {
    registry
        .see("/incidents/{number}/documents", documents::show)
        .see("/incidents/{number}/report", documents::report)
        .see("/incidents/{number}/runs", runs::show)
        .act("/incidents/{number}/runs", runs::begin)
        .see("/incidents/{number}/runs/{run}", run::show)
        .act("/incidents/{number}/runs/{run}", run::act)
        .act("/incidents/{number}/runs/{run}/requests", run::request)
        .see("/playbooks", playbooks::show)
        .act("/playbooks", playbooks::import)
        .see("/playbooks/{playbook}", playbook::show)
        .act("/playbooks/{playbook}/runs", playbook::begin)
        .act("/playbooks/{playbook}/steps", playbook::step)
        .see("/playbooks/{playbook}/edit", playbook::edit)
        .act("/playbooks/{playbook}/edit", playbook::save)
        .see("/playbook-hosts", playbook_hosts::show)
        .act("/playbook-hosts", playbook_hosts::change)
        .see("/recommendations", library::show)
        .see("/recommendations/{recommendation}", library::edit)
        .act("/recommendations/{recommendation}", library::save)
        .see("/findings", findings::show)
        .act("/findings/{sighting}", findings::judge)
        .see("/overdue", overdue::show)
}

fn shifts(registry: Registry) -> Registry {
    registry
        .see("/duty", duty::show)
        .see("/duty/{organisation}", duty::roster)
        .act("/duty/{organisation}/changes", duty::change)
        .see("/duty/{organisation}/edit", roster_edit::show)
        .act("/duty/{organisation}/edit", roster_edit::save)
        .see("/ladder", ladder::show)
        .act("/ladder", ladder::save)
        .see("/handover", handover::show)
        .see("/handover/{organisation}/{ends}", documents::handover)
        .act("/handover/giving", handover::give)
        .act("/handover/taking", handover::take)
        .see("/warnings", warnings::show)
        .see("/warnings/new", warning_edit::fresh)
        .act("/warnings/new", warning_edit::save_fresh)
        .see("/warnings/{warning}", warning::show)
        .see("/warnings/{warning}/document", documents::warning)
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
        .act("/mail/report/{case}", mail_report::contest)
        .see("/mail/campaigns", mail_campaigns::show)
        .see("/mail/campaigns/{campaign}", mail_campaigns::one)
        .act("/mail/campaigns/{campaign}", mail_campaigns::step)
        .see("/mail/questions", mail_questions::show)
        .act("/mail/questions/{campaign}", mail_questions::answer)
        .see("/mail/{case}", mail_case::show)
        .see("/mail/{case}/message", mail_case::message)
        .act("/mail/{case}/changes", mail_case::change)
}
