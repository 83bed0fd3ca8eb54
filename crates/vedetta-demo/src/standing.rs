//! What held for all in the day behind the demonstration: an exercise and a crisis that ended, and orders of
//! authorities, one of which binds still.

use std::time::Duration;

use vedetta_flow::House;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Hold, HoldId, Instant};
use vedetta_watch::desk::posture::{Declared, Kind};
use vedetta_watch::{Watch, WatchError};

use crate::organisation;
use crate::past::Past;
use crate::people::actor;

/// Who takes part in the exercise.
const PARTICIPANTS: [&str; 5] =
    ["cosc-lazio", "cosc-umbria", "comune-054039", "comune-055032", "comune-058091"];

/// Declares and orders, and ends what ended.
pub(crate) fn ready(house: &House, watch: &Watch, past: &Past) -> Result<(), WatchError> {
    let Some(officer) = actor(house, "turno-cnaipic") else { return Ok(()) };
    past.minutes_ago(990);
    let exercise = watch.declare(&officer, exercise()?)?;
    past.minutes_ago(970);
    let lifted = roman(house.now())?;
    house.place_hold(&officer, &lifted)?;
    past.minutes_ago(900);
    let crisis = watch.declare(&officer, crisis()?)?;
    past.minutes_ago(690);
    let reason = "Conclusa: quattro partecipanti su cinque hanno risposto entro dieci minuti.";
    watch.end_posture(&officer, &exercise.id, reason.into())?;
    past.minutes_ago(640);
    house.place_hold(&officer, &hospital(house.now())?)?;
    past.minutes_ago(610);
    let reason = "Il traffico è tornato normale; i portali rispondono.";
    watch.end_posture(&officer, &crisis.id, reason.into())?;
    past.minutes_ago(560);
    house.lift_hold(&officer, &lifted.id)?;
    Ok(())
}

fn exercise() -> Result<Declared, WatchError> {
    let participants = PARTICIPANTS.iter().map(|id| organisation(id)).collect::<Result<_, _>>()?;
    Ok(Declared {
        kind: Kind::Exercise,
        name: "Anagrafe ferma".into(),
        reason: "Si prova la chiamata del centro regionale e il ripristino dalle copie.".into(),
        centre: None,
        participants,
    })
}

fn crisis() -> Result<Declared, WatchError> {
    Ok(Declared {
        kind: Kind::Crisis,
        name: "Portali dei Comuni liguri irraggiungibili".into(),
        reason: "Richieste da molti indirizzi contro otto portali insieme. Chi ne vede altri lo \
            segnali subito, per telefono."
            .into(),
        centre: Some(organisation("cosc-liguria")?),
        participants: Default::default(),
    })
}

fn roman(from: Instant) -> Result<Hold, WatchError> {
    Ok(Hold {
        id: HoldId::new("decreto-1180").map_err(vedetta_flow::FlowError::from)?,
        authority: "Procura della Repubblica di Roma".into(),
        organisation: organisation("guardia-di-finanza")?,
        scope: HoldScope::Victim(organisation("comune-058091")?),
        reason: "decreto n. 1180/2026: falsa estorsione al Comune".into(),
        from,
        until: Some(from.after(Duration::from_hours(72))),
    })
}

fn hospital(from: Instant) -> Result<Hold, WatchError> {
    Ok(Hold {
        id: HoldId::new("decreto-2214").map_err(vedetta_flow::FlowError::from)?,
        authority: "Procura della Repubblica di Terni".into(),
        organisation: organisation("carabinieri")?,
        scope: HoldScope::Victim(organisation("ospedale-esempio")?),
        reason: "decreto n. 2214/2026: accessi alla posta dell'ospedale".into(),
        from,
        until: Some(from.after(Duration::from_hours(21 * 24))),
    })
}
