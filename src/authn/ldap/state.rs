//! What attributes of a record say of its account.

use crate::model::attribute::Attributes;

/// The attributes that say a state.
pub(super) const NAMES: [&str; 2] = [LOCK, STATE];
/// 389 Directory Server and its kin: `true` where the account is shut.
const LOCK: &str = "nsAccountLock";
/// SupAnn: the state of each of a person's resources, `{COMPTE}A` for an account that is active.
const STATE: &str = "supannRessourceEtat";
/// The label of the account among the resources.
const ACCOUNT: &str = "{COMPTE}";

/// Whether the record says that the account is open. Without a word it is; a word that is not
/// known shuts it.
///
/// SupAnn writes `{COMPTE}` and a letter: A active, I inactive, S suspended; after it, perhaps, a
/// finer state.
pub(super) fn is_open(record: &Attributes) -> bool {
    let unlocked = record
        .values(LOCK)
        .iter()
        .all(|value| value.trim().eq_ignore_ascii_case("false"));
    let active = record.values(STATE).iter().all(|value| {
        let value = value.trim();
        match value.get(..ACCOUNT.len()) {
            Some(label) if label.eq_ignore_ascii_case(ACCOUNT) => {
                let state = value.get(ACCOUNT.len()..).unwrap_or_default().trim_start();
                let mut letters = state.chars();
                letters.next().is_some_and(|c| c.eq_ignore_ascii_case(&'A'))
                    && letters.next().is_none_or(|c| !c.is_alphanumeric())
            }
            // Of another resource, like the mailbox.
            _ => true,
        }
    });
    unlocked && active
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r75_an_account_is_open_unless_a_word_of_its_record_says_otherwise() {
        for (name, values, expected) in [
            ("cn", &["x"][..], true),
            (STATE, &["{COMPTE}A"], true),
            (STATE, &["{compte}a"], true),
            (STATE, &["{COMPTE}A SupannAnticipe"], true),
            (STATE, &["{MAIL}I", "{COMPTE}A"], true),
            (STATE, &["{COMPTE}S"], false),
            (STATE, &["{COMPTE}I"], false),
            (STATE, &["{COMPTE}A", "{COMPTE}S"], false),
            (STATE, &["{COMPTE}Absent"], false),
            (STATE, &["{COMPTE}"], false),
            (STATE, &["{COMPTE}?"], false),
            (LOCK, &["FALSE"], true),
            (LOCK, &["true"], false),
            (LOCK, &["TRUE"], false),
            (LOCK, &["perhaps"], false),
        ] {
            let mut record = Attributes::new();
            record.add(name, values.iter().map(|value| (*value).to_owned()));
            assert_eq!(is_open(&record), expected, "{name}: {values:?}");
        }
    }
}
