//! Another key takes the place of our signing key, one provider after the other.

mod answers;
mod orders;
mod peers;
