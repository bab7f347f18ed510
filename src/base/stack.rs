//! What secrets leave on the stack.

use std::hint::black_box;

/// More than any key is prepared with.
const DEPTH: usize = 24 * 1024;

/// Calls `work`, then writes over the stack that it used.
///
/// A value that is moved stays where it was, too, and its `Drop` wipes only the place it came to. Keys of
/// other crates are moved when they are made; from what they left there, a value that is made later and
/// does not fill its place takes secrets along to the heap. What `work` returns is moved from here, so it
/// holds its secrets behind a pointer, if any.
pub(crate) fn leaving_no_trace<T>(work: impl FnOnce() -> T) -> T {
    let made = apart(work);
    overwrite();
    made
}

/// In a frame of its own, which stands where that of [`overwrite`] will.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite() {
    black_box(&mut [0_u8; DEPTH]);
}
