//! Who sends the requests of a flight: this thread, a thread beside it, or whoever awaits.

use std::sync::Arc;

use super::fetch::unavailable;
use super::state::{Need, Turn};
use super::wait::Landing;
use super::{Fetch, FetchAsync, Flight, JwksSource};
use crate::error::{Error, Result};

/// How often a caller waits for others that then break off, before it gives up.
const PATIENCE: usize = 4;

/// What a caller does before it uses the keys.
enum Step {
    /// Nothing: they may be used.
    Go,
    /// They may be used, and this should be flown beside that.
    GoAndFly(Flight),
    Fly(Flight),
    Wait(u64),
    Refuse(Error),
}

/// What a caller does who found no key for a token.
enum Search {
    /// Looks again: another set has come since.
    Changed,
    Fly(Flight),
    Wait(u64),
    /// Believes it: the set was asked for just now.
    Unknown,
    Refuse(Error),
}

impl JwksSource {
    /// Sees to it that keys are there which may be used now, and waits for them if they must be
    /// fetched first: for a service's start, or its health check. Verifying does the same by itself.
    ///
    /// Keys that grow old are fetched in a thread of their own meanwhile.
    ///
    /// # Errors
    /// [`KeysUnavailable`](crate::ErrorKind::KeysUnavailable) where none can be had.
    pub fn ready<F: Fetch + 'static>(&self, fetch: &Arc<F>) -> Result<()> {
        self.prepare(fetch).map(|_| ())
    }

    /// The same, awaited. Keys that grow old are fetched by one of the callers, while the others go
    /// on; where none shall wait for that, call this from a task of its own every minute.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn ready_async<F: FetchAsync>(&self, fetch: &F) -> Result<()> {
        self.prepare_async(fetch).await.map(|_| ())
    }

    /// Tells whether there was nothing to wait for.
    pub(crate) fn prepare<F: Fetch + 'static>(&self, fetch: &Arc<F>) -> Result<bool> {
        let mut at_once = true;
        for _ in 0..PATIENCE {
            match self.step() {
                Step::Go => return Ok(at_once),
                Step::GoAndFly(flight) => {
                    let fetch = Arc::clone(fetch);
                    // Where no thread is to be had the flight is dropped: another caller's turn.
                    let _ = std::thread::Builder::new()
                        .name("jwks".into())
                        .spawn(move || fly(flight, &*fetch));
                    return Ok(at_once);
                }
                // A failure is remembered; what it means, the next step says.
                Step::Fly(flight) => drop(fly(flight, &**fetch)),
                Step::Wait(id) => {
                    self.0.wait(id, self.0.settings.timeout);
                    if self.0.state().flies(id) {
                        break;
                    }
                }
                Step::Refuse(error) => return Err(error),
            }
            at_once = false;
        }
        self.usable().map(|()| false)
    }

    pub(crate) async fn prepare_async<F: FetchAsync>(&self, fetch: &F) -> Result<bool> {
        let mut at_once = true;
        for _ in 0..PATIENCE {
            match self.step() {
                Step::Go => return Ok(at_once),
                Step::GoAndFly(flight) => {
                    drop(fly_async(flight, fetch).await);
                    return Ok(false);
                }
                Step::Fly(flight) => drop(fly_async(flight, fetch).await),
                Step::Wait(id) => Landing::of(&self.0, id).await,
                Step::Refuse(error) => return Err(error),
            }
            at_once = false;
        }
        self.usable().map(|()| false)
    }

    /// For a token whose key is not among those of the set `seen`: whether there is another set now.
    pub(crate) fn seek<F: Fetch + ?Sized>(&self, fetch: &F, seen: u64) -> Result<bool> {
        for _ in 0..PATIENCE {
            match self.search(seen) {
                Search::Changed => return Ok(true),
                Search::Fly(flight) => fly(flight, fetch)?,
                Search::Wait(id) => {
                    self.0.wait(id, self.0.settings.timeout);
                    if self.0.state().flies(id) {
                        break;
                    }
                }
                Search::Unknown => return Ok(false),
                Search::Refuse(error) => return Err(error),
            }
        }
        Err(unavailable("the issuer does not answer in time"))
    }

    pub(crate) async fn seek_async<F: FetchAsync>(&self, fetch: &F, seen: u64) -> Result<bool> {
        for _ in 0..PATIENCE {
            match self.search(seen) {
                Search::Changed => return Ok(true),
                Search::Fly(flight) => fly_async(flight, fetch).await?,
                Search::Wait(id) => Landing::of(&self.0, id).await,
                Search::Unknown => return Ok(false),
                Search::Refuse(error) => return Err(error),
            }
        }
        Err(unavailable("the issuer does not answer in time"))
    }

    fn step(&self) -> Step {
        let now = self.0.now();
        if self.0.held.load().as_ref().is_some_and(|held| held.calm.covers(now)) {
            return Step::Go;
        }
        let mut state = self.0.state();
        // It may have come just now: only under the lock it stands still.
        let held = self.0.held.load();
        let held = held.as_deref();
        let usable = held.is_some_and(|held| held.usable.covers(now));
        // In an outage, which a failure tells, nobody waits for what will hardly come.
        let patient =
            held.is_some_and(|held| held.fresh.covers(now)) || (usable && state.failure().0 > 0);
        match state.ask(Need::Fresher, held, now) {
            Turn::Yours(id) => {
                let flight = self.flight(&state, id, now);
                if patient { Step::GoAndFly(flight) } else { Step::Fly(flight) }
            }
            Turn::Theirs(_) if patient => Step::Go,
            Turn::Theirs(id) => Step::Wait(id),
            Turn::Nobodys if usable => Step::Go,
            Turn::Nobodys => Step::Refuse(unavailable(state.failure().1.unwrap_or("not yet fetched"))),
        }
    }

    fn search(&self, seen: u64) -> Search {
        let now = self.0.now();
        let mut state = self.0.state();
        let held = self.0.held.load();
        if held.as_ref().map_or(0, |held| held.generation) != seen {
            return Search::Changed;
        }
        match state.ask(Need::UnknownKey, held.as_deref(), now) {
            Turn::Yours(id) => Search::Fly(self.flight(&state, id, now)),
            Turn::Theirs(id) => Search::Wait(id),
            // While the issuer cannot be asked nobody knows whether the key is one of its.
            Turn::Nobodys => match state.failure().1 {
                Some(why) => Search::Refuse(unavailable(why)),
                None => Search::Unknown,
            },
        }
    }

    fn usable(&self) -> Result<()> {
        let now = self.0.now();
        if self.0.held.load().as_ref().is_some_and(|held| held.usable.covers(now)) {
            return Ok(());
        }
        Err(unavailable(self.0.state().failure().1.unwrap_or("the issuer does not answer in time")))
    }
}

fn fly<F: Fetch + ?Sized>(mut flight: Flight, fetch: &F) -> Result<()> {
    while let Some(request) = flight.request() {
        let answer = fetch.fetch(request);
        flight.receive(answer);
    }
    flight.outcome()
}

async fn fly_async<F: FetchAsync>(mut flight: Flight, fetch: &F) -> Result<()> {
    while let Some(request) = flight.request() {
        let answer = fetch.fetch(request).await;
        flight.receive(answer);
    }
    flight.outcome()
}
