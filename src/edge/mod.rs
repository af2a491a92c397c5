//! Everything about HTTP and browsers that is not a route.
//!
//! [`browser`] reads and writes cookies, [`location`] makes the only redirects there are,
//! [`headers`] puts the protecting headers on every response, [`limits`] bounds what is read,
//! [`page`] writes the pages.

pub mod browser;
pub mod headers;
pub mod limits;
pub mod location;
pub mod page;
