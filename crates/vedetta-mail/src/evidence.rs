//! What a message is made of, taken apart: everything that the checks look at.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::attachment::{Attachment, Study};
use crate::authentication::Authentication;
use crate::budget::{Budget, Limits, Obstacle, Unread};
use crate::dkim::{self, Keys, NoKeys};
use crate::form::pec::{self, Certificate};
use crate::form::{self, Form, inline, outlook};
use crate::header::{Headers, Mailbox};
use crate::html::Page;
use crate::link::{Link, Origin};
use crate::mime::{Damage, Leaf, Mime};
use crate::text::{self, Accounts};

/// A message taken apart.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// How it was handed on, outermost first; empty when it is as it came.
    pub forms: Vec<Form>,
    /// Whether its own header is here, or only what a quotation shows of it.
    pub header: Header,
    /// What the envelope of certified mail says.
    pub certificate: Option<Certificate>,
    /// Who it says it is from.
    pub from: Vec<Mailbox>,
    /// Where answers go.
    pub reply_to: Vec<Mailbox>,
    /// Where failures go.
    pub return_path: Option<Mailbox>,
    /// To whom.
    pub to: Vec<Mailbox>,
    /// The subject.
    pub subject: String,
    /// The date, as written.
    pub date: String,
    /// Its number.
    pub message_id: String,
    /// A mailing programme offers to stop (RFC 8058, RFC 2369).
    pub unsubscribe: bool,
    /// An answer within a conversation.
    pub answers: bool,
    /// A report of a mail system about an earlier message.
    pub bounce: bool,
    /// What the receiver recorded.
    pub authentication: Authentication,
    /// What is seen, without invisible letters.
    pub text: String,
    /// What is written and not seen.
    pub hidden: String,
    /// How many invisible letters were among the visible ones.
    pub invisible: usize,
    /// The links, wrappers undone.
    pub links: Vec<Link>,
    /// Forms in the message itself: (address, asks for a password).
    pub web_forms: Vec<(String, bool)>,
    /// Pictures: in the message, and fetched from elsewhere.
    pub pictures: Pictures,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// What the attachments say.
    pub attached_text: String,
    /// Money's places and telephones.
    pub accounts: Accounts,
    /// Mail addresses in the text.
    pub addresses: Vec<String>,
    /// Malformations.
    pub damage: Vec<Damage>,
    /// The message is HTML.
    pub html: bool,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// Whether the header of the original is at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Header {
    /// The original header.
    #[default]
    Original,
    /// The few lines that a quotation shows.
    Quoted,
}

/// The pictures of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Pictures {
    /// In the message.
    pub enclosed: usize,
    /// Fetched when it is shown.
    pub remote: usize,
}

impl Evidence {
    /// Takes a message apart: bytes as they were handed in.
    #[must_use]
    pub fn read(bytes: &[u8], limits: &Limits) -> Self {
        Self::read_with(bytes, limits, &NoKeys)
    }

    /// The same, signatures verified with the keys that are at hand.
    #[must_use]
    pub fn read_with(bytes: &[u8], limits: &Limits, keys: &dyn Keys) -> Self {
        let budget = Budget::new(limits.clone());
        let mut walk = Walk { forms: Vec::new(), budget, certificate: None, keys };
        let cut = bytes.get(..limits.message).unwrap_or(bytes);
        if cut.len() < bytes.len() {
            walk.budget.unread("1", Obstacle::TooLarge);
        }
        let mut evidence = walk.descend(cut);
        evidence.forms = walk.forms;
        evidence.certificate = walk.certificate;
        evidence.unread = walk.budget.into_unread();
        evidence
    }

    /// The sender that people see.
    #[must_use]
    pub fn sender(&self) -> Option<&Mailbox> {
        self.from.first()
    }

    /// Links that a reader can follow, without pictures.
    pub fn clickable(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| link.origin != Origin::Picture && link.target.is_web())
    }

    /// The last form, which decides what is known of the original.
    #[must_use]
    pub fn form(&self) -> Form {
        self.forms.last().copied().unwrap_or(Form::Direct)
    }
}

const DEEPEST_FORWARD: usize = 6;
const MOST_ADDRESSES: usize = 50;

struct Walk<'k> {
    forms: Vec<Form>,
    budget: Budget,
    certificate: Option<Certificate>,
    keys: &'k dyn Keys,
}

impl Walk<'_> {
    fn descend(&mut self, bytes: &[u8]) -> Evidence {
        if outlook::is_outlook(bytes) {
            self.forms.push(Form::Outlook);
            return match outlook::rewritten(bytes) {
                Some(letter) => self.letter(&letter),
                None => {
                    self.budget.unread("1", Obstacle::Damaged);
                    Evidence::default()
                }
            };
        }
        self.letter(bytes)
    }

    fn letter(&mut self, bytes: &[u8]) -> Evidence {
        let mime = Mime::read(bytes, &mut self.budget);
        if let Some(enclosed) = form::enclosed(&mime, &mut self.budget) {
            if self.forms.len() >= DEEPEST_FORWARD {
                self.budget.unread("1", Obstacle::TooDeep);
            } else {
                if enclosed.form == Form::Pec {
                    self.certificate = self.certificate(&mime);
                }
                self.forms.push(enclosed.form);
                drop(mime);
                return self.descend(&enclosed.bytes);
            }
        }
        if mime.leaves.is_empty() && mime.headers.is_empty() {
            self.budget.unread("1", Obstacle::Empty);
        }
        let mut evidence = self.gather(&mime);
        if evidence.header == Header::Original {
            evidence.authentication.believe(dkim::prove(bytes, self.keys));
            if !self.keys.is_empty() {
                let sender = evidence.sender().map_or("", Mailbox::domain).to_owned();
                let envelope = evidence.return_path.as_ref().map_or("", Mailbox::domain);
                evidence.authentication.judge(&sender, envelope, self.keys);
            }
        }
        evidence
    }

    fn certificate(&mut self, mime: &Mime<'_>) -> Option<Certificate> {
        let leaf =
            mime.leaves.iter().find(|leaf| leaf.name.eq_ignore_ascii_case("daticert.xml"))?;
        Some(pec::certificate(&leaf.text(&mut self.budget)))
    }

    fn gather(&mut self, mime: &Mime<'_>) -> Evidence {
        let mut evidence = Evidence { damage: mime.damage.clone(), ..of_header(&mime.headers) };
        evidence.bounce = is_bounce(mime);
        let mut body = Body::default();
        for leaf in mime.leaves.iter().filter(|leaf| leaf.is_text()) {
            body.add(leaf, &mut self.budget);
        }
        body.settle(&mut evidence);
        while evidence.forms.len() < 3
            && let Some(quoted) = inline::quoted(&evidence.subject, &body.text)
        {
            body.cut(quoted.body);
            let (forms, bounce) = (evidence.forms.len() + 1, false);
            let outer = std::mem::take(&mut evidence);
            evidence = Evidence {
                bounce,
                header: Header::Quoted,
                damage: outer.damage,
                ..of_header(&quoted.headers)
            };
            evidence.forms = vec![Form::Inline; forms];
            if evidence.subject.is_empty() {
                evidence.subject = outer.subject;
            }
        }
        if !evidence.forms.is_empty() {
            self.forms.push(Form::Inline);
        }
        body.into_evidence(&mut evidence, &mut self.budget);
        self.attachments(mime, &mut evidence);
        self.finish(evidence)
    }

    fn attachments(&mut self, mime: &Mime<'_>, evidence: &mut Evidence) {
        let passwords = text::passwords(&format!("{}\n{}", evidence.subject, evidence.text));
        let files: Vec<&Leaf<'_>> = mime.leaves.iter().filter(|leaf| !leaf.is_text()).collect();
        let mut study = Study {
            budget: &mut self.budget,
            passwords: &passwords,
            attachments: Vec::new(),
            links: Vec::new(),
            text: String::new(),
        };
        for leaf in files {
            let bytes = leaf.decode(study.budget);
            if leaf.kind == "multipart/encrypted" || leaf.kind == "application/pgp-encrypted" {
                study.budget.unread(leaf.label(), Obstacle::Encrypted);
            }
            evidence.pictures.enclosed += usize::from(leaf.kind.starts_with("image/"));
            study.file(leaf.label(), &leaf.kind, &bytes);
        }
        evidence.attached_text = study.text;
        evidence.attachments = study.attachments;
        evidence.links.extend(study.links);
    }

    fn finish(&mut self, mut evidence: Evidence) -> Evidence {
        let mut seen = BTreeSet::new();
        evidence
            .links
            .retain(|link| seen.insert((link.target.url.clone(), link.origin, link.shown.clone())));
        evidence.links.truncate(self.budget.limits.links);
        let said = evidence.text.trim().len();
        let pictures = evidence.pictures;
        if said < 40 && pictures.remote > 0 {
            self.budget.unread("1", Obstacle::Remote);
        } else if said < 40 && pictures.enclosed > 0 {
            self.budget.unread("1", Obstacle::PictureOnly);
        } else if said == 0 && evidence.links.is_empty() && evidence.attachments.is_empty() {
            self.budget.unread("1", Obstacle::Empty);
        }
        let whole = format!("{}\n{}\n{}", evidence.subject, evidence.text, evidence.attached_text);
        evidence.accounts = Accounts::read(&whole);
        let mut addresses: Vec<String> = text::addresses(&whole).collect();
        addresses.sort();
        addresses.dedup();
        addresses.truncate(MOST_ADDRESSES);
        evidence.addresses = addresses;
        evidence
    }
}

fn of_header(headers: &Headers) -> Evidence {
    let said = |name: &str| headers.text(name).unwrap_or_default();
    let auto = headers.raw("auto-submitted").is_some_and(|value| value.starts_with("auto-"));
    Evidence {
        from: headers.mailboxes("from"),
        reply_to: headers.mailboxes("reply-to"),
        return_path: headers.mailboxes("return-path").into_iter().next(),
        to: headers.mailboxes("to"),
        subject: text::visible(&said("subject")).0.trim().to_owned(),
        date: said("date"),
        message_id: said("message-id"),
        unsubscribe: headers.raw("list-unsubscribe").is_some(),
        answers: headers.raw("in-reply-to").is_some() || headers.raw("references").is_some(),
        bounce: auto && headers.raw("x-failed-recipients").is_some(),
        authentication: Authentication::read(headers),
        ..Evidence::default()
    }
}

fn is_bounce(mime: &Mime<'_>) -> bool {
    let status = mime.leaves.iter().any(|leaf| leaf.kind == "message/delivery-status");
    mime.kind == "multipart/report"
        || status
        || pec::is_receipt(mime)
        || mime.headers.raw("x-failed-recipients").is_some()
}

/// The readable bodies of a message as one text, its links in their places.
#[derive(Default)]
struct Body {
    text: String,
    plain: String,
    page: Option<Page>,
}

impl Body {
    fn add(&mut self, leaf: &Leaf<'_>, budget: &mut Budget) {
        let text = leaf.text(budget);
        if leaf.kind != "text/html" {
            self.plain.push_str(&text.replace("\r\n", "\n"));
            self.plain.push('\n');
            return;
        }
        let mut page = Page::read(&text);
        match &mut self.page {
            None => self.page = Some(page),
            Some(whole) => {
                whole.text.push('\n');
                let offset = whole.text.len();
                page.anchors.iter_mut().for_each(|anchor| anchor.at += offset);
                whole.text.push_str(&page.text);
                whole.hidden.push_str(&page.hidden);
                whole.anchors.append(&mut page.anchors);
                whole.images.append(&mut page.images);
                whole.forms.append(&mut page.forms);
                whole.frames.append(&mut page.frames);
                whole.refresh = whole.refresh.take().or(page.refresh);
            }
        }
    }

    fn settle(&mut self, evidence: &mut Evidence) {
        let page = self
            .page
            .as_mut()
            .filter(|page| !page.text.trim().is_empty() || self.plain.trim().is_empty());
        evidence.html = page.is_some();
        self.text = match page {
            Some(page) => std::mem::take(&mut page.text),
            None => std::mem::take(&mut self.plain),
        };
    }

    /// Leaves out what stands before `at`.
    fn cut(&mut self, at: usize) {
        let rest = self.text.get(at..).unwrap_or_default();
        self.text = match self.page {
            Some(_) => rest.to_owned(),
            None => rest
                .lines()
                .map(|line| line.trim_start_matches("> ").trim_start_matches('>'))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        self.plain.clear();
        if let Some(page) = &mut self.page {
            page.anchors.retain(|anchor| anchor.at >= at);
            page.anchors.iter_mut().for_each(|anchor| anchor.at -= at);
        }
    }

    fn into_evidence(self, evidence: &mut Evidence, budget: &mut Budget) {
        let mut links = Vec::new();
        let most = budget.limits.links;
        let mut link = |shown: &str, written: &str, origin| {
            if links.len() < most {
                links.extend(Link::new(shown, written, origin));
            }
        };
        let (text, invisible) = text::visible(&self.text);
        for written in text::urls(&text).chain(text::urls(&self.plain)).take(most) {
            link("", written, Origin::Text);
        }
        if let Some(page) = self.page {
            evidence.html = true;
            for anchor in &page.anchors {
                link(&anchor.shown, &anchor.target, Origin::Html);
            }
            for form in &page.forms {
                link("", &form.action, Origin::Form);
                evidence.web_forms.push((form.action.clone(), form.asks_password));
            }
            for target in page.refresh.iter().chain(&page.frames) {
                link("", target, Origin::Redirect);
            }
            for image in &page.images {
                let remote = image.source.starts_with("http") || image.source.starts_with("//");
                evidence.pictures.remote += usize::from(remote);
                evidence.pictures.enclosed += usize::from(image.source.starts_with("data:"));
                if remote {
                    link(&image.alternative, &image.source, Origin::Picture);
                }
            }
            evidence.hidden = text::visible(&page.hidden).0;
        }
        evidence.text = text;
        evidence.invisible = invisible;
        evidence.links = links;
    }
}
