//! The compiler's steps as they run: on the screen, in the log, and how long each took.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use lathe_driver::{Progress, Step};

use crate::console;

/// Shows the running step and remembers how long each took.
pub struct Steps {
    bar: ProgressBar,
    begun: Mutex<Vec<(Step, Instant)>>,
}

impl Default for Steps {
    fn default() -> Self {
        let bar = console::progress(None);
        bar.enable_steady_tick(Duration::from_millis(100));
        Steps { bar, begun: Mutex::default() }
    }
}

impl Progress for Steps {
    fn begin(&self, step: Step) {
        self.bar.set_message(step.name());
        log::info!("{}", step.name());
        if let Ok(mut begun) = self.begun.lock() {
            begun.push((step, Instant::now()));
        }
    }
}

impl Steps {
    /// Takes the running step off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// How long each step took.
    pub fn seconds(&self) -> Vec<(Step, f64)> {
        let Ok(begun) = self.begun.lock() else { return Vec::new() };
        let ends = begun.iter().skip(1).map(|(_, t)| *t).chain([Instant::now()]);
        begun.iter().zip(ends).map(|((step, start), end)| (*step, (end - *start).as_secs_f64())).collect()
    }
}
