//! The sections of the configuration, checked, in the words of the file.
//!
//! Each is read by the file of its name beside this one, key by key, so that every fault is found at
//! once. Tests of other rooms read rules as text by serde.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use jiff::{SignedDuration, civil::Date};
use serde::Deserialize;

use crate::{
    model::{
        authn_context::AuthnContextClass,
        endpoint::EndpointUrl,
        language::{Language, Localized},
        name_id::NameIdFormat,
    },
    sys::secret::Secret,
};

/// `[server]`: where we listen.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Networks whose `X-Forwarded-For` is believed; their last hop is the caller.
    pub trusted_proxies: Vec<IpNet>,
    /// Certificate and key, to speak TLS ourselves. Without it we speak plain HTTP, and listen on
    /// loopback only.
    pub tls: Option<Tls>,
    /// Connections at one time.
    pub max_connections: u32,
    /// How long a graceful stop waits for requests under way, in seconds.
    pub stop_grace_seconds: u32,
    /// A folder of the service's own, for what lasts longer than a process; nothing lasts without.
    pub state_folder: Option<PathBuf>,
    /// Where commands reach the server that runs; nowhere without.
    pub control_socket: Option<PathBuf>,
}

/// `[server] tls = { … }`
#[derive(Clone, Debug)]
pub struct Tls {
    /// PEM file of the certificate chain.
    pub certificate: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// `[metrics]`: where a machine that watches asks for counts.
#[derive(Clone, Copy, Debug)]
pub struct Metrics {
    /// Address and port to listen on: other ones than people come to.
    pub listen: SocketAddr,
}

/// `[organization]`: who runs this server.
#[derive(Clone, Debug)]
pub struct Organization {
    /// The name people know.
    pub name: Localized,
    /// The home page.
    pub url: Localized,
    /// E-mail of the people who run this server, for our metadata.
    pub technical_contact: String,
    /// The domains of the organization's own mail addresses.
    pub mail_domains: Vec<String>,
    /// The scopes of scoped attributes, for our metadata (`shibmd:Scope`).
    pub scopes: Vec<String>,
}

/// `[support]`: whom people ask.
#[derive(Clone, Debug)]
pub struct Support {
    /// What to do to get help, in words.
    pub text: Localized,
    /// Where that is done.
    pub link: Option<String>,
    /// Where people change their password.
    pub password_link: Option<String>,
}

/// `[texts]`: what the administrator writes for people.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The start page, once for each language, in the order of [`Language::ALL`].
    pub home: Vec<HomeText>,
}

/// The text of the start page in one language.
#[derive(Clone, Debug)]
pub struct HomeText {
    /// The language that it is in.
    pub language: Language,
    /// Its file.
    pub path: PathBuf,
    /// The heading of the page.
    pub title: String,
    /// What stands below it, before the services.
    pub lead: String,
    /// The day on which somebody last changed what it says.
    pub last_change: Date,
    /// The rest, as it was written.
    pub markdown: String,
    /// The line of the file, from 1, on which the rest begins.
    pub first_line: u32,
}

/// `[alerts]`: whom to tell of what ends.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// A program and its words, which reads what is told.
    pub command: Option<Vec<String>>,
    /// Whom to write to.
    pub mail: Option<AlertMail>,
}

/// `[alerts.mail]`
#[derive(Clone, Debug)]
pub struct AlertMail {
    /// To these addresses.
    pub to: Vec<String>,
    /// From this one.
    pub from: String,
    /// The program that takes the message, and its words.
    pub sendmail: Vec<String>,
}

/// `[authn]`: how people prove who they are.
#[derive(Clone, Debug)]
pub struct Authn {
    /// The methods, in the order in which they are tried.
    pub methods: Vec<Method>,
    /// `[authn.local]`
    pub local: Option<Local>,
    /// `[authn.cas]`
    pub cas: Option<Cas>,
    /// `[authn.ldap]`
    pub ldap: Option<Ldap>,
    /// Who says what is known of a person whom the CAS server signs in.
    pub attributes: AttributeSource,
    /// `[authn.throttle]`
    pub throttle: Throttle,
}

impl Authn {
    /// Whether people prove who they are by `method`.
    pub fn uses(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// The directory, where somebody is asked for there.
    pub fn directory(&self) -> Option<&Ldap> {
        let is_asked = self.uses(Method::Ldap) || self.attributes == AttributeSource::Ldap;
        self.ldap.as_ref().filter(|_| is_asked)
    }
}

/// A method of `[authn] methods`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The university's CAS server.
    Cas,
    /// The university's directory.
    Ldap,
    /// The embedded directory.
    Local,
}

/// Who says what is known of a person whom the CAS server signs in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeSource {
    /// The CAS server.
    #[default]
    Cas,
    /// The directory.
    Ldap,
}

/// What becomes of people whom the CAS server signs in while the directory does not answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutDirectory {
    /// They are told to try again.
    #[default]
    Stop,
    /// They go on with what CAS says of them, where that is all that the provider needs.
    UseCas,
}

/// `[authn.ldap]`: the university's directory.
#[derive(Clone, Debug)]
pub struct Ldap {
    /// Its servers, the preferred one first: `ldaps://`, or `ldap://` for `StartTLS`. Never without
    /// TLS.
    pub urls: Vec<String>,
    /// PEM certificates of the authorities that vouch for them; those of the system where there are
    /// none.
    pub authorities: Option<Vec<u8>>,
    /// Below which entry people are.
    pub base: String,
    /// How a person is found by `{login}`: by a filter (in parentheses), or by the name of their entry.
    pub user: String,
    /// The filter that finds everybody who has the address `{mail}`.
    pub mail_filter: String,
    /// Our own account, for searches: its name and its password.
    pub account: Option<(String, Secret)>,
    /// The attribute that holds the name people sign in with.
    pub login_attribute: String,
    /// Attributes to read besides those that rules name.
    pub attributes: Vec<String>,
    /// How long the last server that is left may take for all that one question needs, in seconds.
    pub timeout_seconds: u32,
    /// How many questions each server is asked at one time, and so the most connections of each kind.
    pub connections: u16,
    /// How long before a password ends people are told, in days.
    pub warn_days: u32,
    /// `[authn.ldap.groups]`
    pub groups: Option<Groups>,
    /// `[authn.ldap.units]`
    pub units: Option<Units>,
    /// The CAS attribute by which a person is found; the CAS user where there is none.
    pub cas_attribute: Option<String>,
    /// What becomes of people whom the CAS server signs in while the directory does not answer.
    pub without_directory: WithoutDirectory,
}

/// `[authn.ldap.groups]`: where groups name their members.
#[derive(Clone, Debug)]
pub struct Groups {
    /// Below which entry they are.
    pub base: String,
    /// The filter that finds those of the person whose entry is called `{dn}`.
    pub filter: String,
    /// The attribute that holds a group's name.
    pub name: String,
}

/// `[authn.ldap.units]`: the names of the units whose codes stand in people's records.
#[derive(Clone, Debug)]
pub struct Units {
    /// Below which entry they are.
    pub base: String,
    /// The attribute that holds a unit's code.
    pub code: String,
    /// Those that may hold its name; the first that does counts.
    pub names: Vec<String>,
    /// The attributes of people that hold codes.
    pub of: Vec<String>,
}

/// `[authn.cas]`: the university's CAS server.
#[derive(Clone, Debug)]
pub struct Cas {
    /// Where people are sent: what stands before `/login`.
    pub url: EndpointUrl,
    /// Its nodes that are asked about tickets, in this order; at least one.
    pub validate_at: Vec<EndpointUrl>,
    /// The authorities of which one must vouch for each of them, PEM; those of the system otherwise.
    pub ca: Option<Vec<u8>>,
    /// Which of its ways to validate a ticket is used.
    pub protocol: CasProtocol,
    /// How it proves that a person has typed their password for this ticket.
    pub fresh_login_proof: FreshLoginProof,
    /// Which time counts as that of the sign-in.
    pub authn_instant: AuthnInstant,
    /// How long the whole answer of the last node that is left may take, in seconds.
    pub timeout_seconds: u32,
    /// The networks that it posts logout notices from; any where there are none.
    pub notices_from: Vec<IpNet>,
    /// Whether logout notices that people's browsers bring end sessions.
    pub front_channel: bool,
    /// The attribute in which it says by which method somebody signed in.
    pub authn_method_attribute: String,
    /// Its methods, by the class that each of them proves.
    pub authn_methods: Vec<(AuthnContextClass, String)>,
}

/// A version of the CAS protocol.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CasProtocol {
    /// `/validate`: a name and nothing else.
    One,
    /// `/serviceValidate`
    Two,
    /// `/p3/serviceValidate`: with attributes.
    #[default]
    Three,
}

/// How a CAS server proves that a person has typed their password for this ticket.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum FreshLoginProof {
    /// It says so: `isFromNewLogin`, or an `authenticationDate` after the request.
    #[default]
    Attributes,
    /// It refuses a ticket of an older login where it is asked with `renew`. Not every server does:
    /// one that ignores it would prove nothing.
    Renew,
}

/// Which time counts as that of a sign-in at a CAS server: the `AuthnInstant`, and what
/// `max-authn-age-minutes` is counted from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum AuthnInstant {
    /// When the server vouched for the person: it may have known them for hours.
    #[default]
    Validation,
    /// When they signed in there, as far as the server says it clearly.
    AuthenticationDate,
}

/// `[authn.local]`: the embedded directory, for the demo, tests and break-glass accounts.
#[derive(Clone, Debug)]
pub struct Local {
    /// The file of people.
    pub people: PathBuf,
    /// How many passwords are hashed at one time; each takes 19 MiB while it lasts.
    pub hashing_threads: u16,
    /// How many more may wait for it; the next one is told to come back.
    pub hashing_queue: u16,
}

/// `[authn.throttle]`: how guessing is slowed down.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// Wrong passwords that one account may have in a row before it must wait.
    pub free_per_account: u32,
    /// The same from all networks together.
    pub free_per_account_anywhere: u32,
    /// The same for one network (a /24 of IPv4, a /48 of IPv6).
    pub free_per_network: u32,
    /// The first wait, in seconds; each next one is twice as long.
    pub first_wait_seconds: u32,
    /// The longest wait, in seconds.
    pub longest_wait_seconds: u32,
    /// After this long without an attempt all is forgotten, in minutes.
    pub forget_after_minutes: u32,
}

/// `[sessions]`: how long a sign-in is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// In all, in minutes.
    pub lifetime_minutes: u32,
    /// Without being used, in minutes.
    pub idle_minutes: u32,
    /// How many are kept; past that the one unused for the longest time is forgotten.
    pub max: u32,
}

/// `[requests]`: how old an AuthnRequest may be.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// The oldest `IssueInstant` that is taken, in seconds.
    pub max_age_seconds: u32,
    /// How far in the future an `IssueInstant` may be, in seconds.
    pub max_ahead_seconds: u32,
    /// How many used request IDs are remembered, and how many CAS tickets.
    pub max_replay_marks: u32,
    /// How often one person is answered within ten minutes, by each node.
    pub max_answers_per_person: u32,
}

/// How one provider is answered: the keys of a preset file, each of which `[sp.<short name>]` may
/// set for itself.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "kebab-case")
)]
pub struct Rules {
    /// Its name for people.
    pub display_name: Option<Localized>,
    /// Whether an unsigned AuthnRequest is refused.
    pub require_signed_requests: Option<bool>,
    /// The last day, in UTC, on which its requests may be signed with SHA-1.
    pub sha1_until: Option<Date>,
    /// What of the Response is signed.
    pub sign: Option<Sign>,
    /// By which algorithm it is signed.
    pub signature: Option<Signature>,
    /// Whether its assertions are encrypted.
    pub encrypt: Option<Encrypt>,
    /// What encrypts them.
    pub cipher: Option<Cipher>,
    /// What encrypts the key of that.
    pub key_transport: Option<KeyTransport>,
    /// How long ago the person may have proven who they are, in minutes.
    pub max_authn_age_minutes: Option<u32>,
    /// For how long after the person proved who they are the provider may keep its own session, in
    /// minutes.
    pub session_minutes: Option<u32>,
    /// The name the provider knows the person by.
    pub name_id: Option<NameId>,
    /// What the provider is told, and nothing else.
    pub release: Option<Vec<Release>>,
    /// Which service it is, of those whose own form and rules are known here.
    pub service: Option<Service>,
}

/// A service whose own form and rules are known here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Zoom.
    Zoom,
}

/// What of a Response is signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The Assertion.
    #[default]
    Assertion,
    /// The Response around it.
    Response,
    /// Both.
    Both,
}

/// By which algorithm what a provider gets is signed; the digest is that of its name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// RSA with SHA-256.
    RsaSha256,
    /// RSA with SHA-384.
    RsaSha384,
    /// RSA with SHA-512.
    RsaSha512,
}

/// An algorithm that `[algorithms] refuse` may name, of those that are used here; SHA-1 is refused
/// without it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Encryption with AES-128-GCM.
    Aes128Gcm,
    /// Encryption with AES-256-GCM.
    Aes256Gcm,
    /// A signature with ECDSA and SHA-256.
    EcdsaSha256,
    /// A signature with ECDSA and SHA-384.
    EcdsaSha384,
    /// A signature with ECDSA and SHA-512.
    EcdsaSha512,
    /// The encryption of a key with `rsa-oaep` of XML Encryption 1.1.
    RsaOaep,
    /// The encryption of a key with `rsa-oaep-mgf1p`.
    RsaOaepMgf1p,
    /// A signature with RSA and SHA-256.
    RsaSha256,
    /// A signature with RSA and SHA-384.
    RsaSha384,
    /// A signature with RSA and SHA-512.
    RsaSha512,
    /// The digest SHA-256: of what is signed, and in the encryption of a key.
    Sha256,
    /// The digest SHA-384, likewise.
    Sha384,
    /// The digest SHA-512, likewise.
    Sha512,
}

/// Whether the assertions to a provider are encrypted.
///
/// The default is what saml2int asks for (SDP-IDP11) wherever there is a key to do it with.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Encrypt {
    /// They are not.
    Never,
    /// They are where the provider's metadata holds a key that can be used.
    #[default]
    WhenPossible,
    /// They are, and a provider without such a key is not taken.
    Always,
}

/// What encrypts an assertion, whatever the provider's metadata lists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
}

/// What encrypts the key of the cipher, whatever the provider's metadata lists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum KeyTransport {
    /// `rsa-oaep-mgf1p` as it is where no digest is named: with SHA-1.
    RsaOaepMgf1p,
    /// `rsa-oaep` with SHA-256, in its mask generation function too.
    RsaOaepSha256,
    /// `rsa-oaep` with SHA-384, likewise.
    RsaOaepSha384,
    /// `rsa-oaep` with SHA-512, likewise.
    RsaOaepSha512,
}

/// `name-id = { … }`: the name the provider knows the person by.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "kebab-case", tag = "format")
)]
pub enum NameId {
    /// An address.
    EmailAddress {
        /// Our attribute that holds it.
        from: String,
    },
    /// No name at all (saml2int and the Kantara profile, IIP-IDP11): the attributes alone tell who
    /// the person is, if anything does.
    None,
    /// A name for this provider alone, the same at every sign-in.
    Persistent {
        /// Our attribute that never changes, from which it is derived.
        from: String,
    },
    /// A name that is drawn for one request of one session, and says nothing about the person.
    Transient,
    /// A value as it stands.
    Unspecified {
        /// Our attribute that holds it.
        from: String,
    },
}

impl NameId {
    /// The format of the names; none where there is no name.
    pub const fn format(&self) -> Option<NameIdFormat> {
        match self {
            Self::EmailAddress { .. } => Some(NameIdFormat::EmailAddress),
            Self::None => None,
            Self::Persistent { .. } => Some(NameIdFormat::Persistent),
            Self::Transient => Some(NameIdFormat::Transient),
            Self::Unspecified { .. } => Some(NameIdFormat::Unspecified),
        }
    }

    /// Our attribute that they are made from; none where they are made from nothing.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::EmailAddress { from }
            | Self::Persistent { from }
            | Self::Unspecified { from } => Some(from),
            Self::None | Self::Transient => None,
        }
    }
}

/// `[[release]]`: one attribute that the provider is told.
///
/// Either `attribute` alone (one of ours, under its standard name), or `name` with `value`.
#[derive(Clone, Debug)]
#[cfg_attr(
    test,
    derive(Deserialize),
    serde(deny_unknown_fields, rename_all = "kebab-case")
)]
pub struct Release {
    /// One of our attributes.
    pub attribute: Option<String>,
    /// The `Name` to send; the standard one of `attribute` where it is not given.
    pub name: Option<String>,
    /// The `NameFormat` of `name`.
    pub name_format: Option<NameFormat>,
    /// The `FriendlyName` of `name`.
    pub friendly_name: Option<String>,
    /// An expression over our attributes that gives the values.
    pub value: Option<String>,
    /// Which of the values are sent.
    #[cfg_attr(test, serde(default))]
    pub values: Values,
    /// Whether a person without it is stopped on our page.
    #[cfg_attr(test, serde(default))]
    pub required: bool,
    /// Whether the provider must ask for it.
    #[cfg_attr(test, serde(default))]
    pub when: When,
    /// What its metadata must say of the provider as a whole.
    pub entity_attribute: Option<NamedValue>,
    /// What the provider calls the field that it fills, on the form of its own administrator.
    pub field: Option<String>,
    /// What is typed there for its values, in this order.
    #[cfg_attr(test, serde(default))]
    pub lines: Vec<FieldLine>,
}

/// `lines = [{ … }]`: one line of a provider's form, which takes a value that contains a text.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
pub struct FieldLine {
    /// The text.
    pub contains: String,
    /// What the provider makes of it.
    pub gives: String,
}

/// Whether a provider must ask for an attribute to be told it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// It need not.
    #[default]
    Always,
    /// It must ask for it in the list of attributes that the request names, or in the default one.
    Requested,
    /// It must ask for it there as for what it cannot do without.
    Required,
}

/// `entity-attribute = { … }`: an attribute of an entity, and one value of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields))]
pub struct NamedValue {
    /// Its `Name`, a URI.
    pub name: String,
    /// The value, byte for byte.
    pub value: String,
}

/// A `NameFormat`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum NameFormat {
    /// The name is a simple word.
    Basic,
    /// The name is a URI.
    Uri,
}

/// Which of an attribute's values are sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// All of them.
    #[default]
    All,
    /// The first one.
    First,
    /// The one mail address in a domain of `mail-domains`, in lower case; a person with none, or
    /// with several such, is stopped on our page.
    OneInMailDomain,
}

impl Cas {
    /// How long the whole answer of the last node that is left may take.
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds as u64)
    }
}

impl Ldap {
    /// How long the last server that is left may take for all that one question needs.
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds as u64)
    }

    /// How long before a password ends people are told.
    pub fn warn_before(&self) -> SignedDuration {
        minutes(self.warn_days.saturating_mul(24 * 60))
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            free_per_account: 5,
            free_per_account_anywhere: 50,
            free_per_network: 100,
            first_wait_seconds: 1,
            longest_wait_seconds: 60,
            forget_after_minutes: 30,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            lifetime_minutes: 480,
            idle_minutes: 120,
            max: 100_000,
        }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            max_age_seconds: 300,
            max_ahead_seconds: 180,
            max_replay_marks: 100_000,
            max_answers_per_person: 300,
        }
    }
}

impl Server {
    /// How long a graceful stop waits for requests under way.
    pub fn stop_grace(&self) -> SignedDuration {
        seconds(self.stop_grace_seconds)
    }
}

impl Throttle {
    /// The first wait.
    pub fn first_wait(&self) -> SignedDuration {
        seconds(self.first_wait_seconds)
    }

    /// The longest wait.
    pub fn longest_wait(&self) -> SignedDuration {
        seconds(self.longest_wait_seconds)
    }

    /// After this long without an attempt all is forgotten.
    pub fn forget_after(&self) -> SignedDuration {
        minutes(self.forget_after_minutes)
    }
}

impl Sessions {
    /// How long a sign-in is remembered in all.
    pub fn lifetime(&self) -> SignedDuration {
        minutes(self.lifetime_minutes)
    }

    /// How long without being used.
    pub fn idle(&self) -> SignedDuration {
        minutes(self.idle_minutes)
    }
}

impl Requests {
    /// The oldest `IssueInstant` that is taken.
    pub fn max_age(&self) -> SignedDuration {
        seconds(self.max_age_seconds)
    }

    /// How far in the future an `IssueInstant` may be.
    pub fn max_ahead(&self) -> SignedDuration {
        seconds(self.max_ahead_seconds)
    }
}

fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

pub(super) fn minutes(count: u32) -> SignedDuration {
    SignedDuration::from_secs(60 * i64::from(count))
}
