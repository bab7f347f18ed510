//! Waiting for a flight of another caller: in a thread, or awaited on any runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::Inner;

impl Inner {
    /// Blocks until the flight `id` has ended, or for as long as `limit`.
    pub(super) fn wait(&self, id: u64, limit: Duration) {
        let state = self.state();
        let waited = self.landing.wait_timeout_while(state, limit, |state| state.flies(id));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Ready once a flight has ended.
pub(super) struct Landing {
    source: Arc<Inner>,
    flight: u64,
    waiter: u64,
}

impl Landing {
    pub(super) fn of(source: &Arc<Inner>, flight: u64) -> Self {
        let waiter = source.state().waiter();
        Self { source: Arc::clone(source), flight, waiter }
    }
}

impl Future for Landing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let mut state = self.source.state();
        if !state.flies(self.flight) {
            return Poll::Ready(());
        }
        let unneeded = state.wake_on_landing(self.waiter, waker);
        drop(state);
        drop(unneeded);
        Poll::Pending
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.source.state();
        let unneeded = state.no_longer_waits(self.waiter);
        drop(state);
        drop(unneeded);
    }
}
