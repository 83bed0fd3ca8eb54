//! Conditions: comparisons of variables, joined by `AND`, `OR` and `NOT` as STIX patterns join
//! them. What is written otherwise is kept, and for a person to judge.

use crate::checks::is_variable;

/// A condition of an `if` or a `while`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As it is written.
    pub text: String,
    tree: Option<Tree>,
}

#[derive(Clone, Debug)]
enum Tree {
    Compare { name: String, how: How, with: String },
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A longer one is not read.
const LONGEST: usize = 4_096;
/// Nor one nested deeper.
const DEEPEST: usize = 32;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Word(String),
    Literal(String),
    How(How),
    Open,
    Close,
}

impl Condition {
    /// Of a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        let tokens = if text.len() > LONGEST { None } else { tokens(&text) };
        let tree = tokens.and_then(|tokens| {
            let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
            let tree = parser.or()?;
            (parser.at == tokens.len()).then_some(tree)
        });
        Self { text, tree }
    }

    /// Whether it can be computed once its variables are known.
    #[must_use]
    pub const fn is_computable(&self) -> bool {
        self.tree.is_some()
    }

    /// Whether it holds; nothing when that depends on what is not known.
    #[must_use]
    pub fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<bool> {
        self.tree.as_ref()?.holds(value)
    }

    /// The variables that it names.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if let Some(tree) = &self.tree {
            tree.name_into(&mut names);
        }
        names
    }
}

impl Tree {
    fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<bool> {
        match self {
            Self::Compare { name, how, with } => Some(how.compares(&value(name)?, with)),
            Self::Not(tree) => tree.holds(value).map(|holds| !holds),
            Self::And(left, right) => match (left.holds(value), right.holds(value)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.holds(value), right.holds(value)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }

    fn name_into<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Compare { name, .. } => names.push(name),
            Self::Not(tree) => tree.name_into(names),
            Self::And(left, right) | Self::Or(left, right) => {
                left.name_into(names);
                right.name_into(names);
            }
        }
    }
}

impl How {
    /// Numbers as numbers, all else as text, `true` and `false` in any case.
    fn compares(self, left: &str, right: &str) -> bool {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        let order = match (number(left), number(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ if is_flag(left) && is_flag(right) => {
                Some(left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()))
            }
            _ => Some(left.cmp(right)),
        };
        order.is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

fn is_flag(text: &str) -> bool {
    ["true", "false"].iter().any(|flag| text.eq_ignore_ascii_case(flag))
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' | '[' => (Token::Open, 1),
            ')' | ']' => (Token::Close, 1),
            '\'' | '"' => quoted(rest, first)?,
            '=' | '!' | '<' | '>' => comparison(rest)?,
            _ => word(rest)?,
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

fn quoted(text: &str, quote: char) -> Option<(Token, usize)> {
    let (mut literal, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                literal.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == quote => return Some((Token::Literal(literal), at + 1)),
            c => literal.push(c),
        }
    }
    None
}

fn comparison(text: &str) -> Option<(Token, usize)> {
    const SIGNS: [(&str, How); 7] = [
        ("==", How::Equal),
        ("!=", How::Unequal),
        ("<=", How::LessOrEqual),
        (">=", How::GreaterOrEqual),
        ("=", How::Equal),
        ("<", How::Less),
        (">", How::Greater),
    ];
    let (sign, how) = SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((Token::How(how), sign.len()))
}

fn word(text: &str) -> Option<(Token, usize)> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-.:+".contains(c);
    let length = text.find(|c| !part(c)).unwrap_or(text.len());
    let word = text.get(..length).filter(|word| !word.is_empty())?;
    Some((Token::Word(word.to_owned()), length))
}

/// `or := and (OR and)*`, `and := not (AND not)*`, `not := NOT not | ( or ) | name how value`.
struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Option<Tree> {
        let mut tree = self.and()?;
        while self.takes_word("OR") {
            tree = Tree::Or(Box::new(tree), Box::new(self.and()?));
        }
        Some(tree)
    }

    fn and(&mut self) -> Option<Tree> {
        let mut tree = self.not()?;
        while self.takes_word("AND") {
            tree = Tree::And(Box::new(tree), Box::new(self.not()?));
        }
        Some(tree)
    }

    fn not(&mut self) -> Option<Tree> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let tree = if self.takes_word("NOT") {
            Tree::Not(Box::new(self.not()?))
        } else if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let tree = self.or()?;
            (self.tokens.get(self.at) == Some(&Token::Close)).then_some(())?;
            self.at += 1;
            tree
        } else {
            self.compare()?
        };
        self.depth -= 1;
        Some(tree)
    }

    fn compare(&mut self) -> Option<Tree> {
        let [Token::Word(name), Token::How(how), with] = self.tokens.get(self.at..self.at + 3)?
        else {
            return None;
        };
        let (Token::Literal(with) | Token::Word(with)) = with else { return None };
        let name = name.strip_suffix(":value").unwrap_or(name);
        is_variable(name).then_some(())?;
        self.at += 3;
        Some(Tree::Compare { name: name.into(), how: *how, with: with.clone() })
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word == wanted);
        self.at += usize::from(there);
        there
    }
}
