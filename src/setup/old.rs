//! The accounts that Zoom has today, out of the files that an administrator shows: captured Responses, and lists of users.

use super::{
    accounts::{Account, Keys},
    captured::{self, CapturedFault, UnprovenNameId, UnprovenResponse},
    export::{self, ExportFault, RowFault},
};
use crate::model::vocab;

/// What addresses are sent as, by the products that universities have: eduPerson's name, ADFS' and Entra's, the names of
/// before SAML 2.0, and plain words.
const EMAIL_NAMES: [&str; 7] = [
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:mace:dir:attribute-def:mail",
    "mail",
    "email",
    "emailaddress",
    "user.email",
];
/// The same of the name that people sign in with.
const LOGIN_NAMES: [&str; 3] = [
    "urn:oid:0.9.2342.19200300.100.1.1",
    "urn:mace:dir:attribute-def:uid",
    "uid",
];
/// What stands for the `NameID` where an attribute is named, as on Zoom's form.
const NAME_ID: [&str; 2] = ["NameID", "<NameID>"];

/// Somebody who has an account today.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Old {
    /// Where it stands: the file, and the line or the number in it.
    pub place: String,
    /// What Zoom knows it by, as far as that was shown.
    pub account: Account,
    /// The name that they sign in with, where a Response says it.
    pub login: Option<String>,
}

/// Which attributes of captured Responses Zoom's form maps today.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    /// To the address; where none is given, what looks like one.
    pub email: Option<String>,
    /// To the Employee Unique ID; none where that is not mapped: a Response alone does not say what Zoom keeps.
    pub employee_id: Option<String>,
}

/// Why nothing can be told of what stands somewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OldFault {
    /// Of a captured Response.
    #[error("the Response {0}")]
    Captured(#[from] CapturedFault),
    /// Of a list.
    #[error("the list {0}")]
    Export(#[from] ExportFault),
    /// A Response says nothing that an account could be known by.
    #[error("the Response says no address, no login and no Employee Unique ID")]
    Nothing,
    /// Of a row.
    #[error("{0}")]
    Row(#[from] RowFault),
    /// A Response says several addresses.
    #[error(
        "the Response says several addresses: name the one that Zoom's form maps with --old-email"
    )]
    SeveralAddresses,
    /// The attribute of the ID has several values.
    #[error("the Response says several values of the Employee Unique ID")]
    SeveralIds,
}

/// What stands at a place, or why that cannot be told.
pub type Shown = (String, Result<Old, OldFault>);

/// Reads a file called `name`. `keys` are ours: what the present provider sends may have the same names.
pub fn read(name: &str, file: &[u8], mapped: &Mapped, keys: &Keys) -> Vec<Shown> {
    if export::is_list(file) {
        return read_list(name, file);
    }
    let all = captured::read_all(file);
    let are_several = all.len() > 1;
    (1..)
        .zip(all)
        .map(|(number, response): (usize, _)| {
            let place = if are_several {
                format!("{name}, Response {number}")
            } else {
                name.to_owned()
            };
            let old = response
                .map_err(OldFault::from)
                .and_then(|response| of_response(&place, &response, mapped, keys));
            (place, old)
        })
        .collect()
}

fn read_list(name: &str, file: &[u8]) -> Vec<Shown> {
    let (rows, end) = match export::read(file) {
        Ok(read) => read,
        Err(fault) => return vec![(name.to_owned(), Err(fault.into()))],
    };
    let rows = rows.into_iter().map(|(line, account)| {
        let place = format!("{name}, line {line}");
        let old = account.map(|account| Old {
            place: place.clone(),
            account,
            login: None,
        });
        (place, old.map_err(OldFault::from))
    });
    let end = end.map(|fault| (name.to_owned(), Err(fault.into())));
    rows.chain(end).collect()
}

fn of_response(
    place: &str,
    response: &UnprovenResponse,
    mapped: &Mapped,
    keys: &Keys,
) -> Result<Old, OldFault> {
    let email = match &mapped.email {
        Some(name) => one_of(&values(response, name)),
        None => one_of(&guessed_addresses(response, keys)),
    };
    let employee_id = match &mapped.employee_id {
        Some(name) => one_of(&values(response, name)),
        None => Ok(None),
    };
    let logins = LOGIN_NAMES.iter().flat_map(|name| response.values(name));
    let logins: Vec<_> = logins.collect();
    let old = Old {
        place: place.to_owned(),
        account: Account {
            email: email.map_err(|Several| OldFault::SeveralAddresses)?,
            employee_id: employee_id.map_err(|Several| OldFault::SeveralIds)?,
        },
        // Of several, none is who is meant.
        login: one_of(&logins).unwrap_or_default(),
    };
    if old.account == Account::default() && old.login.is_none() {
        return Err(OldFault::Nothing);
    }
    Ok(old)
}

fn values<'a>(response: &'a UnprovenResponse, name: &'a str) -> Vec<&'a str> {
    if NAME_ID.iter().any(|it| it.eq_ignore_ascii_case(name)) {
        let name_id = response.name_id.iter();
        name_id.map(|name_id| name_id.value.as_str()).collect()
    } else {
        response.values(name).collect()
    }
}

fn guessed_addresses<'a>(response: &'a UnprovenResponse, keys: &'a Keys) -> Vec<&'a str> {
    let names = keys.email_name().into_iter().chain(EMAIL_NAMES);
    let name_id = response.name_id.as_ref().filter(|it| may_be_address(it));
    names
        .flat_map(|name| response.values(name))
        .chain(name_id.map(|name_id| name_id.value.as_str()))
        .filter(|value| value.contains('@'))
        .collect()
}

/// Zoom takes a `NameID` of any format for the address; one that is derived or drawn is none.
fn may_be_address(name_id: &UnprovenNameId) -> bool {
    let format = name_id.format.as_deref();
    ![
        Some(vocab::NAME_ID_PERSISTENT),
        Some(vocab::NAME_ID_TRANSIENT),
    ]
    .contains(&format)
}

/// There are several, of which nobody says which one counts.
#[derive(Debug)]
struct Several;

/// The only value, without regard to upper and lower case; as the first one writes it.
fn one_of(values: &[&str]) -> Result<Option<String>, Several> {
    let Some(first) = values.first() else {
        return Ok(None);
    };
    let lower = first.to_lowercase();
    if values.iter().any(|value| value.to_lowercase() != lower) {
        return Err(Several);
    }
    Ok(Some((*first).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::{Case, ZOOM};

    /// A Response of this `NameID` and these attributes.
    fn response(name_id: &str, attributes: &[(&str, &[&str])]) -> String {
        let (samlp, saml) = (vocab::SAMLP, vocab::SAML);
        let mut written = format!(
            "<p:Response xmlns:p=\"{samlp}\"><Assertion xmlns=\"{saml}\"><Subject>{name_id}</Subject>\
             <AttributeStatement>"
        );
        for (name, values) in attributes {
            let values = values.join("</AttributeValue><AttributeValue>");
            for part in [
                "<Attribute Name='",
                name,
                "'><AttributeValue>",
                &values,
                "</AttributeValue></Attribute>",
            ] {
                written.push_str(part);
            }
        }
        written + "</AttributeStatement></Assertion></p:Response>"
    }

    fn read_one(response: &str, mapped: &Mapped) -> Result<Old, OldFault> {
        let keys = Case::of(ZOOM)
            .look(|facts, _| Keys::of(facts.release, facts.name_id, &facts.registered.sp));
        let mut all = read("one", response.as_bytes(), mapped, &keys);
        assert_eq!(all.len(), 1);
        all.remove(0).1
    }

    fn known(email: &str, employee_id: &str, login: &str) -> Old {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Old {
            place: "one".to_owned(),
            account: Account {
                email: some(email),
                employee_id: some(employee_id),
            },
            login: some(login),
        }
    }

    fn mapped(email: &str, employee_id: &str) -> Mapped {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Mapped {
            email: some(email),
            employee_id: some(employee_id),
        }
    }

    #[test]
    fn an_address_is_what_the_form_maps_and_where_nobody_says_so_the_only_one_there_is() {
        let name_id = |format: &str, value: &str| format!("<NameID {format}>{value}</NameID>");
        let transient = format!("Format=\"{}\"", vocab::NAME_ID_TRANSIENT);
        let mail = "urn:oid:0.9.2342.19200300.100.1.3";
        let guess = Mapped::default();
        for (response, mapped, old) in [
            (
                response(&name_id("", "a@u"), &[]),
                &guess,
                Ok(known("a@u", "", "")),
            ),
            (
                response(
                    &name_id("", "A@u"),
                    &[(mail, &["a@u"]), ("email", &["a@u"])],
                ),
                &guess,
                Ok(known("a@u", "", "")),
            ),
            (
                response(
                    &name_id(&transient, "x@y"),
                    &[(mail, &["a@u"]), ("uid", &["a"])],
                ),
                &guess,
                Ok(known("a@u", "", "a")),
            ),
            (
                response(&name_id("", "a"), &[(mail, &["b@u"]), ("id", &["7"])]),
                &mapped("nameid", "ID"),
                Ok(known("a", "7", "")),
            ),
            // Which of two counts is not guessed.
            (
                response(&name_id("", "b@u"), &[(mail, &["a@u"])]),
                &guess,
                Err(OldFault::SeveralAddresses),
            ),
            (
                response("", &[(mail, &["a@u", "b@u"])]),
                &mapped(mail, ""),
                Err(OldFault::SeveralAddresses),
            ),
            (
                response("", &[(mail, &["a@u"]), ("id", &["7", "8"])]),
                &mapped("", "id"),
                Err(OldFault::SeveralIds),
            ),
            (
                response(&name_id("", "nobody"), &[]),
                &guess,
                Err(OldFault::Nothing),
            ),
            (
                response("", &[("uid", &["a", "b"])]),
                &guess,
                Err(OldFault::Nothing),
            ),
        ] {
            assert_eq!(read_one(&response, mapped), old, "{response}");
        }
    }

    #[test]
    fn an_id_in_a_response_counts_where_somebody_says_that_it_is_mapped() {
        let id = "urn:oid:1.3.6.1.4.1.5923.1.1.1.13";
        let shown = response("<NameID>a@u</NameID>", &[(id, &["7@u"])]);
        assert_eq!(read_one(&shown, &mapped("", "")), Ok(known("a@u", "", "")));
        assert_eq!(
            read_one(&shown, &mapped("", id)),
            Ok(known("a@u", "7@u", ""))
        );
    }
}
