//! The fuzz targets' functions, which `cargo test` of the crate replays the corpus through.
//!
//! Run one with `cargo fuzz run jwk` (needs cargo-fuzz and a nightly compiler), write the seeds anew
//! with `cargo run --example seeds`.

#[path = "../../tests/it/corpus_replay.rs"]
pub mod targets;
