//! `check`: what a foreign reader thinks of a recorded `Response`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use samael::metadata::EntityDescriptor;

use crate::idp::Idp;
use crate::keys::KeyPair;
use crate::reading::{self, Check, Expected, Findings, Reading, Shell};
use crate::sp;

/// The options of `check`. What is not given is taken from the message itself,
/// and said to be unchecked.
#[derive(clap::Args, Debug)]
pub(crate) struct CheckOptions {
    /// The Response: base64 as in the browser's form, or XML; `-` for the
    /// standard input.
    #[arg(value_name = "FILE")]
    response: PathBuf,
    /// The identity provider's metadata; without it no signature is verified
    /// and the message is never accepted.
    #[arg(long, value_name = "FILE")]
    idp_metadata: Option<PathBuf>,
    /// The service provider's entity ID.
    #[arg(long, value_name = "ID")]
    entity_id: Option<String>,
    /// The URL that the Response is posted to (ACS).
    #[arg(long, value_name = "URL")]
    acs: Option<String>,
    /// The ID of the request that is answered.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Do not look at times: for a recorded message.
    #[arg(long)]
    ignore_times: bool,
    /// Private key for an encrypted assertion, PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Its certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
}

/// Reads the message of `options`.
///
/// # Errors
///
/// A file cannot be read; what is wrong with the message is no error but a
/// finding.
pub(crate) fn run(options: &CheckOptions, now: DateTime<Utc>) -> anyhow::Result<Reading> {
    let text = read_text(&options.response)?;
    let mut noted = Findings::default();
    let xml = if text.trim_start().starts_with('<') {
        text
    } else {
        match reading::decode(&text) {
            Ok(xml) => xml,
            Err(fault) => {
                noted.put(Check::Encoding, "the file", Some(&fault));
                return Ok(Reading {
                    findings: noted,
                    ..Reading::default()
                });
            }
        }
    };
    // A message that cannot be read at all gets its finding further down.
    let shell = Shell::read(&xml).unwrap_or_default();
    let mut given = |check: Check, given: &Option<String>, own: Option<&str>| {
        given.clone().unwrap_or_else(|| {
            let own = own.unwrap_or_default();
            noted.skip(check, format!("not compared; the message says {own:?}"));
            own.to_owned()
        })
    };
    let entity_id = given(
        Check::Audience,
        &options.entity_id,
        shell.first_audience.as_deref(),
    );
    let acs = given(
        Check::Destination,
        &options.acs,
        shell.destination.as_deref(),
    );
    let request_id = given(
        Check::InResponseTo,
        &options.request_id,
        shell.in_response_to.as_deref(),
    );
    let idp = if let Some(path) = &options.idp_metadata {
        Idp::read(&read_text(path)?, now)?
    } else {
        let says = "no metadata given: the issuer is not compared";
        noted.skip(Check::Issuer, says);
        Idp {
            entity_id: shell.issuer.clone().unwrap_or_default(),
            descriptor: EntityDescriptor::default(),
        }
    };
    let pair = match (&options.key, &options.certificate) {
        (Some(key), Some(certificate)) => Some(KeyPair::load(key, certificate)?),
        (Some(_), None) | (None, Some(_) | None) => None,
    };
    let mut witness = sp::witness(&entity_id, &acs, pair.as_ref(), &idp)?;
    if options.ignore_times {
        witness.max_issue_delay = Duration::days(36_500);
        witness.max_clock_skew = Duration::days(36_500);
    }
    let expected = Expected {
        idp: &idp,
        witness: &witness,
        request_ids: &[&request_id],
        now,
        is_seen: &|_| false,
        times_count: !options.ignore_times,
        has_keys: options.idp_metadata.is_some(),
    };
    let mut reading = reading::read(&xml, &expected);
    reading.findings.put_first(noted);
    Ok(reading)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read the standard input")?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(text)
}
