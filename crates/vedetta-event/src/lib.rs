//! Log lines of every kind in one view: a line is read into an [`Event`], which says where it comes
//! from and what its values are, under the names that rules give them.
//!
//! Pure: lines in, events out. Nothing is asked of an event here.

pub mod decode;
pub mod event;
pub mod source;

pub use decode::{Decoder, Fault, Format};
pub use event::{Event, Name, Tape, Value};
pub use source::Source;
