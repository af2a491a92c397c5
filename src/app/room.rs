//! Looks whether the state folder takes what is written, before somebody needs it: a file system may be full, read-only
//! now, or hang.

use std::{io, path::Path, sync::Arc, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::live::Live;
use crate::sys::file::{Draft, Rights};

/// How often it is looked.
const BEAT: Duration = Duration::from_secs(20);
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is written for a try, and gone at once: as much as a file system gives at least.
const TRIED: [u8; 4096] = [b'-'; 4096];

/// Looks again and again, until the process ends.
pub async fn watch_state_folder(live: Arc<Live>) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let current = live.current();
        let Some(folder) = current.server.state_folder.clone() else {
            continue;
        };
        let mut trying = spawn_blocking(move || try_to_write(&folder));
        let is_written = match timeout(PATIENCE, &mut trying).await {
            Ok(tried) => tried.unwrap_or_else(|_panic| Err(io::ErrorKind::Other.into())),
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        };
        current.front.bridge.health.note_state_folder(&is_written);
        // As long as a file system hangs, nobody else is sent to wait for it.
        if !trying.is_finished() && is_written.is_err() {
            let _ = trying.await;
        }
    }
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    let draft = Draft::write(&folder.join("room"), &TRIED, Rights::Of(folder, 0o600))?;
    drop(draft);
    Ok(())
}
