//! A contestant's turns: told on stdin which of its entries to do, and how often, it answers on
//! stdout how long that took.

use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::{Claims, Session};

/// Longer claims, that HS256 verifies as well: hash and base64 rather than all the rest.
const LONG: [(&str, usize); 2] = [("4 KiB", 4096), ("64 KiB", 65_536)];

/// What a program of contestants can do. (It may host several that do not get into each other's way.)
#[derive(Default)]
pub struct Entries(Vec<Entry>);

struct Entry {
    operation: String,
    contestant: String,
    repeat: Box<dyn FnMut(u64) -> Duration>,
}

impl Entries {
    /// Enters `contestant` for `operation`: one call of `work` is one time.
    pub fn add<T>(
        &mut self,
        contestant: &str,
        operation: impl Into<String>,
        mut work: impl FnMut() -> T + 'static,
    ) {
        self.0.push(Entry {
            operation: operation.into(),
            contestant: contestant.to_owned(),
            repeat: Box::new(move |times| {
                let start = Instant::now();
                for _ in 0..times {
                    black_box(work());
                }
                start.elapsed()
            }),
        });
    }

    /// Enters `contestant` for signing and verifying with `alg`; see [`pair`](Self::pair).
    pub fn sign_and_verify<C: 'static>(
        &mut self,
        contestant: &str,
        alg: &str,
        claims: impl Fn(&Claims) -> C,
        write: impl Fn(&C) -> String + 'static,
        read: impl Fn(&str) -> Option<Session> + 'static,
    ) {
        self.pair(contestant, [&format!("{alg} sign"), &format!("{alg} verify")], claims, write, read);
    }

    /// Enters `contestant` for encrypting and decrypting; see [`pair`](Self::pair).
    pub fn encrypt_and_decrypt<C: 'static>(
        &mut self,
        contestant: &str,
        alg: &str,
        claims: impl Fn(&Claims) -> C,
        write: impl Fn(&C) -> String + 'static,
        read: impl Fn(&str) -> Option<Session> + 'static,
    ) {
        let operations = [&*format!("{alg} encrypt"), &format!("{alg} decrypt")];
        self.pair(contestant, operations, claims, write, read);
    }

    /// Enters `contestant` for writing tokens and for reading them.
    ///
    /// `claims` makes of the claims what the contestant's API takes, outside of what is measured;
    /// `write` makes the token, and `read` reads it: authentic, not expired, of the issuer, for the
    /// audience, the service's part in its type.
    ///
    /// # Panics
    /// Where `read` does less than that: all do the same work, or do not take part.
    pub fn pair<C: 'static>(
        &mut self,
        contestant: &str,
        [writing, reading]: [&str; 2],
        claims: impl Fn(&Claims) -> C,
        write: impl Fn(&C) -> String + 'static,
        read: impl Fn(&str) -> Option<Session> + 'static,
    ) {
        let read = Rc::new(read);
        let mut enter_reading = |operation: String, token: String| {
            let read = Rc::clone(&read);
            self.add(contestant, operation, move || read(&token));
        };

        let usual = Claims::usual();
        let token = write(&claims(&usual));
        assert_eq!(read(&token), Some(usual.to_session()), "{contestant}: {reading}");
        assert_eq!(read(&tampered(&token)), None, "{contestant}: {reading}: a forged token");
        for (how, spoilt) in usual.spoilt() {
            assert_eq!(read(&write(&claims(&spoilt))), None, "{contestant}: {reading}: a token {how}");
        }
        enter_reading(reading.to_owned(), token);
        if reading == "HS256 verify" {
            for (size, len) in LONG {
                enter_reading(format!("{reading} {size}"), write(&claims(&Claims::of_len(len))));
            }
        }
        let usual = claims(&usual);
        self.add(contestant, writing, move || write(&usual));
    }

    /// Takes turns until stdin ends.
    ///
    /// # Errors
    /// Where the other end of the pipes is gone.
    pub fn take_turns(mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for Entry { operation, contestant, .. } in &self.0 {
            writeln!(out, "{operation}\t{contestant}")?;
        }
        writeln!(out)?;
        out.flush()?;
        for line in io::stdin().lock().lines() {
            let line = line?;
            let asked = line.split_once(' ').and_then(|(index, times)| {
                Some((self.0.get_mut(index.parse::<usize>().ok()?)?, times.parse().ok()?))
            });
            let (entry, times) = asked.ok_or(io::ErrorKind::InvalidInput)?;
            writeln!(out, "{}", (entry.repeat)(times).as_nanos())?;
            out.flush()?;
        }
        Ok(())
    }
}

/// The same token with another character a little before its end, where the signature or tag stands.
fn tampered(token: &str) -> String {
    let mut token = token.to_owned();
    let place = token.len() - 10;
    let other = if &token[place..=place] == "A" { "B" } else { "A" };
    token.replace_range(place..=place, other);
    token
}
