//! There is nothing here but a test: `tests/snapshot.rs`.
