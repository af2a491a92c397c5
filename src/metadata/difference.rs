//! What is different between two versions of a provider's metadata, and what of that somebody has to
//! look at before it counts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    key_descriptor::{KeyIdentity, KeyUse, ListedKey},
    outline::Outline,
};
use crate::{config::sp::SpConfig, model::language::Localized};

/// What vouches for a version, beside whoever brought it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Voucher {
    /// A key that the administrator named, whose signature was verified (`metadata-signed-by`).
    Key,
    /// Nothing but the TLS of the server that it came from, or the rights of its file: whoever gets hold of
    /// either makes any version.
    Source,
}

impl Voucher {
    /// What vouches for the versions of the provider of `config`.
    pub const fn of(config: &SpConfig) -> Self {
        if config.metadata_signed_by.is_some() {
            Self::Key
        } else {
            Self::Source
        }
    }
}

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
    /// What is around a key that was there before: another certificate, or none.
    Certificate,
    /// What it says of itself to people.
    Description,
    /// Its name for people.
    DisplayName,
    /// A key to encrypt to.
    EncryptionKey,
    /// All of these at once.
    EncryptionKeys,
    /// The key that would be encrypted to, and how.
    EncryptsTo,
    /// How many entities the file describes.
    Entities,
    /// What is said of it to others (`EntityAttributes`).
    EntityAttribute,
    /// Its name.
    EntityId,
    /// Where it says what it is.
    InformationUrl,
    /// A name that it knows people by.
    NameIdFormat,
    /// Where it says what becomes of people's data.
    PrivacyStatementUrl,
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
    /// The signatures that it verifies, and the digests.
    Verifies,
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
            Self::Certificate => "certificate of the same key",
            Self::Description => "description for people",
            Self::DisplayName => "name for people",
            Self::EncryptionKey => "key for encryption",
            Self::EncryptionKeys => "ALL keys for encryption",
            Self::EncryptsTo => "what is encrypted to",
            Self::Entities => "entities in the file",
            Self::EntityAttribute => "entity attribute",
            Self::EntityId => "entityID",
            Self::InformationUrl => "link to what it is",
            Self::NameIdFormat => "NameID format",
            Self::PrivacyStatementUrl => "link to its privacy statement",
            Self::RequestedAttribute => "attribute asked for",
            Self::SigningKey => "key for signing",
            Self::SigningKeys => "ALL keys for signing",
            Self::SingleLogoutService => "address for logout",
            Self::ValidUntil => "validUntil",
            Self::Verifies => "signatures that it verifies",
            Self::WantAssertionsSigned => "assertions are to be signed",
        }
    }
}

/// How soon a version has to end for that to be held, where the one that counts does not end as soon: nobody could be
/// told in time.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// All that is different in `new`, for which `voucher` vouches, at `now`; what is held comes first.
pub fn between(old: &Outline, new: &Outline, voucher: Voucher, now: Timestamp) -> Vec<Change> {
    use Subject as Is;
    let mut changes = Changes {
        voucher,
        found: Vec::new(),
    };
    let both = [old, new];
    changes.lists(Is::EntityId, both.map(|it| vec![it.entity_id.to_string()]));
    let answers = both.map(|it| texts(&it.assertion_consumer_services));
    changes.lists(Is::AssertionConsumerService, answers);
    changes.keys(KeyUse::Signing, both);
    changes.keys(KeyUse::Encryption, both);
    changes.certificates(both);
    let encrypts_to = both.map(|it| it.encrypts_to.as_ref().map(ToString::to_string));
    changes.value(Is::EncryptsTo, encrypts_to);
    if is_by_a_known_key(old, new) {
        changes.set_held(Is::EncryptsTo, false);
    }
    changes.value(Is::Verifies, both.map(|it| it.verifies.clone()));
    let logout = both.map(|it| texts(&it.single_logout_services));
    changes.lists(Is::SingleLogoutService, logout);
    changes.lists(Is::NameIdFormat, both.map(|it| it.name_id_formats.clone()));
    let requested = both.map(|it| texts(&it.requested_attributes));
    changes.lists(Is::RequestedAttribute, requested);
    let said = both.map(|it| texts(&it.entity_attributes));
    changes.lists(Is::EntityAttribute, said);
    for (what, text) in [
        (
            Is::DisplayName,
            both.map(|it| spoken(it.display_name.as_ref())),
        ),
        (
            Is::Description,
            both.map(|it| spoken(it.description.as_ref())),
        ),
        (
            Is::InformationUrl,
            both.map(|it| spoken(it.information_url.as_ref())),
        ),
        (
            Is::PrivacyStatementUrl,
            both.map(|it| spoken(it.privacy_statement_url.as_ref())),
        ),
    ] {
        changes.value(what, text);
    }
    let signed = both.map(|it| Some(it.authn_requests_signed.to_string()));
    changes.value(Is::AuthnRequestsSigned, signed);
    let wanted = both.map(|it| Some(it.want_assertions_signed.to_string()));
    changes.value(Is::WantAssertionsSigned, wanted);
    changes.value(
        Is::ValidUntil,
        both.map(|it| it.valid_until.map(|it| it.to_string())),
    );
    let is_soon = |end: Timestamp| end.duration_since(now) < SOON;
    let is_sooner = |end: &Timestamp| old.valid_until.is_none_or(|old| *end < old);
    if new.valid_until.filter(is_sooner).is_some_and(is_soon) {
        changes.set_held(Is::ValidUntil, true);
    }
    changes.value(
        Is::CacheDuration,
        both.map(|it| it.cache_duration.map(|it| it.to_string())),
    );
    changes.value(Is::Entities, both.map(|it| Some(it.entities.to_string())));
    if shrinks(old.entities, new.entities) {
        changes.set_held(Is::Entities, true);
    }
    changes.found.sort_by_key(|change| !change.is_held);
    changes.found
}

/// Whether more than a tenth of a file's entities is gone: as a rule a file that broke off where it was
/// made, or the file of somebody else.
const fn shrinks(old: usize, new: usize) -> bool {
    new.saturating_mul(10) < old.saturating_mul(9)
}

/// The keys that verify requests: somebody has looked at each of them, or named the key that vouches for it. One that
/// was only for encryption says nothing of that, as it comes unheld beside the one that is encrypted to.
fn looked_at(outline: &Outline) -> impl Iterator<Item = &KeyIdentity> {
    let keys = outline.keys.iter();
    keys.filter(|key| key.is_for(KeyUse::Signing))
        .map(|key| &key.identity)
}

/// Whether what would be encrypted to is the same key in another certificate, or only another one of the keys that counted
/// for signing already, by the same methods: as the new certificate of a provider that has it stand there first.
fn is_by_a_known_key(old: &Outline, new: &Outline) -> bool {
    let both = old.encrypts_to.as_ref().zip(new.encrypts_to.as_ref());
    both.is_some_and(|(before, after)| {
        let mut known = looked_at(old).chain([&before.identity]);
        before.methods == after.methods && known.any(|known| *known == after.identity)
    })
}

/// What is said to people, in both languages.
fn spoken(text: Option<&Localized>) -> Option<String> {
    let Localized { fr, en } = text?;
    Some(match en {
        Some(en) if en != fr => format!("{fr} / {en}"),
        Some(_) | None => fr.clone(),
    })
}

fn texts(list: &[impl ToString]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

struct Changes {
    voucher: Voucher,
    found: Vec<Change>,
}

impl Changes {
    fn add(&mut self, what: Subject, old: Option<String>, new: Option<String>) {
        let is_held = self.is_held(what, new.as_deref());
        self.found.push(Change {
            what,
            old,
            new,
            is_held,
        });
    }

    /// Whether a change of it to `new` alone is held.
    fn is_held(&self, what: Subject, new: Option<&str>) -> bool {
        let is_vouched_for = self.voucher == Voucher::Key;
        match what {
            Subject::AssertionConsumerService
            | Subject::EncryptionKeys
            | Subject::EntityId
            | Subject::SigningKeys => true,
            // Whoever has the source adds a key of its own first, and takes the old one away later: no moment has
            // all keys other. The one signs requests as the provider, the other reads what is for it alone.
            Subject::SigningKey => !is_vouched_for && new.is_some(),
            // The one is read by whoever has the key; the other is a signature of ours that may be weaker, or none that
            // the provider verifies.
            Subject::EncryptsTo | Subject::Verifies => !is_vouched_for,
            // Where the configuration leaves it to the metadata, less is asked of everybody from now on; or more than
            // the provider does, which shuts everybody out until somebody has looked at its way back.
            Subject::AuthnRequestsSigned | Subject::WantAssertionsSigned => {
                !is_vouched_for || new == Some("false")
            }
            Subject::CacheDuration
            | Subject::Certificate
            | Subject::Description
            | Subject::DisplayName
            | Subject::EncryptionKey
            | Subject::Entities
            | Subject::EntityAttribute
            | Subject::InformationUrl
            | Subject::NameIdFormat
            | Subject::PrivacyStatementUrl
            | Subject::RequestedAttribute
            | Subject::SingleLogoutService
            | Subject::ValidUntil => false,
        }
    }

    fn set_held(&mut self, what: Subject, is_held: bool) {
        let found = self.found.iter_mut().filter(|change| change.what == what);
        found.for_each(|change| change.is_held = is_held);
    }

    fn value(&mut self, what: Subject, [old, new]: [Option<String>; 2]) {
        if old != new {
            self.add(what, old, new);
        }
    }

    /// Keys that came and went; that none of them stayed is more than the sum of it, unless those to encrypt to now
    /// counted for signing before. A key that stayed in another certificate is no other key.
    fn keys(&mut self, key_use: KeyUse, both: [&Outline; 2]) {
        let (one, all) = match key_use {
            KeyUse::Encryption => (Subject::EncryptionKey, Subject::EncryptionKeys),
            KeyUse::Both | KeyUse::Signing => (Subject::SigningKey, Subject::SigningKeys),
        };
        let [before, _] = both;
        let [old, new] = both.map(|it| {
            let keys = it.keys.iter().filter(|key| key.is_for(key_use));
            keys.collect::<Vec<_>>()
        });
        let are_known = key_use == KeyUse::Encryption && !new.is_empty() && { new.iter() }
            .all(|key| looked_at(before).any(|known| *known == key.identity));
        let is_in = |keys: &[&ListedKey], key: &ListedKey| {
            let mut keys = keys.iter();
            keys.any(|one| one.identity == key.identity)
        };
        if !old.is_empty() && !old.iter().any(|key| is_in(&new, key)) && !are_known {
            let count = |keys: &[_]| Some(keys.len().to_string());
            self.add(all, count(&old), count(&new));
        }
        let texts = |keys: &[&ListedKey], others: &[&ListedKey]| {
            let keys = keys.iter().filter(|key| !is_in(others, key));
            keys.map(ToString::to_string).collect::<Vec<_>>()
        };
        self.lists(one, [texts(&old, &new), texts(&new, &old)]);
    }

    /// What is around the keys that stayed, whatever each of them is for: that of a key for both uses is told once.
    fn certificates(&mut self, both: [&Outline; 2]) {
        let [old, new] = both.map(|it| {
            let keys = it.keys.iter().map(|key| &key.identity);
            keys.collect::<BTreeSet<_>>()
        });
        let around = both.map(|it| {
            let keys = { it.keys.iter() }
                .filter(|key| old.contains(&key.identity) && new.contains(&key.identity));
            keys.map(ToString::to_string).collect()
        });
        self.lists(Subject::Certificate, around);
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
        super::{
            key_descriptor::EncryptsTo,
            outline::tests::{outline, with},
            read::tests::now,
        },
        *,
    };
    use crate::model::vocab;

    fn told(change: &Change) -> (Subject, bool, bool, bool) {
        (
            change.what,
            change.old.is_some(),
            change.new.is_some(),
            change.is_held,
        )
    }

    /// What is different in `new`, by what vouches for it.
    fn changed(old: &Outline, new: &Outline, voucher: Voucher) -> Vec<(Subject, bool, bool, bool)> {
        between(old, new, voucher, now()).iter().map(told).collect()
    }

    const VOUCHERS: [Voucher; 2] = [Voucher::Key, Voucher::Source];

    #[test]
    fn the_same_in_another_order_is_no_change() {
        let one = outline(&with("", &["a", "b"], &["one", "two"]));
        let mut other = one.clone();
        other.keys.reverse();
        other.assertion_consumer_services.reverse();
        assert_eq!(between(&one, &other, Voucher::Source, now()), []);
    }

    #[test]
    fn r91_another_name_address_or_set_of_keys_is_held_whoever_vouches_for_it() {
        use Subject as Is;
        let old = outline(&with("", &["a", "b"], &["one"]));
        for (new, expected) in [
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
            for voucher in VOUCHERS {
                let told = changed(&old, &outline(&new), voucher);
                assert_eq!(told, expected, "{voucher:?} {new}");
            }
        }
    }

    #[test]
    fn r91_a_key_that_was_not_there_is_held_unless_a_key_of_ours_vouches_for_it() {
        use Subject as Is;
        let [one, both, two] =
            [&["one"][..], &["one", "two"], &["two"]].map(|keys| outline(&with("", &["a"], keys)));
        for voucher in VOUCHERS {
            let is_held = voucher == Voucher::Source;
            let come = (Is::SigningKey, false, true, is_held);
            let gone = (Is::SigningKey, true, false, false);
            let all = (Is::SigningKeys, true, true, true);
            assert_eq!(changed(&one, &both, voucher), [come]);
            // Once it is there, the other one goes by itself, as at the end of a roll-over.
            assert_eq!(changed(&both, &two, voucher), [gone]);
            let mut expected = vec![all, gone, come];
            expected.sort_by_key(|(.., is_held)| !is_held);
            assert_eq!(changed(&one, &two, voucher), expected);
        }
    }

    #[test]
    fn r91_a_certificate_that_was_made_anew_around_the_same_key_is_told_and_no_new_key() {
        use Subject as Is;
        let of = |keys: &[&str]| outline(&with("", &["a"], keys));
        let around = [
            (Is::Certificate, true, false, false),
            (Is::Certificate, false, true, false),
        ];
        for voucher in VOUCHERS {
            let told = |old: &[&str], new: &[&str]| changed(&of(old), &of(new), voucher);
            assert_eq!(told(&["one"], &["one again"]), around);
            // In an overlap as well, where the one before stays for a while.
            assert_eq!(told(&["one"], &["one", "one again"]), around[1..]);
            assert_eq!(told(&["one", "one again"], &["one again"]), around[..1]);
            // It hides no other key, and does not stand for the one that is gone.
            let is_held = voucher == Voucher::Source;
            let [gone, come] = [
                (Is::SigningKey, true, false, false),
                (Is::SigningKey, false, true, is_held),
            ];
            let hidden = told(&["one"], &["one again", "two"]);
            assert_eq!(hidden.len(), 3, "{hidden:?}");
            assert!(hidden.contains(&come) && !hidden.contains(&gone));
            let exchanged = told(&["one"], &["two again"]);
            let all = (Is::SigningKeys, true, true, true);
            assert!(
                exchanged.contains(&all) && exchanged.contains(&gone) && exchanged.contains(&come)
            );
            assert_eq!(exchanged.len(), 3, "{exchanged:?}");
        }
    }

    #[test]
    fn r91_the_certificate_of_a_key_for_both_uses_is_told_once() {
        use Subject as Is;
        let for_both = |keys: &[&str]| {
            let text = with("", &["a"], keys);
            outline(&text.replace(" use='signing'", ""))
        };
        let [gone, come] = [
            (Is::Certificate, true, false, false),
            (Is::Certificate, false, true, false),
        ];
        let told = |new| {
            let told = changed(&for_both(&["one"]), &for_both(new), Voucher::Source);
            let told = told.into_iter().filter(|told| told.0 != Is::EncryptsTo);
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&["one again"]), [gone, come]);
        assert_eq!(told(&["one", "one again"]), [come]);
    }

    /// As many as metadata has room for: comparing each with each would take minutes.
    #[test]
    fn r91_of_ever_so_many_lines_that_changed_each_is_told() {
        let mut old = outline(&with("", &["a"], &["one"]));
        let mut new = old.clone();
        let lines = |of: &str| (0..50_000).map(|line| format!("{of} {line}")).collect();
        (old.name_id_formats, new.name_id_formats) = (lines("old"), lines("new"));
        let told = changed(&old, &new, Voucher::Source);
        assert_eq!(told.len(), 100_000);
    }

    #[test]
    fn r91_a_key_that_was_for_encryption_alone_verifies_nothing_in_another_certificate_unheld() {
        let for_encryption = |text: String| text.replace("use='signing'", "use='encryption'");
        let both = with("", &["a"], &["one", "two"]);
        let (first, second) = both.split_once("</md:KeyDescriptor>").unwrap();
        let old = format!(
            "{first}</md:KeyDescriptor>{}",
            for_encryption(second.to_owned())
        );
        let new = with("", &["a"], &["one", "two again"]);
        let changes = changed(&outline(&old), &outline(&new), Voucher::Source);
        let come = (Subject::SigningKey, false, true, true);
        assert!(changes.contains(&come), "{changes:?}");
    }

    #[test]
    fn r91_what_would_be_encrypted_to_is_held_unless_a_key_of_ours_vouches_for_it() {
        let old = outline(&with("", &["a"], &["one"]));
        assert_eq!(old.encrypts_to, None);
        let mut new = old.clone();
        let by = |methods: &str| EncryptsTo {
            key: "a key".to_owned(),
            identity: old.keys[0].identity.clone(),
            methods: methods.to_owned(),
        };
        new.encrypts_to = Some(by("one"));
        for voucher in VOUCHERS {
            let is_held = voucher == Voucher::Source;
            let told = |old, new| changed(old, new, voucher);
            let is = |was, is| [(Subject::EncryptsTo, was, is, is_held)];
            assert_eq!(told(&old, &new), is(false, true));
            assert_eq!(told(&new, &old), is(true, false));
            let mut other = new.clone();
            other.encrypts_to = Some(by("another"));
            assert_eq!(told(&new, &other), is(true, true));
            // The same key in another certificate is read by nobody else; another key may be.
            let mut again = new.clone();
            again.encrypts_to.as_mut().unwrap().key = "renewed".to_owned();
            let around = [(Subject::EncryptsTo, true, true, false)];
            assert_eq!(told(&new, &again), around);
            let foreign = outline(&with("", &["a"], &["two"]));
            let foreign = foreign.keys[0].identity.clone();
            let mut stolen = again.clone();
            stolen.encrypts_to.as_mut().unwrap().identity = foreign;
            assert_eq!(told(&new, &stolen), is(true, true));
        }
    }

    #[test]
    fn r91_that_less_is_signed_is_held_and_that_more_is_unless_a_key_of_ours_vouches_for_it() {
        let old = outline(&with("", &["a"], &["one"]));
        for voucher in VOUCHERS {
            let mut new = old.clone();
            new.authn_requests_signed = true;
            let is = |what, is_held| [(what, true, true, is_held)];
            let told = |old, new| changed(old, new, voucher);
            let what = Subject::AuthnRequestsSigned;
            assert_eq!(told(&new, &old), is(what, true));
            assert_eq!(told(&old, &new), is(what, voucher == Voucher::Source));
            let mut new = old.clone();
            new.want_assertions_signed = true;
            let what = Subject::WantAssertionsSigned;
            assert_eq!(told(&new, &old), is(what, true));
            assert_eq!(told(&old, &new), is(what, voucher == Voucher::Source));
        }
    }

    #[test]
    fn r91_an_end_that_is_near_is_held_where_what_counts_ends_later_and_no_other_one_is() {
        let mut old = outline(&with("", &["a"], &["one"]));
        let mut new = old.clone();
        let [minute, hour, day] = [1, 60, 24 * 60].map(SignedDuration::from_mins);
        for (before, after, is_held) in [
            (None, Some(minute), true),
            (None, Some(day - minute), true),
            (None, Some(day), false),
            (Some(day * 30), Some(day * 2), false),
            (Some(day * 30), Some(hour), true),
            (Some(hour * 10), Some(minute), true),
            (Some(hour), Some(hour * 2), false),
            (Some(hour), Some(day * 30), false),
            (Some(minute), None, false),
        ] {
            old.valid_until = before.map(|left| now() + left);
            new.valid_until = after.map(|left| now() + left);
            let change = (
                Subject::ValidUntil,
                before.is_some(),
                after.is_some(),
                is_held,
            );
            for voucher in VOUCHERS {
                assert_eq!(
                    changed(&old, &new, voucher),
                    [change],
                    "{before:?} {after:?}"
                );
            }
        }
    }

    #[test]
    fn r91_other_signatures_that_it_would_verify_are_held_unless_a_key_of_ours_vouches_for_them() {
        let plain = with("", &["a"], &["one"]);
        let declares = |method: &str| {
            let declared = format!(
                "<md:Extensions><alg:{method} xmlns:alg='{}'/></md:Extensions><md:SPSSODescriptor ",
                vocab::ALG
            );
            outline(&plain.replacen("<md:SPSSODescriptor ", &declared, 1))
        };
        let rsa = "SigningMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'";
        let old = outline(&plain);
        for new in [
            rsa,
            &*rsa.replace("256", "512"),
            &*format!("{rsa} MinKeySize='4096'"),
            "DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha512'",
        ]
        .map(declares)
        {
            for voucher in VOUCHERS {
                let is_held = voucher == Voucher::Source;
                let told = |old, new| changed(old, new, voucher);
                let is = |was, is| [(Subject::Verifies, was, is, is_held)];
                assert_eq!(told(&old, &new), is(false, true));
                assert_eq!(told(&new, &old), is(true, false));
                if new != declares(rsa) {
                    assert_eq!(told(&declares(rsa), &new), is(true, true));
                }
            }
        }
    }

    #[test]
    fn r91_a_file_that_lost_more_than_a_tenth_of_its_entities_is_held() {
        let mut old = outline(&with("", &["a"], &["one"]));
        let mut new = old.clone();
        for (before, after, is_held) in [
            (1, 2, false),
            (10, 9, false),
            (10, 8, true),
            (100, 90, false),
            (100, 89, true),
            (2, 1, true),
            (1, 1000, false),
        ] {
            (old.entities, new.entities) = (before, after);
            let expected = [(Subject::Entities, true, true, is_held)];
            for voucher in VOUCHERS {
                let told = changed(&old, &new, voucher);
                assert_eq!(told, expected, "{before} {after}");
            }
        }
    }

    #[test]
    fn what_is_said_to_people_and_to_others_is_told_and_not_held() {
        use Subject as Is;
        let old = outline(&with("", &["a"], &["one"]));
        let mut new = old.clone();
        let text = |fr: &str, en: Option<&str>| {
            Some(Localized {
                fr: fr.to_owned(),
                en: en.map(str::to_owned),
            })
        };
        new.display_name = text("Wiki", None);
        new.description = text("Un wiki", Some("A wiki"));
        new.information_url = text("https://sp.example/a", None);
        new.privacy_statement_url = text("https://sp.example/b", None);
        new.entity_attributes = vec![super::super::outline::ListedEntityAttribute {
            name: "urn:category".to_owned(),
            values: vec!["a".to_owned()],
        }];
        let come = |what| (what, false, true, false);
        let told = changed(&old, &new, Voucher::Source);
        assert_eq!(
            told,
            [
                Is::EntityAttribute,
                Is::DisplayName,
                Is::Description,
                Is::InformationUrl,
                Is::PrivacyStatementUrl
            ]
            .map(come)
        );
        // The English text alone is a change as well.
        let mut other = new.clone();
        other.description = text("Un wiki", Some("Another wiki"));
        let told = changed(&new, &other, Voucher::Source);
        assert_eq!(told, [(Is::Description, true, true, false)]);
    }
}
