//! The project own commands: demo, test, ci, size, bench, bless, tidy.
fn main() {}
