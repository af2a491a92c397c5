//! Reads `[sp.<short name>]`.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp, civil::Date};
use toml::value::Datetime;

use super::{
    document::{Report, Table},
    files::Surroundings,
    followed::{self, Followed, Origin},
    preset::Presets,
    rules,
    sections::{
        Algorithm, Cipher, Encrypt, KeyTransport, NameId, Release, Rules, Service, Sign, Signature,
        minutes,
    },
};
use crate::model::{
    endpoint::EndpointUrl, entity_id::EntityId, journey::RelayState, language::Localized,
    short_name::ShortName,
};

/// A service provider as the administrator wrote it, with its preset applied.
#[derive(Clone, Debug)]
pub struct SpConfig {
    /// Our own name for it.
    pub short_name: ShortName,
    /// The file of its metadata: of what is followed, the copy of what was taken last.
    pub metadata_path: PathBuf,
    /// The address at which its metadata is asked for again and again; none where it is a file.
    pub followed: Option<Followed>,
    /// Whether its file lies in the folder that is watched.
    pub is_watched: bool,
    /// The certificates, PEM, by one of whose keys its metadata must be signed; need not be where none.
    pub metadata_signed_by: Option<Vec<u8>>,
    /// How large its metadata may be, in MiB.
    pub metadata_max_mib: u8,
    /// The preset that it was made with.
    pub preset: Option<ShortName>,
    /// The entity of that file that is meant; where nobody says it, the file describes one provider.
    pub entity_id: Option<EntityId>,
    /// For how many days its metadata may count at most; then it must say until when it counts.
    pub max_validity_days: Option<u32>,
    /// Other entity IDs by which it calls itself.
    pub aliases: Vec<EntityId>,
    /// Its own address where a sign-in starts: the way out of a page that has expired.
    pub sign_in_link: Option<EndpointUrl>,
    /// Whether people may sign in to it.
    pub enabled: bool,
    /// In a roll-over of our key, from when on what it gets is signed with `keys.next`; with the present key
    /// where nobody says it.
    pub next_key_from: Option<Timestamp>,
    /// How people may come to it from our own page, without a request of its; they may not where there
    /// is none.
    pub idp_initiated: Option<IdpInitiated>,
    /// Its name for people, where it differs from the one of its metadata.
    pub display_name: Option<Localized>,
    /// Whether an unsigned AuthnRequest is refused; where it says nothing, its metadata decides.
    pub require_signed_requests: Option<bool>,
    /// The last day, in UTC, on which its requests may be signed with SHA-1; never where none.
    pub sha1_until: Option<Date>,
    /// The algorithms that are neither taken of it nor used for it: those that are refused of everybody.
    pub refused_algorithms: Vec<Algorithm>,
    /// What of the Response is signed.
    pub sign: Sign,
    /// By which algorithm it is signed; where it says nothing, what its metadata declares decides.
    pub signature: Option<Signature>,
    /// Whether its assertions are encrypted.
    pub encrypt: Encrypt,
    /// What encrypts them; where it says nothing, what its metadata lists decides.
    pub cipher: Option<Cipher>,
    /// What encrypts the key of that; likewise.
    pub key_transport: Option<KeyTransport>,
    /// How long ago the person may have proven who they are.
    pub max_authn_age: Option<SignedDuration>,
    /// For how long after the person proved who they are it may keep its own session; as long as it
    /// likes where there is none.
    pub session: Option<SignedDuration>,
    /// The name it knows the person by.
    pub name_id: NameId,
    /// What it is told, and nothing else.
    pub release: Vec<Release>,
    /// Which service it is, of those whose own form and rules are known here.
    pub service: Option<Service>,
}

impl SpConfig {
    /// Where a sign-in to it starts: at its own address, from where it asks, or else on our page where
    /// that is allowed.
    pub fn way_in(&self) -> Option<WayIn> {
        match (&self.sign_in_link, &self.idp_initiated) {
            (Some(link), _) => Some(WayIn::Theirs(link.clone())),
            (None, Some(_)) => Some(WayIn::Ours(self.short_name.clone())),
            (None, None) => None,
        }
    }
}

/// Where a sign-in to a provider starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WayIn {
    /// At its own address.
    Theirs(EndpointUrl),
    /// On our own page for it.
    Ours(ShortName),
}

/// `idp-initiated = true`: people may come to the provider from our own page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IdpInitiated {
    /// The only `RelayState`s that go with them: the first one, or the one that a link names.
    pub relay_states: Vec<RelayState>,
}

/// Reads every `[sp.…]`.
pub(super) fn read_all(
    table: Option<Table<'_>>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Vec<SpConfig> {
    let mut presets = Presets::beside(around.folder);
    let named = table
        .map(|table| table.named_tables(report))
        .unwrap_or_default();
    named
        .into_iter()
        .filter_map(|(name, table)| read(&name, table, &mut presets, around, report))
        .collect()
}

fn read(
    name: &str,
    mut table: Table<'_>,
    presets: &mut Presets,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<SpConfig> {
    let short_name = ShortName::parse(name)
        .map_err(|fault| report.fault(&table.path(), format!("the name after `sp.` {fault}")))
        .ok();
    let entity_id: Option<EntityId> = table.optional("entity-id", report);
    let names = (short_name.as_ref(), entity_id.as_ref());
    let origin = followed::read(names, &mut table, around, report);
    let metadata_max_mib = followed::read_max_mib(&mut table, report);
    let max_validity_days: Option<u32> = table.optional("max-validity-days", report);
    if max_validity_days == Some(0) {
        report.fault(&table.at("max-validity-days"), "must not be 0");
    }
    let asked: Option<String> = table.optional("preset", report);
    let preset = match &asked {
        Some(name) => presets
            .find(name, &table.at("preset"), report)
            .map(|preset| preset.rules),
        None if report.is_clean_under(&table.at("preset")) => Some(Rules::default()),
        None => None,
    };
    let aliases = table.or("aliases", Vec::new(), report);
    let sign_in_link = read_sign_in_link(&mut table, around, report);
    let enabled = table.or("enabled", true, report);
    let next_key_from = read_instant(&mut table, "next-key-from", report);
    let idp_initiated = read_idp_initiated(&mut table, report);
    let own = rules::read(&mut table, report);
    let is_preset_known = preset.is_some();
    let rules = over(own, preset.unwrap_or_default());
    let is_name_id_clean = report.is_clean_under(&table.at("name-id"));
    if rules.name_id.is_none() && is_preset_known && is_name_id_clean {
        report
            .fault(&table.at("name-id"), "is missing, and no preset gives it")
            .hint("write preset = \"generic\", or name-id = { format = \"…\", from = \"…\" }");
    }
    table.finish(report);
    let Origin {
        path,
        followed,
        is_watched,
        signed_by,
    } = origin?;
    Some(SpConfig {
        short_name: short_name?,
        metadata_path: path,
        followed,
        is_watched,
        metadata_signed_by: signed_by,
        metadata_max_mib,
        preset: asked.and_then(|name| ShortName::parse(&name).ok()),
        entity_id,
        max_validity_days,
        aliases,
        sign_in_link,
        enabled,
        next_key_from,
        idp_initiated,
        display_name: rules.display_name,
        require_signed_requests: rules.require_signed_requests,
        sha1_until: rules.sha1_until,
        refused_algorithms: around.refused_algorithms.to_vec(),
        sign: rules.sign.unwrap_or_default(),
        signature: rules.signature,
        encrypt: rules.encrypt.unwrap_or_default(),
        cipher: rules.cipher,
        key_transport: rules.key_transport,
        max_authn_age: rules.max_authn_age_minutes.map(minutes),
        session: rules.session_minutes.map(minutes),
        name_id: rules.name_id?,
        release: rules.release.unwrap_or_default(),
        service: rules.service,
    })
}

fn read_sign_in_link(
    table: &mut Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<EndpointUrl> {
    let text: String = table.optional("sign-in-link", report)?;
    match EndpointUrl::parse(&text, around.schemes) {
        Ok(link) => Some(link),
        Err(fault) => {
            report.fault(&table.at("sign-in-link"), fault.to_string());
            None
        }
    }
}

/// Once a roll-over is over, or given up, nobody may believe that a provider has another key than the others.
pub(super) fn refuse_times_without_a_key(providers: &[SpConfig], report: &mut Report) {
    if report.lines.hold("keys.next") {
        return;
    }
    for sp in providers.iter().filter(|sp| sp.next_key_from.is_some()) {
        report
            .fault(
                &format!("sp.{}.next-key-from", sp.short_name),
                "stands beside no next key (keys.next)",
            )
            .hint("`passerelle keys rollover start` begins a roll-over; take the line out where it is over");
    }
}

/// A moment, as TOML writes it: `2026-12-01T08:00:00+01:00`, without quotes and with its offset.
fn read_instant(
    table: &mut Table<'_>,
    key: &'static str,
    report: &mut Report,
) -> Option<Timestamp> {
    let written: Datetime = table.optional(key, report)?;
    let instant = written.to_string().parse().ok();
    if instant.is_none() {
        report
            .fault(&table.at(key), "is not a moment")
            .hint("write day, time and offset, without quotes: 2026-12-01T08:00:00+01:00");
    }
    instant
}

/// In the provider's own table and in no preset: whoever switches it on should know of it.
fn read_idp_initiated(table: &mut Table<'_>, report: &mut Report) -> Option<IdpInitiated> {
    let is_on = table.or("idp-initiated", false, report);
    let texts: Option<Vec<String>> = table.optional("relay-states", report);
    let at = table.at("relay-states");
    if texts.is_some() && !is_on && report.is_clean_under(&table.at("idp-initiated")) {
        report
            .fault(&at, "stands beside no `idp-initiated = true`")
            .hint("a provider's own request brings its own RelayState");
    }
    let mut relay_states = Vec::new();
    for (number, text) in (1..).zip(texts.unwrap_or_default()) {
        let entry = table.entry("relay-states", number);
        match RelayState::parse(&text) {
            // A form would write a line break in another way.
            Ok(_) if text.is_empty() || text.chars().any(char::is_control) => {
                report.fault(&entry, "is empty, or holds a control character");
            }
            Ok(relay_state) if relay_states.contains(&relay_state) => {
                report.fault(&entry, "stands on the list already");
            }
            Ok(relay_state) => relay_states.push(relay_state),
            Err(fault) => {
                report.fault(&entry, fault.to_string());
            }
        }
    }
    is_on.then_some(IdpInitiated { relay_states })
}

/// The provider's own table wins over its preset, key by key.
fn over(own: Rules, preset: Rules) -> Rules {
    Rules {
        display_name: own.display_name.or(preset.display_name),
        require_signed_requests: own
            .require_signed_requests
            .or(preset.require_signed_requests),
        // An exception with an end is made for one provider, and stands in no preset.
        sha1_until: own.sha1_until,
        sign: own.sign.or(preset.sign),
        signature: own.signature.or(preset.signature),
        encrypt: own.encrypt.or(preset.encrypt),
        cipher: own.cipher.or(preset.cipher),
        key_transport: own.key_transport.or(preset.key_transport),
        max_authn_age_minutes: own.max_authn_age_minutes.or(preset.max_authn_age_minutes),
        session_minutes: own.session_minutes.or(preset.session_minutes),
        name_id: own.name_id.or(preset.name_id),
        release: own.release.or(preset.release),
        service: own.service.or(preset.service),
    }
}
