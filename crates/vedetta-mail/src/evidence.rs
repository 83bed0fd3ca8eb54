//! What a message is made of, taken apart: everything that the checks look at.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use crate::attachment::{self, Attachment, Nature, Study};
use crate::authentication::Authentication;
use crate::budget::{Budget, Limits, Obstacle, Unread};
use crate::form::pec::{self, Certificate};
use crate::form::{self, Enclosed, Form, inline, outlook};
use crate::header::{Headers, Mailbox, percent};
use crate::html::{Anchor, Page};
use crate::link::{Link, Origin};
use crate::mime::{Damage, Leaf, Mime};
use crate::text::{self, Accounts};
use dkim::{Keys, NoKeys};

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
    /// What could not be read, of it and of its layers.
    pub unread: Vec<Unread>,
    /// It hands another message on, in this form.
    pub wraps: Option<Form>,
    /// The messages around and within it: each is judged by itself.
    #[serde(skip)]
    pub layers: Vec<Evidence>,
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
    /// There is none: what was handed in is a file by itself.
    None,
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
        let (forms, pending) = (Vec::new(), Vec::new());
        let mut walk =
            Walk { forms, budget, certificate: None, keys, depth: 0, layers: MOST_LAYERS, pending };
        let cut = bytes.get(..limits.message).unwrap_or(bytes);
        if cut.len() < bytes.len() {
            walk.budget.unread("1", Obstacle::TooLarge);
        }
        let mut evidence = walk.descend(cut);
        evidence.forms = walk.forms;
        evidence.certificate = walk.certificate;
        evidence.unread = walk.budget.into_unread();
        for layer in &mut evidence.layers {
            layer.forms.clone_from(&evidence.forms);
        }
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

/// Messages that are looked at besides the one that was handed on.
const MOST_LAYERS: usize = 16;

struct Walk<'k> {
    /// How the message that was handed on was.
    forms: Vec<Form>,
    /// How deep the walk is.
    depth: usize,
    /// Layers that may still be looked at.
    layers: usize,
    /// Messages that were found within files.
    pending: Vec<Vec<u8>>,
    budget: Budget,
    certificate: Option<Certificate>,
    keys: &'k dyn Keys,
}

impl Walk<'_> {
    fn descend(&mut self, bytes: &[u8]) -> Evidence {
        if outlook::is_outlook(bytes) {
            self.forms.push(Form::Outlook);
            return match outlook::rewritten(bytes, &mut self.budget) {
                Some(letter) => self.letter(&letter),
                None => {
                    self.budget.unread("1", Obstacle::Damaged);
                    Evidence::default()
                }
            };
        }
        match attachment::alone(bytes) {
            Some(name) => self.file(name, bytes),
            None => self.letter(bytes),
        }
    }

    /// A file that somebody hands in without the message that it came with.
    fn file(&mut self, name: &str, bytes: &[u8]) -> Evidence {
        let mut study = Study::new(&mut self.budget, &[]);
        study.file(name, "", bytes);
        let Study { attachments, links, text, mut letters, .. } = study;
        if let ([letter], [Attachment { nature: Nature::Signature, .. }]) =
            (letters.as_mut_slice(), attachments.as_slice())
            && self.depth < DEEPEST_FORWARD
        {
            // A message that was signed whole is that message.
            let letter = std::mem::take(letter);
            return self.deeper(&letter);
        }
        self.forms.push(Form::File);
        if letters.is_empty() {
            self.budget.unread(name, Obstacle::NoMessage);
        }
        let file = Evidence { header: Header::None, attachments, links, ..Evidence::default() };
        let mut evidence = Evidence { attached_text: text, ..file }.valued();
        self.layers_of(&mut evidence, letters.into());
        evidence
    }

    fn letter(&mut self, bytes: &[u8]) -> Evidence {
        let mime = Mime::read(bytes, &mut self.budget);
        let Enclosed { form, letters } = form::enclosed(&mime, &mut self.budget);
        if form == Some(Form::Pec) {
            self.certificate = certificate(&mime, &mut self.budget);
        }
        if mime.leaves.is_empty() && mime.headers.is_empty() {
            self.budget.unread("1", Obstacle::Empty);
        }
        let mut evidence = self.gather(&mime, form);
        drop(mime);
        self.authenticate(&mut evidence, bytes);
        let mut letters: VecDeque<_> = letters.into();
        letters.extend(std::mem::take(&mut self.pending));
        if !letters.is_empty() && self.depth >= DEEPEST_FORWARD {
            self.budget.unread("1", Obstacle::TooDeep);
            return evidence;
        }
        if let Some(form) = form
            && let Some(first) = letters.pop_front()
        {
            self.forms.push(form);
            let outer = std::mem::replace(&mut evidence, self.deeper(&first));
            evidence.take_in(outer);
        }
        self.layers_of(&mut evidence, letters);
        evidence
    }

    /// Takes the messages apart that another carries, or a file.
    fn layers_of(&mut self, evidence: &mut Evidence, letters: VecDeque<Vec<u8>>) {
        if !letters.is_empty() && self.depth >= DEEPEST_FORWARD {
            self.budget.unread("1", Obstacle::TooDeep);
            return;
        }
        let many = letters.len();
        for (number, letter) in letters.into_iter().enumerate() {
            if self.layers == 0 {
                self.budget.unread_all("1", Obstacle::TooMany, many - number);
                break;
            }
            if self.budget.is_late() {
                break;
            }
            self.layers -= 1;
            let forms = std::mem::take(&mut self.forms);
            let certificate = self.certificate.take();
            let inner = self.deeper(&letter);
            (self.forms, self.certificate) = (forms, certificate);
            evidence.take_in(inner);
        }
    }

    fn deeper(&mut self, letter: &[u8]) -> Evidence {
        self.depth += 1;
        let evidence = self.descend(letter);
        self.depth -= 1;
        evidence
    }

    /// Verifies what can be verified with the keys and policies at hand.
    fn authenticate(&self, evidence: &mut Evidence, bytes: &[u8]) {
        if evidence.header != Header::Original {
            return;
        }
        evidence.authentication.believe(dkim::prove(bytes, self.keys));
        if !self.keys.is_empty() {
            let sender = evidence.sender().map_or("", Mailbox::domain).to_owned();
            let envelope = evidence.return_path.as_ref().map_or("", Mailbox::domain);
            evidence.authentication.judge(&sender, envelope, self.keys);
        }
    }

    /// What a message is made of. `wraps`: how it hands another on.
    fn gather(&mut self, mime: &Mime<'_>, wraps: Option<Form>) -> Evidence {
        let mut evidence =
            Evidence { damage: mime.damage.clone(), wraps, ..of_header(&mime.headers) };
        evidence.bounce = is_bounce(mime);
        let mut body = Body::of(mime, &mut evidence, &mut self.budget);
        let source = if body.page.is_none() { body.source() } else { None };
        let drawn = body.drawn();
        let mut above = Vec::new();
        while wraps.is_none()
            && above.len() < 3
            && let Some(quoted) = inline::quoted(&evidence.subject, &body.text)
        {
            let said = body.cut(quoted.start, quoted.body);
            let inner = Evidence {
                header: Header::Quoted,
                damage: std::mem::take(&mut evidence.damage),
                ..of_header(&quoted.headers)
            };
            let mut outer = std::mem::replace(&mut evidence, inner);
            if evidence.subject.is_empty() {
                evidence.subject.clone_from(&outer.subject);
            }
            said.into_evidence(&mut outer, &mut self.budget);
            outer.wraps = Some(Form::Inline);
            above.push(outer.valued());
        }
        if !above.is_empty() {
            self.forms.push(Form::Inline);
        }
        body.into_evidence(&mut evidence, &mut self.budget);
        self.attachments(mime, &drawn, &mut evidence);
        self.pending.extend(source);
        evidence.layers = above;
        self.finish(evidence)
    }

    fn attachments(&mut self, mime: &Mime<'_>, drawn: &[Vec<u8>], evidence: &mut Evidence) {
        let passwords = text::passwords(&format!("{}\n{}", evidence.subject, evidence.text));
        let files: Vec<&Leaf<'_>> =
            mime.leaves.iter().filter(|leaf| !leaf.is_text() && !form::is_letter(leaf)).collect();
        let mut study = Study::new(&mut self.budget, &passwords);
        for leaf in files {
            let bytes = leaf.decode(study.budget);
            if leaf.kind == "application/pgp-encrypted" {
                study.budget.unread(leaf.label(), Obstacle::Encrypted);
            }
            evidence.pictures.enclosed += usize::from(leaf.kind.starts_with("image/"));
            study.file(leaf.label(), &leaf.kind, &bytes);
        }
        for picture in drawn {
            let most = study.budget.room();
            let bytes = transfer::base64(picture, most).0;
            study.file("1", "image", &bytes);
        }
        let (written, more) = text::uuencoded(&evidence.text);
        for (name, content) in written {
            study.file(&name, "", &content);
        }
        if more > 0 {
            study.budget.unread_all("1", Obstacle::TooMany, more);
        }
        if evidence.text.contains("-----BEGIN PGP MESSAGE-----") {
            study.budget.unread("1", Obstacle::Encrypted);
        }
        evidence.attached_text = study.text;
        self.pending = study.letters;
        evidence.attachments = study.attachments;
        evidence.links.extend(study.links);
    }

    fn finish(&mut self, mut evidence: Evidence) -> Evidence {
        let mut seen = BTreeSet::new();
        evidence
            .links
            .retain(|link| seen.insert((link.target.url.clone(), link.origin, link.shown.clone())));
        let most = self.budget.limits.links;
        if evidence.links.len() > most {
            self.budget.unread_all("1", Obstacle::TooMany, evidence.links.len() - most);
        }
        evidence.links.truncate(most);
        if evidence.wraps.is_some() {
            // What somebody hands on is what is read; a note may be a signature alone.
            return evidence.valued();
        }
        let said = evidence.text.trim().len();
        let pictures = evidence.pictures;
        if said < 40 && pictures.remote > 0 {
            self.budget.unread("1", Obstacle::Remote);
        } else if said < 40 && pictures.enclosed > 0 {
            self.budget.unread("1", Obstacle::PictureOnly);
        } else if said == 0 && evidence.links.is_empty() && evidence.attachments.is_empty() {
            self.budget.unread("1", Obstacle::Empty);
        }
        evidence.valued()
    }
}

impl Evidence {
    /// With the accounts, telephones and addresses that its words name.
    fn valued(mut self) -> Self {
        let whole = format!("{}\n{}\n{}", self.subject, self.text, self.attached_text);
        self.accounts = Accounts::read(&whole);
        let mut addresses: Vec<String> = text::addresses(&whole).collect();
        addresses.sort();
        addresses.dedup();
        addresses.truncate(MOST_ADDRESSES);
        self.addresses = addresses;
        self
    }

    /// Takes a layer in, and its layers.
    fn take_in(&mut self, mut layer: Self) {
        self.layers.append(&mut layer.layers);
        self.layers.push(layer);
    }
}

/// What the envelope of certified mail says.
pub(crate) fn certificate(mime: &Mime<'_>, budget: &mut Budget) -> Option<Certificate> {
    let leaf = mime.leaves.iter().find(|leaf| leaf.name.eq_ignore_ascii_case("daticert.xml"))?;
    Some(pec::certificate(&leaf.text(budget)))
}

/// What a message says, what it quotes in its place.
pub(crate) fn said(mime: &Mime<'_>, budget: &mut Budget) -> String {
    text::visible(&Body::of(mime, &mut Evidence::default(), budget).text).0
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
    /// Texts that another part says in another way, where one does.
    plain: String,
    /// Texts that stand beside the others.
    beside: String,
    page: Option<Page>,
}

impl Body {
    fn of(mime: &Mime<'_>, evidence: &mut Evidence, budget: &mut Budget) -> Self {
        let mut body = Self::default();
        for leaf in mime.leaves.iter().filter(|leaf| leaf.is_text()) {
            body.add(leaf, budget);
        }
        body.settle(evidence);
        body
    }

    fn add(&mut self, leaf: &Leaf<'_>, budget: &mut Budget) {
        let text = leaf.text(budget);
        if leaf.kind != "text/html" {
            let into = if leaf.alternative { &mut self.plain } else { &mut self.beside };
            into.push_str(&text.replace("\r\n", "\n"));
            into.push('\n');
            return;
        }
        let mut page = Page::read(&text);
        if page.cut {
            budget.unread(leaf.label(), Obstacle::TooMany);
        }
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
        let beside = std::mem::take(&mut self.beside);
        if !beside.trim().is_empty() {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            self.text.push_str(&beside);
        }
    }

    /// The pictures that a page holds within itself (RFC 2397), in base64.
    fn drawn(&self) -> Vec<Vec<u8>> {
        let within = |source: &str| {
            // Programs look at what it is, not at what it is called.
            let (kind, content) = source.trim_start().split_once(',')?;
            let kind = kind.to_ascii_lowercase();
            let kind = kind.strip_prefix("data:")?.trim_end().strip_suffix("base64")?;
            kind.trim_end().ends_with(';').then(|| percent(content))
        };
        let images = self.page.iter().flat_map(|page| &page.images);
        images.filter_map(|image| within(&image.source)).collect()
    }

    /// Takes out the source of a message that a notice sends back.
    fn source(&mut self) -> Option<Vec<u8>> {
        let (end, start) = form::returned::returned(&self.text)?;
        let source = self.text.get(start..)?.as_bytes().to_vec();
        self.text.truncate(end);
        Some(source)
    }

    /// Leaves out what stands before `at`; what stands before `start` comes out by itself.
    fn cut(&mut self, start: usize, at: usize) -> Self {
        let above = self.text.get(..start).unwrap_or_default().to_owned();
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
        let mut page = None;
        if let Some(whole) = &mut self.page {
            let (before, mut after): (Vec<Anchor>, Vec<Anchor>) =
                std::mem::take(&mut whole.anchors).into_iter().partition(|it| it.at < at);
            after.iter_mut().for_each(|anchor| anchor.at -= at);
            whole.anchors = after;
            // What the block itself links is the mailboxes that it names.
            let anchors = before.into_iter().filter(|anchor| anchor.at < start).collect();
            page = Some(Page { anchors, ..Page::default() });
        }
        Self { text: above, page, ..Self::default() }
    }

    fn into_evidence(self, evidence: &mut Evidence, budget: &mut Budget) {
        let mut links = Vec::new();
        // The same stands in the text and in the page: more than are kept are gathered.
        let most = 4 * budget.limits.links;
        let mut left_out = 0;
        let mut link = |shown: &str, written: &str, origin| {
            if links.len() < most {
                links.extend(Link::all(shown, written, origin));
            } else {
                left_out += 1;
            }
        };
        let (text, invisible) = text::visible(&self.text);
        for written in text::urls(&text).chain(text::urls(&self.plain)) {
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
        if left_out > 0 {
            budget.unread_all("1", Obstacle::TooMany, left_out);
        }
        evidence.text = text;
        evidence.invisible = invisible;
        evidence.links = links;
    }
}
