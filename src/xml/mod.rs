//! The only room that reads or writes XML text.
