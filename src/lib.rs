//! Passerelle: a SAML 2.0 identity provider between a university's sign-in and
//! its cloud services.
//!
//! The modules stand in the order in which a request may call them, from the
//! last called to the first: each uses its own files and modules above it in
//! this list, and `tests/layers.rs` keeps it so. `ARCHITECTURE.md` is the map.

pub mod sys;

pub mod model;

pub mod audit;
pub mod config;

pub mod xml;

pub mod xmlsec;

pub mod saml;

pub mod sp_check;

pub mod metadata;

pub mod expression;

pub mod attributes;

pub mod setup;

pub mod authn;

pub mod store;

pub mod flow;

pub mod edge;

pub mod control;
pub mod web;

pub mod telemetry;

pub mod app;

pub mod cli;
