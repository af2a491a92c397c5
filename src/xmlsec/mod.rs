//! Keys, signatures and nothing else of XML security.
