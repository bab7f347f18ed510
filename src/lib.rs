//! Security tokens behind one trait.
mod crypto;
