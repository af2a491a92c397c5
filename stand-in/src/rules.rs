//! Zoom's mapping rules: which attribute fills which field, and which licence
//! comes out. Pure: reads no clock, keeps nothing.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::reading::Received;

/// The rules that are built in.
const BUILT_IN: &str = include_str!("../rules.toml");

/// Everything that Zoom's administrator would type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Rules {
    pub(crate) associated_domains: Vec<String>,
    pub(crate) default_licence: Licence,
    #[serde(default)]
    pub(crate) refresh_names: bool,
    #[serde(default)]
    pub(crate) hours_between_email_changes: u16,
    pub(crate) fields: Fields,
    #[serde(default, rename = "licence")]
    pub(crate) licence_rows: Vec<LicenceRow>,
    #[serde(default)]
    pub(crate) free_accounts: FreeAccounts,
}

/// Field → attribute `Name`; an absent field is unmapped.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fields {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    department: Option<String>,
    employee_id: Option<String>,
    groups: Option<String>,
}

/// One line of the advanced mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LicenceRow {
    attribute: String,
    value: String,
    result: Licence,
}

/// Addresses with a free account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FreeAccounts {
    pub(crate) addresses: Vec<String>,
}

/// Zoom's licence types.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Licence {
    /// No account, no entry.
    None,
    Basic,
    Licensed,
    OnPremise,
}

/// What one assertion asks of the accounts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wish {
    pub(crate) email: String,
    pub(crate) employee_id: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) groups: Vec<String>,
    /// `None`: no row matched.
    pub(crate) licence: Option<Licence>,
}

impl Rules {
    /// Reads rules from TOML; an unknown key is refused, so that a typing slip
    /// turns no rule off.
    ///
    /// # Errors
    ///
    /// Says which line is wrong, or which row could match anything.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let rules: Self = toml::from_str(text)?;
        for row in &rules.licence_rows {
            // Every value contains the empty text.
            ensure!(
                !row.value.is_empty(),
                "a [[licence]] row has an empty value"
            );
        }
        Ok(rules)
    }

    /// Loads the file, or takes the built-in rules.
    ///
    /// # Errors
    ///
    /// As [`Self::read`], or the file cannot be read.
    pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Self::read(BUILT_IN);
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::read(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Whether an address of this domain needs no confirmation.
    pub(crate) fn knows_domain_of(&self, email: &str) -> bool {
        email.rsplit_once('@').is_some_and(|(_, domain)| {
            self.associated_domains
                .iter()
                .any(|known| known.eq_ignore_ascii_case(domain))
        })
    }

    /// Applies the mapping. `None` when neither attribute nor `NameID` is an
    /// e-mail address.
    pub(crate) fn map(&self, received: &Received) -> Option<Wish> {
        let first = |field: &Option<String>| {
            field
                .as_deref()
                .and_then(|name| received.values(name).into_iter().find(|v| !v.is_empty()))
                .map(str::to_owned)
        };
        let email = first(&self.fields.email)
            .unwrap_or_else(|| received.name_id.clone())
            .trim()
            .to_owned();
        let is_address = email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        is_address.then(|| Wish {
            email,
            employee_id: first(&self.fields.employee_id),
            first_name: first(&self.fields.first_name),
            last_name: first(&self.fields.last_name),
            display_name: first(&self.fields.display_name),
            department: first(&self.fields.department),
            groups: self.fields.groups.as_deref().map_or_else(Vec::new, |name| {
                received
                    .values(name)
                    .into_iter()
                    .map(str::to_owned)
                    .collect()
            }),
            licence: self.licence(received),
        })
    }

    /// The first row, from the top, of which some value contains the row's.
    fn licence(&self, received: &Received) -> Option<Licence> {
        self.licence_rows
            .iter()
            .find(|row| {
                received
                    .values(&row.attribute)
                    .iter()
                    .any(|value| value.contains(&row.value))
            })
            .map(|row| row.result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::ReadAttribute;

    fn received(attributes: &[(&str, &[&str])]) -> Received {
        Received {
            name_id: "alice@univ.test".to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, values)| ReadAttribute {
                    name: (*name).to_owned(),
                    friendly_name: None,
                    values: values.iter().map(|value| (*value).to_owned()).collect(),
                })
                .collect(),
            ..Received::default()
        }
    }

    fn rules(rows: &str) -> Rules {
        Rules::read(&format!(
            "associated-domains = ['Univ.test']\ndefault-licence = 'basic'\n[fields]\n{rows}"
        ))
        .unwrap()
    }

    const STAFF_THEN_OTHERS: &str = "[[licence]]\nattribute='a'\nvalue='staff'\n\
        result='licensed'\n[[licence]]\nattribute='a'\nvalue='non-staff'\nresult='none'\n";

    #[test]
    fn the_built_in_rules_are_readable_and_map_the_usual_attributes() {
        let wish = Rules::load(None).unwrap().map(&received(&[
            ("urn:oid:0.9.2342.19200300.100.1.3", &["a.l@univ.test"]),
            ("urn:oid:2.5.4.42", &["Alice"]),
            ("urn:oid:2.5.4.4", &["Liddell"]),
            ("urn:oid:2.16.840.1.113730.3.1.241", &["Alice Liddell"]),
            ("urn:oid:2.5.4.11", &["UFR 1"]),
            ("urn:oid:1.3.6.1.4.1.5923.1.1.1.13", &["id@univ.test"]),
            ("zoomLicense", &["licensed"]),
        ]));
        let wish = wish.unwrap();
        assert_eq!(wish.email, "a.l@univ.test");
        assert_eq!(wish.first_name.as_deref(), Some("Alice"));
        assert_eq!(wish.last_name.as_deref(), Some("Liddell"));
        assert_eq!(wish.display_name.as_deref(), Some("Alice Liddell"));
        assert_eq!(wish.department.as_deref(), Some("UFR 1"));
        assert_eq!(wish.employee_id.as_deref(), Some("id@univ.test"));
        assert_eq!(wish.licence, Some(Licence::Licensed));
    }

    #[test]
    fn a_row_matches_what_contains_its_value() {
        let wish = rules(STAFF_THEN_OTHERS).map(&received(&[("a", &["my-staff-group"])]));
        assert_eq!(wish.unwrap().licence, Some(Licence::Licensed));
    }

    #[test]
    fn the_first_row_wins_although_a_later_one_is_exact() {
        let wish = rules(STAFF_THEN_OTHERS).map(&received(&[("a", &["non-staff"])]));
        assert_eq!(wish.unwrap().licence, Some(Licence::Licensed));
    }

    #[test]
    fn rows_are_read_in_order_whatever_the_order_of_values() {
        let rows = "[[licence]]\nattribute='a'\nvalue='x'\nresult='basic'\n\
            [[licence]]\nattribute='a'\nvalue='y'\nresult='licensed'\n";
        let wish = rules(rows).map(&received(&[("a", &["y", "x"])]));
        assert_eq!(wish.unwrap().licence, Some(Licence::Basic));
    }

    #[test]
    fn no_match_is_told_from_none() {
        let rules = rules("[[licence]]\nattribute='a'\nvalue='shut'\nresult='none'\n");
        assert_eq!(rules.map(&received(&[])).unwrap().licence, None);
        let shut = rules.map(&received(&[("a", &["shut"])]));
        assert_eq!(shut.unwrap().licence, Some(Licence::None));
    }

    #[test]
    fn a_missing_mail_falls_back_on_the_name_id() {
        let rules = rules("email='mail'\nemployee-id='<NameID>'\n");
        let wish = rules.map(&received(&[("mail", &[])])).unwrap();
        assert_eq!(wish.email, "alice@univ.test");
        assert_eq!(wish.employee_id.as_deref(), Some("alice@univ.test"));
    }

    #[test]
    fn a_name_id_that_is_no_address_makes_no_account() {
        let opaque = Received {
            name_id: "_f00".to_owned(),
            ..Received::default()
        };
        assert_eq!(rules("").map(&opaque), None);
    }

    #[test]
    fn only_the_whole_domain_counts_and_its_case_does_not() {
        let rules = rules("");
        assert!(rules.knows_domain_of("a@UNIV.test"));
        assert!(!rules.knows_domain_of("a@evil-univ.test"));
        assert!(!rules.knows_domain_of("a@sub.univ.test"));
        assert!(!rules.knows_domain_of("univ.test"));
    }

    #[test]
    fn an_unknown_key_and_an_empty_row_are_refused() {
        assert!(Rules::read("refresh-name = true").is_err());
        let empty = "associated-domains=[]\ndefault-licence='basic'\n[fields]\n\
            [[licence]]\nattribute='a'\nvalue=''\nresult='basic'";
        assert!(Rules::read(empty).is_err());
    }
}
