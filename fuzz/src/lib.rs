//! The fuzz targets' functions, which `cargo test` of the crate replays the corpus through.
//!
//! Run one with `cargo +nightly fuzz run jwk` (needs cargo-fuzz). A find lands in `artifacts`; once it
//! is mended, put it into the target's folder of `corpus`, under a name that says what it was. Write the
//! seeds anew with `cargo run --example seeds`. Of what a run found, keep what no other input reaches:
//! `cargo fuzz run jwk NEW fuzz/corpus/jwk FOUND -- -set_cover_merge=1 -use_counters=0`.

#[path = "../../tests/it/corpus_replay/mod.rs"]
pub mod targets;
