//! What is of use here of the laboratory of the other tests.

#[path = "../it/lab/cookies.rs"]
pub(crate) mod cookies;
#[path = "../it/lab/form.rs"]
pub(crate) mod form;
#[path = "../it/lab/ldap_message.rs"]
pub(crate) mod ldap_message;
#[path = "../it/lab/process.rs"]
pub(crate) mod process;
#[path = "../it/lab/xml_tools.rs"]
pub(crate) mod xml_tools;
