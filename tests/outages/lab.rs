//! The laboratory of `tests/it`: what starts and stops the real servers.

#[path = "../it/lab/browser.rs"]
mod browser;
#[path = "../it/lab/cas_server.rs"]
pub(crate) mod cas_server;
#[path = "../it/lab/cookies.rs"]
mod cookies;
#[path = "../it/lab/form.rs"]
mod form;
#[path = "../it/lab/port.rs"]
pub(crate) mod port;
#[path = "../it/lab/process.rs"]
pub(crate) mod process;
#[path = "../it/lab/redis_server.rs"]
pub(crate) mod redis_server;
#[path = "../it/lab/redis_topology.rs"]
pub(crate) mod redis_topology;
#[path = "../it/lab/slapd.rs"]
pub(crate) mod slapd;
#[path = "../it/lab/slow_way.rs"]
pub(crate) mod slow_way;
#[path = "../it/lab/until.rs"]
pub(crate) mod until;
