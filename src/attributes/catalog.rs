//! The attributes we know, under the names that the standards gave them.
//!
//! Names and numbers: RFC 4519, RFC 4524 and RFC 2798 (people), eduPerson 202208 (MACE-Dir),
//! SCHAC 1.5, and SupAnn in `supann`. The SAML `Name` follows the X.500/LDAP attribute profile
//! (saml-profiles-2.0 §8.2): the OID as a URN, `NameFormat` `uri`.

use std::{collections::HashMap, sync::LazyLock};

use crate::model::language::Language;

use super::supann;

/// An attribute we know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownAttribute {
    /// Our name, which is also the source's unless `[attributes]` says otherwise.
    pub name: &'static str,
    /// The `Name` in an Assertion; its `NameFormat` is always `uri`.
    pub uri: &'static str,
    /// The `FriendlyName`.
    pub friendly_name: &'static str,
    /// How many values one person may have.
    pub cardinality: Cardinality,
    /// Whether a value ends in `@` and a scope.
    pub is_scoped: bool,
    label: [&'static str; 2],
}

/// How many values of an attribute one person may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cardinality {
    /// Any number.
    Many,
    /// One at most: of several, none can be believed.
    One,
}

impl KnownAttribute {
    /// What people call it, in the middle of a sentence.
    pub const fn label(&self, language: Language) -> &'static str {
        let [fr, en] = self.label;
        match language {
            Language::Fr => fr,
            Language::En => en,
        }
    }

    pub(super) const fn many(
        name: &'static str,
        uri: &'static str,
        label: [&'static str; 2],
    ) -> Self {
        Self {
            name,
            uri,
            friendly_name: name,
            cardinality: Cardinality::Many,
            is_scoped: false,
            label,
        }
    }

    pub(super) const fn one(
        name: &'static str,
        uri: &'static str,
        label: [&'static str; 2],
    ) -> Self {
        Self {
            cardinality: Cardinality::One,
            ..Self::many(name, uri, label)
        }
    }

    const fn scoped(self) -> Self {
        Self {
            is_scoped: true,
            ..self
        }
    }

    const fn sent_as(self, friendly_name: &'static str) -> Self {
        Self {
            friendly_name,
            ..self
        }
    }
}

/// Every attribute we know.
pub fn all() -> impl Iterator<Item = &'static KnownAttribute> {
    PEOPLE.iter().chain(&EDU_PERSON).chain(&supann::SUPANN)
}

/// Finds an attribute by our name, without regard to case.
pub fn find(name: &str) -> Option<&'static KnownAttribute> {
    static BY_KEY: LazyLock<HashMap<String, &'static KnownAttribute>> = LazyLock::new(|| {
        all()
            .map(|attribute| (attribute.name.to_ascii_lowercase(), attribute))
            .collect()
    });
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        BY_KEY.get(&name.to_ascii_lowercase()).copied()
    } else {
        BY_KEY.get(name).copied()
    }
}

/// Finds an attribute by its SAML `Name`, exactly.
pub fn find_by_uri(uri: &str) -> Option<&'static KnownAttribute> {
    all().find(|attribute| attribute.uri == uri)
}

const PEOPLE: [KnownAttribute; 16] = [
    KnownAttribute::many(
        "uid",
        "urn:oid:0.9.2342.19200300.100.1.1",
        ["identifiant de connexion", "user name"],
    ),
    KnownAttribute::many(
        "mail",
        "urn:oid:0.9.2342.19200300.100.1.3",
        ["adresse électronique", "e-mail address"],
    ),
    KnownAttribute::many("givenName", "urn:oid:2.5.4.42", ["prénom", "first name"]),
    KnownAttribute::many("sn", "urn:oid:2.5.4.4", ["nom de famille", "last name"]),
    KnownAttribute::many("cn", "urn:oid:2.5.4.3", ["nom complet", "full name"]),
    KnownAttribute::one(
        "displayName",
        "urn:oid:2.16.840.1.113730.3.1.241",
        ["nom affiché", "display name"],
    ),
    KnownAttribute::many("department", "urn:oid:2.5.4.11", ["service", "department"]).sent_as("ou"),
    KnownAttribute::many("title", "urn:oid:2.5.4.12", ["fonction", "job title"]),
    KnownAttribute::many(
        "telephoneNumber",
        "urn:oid:2.5.4.20",
        ["numéro de téléphone", "telephone number"],
    ),
    KnownAttribute::many(
        "mobile",
        "urn:oid:0.9.2342.19200300.100.1.41",
        ["numéro de téléphone mobile", "mobile telephone number"],
    ),
    KnownAttribute::one(
        "preferredLanguage",
        "urn:oid:2.16.840.1.113730.3.1.39",
        ["langue préférée", "preferred language"],
    ),
    KnownAttribute::many("o", "urn:oid:2.5.4.10", ["établissement", "organization"]),
    KnownAttribute::many("l", "urn:oid:2.5.4.7", ["localité", "locality"]),
    KnownAttribute::one(
        "employeeNumber",
        "urn:oid:2.16.840.1.113730.3.1.3",
        ["matricule", "employee number"],
    ),
    KnownAttribute::many(
        "isMemberOf",
        "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
        ["groupes", "groups"],
    ),
    KnownAttribute::one(
        "schacHomeOrganization",
        "urn:oid:1.3.6.1.4.1.25178.1.2.9",
        ["établissement d’origine", "home organization"],
    ),
];

const EDU_PERSON: [KnownAttribute; 10] = [
    KnownAttribute::many(
        "eduPersonAffiliation",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
        ["catégories de personnel ou d’étudiant", "affiliations"],
    ),
    KnownAttribute::many(
        "eduPersonNickname",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.2",
        ["nom d’usage", "nickname"],
    ),
    KnownAttribute::one(
        "eduPersonPrimaryAffiliation",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
        ["catégorie principale", "primary affiliation"],
    ),
    KnownAttribute::one(
        "eduPersonPrincipalName",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
        ["identifiant dans l’établissement", "principal name"],
    )
    .scoped(),
    KnownAttribute::many(
        "eduPersonEntitlement",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
        ["droits", "entitlements"],
    ),
    KnownAttribute::many(
        "eduPersonScopedAffiliation",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
        ["catégories dans l’établissement", "scoped affiliations"],
    )
    .scoped(),
    KnownAttribute::many(
        "eduPersonAssurance",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.11",
        ["niveau de garantie de l’identité", "identity assurance"],
    ),
    KnownAttribute::many(
        "eduPersonPrincipalNamePrior",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.12",
        [
            "anciens identifiants dans l’établissement",
            "prior principal names",
        ],
    )
    .scoped(),
    KnownAttribute::one(
        "eduPersonUniqueId",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
        ["identifiant permanent", "permanent identifier"],
    )
    .scoped(),
    KnownAttribute::many(
        "eduPersonOrcid",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.16",
        ["identifiant ORCID", "ORCID iD"],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_and_every_oid_belongs_to_one_attribute() {
        let mut names = HashSet::new();
        let mut uris = HashSet::new();
        for attribute in all() {
            assert!(
                names.insert(attribute.name.to_lowercase()),
                "{}",
                attribute.name
            );
            assert!(uris.insert(attribute.uri), "{}", attribute.uri);
        }
        assert_eq!(names.len(), 82);
    }

    #[test]
    fn every_oid_is_well_formed() {
        for KnownAttribute { name, uri, .. } in all() {
            let arcs: Vec<_> = uri.strip_prefix("urn:oid:").unwrap().split('.').collect();
            assert!(arcs.len() >= 4, "{name}");
            for arc in &arcs {
                let number: u32 = arc.parse().unwrap();
                assert_eq!(number.to_string(), *arc, "{name}");
            }
            assert!(["0", "1", "2"].contains(&arcs[0]), "{name}");
        }
    }

    #[test]
    fn every_attribute_can_be_named_in_a_rule_and_to_a_person() {
        for attribute in all() {
            let name = attribute.name;
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
            for language in Language::ALL {
                let label = attribute.label(language);
                // A page shows it among its own words, which have no apostrophe of a keyboard.
                assert!(!label.is_empty() && !label.contains('\''), "{name}");
            }
        }
    }

    #[test]
    fn an_attribute_is_found_without_regard_to_case() {
        let found = find("EDUPERSONUNIQUEID").unwrap();
        assert_eq!(found, find("edupersonuniqueid").unwrap());
        assert_eq!(found.uri, "urn:oid:1.3.6.1.4.1.5923.1.1.1.13");
        assert_eq!(found, find_by_uri(found.uri).unwrap());
        assert_eq!(find("department").unwrap().friendly_name, "ou");
        assert_eq!(find("userPassword"), None);
    }
}
