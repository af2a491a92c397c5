//! Everything about HTTP and browsers that is not a route.

pub mod page;
