//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use axum::Router;
use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::check::{self, CheckOptions};
use crate::idp::Idp;
use crate::keys::KeyPair;
use crate::rules::Rules;
use crate::sp::{Identity, RequestBinding};
use crate::web::{self, Settings, Site};
use crate::witness::{self, Witness};

/// A service provider that behaves like Zoom, for the lab only. It is not Zoom.
#[derive(Debug, Parser)]
#[command(name = "passerelle-stand-in", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site until SIGTERM.
    Serve(ServeOptions),
    /// Print the SP metadata that `serve` would publish with the same options.
    Metadata(MetadataOptions),
    /// Serve samael alone, with JSON in place of pages, for tests that compare service providers.
    Witness(SiteOptions),
    /// Say what a foreign reader thinks of a Response; exit status 1 if it refuses.
    Check(CheckOptions),
    /// Make a key and a self-made certificate, in two new PEM files.
    MakeKey(KeyFiles),
}

#[derive(Args, Debug)]
struct KeyFiles {
    /// The private key, PEM.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The certificate, PEM.
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
}

#[derive(Args, Debug)]
struct IdentityOptions {
    /// The site as browsers see it; port 0 is replaced by the real one.
    #[arg(long, value_name = "URL")]
    base_url: Url,
    /// This service provider's entity ID, such as univ-montp3-fr.zoom.us.
    #[arg(long, value_name = "ID")]
    entity_id: String,
    /// Sign the requests; needs --key and --certificate.
    #[arg(long)]
    sign_requests: bool,
    /// Private key, PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Certificate, PEM: published for signing, and for encryption if it is RSA.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct SiteOptions {
    #[command(flatten)]
    identity: IdentityOptions,
    /// Where to listen: a loopback address, port 0 for any.
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The identity provider's metadata.
    #[arg(long, value_name = "FILE")]
    idp_metadata: PathBuf,
}

#[derive(Args, Debug)]
struct ServeOptions {
    #[command(flatten)]
    site: SiteOptions,
    /// The binding of the requests.
    #[arg(long, value_enum, default_value_t)]
    binding: RequestBinding,
    /// Send this RelayState, and want it back to the byte.
    #[arg(long, value_name = "TEXT")]
    relay_state: Option<String>,
    /// Mapping rules in TOML, instead of the built-in ones.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Takes the options of `serve` that do not count here, so that one set of
/// options does for both.
#[derive(Args, Debug)]
struct MetadataOptions {
    #[command(flatten)]
    identity: IdentityOptions,
    #[arg(long, hide = true)]
    listen: Option<SocketAddr>,
    #[arg(long, hide = true)]
    idp_metadata: Option<PathBuf>,
    #[arg(long, value_enum, hide = true)]
    binding: Option<RequestBinding>,
    #[arg(long, hide = true)]
    relay_state: Option<String>,
    #[arg(long, hide = true)]
    config: Option<PathBuf>,
}

impl IdentityOptions {
    fn identity(self, base_url: &Url) -> anyhow::Result<Identity> {
        let pair = match (self.key, self.certificate) {
            (Some(key), Some(certificate)) => Some(KeyPair::load(&key, &certificate)?),
            (Some(_), None) | (None, Some(_) | None) => None,
        };
        Identity::new(base_url, self.entity_id, pair, self.sign_requests)
    }
}

impl Cli {
    /// Does what the command says. `false` asks for exit status 1.
    ///
    /// # Errors
    ///
    /// An option is wrong or a file cannot be read.
    pub(crate) fn run(self) -> anyhow::Result<bool> {
        match self.command {
            Command::Serve(options) => {
                tokio::runtime::Runtime::new()?.block_on(serve(options))?;
                Ok(true)
            }
            Command::Witness(options) => {
                tokio::runtime::Runtime::new()?.block_on(testify(options))?;
                Ok(true)
            }
            Command::Metadata(options) => {
                let base_url = options.identity.base_url.clone();
                ensure!(
                    base_url.port() != Some(0),
                    "the metadata needs the real port, not 0"
                );
                let identity = options.identity.identity(&base_url)?;
                print(crate::sp_metadata::write(&identity)?.trim_end());
                Ok(true)
            }
            Command::Check(options) => {
                let reading = check::run(&options, crate::clock::now())?;
                for finding in reading.findings.all() {
                    print(&finding.to_string());
                }
                let is_accepted = reading.is_accepted();
                print(if is_accepted { "accepted" } else { "refused" });
                Ok(is_accepted)
            }
            Command::MakeKey(files) => {
                KeyPair::make()?.save(&files.key, &files.certificate)?;
                Ok(true)
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(line: &str) {
    println!("{line}");
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let rules = Rules::load(options.config.as_deref())?;
    let (listener, identity, idp) = options.site.open().await?;
    let ready = format!("stand-in ready at {}", identity.base_url);
    let site = Site::new(Settings {
        identity,
        idp,
        binding: options.binding,
        relay_state: options.relay_state,
        rules,
    })?;
    answer(listener, web::router(site), &ready).await
}

async fn testify(options: SiteOptions) -> anyhow::Result<()> {
    let (listener, identity, idp) = options.open().await?;
    let ready = format!("witness ready at {}", identity.base_url);
    answer(
        listener,
        witness::router(Witness::new(identity, &idp)?),
        &ready,
    )
    .await
}

impl SiteOptions {
    /// Begins to listen, and reads the files that the options name.
    async fn open(self) -> anyhow::Result<(TcpListener, Identity, Idp)> {
        ensure!(
            self.listen.ip().is_loopback(),
            "the stand-in listens on a loopback address only, not on {}",
            self.listen.ip()
        );
        let metadata = std::fs::read_to_string(&self.idp_metadata)
            .with_context(|| format!("cannot read {}", self.idp_metadata.display()))?;
        let idp = Idp::read(&metadata, crate::clock::now())?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let mut base_url = self.identity.base_url.clone();
        if base_url.port() == Some(0) {
            let port = listener.local_addr()?.port();
            ensure!(
                base_url.set_port(Some(port)).is_ok(),
                "the base URL takes no port"
            );
        }
        let identity = self.identity.identity(&base_url)?;
        Ok((listener, identity, idp))
    }
}

/// Serves until SIGTERM, then lets running requests finish.
async fn answer(listener: TcpListener, router: Router, ready: &str) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    print(ready);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    web::serve(listener, router, stop).await?;
    Ok(())
}
