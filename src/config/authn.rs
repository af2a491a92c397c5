//! Reads `[authn]`.

use std::path::PathBuf;

use super::{
    document::{Report, Table},
    files::Surroundings,
    sections::{Authn, Local, Method, Throttle},
};

/// Reads the section.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Authn> {
    let methods: Option<Vec<Method>> = table.required("methods", report);
    let local = table.table("local", report);
    if let Some(methods) = &methods {
        check_methods(&table, methods, local.is_some(), report);
    }
    let local = local.map(|local| read_local(local, around, report));
    let throttle = match table.table("throttle", report) {
        Some(throttle) => read_throttle(throttle, report),
        None => Throttle::default(),
    };
    table.finish(report);
    Some(Authn {
        methods: methods?,
        local: local.flatten(),
        throttle,
    })
}

fn check_methods(table: &Table<'_>, methods: &[Method], has_local: bool, report: &mut Report) {
    let key = table.at("methods");
    if methods.is_empty() {
        report
            .fault(&key, "names no method: nobody could sign in")
            .hint("write [\"local\"]");
    }
    for (number, method) in (1_usize..).zip(methods) {
        let is_there = match method {
            Method::Local => has_local,
        };
        let name = match method {
            Method::Local => "local",
        };
        if !is_there {
            report.fault(
                &key,
                format!("names {name}, and there is no [authn.{name}]"),
            );
        }
        if methods
            .iter()
            .take(number - 1)
            .any(|earlier| earlier == method)
        {
            report.fault(&key, format!("names {name} twice"));
        }
    }
}

fn read_local(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Local> {
    let people: Option<PathBuf> = table.required("people", report);
    let people = people.and_then(|path| around.existing(&table.at("people"), &path, report));
    let hashing_threads = table.or("hashing-threads", 2, report);
    if !(1..=64).contains(&hashing_threads) {
        report.fault(&table.at("hashing-threads"), "is not 1 to 64");
    }
    let hashing_queue = table.or("hashing-queue", 64, report);
    table.finish(report);
    Some(Local {
        people: people?,
        hashing_threads,
        hashing_queue,
    })
}

fn read_throttle(mut table: Table<'_>, report: &mut Report) -> Throttle {
    let default = Throttle::default();
    let throttle = Throttle {
        free_per_account: table.positive("free-per-account", default.free_per_account, report),
        free_per_account_anywhere: table.positive(
            "free-per-account-anywhere",
            default.free_per_account_anywhere,
            report,
        ),
        free_per_network: table.positive("free-per-network", default.free_per_network, report),
        first_wait_seconds: table.positive(
            "first-wait-seconds",
            default.first_wait_seconds,
            report,
        ),
        longest_wait_seconds: table.positive(
            "longest-wait-seconds",
            default.longest_wait_seconds,
            report,
        ),
        forget_after_minutes: table.positive(
            "forget-after-minutes",
            default.forget_after_minutes,
            report,
        ),
    };
    if throttle.first_wait_seconds > throttle.longest_wait_seconds {
        report.fault(
            &table.at("first-wait-seconds"),
            "is longer than longest-wait-seconds",
        );
    }
    if throttle.longest_wait() >= throttle.forget_after() {
        report
            .fault(
                &table.at("forget-after-minutes"),
                "is not longer than longest-wait-seconds",
            )
            .hint("a wait that is forgotten before it ends slows nobody down");
    }
    table.finish(report);
    throttle
}
