//! Who reports: an account that signed in, or a mailbox that the directory knows.

use std::collections::HashMap;

use vedetta_flow::standing::Standing as Snapshot;
use vedetta_mail::Outer;
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::{AccountId, Actor, Language, OrganisationId};

use crate::report::Standing;
use crate::settings::Settings;

/// Who hands a message in.
#[derive(Clone, Debug)]
pub enum Reporter {
    /// Somebody signed in.
    Account(Actor),
    /// Whoever wrote to the desk's mailbox: the address that failures go to, as the envelope says.
    Mailbox(Option<String>),
}

/// What is known of a reporter.
pub(crate) struct Acquainted {
    pub(crate) standing: Standing,
    pub(crate) organisation: Option<OrganisationId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) language: Language,
    /// The mailbox to be answered.
    pub(crate) mailbox: String,
}

/// The mailboxes of the directory, of one snapshot.
#[derive(Default)]
pub(crate) struct Mailboxes {
    contacts: HashMap<String, OrganisationId>,
    domains: HashMap<String, OrganisationId>,
}

impl Mailboxes {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let mut mailboxes = Self::default();
        for contact in snapshot.directory.contacts() {
            for channel in &contact.channels {
                if let Channel::Email(at) | Channel::Pec(at) = channel {
                    mailboxes.contacts.insert(at.to_lowercase(), contact.organisation.clone());
                }
            }
        }
        for asset in snapshot.directory.assets() {
            if let AssetValue::MailDomain(domain) = &asset.what {
                mailboxes.domains.insert(domain.to_lowercase(), asset.organisation.clone());
            }
        }
        mailboxes
    }

    /// Whose mailbox it is. A mail domain is what it says, not what is below it.
    pub(crate) fn owner(&self, address: &str) -> Option<&OrganisationId> {
        let domain = address.rsplit('@').next()?;
        self.contacts.get(address).or_else(|| self.domains.get(domain))
    }

    /// The mail domains of an organisation.
    pub(crate) fn domains_of(&self, organisation: &OrganisationId) -> Vec<String> {
        let own = self.domains.iter().filter(|(_, owner)| *owner == organisation);
        own.map(|(domain, _)| domain.clone()).collect()
    }
}

impl Acquainted {
    /// Looks a reporter up.
    pub(crate) fn of(
        reporter: &Reporter,
        outer: &Outer,
        mailboxes: &Mailboxes,
        settings: &Settings,
    ) -> Self {
        match reporter {
            Reporter::Account(actor) => Self {
                standing: Standing::Enrolled,
                organisation: Some(actor.organisation.clone()),
                account: Some(actor.account.clone()),
                language: actor.language,
                mailbox: String::new(),
            },
            Reporter::Mailbox(envelope) => {
                let mailbox = envelope.as_deref().unwrap_or_default().to_lowercase();
                let organisation = mailboxes.owner(&mailbox).cloned();
                // Whoever writes in another's name has no answer sent to that other.
                let same = outer.from.len() == 1
                    && outer.from.iter().any(|from| from.address.to_lowercase() == mailbox);
                let standing = match &organisation {
                    None => Standing::Stranger,
                    // Whoever wrote to a list is not who handed it on, and the list hears no answer.
                    Some(_) if same && !outer.listed && outer.is_proven(&settings.receivers) => {
                        Standing::Enrolled
                    }
                    Some(_) => Standing::Unproven,
                };
                let language = if outer.language == "en" { Language::En } else { Language::It };
                Self { standing, organisation, account: None, language, mailbox }
            }
        }
    }

    /// What tells this reporter from every other.
    pub(crate) fn name(&self) -> String {
        match &self.account {
            Some(account) => format!("account {account}"),
            None => format!("mailbox {}", self.mailbox),
        }
    }
}
