//! The evaluator's meaning: how often it runs what, and what it returns.

use std::time::{Duration, Instant};

use lathe_runtime_std::conditions::Condition;
use lathe_runtime_std::{TimeOptions, Timing, evaluate};

#[test]
fn it_runs_once_and_number_times_repeat() {
    let mut runs = 0;
    let options = TimeOptions { number: 7, repeat: 3, ..TimeOptions::default() };
    let timing = evaluate(&options, || runs += 1);
    assert_eq!((runs, timing.samples_ms.len(), timing.number), (1 + 7 * 3, 3, 7));
}

#[test]
fn number_grows_until_a_sample_is_long_enough() {
    let options = TimeOptions { repeat: 2, min_repeat: Duration::from_millis(20), ..TimeOptions::default() };
    let start = Instant::now();
    let timing = evaluate(&options, || std::thread::sleep(Duration::from_millis(1)));
    // 19 runs may end just short of 20 ms; the next try is then 1.618 times as many.
    assert!((2..=31).contains(&timing.number), "{}", timing.number);
    assert!(start.elapsed() >= Duration::from_millis(40));
    assert!(timing.samples_ms.iter().all(|ms| *ms >= 1.0), "{timing:?}");
}

#[test]
fn a_sample_with_cold_caches_is_one_run() {
    let mut runs = 0;
    let min_repeat = Duration::from_secs(10);
    let options = TimeOptions { number: 7, repeat: 3, min_repeat, flush_cache: true, ..TimeOptions::default() };
    let timing = evaluate(&options, || runs += 1);
    assert_eq!((runs, timing.samples_ms.len(), timing.number), (1 + 3, 3, 1));
}

#[test]
fn a_run_too_short_to_be_seen_still_ends() {
    let options = TimeOptions { repeat: 1, min_repeat: Duration::from_millis(5), ..TimeOptions::default() };
    assert!(evaluate(&options, || {}).number > 1000);
}

#[test]
fn cooldown_rests_after_each_sample() {
    let options = TimeOptions { repeat: 3, cooldown: Duration::from_millis(10), ..TimeOptions::default() };
    let start = Instant::now();
    let timing = evaluate(&options, || {});
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert!(timing.max_ms() < 10.0, "rest is not part of a sample: {timing:?}");
}

#[test]
fn statistics_are_those_of_the_samples() {
    let timing = Timing { samples_ms: vec![4.0, 1.0, 2.0, 9.0], number: 1, ..Timing::default() };
    assert_eq!((timing.median_ms(), timing.mean_ms(), timing.min_ms(), timing.max_ms()), (3.0, 4.0, 1.0, 9.0));
    assert!((timing.std_ms() - 9.5f64.sqrt()).abs() < 1e-12);
    let none = Timing::default();
    assert_eq!(
        (none.median_ms(), none.mean_ms(), none.min_ms(), none.max_ms(), none.std_ms()),
        (0.0, 0.0, 0.0, 0.0, 0.0)
    );
}

#[test]
fn energy_is_the_boards_power_in_the_time_of_a_run() {
    let condition = |milliwatts, throttled| Condition { khz: Some(1_500_000), milliwatts: Some(milliwatts), throttled };
    let conditions = vec![condition(4000, false), condition(6000, true)];
    let timing = Timing { samples_ms: vec![2.0, 4.0], number: 1, conditions };
    assert_eq!((timing.mean_mhz(), timing.mean_watts(), timing.millijoules()), (Some(1500.0), Some(5.0), Some(15.0)));
    assert_eq!(timing.throttled(), 1);
    assert_eq!(Timing::default().millijoules(), None);
}
