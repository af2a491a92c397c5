//! The service providers we answer to.
//!
//! [`read`] takes one metadata file apart, [`source`] loads all that the configuration names,
//! [`last_good`] keeps copies of what could be used, and [`registry`] is asked who a provider is.
//! A provider whose metadata is followed has a source ([`sources`]); [`intake`] judges what it gives, and [`held`]
//! keeps what somebody has to look at first.
//! [`outline`] shows a file to a person, and [`difference`] what is new in another version of it; [`placeholder`] knows the file
//! that stands in for one that is not there yet. Only [`registry::Registry`] says whether a provider is
//! answered at all.

pub mod difference;
pub mod finding;
pub mod held;
pub mod intake;
pub mod last_good;
pub mod outline;
pub mod placeholder;
pub mod read;
pub mod refused_algorithms;
pub mod registry;
pub mod remark;
pub mod signature_methods;
pub mod source;
pub mod sources;

mod attribute_consuming_service;
mod encryption_method;
mod entities;
mod entity_attributes;
pub mod key_descriptor;
mod ui_info;
mod validity;
mod values;

#[cfg(test)]
mod unknown_content_tests;
