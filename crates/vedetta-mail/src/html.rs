//! HTML as a reader sees it: visible text, hidden text, links with what they show, forms.
//!
//! Linear in the input, bounded in depth; scripts are never run, nothing is fetched.

mod entity;
mod tokens;

use tokens::{Tag, Token, Tokens};

/// What a page shows and does.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What is seen, lines kept apart.
    pub(crate) text: String,
    /// What is written and not seen.
    pub(crate) hidden: String,
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) images: Vec<Image>,
    pub(crate) forms: Vec<Form>,
    /// The text of scripts, for their traits only.
    pub(crate) script: String,
    pub(crate) title: String,
    /// Frames, and pages that take over by themselves.
    pub(crate) frames: Vec<String>,
    pub(crate) refresh: Option<String>,
    /// Not all of it was read.
    pub(crate) cut: bool,
    pub(crate) base: Option<String>,
}

/// A link: where in the text it stands, what it shows, where it goes.
#[derive(Debug)]
pub(crate) struct Anchor {
    /// Offset in the visible text.
    pub(crate) at: usize,
    pub(crate) shown: String,
    pub(crate) target: String,
}

/// A picture.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) source: String,
    pub(crate) alternative: String,
}

/// A form: where it sends, and what it asks for.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) asks_password: bool,
    pub(crate) inputs: usize,
}

const MOST_TAGS: usize = 200_000;
const DEEPEST: usize = 400;
const MOST_ANCHORS: usize = 500;
const LONGEST_SCRIPT: usize = 512 << 10;

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
const FOREIGN: &[&str] = &[
    "svg", "path", "g", "rect", "circle", "ellipse", "line", "polygon", "polyline", "use", "image",
    "stop",
];
const BLOCK: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "tr",
    "ul",
];

impl Page {
    /// Reads a page; whatever it is, there is an answer.
    pub(crate) fn read(html: &str) -> Self {
        let mut reader = Reader::default();
        for (number, token) in Tokens::new(html).enumerate() {
            if number >= MOST_TAGS {
                reader.page.cut = true;
                break;
            }
            match token {
                Token::Text(text) => reader.text(&entity::decode(text)),
                Token::Raw("script", text) => {
                    let room = LONGEST_SCRIPT.saturating_sub(reader.page.script.len());
                    let end = text.floor_char_boundary(room);
                    reader.page.cut |= end < text.len();
                    reader.page.script.push_str(text.get(..end).unwrap_or_default());
                    reader.page.script.push('\n');
                }
                Token::Raw("title", text) => reader.page.title = entity::decode(text).trim().into(),
                Token::Raw("textarea" | "xmp", text) => reader.text(&entity::decode(text)),
                Token::Raw(..) => {}
                Token::Open(tag) => reader.open(&tag),
                Token::Close(name) => reader.close(&name),
            }
        }
        while !reader.stack.is_empty() {
            reader.pop();
        }
        reader.page
    }
}

#[derive(Default)]
struct Reader {
    page: Page,
    stack: Vec<Element>,
    hidden: usize,
    anchor: Option<Anchor>,
}

struct Element {
    name: String,
    hides: bool,
}

impl Reader {
    fn text(&mut self, text: &str) {
        let into = if self.hidden > 0 { &mut self.page.hidden } else { &mut self.page.text };
        let mut pending = text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            if pending && !into.is_empty() && !into.ends_with(char::is_whitespace) {
                into.push(' ');
            }
            into.push_str(word);
            pending = true;
        }
        if text.ends_with(char::is_whitespace) && !into.ends_with(char::is_whitespace) {
            into.push(' ');
        }
        if let Some(anchor) = &mut self.anchor
            && anchor.shown.len() < 400
        {
            anchor.shown.push_str(text);
        }
    }

    fn line(&mut self) {
        let into = if self.hidden > 0 { &mut self.page.hidden } else { &mut self.page.text };
        if !into.is_empty() && !into.ends_with('\n') {
            into.truncate(into.trim_end_matches(' ').len());
            into.push('\n');
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        if BLOCK.contains(&name) {
            self.line();
        } else if matches!(name, "td" | "th") {
            self.text(" ");
        }
        self.facts(name, tag);
        // Only what is no HTML can close itself.
        if VOID.contains(&name) || tag.closed && (name.contains(':') || FOREIGN.contains(&name)) {
            return;
        }
        if name == "a" && self.stack.iter().any(|element| element.name == "a") {
            self.close("a");
        }
        if name == "a"
            && let Some(target) = tag.get("href")
        {
            let target = self.resolved(&target);
            self.anchor = Some(Anchor { at: self.page.text.len(), shown: String::new(), target });
        }
        if self.stack.len() < DEEPEST {
            let hides = hides(tag);
            if hides && self.page.hidden.ends_with(|c: char| !c.is_whitespace()) {
                self.page.hidden.push('\n');
            }
            self.hidden += usize::from(hides);
            self.stack.push(Element { name: name.into(), hides });
        }
    }

    fn facts(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "img" => self.image(tag),
            "base" => self.page.base = tag.get("href"),
            "area" => {
                let shown = tag.get("alt").unwrap_or_default();
                self.bare_anchor(tag.get("href"), shown);
            }
            "form" => {
                let action = tag.get("action").map(|to| self.resolved(&to)).unwrap_or_default();
                self.page.forms.push(Form { action, ..Form::default() });
            }
            "input" | "textarea" | "select" => self.input(tag),
            "iframe" | "frame" | "embed" | "object" => {
                let source = tag.get("src").or_else(|| tag.get("data"));
                self.page.frames.extend(source.filter(|_| self.page.frames.len() < 50));
            }
            "meta"
                if tag.get("http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh")) =>
            {
                let content = tag.get("content").unwrap_or_default();
                let at = content.to_ascii_lowercase().find("url=");
                let to = at
                    .and_then(|at| content.get(at + 4..))
                    .map(|to| to.trim_matches(['\'', '"', ' ']));
                self.page.refresh = to.map(Into::into);
            }
            name if name.starts_with("v:") => self.bare_anchor(tag.get("href"), String::new()),
            _ => {}
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let source = tag.get("src").unwrap_or_default();
        let alternative = tag.get("alt").unwrap_or_default();
        if let Some(anchor) = &mut self.anchor
            && anchor.shown.trim().is_empty()
        {
            anchor.shown.push_str(&alternative);
        }
        if self.page.images.len() < MOST_ANCHORS {
            self.page.images.push(Image { source, alternative });
        }
    }

    fn input(&mut self, tag: &Tag<'_>) {
        let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
        let name = tag.get("name").or_else(|| tag.get("placeholder")).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        if self.page.forms.is_empty() {
            self.page.forms.push(Form::default());
        }
        if let Some(form) = self.page.forms.last_mut()
            && !matches!(kind.as_str(), "hidden" | "submit" | "button" | "image")
        {
            form.inputs += 1;
            let secret = ["pass", "pwd", "pin", "otp"].iter().any(|word| name.contains(word));
            form.asks_password |= kind == "password" || secret;
        }
    }

    fn bare_anchor(&mut self, target: Option<String>, shown: String) {
        if let Some(target) = target
            && self.has_room()
        {
            let (at, target) = (self.page.text.len(), self.resolved(&target));
            self.page.anchors.push(Anchor { at, shown, target });
        }
    }

    const fn has_room(&mut self) -> bool {
        let room = self.page.anchors.len() < MOST_ANCHORS;
        self.page.cut |= !room;
        room
    }

    fn resolved(&self, target: &str) -> String {
        let target: String =
            target.trim().chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).collect();
        match &self.page.base {
            Some(base) if !target.contains(':') && !target.starts_with('#') => {
                format!("{}/{}", base.trim_end_matches('/'), target.trim_start_matches('/'))
            }
            _ => target,
        }
    }

    fn close(&mut self, name: &str) {
        if BLOCK.contains(&name) {
            self.line();
        }
        let open = self.stack.iter().rposition(|element| element.name == name);
        if let Some(open) = open {
            while self.stack.len() > open {
                self.pop();
            }
        }
    }

    fn pop(&mut self) {
        let Some(element) = self.stack.pop() else { return };
        self.hidden -= usize::from(element.hides);
        if element.name == "a"
            && let Some(mut anchor) = self.anchor.take()
            && self.has_room()
        {
            anchor.shown = anchor.shown.split_whitespace().collect::<Vec<_>>().join(" ");
            self.page.anchors.push(anchor);
        }
    }
}

/// Whether a style keeps the element from being seen.
fn hides(tag: &Tag<'_>) -> bool {
    if tag.has("hidden") || tag.name == "template" {
        return true;
    }
    let Some(style) = tag.get("style") else { return false };
    let style: String =
        style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    // Of each property the last word counts, and what is important over all others.
    let value = |property: &str| {
        let said = style.split(';').filter_map(|rule| rule.split_once(':'));
        let said: Vec<&str> =
            said.filter(|(name, _)| *name == property).map(|(_, value)| value).collect();
        let important = said.iter().rev().find(|value| value.ends_with("!important"));
        let value = important.or(said.last()).copied().unwrap_or_default();
        value.split('!').next().unwrap_or_default().to_owned()
    };
    let below = |property: &str, most: f32| {
        let value = value(property);
        let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        number.parse::<f32>().is_ok_and(|number| number < most)
    };
    value("display") == "none"
        || value("visibility") == "hidden"
        || value("mso-hide") == "all"
        || below("font-size", 1.5)
        || below("opacity", 0.01)
        || below("max-height", 0.01)
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn what_is_seen_and_what_is_not() {
        let page = Page::read(
            "<title>T</title><style>x{}</style><p>Gentile <b>cliente</b>,<br>ci&agrave;o&nbsp;<span \
             style='font-size:0px'>noise</span>qui</p><div style=\"display: none\">pre<p>header</p></div>fine",
        );
        assert_eq!(page.text, "Gentile cliente,\nciào qui\nfine");
        assert_eq!(page.hidden, "noise\npre\nheader\n");
        assert_eq!(page.title, "T");
    }

    #[test]
    fn a_link_shows_one_thing_and_goes_elsewhere() {
        let page = Page::read(
            "x <a href=' http://evil.example/\n a '><b>https://comune.example</b></a> y",
        );
        assert_eq!(page.anchors[0].shown, "https://comune.example");
        assert_eq!(page.anchors[0].target, "http://evil.example/ a");
        assert_eq!(page.text, "x https://comune.example y");
    }

    #[test]
    fn forms_scripts_and_refreshes_are_noted() {
        let page = Page::read(
            "<meta http-equiv=refresh content=\"0; url='https://x.example/'\"><form action=https://y.example/p>\
             <input name=user><input type=password></form><script>if (a<b) document.write('<p>')</script>",
        );
        assert!(page.forms[0].asks_password && page.forms[0].inputs == 2);
        assert_eq!(page.forms[0].action, "https://y.example/p");
        assert_eq!(page.refresh.as_deref(), Some("https://x.example/"));
        assert!(page.script.contains("document.write") && page.text.is_empty());
    }

    #[test]
    fn what_browsers_show_is_not_hidden_by_tricks() {
        for html in [
            "<!-->Conto <a href=http://evil.example/>bloccato</a>",
            "<!--->Conto <a href=http://evil.example/>bloccato</a>",
            "<!-- x --!>Conto <a href=http://evil.example/>bloccato</a>",
            "<noscript>Conto <a href=http://evil.example/>bloccato</a></noscript>",
            "Conto <a href=\"http://evil.example/\" />bloccato</a>",
            "<p style='display:none;display:block'>Conto <a href=http://evil.example/>bloccato</a>",
            "<div style='display:none'/></div>Conto <a href=http://evil.example/>bloccato</a>",
        ] {
            let page = Page::read(html);
            assert_eq!(page.text.trim(), "Conto bloccato", "{html}");
            assert_eq!(page.anchors.len(), 1, "{html}");
            assert_eq!(page.anchors[0].target, "http://evil.example/", "{html}");
        }
        assert_eq!(Page::read("<xmp>Conto <b></xmp>").text, "Conto <b>");
        let kept = "<p style='display:none!important;display:block'>x</p>y";
        assert_eq!(Page::read(kept).text.trim(), "y");
        assert!(
            Page::read(&"<b>".repeat(300_000)).cut && Page::read(&"<a href=x>".repeat(900)).cut
        );
    }

    #[test]
    fn endless_nesting_is_an_answer() {
        let page = Page::read(&format!("{}deep", "<div><a href=x>".repeat(100_000)));
        assert!(page.anchors.len() <= 500);
        Page::read("<a href=\"unclosed");
        Page::read("<!-- <p");
    }
}
