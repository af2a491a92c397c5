//! From what the directory says to what one service provider is told.
//!
//! Two steps, both pure: `map` turns the source's attributes into ours, `release` chooses what of
//! ours one provider is told, and everything else stays here. `asked` is what a rule may wait
//! for: that the provider asks for it. `name_id` makes the name by
//! which that provider knows the person. A value is data: it is sent whole or not at all, never
//! cut and never repaired.

pub mod asked;
pub mod catalog;
pub mod mail;
pub mod map;
pub mod name_id;
pub mod pairwise;
pub mod release;
mod supann;
mod value;
