//! What attributes of a record say of its account.

use crate::model::attribute::Attributes;

/// The attributes that say a state.
pub(super) const NAMES: [&str; 4] = [LOCK, STATE, CONTROL, LOCKED_AT];
/// 389 Directory Server and its kin: `true` where the account is shut.
const LOCK: &str = "nsAccountLock";
/// SupAnn: the state of each of a person's resources, `{COMPTE}A` for an account that is active.
const STATE: &str = "supannRessourceEtat";
/// Active Directory: bits, of which [`DISABLED`] shuts the account.
const CONTROL: &str = "userAccountControl";
/// `ACCOUNTDISABLE`
const DISABLED: u32 = 2;
/// The password policy of LDAP directories: when the account was locked.
const LOCKED_AT: &str = "pwdAccountLockedTime";
/// Locked by an administrator, and for good. Any other time is the work of wrong passwords, which
/// anybody can type: it stops a bind, and nobody who proves elsewhere who they are.
const FOR_GOOD: &str = "000001010000Z";
/// The label of the account among the resources.
const ACCOUNT: &str = "COMPTE";

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
    let enabled = record.values(CONTROL).iter().all(|value| {
        let bits = value.trim().parse::<u32>();
        bits.is_ok_and(|bits| bits & DISABLED == 0)
    });
    let kept = record
        .values(LOCKED_AT)
        .iter()
        .all(|at| at.trim() != FOR_GOOD);
    let active = record.values(STATE).iter().all(|value| is_active(value));
    unlocked && enabled && kept && active
}

/// Whether one state lets the account be. One without a label is the account's.
fn is_active(value: &str) -> bool {
    let value = value.trim();
    let labelled = value
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'));
    let (label, state) = labelled.unwrap_or((ACCOUNT, value));
    if !label.trim().eq_ignore_ascii_case(ACCOUNT) {
        // Of another resource, like the mailbox.
        return true;
    }
    let mut letters = state.trim_start().chars();
    letters.next().is_some_and(|c| c.eq_ignore_ascii_case(&'A'))
        && letters.next().is_none_or(|c| !c.is_alphanumeric())
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
            (STATE, &["I"], false),
            (STATE, &["A"], true),
            (STATE, &["{ COMPTE}S"], false),
            (CONTROL, &["512"], true),
            (CONTROL, &["514"], false),
            (CONTROL, &["x"], false),
            (LOCKED_AT, &["20261125120000Z"], true),
            (LOCKED_AT, &["000001010000Z"], false),
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
