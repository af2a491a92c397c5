//! Hostile messages and queries by the hundred: every shape, each made from a genuine one that a
//! program of somebody else's signed, and each with the refusal that it is to meet.
//!
//! `shapes` makes the messages, `queries` the queries of HTTP-Redirect; `messages` brings them
//! all, `router` is where the whole server answers, and `changed` does one more thing to each.

mod added;
mod case;
mod changed;
mod genuine;
#[path = "../../../../src/xml/door_malformed_documents.rs"]
mod malformed;
mod messages;
mod queries;
mod router;
mod shapes;
