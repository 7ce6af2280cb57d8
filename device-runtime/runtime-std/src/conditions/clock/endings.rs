//! Signals that end the program: what a clock was held at is put back first. A process that is killed (SIGKILL) is told
//! nothing, and leaves the clock as it is.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{Written, put_back};

/// What is put back; `None` until somebody waits for signals.
static HELD: Mutex<Option<Vec<Weak<Mutex<Written>>>>> = Mutex::new(None);

/// Has the first ending signal put back what is in `before` then. From the first call on a thread waits for them.
pub fn put_back_at_the_end(before: &Arc<Mutex<Written>>) -> io::Result<()> {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if held.is_none() {
        // Who started the program may have it ignore some, as nohup does.
        let signals = Signals::new([SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)))?;
        thread::Builder::new().name("clock".into()).spawn(move || wait(signals))?;
    }
    let held = held.get_or_insert_default();
    held.retain(|other| other.strong_count() > 0);
    held.push(Arc::downgrade(before));
    Ok(())
}

/// Whether the program ignores a signal.
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: all zeros is a value of this type, and the system fills it in.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action);
        action
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Ends the program by each signal as if nobody had waited for it.
fn wait(mut signals: Signals) {
    for signal in &mut signals {
        let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        for before in held.iter().flatten().filter_map(Weak::upgrade) {
            put_back(&before);
        }
        // It ends here, or the next signal comes.
        let _ = emulate_default_handler(signal);
    }
}
