//! Reads `[authn]`.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    document::{Report, Table},
    files::Surroundings,
    ldap, rules,
    sections::{
        AttributeSource, Authn, AuthnInstant, Cas, CasProtocol, FreshLoginProof, Local, Method,
        Throttle,
    },
    words::read_networks,
};
use crate::model::{authn_context::AuthnContextClass, endpoint::EndpointUrl};

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
        if attributes == AttributeSource::Ldap && ldap.is_none() {
            report.fault(
                &table.at("attributes"),
                "names ldap, and there is no [authn.ldap]",
            );
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
    let url = url.and_then(|url| read_cas_url(&table.at("url"), &url, around, report));
    let validate_at = read_validate_at(&mut table, around, report);
    let ca: Option<PathBuf> = table.optional("ca", report);
    let ca = ca.and_then(|path| around.authorities(&table.at("ca"), &path, report));
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
    let authn_instant = table.or("authn-instant", AuthnInstant::default(), report);
    if authn_instant == AuthnInstant::AuthenticationDate && protocol == CasProtocol::One {
        report
            .fault(&table.at("authn-instant"), "needs protocol 2 or 3")
            .hint("by protocol 1 a server does not say when somebody signed in");
    }
    let timeout_seconds = table.or("timeout-seconds", 5, report);
    if !(1..=30).contains(&timeout_seconds) {
        report.fault(&table.at("timeout-seconds"), "is not 1 to 30");
    }
    let notices_from = read_networks(&mut table, "notices-from", report);
    let notices_from = notices_from.unwrap_or_default();
    // Whoever says where notices come from means all of them: a browser's come from anywhere.
    let front_channel = table.or("front-channel", notices_from.is_empty(), report);
    let attribute = table.text("authn-method-attribute", report);
    if !attribute.as_deref().is_none_or(rules::is_attribute_name) {
        report.fault(
            &table.at("authn-method-attribute"),
            "is not the name of an attribute",
        );
    }
    let authn_methods = table.table("authn-methods", report);
    let authn_methods = authn_methods.map(|methods| read_authn_methods(methods, protocol, report));
    table.finish(report);
    let url = url?;
    Some(Cas {
        validate_at: validate_at.unwrap_or_else(|| vec![url.clone()]),
        url,
        ca,
        protocol,
        fresh_login_proof,
        authn_instant,
        timeout_seconds,
        notices_from,
        front_channel,
        authn_method_attribute: attribute.unwrap_or_else(|| "authnContextClass".to_owned()),
        authn_methods: authn_methods.unwrap_or_default(),
    })
}

/// How many ways to sign in a request may choose from: a journey carries them.
const MOST_AUTHN_METHODS: usize = 16;

fn read_authn_methods(
    table: Table<'_>,
    protocol: CasProtocol,
    report: &mut Report,
) -> Vec<(AuthnContextClass, String)> {
    let path = table.path();
    let written: BTreeMap<String, String> = table.named_values(report);
    if protocol == CasProtocol::One {
        report
            .fault(&path, "needs protocol 2 or 3")
            .hint("by protocol 1 a server does not say how somebody signed in");
    }
    if written.len() > MOST_AUTHN_METHODS {
        let what = format!("names more than {MOST_AUTHN_METHODS} classes");
        report.fault(&path, what);
    }
    let mut methods = Vec::new();
    for (uri, method) in written {
        let key = format!("{path}.{uri}");
        if method.trim() != method
            || !(1..=128).contains(&method.len())
            || method.chars().any(char::is_control)
        {
            report.fault(&key, "is not the name of a method, of 1 to 128 bytes");
        }
        match AuthnContextClass::parse(&uri) {
            Ok(AuthnContextClass::Unspecified) => {
                report.fault(&key, "is a class that claims nothing: no method proves it");
            }
            Ok(class) => methods.push((class, method)),
            Err(fault) => {
                report.fault(&key, fault.to_string()).hint(
                    "write the URI of the class in quotes, like \"https://refeds.org/profile/mfa\"",
                );
            }
        }
    }
    methods
}

fn read_cas_url(
    key: &str,
    url: &str,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<EndpointUrl> {
    let fault = match EndpointUrl::parse(url, around.schemes) {
        Ok(_) if url.contains(['?', '#']) => "has a query or a fragment".to_owned(),
        // As it is copied from a browser: people would be sent to /login/login.
        Ok(_) if url.trim_end_matches('/').ends_with("/login") => {
            "is the address of its login page".to_owned()
        }
        Ok(parsed) => return Some(parsed),
        Err(fault) => fault.to_string(),
    };
    report
        .fault(key, fault)
        .hint("write what stands before /login, like https://cas.example.org/cas");
    None
}

/// The nodes that are asked about tickets; none where the line is not there, or all of it is bad.
fn read_validate_at(
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<EndpointUrl>> {
    let written: Vec<String> = table.optional("validate-at", report)?;
    if written.is_empty() {
        report
            .fault(
                &table.at("validate-at"),
                "names no server: no ticket could be validated",
            )
            .hint("without this line `url` itself is asked");
    }
    let mut nodes: Vec<EndpointUrl> = Vec::new();
    for (number, url) in (1_usize..).zip(&written) {
        let key = table.entry("validate-at", number);
        let Some(node) = read_cas_url(&key, url, around, report) else {
            continue;
        };
        let bare = |url: &EndpointUrl| url.as_str().trim_end_matches('/').to_owned();
        if nodes.iter().any(|earlier| bare(earlier) == bare(&node)) {
            report.fault(&key, "is named twice");
        }
        nodes.push(node);
    }
    Some(nodes).filter(|nodes| !nodes.is_empty())
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
