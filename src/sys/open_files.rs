//! Whether this process may open one more file: a connection to another server is one.

use std::{error::Error, io, iter::successors};

use rustix::io::Errno;
use tokio::net::TcpSocket;

/// Whether a connection could not be opened since no more files may be open, in this process (`EMFILE`) or
/// on this machine (`ENFILE`). That is a fault of ours, and says nothing of the server.
///
/// Where the system's resolver finds no address it does not say why, and it opens files of its own: of such an
/// error, which has no code of the system, it is tried whether a connection could be opened now.
pub fn are_exhausted(error: &(dyn Error + 'static)) -> bool {
    let causes = successors(Some(error), |error| cause_of(*error));
    let mut causes = causes.filter_map(|error| error.downcast_ref::<io::Error>());
    match causes.find_map(Errno::from_io_error) {
        Some(code) => is_of_files(code),
        None => TcpSocket::new_v4().is_err_and(|error| {
            let code = Errno::from_io_error(&error);
            code.is_some_and(is_of_files)
        }),
    }
}

/// What an error holds; an [`io::Error`] gives as its source only what the error that it holds does.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match held {
        Some(held) => Some(held),
        None => error.source(),
    }
}

fn is_of_files(code: Errno) -> bool {
    matches!(code, Errno::MFILE | Errno::NFILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("it is not reached")]
    struct Unreached(#[source] io::Error);

    #[test]
    fn that_no_file_is_left_is_found_in_whatever_holds_it_and_no_other_error_is_taken_for_it() {
        let of = |code: Errno| io::Error::from(code);
        for code in [Errno::MFILE, Errno::NFILE] {
            assert!(are_exhausted(&of(code)));
            assert!(are_exhausted(&Unreached(of(code))));
            assert!(are_exhausted(&Unreached(io::Error::other(Unreached(of(
                code
            ))))));
        }
        for code in [Errno::CONNREFUSED, Errno::TIMEDOUT, Errno::ADDRNOTAVAIL] {
            assert!(!are_exhausted(&Unreached(of(code))));
        }
        // As the resolver tells of a name that it does not find.
        assert!(!are_exhausted(&Unreached(io::Error::other("no address"))));
    }
}
