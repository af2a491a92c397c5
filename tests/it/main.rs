//! The bridge among foreign programs: service providers on other people's SAML libraries, xmlsec1
//! and xmllint as readers of what it writes, and a browser that keeps to the cookie rules.
//!
//! `lab` starts and stops them. `scripts/install test` installs them; one that is missing fails
//! the run and is never passed over.

#[cfg(test)]
mod lab;

#[cfg(test)]
mod independent_readers;
#[cfg(test)]
mod peers;
