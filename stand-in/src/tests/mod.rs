//! Tests that need an identity provider or a browser, both made here by hand.

mod browser;
mod cli;
mod defects;
mod idp;
mod site;
