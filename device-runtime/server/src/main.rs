//! The device server: loads, runs and times artifacts for a host over a byte link.
fn main() {}
