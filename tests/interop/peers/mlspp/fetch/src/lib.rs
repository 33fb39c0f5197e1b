//! Empty on purpose: this crate exists so that cargo fetches `mlspp-sys`.
