//! The rules of the accounts, one by one.

use super::*;

fn rules(more: &str) -> Rules {
    Rules::read(&format!(
        "associated-domains = ['univ.test']\ndefault-licence = 'basic'\n\
         hours-between-email-changes = 12\n{more}\n[fields]\n\
         [free-accounts]\naddresses = ['Bob@univ.test']\n"
    ))
    .unwrap()
}

fn wish(email: &str) -> Wish {
    Wish {
        email: email.to_owned(),
        employee_id: None,
        first_name: Some("Alice".to_owned()),
        last_name: Some("Liddell".to_owned()),
        display_name: Some("Alice Liddell".to_owned()),
        department: None,
        groups: Vec::new(),
        licence: None,
    }
}

fn with_id(email: &str, id: &str) -> Wish {
    Wish {
        employee_id: Some(id.to_owned()),
        ..wish(email)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn the_address_is_the_key_whatever_its_case() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    let first = accounts.sign_in(&rules, wish("alice@univ.test"), now());
    assert_eq!(first, Outcome::SignedIn(1));
    let second = accounts.sign_in(&rules, wish("Alice@Univ.test"), now());
    assert_eq!(second, Outcome::SignedIn(1));
    assert_eq!(accounts.find(1).unwrap().sign_ins, 2);
    let other = accounts.sign_in(&rules, wish("a.liddell@univ.test"), now());
    assert_eq!(
        other,
        Outcome::SignedIn(2),
        "a changed address is a new person"
    );
}

#[test]
fn names_are_set_once_and_the_other_fields_each_time() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    accounts.sign_in(&rules, wish("alice@univ.test"), now());
    let changed = Wish {
        first_name: Some("Alicia".to_owned()),
        last_name: None,
        display_name: Some("A. L.".to_owned()),
        department: Some("UFR 2".to_owned()),
        groups: vec!["g".to_owned()],
        ..wish("alice@univ.test")
    };
    accounts.sign_in(&rules, changed, now());
    let account = accounts.find(1).unwrap();
    assert_eq!(account.first_name.as_deref(), Some("Alice"));
    assert_eq!(account.last_name.as_deref(), Some("Liddell"));
    assert_eq!(account.display_name.as_deref(), Some("A. L."));
    assert_eq!(account.department.as_deref(), Some("UFR 2"));
    assert_eq!(account.groups, ["g"]);
}

#[test]
fn the_tick_box_refreshes_names_each_time() {
    let (mut accounts, rules) = (Accounts::default(), rules("refresh-names = true"));
    accounts.sign_in(&rules, wish("alice@univ.test"), now());
    let changed = Wish {
        first_name: Some("Alicia".to_owned()),
        ..wish("alice@univ.test")
    };
    accounts.sign_in(&rules, changed, now());
    let account = accounts.find(1).unwrap();
    assert_eq!(account.first_name.as_deref(), Some("Alicia"));
}

#[test]
fn a_licence_without_a_match_stays_and_none_shuts_the_door() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    let licensed = Wish {
        licence: Some(Licence::Licensed),
        ..wish("alice@univ.test")
    };
    accounts.sign_in(&rules, licensed, now());
    accounts.sign_in(&rules, wish("alice@univ.test"), now());
    assert_eq!(accounts.find(1).unwrap().licence, Licence::Licensed);
    for email in ["alice@univ.test", "new@univ.test"] {
        let shut = Wish {
            licence: Some(Licence::None),
            ..wish(email)
        };
        let outcome = accounts.sign_in(&rules, shut, now());
        assert_eq!(outcome, Outcome::Refused(Refusal::NoLicence));
    }
    assert_eq!(accounts.all().count(), 1);
}

#[test]
fn a_default_licence_of_none_refuses_newcomers_that_no_row_names() {
    let text = "associated-domains=['univ.test']\ndefault-licence='none'\n[fields]\n";
    let (mut accounts, rules) = (Accounts::default(), Rules::read(text).unwrap());
    let outcome = accounts.sign_in(&rules, wish("alice@univ.test"), now());
    assert_eq!(outcome, Outcome::Refused(Refusal::NoLicence));
    let basic = Wish {
        licence: Some(Licence::Basic),
        ..wish("alice@univ.test")
    };
    assert_eq!(accounts.sign_in(&rules, basic, now()), Outcome::SignedIn(1));
}

#[test]
fn the_employee_id_is_linked_by_address_and_is_then_the_key() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    accounts.sign_in(&rules, wish("alice@univ.test"), now());
    let linked = accounts.sign_in(&rules, with_id("alice@univ.test", "7"), now());
    assert_eq!(linked, Outcome::SignedIn(1));
    let renamed = accounts.sign_in(&rules, with_id("al@univ.test", "7"), now());
    assert_eq!(renamed, Outcome::SignedIn(1));
    assert_eq!(accounts.find(1).unwrap().email, "al@univ.test");
    let relinked = accounts.sign_in(&rules, with_id("al@univ.test", "8"), now());
    assert_eq!(relinked, Outcome::SignedIn(1));
    let id = accounts.find(1).unwrap().employee_id.as_deref();
    assert_eq!(id, Some("8"));
}

#[test]
fn an_address_changes_only_to_a_free_one_of_ours_and_not_twice_in_a_short_while() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    accounts.sign_in(&rules, with_id("alice@univ.test", "7"), now());
    accounts.sign_in(&rules, with_id("zoe@univ.test", "9"), now());
    let mut change = |email, at| accounts.sign_in(&rules, with_id(email, "7"), at);
    let taken = change("zoe@univ.test", now());
    assert_eq!(taken, Outcome::Refused(Refusal::AddressTaken));
    let free = change("bob@univ.test", now());
    assert_eq!(free, Outcome::Refused(Refusal::AddressTaken));
    let foreign = change("alice@elsewhere.test", now());
    assert_eq!(foreign, Outcome::Refused(Refusal::ForeignAddress));
    assert_eq!(change("a1@univ.test", now()), Outcome::SignedIn(1));
    let soon = change("a2@univ.test", now() + Duration::hours(11));
    assert_eq!(soon, Outcome::Refused(Refusal::ChangedTooSoon));
    let later = change("a2@univ.test", now() + Duration::hours(12));
    assert_eq!(later, Outcome::SignedIn(1));
}

#[test]
fn a_free_account_is_moved_in_two_steps_and_the_next_sign_in_goes_through() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    let pending = Outcome::Pending("bob@univ.test".to_owned());
    let sign_in = |accounts: &mut Accounts| accounts.sign_in(&rules, wish("bob@univ.test"), now());
    assert_eq!(sign_in(&mut accounts), pending);
    assert_eq!(sign_in(&mut accounts), pending, "still only offered");
    assert!(accounts.acknowledge("BOB@univ.test", "t".to_owned()));
    assert_eq!(sign_in(&mut accounts), pending, "the link was not followed");
    assert_eq!(accounts.confirm("other"), None);
    assert_eq!(accounts.confirm("t"), Some(Reason::Transfer));
    assert_eq!(accounts.confirm("t"), None, "a link works once");
    assert!(!accounts.acknowledge("bob@univ.test", "u".to_owned()));
    assert_eq!(sign_in(&mut accounts), Outcome::SignedIn(1));
}

#[test]
fn an_address_of_another_domain_is_confirmed_first() {
    let (mut accounts, rules) = (Accounts::default(), rules(""));
    let outcome = accounts.sign_in(&rules, wish("x@elsewhere.test"), now());
    assert_eq!(outcome, Outcome::Pending("x@elsewhere.test".to_owned()));
    let reason = accounts.waiting_for("x@elsewhere.test").unwrap().reason;
    assert_eq!(reason, Reason::Confirmation);
    accounts.acknowledge("x@elsewhere.test", "t".to_owned());
    assert_eq!(accounts.confirm("t"), Some(Reason::Confirmation));
    let outcome = accounts.sign_in(&rules, wish("x@elsewhere.test"), now());
    assert_eq!(outcome, Outcome::SignedIn(1));
}

#[test]
fn nobody_acknowledges_for_an_address_that_does_not_wait() {
    let mut accounts = Accounts::default();
    assert!(!accounts.acknowledge("alice@univ.test", "t".to_owned()));
}
