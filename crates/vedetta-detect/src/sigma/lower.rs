//! From what is written in a rule to tests and an expression over them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use rsigma_parser::value::SigmaValue;
use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Detections, Modifier, Quantifier};

use super::encode::{self, Bytes};
use super::expression::{Expression, TestNumber};
use super::literal;
use super::room::Room;
use super::rules::Reach;
use super::test::{Ask, Cased, Field, Order, Part, Test};
use super::wildcard::{self, Piece, Simple, Where};
use crate::event::Name;

/// What placeholders (`%name%`) stand for.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// Every test of every rule, each once.
#[derive(Debug, Default)]
pub(crate) struct Tests {
    pub(crate) all: Vec<Test>,
    known: HashMap<(Field, String), TestNumber>,
}

/// Why a rule cannot be used: what is wrong, and what to look for in the file to find its line.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) near: String,
}

/// Makes the expression of a rule.
pub(crate) struct Lowering<'t> {
    pub(crate) tests: &'t mut Tests,
    pub(crate) placeholders: &'t Placeholders,
    pub(crate) room: &'t mut Room,
    /// Values with placeholders that stand for nothing known.
    pub(crate) unfilled: &'t mut Vec<String>,
}

impl Tests {
    /// How many events an expression matches of those that have the fields it names.
    pub(crate) fn reach(&self, expression: &Expression) -> Reach {
        let holds_for_all =
            |number: u32| self.all.get(number as usize).is_some_and(|it| it.ask.holds_for_all());
        let mut whatever = [false, true].into_iter();
        let all = whatever.all(|other| expression.holds(&mut |it| holds_for_all(it) || other));
        if all { Reach::All } else { Reach::Some }
    }

    /// All rules are prepared: which tests are alike is asked no more.
    pub(crate) fn are_all(&mut self) {
        self.known = HashMap::new();
        self.all.shrink_to_fit();
    }

    fn number(&mut self, field: Field, ask: Ask) -> TestNumber {
        let hint = match &ask {
            Ask::Text(_, text) | Ask::Cased(_, text) => {
                (!text.is_empty()).then(|| crate::event::fold::folded(text))
            }
            Ask::Expression(regex) => literal::required(regex.as_str()),
            _ => None,
        };
        let key = (field, format!("{ask:?}"));
        if let Some(number) = self.known.get(&key) {
            return *number;
        }
        let number = TestNumber::try_from(self.all.len()).unwrap_or(TestNumber::MAX);
        self.all.push(Test { field: key.0.clone(), ask, hint: hint.map(Into::into) });
        self.known.insert(key, number);
        number
    }
}

impl Lowering<'_> {
    /// The expression of a detection section.
    pub(crate) fn section(&mut self, section: &Detections) -> Result<Expression, Wrong> {
        let mut named = BTreeMap::new();
        for (name, detection) in &section.named {
            named.insert(name.as_str(), self.detection(detection)?);
        }
        let conditions: Result<Vec<_>, _> =
            section.conditions.iter().map(|it| condition(it, &named)).collect();
        Ok(Expression::any(conditions?))
    }

    fn detection(&mut self, detection: &Detection) -> Result<Expression, Wrong> {
        Ok(match detection {
            Detection::AllOf(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|it| self.item(it)).collect();
                Expression::all(items?)
            }
            Detection::AnyOf(of) => {
                let of: Result<Vec<_>, _> = of.iter().map(|it| self.detection(it)).collect();
                Expression::any(of?)
            }
            Detection::And(of) => {
                let of: Result<Vec<_>, _> = of.iter().map(|it| self.detection(it)).collect();
                Expression::all(of?)
            }
            Detection::Keywords(values) => {
                let texts: Result<Vec<_>, _> = values.iter().map(|it| self.keyword(it)).collect();
                Expression::any(texts?)
            }
            Detection::ArrayMatch { field, .. } => {
                let what = format!("matching inside the array {field:?} is not supported");
                return Err(Wrong { what, near: field.clone() });
            }
            Detection::Conditional { .. } => {
                let what = "conditions inside a detection are not supported".into();
                return Err(Wrong { what, near: "condition".into() });
            }
        })
    }

    fn keyword(&mut self, value: &SigmaValue) -> Result<Expression, Wrong> {
        let pieces = match value {
            SigmaValue::String(text) => wildcard::pieces(&text.parts),
            SigmaValue::Null => return Ok(Expression::any(Vec::new())),
            other => vec![Piece::Text(other.to_string())],
        };
        let simple = wildcard::simple(pieces, Where::Anywhere).folded();
        let ask = ask_of(simple, self.room);
        let wrong = |what| Wrong { what, near: value.to_string() };
        Ok(Expression::Test(self.tests.number(Field::Everywhere, ask.map_err(wrong)?)))
    }

    fn item(&mut self, item: &DetectionItem) -> Result<Expression, Wrong> {
        let asked = Asked::of(item);
        let wrong = |what: String| Wrong { what, near: near(item) };
        let field = match &item.field.name {
            Some(name) => {
                let name = name.replace("\\[", "[").replace("\\]", "]");
                Field::Named(Name::of(&name), name.into())
            }
            None => Field::Everywhere,
        };
        if asked.has(Modifier::Exists) {
            return self.existence(&field, item).map_err(wrong);
        }
        let mut each = Vec::with_capacity(item.values.len());
        for value in &item.values {
            let asks = asked.value(value, self.placeholders, self.room).map_err(wrong)?;
            if matches!(asks[..], [Ask::Never]) {
                self.unfilled.push(value.to_string());
            }
            let mut ways = Vec::with_capacity(asks.len());
            for ask in asks {
                ways.push(self.test(&field, ask).map_err(wrong)?);
            }
            each.push(Expression::any(ways));
        }
        if item.values.is_empty() {
            each.push(self.test(&field, Ask::Null).map_err(wrong)?);
        }
        let joined =
            if asked.has(Modifier::All) { Expression::all(each) } else { Expression::any(each) };
        Ok(if asked.has(Modifier::Neq) { Expression::Not(joined.into()) } else { joined })
    }

    fn existence(&mut self, field: &Field, item: &DetectionItem) -> Result<Expression, String> {
        let there = self.test(field, Ask::Exists)?;
        match item.values.as_slice() {
            [value] if ["true", "yes"].contains(&value.to_string().as_str()) => Ok(there),
            [value] if ["false", "no"].contains(&value.to_string().as_str()) => {
                Ok(Expression::Not(there.into()))
            }
            _ => Err("exists takes true or false".into()),
        }
    }

    fn test(&mut self, field: &Field, ask: Ask) -> Result<Expression, String> {
        if *field == Field::Everywhere && matches!(ask, Ask::Exists | Ask::Null | Ask::Boolean(_)) {
            return Err("this can only be asked of a field".into());
        }
        Ok(Expression::Test(self.tests.number(field.clone(), ask)))
    }
}

/// What the modifiers of an item ask for.
struct Asked<'i> {
    modifiers: &'i [Modifier],
    place: Where,
    everywhere: bool,
}

impl<'i> Asked<'i> {
    fn of(item: &'i DetectionItem) -> Self {
        let modifiers = item.field.modifiers.as_slice();
        let has = |it| modifiers.contains(&it);
        let everywhere = item.field.name.is_none();
        let place = if has(Modifier::Contains) || everywhere {
            Where::Anywhere
        } else if has(Modifier::StartsWith) {
            Where::Start
        } else if has(Modifier::EndsWith) {
            Where::End
        } else {
            Where::Whole
        };
        Self { modifiers, place, everywhere }
    }

    fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }

    /// What is asked for one value: any of these.
    fn value(
        &self,
        value: &SigmaValue,
        stands_for: &Placeholders,
        room: &mut Room,
    ) -> Result<Vec<Ask>, String> {
        let text = value.to_string();
        if self.has(Modifier::Re) {
            return self.expression(&text, room).map(|it| vec![it]);
        }
        if self.has(Modifier::Cidr) {
            return network(&text).map(|it| vec![it]);
        }
        if self.has(Modifier::FieldRef) {
            let cased = if self.has(Modifier::Cased) { Cased::Yes } else { Cased::No };
            return Ok(vec![Ask::Other { name: Name::of(&text), place: self.place, cased }]);
        }
        if let Some(order) = self.order() {
            let number = text.trim().parse().map_err(|_| format!("{text:?} is not a number"))?;
            return Ok(vec![Ask::Compare(order, number)]);
        }
        if let Some(part) = self.part() {
            let number = text.trim().parse().map_err(|_| format!("{text:?} is not a number"))?;
            return Ok(vec![Ask::Moment(part, Box::new(Ask::Number(number)))]);
        }
        match value {
            SigmaValue::Null => Ok(vec![Ask::Null]),
            SigmaValue::Bool(it) if self.place == Where::Whole => Ok(vec![Ask::Boolean(*it)]),
            SigmaValue::Integer(it) if self.place == Where::Whole => {
                Ok(vec![Ask::Number(*it as f64)])
            }
            SigmaValue::Float(it) if self.place == Where::Whole => Ok(vec![Ask::Number(*it)]),
            SigmaValue::String(text) if self.has(Modifier::Expand) => {
                self.expanded(&text.original, stands_for, room)
            }
            SigmaValue::String(text) => self.texts(wildcard::pieces(&text.parts), room),
            other => self.texts(vec![Piece::Text(other.to_string())], room),
        }
    }

    fn order(&self) -> Option<Order> {
        [
            (Modifier::Lt, Order::Less),
            (Modifier::Lte, Order::LessOrEqual),
            (Modifier::Gt, Order::Greater),
            (Modifier::Gte, Order::GreaterOrEqual),
        ]
        .into_iter()
        .find_map(|(modifier, order)| self.has(modifier).then_some(order))
    }

    fn part(&self) -> Option<Part> {
        [
            (Modifier::Minute, Part::Minute),
            (Modifier::Hour, Part::Hour),
            (Modifier::Day, Part::Day),
            (Modifier::Week, Part::Week),
            (Modifier::Month, Part::Month),
            (Modifier::Year, Part::Year),
        ]
        .into_iter()
        .find_map(|(modifier, part)| self.has(modifier).then_some(part))
    }

    fn expression(&self, text: &str, room: &mut Room) -> Result<Ask, String> {
        let mut flags = String::new();
        for (modifier, flag) in
            [(Modifier::IgnoreCase, 'i'), (Modifier::Multiline, 'm'), (Modifier::DotAll, 's')]
        {
            if self.has(modifier) {
                flags.push(flag);
            }
        }
        let text = if flags.is_empty() { text.to_owned() } else { format!("(?{flags}){text}") };
        room.expression(&text)
    }

    fn expanded(
        &self,
        text: &str,
        stands_for: &Placeholders,
        room: &mut Room,
    ) -> Result<Vec<Ask>, String> {
        let mut texts = vec![String::new()];
        for (at, part) in text.split('%').enumerate() {
            let known = if at % 2 == 1 { stands_for.get(part).map(Vec::as_slice) } else { None };
            let values = match known {
                Some(values) => values,
                None if at % 2 == 1 => return Ok(vec![Ask::Never]),
                None => &[part.to_owned()],
            };
            let mut joined = Vec::new();
            for text in &texts {
                joined.extend(values.iter().map(|it| format!("{text}{it}")).take(1_000));
            }
            joined.truncate(1_000);
            texts = joined;
        }
        let mut asks = Vec::new();
        for text in texts {
            let text = rsigma_parser::SigmaString::new(&text);
            asks.extend(self.texts(wildcard::pieces(&text.parts), room)?);
        }
        Ok(asks)
    }

    /// The texts that one text may have become.
    fn texts(&self, pieces: Vec<Piece>, room: &mut Room) -> Result<Vec<Ask>, String> {
        let dashed = if self.has(Modifier::WindAsh) { dashed(&pieces) } else { vec![pieces] };
        let offsets = self.has(Modifier::Base64Offset);
        if !offsets && !self.has(Modifier::Base64) {
            let widened = dashed.into_iter().map(|it| self.widened(it));
            return widened.map(|it| self.ask(it, self.place, room)).collect();
        }
        let mut asks = Vec::new();
        for pieces in dashed {
            let [Piece::Text(text)] = pieces.as_slice() else {
                return Err("what is encoded in base64 can have no wildcards".into());
            };
            let bytes = encode::bytes(text, self.bytes());
            if offsets {
                for text in encode::base64_offsets(&bytes) {
                    asks.push(self.ask(vec![Piece::Text(text)], Where::Anywhere, room)?);
                }
            } else {
                let text = Piece::Text(encode::base64(&bytes));
                asks.push(self.ask(vec![text], self.place, room)?);
            }
        }
        Ok(asks)
    }

    fn bytes(&self) -> Bytes {
        if self.has(Modifier::Wide) {
            Bytes::LittleEndian
        } else if self.has(Modifier::Utf16be) {
            Bytes::BigEndian
        } else if self.has(Modifier::Utf16) {
            Bytes::Marked
        } else {
            Bytes::Utf8
        }
    }

    /// Wide text in a value that is text: what is ASCII has zeros between.
    fn widened(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        let how = self.bytes();
        if how == Bytes::Utf8 {
            return pieces;
        }
        let wide = |piece| match piece {
            Piece::Text(text) => {
                Piece::Text(String::from_utf8_lossy(&encode::bytes(&text, how)).into_owned())
            }
            other => other,
        };
        pieces.into_iter().map(wide).collect()
    }

    fn ask(&self, pieces: Vec<Piece>, place: Where, room: &mut Room) -> Result<Ask, String> {
        let simple = wildcard::simple(pieces, place);
        // Base64 is cased, but the language compares it without case unless told.
        if !self.has(Modifier::Cased) || self.everywhere {
            return ask_of(simple.folded(), room);
        }
        match simple {
            Simple::Text(place, text) => {
                room.take(text.len())?;
                Ok(Ask::Cased(place, text.into()))
            }
            other => ask_of(other, room),
        }
    }
}

fn dashed(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut all: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        let ways: Vec<Piece> = match piece {
            Piece::Text(text) => encode::dashes(text).into_iter().map(Piece::Text).collect(),
            other => vec![other.clone()],
        };
        let joined = |before: &Vec<Piece>| {
            let before = before.clone();
            ways.iter()
                .map(move |way| [before.as_slice(), std::slice::from_ref(way)].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(joined).take(4_096).collect();
    }
    all
}

fn ask_of(simple: Simple, room: &mut Room) -> Result<Ask, String> {
    match simple {
        Simple::Text(place, text) => {
            room.take(text.len())?;
            Ok(Ask::Text(place, text.into()))
        }
        Simple::Anything => Ok(Ask::Anything),
        Simple::Expression(text) => room.expression(&text),
    }
}

fn network(text: &str) -> Result<Ask, String> {
    let wrong = || format!("{text:?} is not a network");
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(widest), |it| it.trim().parse()).map_err(|_| wrong())?;
    if bits > widest { Err(wrong()) } else { Ok(Ask::Network(address, bits)) }
}

fn condition(of: &ConditionExpr, named: &BTreeMap<&str, Expression>) -> Result<Expression, Wrong> {
    let each = |of: &[ConditionExpr]| -> Result<Vec<_>, Wrong> {
        of.iter().map(|it| condition(it, named)).collect()
    };
    Ok(match of {
        ConditionExpr::And(of) => Expression::all(each(of)?),
        ConditionExpr::Or(of) => Expression::any(each(of)?),
        ConditionExpr::Not(of) => Expression::Not(condition(of, named)?.into()),
        ConditionExpr::Identifier(name) => named.get(name.as_str()).cloned().ok_or_else(|| {
            let what = format!("the condition names {name:?}, which is not there");
            Wrong { what, near: "condition".into() }
        })?,
        ConditionExpr::Selector { quantifier, pattern } => {
            let meant = named.iter().filter(|(name, _)| pattern.matches_detection_name(name));
            let meant: Vec<Expression> = meant.map(|(_, it)| it.clone()).collect();
            if meant.is_empty() {
                let what = format!("the condition asks for {of}, and nothing is called so");
                return Err(Wrong { what, near: "condition".into() });
            }
            match quantifier {
                Quantifier::Any => Expression::any(meant),
                Quantifier::All => Expression::all(meant),
                Quantifier::Count(least) => Expression::AtLeast(*least, meant.into()),
            }
        }
    })
}

/// The beginning of an item as it stands in the file.
fn near(item: &DetectionItem) -> String {
    let first = item.field.modifiers.first().map(|it| {
        let name = serde_json::to_value(it).unwrap_or_default();
        format!("|{}", name.as_str().unwrap_or_default())
    });
    format!("{}{}", item.field.name.as_deref().unwrap_or_default(), first.unwrap_or_default())
}
