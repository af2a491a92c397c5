//! Reads the `Subject` of a request: whom it is about (saml-core-2.0 §2.4.1, §3.4.1).

use super::authn_request::RequestShapeFault;
use crate::{
    model::vocab,
    xml::{Element, ShapeFault},
};

/// The `Subject` of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RequestedSubject {
    /// It has a `SubjectConfirmation`, which the profile forbids (saml-profiles-2.0 §4.1.4.1).
    Confirmed,
    /// The person who bears this name.
    Named(RequestedName),
    /// Somebody whom we cannot tell: a `BaseID`, an `EncryptedID` (we publish no key for one), or
    /// nobody.
    Untold,
}

/// The `NameID` of a request (saml-core-2.0 §2.2.3). `Debug` shows none of it: it is a person's.
#[derive(Clone, Eq, PartialEq)]
pub struct RequestedName {
    /// The name, as written: names are compared byte for byte (saml-core-2.0 §3.3.4).
    pub value: String,
    /// The `Format`, where stated.
    pub format: Option<String>,
    /// The `NameQualifier`, where stated.
    pub name_qualifier: Option<String>,
    /// The `SPNameQualifier`, where stated.
    pub sp_name_qualifier: Option<String>,
    /// Whether there is an `SPProvidedID`.
    pub has_sp_provided_id: bool,
}

impl std::fmt::Debug for RequestedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestedName")
    }
}

impl RequestedSubject {
    /// Reads a `Subject`.
    ///
    /// # Errors
    ///
    /// It does not have the shape of the standard: something foreign, or two identifiers.
    pub(super) fn parse(subject: Element<'_, '_>) -> Result<Self, RequestShapeFault> {
        const IDENTIFIERS: [&str; 3] = ["BaseID", "EncryptedID", "NameID"];
        let is_identifier = |child: &Element<'_, '_>| {
            IDENTIFIERS
                .iter()
                .any(|identifier| child.is(vocab::SAML, identifier))
        };
        let is_confirmation =
            |child: &Element<'_, '_>| child.is(vocab::SAML, "SubjectConfirmation");
        if subject
            .children()
            .any(|child| !is_identifier(&child) && !is_confirmation(&child))
        {
            return Err(RequestShapeFault::Foreign);
        }
        if subject.children().filter(is_identifier).count() > 1 {
            return Err(ShapeFault::Repeated.into());
        }
        if subject.children().any(|child| is_confirmation(&child)) {
            return Ok(Self::Confirmed);
        }
        let Some(name) = subject.only(vocab::SAML, "NameID")? else {
            return Ok(Self::Untold);
        };
        let stated = |attribute: &str| name.attribute(attribute).map(str::to_owned);
        Ok(Self::Named(RequestedName {
            value: name.text()?,
            format: stated("Format"),
            name_qualifier: stated("NameQualifier"),
            sp_name_qualifier: stated("SPNameQualifier"),
            has_sp_provided_id: name.attribute("SPProvidedID").is_some(),
        }))
    }
}
