//! What a service provider gets, and how it is proven.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::sp_check::{Expected, Identity, Profile, Reading, Rule, read};

use super::{Bridge, IDP, keys::idp_key};
use crate::lab::{
    form::Form,
    xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

/// A Response on its way to a provider.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it is posted to.
    pub(crate) to: String,
    /// The form field.
    pub(crate) base64: String,
    /// The Response.
    pub(crate) xml: String,
    /// The `RelayState`; none where the form has no such field.
    pub(crate) relay_state: Option<String>,
}

impl Answer {
    /// Reads the form of the page that posts it.
    pub(crate) fn of(form: &Form) -> Self {
        assert!(form.is_post);
        let base64 = form.value("SAMLResponse").unwrap().to_owned();
        Self {
            to: form.action.clone(),
            xml: String::from_utf8(STANDARD.decode(&base64).unwrap()).unwrap(),
            base64,
            relay_state: form.value("RelayState").map(str::to_owned),
        }
    }

    /// How many elements of that name it holds.
    pub(crate) fn count(&self, local_name: &str) -> usize {
        let tree = roxmltree::Document::parse(&self.xml).unwrap();
        tree.descendants()
            .filter(|node| node.is_element() && node.tag_name().name() == local_name)
            .count()
    }

    /// An attribute of its root.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let tree = roxmltree::Document::parse(&self.xml).unwrap();
        tree.root_element().attribute(name).map(str::to_owned)
    }
}

impl Bridge {
    /// Reads an answer as a strict provider would: `sp`, which asked with `request_id`.
    pub(crate) fn read(&self, answer: &Answer, sp: &str, request_id: &str) -> Reading {
        self.read_answer_to(Some(request_id), answer, sp)
    }

    fn read_answer_to(&self, request_id: Option<&str>, answer: &Answer, sp: &str) -> Reading {
        read(
            &answer.base64,
            &Expected {
                idp_entity_id: IDP,
                idp_keys: &[idp_key().verifying()],
                sp_entity_id: sp,
                acs: &answer.to,
                request_id,
                now: self.now(),
                strictness: Profile::Zoom,
            },
        )
    }

    /// Who signed in. Fails the test where the strict reader finds anything to say.
    #[track_caller]
    pub(crate) fn identity(&self, answer: &Answer, sp: &str, request_id: &str) -> Identity {
        let reading = self.read(answer, sp, request_id);
        assert_eq!(reading.findings, [], "{}", answer.xml);
        reading.identity.unwrap()
    }

    /// Who came to `sp`, which has asked for nothing. Fails the test where the strict reader finds
    /// anything else to say.
    #[track_caller]
    pub(crate) fn unsolicited_identity(&self, answer: &Answer, sp: &str) -> Identity {
        let reading = self.read_answer_to(None, answer, sp);
        let found: Vec<_> = reading
            .findings
            .iter()
            .map(|finding| finding.rule)
            .collect();
        assert_eq!(found, [Rule::Unsolicited], "{}", answer.xml);
        reading.identity.unwrap()
    }

    /// The two levels of an error status, in their last words. Fails the test where the strict
    /// reader finds anything to say, or where the answer holds more than the status.
    #[track_caller]
    pub(crate) fn refusal(&self, answer: &Answer, sp: &str, request_id: &str) -> (String, String) {
        let reading = self.read(answer, sp, request_id);
        assert_eq!(reading.findings, [], "{}", answer.xml);
        assert!(reading.identity.is_none());
        assert_eq!(answer.count("Assertion"), 0);
        assert_eq!(answer.count("StatusMessage"), 0);
        assert_eq!(answer.count("StatusDetail"), 0);
        let (top, second) = reading.status.unwrap();
        let last = |urn: &str| urn.rsplit(':').next().unwrap().to_owned();
        (last(&top), last(&second.unwrap()))
    }

    /// Has xmllint check an answer against the schema of OASIS, and xmlsec1 the signature of each
    /// of `signed`; no other signature may be there.
    pub(crate) fn prove(&self, answer: &Answer, signed: &[SignedElement]) {
        xmllint_schema(&answer.xml, Schema::Protocol).unwrap();
        let certificate = self.folder.path().join("idp.crt");
        for element in signed {
            xmlsec1_verify(&answer.xml, &certificate, *element)
                .unwrap_or_else(|words| panic!("{element:?}: {words}\n{}", answer.xml));
        }
        assert_eq!(answer.count("Signature"), signed.len());
    }
}
