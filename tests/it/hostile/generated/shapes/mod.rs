//! Every shape of a hostile message, made from a genuine one.
//!
//! Where a shape is one that a signature can cover, xmlsec1 has signed it: it is refused for what it
//! is, and not for a digest that happens to be wrong.

mod algorithms;
mod destinations;
mod doctypes;
mod exhaustion;
mod identity;
mod interruptions;
mod key_info;
mod namespaces;
mod references;
mod values;
mod wrapping;

use std::sync::OnceLock;

use super::{
    case::Case,
    genuine::{Genuine, Kind},
};

/// The genuine message of a kind, and all shapes of it: made once in a run.
pub(super) fn of(kind: Kind) -> &'static (Genuine, Vec<Case>) {
    static ALL: [OnceLock<(Genuine, Vec<Case>)>; 3] = [const { OnceLock::new() }; 3];
    let place = match kind {
        Kind::AuthnRequest => 0,
        Kind::LogoutRequest => 1,
        Kind::EntityDescriptor => 2,
    };
    ALL[place].get_or_init(|| {
        let genuine = Genuine::new(kind);
        let cases = make(&genuine);
        (genuine, cases)
    })
}

fn make(genuine: &Genuine) -> Vec<Case> {
    [
        wrapping::cases,
        references::cases,
        identity::cases,
        interruptions::cases,
        namespaces::cases,
        doctypes::cases,
        algorithms::cases,
        key_info::cases,
        values::cases,
        exhaustion::cases,
        destinations::cases,
    ]
    .iter()
    .flat_map(|cases| cases(genuine))
    .collect()
}
