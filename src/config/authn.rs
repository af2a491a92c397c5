//! Reads `[authn]`.

use std::path::PathBuf;

use super::{
    document::{Report, Table},
    files::Surroundings,
    ldap,
    sections::{
        AttributeSource, Authn, Cas, CasProtocol, FreshLoginProof, Local, Method, Throttle,
    },
};
use crate::model::endpoint::EndpointUrl;

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, around: &Surroundings<'_>, report: &mut Report) -> Authn {
    let methods: Option<Vec<Method>> = table.required("methods", report);
    let local = table.table("local", report);
    let attributes = table.or("attributes", AttributeSource::default(), report);
    let cas = table.table("cas", report);
    let ldap = table.table("ldap", report);
    if let Some(methods) = &methods {
        let is_there = |method| match method {
            Method::Cas => cas.is_some(),
            Method::Ldap => ldap.is_some(),
            Method::Local => local.is_some(),
        };
        check_methods(&table, methods, is_there, report);
        if attributes == AttributeSource::Ldap
            && !(methods.contains(&Method::Cas) && ldap.is_some())
        {
            report
                .fault(
                    &table.at("attributes"),
                    "needs the method cas and [authn.ldap]",
                )
                .hint("it says who is asked for the attributes of people whom CAS signs in");
        }
    }
    let cas = cas.map(|cas| read_cas(cas, around, report));
    let ldap = ldap.map(|ldap| ldap::read(ldap, around, report));
    let local = local.map(|local| read_local(local, around, report));
    let throttle = match table.table("throttle", report) {
        Some(throttle) => read_throttle(throttle, report),
        None => Throttle::default(),
    };
    table.finish(report);
    Authn {
        methods: methods.unwrap_or_default(),
        local: local.flatten(),
        cas: cas.flatten(),
        ldap: ldap.flatten(),
        attributes,
        throttle,
    }
}

fn check_methods(
    table: &Table<'_>,
    methods: &[Method],
    is_there: impl Fn(Method) -> bool,
    report: &mut Report,
) {
    let key = table.at("methods");
    if methods.is_empty() {
        report
            .fault(&key, "names no method: nobody could sign in")
            .hint("write [\"cas\"], [\"ldap\"] or [\"local\"]");
    }
    if methods.contains(&Method::Local) && methods.len() > 1 {
        report
            .fault(
                &key,
                "names local beside another one: they cannot be used together yet",
            )
            .hint("write one of them");
    }
    if methods.iter().position(|method| *method == Method::Cas) > Some(0) {
        report
            .fault(&key, "names cas after another one")
            .hint("people are sent to CAS first; the form is shown while it does not answer");
    }
    for (number, method) in (1_usize..).zip(methods) {
        let name = match method {
            Method::Cas => "cas",
            Method::Ldap => "ldap",
            Method::Local => "local",
        };
        if !is_there(*method) {
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

fn read_cas(mut table: Table<'_>, around: &Surroundings<'_>, report: &mut Report) -> Option<Cas> {
    let url: Option<String> = table.required("url", report);
    let url = url.and_then(|url| {
        let fault = match EndpointUrl::parse(&url, around.schemes) {
            Ok(parsed) if !url.contains(['?', '#']) => return Some(parsed),
            Ok(_) => "has a query or a fragment".to_owned(),
            Err(fault) => fault.to_string(),
        };
        report
            .fault(&table.at("url"), fault)
            .hint("write what stands before /login, like https://cas.example.org/cas");
        None
    });
    let protocol = match table.or("protocol", 3_u32, report) {
        1 => CasProtocol::One,
        2 => CasProtocol::Two,
        3 => CasProtocol::Three,
        _ => {
            report.fault(&table.at("protocol"), "is not 1, 2 or 3");
            CasProtocol::default()
        }
    };
    let fresh_login_proof = table.or("fresh-login-proof", FreshLoginProof::default(), report);
    let timeout_seconds = table.or("timeout-seconds", 5, report);
    if !(1..=30).contains(&timeout_seconds) {
        report.fault(&table.at("timeout-seconds"), "is not 1 to 30");
    }
    table.finish(report);
    Some(Cas {
        url: url?,
        protocol,
        fresh_login_proof,
        timeout_seconds,
    })
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
