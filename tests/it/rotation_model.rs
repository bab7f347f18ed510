//! Keys that rotate, beside a model of what becomes of each: announced, then signing, then retired, or
//! withdrawn. Whatever was done, and whenever, a token is accepted in just the states in which the
//! documentation says so.

use std::collections::HashMap;

use proptest::prelude::*;
use symbolon::rotation::{MemoryStore, RotationPolicy, Rotator};
use symbolon::{
    Claims, ErrorKind, Jwk, JwsAlg, JwsCodec, KeyId, NoCustom, OctKey, Signer, TokenCodecExt,
};
use time::Duration;

use crate::rotation::TestClock;
use crate::support::{NOW, at, config, kind};

#[derive(Debug, Clone)]
enum Step {
    /// Seconds with a tick in each.
    Live(i64),
    /// Seconds without.
    Sleep(i64),
    Rotate,
    RemovePresent,
    RemoveNext,
    RemoveOldest,
    /// The process begins anew with what is stored.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..12_i64).prop_map(Step::Live),
        2 => (1..40_i64).prop_map(Step::Sleep),
        2 => Just(Step::Rotate),
        1 => Just(Step::RemovePresent),
        1 => Just(Step::RemoveNext),
        1 => Just(Step::RemoveOldest),
        1 => Just(Step::Restart),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Announced {
        since: i64,
    },
    Signing,
    /// It was seen to sign for the last time in `last`; in `next` another one was seen to.
    Retired {
        last: i64,
        next: i64,
    },
    Withdrawn,
}

struct Known {
    jwk: Jwk,
    state: State,
}

/// What becomes of a key's tokens.
#[derive(Debug, PartialEq)]
enum Due {
    Accepted,
    Refused,
    /// Between the last sight of one key and the first of the next nobody looked.
    Either,
}

impl State {
    fn due(self, now: i64, keep: i64) -> Due {
        match self {
            Self::Announced { .. } | Self::Signing => Due::Accepted,
            Self::Retired { last, .. } if now <= last + keep => Due::Accepted,
            Self::Retired { next, .. } if now > next + keep => Due::Refused,
            Self::Retired { .. } => Due::Either,
            Self::Withdrawn => Due::Refused,
        }
    }
}

/// The figures of a policy, in seconds.
#[derive(Debug, Clone, Copy)]
struct Policy {
    every: i64,
    ahead: i64,
    keep: i64,
}

fn policies() -> impl Strategy<Value = Policy> {
    (2..25_i64, 0..60_i64)
        .prop_flat_map(|(every, keep)| (0..=every).prop_map(move |ahead| Policy { every, ahead, keep }))
}

struct World {
    policy: Policy,
    clock: TestClock,
    store: MemoryStore,
    rotator: Rotator,
    known: HashMap<KeyId, Known>,
    /// When the present key was last seen to sign.
    seen: i64,
    /// The present key was withdrawn: the next signs at once.
    hastened: bool,
    /// Tokens that were issued, and until when they last.
    issued: Vec<(KeyId, i64, String)>,
}

impl World {
    fn open(policy: Policy, clock: &TestClock, store: &MemoryStore) -> Rotator {
        let figures = RotationPolicy::every(Duration::seconds(policy.every))
            .publish_ahead(Duration::seconds(policy.ahead))
            .keep_for(Duration::seconds(policy.keep));
        // The quickest algorithm: the rules are the same for all.
        Rotator::builder(JwsAlg::HS256, figures).clock(clock.clone()).open(store.clone()).unwrap()
    }

    fn new(policy: Policy) -> Self {
        let (clock, store) = (TestClock::new(NOW), MemoryStore::new());
        let rotator = Self::open(policy, &clock, &store);
        Self {
            policy,
            clock,
            store,
            rotator,
            known: HashMap::new(),
            seen: NOW,
            hastened: true,
            issued: Vec::new(),
        }
    }

    fn present(&self) -> KeyId {
        symbolon::RingKey::kid(self.rotator.keys().load().primary().unwrap()).unwrap().clone()
    }

    /// What is new since the last look.
    fn look(&mut self) -> Result<(), TestCaseError> {
        let (now, present) = (self.clock.unix(), self.present());
        for record in self.rotator.schedule().verifying(at(now)) {
            let fresh = || Known { jwk: record.jwk().clone(), state: State::Announced { since: now } };
            self.known.entry(record.kid().clone()).or_insert_with(fresh);
        }
        for (kid, known) in &mut self.known {
            known.state = match known.state {
                State::Announced { since } if *kid == present => {
                    let known_for = now - since;
                    prop_assert!(
                        self.hastened || known_for >= self.policy.ahead,
                        "it signs after {}",
                        known_for
                    );
                    State::Signing
                }
                State::Signing if *kid != present => State::Retired { last: self.seen, next: now },
                state @ (State::Retired { .. } | State::Withdrawn) => {
                    prop_assert_ne!(kid, &present, "{:?} signs again", state);
                    state
                }
                state => state,
            };
        }
        (self.seen, self.hastened) = (now, false);
        let codec = JwsCodec::new(self.rotator.keys());
        let claims = Claims::new(NoCustom::default());
        self.issued.push((present, now + self.policy.keep, codec.encode(&claims).unwrap()));
        Ok(())
    }

    fn tick(&mut self) -> Result<(), TestCaseError> {
        self.rotator.tick().unwrap();
        self.look()
    }

    fn remove(&mut self, kid: Option<KeyId>) -> Result<(), TestCaseError> {
        let Some(kid) = kid else { return Ok(()) };
        self.hastened = kid == self.present();
        self.rotator.remove(&kid).unwrap();
        self.known.get_mut(&kid).unwrap().state = State::Withdrawn;
        self.look()
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let of_state = |world: &Self, judge: &dyn Fn(State) -> bool| {
            let schedule = world.rotator.schedule();
            let mut kids = schedule.records().iter().map(|record| record.kid().clone());
            kids.find(|kid| judge(world.known[kid].state))
        };
        match step {
            Step::Live(seconds) => {
                for _ in 0..*seconds {
                    self.clock.pass(1);
                    self.tick()?;
                    self.judge()?;
                }
                return Ok(());
            }
            Step::Sleep(seconds) => {
                self.clock.pass(*seconds);
                // Before it wakes the ring is as it was: what must be refused is refused by then, too.
                self.judge()?;
                self.tick()?;
            }
            Step::Rotate => {
                self.rotator.rotate().unwrap();
                self.look()?;
            }
            Step::RemovePresent => self.remove(Some(self.present()))?,
            Step::RemoveNext => {
                let next = of_state(self, &|state| matches!(state, State::Announced { .. }));
                self.remove(next)?;
            }
            Step::RemoveOldest => {
                let oldest = of_state(self, &|state| matches!(state, State::Retired { .. }));
                self.remove(oldest)?;
            }
            Step::Restart => {
                self.rotator = Self::open(self.policy, &self.clock, &self.store);
                self.look()?;
            }
        }
        self.judge()
    }

    /// Each key's tokens, by this process and by another that signs with it already, or still.
    fn judge(&mut self) -> Result<(), TestCaseError> {
        let (now, keep) = (self.clock.unix(), self.policy.keep);
        let codec = JwsCodec::new(self.rotator.keys());
        let claims = Claims::new(NoCustom::default());
        let read = |token: &str| kind(codec.decode_at::<NoCustom>(token, at(now)));
        for (kid, known) in &self.known {
            let signer = Signer::from_jwk_as(&known.jwk, JwsAlg::HS256).unwrap();
            let refused = read(&JwsCodec::new(signer).encode(&claims).unwrap());
            match known.state.due(now, keep) {
                Due::Accepted => prop_assert_eq!(refused, None, "{} {:?}", kid, known.state),
                Due::Refused => {
                    prop_assert_eq!(refused, Some(ErrorKind::UnknownKey), "{} {:?}", kid, known.state);
                }
                Due::Either => prop_assert!(matches!(refused, None | Some(ErrorKind::UnknownKey))),
            }
            // Whoever has the name has not the key.
            let forger = OctKey::new(vec![1; 32]).unwrap().signer(symbolon::HmacAlg::Hs256).unwrap();
            let forged = JwsCodec::new(forger.with_kid(kid.clone()).unwrap()).encode(&claims).unwrap();
            let kinds = [Some(ErrorKind::Unauthentic), Some(ErrorKind::UnknownKey)];
            prop_assert!(kinds.contains(&read(&forged)));
        }
        // No token is refused in its lifetime, but by a withdrawal.
        self.issued.retain(|(_, last, _)| now <= *last);
        for (kid, _, token) in &self.issued {
            let withdrawn = self.known[kid].state == State::Withdrawn;
            prop_assert_eq!(read(token), withdrawn.then_some(ErrorKind::UnknownKey), "{}", kid);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn a_key_reads_in_just_the_states_it_should(
        policy in policies(), steps in prop::collection::vec(step(), 1..25),
    ) {
        let mut world = World::new(policy);
        world.look()?;
        world.judge()?;
        for step in &steps {
            world.step(step)?;
        }
    }
}
