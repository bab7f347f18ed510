//! Security tokens behind one trait.
#![allow(dead_code)]
mod crypto;
