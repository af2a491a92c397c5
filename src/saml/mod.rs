//! SAML 2.0 messages: what is asked, what is answered, and the proofs between.
