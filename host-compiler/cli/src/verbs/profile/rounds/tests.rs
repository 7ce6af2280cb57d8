//! Rounds on a made-up device, whose clock does not depend on the machine.

use std::cell::Cell;

use lathe_runtime_std::Timing;

use super::*;
use crate::failure::{Exit, Failure};

/// What a device was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Profile { number: u32 },
    Time { number: u32, repeat: u32, min_repeat_ms: u32, flush_cache: bool },
}

/// A device whose runs take as long as it is told, on a clock of its own.
struct Fake<'a> {
    counter: CounterKind,
    /// milliseconds of a run
    run_ms: f64,
    /// what a measurement is slower by, given its number
    slower: fn(usize) -> f64,
    /// the measurement that fails
    fails_at: Option<usize>,
    asked: Vec<Asked>,
    clock: &'a Cell<Duration>,
}

impl Fake<'_> {
    fn new(clock: &Cell<Duration>, run_ms: f64, slower: fn(usize) -> f64) -> Fake<'_> {
        Fake { counter: CounterKind::Monotonic, run_ms, slower, fails_at: None, asked: Vec::new(), clock }
    }

    /// Notes what was asked for; lets time pass for the runs, and one to warm up; gives the milliseconds of one.
    fn measured(&mut self, asked: Asked, runs: u32) -> Outcome<f64> {
        if self.fails_at == Some(self.asked.len()) {
            return Err(Failure::new(Exit::Unreachable, "the line is cut"));
        }
        let ms = self.run_ms * (self.slower)(self.asked.len());
        self.asked.push(asked);
        self.clock.set(self.clock.get() + Duration::from_secs_f64(ms * f64::from(1 + runs) / 1e3));
        Ok(ms)
    }
}

fn not_asked_for<T>() -> Outcome<T> {
    Err(Failure::usage("a profile does not ask for this"))
}

impl Device for Fake<'_> {
    fn set_input(&mut self, _: usize, _: &[u8]) -> Outcome {
        not_asked_for()
    }

    fn run(&mut self) -> Outcome<f64> {
        not_asked_for()
    }

    fn output(&mut self, _: usize, _: usize) -> Outcome<Vec<u8>> {
        not_asked_for()
    }

    fn reload(&mut self, _: u32) -> Outcome {
        not_asked_for()
    }

    fn hold_clock(&mut self, _: u32) -> Outcome {
        not_asked_for()
    }

    fn time(&mut self, r: &TimeRequest) -> Outcome<Timing> {
        let number = r.number.max((f64::from(r.min_repeat_ms) / self.run_ms).ceil() as u32);
        let TimeRequest { repeat, min_repeat_ms, flush_cache, .. } = *r;
        let ms =
            self.measured(Asked::Time { number: r.number, repeat, min_repeat_ms, flush_cache }, number * repeat)?;
        Ok(Timing { samples_ms: vec![ms; repeat as usize], number, conditions: Vec::new() })
    }

    fn profile(&mut self, number: u32) -> Outcome<RunTimes> {
        let ms = self.measured(Asked::Profile { number }, number)?;
        Ok(stepped(&[ms * 0.25, ms * 0.65], Some(ms * 0.1)))
    }

    fn self_test(&mut self) -> Outcome {
        not_asked_for()
    }

    fn clock(&self) -> Clock {
        Clock { counter: self.counter, ..Clock::HERE }
    }
}

fn stepped(steps_ms: &[f64], inputs_ms: Option<f64>) -> RunTimes {
    let step = |(step, &ms): (usize, &f64)| {
        let (label, kernel) = (format!("node {step}"), "kernel".to_string());
        StepTime { step, label, kernel, operations: 2, bytes: 4, ms }
    };
    RunTimes { inputs_ms, steps: steps_ms.iter().enumerate().map(step).collect() }
}

const WHOLE: TimeRequest = TimeRequest { number: 7, repeat: 10, min_repeat_ms: 500, cooldown_ms: 0, flush_cache: true };

fn profiled(device: &mut Fake<'_>, repeat: u32) -> Outcome<Measured> {
    let clock = device.clock;
    measure(device, repeat, &WHOLE, &|| clock.get())
}

/// Between 0 and 1, as if by chance.
fn scattered(number: usize) -> f64 {
    let mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f64 / (1u64 << 24) as f64
}

#[test]
fn a_quiet_device_is_soon_certain() {
    let clock = Cell::default();
    let mut device = Fake::new(&clock, 40.0, |_| 1.0);
    let measured = profiled(&mut device, 10).unwrap();
    assert_eq!((measured.rounds, measured.whole_ms), (ENOUGH, 40.0));
    assert_eq!(measured.steps_of_whole, Median { value: 1.0, error: Some(0.0) });
    assert!(clock.get() < LIMIT / 2, "{:?}", clock.get());
    let inputs = measured.times.inputs_ms.unwrap();
    assert!((inputs - 4.0).abs() < 1e-9 && (measured.times.sum_ms() - 40.0).abs() < 1e-9);
}

#[test]
fn first_the_one_then_the_other_with_as_many_runs() {
    for (run_ms, number) in [(40.0, 1), (0.06, 2), (0.0003, 334)] {
        let clock = Cell::default();
        let mut device = Fake::new(&clock, run_ms, |_| 1.0);
        profiled(&mut device, 1).unwrap();
        let time = |number, min_repeat_ms| Asked::Time { number, repeat: 1, min_repeat_ms, flush_cache: false };
        let (stepped, whole) = (Asked::Profile { number }, time(number, 0));
        let (first, rounds) = device.asked.split_first().unwrap();
        assert_eq!(*first, time(1, 1));
        assert_eq!(rounds.len(), 2 * ENOUGH);
        assert!(rounds.chunks(4).all(|pair| pair == [stepped, whole, whole, stepped]), "{rounds:?}");
    }
}

#[test]
fn a_noisy_device_is_measured_until_it_is_certain() {
    let clock = Cell::default();
    // Anything from as fast to a fifth slower.
    let measured = profiled(&mut Fake::new(&clock, 5.0, |number| 1.0 + 0.2 * scattered(number)), 10).unwrap();
    assert!(measured.rounds > ENOUGH && clock.get() < LIMIT, "{} rounds, {:?}", measured.rounds, clock.get());
    let Median { value, error } = measured.steps_of_whole;
    assert!(error.unwrap() <= CERTAIN && (value - 1.0).abs() < 3.0 * CERTAIN, "{value} ± {error:?}");
}

#[test]
fn at_the_limit_the_uncertainty_is_told() {
    let clock = Cell::default();
    // Anything from as fast to three times slower.
    let mut device = Fake::new(&clock, 40.0, |number| 1.0 + 2.0 * scattered(number));
    let measured = profiled(&mut device, 10).unwrap();
    let pair = Duration::from_secs_f64(0.040 * 3.0 * 8.0);
    assert!((LIMIT..LIMIT + 2 * pair).contains(&clock.get()), "{:?}", clock.get());
    assert!(measured.rounds > ENOUGH && measured.steps_of_whole.error.unwrap() > CERTAIN);
}

#[test]
fn what_was_asked_for_is_done_whatever_the_time() {
    let clock = Cell::default();
    // Runs of a minute: a few rounds, which tell no error.
    let measured = profiled(&mut Fake::new(&clock, 60_000.0, |_| 1.0), 3).unwrap();
    assert_eq!((measured.rounds, measured.steps_of_whole), (4, Median { value: 1.0, error: None }));
    let clock = Cell::default();
    assert_eq!(profiled(&mut Fake::new(&clock, 1.0, |_| 1.0), 41).unwrap().rounds, 42);
}

#[test]
fn a_failure_of_the_device_is_the_profile_s() {
    let clock = Cell::default();
    for fails_at in 0..6 {
        let mut device = Fake { fails_at: Some(fails_at), ..Fake::new(&clock, 40.0, |_| 1.0) };
        let failure = profiled(&mut device, 10).err().unwrap();
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::Unreachable, "the line is cut"));
        assert_eq!(device.asked.len(), fails_at);
    }
}

#[test]
fn a_board_does_all_in_one_round() {
    let clock = Cell::default();
    let mut device = Fake { counter: CounterKind::SysTick, ..Fake::new(&clock, 40.0, |_| 1.0) };
    let measured = profiled(&mut device, 10).unwrap();
    let whole = Asked::Time { number: 7, repeat: WHOLE_RUNS, min_repeat_ms: 500, flush_cache: true };
    assert_eq!(device.asked, [Asked::Profile { number: 10 }, whole]);
    assert_eq!((measured.rounds, measured.steps_of_whole), (1, Median { value: 1.0, error: None }));
}

#[test]
fn each_round_is_compared_with_the_whole_run_beside_it() {
    let round = |steps_ms: &[f64], whole_ms| Round { stepped: stepped(steps_ms, None), whole_ms };
    // A machine that becomes three times slower, and in one round between the stepped run and the whole one.
    let rounds = [
        round(&[1.0, 3.0], 4.0),
        round(&[1.0, 3.0], 4.2),
        round(&[1.0, 3.0], 12.0),
        round(&[3.0, 9.0], 12.0),
        round(&[3.0, 9.3], 12.0),
    ];
    let Measured { times, whole_ms, steps_of_whole, .. } = together(&rounds, Clock::HERE);
    assert_eq!(times.steps.iter().map(|s| (s.step, s.ms)).collect::<Vec<_>>(), [(0, 1.0), (1, 3.0)]);
    assert_eq!((times.inputs_ms, whole_ms, steps_of_whole.value), (None, 12.0, 1.0));
    assert_eq!(times.steps[1].label, "node 1");
}
