//! Reading a serial line that is asked again and again whether it has a byte.

/// Waits for a byte, which `next` takes off the line, and puts it into `into` with those that follow without a pause.
/// Gives their number.
pub(crate) fn receive(into: &mut [u8], has: impl Fn() -> bool, next: impl Fn() -> u8) -> usize {
    while !has() {}
    let mut got = 0;
    for slot in into {
        if !has() {
            break;
        }
        *slot = next();
        got += 1;
    }
    got
}
