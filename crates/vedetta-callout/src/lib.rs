//! The worker that looks at the clocks and calls people: by e-mail, text message and web address; and
//! tells the other nodes when a shift changes.
//! Who has a page of the console open sees the alarm there.

pub mod incident_mail;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vedetta_api::Api;
use vedetta_api::api::Gateway;
use vedetta_api::webhooks::{Caller, Later};
use vedetta_diffusion::webhook::{Call, Destination};
use vedetta_watch::desk::escalation::{Means, SilentSensor};
use vedetta_watch::{DueCall, DueReminder, Unheard, Watch, WatchError};

/// Who carries e-mail.
pub trait Mailer: Send + Sync + 'static {
    /// Hands a short plain message over, as a letter of its own: one that says the same again is another. Why it
    /// could not be, in words.
    fn send(&self, to: String, subject: String, text: String) -> Later<Result<(), String>>;
}

/// By what the node can call.
#[derive(Clone, Default)]
pub struct Ways {
    /// E-mail, where there is a relay.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Web addresses and the gateway for text messages.
    pub caller: Option<Arc<dyn Caller>>,
    /// The gateway for text messages.
    pub gateway: Option<Gateway>,
}

/// How often the clocks are looked at, and calls that came due.
const LOOK: Duration = Duration::from_secs(10);
/// Why nobody was called, in both languages, as pages show it.
const NO_RELAY: &str = "questo nodo non ha un relay di posta / this node has no relay for mail";
const NO_GATEWAY: &str =
    "questo nodo non ha un gateway per gli SMS / this node has no gateway for text messages";
/// Calls made together.
const TOGETHER: usize = 32;
/// The longest time for a host's addresses.
const RESOLVING: Duration = Duration::from_secs(10);

/// Looks and calls until stopped. A call that is cut short is not made again; the next rung is. Reminders,
/// of which there may be thousands, go beside: no clock waits for them.
pub async fn run(api: Api, ways: Ways, stop: impl Future<Output = ()>) {
    let rounds = async {
        let mut looking = looking();
        loop {
            looking.tick().await;
            if let Err(error) = round(&api, &ways).await {
                tracing::error!(%error, "nobody is called: the ledger cannot be used");
            }
        }
    };
    let reminders = async {
        let mut looking = looking();
        loop {
            looking.tick().await;
            if let Err(error) = remind(&api, &ways).await {
                tracing::error!(%error, "nobody is reminded of warnings");
            }
        }
    };
    tokio::select! {
        () = rounds => {}
        () = reminders => {}
        () = stop => {}
    }
}

fn looking() -> tokio::time::Interval {
    let mut looking = tokio::time::interval(LOOK);
    looking.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    looking
}

/// Looks at the clocks once, and makes the calls that are due; says how many. What fails beside the
/// clocks keeps nobody from being called.
///
/// # Errors
/// What the ledger said.
pub async fn round(api: &Api, ways: &Ways) -> Result<usize, WatchError> {
    let sensors = api.sensors();
    let look = move |watch: &Watch| {
        let unheard = sensors.unheard().map(|unheard| {
            let unheard = unheard.into_iter().map(|it| Unheard {
                sensor: SilentSensor {
                    sensor: it.sensor.account,
                    organisation: it.sensor.organisation,
                },
                name: it.sensor.name,
                since: it.silent_since,
            });
            unheard.collect::<Vec<_>>()
        });
        match unheard {
            Ok(unheard) => watch.look(&unheard),
            Err(error) => {
                tracing::error!(%error, "which sensors are silent is not known");
                watch.look_at_clocks()
            }
        }
    };
    if let Err(error) = ask(api, Watch::gather).await {
        tracing::error!(%error, "what no person reports does not come to the queue");
    }
    // What is queued already is called whether or not more could be.
    let (looked, made) = (ask(api, look).await, call(api, ways).await);
    if let Err(error) = ask(api, Watch::tell_duty).await {
        tracing::error!(%error, "the other nodes are not told who is on duty");
    }
    looked.and(made)
}

/// Makes the calls that are due; says how many.
async fn call(api: &Api, ways: &Ways) -> Result<usize, WatchError> {
    let mut made = 0;
    loop {
        let due = ask(api, |watch| watch.due_calls(TOGETHER)).await?;
        if due.is_empty() {
            return Ok(made);
        }
        made += due.len();
        let calls = due.into_iter().map(|due| async move {
            let outcome = make(api, ways, &Message::of(&due)).await;
            if let Err(reason) = &outcome {
                tracing::warn!(alarm = due.alarm, by = ?due.by, reason, "a call did not come through");
            }
            ask(api, move |watch| watch.end_call(due, outcome)).await
        });
        for ended in futures_util::future::join_all(calls).await {
            ended?;
        }
    }
}

/// Gives the reminders of warnings that are due.
async fn remind(api: &Api, ways: &Ways) -> Result<(), WatchError> {
    loop {
        let due = ask(api, |watch| watch.due_reminders(TOGETHER)).await?;
        if due.is_empty() {
            return Ok(());
        }
        let given = due.into_iter().map(|due| async move {
            let DueReminder { by, to, subject, text, warning, .. } = &due;
            let told = Message { by: *by, to, subject, text, name: "warning", of: warning };
            let outcome = make(api, ways, &told).await;
            if let Err(reason) = &outcome {
                tracing::warn!(warning, ?by, reason, "a reminder did not come through");
            }
            ask(api, move |watch| watch.end_reminder(due, outcome)).await
        });
        for ended in futures_util::future::join_all(given).await {
            ended?;
        }
    }
}

/// What is said to somebody, by what, and of what.
struct Message<'a> {
    by: Means,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
    name: &'static str,
    of: &'a str,
}

impl<'a> Message<'a> {
    fn of(due: &'a DueCall) -> Self {
        let DueCall { by, to, subject, text, alarm, .. } = due;
        Self { by: *by, to, subject, text, name: "alarm", of: alarm }
    }
}

async fn make(api: &Api, ways: &Ways, told: &Message<'_>) -> Result<(), String> {
    let Message { by, to, subject, text, name, of } = *told;
    match by {
        // It waits for a page to say that it was shown.
        Means::Browser => Ok(()),
        Means::Email => {
            let mailer = ways.mailer.as_ref().ok_or(NO_RELAY)?;
            mailer.send(to.to_owned(), subject.to_owned(), text.to_owned()).await
        }
        Means::Sms => {
            let gateway = ways.gateway.as_ref().ok_or(NO_GATEWAY)?;
            let body = json!({ "to": to, "text": text });
            // Named in the node's own settings, wherever it is.
            post(
                ways,
                (gateway.url.as_str(), None),
                gateway.authorization.clone(),
                body.to_string(),
            )
            .await
        }
        Means::Webhook => {
            let inner = &api.settings().webhook_networks;
            let destination = Destination::new(to, inner).map_err(|error| error.to_string())?;
            let body = json!({ name: of, "subject": subject, "text": text });
            let checked = (destination.url(), Some((&destination, inner)));
            post(ways, checked, None, body.to_string()).await
        }
    }
}

type Checked<'a> = Option<(&'a Destination, &'a vedetta_diffusion::webhook::Inner)>;

async fn post(
    ways: &Ways,
    (url, checked): (&str, Checked<'_>),
    authorization: Option<String>,
    body: String,
) -> Result<(), String> {
    let caller = ways.caller.as_ref().ok_or("this node makes no calls")?;
    let uri: http::Uri = url.parse().map_err(|_| "the address is no URL")?;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let resolving = tokio::time::timeout(RESOLVING, caller.resolve(host, port));
    let addresses = resolving.await.map_err(|_| "the host's name server is too slow")?;
    if let Some((destination, inner)) = checked {
        let resolved: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
        destination.permits(&resolved, inner).map_err(|error| error.to_string())?;
    }
    let mut headers = vec![("Content-Type".into(), "application/json".to_owned())];
    headers.extend(authorization.map(|value| ("Authorization".into(), value)));
    let call = Call { method: "POST", url: url.to_owned(), headers, body: body.into() };
    match caller.call(call, addresses).await? {
        200..=299 => Ok(()),
        status => Err(format!("the receiver answered {status}")),
    }
}

async fn ask<T: Send + 'static>(
    api: &Api,
    question: impl FnOnce(&Watch) -> Result<T, WatchError> + Send + 'static,
) -> Result<T, WatchError> {
    let watch = Arc::clone(api.watch());
    let answer = tokio::task::spawn_blocking(move || question(&watch)).await;
    answer.unwrap_or_else(|error| {
        Err(vedetta_flow::FlowError::Conflict(format!("the thread ended: {error}")).into())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vedetta_api::Settings;
    use vedetta_model::account::AccountState;
    use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role, Way};
    use vedetta_testkit::TestHouse;
    use vedetta_watch::desk::Change;
    use vedetta_watch::desk::incident::Channel;
    use vedetta_watch::{CaseWish, Edit, NewReport};

    use super::*;

    /// The small network with an officer in the room, and a town that reports.
    fn room() -> (Api, Arc<vedetta_testkit::MockClock>) {
        let TestHouse { house, clock, store: _store } = TestHouse::small();
        let admin = TestHouse::small().administrator();
        let officer = Account {
            id: AccountId::new("sala").unwrap(),
            name: "Sala".into(),
            organisation: OrganisationId::new("cnaipic").unwrap(),
            roles: BTreeSet::from([Role::DutyOfficer]),
            language: Language::It,
            state: AccountState::Active,
        };
        house.put_account(&admin, &officer).unwrap();
        let api = Api::new(Arc::new(house), Settings::default(), [7; 32]);
        let report = NewReport {
            channel: Channel::Portal,
            organisation: None,
            title: "Sportelli".into(),
            words: "fermi".into(),
            contact: None,
            awareness: None,
            items: BTreeSet::new(),
            services: BTreeSet::new(),
            exercise: None,
            key: None,
        };
        api.watch().report(&person("terni", "terni", Role::Liaison), report).unwrap();
        (api, clock)
    }

    fn person(account: &str, of: &str, role: Role) -> Actor {
        Actor {
            account: AccountId::new(account).unwrap(),
            organisation: OrganisationId::new(of).unwrap(),
            roles: BTreeSet::from([role]),
            language: Language::It,
            way: Way::InPerson,
        }
    }

    #[tokio::test]
    async fn a_clock_that_presses_calls_people_whatever_fails_beside_it() {
        let (api, clock) = room();
        // What is remembered of the channels does not read, nor does a sensor.
        let spoil = |unit: &mut dyn vedetta_store::UnitOfWork| {
            unit.put_record(vedetta_store::RecordKind::Sensor, "perimetro", b"{", "prova")?;
            unit.set_bookmark("desk/gathered/more", b"{")
        };
        api.house().write(spoil).unwrap();
        assert!(api.watch().gather().is_err());
        clock.advance(Duration::from_secs(9 * 3_600));
        assert!(round(&api, &Ways::default()).await.unwrap() > 0, "somebody is called");
    }

    /// A relay that takes no letter: it says that one was handed over, and never answers.
    struct Stuck(Arc<tokio::sync::Notify>);

    impl Mailer for Stuck {
        fn send(&self, _: String, _: String, _: String) -> Later<Result<(), String>> {
            self.0.notify_one();
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn no_clock_waits_for_reminders() {
        let (api, clock) = room();
        let contact = serde_json::json!({ "id": "ced", "organisation": "terni", "role": "turno", "name": "CED",
            "channels": [{ "by": "email", "at": "ced@terni.example" }] });
        let records = vedetta_directory::directory::Records {
            contacts: vec![serde_json::from_value(contact).unwrap()],
            ..Default::default()
        };
        api.house().put_records(&TestHouse::small().administrator(), records).unwrap();
        let officer = person("sala", "cnaipic", Role::DutyOfficer);
        let both = |it: &str| serde_json::json!({ "it": it, "en": it });
        let text = serde_json::json!({ "title": both("Falsa fattura"), "text": both("Mail"),
            "what_to_do": both("Non aprite"), "tlp": "GREEN" });
        let text = serde_json::from_value(text).unwrap();
        let draft = api.watch().put_warning(&officer, (None, None), text).unwrap();
        api.watch().send_warning(&officer, &draft.id, draft.version).unwrap();
        api.watch().remind_warning(&officer, &draft.id).unwrap();
        let handed = Arc::new(tokio::sync::Notify::new());
        let ways = Ways { mailer: Some(Arc::new(Stuck(Arc::clone(&handed)))), ..Ways::default() };
        let reminding = remind(&api, &ways);
        tokio::pin!(reminding);
        tokio::select! {
            told = &mut reminding => panic!("nobody took the reminder: {told:?}"),
            () = handed.notified() => {}
        }
        clock.advance(Duration::from_secs(9 * 3_600));
        assert!(round(&api, &ways).await.unwrap() > 0, "somebody is called meanwhile");
    }

    #[tokio::test]
    async fn of_an_exercise_whose_participants_cannot_be_read_nobody_outside_is_called() {
        let (api, clock) = room();
        let regional = Account {
            id: AccountId::new("nosc").unwrap(),
            name: "nosc".into(),
            organisation: OrganisationId::new("cosc-umbria").unwrap(),
            roles: BTreeSet::from([Role::DutyOfficer]),
            language: Language::It,
            state: AccountState::Active,
        };
        api.house().put_account(&TestHouse::small().administrator(), &regional).unwrap();
        let officer = person("sala", "cnaipic", Role::DutyOfficer);
        let declared = serde_json::json!({ "kind": "exercise", "name": "Ponte", "reason": "prova",
            "participants": ["terni", "cosc-umbria"] });
        let declared = serde_json::from_value(declared).unwrap();
        let exercise = api.watch().declare(&officer, declared).unwrap().id;
        let number = api.watch().cases(&officer, &CaseWish { limit: 9, ..CaseWish::default() });
        let number = number.unwrap().cases[0].number.to_string();
        let version = api.watch().case(&officer, &number).unwrap().version;
        let change = Change::Practise { exercise: Some(exercise) };
        api.watch().change_case(&officer, &number, Edit { version, change }).unwrap();
        let lost = |unit: &mut dyn vedetta_store::UnitOfWork| {
            let kind = vedetta_store::RecordKind::Setting;
            unit.put_record(kind, "postures", b"[]", "prova").map(drop)
        };
        api.house().write(lost).unwrap();
        // A node that starts now reads them anew.
        let api = Api::new(Arc::clone(api.house()), Settings::default(), [7; 32]);
        clock.advance(Duration::from_secs(9 * 3_600));
        round(&api, &Ways::default()).await.unwrap();
        let alarms = api.watch().alarms(&officer).unwrap();
        let calls = alarms.iter().flat_map(|it| &it.alarm.steps).flat_map(|step| &step.calls);
        let called: BTreeSet<_> = calls.map(|call| call.person.as_str()).collect();
        assert!(!called.is_empty() && !called.contains("nosc"), "{called:?}");
    }
}
