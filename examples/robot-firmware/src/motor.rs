//! The motor, simulated: a current makes it turn, friction brakes it, and it shakes at a frequency that changes.

/// Periods in which it shakes at one frequency.
pub const CHANGE: u32 = 1000;
/// Frequencies, as the network numbers them.
pub const CLASSES: u32 = 8;

/// Cosine and sine of 3/64 of a turn: class `k` turns by `k + 1` of these in a period.
const STEP: (f32, f32) = (0.956_940_34, 0.290_284_7);
/// What a current of 1 adds to the speed in a period, and what friction leaves of it.
const PUSH: f32 = 0.02;
const GLIDE: f32 = 0.995;
/// How strong shaking and noise are.
const SHAKE: f32 = 0.5;
const NOISE: f32 = 0.25;

/// The motor.
#[derive(Debug)]
pub struct Motor {
    speed: f32,
    turn: (f32, f32),
    phase: (f32, f32),
    noise: u32,
    period: u32,
}

/// The frequency at which it shakes in a period.
pub fn class(period: u32) -> u32 {
    period / CHANGE * 3 % CLASSES
}

/// Product of complex numbers.
fn turned(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

impl Motor {
    /// At rest.
    pub const fn new() -> Motor {
        Motor { speed: 0.0, turn: STEP, phase: (1.0, 0.0), noise: 1, period: 0 }
    }

    /// Its speed.
    pub fn speed(&self) -> f32 {
        self.speed
    }

    /// A period with this current; gives what the vibration sensor measures.
    pub fn step(&mut self, current: f32) -> f32 {
        if self.period.is_multiple_of(CHANGE) {
            self.phase = (1.0, 0.0);
            self.turn = (0..class(self.period)).fold(STEP, |turn, _| turned(turn, STEP));
        }
        self.period = self.period.wrapping_add(1);
        self.speed = self.speed * GLIDE + current * PUSH;
        self.phase = turned(self.phase, self.turn);
        // A linear congruential generator: its upper bits look like noise.
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (self.noise >> 16) as f32 / 32768.0 - 1.0;
        self.phase.0 * SHAKE + noise * NOISE
    }
}
