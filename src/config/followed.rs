//! Reads where a provider's metadata comes from: the file of `metadata`, or the address of `metadata-url` or of the
//! service of `metadata-query`, and what goes with it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{
    document::{Report, Table},
    files::{MAX_CERTIFICATE_BYTES, Surroundings, read_text},
    sections::minutes,
};
use crate::model::{endpoint::EndpointUrl, entity_id::EntityId, short_name::ShortName};

/// The folder below the state folder in which the copies of metadata are, each a file `NAME.xml`.
pub const COPIES: &str = "metadata";

/// The longest time between two questions: a week.
pub const LONGEST_REFRESH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// From the shortest to the longest.
const REFRESH: std::ops::RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(5)..=LONGEST_REFRESH;
/// How old metadata that does not say until when it counts may get, in days.
const MAX_AGE_DAYS: u32 = 30;
/// How large a provider's metadata may be as a rule, in MiB.
pub const USUAL_MIB: u8 = 4;
/// How large it may be where the administrator asks for it. All of it is in memory while it is read, several times over.
pub const MOST_MIB: u8 = 128;

/// What of an entityID is written into the path of a question to a Metadata Query service as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The keys that name an address.
pub(super) const ADDRESSES: [&str; 2] = ["metadata-url", "metadata-query"];

/// The keys that go with an address and with no file.
pub(super) const OF_AN_ADDRESS: [&str; 4] = [
    "metadata-ca",
    "metadata-private",
    "metadata-refresh-minutes",
    "metadata-max-age-days",
];

/// An address at which a provider's metadata is asked for again and again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Followed {
    /// The address.
    pub url: Url,
    /// The authorities that are believed for it, PEM; those of the system where there are none.
    pub authorities: Option<Vec<u8>>,
    /// Whether it may be in a private network.
    pub allows_private: bool,
    /// How long to wait between two questions; where nobody says it, the metadata does.
    pub refresh: Option<SignedDuration>,
    /// For how long a version counts that does not say until when it does, from the last time at which the
    /// server said that it is the present one.
    pub max_age: SignedDuration,
}

/// Where a provider's metadata comes from.
#[derive(Debug)]
pub(super) struct Origin {
    /// The file: where it is followed, the copy of what was taken last.
    pub(super) path: PathBuf,
    pub(super) followed: Option<Followed>,
    pub(super) is_watched: bool,
    /// The certificates whose keys sign it, PEM.
    pub(super) signed_by: Option<Vec<u8>>,
}

/// The copy of the metadata of the provider `name`.
pub fn copy_of(state_folder: &Path, name: &ShortName) -> PathBuf {
    state_folder.join(COPIES).join(format!("{name}.xml"))
}

/// Reads it out of the table of the provider `name`, of which `entity_id` says which entity is meant.
pub(super) fn read(
    (name, entity_id): (Option<&ShortName>, Option<&EntityId>),
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Origin> {
    let file: Option<PathBuf> = table.optional("metadata", report);
    let address = read_address(entity_id, table, report);
    let key = address.as_ref().map_or("metadata-url", |(key, _)| *key);
    let signed_by: Option<PathBuf> = table.optional("metadata-signed-by", report);
    let signed_by = match signed_by {
        Some(path) => Some(read_certificates(&path, table, around, report)?),
        None => None,
    };
    // One that cannot be read is one all the same.
    let is_faulty = |key| !report.is_clean_under(&table.at(key));
    let is_followed = address.is_some() || ADDRESSES.into_iter().any(is_faulty);
    if !is_followed {
        for key in OF_AN_ADDRESS.into_iter().filter(|key| table.holds(key)) {
            report.fault(
                &table.at(key),
                "stands beside no `metadata-url` or `metadata-query`",
            );
        }
    }
    let followed = read_followed(address, table, around, report);
    let at = table.at("metadata");
    match (file, is_followed) {
        (Some(path), false) => {
            let path = around.metadata(&at, &path, report)?;
            Some(Origin {
                is_watched: is_in(around.watched, &path),
                path,
                followed: None,
                signed_by,
            })
        }
        (None, true) => {
            let Some(state_folder) = around.state_folder else {
                let what = "needs a folder to keep the last good version in";
                needs_folder(&table.at(key), what, report);
                return None;
            };
            Some(Origin {
                path: copy_of(state_folder, name?),
                followed: Some(followed?),
                is_watched: false,
                signed_by,
            })
        }
        (Some(_), true) => {
            report
                .fault(&table.at(key), "stands beside `metadata`")
                .hint("keep one of them: the address that is asked again and again, or the file");
            None
        }
        (None, false) if report.is_clean_under(&at) => {
            report
                .fault(&at, "is missing")
                .hint("write metadata = \"FILE\", or metadata-url = \"https://…\"");
            None
        }
        (None, false) => None,
    }
}

/// Reads `[metadata]`: the folder that is watched, as the system knows it.
pub(super) fn read_watched(
    table: Option<Table<'_>>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<PathBuf> {
    let mut table = table?;
    let written: Option<PathBuf> = table.required("folder", report);
    let at = table.at("folder");
    table.finish(report);
    let path = around.path(&written?);
    if around.state_folder.is_none() {
        let what = "needs a folder to keep the last good versions in";
        needs_folder(&at, what, report);
    }
    match fs::canonicalize(&path) {
        Ok(real) if real.is_dir() => Some(real),
        Ok(_) => {
            report.fault(&at, format!("{} is not a folder", path.display()));
            None
        }
        Err(error) => {
            report.fault(&at, format!("{} cannot be read: {error}", path.display()));
            None
        }
    }
}

/// Tells that `[server]` names no folder for what is kept; where that could not be read, nobody knows.
fn needs_folder(key: &str, what: &str, report: &mut Report) {
    if report.is_clean_under("server") {
        let hint = "write state-folder in [server]";
        report.fault(key, what).hint(hint);
    }
}

/// Whether a file, be it there or not, lies in the folder that is watched.
fn is_in(watched: Option<&Path>, file: &Path) -> bool {
    let folder = file
        .parent()
        .and_then(|folder| fs::canonicalize(folder).ok());
    folder.is_some_and(|folder| watched == Some(&*folder))
}

/// The address, and the key that names it: a provider's own, or that of a service that is asked for an entity by its
/// name (draft-young-md-query, IIP-MD01).
fn read_address(
    entity_id: Option<&EntityId>,
    table: &mut Table<'_>,
    report: &mut Report,
) -> Option<(&'static str, String)> {
    let [url, query] = ADDRESSES;
    let own: Option<String> = table.optional(url, report);
    let service: Option<String> = table.optional(query, report);
    let at = table.at(query);
    match (own, service) {
        (own, None) => Some((url, own?)),
        (Some(own), Some(_)) => {
            let fault = report.fault(&at, "stands beside `metadata-url`");
            fault.hint("keep one of them: the provider's own address, or the service that has it");
            Some((url, own))
        }
        (None, Some(service)) => {
            if service.contains(['?', '#']) {
                report.fault(&at, "has a query or a fragment");
            }
            // One that cannot be read is told itself.
            if entity_id.is_none() && report.is_clean_under(&table.at("entity-id")) {
                report
                    .fault(&at, "needs `entity-id`")
                    .hint("the service is asked for the entity of that name");
            }
            let name = entity_id.map_or("", EntityId::as_str);
            let name = utf8_percent_encode(name, UNRESERVED);
            let service = service.trim_end_matches('/');
            Some((query, format!("{service}/entities/{name}")))
        }
    }
}

/// Reads `address` and all that goes with it.
fn read_followed(
    address: Option<(&'static str, String)>,
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Followed> {
    let ca: Option<PathBuf> = table.optional("metadata-ca", report);
    let authorities = ca.map(|path| around.authorities(&table.at("metadata-ca"), &path, report));
    let allows_private = table.or("metadata-private", false, report);
    let refresh: Option<u32> = table.optional("metadata-refresh-minutes", report);
    if refresh.is_some_and(|count| !REFRESH.contains(&minutes(count))) {
        let (start, end) = (REFRESH.start().as_mins(), REFRESH.end().as_mins());
        let what = format!("is not {start} to {end}");
        report.fault(&table.at("metadata-refresh-minutes"), what);
    }
    let days = table.positive("metadata-max-age-days", MAX_AGE_DAYS, report);
    // Which machine it leads to is looked at when it is asked.
    let (key, address) = address?;
    let url = EndpointUrl::parse(&address, around.schemes)
        .map_err(|fault| report.fault(&table.at(key), fault.to_string()))
        .ok()?;
    Some(Followed {
        url: Url::parse(url.as_str()).ok()?,
        authorities: match authorities {
            Some(read) => Some(read?),
            None => None,
        },
        allows_private,
        refresh: refresh.map(minutes),
        max_age: SignedDuration::from_hours(24 * i64::from(days)),
    })
}

/// How large the metadata of a provider may be, in MiB.
pub(super) fn read_max_mib(table: &mut Table<'_>, report: &mut Report) -> u8 {
    let key = "metadata-max-mib";
    let mib = table.or(key, u32::from(USUAL_MIB), report);
    let fits = u8::try_from(mib)
        .ok()
        .filter(|mib| (1..=MOST_MIB).contains(mib));
    fits.unwrap_or_else(|| {
        report.fault(&table.at(key), format!("is not 1 to {MOST_MIB}"));
        USUAL_MIB
    })
}

fn read_certificates(
    written: &Path,
    table: &Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<u8>> {
    let at = table.at("metadata-signed-by");
    let path = around.existing(&at, written, report)?;
    match read_text(&path, MAX_CERTIFICATE_BYTES) {
        Ok(pem) => Some(pem.into_bytes()),
        Err(what) => {
            report.fault(&at, format!("{} {what}", path.display()));
            None
        }
    }
}
