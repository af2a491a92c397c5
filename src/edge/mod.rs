//! Everything about HTTP and browsers that is not a route.
//!
//! [`browser`] reads and writes cookies, [`location`] makes the only redirects there are,
//! [`headers`] puts the protecting headers on every response, [`connections`] and [`limits`] bound who
//! comes and what is read, [`page`] writes the pages.

pub mod browser;
pub mod connections;
pub mod headers;
pub mod limits;
pub mod location;
pub mod page;
