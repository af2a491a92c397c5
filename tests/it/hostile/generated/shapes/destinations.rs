//! To whom a signed request is addressed. Nothing else has an address that is read here.

use super::super::{
    case::{Case, Verdict},
    genuine::{Genuine, Kind, Template},
};
use crate::bridge::SSO;

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    if genuine.kind != Kind::AuthnRequest {
        return Vec::new();
    }
    let own = format!(" Destination=\"{SSO}\"");
    let unsigned = genuine.around(&Template::default().text());
    [
        "",
        " Destination=\"\"",
        " Destination=\"https://other.example.org/saml/sso\"",
        " Destination=\"http://idp.example.org/saml/sso\"",
        " Destination=\"https://IDP.example.org/saml/sso\"",
        " Destination=\"https://idp.example.org/saml/SSO\"",
        " Destination=\"https://idp.example.org/saml/sso/\"",
        " Destination=\"https://idp.example.org:443/saml/sso\"",
        " Destination=\"https://idp.example.org/saml/sso?x=y\"",
        " Destination=\"https://idp.example.org/saml/sso#x\"",
        " Destination=\"https://user@idp.example.org/saml/sso\"",
        " Destination=\"https://idp.example.org/saml/slo\"",
        " Destination=\"https://idp.example.org./saml/sso\"",
        " Destination=\" https://idp.example.org/saml/sso\"",
        " Destination=\"https://idp.example.org/saml/%73so\"",
        " destination=\"https://idp.example.org/saml/sso\"",
    ]
    .map(|destination| {
        let xml = genuine.sign(&unsigned.replace(&own, destination));
        let verdict = Verdict::Refused("B-REQ-03", "Destination is not our endpoint");
        Case::new(format!("addressed{destination}, holds"), xml, verdict)
    })
    .into()
}
