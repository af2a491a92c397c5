//! A file system of a node's own, which can be full.
//!
//! It is mounted where nobody but this program and what it starts sees it: the program begins once more in a user namespace,
//! where whoever runs it may do that.

use std::{
    env,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use rustix::fs::statvfs;

use crate::lab::process::run;

/// Says that the program has begun once more.
const INSIDE: &str = "OUTAGES_INSIDE";
/// The words by which it does.
const IN_ITS_OWN: [&str; 4] = ["--user", "--map-root-user", "--mount", "--"];
/// How much a node may have there, in bytes: more than it logs in all rows.
const ROOM: u64 = 1024 * 1024 * 1024;
/// How often it is bounded to what it holds: another line may have come since that was asked.
const TRIES: usize = 100;

/// Begins once more where file systems can be mounted; does nothing there.
///
/// # Errors
///
/// It does not begin.
#[expect(
    clippy::disallowed_methods,
    reason = "no configuration says whether it has begun once more"
)]
pub(crate) fn go_inside() -> anyhow::Result<()> {
    if env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let (may_be, said) = run("unshare", &[&IN_ITS_OWN[..], &["true"]].concat(), &[]);
    ensure!(
        may_be,
        "no user namespace can be made here, which the rows of clocks and disks need (sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0, where there is that): {said}"
    );
    let fault = Command::new("unshare")
        .args(IN_ITS_OWN)
        .arg(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    Err(fault).context("unshare does not run")
}

/// A file system in a folder, for as long as this lives.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts an empty one.
    ///
    /// # Errors
    ///
    /// It cannot be mounted.
    pub(crate) fn mount(folder: &Path) -> anyhow::Result<Self> {
        let disk = Self(folder.to_owned());
        let options = format!("mode=0700,{}", size(ROOM));
        let (done, said) = disk.told(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs"]);
        ensure!(done, "no file system of a node's own: {said}");
        Ok(disk)
    }

    /// Takes all its room away that is not taken.
    ///
    /// # Errors
    ///
    /// It cannot be done.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let has = statvfs(&self.0)?;
            let taken = has.f_blocks.saturating_sub(has.f_bfree).max(1) * has.f_frsize;
            let (done, told) = self.told(&["mount", "-o", &format!("remount,{}", size(taken))]);
            if done {
                return Ok(());
            }
            said = told;
        }
        anyhow::bail!("the disk does not become full: {said}")
    }

    /// Gives it its room again.
    ///
    /// # Errors
    ///
    /// It cannot be done.
    pub(crate) fn make_room(&self) -> anyhow::Result<()> {
        let (done, said) = self.told(&["mount", "-o", &format!("remount,{}", size(ROOM))]);
        ensure!(done, "the disk stays full: {said}");
        Ok(())
    }

    /// Does what these words say with its folder.
    fn told(&self, words: &[&str]) -> (bool, String) {
        let folder = self.0.to_string_lossy();
        let [program, arguments @ ..] = words else {
            return (false, String::new());
        };
        run(program, &[arguments, &[&folder]].concat(), &[])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Or its folder could not be removed. What has a file there open may have it still.
        let _without = self.told(&["umount", "--lazy"]);
    }
}

fn size(bytes: u64) -> String {
    format!("size={bytes}")
}
