//! Reads `[server]`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    document::{Report, Table},
    files::Surroundings,
    sections::{Metrics, Server, Tls},
    words::read_networks,
};
use crate::model::endpoint::Schemes;

/// The longest path of a socket, in bytes (`sun_path` of unix(7), without the NUL at its end).
const MAX_SOCKET_PATH: usize = 107;

/// Reads the section.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Server> {
    let listen: Option<SocketAddr> = table.required("listen", report);
    let trusted_proxies = read_networks(&mut table, "trusted-proxies", report);
    let tls = table.table("tls", report);
    // Behind a proxy that is not listed, everybody calls from 127.0.0.1: the wrong passwords of one
    // would slow everybody down, and the audit would name nobody's address.
    let is_behind = listen.is_some_and(|listen| listen.ip().is_loopback()) && tls.is_none();
    if trusted_proxies.is_none() && is_behind && around.schemes == Schemes::HttpsOnly {
        report
            .fault(
                &table.at("trusted-proxies"),
                "is missing, and there is no `tls`",
            )
            .hint(
                "name the proxy that speaks TLS, as [\"127.0.0.1\"]; or write [] if there is none",
            );
    }
    let trusted_proxies = trusted_proxies.unwrap_or_default();
    if tls.is_none() && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
        report
            .fault(
                &table.at("listen"),
                "is not loopback, and there is no `tls`",
            )
            .hint("passwords must not cross a network in clear: add tls, or listen on 127.0.0.1");
    }
    let tls = tls.and_then(|tls| read_tls(tls, around, report));
    let max_connections = table.positive("max-connections", 4096, report);
    let stop_grace_seconds = table.positive("stop-grace-seconds", 20, report);
    let state_folder: Option<PathBuf> = table.optional("state-folder", report);
    let state_folder =
        state_folder.and_then(|path| around.own_folder(&table.at("state-folder"), &path, report));
    let control_socket: Option<PathBuf> = table.optional("control-socket", report);
    let control_socket = match control_socket {
        Some(written) => read_socket(&table.at("control-socket"), &written, around, report),
        None => state_folder.as_ref().map(|folder| folder.join("control")),
    };
    table.finish(report);
    Some(Server {
        listen: listen?,
        trusted_proxies,
        tls,
        max_connections,
        stop_grace_seconds,
        state_folder,
        control_socket,
    })
}

/// Where nobody else can put another socket in its place. Whether it is there yet does not matter.
fn read_socket(
    key: &str,
    written: &Path,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<PathBuf> {
    let Some(name) = written.file_name() else {
        report.fault(key, "names no file");
        return None;
    };
    let folder = written.parent().unwrap_or_else(|| Path::new(""));
    let path = around.own_folder(key, folder, report)?.join(name);
    if path.as_os_str().len() > MAX_SOCKET_PATH {
        report
            .fault(key, format!("is longer than {MAX_SOCKET_PATH} bytes"))
            .hint("the system takes no longer path for a socket");
        return None;
    }
    Some(path)
}

/// Reads `[metrics]`.
pub(super) fn read_metrics(
    mut table: Table<'_>,
    server: Option<&Server>,
    report: &mut Report,
) -> Option<Metrics> {
    let listen: Option<SocketAddr> = table.required("listen", report);
    if listen.is_some() && listen == server.map(|server| server.listen) {
        report
            .fault(&table.at("listen"), "is where people come")
            .hint("names of servers are told there: choose another port, which only your own machines reach");
    }
    table.finish(report);
    Some(Metrics { listen: listen? })
}

fn read_tls(mut table: Table<'_>, around: &Surroundings<'_>, report: &mut Report) -> Option<Tls> {
    let certificate: Option<PathBuf> = table.required("certificate", report);
    let certificate =
        certificate.and_then(|path| around.existing(&table.at("certificate"), &path, report));
    let key: Option<PathBuf> = table.required("key", report);
    let key = key.and_then(|path| around.secret(&table.at("key"), &path, report));
    table.finish(report);
    Some(Tls {
        certificate: certificate?,
        key: key?.0,
    })
}
