//! Machine code in artifacts really runs, on one and several threads, from a file and from memory.

mod sample;

use lathe_runtime_std::{Options, Progress, Runner, TimeOptions, Timing};
use std::time::Duration;

const SHAPE: [usize; 2] = [17, 59];

/// An input and the output it must give.
fn case(seed: f32) -> (Vec<f32>, Vec<f32>) {
    let x: Vec<f32> = (0..sample::ELEMENTS).map(|i| i as f32 * 0.5 - seed).collect();
    let y = x.iter().map(|x| 2.0 * x + sample::K).collect();
    (x, y)
}

/// That the runner's output is `y`, naming the first element that differs.
fn assert_output(runner: &Runner, y: &[f32]) {
    let found = runner.output_as::<f32>("y").expect("y");
    assert_eq!(found.len(), y.len());
    let differs = found.iter().zip(y).position(|(found, expected)| found != expected);
    assert_eq!(differs.map(|at| (at, found[at], y[at])), None, "(element, found, expected)");
}

fn load(options: &Options) -> Runner {
    let bytes = sample::contents().to_bytes().expect("writes");
    // SAFETY: an artifact with the kernels of `sample`, which keep to their buffers.
    unsafe { Runner::from_bytes(&bytes, options) }.expect("loads")
}

#[test]
fn one_and_several_threads_compute_the_same() {
    for threads in [1, 2, 3, 7] {
        let mut runner = load(&Options { threads, ..Options::default() });
        assert_eq!(runner.threads(), threads);
        for seed in 0..50 {
            let (x, y) = case(seed as f32);
            runner.set("x", &SHAPE, &x).expect("sets");
            runner.run();
            assert_output(&runner, &y);
        }
    }
}

#[test]
fn threads_wake_after_they_slept() {
    let mut runner = load(&Options { threads: 2, ..Options::default() });
    let (x, y) = case(1.0);
    runner.set("x", &SHAPE, &x).expect("sets");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(5));
        runner.run();
        assert_output(&runner, &y);
    }
}

#[test]
fn inputs_keep_their_values_from_run_to_run() {
    let mut runner = load(&Options::default());
    let (x, y) = case(2.0);
    runner.set("x", &SHAPE, &x).expect("sets");
    runner.run();
    runner.run();
    assert_output(&runner, &y);
    runner.verify_golden().expect("right numbers");
    runner.run();
    assert_output(&runner, &y);
}

#[test]
fn a_file_is_mapped_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.lathe");
    std::fs::write(&path, sample::contents().to_bytes().expect("writes")).expect("written");
    // SAFETY: our own artifact, and nothing else writes to this folder.
    let mut runner =
        unsafe { Runner::open(&path, &Options { threads: 2, pin: false, ..Options::default() }) }.expect("loads");
    let (x, y) = case(3.0);
    runner.set("x", &SHAPE, &x).expect("sets");
    runner.run();
    assert_output(&runner, &y);
    let outputs: Vec<_> = runner.outputs().map(|(tensor, bytes)| (tensor.name.to_owned(), bytes.len())).collect();
    assert_eq!(outputs, [("y".to_owned(), 4 * sample::ELEMENTS as usize)]);
}

#[test]
fn unaligned_bytes_of_the_program_run() {
    let bytes = sample::contents().to_bytes().expect("writes");
    let mut shifted = vec![0; bytes.len() + 1];
    shifted[1..].copy_from_slice(&bytes);
    let shifted: &'static [u8] = &Vec::leak(shifted)[1..];
    // SAFETY: our own artifact.
    let mut runner = unsafe { Runner::from_static(shifted, &Options::default()) }.expect("loads");
    runner.verify_golden().expect("right numbers");
}

#[test]
fn code_runs_at_every_alignment_the_format_allows() {
    for code_align_log2 in [4, 6, 12, 16] {
        let contents = lathe_artifact::ArtifactContents { code_align_log2, ..sample::contents() };
        let bytes = contents.to_bytes().expect("writes");
        // SAFETY: our own artifact.
        let mut runner = unsafe { Runner::from_bytes(&bytes, &Options::default()) }.expect("loads");
        runner.verify_golden().expect("right numbers");
    }
}

#[test]
fn a_wrong_golden_sample_is_found() {
    let mut contents = sample::contents();
    if let Some(golden) = &mut contents.golden {
        golden.samples[1].value += 1e-3;
    }
    let bytes = contents.to_bytes().expect("writes");
    // SAFETY: our own artifact.
    let mut runner = unsafe { Runner::from_bytes(&bytes, &Options::default()) }.expect("loads");
    let message = runner.verify_golden().expect_err("wrong").to_string();
    assert!(message.starts_with("element 500 of output 0 is "), "{message}");
    contents.golden = None;
    let bytes = contents.to_bytes().expect("writes");
    // SAFETY: our own artifact.
    let mut runner = unsafe { Runner::from_bytes(&bytes, &Options::default()) }.expect("loads");
    assert_eq!(runner.verify_golden(), Err(lathe_runtime_std::GoldenError::Absent));
}

#[test]
fn profile_and_time_cover_every_step() {
    let mut runner = load(&Options::default());
    let (x, y) = case(4.0);
    runner.set("x", &SHAPE, &x).expect("sets");
    let profile = runner.profile(5);
    // Short runs are timed together.
    let runs = |timing: &Timing| timing.samples_ms.len() * timing.number as usize;
    assert_eq!(runs(&profile.inputs), 5);
    let labels: Vec<_> = profile.steps.iter().map(|step| (step.label.as_str(), step.kernel.as_str())).collect();
    assert_eq!(labels, [("Mul_0", "double"), ("Add_0", "add")]);
    for step in &profile.steps {
        assert_eq!((runs(&step.timing), step.operations), (5, sample::ELEMENTS.into()));
        assert!(step.bytes >= 8 * u64::from(sample::ELEMENTS));
    }
    let steps_ms: f64 = profile.steps.iter().map(|step| step.timing.mean_ms()).sum();
    assert!(profile.inputs.mean_ms() + steps_ms > 0.0);
    assert_output(&runner, &y);
    let timing = runner.time(&TimeOptions { number: 3, repeat: 4, ..TimeOptions::default() });
    assert_eq!((timing.samples_ms.len(), timing.number), (4, 3));
    assert!(timing.min_ms() > 0.0 && timing.min_ms() <= timing.median_ms() && timing.median_ms() <= timing.max_ms());
}

#[test]
fn single_steps_run_on_the_inputs_set() {
    let mut runner = load(&Options { threads: 2, ..Options::default() });
    let (x, y) = case(5.0);
    runner.set("x", &SHAPE, &x).expect("sets");
    for _ in 0..2 {
        // The output lies where the input is, so a run that did not begin on the values set would see its own output.
        runner.restart();
        assert_eq!(runner.step(), Progress::More);
        let doubled = runner.arena().chunks_exact(4).skip(sample::ELEMENTS.next_multiple_of(16) as usize);
        assert!(doubled.zip(&x).all(|(bytes, x)| bytes == (2.0 * x).to_le_bytes()));
        assert_eq!(runner.step(), Progress::Done);
        assert_output(&runner, &y);
    }
}
