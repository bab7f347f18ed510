//! When keys are fresh, when they may be fetched, and by whom: times and permissions alone.

use std::collections::BTreeMap;
use std::task::Waker;

/// Unix milliseconds: cool-downs are shorter than the seconds that tokens count in.
pub(super) type Millis = i64;

/// How far the clocks of two callers, or one clock before and after a correction, may be apart. A
/// clock that is set back further makes what was remembered count for nothing, lest keys stay
/// trusted for as long as it was ahead.
const TOLERANCE: Millis = 60_000;

/// How long the place that a discovery document named is believed: a day.
const DISCOVERED: Millis = 24 * 3_600_000;

/// From a moment on, and until another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: Millis,
    pub(super) until: Millis,
}

impl Span {
    pub(super) const fn new(from: Millis, len: Millis) -> Self {
        Self { from, until: from.saturating_add(len) }
    }

    pub(super) const fn covers(self, now: Millis) -> bool {
        now >= self.from.saturating_sub(TOLERANCE) && now < self.until
    }
}

/// The times of the set that was received last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Counts the sets that were received; 1 for the first.
    pub(super) generation: u64,
    pub(super) fetched_at: Millis,
    /// How long it is used without a thought.
    pub(super) calm: Span,
    /// How long it is used while a new one is fetched.
    pub(super) fresh: Span,
    /// How long it is used while none can be had.
    pub(super) usable: Span,
}

impl Held {
    /// Times of a set that was asked for at `now` and is fresh for `lifetime`.
    pub(super) const fn new(generation: u64, now: Millis, lifetime: Millis, stale: Millis) -> Self {
        Self {
            generation,
            fetched_at: now,
            calm: Span::new(now, lifetime.saturating_sub(lifetime / 5)),
            fresh: Span::new(now, lifetime),
            usable: Span::new(now, lifetime.saturating_add(stale)),
        }
    }
}

/// Why keys would be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// What is held grows old, or is not there.
    Fresher,
    /// A token names a key that is not held.
    UnknownKey,
}

/// Who fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Whoever asked.
    Yours(u64),
    /// Another caller does already.
    Theirs(u64),
    /// Nobody: there is no need, or it is too soon.
    Nobodys,
}

/// How long to wait after what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two fetches for keys that are unknown.
    pub(super) cool_down: Millis,
    /// After a first failure; doubled with each further one, up to 16 times as long.
    pub(super) retry: Millis,
    /// Until a flight that never came back is given up.
    pub(super) flight: Millis,
}

#[derive(Debug)]
pub(super) struct State {
    pace: Pace,
    flights: u64,
    flight: Option<(u64, Span)>,
    unknown_cool: Option<Span>,
    failure_cool: Option<Span>,
    failures: u32,
    last_failure: Option<String>,
    /// Where the discovery document said that the set stands, and how long that is believed.
    discovered: Option<(String, Span)>,
    /// Of those that await the flight, each under its number.
    wakers: BTreeMap<u64, Waker>,
    waiters: u64,
}

impl State {
    pub(super) const fn new(pace: Pace) -> Self {
        Self {
            pace,
            flights: 0,
            flight: None,
            unknown_cool: None,
            failure_cool: None,
            failures: 0,
            last_failure: None,
            discovered: None,
            wakers: BTreeMap::new(),
            waiters: 0,
        }
    }

    /// Whose turn it is to fetch, for what is `held`.
    pub(super) fn ask(&mut self, need: Need, held: Option<&Held>, now: Millis) -> Turn {
        if let Some((id, span)) = self.flight
            && span.covers(now)
        {
            return Turn::Theirs(id);
        }
        let needless = need == Need::Fresher && held.is_some_and(|held| held.calm.covers(now));
        let cool = |span: Option<Span>| span.is_some_and(|span| span.covers(now));
        if needless || cool(self.failure_cool) || (need == Need::UnknownKey && cool(self.unknown_cool)) {
            return Turn::Nobodys;
        }
        self.flights = self.flights.wrapping_add(1);
        self.flight = Some((self.flights, Span::new(now, self.pace.flight)));
        if need == Need::UnknownKey {
            self.unknown_cool = Some(Span::new(now, self.pace.cool_down));
        }
        Turn::Yours(self.flights)
    }

    /// Whether the flight `id` is still under way.
    pub(super) fn flies(&self, id: u64) -> bool {
        self.flight.is_some_and(|(flight, _)| flight == id)
    }

    /// A number for one that awaits.
    pub(super) const fn waiter(&mut self) -> u64 {
        self.waiters = self.waiters.wrapping_add(1);
        self.waiters
    }

    /// Has `waker` woken on landing, instead of one that is no longer needed. That is for the caller
    /// to drop, once nothing is locked: with it a whole task may go, and others that wait here.
    #[must_use]
    pub(super) fn wake_on_landing(&mut self, waiter: u64, waker: Waker) -> Option<Waker> {
        self.wakers.insert(waiter, waker)
    }

    #[must_use]
    pub(super) fn no_longer_waits(&mut self, waiter: u64) -> Option<Waker> {
        self.wakers.remove(&waiter)
    }

    /// The flight `id` ended well. Who waits is for the caller to wake.
    pub(super) fn landed(&mut self, id: u64, now: Millis) -> Vec<Waker> {
        if !self.flies(id) {
            return Vec::new();
        }
        self.failures = 0;
        self.failure_cool = None;
        self.last_failure = None;
        // Whatever the reason was: the set is as new as one that an unknown key would ask for.
        self.unknown_cool = Some(Span::new(now, self.pace.cool_down));
        self.end()
    }

    /// It failed.
    pub(super) fn failed(&mut self, id: u64, why: String, now: Millis) -> Vec<Waker> {
        if !self.flies(id) {
            return Vec::new();
        }
        let doubled = self.pace.retry.saturating_mul(1 << self.failures.min(4));
        self.failures = self.failures.saturating_add(1);
        self.failure_cool = Some(Span::new(now, doubled));
        self.last_failure = Some(why);
        // The set may have moved.
        self.discovered = None;
        self.end()
    }

    /// Its caller went away, which is not the issuer's failure: the next one may take over. One
    /// that wanted an unknown key waits a second, so that requests which are sent and broken off
    /// cannot be turned into a flood.
    pub(super) fn abandoned(&mut self, id: u64) -> Vec<Waker> {
        if !self.flies(id) {
            return Vec::new();
        }
        if let (Some((_, flight)), Some(cool)) = (self.flight, &mut self.unknown_cool)
            && cool.from == flight.from
        {
            *cool = Span::new(cool.from, self.pace.cool_down.min(1_000));
        }
        self.end()
    }

    pub(super) fn discover(&mut self, url: String, now: Millis) {
        self.discovered = Some((url, Span::new(now, DISCOVERED)));
    }

    pub(super) fn discovered(&self, now: Millis) -> Option<&str> {
        self.discovered.as_ref().filter(|(_, span)| span.covers(now)).map(|(url, _)| url.as_str())
    }

    fn end(&mut self) -> Vec<Waker> {
        self.flight = None;
        std::mem::take(&mut self.wakers).into_values().collect()
    }

    /// How many flights failed since the last that did not, and why the last one did.
    pub(super) fn failure(&self) -> (u32, Option<&str>) {
        (self.failures, self.last_failure.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { cool_down: 30_000, retry: 2_000, flight: 11_000 };
    const T: Millis = 1_800_000_000_000;

    fn held(fetched_at: Millis) -> Held {
        Held::new(1, fetched_at, 100_000, 900_000)
    }

    #[test]
    fn one_flies_and_the_others_wait_for_it() {
        let mut state = State::new(PACE);
        assert_eq!(state.ask(Need::Fresher, None, T), Turn::Yours(1));
        for need in [Need::Fresher, Need::UnknownKey] {
            // A caller may have read the clock a little earlier.
            for now in [T - 40, T, T + 10_999] {
                assert_eq!(state.ask(need, None, now), Turn::Theirs(1));
            }
        }
        assert!(state.flies(1));
        state.landed(1, T + 100);
        assert!(!state.flies(1));
        for now in [T, T + 100, T + 79_999] {
            assert_eq!(state.ask(Need::Fresher, Some(&held(T)), now), Turn::Nobodys);
        }
        assert_eq!(state.ask(Need::Fresher, Some(&held(T)), T + 80_000), Turn::Yours(2));
    }

    #[test]
    fn an_unknown_key_asks_once_in_a_cool_down() {
        let mut state = State::new(PACE);
        let held = held(T - 10);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held), T), Turn::Yours(1));
        state.landed(1, T + 500);
        for now in [T + 500, T + 30_499] {
            assert_eq!(state.ask(Need::UnknownKey, Some(&held), now), Turn::Nobodys);
        }
        assert_eq!(state.ask(Need::UnknownKey, Some(&held), T + 30_500), Turn::Yours(2));
    }

    #[test]
    fn failures_wait_twice_as_long_each_time_up_to_a_bound() {
        let mut state = State::new(PACE);
        let mut now = T;
        for (nth, wait) in [2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000].into_iter().enumerate()
        {
            let Turn::Yours(id) = state.ask(Need::Fresher, None, now) else { panic!("{nth}") };
            state.failed(id, format!("{nth}"), now);
            assert_eq!(state.failure(), (nth as u32 + 1, Some(&*nth.to_string())));
            for need in [Need::Fresher, Need::UnknownKey] {
                assert_eq!(state.ask(need, None, now + wait - 1), Turn::Nobodys);
            }
            now += wait;
        }
        let Turn::Yours(id) = state.ask(Need::Fresher, None, now) else { panic!() };
        state.landed(id, now);
        assert_eq!(state.failure(), (0, None));
    }

    #[test]
    fn an_abandoned_flight_is_the_next_callers() {
        let mut state = State::new(PACE);
        assert_eq!(state.ask(Need::Fresher, None, T), Turn::Yours(1));
        state.abandoned(1);
        assert_eq!(state.ask(Need::Fresher, None, T), Turn::Yours(2));
        state.landed(2, T);

        let later = T + 40_000;
        assert_eq!(state.ask(Need::UnknownKey, Some(&held(T)), later), Turn::Yours(3));
        state.abandoned(3);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held(T)), later + 999), Turn::Nobodys);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held(T)), later + 1_000), Turn::Yours(4));
        state.landed(4, later + 1_000);

        // One that wanted fresher keys leaves the pause between unknown ones as it is.
        assert_eq!(state.ask(Need::Fresher, None, later + 2_000), Turn::Yours(5));
        state.abandoned(5);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held(T)), later + 30_999), Turn::Nobodys);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held(T)), later + 31_000), Turn::Yours(6));
    }

    #[test]
    fn a_flight_that_never_came_back_is_given_up_and_no_longer_heard() {
        let mut state = State::new(PACE);
        assert_eq!(state.ask(Need::Fresher, None, T), Turn::Yours(1));
        assert_eq!(state.ask(Need::Fresher, None, T + 11_000), Turn::Yours(2));
        state.failed(1, "late".into(), T + 11_001);
        state.landed(1, T + 11_001);
        assert!(state.flies(2));
        assert_eq!(state.failure(), (0, None));
    }

    #[test]
    fn a_clock_set_back_makes_all_that_was_remembered_count_for_nothing() {
        let held = held(T);
        for span in [held.calm, held.fresh, held.usable] {
            assert!(span.covers(T - 60_000) && !span.covers(T - 60_001));
        }
        let mut state = State::new(PACE);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held), T), Turn::Yours(1));
        state.failed(1, String::new(), T);
        assert_eq!(state.ask(Need::UnknownKey, Some(&held), T - 3_600_000), Turn::Yours(2));
    }

    #[test]
    fn times_at_the_end_of_all_numbers_do_no_harm() {
        for edge in [Millis::MIN, Millis::MAX] {
            let mut state = State::new(Pace { cool_down: Millis::MAX, ..PACE });
            let Turn::Yours(id) = state.ask(Need::UnknownKey, None, edge) else { panic!("{edge}") };
            state.failed(id, String::new(), edge);
            state.ask(Need::Fresher, Some(&held(edge)), edge);
        }
    }
}
