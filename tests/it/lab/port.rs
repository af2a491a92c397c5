//! Loopback ports for the servers of a test.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that Linux hands out to outgoing connections (32,768 and up), so that none of
/// those takes a port between our look and the server's.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;
/// How far apart two programs begin of which one was started right after the other, as those are that run side by side: by the
/// golden section, so that the third one begins far from both.
const APART: u32 = 6_181;

/// A port on 127.0.0.1 that nobody listens on, and that no other test of this process is given.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = u32::from(COUNT);
    let start = u16::try_from(std::process::id() % count * APART % count).unwrap();
    for _ in 0..COUNT {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + place) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port on 127.0.0.1");
}
