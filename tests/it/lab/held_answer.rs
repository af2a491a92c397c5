//! An answer of a scripted server that a test holds back.

use tokio::sync::Notify;

/// An answer that the server has ready and does not give yet.
#[derive(Debug, Default)]
pub(crate) struct HeldAnswer {
    asked: Notify,
    let_go: Notify,
}

impl HeldAnswer {
    /// Waits until somebody asks for it.
    pub(crate) async fn is_waited_for(&self) {
        self.asked.notified().await;
    }

    /// Has it given.
    pub(crate) fn is_let_go(&self) {
        self.let_go.notify_one();
    }

    /// Has been asked for, and waits until it may be given.
    pub(crate) async fn waits(&self) {
        self.asked.notify_one();
        self.let_go.notified().await;
    }
}
