//! Reads `[authn.ldap]`.

use std::path::PathBuf;

use url::Url;

use super::{
    document::{Report, Table},
    files::Surroundings,
    sections::{Groups, Ldap, Units, WithoutDirectory},
};
use crate::sys::secret::Secret;

/// Reads the section. Filters and names are checked where they are compiled.
pub(super) fn read(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Ldap> {
    let urls: Option<Vec<String>> = table.required("url", report);
    let urls = urls.and_then(|urls| check_urls(&table, urls, report));
    let ca: Option<PathBuf> = table.optional("ca", report);
    let authorities = match &ca {
        Some(written) => around
            .authorities(&table.at("ca"), written, report)
            .map(Some),
        None => Some(None),
    };
    let base: Option<String> = table.required("base", report);
    let groups = table.table("groups", report);
    let groups = groups.and_then(|groups| read_groups(groups, report));
    let units = table.table("units", report);
    let units = units.and_then(|units| read_units(units, report));
    let account = read_account(&mut table, around, report);
    let ldap = Ldap {
        urls: urls.unwrap_or_default(),
        authorities: authorities.clone().flatten(),
        base: base.clone().unwrap_or_default(),
        user: table.or("user", "(uid={login})".to_owned(), report),
        mail_filter: table.or("mail-filter", "(mail={mail})".to_owned(), report),
        account,
        login_attribute: table.or("login-attribute", "uid".to_owned(), report),
        attributes: table.or("attributes", Vec::new(), report),
        timeout_seconds: table.or("timeout-seconds", 5, report),
        connections: table.or("connections", 16, report),
        warn_days: table.or("warn-days", 14, report),
        groups,
        units,
        cas_attribute: table.text("cas-attribute", report),
        without_directory: table.or("without-directory", WithoutDirectory::default(), report),
    };
    if !(1..=30).contains(&ldap.timeout_seconds) {
        report.fault(&table.at("timeout-seconds"), "is not 1 to 30");
    }
    if !(1..=256).contains(&ldap.connections) {
        report.fault(&table.at("connections"), "is not 1 to 256");
    }
    check_names(&table, "attributes", &ldap.attributes, report);
    if !is_plain_name(&ldap.login_attribute) {
        report
            .fault(
                &table.at("login-attribute"),
                format!("{:?} is not the name of an attribute", ldap.login_attribute),
            )
            .hint("as the directory itself writes it, like uid: no number, and no option");
    }
    table.finish(report);
    (!ldap.urls.is_empty() && authorities.is_some() && base.is_some()).then_some(ldap)
}

fn read_groups(mut table: Table<'_>, report: &mut Report) -> Option<Groups> {
    let base: Option<String> = table.required("base", report);
    let filter = table.or("filter", "(member={dn})".to_owned(), report);
    let name = table.or("name", "cn".to_owned(), report);
    check_names(&table, "name", std::slice::from_ref(&name), report);
    table.finish(report);
    Some(Groups {
        base: base?,
        filter,
        name,
    })
}

fn read_units(mut table: Table<'_>, report: &mut Report) -> Option<Units> {
    let base: Option<String> = table.required("base", report);
    let code = table.or("code", "supannCodeEntite".to_owned(), report);
    let names = ["description", "ou"].map(str::to_owned).to_vec();
    let names = table.or("names", names, report);
    let of = [
        "supannEntiteAffectationPrincipale",
        "supannEntiteAffectation",
    ];
    let of = table.or("of", of.map(str::to_owned).to_vec(), report);
    check_names(&table, "code", std::slice::from_ref(&code), report);
    check_names(&table, "names", &names, report);
    check_names(&table, "of", &of, report);
    table.finish(report);
    Some(Units {
        base: base?,
        code,
        names,
        of,
    })
}

fn check_names(table: &Table<'_>, key: &str, names: &[String], report: &mut Report) {
    for name in names.iter().filter(|name| !is_description(name)) {
        report
            .fault(
                &table.at(key),
                format!("{name:?} is not the name of an attribute"),
            )
            .hint("like mail, displayName;lang-fr or 2.5.4.3");
    }
}

fn check_urls(table: &Table<'_>, urls: Vec<String>, report: &mut Report) -> Option<Vec<String>> {
    if urls.is_empty() {
        report
            .fault(&table.at("url"), "names no server")
            .hint("write [\"ldaps://ldap.example.org\"]");
    }
    let mut are_good = !urls.is_empty();
    for (number, text) in (1_usize..).zip(&urls) {
        let Err(what) = check_url(text) else {
            continue;
        };
        are_good = false;
        report
            .fault(&table.entry("url", number), what)
            .hint("write ldaps://host, or ldap://host for StartTLS, perhaps with :port");
    }
    are_good.then_some(urls)
}

fn check_url(text: &str) -> Result<(), &'static str> {
    let Ok(url) = Url::parse(text) else {
        return Err("is not an address");
    };
    if !matches!(url.scheme(), "ldap" | "ldaps") {
        return Err("is not an ldaps or ldap address");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("names no host");
    }
    let bare = url.path().trim_start_matches('/').is_empty()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare {
        Ok(())
    } else {
        Err("has more than a host and a port")
    }
}

/// Both or neither: an account without a password would search in nobody's name.
fn read_account(
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<(String, Secret)> {
    let name = table.text("bind-dn", report);
    let file: Option<PathBuf> = table.optional("bind-password-file", report);
    match (name, file) {
        (Some(name), Some(file)) => {
            let key = table.at("bind-password-file");
            Some((name, around.password(&key, &file, report)?))
        }
        (Some(_), None) if report.is_clean_under(&table.at("bind-password-file")) => {
            report
                .fault(&table.at("bind-dn"), "stands without bind-password-file")
                .hint("the password is in a file of its own, which nobody else can read");
            None
        }
        (None, Some(_)) if report.is_clean_under(&table.at("bind-dn")) => {
            report.fault(&table.at("bind-password-file"), "stands without bind-dn");
            None
        }
        // There is neither, or what is wrong with one of them is told.
        (Some(_), None) | (None, Some(_) | None) => None,
    }
}

/// A short name without options: what the directory answers under is what is looked for.
fn is_plain_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.contains([';', '.'])
        && is_description(text)
}

/// `attributedescription` of RFC 4512 §2.5: a short name or an OID, and options.
fn is_description(text: &str) -> bool {
    !text.is_empty()
        && text.split(';').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        })
}
