//! The bridge among foreign programs: service providers on other people's SAML libraries, xmlsec1
//! and xmllint as readers of what it writes, and a browser that keeps to the cookie rules; and the
//! bridge alone, asked in process through its own router.
//!
//! `lab` starts and stops the programs. `scripts/install test` installs them; one that is missing
//! fails the run and is never passed over. `bridge` builds the server itself.

#[cfg(test)]
mod bridge;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod ldap;

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod authn_request;
#[cfg(test)]
mod balanced;
#[cfg(test)]
mod broken_metadata;
#[cfg(test)]
mod browser_rules;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod cas;
#[cfg(test)]
mod check;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod control;
#[cfg(test)]
mod demands;
#[cfg(test)]
mod directory_lab;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod followed;
#[cfg(test)]
mod front_page;
#[cfg(test)]
mod hash_password;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod idp_initiated;
#[cfg(test)]
mod independent_readers;
#[cfg(test)]
mod init;
#[cfg(test)]
mod interoperability;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod name_ids;
#[cfg(test)]
mod oversight;
#[cfg(test)]
mod password_attempts;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod provider_addresses;
#[cfg(test)]
mod provider_keys;
#[cfg(test)]
mod provider_state;
#[cfg(test)]
mod published;
#[cfg(test)]
mod release;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod response_of_any_text;
#[cfg(test)]
mod roll_over;
#[cfg(test)]
mod scripted_cas;
#[cfg(test)]
mod scripted_ldap;
#[cfg(test)]
mod seal_keys;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shared_store;
#[cfg(test)]
mod shipped_configuration;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod sp;
#[cfg(test)]
mod store_failover;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod token;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod unsolicited_readers;
#[cfg(test)]
mod wishes;
#[cfg(test)]
mod xml_oracles;
#[cfg(test)]
mod xml_security;
#[cfg(test)]
mod zoom_settings;
