//! Who has just proven who they are.

use std::sync::Arc;

use super::{Visit, bridge::Bridge, story::Story};
use crate::{
    model::{attribute::Attributes, proof::Proof, session::SessionKey, store::Sessions as _},
    store::Store,
};

/// Somebody who has proven who they are, and for whom what this browser had of somebody else has been ended.
/// [`Bridge::welcome`] alone makes one, and nobody is let in without ([`Bridge::let_in`]).
#[derive(Debug)]
pub(super) struct Newcomer(Proof);

impl Newcomer {
    pub(super) const fn proof(&self) -> &Proof {
        &self.0
    }

    pub(super) fn into_proof(self) -> Proof {
        self.0
    }

    /// The same person, of whom these attributes are known.
    pub(super) fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.0.attributes = attributes;
        self
    }
}

impl Bridge {
    /// Whose story this is from now on, whatever becomes of it. Ends what their browser has of somebody else.
    pub(super) async fn welcome(&self, proof: Proof, visit: &Visit, story: &mut Story) -> Newcomer {
        story.person = Some(proof.login.clone());
        self.end_of_another(&proof.login, visit, story).await;
        Newcomer(proof)
    }

    /// Ends the session that this browser has from before where it is another person's, as soon as somebody has proven who
    /// they are: whatever becomes of the sign-in, whoever sits there now has nothing of it.
    ///
    /// Where the store does not say whether it has ended, the browser forgets it: once the store is back, the
    /// next provider would be told of whoever sat there before.
    pub(super) async fn end_of_another(&self, login: &str, visit: &Visit, story: &mut Story) {
        let Some(token) = &visit.session else {
            return;
        };
        let (key, now) = (SessionKey(token.hash()), self.clock.now());
        let login = login.to_owned();
        let end = async move |store: Arc<Store>| store.end_of_another(key, &login, now).await;
        story.forgets_session = self.end_replaced(end, visit).await.is_err();
    }
}
