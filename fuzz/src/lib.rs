//! What the targets share: a provider as the configuration describes it, and a time.

use jiff::Timestamp;
use passerelle::{
    config::{
        sections::{Encrypt, NameId, Sign},
        sp::SpConfig,
    },
    model::short_name::ShortName,
};

/// The time of everything here.
pub fn now() -> Timestamp {
    "2026-11-26T08:00:00Z".parse().expect("a time")
}

/// A provider with a metadata file of its own.
pub fn config() -> SpConfig {
    SpConfig {
        short_name: ShortName::parse("example").expect("a name"),
        preset: None,
        metadata_path: "example.xml".into(),
        followed: None,
        is_watched: false,
        metadata_signed_by: None,
        metadata_max_mib: 4,
        entity_id: None,
        max_validity_days: None,
        aliases: Vec::new(),
        sign_in_link: None,
        enabled: true,
        next_key_from: None,
        idp_initiated: None,
        display_name: None,
        require_signed_requests: None,
        sha1_until: None,
        refused_algorithms: Vec::new(),
        sign: Sign::Both,
        signature: None,
        cipher: None,
        key_transport: None,
        encrypt: Encrypt::WhenPossible,
        max_authn_age: None,
        session: None,
        name_id: NameId::EmailAddress {
            from: "mail".into(),
        },
        release: Vec::new(),
        service: None,
    }
}
