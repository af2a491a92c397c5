//! The laboratory: what starts, drives and reads the foreign programs.
//!
//! Everything that a test starts listens on 127.0.0.1 and dies with the test; everything that it
//! writes lies in a folder of its own that goes with it.

pub(crate) mod balancer;
pub(crate) mod browser;
pub(crate) mod cas_script;
pub(crate) mod cas_server;
pub(crate) mod cookies;
pub(crate) mod document;
pub(crate) mod encryption;
pub(crate) mod form;
pub(crate) mod held_answer;
pub(crate) mod impostor;
pub(crate) mod keys;
pub(crate) mod ldap_message;
pub(crate) mod ldap_script;
pub(crate) mod metadata;
pub(crate) mod mint;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod promise;
pub(crate) mod real_bridge;
pub(crate) mod redis_server;
pub(crate) mod redis_topology;
pub(crate) mod service_provider;
pub(crate) mod slapd;
pub(crate) mod slow_way;
pub(crate) mod soft_hsm;
pub(crate) mod until;
pub(crate) mod xml_tools;
