//! Bytes in, bytes out, one opaque failure.
