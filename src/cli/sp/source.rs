//! Where metadata comes from: a file, an https address, or standard input. The same reader and the same
//! bounds for all three.

use std::{fs, fs::File, io, path::PathBuf, str::FromStr};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use url::Url;

use super::short_name;
use crate::{
    app::{follow::patience, registrar::Registrar},
    config::{base_url::is_this_machine, edit::Follow, followed::USUAL_MIB, sp::SpConfig},
    metadata::source::read_bounded,
    model::{endpoint::Schemes, short_name::ShortName},
    sys::{
        fetch::{Allowed, FetchFault, Fetcher},
        http::HttpKind,
    },
    xml::Limits,
};

/// Where metadata is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Source {
    Address(Url),
    File(PathBuf),
    Input,
}

impl FromStr for Source {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_address = text
            .split_once("://")
            .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        match text {
            "-" => Ok(Self::Input),
            _ if is_address => text.parse().map(Self::Address),
            _ => Ok(Self::File(text.into())),
        }
    }
}

/// A version of a provider's metadata that somebody brings.
#[derive(Args, Debug)]
pub(super) struct Brought {
    /// Our short name for the provider, in addresses, logs and commands: 1 to 32 of a-z, 0-9 and hyphens.
    #[arg(value_parser = short_name)]
    pub(super) name: ShortName,
    /// Its metadata: a file, an https address, or - for standard input.
    #[arg(long, value_name = "URL|FILE|-")]
    metadata: Source,
    #[command(flatten)]
    fetching: Fetching,
}

impl Brought {
    /// The address, as one that is asked again and again by the server.
    pub(super) fn followed(&self) -> anyhow::Result<Follow> {
        let Source::Address(url) = &self.metadata else {
            bail!("--follow takes an https address: a file is read anew by a reload");
        };
        let real = |path: &PathBuf| {
            fs::canonicalize(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        Ok(Follow {
            url: url.clone(),
            ca: self.fetching.ca.as_ref().map(real).transpose()?,
            allows_private: self.fetching.allow_private,
        })
    }

    /// Reads it, and no more than is taken.
    pub(super) fn read(&self, registrar: &Registrar) -> anyhow::Result<Vec<u8>> {
        let known = registrar.provider(&self.name);
        let asked = (registrar.named().schemes, max_mib(known));
        self.metadata.read(&self.fetching, asked)
    }
}

/// How an address is fetched.
#[derive(Args, Debug)]
pub(super) struct Fetching {
    /// Believes the authorities of this PEM file instead of the system's, for an address.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Also fetches from addresses of private networks and of this machine.
    #[arg(long)]
    allow_private: bool,
}

impl Source {
    /// Reads what is there, and no more than is taken.
    pub(super) fn read(
        &self,
        fetching: &Fetching,
        (schemes, mib): (Schemes, u8),
    ) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Address(url) => fetch(url, fetching, (schemes, mib)),
            Self::File(path) => File::open(path)
                .and_then(|file| read_bounded(file, mib))
                .with_context(|| format!("{} cannot be read", path.display())),
            Self::Input => {
                read_bounded(io::stdin().lock(), mib).context("standard input cannot be read")
            }
        }
    }
}

/// How large the metadata of a provider may be, in MiB: one that is not there yet has no setting of its own.
pub(super) fn max_mib(known: Option<&SpConfig>) -> u8 {
    known.map_or(USUAL_MIB, |config| config.metadata_max_mib)
}

fn fetch(url: &Url, fetching: &Fetching, (schemes, mib): (Schemes, u8)) -> anyhow::Result<Vec<u8>> {
    let read = |path: &PathBuf| {
        fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let fetcher = Fetcher {
        authorities: fetching.ca.as_ref().map(read).transpose()?,
        allowed: Allowed {
            lab: schemes == Schemes::Lab,
            private: fetching.allow_private,
        },
        patience: patience(mib),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread to fetch with")?;
    let answer = runtime.block_on(fetcher.fetch(url, Limits::metadata_of(mib).bytes));
    // A name that is still being looked up holds nobody back.
    runtime.shutdown_background();
    answer.map_err(|fault| {
        let is_plain = url.scheme() == "http";
        // A lab takes it of this machine, whose own fault it is then.
        let is_refused = matches!(&fault, FetchFault::Scheme)
            || matches!(&fault, FetchFault::Http(fault) if fault.is_of_name() && !is_this_machine(url));
        let hint = if is_plain && is_refused {
            PLAIN
        } else {
            hint(&fault)
        };
        anyhow!("{url} cannot be fetched: {fault}{hint}")
    })
}

/// What to do instead of plain http.
const PLAIN: &str = "\n    hint: name its https address, or a file that you downloaded: over plain http anybody on the way could put \
                     another key or address into it, and get people's sign-ins (a lab takes http from this machine alone)";

fn hint(fault: &FetchFault) -> &'static str {
    match fault {
        FetchFault::Address(_) => {
            "\n    hint: --allow-private, if it is a server of your own network"
        }
        FetchFault::Elsewhere(_) => {
            "\n    hint: if that is the provider's own address, name it as --metadata"
        }
        FetchFault::Scheme => "\n    hint: name an https address, or a file that you downloaded",
        FetchFault::Http(fault) if fault.kind() == HttpKind::Untrusted => {
            "\n    hint: --ca FILE, if an authority of your own vouches for it; or download the file"
        }
        FetchFault::Http(fault) if fault.kind() == HttpKind::TooLong => {
            "\n    hint: if it is a whole federation, ask its Metadata Query service for the one provider, or write \
             a table with `metadata-max-mib`"
        }
        FetchFault::Http(_) => {
            "\n    hint: no proxy is used here: download the file with a browser, and name it as --metadata"
        }
        FetchFault::File(_)
        | FetchFault::Location
        | FetchFault::Status(_)
        | FetchFault::TimeOut
        | FetchFault::TooManyRedirects
        | FetchFault::UserInformation => "\n    hint: download the file, and name it as --metadata",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_everything_else_but_a_dash_is_a_file() {
        let source = |text: &str| text.parse::<Source>();
        assert_eq!(source("-"), Ok(Source::Input));
        for file in ["zoom.xml", "./-", "a/b.xml", "C:/x", "", "a b://c"] {
            assert_eq!(source(file), Ok(Source::File(file.into())), "{file}");
        }
        for address in ["https://sp.example/", "http://a", "FILE:///etc/passwd"] {
            assert!(
                matches!(source(address), Ok(Source::Address(_))),
                "{address}"
            );
        }
        assert!(source("https://").is_err());
    }
}
