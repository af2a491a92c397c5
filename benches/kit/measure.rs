//! The measure of everything: one RSA-2048 signature, in the same run.
//!
//! A duration says more about the machine, and about who else is on it, than about the program. So
//! what is printed, and what a limit is set on, is a multiple of the one operation that no sign-in
//! can do without, by the CPU time of this thread, measured again and again between the rest.

use std::{fmt, fs, hint::black_box, time::Duration};

use anyhow::ensure;
use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::{Signer, Verifier},
};
use rustix::time::{ClockId, clock_gettime};

use super::place::Place;

/// About as long as the `SignedInfo` of a Response.
const MESSAGE: [u8; 900] = [0x5a; 900];

/// The CPU time that this thread has used so far.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// A bare RSA-2048 signature with SHA-256, by a key that is parsed once.
pub(crate) struct RsaSignature(PKey<Private>);

impl RsaSignature {
    /// Takes the key that the server signs with, so that nothing differs but what is around it.
    ///
    /// # Errors
    ///
    /// There is no key in the file.
    pub(crate) fn by_key_of(place: &Place) -> anyhow::Result<Self> {
        let pem = fs::read(place.path("idp/signing.pem"))?;
        Ok(Self(PKey::private_key_from_pem(&pem)?))
    }

    /// The CPU time of one signature: the mean of `count`.
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub(crate) fn time(&self, count: u32) -> anyhow::Result<Duration> {
        time(count, || {
            let mut signer = Signer::new(MessageDigest::sha256(), &self.0)?;
            black_box(signer.sign_oneshot_to_vec(black_box(&MESSAGE))?);
            Ok(())
        })
    }

    /// The CPU time of one verification of such a signature: the mean of `count`.
    ///
    /// # Errors
    ///
    /// OpenSSL failed.
    pub(crate) fn time_to_verify(&self, count: u32) -> anyhow::Result<Duration> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.0)?;
        let signature = signer.sign_oneshot_to_vec(&MESSAGE)?;
        time(count, || {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &self.0)?;
            ensure!(verifier.verify_oneshot(&signature, black_box(&MESSAGE))?);
            Ok(())
        })
    }
}

/// The CPU time that this thread takes for one call of `work`: the mean of `count`.
///
/// # Errors
///
/// That of `work`.
pub(crate) fn time(
    count: u32,
    mut work: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let before = thread_time();
    for _ in 0..count {
        work()?;
    }
    Ok(thread_time().saturating_sub(before) / count.max(1))
}

/// The same thing, measured several times.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub(crate) fn add(&mut self, sample: f64) {
        self.0.push(sample);
        self.0.sort_by(f64::total_cmp);
    }

    /// The one in the middle; NaN of none, which is within no limit.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The one that so many percent of the others are not above; of 100, the largest.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.at((self.0.len() * percent / 100).min(last))
    }

    /// What they come to on average.
    pub(crate) fn mean(&self) -> f64 {
        // Of none it is NaN.
        self.0.iter().sum::<f64>() / self.0.iter().map(|_| 1.0).sum::<f64>()
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    fn at(&self, place: usize) -> f64 {
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        let mut all: Vec<f64> = samples.into_iter().collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }
}

/// The median, and between which values half of the samples lie.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.at(self.0.len() / 4), self.at(self.0.len() * 3 / 4));
        write!(f, "{:>8.3}   {low:.3} to {high:.3}", self.median())
    }
}

/// Says whether `value` is within `limit`, and notes it in `all` if it is not.
pub(crate) fn judge(value: f64, limit: f64, all: &mut bool) -> &'static str {
    // Not `value > limit`: what could not be measured is not within it.
    if value <= limit {
        "within the limit"
    } else {
        *all = false;
        "ABOVE THE LIMIT"
    }
}
