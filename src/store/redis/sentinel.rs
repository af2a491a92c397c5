//! Which server is the master, by what the Sentinels say.
//!
//! Any one of them is asked, and the next one where it does not answer, or where the server that it names is none that
//! takes writes: one that was away may still know the old master. As long as a connection is used it is asked again every
//! second, so that an old master that nobody has told yet that it is one is left before long.

use std::time::Duration;

use tokio::time::sleep;

use super::dial::{Dialer, Fault, Round, Unsaid};
use crate::config::store::{RedisAccount, RedisAddress};

/// How often it is asked whether the master is still the same one.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// The Sentinels of one master.
pub(super) struct Sentinels {
    master: String,
    addresses: Vec<RedisAddress>,
    dialer: Dialer,
}

impl Sentinels {
    pub(super) fn new(
        master: String,
        addresses: Vec<RedisAddress>,
        account: Option<RedisAccount>,
    ) -> Self {
        Self {
            master,
            addresses,
            dialer: Dialer::new(account),
        }
    }

    /// Begins to ask them.
    pub(super) fn watch(&self) -> Watch<'_> {
        let mut question = redis::pipe();
        question
            .cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.master);
        Watch {
            question,
            round: Round::of(&self.addresses, &self.dialer),
        }
    }
}

/// Who asks them.
pub(super) struct Watch<'a> {
    question: redis::Pipeline,
    round: Round<'a>,
}

impl Watch<'_> {
    /// Where the master is, by the first one that knows.
    pub(super) async fn master(&mut self) -> Result<RedisAddress, Unsaid> {
        let read = |asked: &RedisAddress, (named,): (Option<(String, u16)>,)| {
            let (host, port) = named.ok_or(Fault::NoMaster)?;
            asked.beside(&host, port).ok_or(Fault::InClear)
        };
        self.round.ask(&self.question, read).await
    }

    /// Has the next one asked: what this one has named was of no use.
    pub(super) fn pass_on(&mut self) {
        self.round.pass_on();
    }

    /// Ends when another server than `master` is named. When none of them answers, that says nothing of the master.
    pub(super) async fn until_another(&mut self, master: &RedisAddress) {
        loop {
            sleep(ASKED_AGAIN).await;
            if self.master().await.is_ok_and(|named| named != *master) {
                return;
            }
        }
    }
}
