//! What a content stream of a PDF (ISO 32000-1 §8.5) draws with upright, filled shapes: a code made
//! of squares is as good as its picture.

use super::picture::Greys;

/// The longer side of the picture, in pixels.
const SIDE: f32 = 1600.0;
/// What is hardly anything is no code.
const FEWEST_EDGES: usize = 200;
const MOST_EDGES: usize = 100_000;
const MOST_CROSSINGS: usize = 4_000_000;
const DEEPEST: usize = 64;

/// The picture of what is drawn; nothing where hardly anything is, or too much.
pub(super) fn picture(content: &[u8]) -> Option<Greys> {
    let mut pen = Pen::default();
    let mut numbers: Vec<f32> = Vec::new();
    let words = content.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    for word in words {
        let text = std::str::from_utf8(word).unwrap_or_default();
        match text.parse::<f32>().ok().filter(|number| number.is_finite()) {
            Some(number) if numbers.len() < 8 => numbers.push(number),
            Some(_) => {}
            None => {
                pen.operator(text, &numbers);
                numbers.clear();
            }
        }
        if pen.edges > MOST_EDGES {
            return None;
        }
    }
    (pen.edges >= FEWEST_EDGES).then(|| painted(&pen.fills)).flatten()
}

/// One upright edge: where it is, from where to where.
#[derive(Clone, Copy)]
struct Edge {
    x: f32,
    from: f32,
    to: f32,
}

/// What is filled at once, and whether darkly.
struct Fill {
    edges: Vec<Edge>,
    dark: bool,
}

/// Scale and shift of both axes; a turn by quarters needs no more than its swap.
#[derive(Clone, Copy)]
struct State {
    matrix: [f32; 6],
    dark: bool,
}

struct Pen {
    state: State,
    saved: Vec<State>,
    path: Vec<Edge>,
    start: Option<(f32, f32)>,
    at: Option<(f32, f32)>,
    fills: Vec<Fill>,
    edges: usize,
}

impl Default for Pen {
    fn default() -> Self {
        let state = State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], dark: true };
        let (saved, path, fills) = (Vec::new(), Vec::new(), Vec::new());
        Self { state, saved, path, start: None, at: None, fills, edges: 0 }
    }
}

impl Pen {
    fn operator(&mut self, name: &str, numbers: &[f32]) {
        match (name, numbers) {
            ("q", _) if self.saved.len() < DEEPEST => self.saved.push(self.state),
            ("Q", _) => self.state = self.saved.pop().unwrap_or(self.state),
            ("cm", &[a, b, c, d, e, f]) => self.state.matrix = self.within([a, b, c, d, e, f]),
            ("g" | "sc" | "scn", &[grey]) => self.state.dark = grey < 0.5,
            ("rg" | "sc" | "scn", &[red, green, blue]) => {
                self.state.dark = (red + green + blue) / 3.0 < 0.5;
            }
            ("k" | "sc" | "scn", &[cyan, magenta, yellow, key]) => {
                self.state.dark = (cyan + magenta + yellow) / 3.0 + key > 0.5;
            }
            ("re", &[x, y, width, height]) => {
                self.go(x, y);
                for (x, y) in [(x + width, y), (x + width, y + height), (x, y + height)] {
                    self.line(x, y);
                }
                self.close();
            }
            ("m", &[x, y]) => {
                self.close();
                self.go(x, y);
            }
            ("l", &[x, y]) => self.line(x, y),
            ("h", _) => self.close(),
            ("f" | "F" | "f*" | "B" | "B*" | "b" | "b*", _) => {
                self.close();
                self.edges += self.path.len();
                let edges = std::mem::take(&mut self.path);
                if !edges.is_empty() {
                    self.fills.push(Fill { edges, dark: self.state.dark });
                }
            }
            ("n" | "S" | "s", _) => {
                self.path.clear();
                (self.start, self.at) = (None, None);
            }
            _ => {}
        }
    }

    /// A matrix within the present one.
    fn within(&self, inner: [f32; 6]) -> [f32; 6] {
        let [a, b, c, d, e, f] = inner;
        let [oa, ob, oc, od, oe, of] = self.state.matrix;
        [
            a * oa + b * oc,
            a * ob + b * od,
            c * oa + d * oc,
            c * ob + d * od,
            e * oa + f * oc + oe,
            e * ob + f * od + of,
        ]
    }

    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.state.matrix;
        (a * x + c * y + e, b * x + d * y + f)
    }

    fn go(&mut self, x: f32, y: f32) {
        let place = self.place(x, y);
        (self.start, self.at) = (Some(place), Some(place));
    }

    fn line(&mut self, x: f32, y: f32) {
        let to = self.place(x, y);
        self.edge(to);
        self.at = Some(to);
    }

    fn close(&mut self) {
        if let Some(start) = self.start.take() {
            self.edge(start);
        }
        self.at = None;
    }

    /// Only what is upright bounds a square; the rest of its outline lies flat.
    fn edge(&mut self, to: (f32, f32)) {
        let Some(from) = self.at else { return };
        let upright = (from.0 - to.0).abs() < 0.01 && (from.1 - to.1).abs() > 0.01;
        if upright && self.edges + self.path.len() <= MOST_EDGES {
            self.path.push(Edge { x: from.0, from: from.1.min(to.1), to: from.1.max(to.1) });
        }
    }
}

/// The fills one over the other, inside by the even-odd rule (§8.5.3.3.3), with a margin.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "within the picture's bounds, which are checked"
)]
fn painted(fills: &[Fill]) -> Option<Greys> {
    let dark = fills.iter().filter(|fill| fill.dark).flat_map(|fill| &fill.edges);
    let (mut left, mut right, mut low, mut high) = (f32::MAX, f32::MIN, f32::MAX, f32::MIN);
    for edge in dark {
        (left, right) = (left.min(edge.x), right.max(edge.x));
        (low, high) = (low.min(edge.from), high.max(edge.to));
    }
    let longer = (right - left).max(high - low);
    if !longer.is_finite() || longer <= 0.0 {
        return None;
    }
    let (scale, margin) = ((SIDE - 80.0) / longer, 40.0);
    let size = |length: f32| (length * scale + 2.0 * margin) as usize + 1;
    let (width, height) = (size(right - left), size(high - low));
    let mut pixels = vec![255_u8; width * height];
    let mut crossings = 0;
    for fill in fills {
        let mut rows: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
        for edge in &fill.edges {
            let column = ((edge.x - left) * scale + margin).clamp(0.0, width as f32) as usize;
            let row = |y: f32| ((high - y) * scale + margin).clamp(0.0, height as f32) as usize;
            crossings += row(edge.from) - row(edge.to).min(row(edge.from));
            if crossings > MOST_CROSSINGS {
                return None;
            }
            for y in row(edge.to)..row(edge.from) {
                rows.entry(y).or_default().push(column);
            }
        }
        for (y, mut columns) in rows {
            columns.sort_unstable();
            for inside in columns.chunks_exact(2) {
                let &[from, to] = inside else { continue };
                let (from, to) = (y * width + from, y * width + to);
                if let Some(run) = pixels.get_mut(from..to) {
                    run.fill(if fill.dark { 0 } else { 255 });
                }
            }
        }
    }
    Some(Greys { width, height, pixels })
}
