//! Looks for secrets in memory that was given back.
//!
//! Two ways, since each sees what the other cannot:
//!
//! - The global allocator looks through every block that is freed, or left behind by one that grows,
//!   *before* it is freed: what stands there then was not wiped.
//! - `/proc/self/mem` shows all that the process can write to once the secret's owner is gone: also
//!   what C code holds, statics, and the stack.
//!
//! A secret is known by its fragments of 16 bytes, so that half of one is found as well, as it is, in
//! reverse (the limbs of a number on a little-endian machine) and in base64 at each of the three
//! places where it can stand in a longer text. The list of fragments is masked, lest it be what is
//! found.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, Zeroizing};

/// How much of a secret is enough to be found.
const FRAGMENT: usize = 16;
const MASK: u8 = 0x6d;
/// How many secrets can be looked for at a time.
const MAX_SECRETS: usize = 64;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

static ARMED: AtomicBool = AtomicBool::new(false);
static WATCHED: RwLock<Watched> = RwLock::new(Watched::nothing());
static FREED: [AtomicBool; MAX_SECRETS] = [const { AtomicBool::new(false) }; MAX_SECRETS];
/// One watch at a time: memory is everybody's.
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, which looks before it frees.
struct Watching;

// SAFETY: all is left to `System`; what is added reads, within its bounds, a block that is still the
// caller's to give back.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed: what an earlier owner left behind was looked for when he gave it back.
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block has that many bytes, which `alloc` has written.
        look(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller vouches, who has made sure that `size` does not overflow.
        let grown = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !grown.is_null() {
            // SAFETY: both have that many bytes and are two blocks.
            unsafe {
                std::ptr::copy_nonoverlapping(block, grown, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        grown
    }
}

fn look(block: &[u8]) {
    if block.len() < FRAGMENT || !ARMED.load(Ordering::Acquire) {
        return;
    }
    // Once per thread: to write down what was found may take memory.
    if LOOKING.try_with(|looking| looking.replace(true)).unwrap_or(true) {
        return;
    }
    if let Ok(watched) = WATCHED.try_read() {
        watched.each(block, |secret, _| {
            let first = !FREED[secret].swap(true, Ordering::AcqRel);
            if first && std::env::var_os("WIPING_BACKTRACE").is_some() {
                let name = watched.names.get(secret).map_or("", String::as_str);
                let trace = std::backtrace::Backtrace::force_capture();
                eprintln!("{name} is freed in a block of {} bytes:\n{trace}", block.len());
            }
        });
    }
    let _ = LOOKING.try_with(|looking| looking.set(false));
}

/// Fragments of secrets, masked, by the first eight of their bytes.
struct Watched {
    names: Vec<String>,
    fragments: Vec<([u8; FRAGMENT], usize)>,
    /// Whether any fragment begins with bytes of that hash.
    begins: Vec<bool>,
}

impl Watched {
    const fn nothing() -> Self {
        Self { names: Vec::new(), fragments: Vec::new(), begins: Vec::new() }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        let secret = self.names.len();
        assert!(secret < MAX_SECRETS, "there are too many secrets");
        self.names.push(name.to_owned());
        let reversed: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.iter().rev().copied().collect());
        self.add_fragments(bytes, secret);
        self.add_fragments(&reversed, secret);
        for start in 0..3 {
            let whole = bytes.get(start..).unwrap_or_default();
            let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
            for alphabet in [URL_SAFE_NO_PAD, STANDARD_NO_PAD] {
                let text = Zeroizing::new(alphabet.encode_to_string(whole));
                self.add_fragments(text.as_bytes(), secret);
            }
        }
    }

    fn add_fragments(&mut self, bytes: &[u8], secret: usize) {
        self.begins.resize(1 << 16, false);
        let last = bytes.len().checked_sub(FRAGMENT);
        for start in (0..).step_by(FRAGMENT).take_while(|start| Some(*start) <= last).chain(last) {
            let Some(fragment) = bytes.get(start..).and_then(<[u8]>::first_chunk::<FRAGMENT>) else {
                continue;
            };
            // Padding and lengths are no secrets.
            let distinct: BTreeSet<u8> = fragment.iter().copied().collect();
            if distinct.len() < 6 {
                continue;
            }
            self.begins[hash(fragment)] = true;
            self.fragments.push((fragment.map(|byte| byte ^ MASK), secret));
        }
    }

    /// Calls `found` with the secret and the place of each fragment in `bytes`.
    fn each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        if self.begins.is_empty() {
            return;
        }
        for (place, window) in bytes.windows(FRAGMENT).enumerate() {
            let Some(window) = window.first_chunk::<FRAGMENT>() else { continue };
            if !self.begins[hash(window)] {
                continue;
            }
            for (fragment, secret) in &self.fragments {
                if fragment.iter().zip(window).all(|(masked, byte)| masked ^ MASK == *byte) {
                    found(*secret, place);
                }
            }
        }
    }
}

fn hash(bytes: &[u8; FRAGMENT]) -> usize {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    let first = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    (first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}

/// Secrets to look for, before and after their owner is gone.
pub struct Watch {
    watched: Watched,
    _turn: MutexGuard<'static, ()>,
}

/// The names of secrets that were found, by where they stood.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In a block that was given back to the allocator.
    pub freed: BTreeSet<String>,
    /// Anywhere else but on a stack, after their owner was gone.
    pub kept: BTreeSet<String>,
    /// On the stack of the thread that ran the case, or of the one that made it: who makes a payload and
    /// its token before the watch leaves copies on a stack as well.
    pub stack: BTreeSet<String>,
}

impl Watch {
    /// Waits for its turn: memory is everybody's.
    #[must_use]
    pub fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { watched: Watched::nothing(), _turn: turn }
    }

    /// Looks for `secret`, which the caller wipes.
    #[must_use]
    pub fn for_secret(mut self, name: &str, secret: &[u8]) -> Self {
        assert!(secret.len() >= FRAGMENT, "{name} is too short to be known again");
        self.watched.add(name, secret);
        self
    }

    /// Runs `case` in a thread of its own and looks for the secrets whenever memory is freed, and
    /// when it has returned. Before it returns it must have wiped or dropped what it was given.
    pub fn during(self, case: impl FnOnce() + Send + 'static) -> Found {
        FREED.iter().for_each(|freed| freed.store(false, Ordering::Release));
        *WATCHED.write().unwrap_or_else(PoisonError::into_inner) = self.watched;
        ARMED.store(true, Ordering::Release);

        let state: &AtomicUsize = Box::leak(Box::default());
        let case = Box::new(case);
        let thread = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || {
                let here = 0u8;
                let place = std::ptr::from_ref(&here).addr();
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(case));
                state.store(place, Ordering::Release);
                // No call that would write over what the case has left on the stack.
                while state.load(Ordering::Acquire) != 1 {
                    std::hint::spin_loop();
                }
                outcome
            })
            .expect("a thread");
        let mut stack = 0;
        while stack < 2 && !thread.is_finished() {
            stack = state.load(Ordering::Acquire);
            std::thread::yield_now();
        }
        let here = 0u8;
        let stacks = [stack, std::ptr::from_ref(&here).addr()];
        ARMED.store(false, Ordering::Release);
        let names = WATCHED.read().unwrap_or_else(PoisonError::into_inner).names.clone();
        let named = |secret: usize| names.get(secret).cloned().unwrap_or_default();
        let mut found = Found::default();
        for (secret, on_stack) in in_memory(stacks) {
            let finds = if on_stack { &mut found.stack } else { &mut found.kept };
            finds.insert(named(secret));
        }
        state.store(1, Ordering::Release);
        let outcome = thread.join().unwrap_or_else(Err);
        for (freed, name) in FREED.iter().zip(&names) {
            if freed.load(Ordering::Acquire) {
                found.freed.insert(name.clone());
            }
        }
        *WATCHED.write().unwrap_or_else(PoisonError::into_inner) = Watched::nothing();
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
        found
    }
}

/// Looks for `secret` as well, from now on: for what a case comes to know only as it runs.
pub fn also_for_secret(name: &str, secret: &[u8]) {
    let armed = ARMED.swap(false, Ordering::AcqRel);
    WATCHED.write().unwrap_or_else(PoisonError::into_inner).add(name, secret);
    ARMED.store(armed, Ordering::Release);
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// The secrets that stand in memory that this process can write to, and whether they stand in a
/// mapping around one of `stacks`. Empty where the system does not show it.
#[cfg(target_os = "linux")]
fn in_memory(stacks: [usize; 2]) -> BTreeSet<(usize, bool)> {
    use std::os::unix::fs::FileExt;

    const CHUNK: usize = 1 << 20;
    let watched = WATCHED.read().unwrap_or_else(PoisonError::into_inner);
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the process's own map");
    let memory = std::fs::File::open("/proc/self/mem").expect("the process's own memory");
    let mut buffer = vec![0; CHUNK + FRAGMENT];
    let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + buffer.len();
    let mut finds = BTreeSet::new();
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let Some((start, end)) = range.split_once('-') else { continue };
        let number = |digits| usize::from_str_radix(digits, 16).expect("an address");
        let (start, end) = (number(start), number(end));
        let is_stack = stacks.iter().any(|stack| (start..end).contains(stack));
        for place in (start..end).step_by(CHUNK) {
            let len = (end - place).min(CHUNK + FRAGMENT);
            let Ok(read) = memory.read_at(&mut buffer[..len], place as u64) else { continue };
            watched.each(&buffer[..read], |secret, at| {
                // What was just read is not found a second time in the buffer it was read into.
                if !own.contains(&(place + at)) {
                    if !is_stack && std::env::var_os("WIPING_BACKTRACE").is_some() {
                        let name = watched.names.get(secret).map_or("", String::as_str);
                        eprintln!("{name} stands at {:#x}, in {line}", place + at);
                    }
                    finds.insert((secret, is_stack));
                }
            });
        }
    }
    buffer.zeroize();
    finds
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: [usize; 2]) -> BTreeSet<(usize, bool)> {
    BTreeSet::new()
}
