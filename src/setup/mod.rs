//! What an administrator is told to type on a service provider's own form, and which of the provider's own rules
//! the configuration breaks; and which accounts people keep there after the switch from another identity provider.
//!
//! Knows the form and the rules of a service ([`Service`](crate::config::sections::Service)), and takes every
//! value from the configuration, the keys and the metadata. Pure: whoever calls it writes what it says, as text,
//! as JSON or as a page. No sign-in asks it.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};

use crate::{
    attributes::{
        asked::Asked,
        map::Mapping,
        name_id::NameIdRule,
        release::{ReleasePolicy, Sent},
    },
    metadata::registry::Registered,
    xmlsec::{CertificateFacts, Signer},
};

pub mod accounts;
pub mod captured;
pub mod export;
pub mod old;
pub mod said;
pub mod sheet;
pub mod zoom;
pub mod zoom_rules;

#[cfg(test)]
pub(crate) mod test_support;

/// The day of a moment, in UTC.
fn day_of(moment: Timestamp) -> Date {
    Offset::UTC.to_datetime(moment).date()
}

/// One provider, as far as its administrator and its rules are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What its metadata and the configuration say.
    pub registered: &'a Registered,
    /// The key that signs what it gets, and how.
    pub signer: &'a dyn Signer,
    /// What the certificate of that key says.
    pub certificate: &'a CertificateFacts,
    /// What it is told.
    pub release: &'a ReleasePolicy,
    /// The name it knows people by.
    pub name_id: &'a NameIdRule,
    /// What our attributes are made of.
    pub mapping: &'a Mapping,
    /// How long a session of ours lasts.
    pub session_lifetime: SignedDuration,
    /// The time of the look.
    pub now: Timestamp,
}

impl<'a> Facts<'a> {
    /// What it is told when it asks in its usual way.
    fn sent(&self) -> impl Iterator<Item = Sent<'a>> {
        self.release.sent(Asked::of(&self.registered.sp, None))
    }

    /// What fills a field of its form.
    fn filling(&self, field: &str) -> Option<Sent<'a>> {
        self.sent().find(|sent| sent.field() == Some(field))
    }
}
