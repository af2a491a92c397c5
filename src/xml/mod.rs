//! The only room that reads or writes XML text.
//!
//! [`door`] is the one reader of peers' XML, [`element`] the one view on what
//! it read, [`c14n`] turns such a view into the bytes that signatures cover,
//! and [`mod@write`] writes ours so that it already is those bytes; [`laid_out`] is for people to read. The two XML
//! libraries end here: no type of theirs is visible above.

pub mod c14n;
pub mod door;
pub mod element;
mod layout;
pub mod text;
pub mod write;

pub use door::{DoorFault, Limits, open};
pub use element::{Document, Element, ShapeFault};
pub use layout::laid_out;
pub use text::{is_ncname, is_xml_text};
pub use write::{Canonical, WriteFault, Writer};
