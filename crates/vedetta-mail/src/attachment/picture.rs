//! Pictures, searched for QR codes.

use std::io::Cursor;

use super::{Study, Trait};
use crate::budget::Obstacle;
use crate::link::Origin;

/// A picture in greys.
pub(super) struct Greys {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

const MOST_PIXELS: usize = 12_000_000;
/// Larger pictures are made smaller before the search.
const SEARCHED: usize = 1_000_000;
const MOST_CODES: usize = 8;
const SMALLEST: usize = 42;
/// A code of 21 by 21 modules does not fit into less, whatever the format.
const SMALLEST_FILE: usize = 150;

pub(super) fn study(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    let Some((width, height)) = size(bytes) else {
        // Icons and spacers hold no code; a picture of another format may.
        if bytes.len() > SMALLEST_FILE {
            study.budget.unread(name, Obstacle::Unsupported);
        }
        return;
    };
    if width < SMALLEST || height < SMALLEST {
        return;
    }
    let pixels = width.saturating_mul(height);
    if pixels > MOST_PIXELS || !study.budget.pixels(pixels.min(SEARCHED)) {
        study.budget.unread(name, Obstacle::TooLarge);
        return;
    }
    let greys = std::panic::catch_unwind(|| greys(bytes)).ok().flatten();
    if let Some(greys) = greys {
        search(study, name, greys, traits);
    }
}

/// Adds the links of the codes in a picture.
pub(super) fn search(study: &mut Study<'_>, name: &str, greys: Greys, traits: &mut Vec<Trait>) {
    if study.budget.is_late() {
        return;
    }
    let greys = smaller(greys);
    let (texts, more) = std::panic::catch_unwind(|| codes(&greys)).unwrap_or_default();
    if more > 0 {
        study.budget.unread_all(name, Obstacle::TooMany, more);
    }
    for text in texts {
        study.link("", &text, Origin::Code);
        traits.push(Trait::Code);
    }
}

/// What the codes in a picture say, and how many more there are.
fn codes(greys: &Greys) -> (Vec<String>, usize) {
    let at = |x: usize, y: usize| greys.pixels.get(y * greys.width + x).copied().unwrap_or(255);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(greys.width, greys.height, at);
    let grids = image.detect_grids();
    let read = grids.iter().take(MOST_CODES).filter_map(|grid| grid.decode().ok());
    (read.map(|(_, text)| text).collect(), grids.len().saturating_sub(MOST_CODES))
}

fn smaller(greys: Greys) -> Greys {
    let mut step = 1;
    while greys.pixels.len() / (step * step) > SEARCHED {
        step += 1;
    }
    if step == 1 {
        return greys;
    }
    let (width, height) = (greys.width / step, greys.height / step);
    let mean = |x: usize, y: usize| {
        let rows = (0..step).filter_map(|dy| {
            let from = (y * step + dy) * greys.width + x * step;
            greys.pixels.get(from..from + step)
        });
        let sum: usize = rows.flatten().map(|grey| usize::from(*grey)).sum();
        u8::try_from(sum / (step * step)).unwrap_or(255)
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y));
    Greys { width, height, pixels: pixels.collect() }
}

/// What the search of a JPEG costs, in pixels, by its header.
pub(super) fn cost(bytes: &[u8]) -> usize {
    size(bytes).map_or(SEARCHED, |(width, height)| width.saturating_mul(height).min(SEARCHED))
}

/// Width and height, from the header alone.
fn size(bytes: &[u8]) -> Option<(usize, usize)> {
    let be = |at: usize, n: usize| {
        bytes.get(at..at + n).map(|b| b.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    if bytes.starts_with(b"\x89PNG") {
        return Some((be(16, 4)?, be(20, 4)?));
    }
    if bytes.starts_with(b"GIF8") {
        let le = |at: usize| {
            bytes.get(at..at + 2).map(|b| b.iter().rev().fold(0, |s, b| s << 8 | usize::from(*b)))
        };
        return Some((le(6)?, le(8)?));
    }
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    for _ in 0..1000 {
        let marker = be(at, 2)?;
        if (0xffc0..=0xffcf).contains(&marker) && ![0xffc4, 0xffc8, 0xffcc].contains(&marker) {
            return Some((be(at + 7, 2)?, be(at + 5, 2)?));
        }
        at += 2 + be(at + 2, 2)?;
    }
    None
}

fn greys(bytes: &[u8]) -> Option<Greys> {
    if bytes.starts_with(b"\x89PNG") {
        png(bytes)
    } else if bytes.starts_with(b"GIF8") {
        gif(bytes)
    } else {
        jpeg(bytes)
    }
}

pub(super) fn jpeg(bytes: &[u8]) -> Option<Greys> {
    use zune_jpeg::zune_core::{
        bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions,
    };
    let options = DecoderOptions::default()
        .set_max_width(8000)
        .set_max_height(8000)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    if width * height > MOST_PIXELS {
        return None;
    }
    let pixels = decoder.decode().ok()?;
    (pixels.len() == width * height).then_some(Greys { width, height, pixels })
}

fn png(bytes: &[u8]) -> Option<Greys> {
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 48 << 20 });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let samples = reader.output_color_type().0.samples();
    if reader.info().interlaced && width * height * samples > 16 << 20 {
        return None;
    }
    let mut pixels = Vec::with_capacity(width * height);
    if reader.info().interlaced {
        let mut whole = vec![0; reader.output_buffer_size()?];
        reader.next_frame(&mut whole).ok()?;
        pixels.extend(whole.chunks_exact(samples).map(grey));
    } else {
        while let Ok(Some(row)) = reader.next_row() {
            pixels.extend(row.data().chunks_exact(samples).map(grey));
        }
    }
    pixels.resize(width * height, 255);
    Some(Greys { width, height, pixels })
}

fn grey(samples: &[u8]) -> u8 {
    let [red, green, blue, alpha] = match *samples {
        [grey] => [grey, grey, grey, 255],
        [grey, alpha] => [grey, grey, grey, alpha],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, alpha, ..] => [red, green, blue, alpha],
        [] => [255; 4],
    };
    let value = (u32::from(red) * 3 + u32::from(green) * 6 + u32::from(blue)) / 10;
    let shown = (value * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255;
    u8::try_from(shown).unwrap_or(255)
}

fn gif(bytes: &[u8]) -> Option<Greys> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    options.set_memory_limit(gif::MemoryLimit::Bytes(std::num::NonZeroU64::new(16 << 20)?));
    let mut decoder = options.read_info(Cursor::new(bytes)).ok()?;
    let frame = decoder.read_next_frame().ok()??;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let pixels: Vec<u8> = frame.buffer.chunks_exact(4).map(grey).collect();
    (pixels.len() == width * height).then_some(Greys { width, height, pixels })
}
