//! What happens every period, above everything else: one sample, one step of a controller.

use core::sync::atomic::Ordering;

use lathe_drivers::CmsdkTimer;

use crate::motor::Motor;
use crate::shared::{EARLIEST, HEARD, LATEST, LONGEST, MISSED, SPEED, push};

/// Ticks of a period.
pub const PERIOD: u32 = 2500;
/// The speed wanted, and the speed while the motor shakes at the frequency that harms it.
const BRISK: f32 = 2.0;
const GENTLE: f32 = 1.0;
const HARMFUL: u32 = 4;
/// Gains of the controller.
const PROPORTIONAL: f32 = 0.8;
const INTEGRAL: f32 = 0.004;

/// The controller, its motor, and its watch over its own period.
#[derive(Debug)]
pub struct Control {
    motor: Motor,
    /// The sum of all errors.
    sum: f32,
    /// When the next period is due, on the clock; `None` before the first.
    due: Option<u32>,
}

impl Control {
    /// At rest.
    pub const fn new() -> Control {
        Control { motor: Motor::new(), sum: 0.0, due: None }
    }

    /// One period, which `timer` has just begun; `clock` counts on by itself.
    pub fn period(&mut self, timer: CmsdkTimer, clock: CmsdkTimer) {
        let begun = clock.left();
        timer.clear();
        self.watch(begun);
        let current = self.current();
        push(self.motor.step(current));
        SPEED.store(self.motor.speed().to_bits(), Ordering::Relaxed);
        LONGEST.fetch_max(begun.wrapping_sub(clock.left()), Ordering::Relaxed);
        if timer.ended() {
            MISSED.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How late a period begins, measured from the first, and whether any was left out before it. The clock counts down.
    fn watch(&mut self, begun: u32) {
        let due = self.due.unwrap_or(begun);
        let late = due.wrapping_sub(begun).cast_signed();
        EARLIEST.fetch_min(late, Ordering::Relaxed);
        LATEST.fetch_max(late, Ordering::Relaxed);
        let left_out = late.max(0).cast_unsigned() / PERIOD;
        MISSED.fetch_add(left_out, Ordering::Relaxed);
        self.due = Some(due.wrapping_sub(PERIOD * (left_out + 1)));
    }

    /// A proportional-integral controller's current.
    fn current(&mut self) -> f32 {
        let wanted = if HEARD.load(Ordering::Relaxed) == HARMFUL { GENTLE } else { BRISK };
        let error = wanted - self.motor.speed();
        self.sum += error;
        PROPORTIONAL * error + INTEGRAL * self.sum
    }
}
