//! The file that stands in for Zoom's own until that is there (`metadata/zoom.xml`).
//!
//! A certificate's name says that it is a placeholder's ([`Registered::is_placeholder`]), which is enough for a hint. A
//! provider can write that name, too: what spares somebody a look goes by all of the file.
//!
//! [`Registered::is_placeholder`]: super::registry::Registered::is_placeholder

/// As it comes with this version of the program.
const SHIPPED: &[u8] = include_bytes!("../../metadata/zoom.xml");

/// Whether `file` is that very file.
pub fn is_shipped(file: &[u8]) -> bool {
    file == SHIPPED
}
