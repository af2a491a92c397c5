//! Builds everything from a checked configuration, and runs it.

pub mod alerts;
pub mod build;
pub mod compare;
mod connection;
mod control;
pub mod doctor;
mod door;
pub mod duties;
pub mod follow;
mod in_time;
pub mod lasting;
pub mod live;
mod look;
pub mod registrar;
pub mod rollover;
pub mod room;
pub mod serve;
pub mod setup;
mod texts;
pub mod typed;
