//! SAML 2.0 messages: what is asked, what is answered, and the proofs between.
//!
//! A message goes through these files in this order: [`binding`] gets the XML
//! out of the HTTP, [`authn_request`] reads it, [`trust`] proves who sent it and
//! when, [`acs`] proves where the answer goes, [`wishes`] says what of all that is asked for can be
//! had, [`response`] makes the answer.
//! Reads no clock, no store and no HTTP: time, randomness and the provider's
//! description are arguments.

pub mod acs;
pub mod authn_request;
pub mod binding;
pub mod idp_metadata;
mod requested_authn_context;
pub mod requested_subject;
pub mod response;
pub mod status;
pub mod trust;
pub mod wishes;

/// The prefixes of everything we write, with their namespaces.
pub(crate) const PREFIXES: &[(&str, &str)] = &[
    ("alg", crate::model::vocab::ALG),
    ("ds", crate::model::vocab::DS),
    ("md", crate::model::vocab::MD),
    ("mdui", crate::model::vocab::MDUI),
    ("saml", crate::model::vocab::SAML),
    ("samlp", crate::model::vocab::SAMLP),
    ("shibmd", crate::model::vocab::SHIBMD),
];
