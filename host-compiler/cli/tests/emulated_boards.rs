//! Emulated microcontroller boards: the same numbers as here, the same times in every run.
//!
//! The boards' firmware must be built and qemu-system-arm installed: `cargo xtask test --only boards` sees to that and
//! runs these.

mod support;

use lathe_driver::boards;
use support::onnx::{noise, small_network, small_network_answer};
use support::{Bench, assert_close, json};

/// A bench with the small network compiled for `board`, and its input in `x.npy`.
fn bench(board: &str) -> (Bench, Vec<f32>) {
    let bench = Bench::with_model(&small_network());
    let x = noise(9, 70);
    bench.npy("x.npy", "(1, 2, 5, 7)", &x);
    bench.expect(0, &["compile", "m.onnx", "--board", board, "-o", "m.lathe"]);
    (bench, x)
}

/// Every board of the project that is emulated, as `--device` takes it.
fn emulated() -> Vec<(String, String)> {
    let boards = boards::list().unwrap().into_iter().filter(|board| board.emulated);
    let named: Vec<_> = boards.map(|board| (format!("qemu:{}", board.name), board.name)).collect();
    assert!(named.len() >= 6, "{named:?}");
    named
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn every_board_gives_the_right_numbers_in_place() {
    for (device, board) in emulated() {
        let (bench, x) = bench(&board);
        let run = ["run", "m.lathe", "--device", &device, "-i", "x=x.npy", "-o", "y.npz", "--self-test"];
        bench.expect(0, &run);
        assert_close(&bench.npz_floats("y.npz"), &small_network_answer(&x));
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn every_board_counts_the_same_instructions_in_every_run() {
    for (device, board) in emulated() {
        let (bench, _) = bench(&board);
        let time = ["time", "m.lathe", "--device", &device, "--number", "2", "--repeat", "3", "--json"];
        let [first, second] = [0, 1].map(|_| json(&bench.expect(0, &[&time[..], &["--min-repeat-ms", "0"]].concat())));
        assert_eq!(first["unit"], "instructions", "{board}");
        assert!(first["median_instructions"].as_u64().unwrap() > 1000, "{board}: {first}");
        assert_eq!(first["samples_instructions"], second["samples_instructions"], "{board}");
        assert_eq!(first["min_ms"], first["max_ms"], "{board}: equal work takes equally many instructions");
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn an_artifact_for_another_core_is_refused_by_the_board() {
    let (bench, _) = bench("mps2-an500");
    let refused = bench.expect(7, &["run", "m.lathe", "--device", "qemu:mps2-an386", "-i", "x=x.npy"]);
    assert!(refused.stderr.contains("fp-armv8d16sp"), "{}", refused.stderr);
}
