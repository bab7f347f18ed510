//! The fuzz targets' functions, which `cargo test` of the crate replays the corpus through.
//!
//! Run one with `cargo +nightly fuzz run jwk` (needs cargo-fuzz). A find lands in `artifacts`; once it
//! is mended, put it into the target's folder of `corpus`, under a name that says what it was. Write the
//! seeds anew with `cargo run --example seeds`.

#[path = "../../tests/it/corpus_replay/mod.rs"]
pub mod targets;
