//! What tests of other rooms need of the system.

use std::{
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, listen, socket_with},
};

/// A socket at `path` at which a connection itself waits: the line of those that wait has one place, and somebody has it.
pub(crate) fn full_socket(path: &Path) -> (UnixListener, UnixStream) {
    let listener = UnixListener::bind(path).unwrap();
    listen(&listener, 0).unwrap();
    let waits = UnixStream::connect(path).unwrap();
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let other = socket_with(family, kind, SocketFlags::NONBLOCK, None).unwrap();
    let place = SocketAddrUnix::new(path).unwrap();
    assert_eq!(connect(&other, &place), Err(Errno::AGAIN));
    (listener, waits)
}
