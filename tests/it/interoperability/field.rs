//! The real bridge, and service providers each of which it knows by the metadata that it publishes.

use std::path::Path;

use futures_util::{
    future::join_all,
    stream::{self, StreamExt as _},
};
use tempfile::TempDir;

use crate::{
    independent_readers::{our_metadata_with, to_the_answer},
    lab::{
        browser::BrowserSim,
        process::Server,
        real_bridge::RealBridge,
        service_provider::{RunningSp, SpKind, SpSite},
    },
};

/// The bridge, which has an RSA key and one on P-256, and two service providers of each kind: one that
/// is told everything in clear, and one that demands encryption where it can. One more has a key on
/// P-256.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) bridge: RealBridge,
    pub(super) peers: Vec<RunningSp>,
    pub(super) on_p256: RunningSp,
    signing_keys: (&'static str, &'static str),
    lab: TempDir,
}

impl Field {
    /// Starts all but the bridge, and has metadata exchanged both ways.
    pub(super) async fn prepare() -> Self {
        let lab = TempDir::new().unwrap();
        let of_kind =
            |kind| [false, true].map(|demands| SpSite::prepare_its_own(kind, lab.path(), demands));
        let mut sites: Vec<_> = SpKind::ALL.into_iter().flat_map(of_kind).collect();
        // The only one whose library signs a request with such a key.
        sites.push(SpSite::prepare_on_p256(SpKind::Samael, lab.path()));
        let bridge = RealBridge::prepare(&sites);
        let signing_keys = bridge.add_ec_key();
        let ours = our_metadata_with(&bridge, lab.path(), &[signing_keys]).await;
        let mut peers = join_all(sites.into_iter().map(|site| site.start(&ours))).await;
        for sp in &peers {
            let theirs = BrowserSim::new().open(&sp.metadata()).await;
            bridge.take_metadata(sp.name(), &theirs.body);
        }
        let on_p256 = peers.pop().unwrap();
        Self {
            bridge,
            peers,
            on_p256,
            signing_keys,
            lab,
        }
    }

    /// Those that are told everything in clear, or those that are not.
    pub(super) fn peers(&self, demand_encryption: bool) -> impl Iterator<Item = &RunningSp> {
        let peers = self.peers.iter();
        peers.filter(move |sp| sp.demands_encryption() == demand_encryption)
    }

    /// A folder for what a test has to write.
    pub(super) fn folder(&self) -> &Path {
        self.lab.path()
    }

    /// Starts the bridge with these lines in the table of each service provider of a kind, and has
    /// somebody sign in in the browser, by password, on the way to the first of them.
    pub(super) async fn start(&self, lines: impl Fn(SpKind) -> String) -> (Server, BrowserSim) {
        let table = |sp: &RunningSp| {
            let (name, lines) = (sp.name(), lines(sp.kind()));
            let encrypt = if sp.demands_encryption() {
                "always"
            } else {
                "never"
            };
            format!(
                "[sp.{name}]\nmetadata = \"{name}.xml\"\npreset = \"zoom\"\n\
                 encrypt = \"{encrypt}\"\n{lines}\n"
            )
        };
        let tables: String = self
            .peers
            .iter()
            .chain([&self.on_p256])
            .map(table)
            .collect();
        let before_zoom = format!("{tables}[sp.zoom]");
        let replaced = [("[sp.zoom]", before_zoom.as_str()), self.signing_keys];
        let server = self.bridge.start_with(&replaced).await;
        let mut browser = BrowserSim::new();
        to_the_answer(&mut browser, &self.peers[0].login()).await;
        (server, browser)
    }
}

/// Does all of it, four things at a time.
pub(super) async fn do_all(things: impl IntoIterator<Item = impl Future<Output = ()>>) {
    let things = stream::iter(things);
    things.for_each_concurrent(4, |thing| thing).await;
}
