//! What is different between two versions of a provider's metadata, and what of that somebody has to
//! look at before it counts.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{key_descriptor::KeyUse, outline::Outline};

/// One thing that is different.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// What it is.
    pub what: Subject,
    /// What is there no more; none where it is new.
    pub old: Option<String>,
    /// What is there now; none where it is gone.
    pub new: Option<String>,
    /// Whether somebody has to look at it before it counts: with it whoever made the new version could
    /// take the sign-ins of everybody.
    pub is_held: bool,
}

/// What may be different.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An address that takes answers.
    AssertionConsumerService,
    /// Whether its requests are said to be signed.
    AuthnRequestsSigned,
    /// After how long it ought to be fetched again.
    CacheDuration,
    /// Its name for people.
    DisplayName,
    /// A key to encrypt to.
    EncryptionKey,
    /// All of these at once.
    EncryptionKeys,
    /// Its name.
    EntityId,
    /// A name that it knows people by.
    NameIdFormat,
    /// An attribute that it asks for.
    RequestedAttribute,
    /// A key that verifies its requests.
    SigningKey,
    /// All of these at once.
    SigningKeys,
    /// An address that hears of sign-outs.
    SingleLogoutService,
    /// When the description ends.
    ValidUntil,
    /// Whether the assertion itself is to be signed.
    WantAssertionsSigned,
}

impl Subject {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AssertionConsumerService => "address for answers",
            Self::AuthnRequestsSigned => "requests are signed",
            Self::CacheDuration => "cacheDuration",
            Self::DisplayName => "name for people",
            Self::EncryptionKey => "key for encryption",
            Self::EncryptionKeys => "ALL keys for encryption",
            Self::EntityId => "entityID",
            Self::NameIdFormat => "NameID format",
            Self::RequestedAttribute => "attribute asked for",
            Self::SigningKey => "key for signing",
            Self::SigningKeys => "ALL keys for signing",
            Self::SingleLogoutService => "address for logout",
            Self::ValidUntil => "validUntil",
            Self::WantAssertionsSigned => "assertions are to be signed",
        }
    }

    /// Whether a change of it alone is held.
    const fn is_held(self) -> bool {
        match self {
            Self::AssertionConsumerService
            | Self::EncryptionKeys
            | Self::EntityId
            | Self::SigningKeys => true,
            Self::AuthnRequestsSigned
            | Self::CacheDuration
            | Self::DisplayName
            | Self::EncryptionKey
            | Self::NameIdFormat
            | Self::RequestedAttribute
            | Self::SigningKey
            | Self::SingleLogoutService
            | Self::ValidUntil
            | Self::WantAssertionsSigned => false,
        }
    }
}

/// All that is different in `new`; what is held comes first.
pub fn between(old: &Outline, new: &Outline) -> Vec<Change> {
    use Subject as Is;
    let mut changes = Changes(Vec::new());
    let both = [old, new];
    changes.lists(Is::EntityId, both.map(|it| vec![it.entity_id.to_string()]));
    let answers = both.map(|it| texts(&it.assertion_consumer_services));
    changes.lists(Is::AssertionConsumerService, answers);
    changes.keys(KeyUse::Signing, both);
    changes.keys(KeyUse::Encryption, both);
    let logout = both.map(|it| texts(&it.single_logout_services));
    changes.lists(Is::SingleLogoutService, logout);
    changes.lists(Is::NameIdFormat, both.map(|it| it.name_id_formats.clone()));
    let requested = both.map(|it| texts(&it.requested_attributes));
    changes.lists(Is::RequestedAttribute, requested);
    let display_name = both.map(|it| it.display_name.as_ref().map(|it| it.fr.clone()));
    changes.value(Is::DisplayName, display_name);
    let signed = both.map(|it| Some(it.authn_requests_signed.to_string()));
    changes.value(Is::AuthnRequestsSigned, signed);
    if old.authn_requests_signed && !new.authn_requests_signed {
        // Where the configuration leaves it to the metadata, requests of anybody would be taken from now on.
        changes.hold(Is::AuthnRequestsSigned);
    }
    let wanted = both.map(|it| Some(it.want_assertions_signed.to_string()));
    changes.value(Is::WantAssertionsSigned, wanted);
    changes.value(
        Is::ValidUntil,
        both.map(|it| it.valid_until.map(|it| it.to_string())),
    );
    changes.value(
        Is::CacheDuration,
        both.map(|it| it.cache_duration.map(|it| it.to_string())),
    );
    changes.0.sort_by_key(|change| !change.is_held);
    changes.0
}

fn texts(list: &[impl ToString]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, what: Subject, old: Option<String>, new: Option<String>) {
        let is_held = what.is_held();
        self.0.push(Change {
            what,
            old,
            new,
            is_held,
        });
    }

    fn hold(&mut self, what: Subject) {
        let found = self.0.iter_mut().filter(|change| change.what == what);
        found.for_each(|change| change.is_held = true);
    }

    fn value(&mut self, what: Subject, [old, new]: [Option<String>; 2]) {
        if old != new {
            self.add(what, old, new);
        }
    }

    /// Keys that came and went; that none of them stayed is more than the sum of it.
    fn keys(&mut self, key_use: KeyUse, both: [&Outline; 2]) {
        let (one, all) = match key_use {
            KeyUse::Encryption => (Subject::EncryptionKey, Subject::EncryptionKeys),
            KeyUse::Both | KeyUse::Signing => (Subject::SigningKey, Subject::SigningKeys),
        };
        let [old, new] = both.map(|it| {
            let keys = it.keys.iter().filter(|key| key.is_for(key_use));
            keys.map(ToString::to_string).collect::<Vec<_>>()
        });
        if !old.is_empty() && !old.iter().any(|key| new.contains(key)) {
            let count = |keys: &[String]| Some(keys.len().to_string());
            self.add(all, count(&old), count(&new));
        }
        self.lists(one, [old, new]);
    }

    /// What is in one list only, whatever the order.
    fn lists(&mut self, what: Subject, [old, new]: [Vec<String>; 2]) {
        let [was, is] = [&old, &new].map(|list| list.iter().collect::<BTreeSet<_>>());
        for gone in was.difference(&is) {
            self.add(what, Some((*gone).clone()), None);
        }
        for come in is.difference(&was) {
            self.add(what, None, Some((*come).clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::outline::tests::{outline, with},
        *,
    };

    fn told(change: &Change) -> (Subject, bool, bool, bool) {
        (
            change.what,
            change.old.is_some(),
            change.new.is_some(),
            change.is_held,
        )
    }

    #[test]
    fn the_same_in_another_order_is_no_change() {
        let one = outline(&with("", &["a", "b"], &["one", "two"]));
        let mut other = one.clone();
        other.keys.reverse();
        other.assertion_consumer_services.reverse();
        assert_eq!(between(&one, &other), []);
    }

    #[test]
    fn r91_another_name_address_or_set_of_keys_is_held_and_one_key_more_is_not() {
        use Subject as Is;
        let old = outline(&with("", &["a", "b"], &["one"]));
        for (new, expected) in [
            (
                with("", &["a", "b"], &["one", "two"]),
                vec![(Is::SigningKey, false, true, false)],
            ),
            (
                with("", &["a", "b"], &["two"]),
                vec![
                    (Is::SigningKeys, true, true, true),
                    (Is::SigningKey, true, false, false),
                    (Is::SigningKey, false, true, false),
                ],
            ),
            (
                with("", &["a", "b"], &[]),
                vec![
                    (Is::SigningKeys, true, true, true),
                    (Is::SigningKey, true, false, false),
                ],
            ),
            (
                with("", &["a"], &["one"]),
                vec![(Is::AssertionConsumerService, true, false, true)],
            ),
            (
                with("", &["a", "c"], &["one"]),
                vec![
                    (Is::AssertionConsumerService, true, false, true),
                    (Is::AssertionConsumerService, false, true, true),
                ],
            ),
            (
                with("", &["b", "a"], &["one"]),
                vec![
                    (Is::AssertionConsumerService, true, false, true),
                    (Is::AssertionConsumerService, true, false, true),
                    (Is::AssertionConsumerService, false, true, true),
                    (Is::AssertionConsumerService, false, true, true),
                ],
            ),
            (
                with("validUntil='2027-01-01T00:00:00Z'", &["a", "b"], &["one"]),
                vec![(Is::ValidUntil, false, true, false)],
            ),
            (
                with("", &["a", "b"], &["one"]).replace("sp.example", "other.example"),
                vec![
                    (Is::EntityId, true, false, true),
                    (Is::EntityId, false, true, true),
                    (Is::AssertionConsumerService, true, false, true),
                    (Is::AssertionConsumerService, true, false, true),
                    (Is::AssertionConsumerService, false, true, true),
                    (Is::AssertionConsumerService, false, true, true),
                ],
            ),
        ] {
            let changes = between(&old, &outline(&new));
            let told: Vec<_> = changes.iter().map(told).collect();
            assert_eq!(told, expected, "{new}");
        }
    }

    #[test]
    fn r91_that_requests_are_signed_no_longer_is_held_and_that_they_are_is_not() {
        let mut old = outline(&with("", &["a"], &["one"]));
        let mut new = old.clone();
        (old.authn_requests_signed, new.authn_requests_signed) = (true, false);
        let told = |changes: Vec<Change>| changes.iter().map(told).collect::<Vec<_>>();
        let is = |is_held| [(Subject::AuthnRequestsSigned, true, true, is_held)];
        assert_eq!(told(between(&old, &new)), is(true));
        assert_eq!(told(between(&new, &old)), is(false));
    }
}
