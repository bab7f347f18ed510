//! The tests and scripts are all there is.
