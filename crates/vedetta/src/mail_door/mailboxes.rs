//! What becomes of a letter, by the mailboxes that it is for.

use std::sync::Arc;

use vedetta_callout::incident_mail::IncidentMail;
use vedetta_postroom::{Handed, Heard, Postroom, Received, Reporter};
use vedetta_smtp::{Letter, Reception, Taken};

/// The mailboxes of the node, as mail systems meet them: the reports desk's, and the room's where it
/// takes incidents. All are told the same: who is known is nobody's business.
pub(super) struct Mailboxes(pub(super) Arc<Postroom>, pub(super) Option<IncidentMail>);

/// What who sends more than is taken in an hour is told.
const LIMITED: &str = "many reports at once; this one may come in an hour";
/// What is told of a letter that could not be written.
const FAILED: &str = "it cannot be kept now";

impl Reception for Mailboxes {
    /// A letter for both is for both; it is kept when both have it, and what comes again is once.
    fn take(&self, letter: Letter) -> Taken {
        let Letter { from, to, bytes, .. } = letter;
        let handed = Handed { bytes: &bytes, by: Reporter::Mailbox(from) };
        let room = self.1.as_ref().filter(|it| to.contains(&it.mailbox));
        let heard = room.map_or(Taken::Kept, |incidents| self.hear(incidents, &handed));
        let for_the_desk = |to: &String| room.is_none_or(|it| *to != it.mailbox);
        let reported = match to.iter().any(for_the_desk) {
            true => self.report(&handed),
            false => Taken::Kept,
        };
        if heard == Taken::Kept { reported } else { heard }
    }
}

impl Mailboxes {
    fn hear(&self, incidents: &IncidentMail, handed: &Handed<'_>) -> Taken {
        match incidents.take(&self.0, handed) {
            Ok(Heard::Written(_) | Heard::Passed) => Taken::Kept,
            Ok(Heard::Limited) => Taken::Later(LIMITED.into()),
            Err(error) => {
                tracing::error!(%error, "an incident that was written of could not be kept");
                Taken::Later(FAILED.into())
            }
        }
    }

    fn report(&self, handed: &Handed<'_>) -> Taken {
        match self.0.take(handed) {
            Ok(Received::Limited) => return Taken::Later(LIMITED.into()),
            Ok(Received::Taken(answers)) => {
                tracing::info!(cases = answers.len(), "a report was taken in by mail");
            }
            Ok(Received::Contested(case)) => {
                tracing::info!(case, "a reporter answered an answer");
            }
            Ok(Received::Passed | Received::Empty) => {}
            Err(error) => {
                tracing::error!(%error, "a report could not be kept");
                return Taken::Later(FAILED.into());
            }
        }
        Taken::Kept
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpStream;
    use vedetta_api::{Api, Settings};
    use vedetta_model::Clock as _;
    use vedetta_model::OrganisationId;
    use vedetta_postroom::QueueWish;
    use vedetta_testkit::TestHouse;
    use vedetta_watch::Watch;

    use crate::certificates::Authority;
    use crate::mail_door::{MailConfiguration, MailDoor};
    use crate::renewal::Renewal;
    use crate::system::SystemClock;

    use super::*;

    const REPORTS: &str = "segnalazioni@example.org";
    const INCIDENTS: &str = "incidenti@example.org";

    /// A node's house, and its doors for mail that are open.
    struct Node {
        api: Api,
        desk: Arc<Postroom>,
        door: MailDoor,
        _data: tempfile::TempDir,
    }

    impl Node {
        async fn open(room: Option<()>) -> Self {
            let test = TestHouse::small();
            test.house.set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
            let api = Api::new(Arc::new(test.house), Settings::default(), [7; 32]);
            let data = tempfile::tempdir().unwrap();
            let configuration = MailConfiguration {
                mailbox: Some(REPORTS.into()),
                incidents: Some(INCIDENTS.into()),
                smtp: Some("127.0.0.1:0".parse().unwrap()),
                strangers_an_hour: Some(2),
                ..MailConfiguration::default()
            };
            let desk = configuration.desk(api.house(), data.path()).unwrap();
            let now = SystemClock.now();
            let authority = Authority::open(data.path(), now.micros() / 1_000_000).unwrap();
            let renewal = Renewal::begin(authority, &["localhost".to_owned()], now).unwrap();
            let watch: Option<&Arc<Watch>> = room.map(|()| api.watch());
            let door = MailDoor::open(&desk, &configuration, (renewal.shown(), watch)).await;
            Self { door: door.unwrap(), api, desk, _data: data }
        }

        fn address(&self) -> SocketAddr {
            self.door.addresses[0].1
        }

        /// How many wait: at the room's queue, at the desk's.
        fn waiting(&self) -> (usize, usize) {
            let room = self.api.house().operator().unwrap();
            let wish = vedetta_watch::QueueWish { centre: None, limit: 9 };
            let incidents = self.api.watch().queue(&room, &wish).unwrap().waiting.len();
            let reports = self.desk.queue(&room, &QueueWish { limit: 9, ..QueueWish::default() });
            (incidents, reports.unwrap().items.len())
        }
    }

    /// Writes a lure to some mailboxes by SMTP; what each command was told, by its code.
    async fn write(door: SocketAddr, number: usize, to: &[&str]) -> Vec<u16> {
        let (read, mut write) = TcpStream::connect(door).await.unwrap().into_split();
        let mut lines = BufReader::new(read).lines();
        let mut commands = vec!["EHLO x.invalid".to_owned(), "MAIL FROM:<chi@x.invalid>".into()];
        commands.extend(to.iter().map(|it| format!("RCPT TO:<{it}>")));
        commands.push("DATA".into());
        commands.push(format!(
            "From: <avviso@x.invalid>\r\nMessage-ID: <{number}@x.invalid>\r\nSubject: Il suo pacco {number}\r\n\r\n\
             Paghi su http://pacco{number}.invalid/login\r\n."
        ));
        let mut codes = Vec::new();
        for command in std::iter::once(None).chain(commands.into_iter().map(Some)) {
            if let Some(command) = command {
                write.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
            }
            let mut line = lines.next_line().await.unwrap().unwrap();
            while line.as_bytes().get(3) == Some(&b'-') {
                line = lines.next_line().await.unwrap().unwrap();
            }
            codes.push(line.get(..3).unwrap().parse().unwrap());
        }
        codes.split_off(3)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_mailbox_has_its_letters_and_a_letter_to_both_is_at_both() {
        let node = Node::open(Some(())).await;
        let door = node.address();
        assert_eq!(write(door, 1, &[INCIDENTS]).await, [250, 354, 250]);
        assert_eq!(node.waiting(), (1, 0));
        assert_eq!(write(door, 2, &[REPORTS]).await, [250, 354, 250]);
        assert_eq!(node.waiting(), (1, 1));
        for _ in 0..2 {
            assert_eq!(write(door, 3, &[REPORTS, INCIDENTS]).await, [250, 250, 354, 250]);
            assert_eq!(node.waiting(), (2, 2));
        }
        for mailbox in [INCIDENTS, REPORTS] {
            assert_eq!(write(door, 4, &[mailbox]).await, [250, 354, 450], "{mailbox}");
        }
        assert_eq!(node.waiting(), (2, 2));
        node.door.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_room_the_mailbox_for_incidents_is_refused() {
        let node = Node::open(None).await;
        assert_eq!(write(node.address(), 1, &[INCIDENTS]).await[0], 550);
        node.door.close().await;
    }
}
