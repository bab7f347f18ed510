//! A small web service that logs users in. Read [`routes`] first: what it does; then [`sessions`] and
//! [`keys`]: with what. The binary beside it only reads the configuration and starts it.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod address;
pub mod app;
pub mod config;
pub mod cookie;
pub mod csrf;
pub mod gate;
pub mod keys;
pub mod limit;
pub mod logs;
pub mod measure;
pub mod notes;
pub mod observe;
pub mod origin;
pub mod password;
pub mod random;
pub mod refusal;
pub mod routes;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod users;
