//! The service, asked by a real client over real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod browser;
mod load;
mod process;
mod redis;
mod refusals;
mod serving;
mod session;
