//! `--board`: flash and RAM known before anything is flashed, and refused when there is too little.

mod support;

use support::{Bench, HERE, json, onnx};

/// A board of this machine's processor with so much flash behind the firmware and so much RAM.
fn board(flash: u64, ram: u64) -> String {
    format!(
        "name = \"desk\"\nabout = \"on the desk\"\nemulated = false\ntarget = \"{HERE}\"\ncpu = \"{}\"\nclock_hz = 1000\n\
         [memory.flash]\norigin = 0\nbytes = {}\n[memory.ram]\norigin = 0x2000_0000\nbytes = {ram}\n\
         [firmware]\nflash_bytes = 4096\nstack_bytes = 16384\nown_stack_bytes = 2048\n[link]\nkind = \"uart\"\nbaud = 9600\n",
        if HERE.starts_with("x86") { "x86-64-v3" } else { "cortex-a57" },
        flash + 4096,
    )
}

fn bench(flash: u64, ram: u64) -> Bench {
    let bench = Bench::with_model(&onnx::small_network());
    bench.write("board.toml", board(flash, ram).as_bytes());
    bench
}

const COMPILE: [&str; 6] = ["compile", "m.onnx", "--board", "./board.toml", "-o", "m.lathe"];

#[test]
fn a_footprint_is_what_the_artifact_says() {
    let bench = bench(1 << 20, 1 << 20);
    let compiled = json(&bench.expect(0, &[&COMPILE[..], &["--json"]].concat()));
    let inspected = json(&bench.expect(0, &["inspect", "m.lathe", "--board", "./board.toml", "--json"]));
    assert_eq!(compiled["board"], inspected["board"]);
    let (flash, ram) = (&inspected["board"]["flash"], &inspected["board"]["ram"]);
    let number = |v: &serde_json::Value| v.as_u64().unwrap();
    let parts = number(&flash["code"]) + number(&flash["constants"]) + number(&flash["tables"]);
    assert_eq!(parts, bench.read("m.lathe").len() as u64);
    assert_eq!(number(&flash["needed"]), parts + 4096);
    let arena = number(&ram["arena"]) + number(&ram["workspace"]);
    assert_eq!(ram["arena"], inspected["arena_bytes"]);
    assert_eq!(number(&ram["needed"]), arena + 16384);
    assert!(ram["static_data"].is_null() && flash["firmware"].is_null(), "no firmware has been built");
    let text = bench.expect(0, &["inspect", "m.lathe", "--board", "./board.toml"]).stdout;
    assert!(text.contains("largest tensors") && text.contains("unknown"), "{text}");
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_both_numbers() {
    let needed = json(&bench(1 << 20, 1 << 20).expect(0, &[&COMPILE[..], &["--json"]].concat()));
    let number = |part: &str| needed["board"][part]["needed"].as_u64().unwrap();
    let (flash, ram) = (number("flash") - 4096, number("ram"));

    bench(flash, ram).expect(0, &COMPILE);
    let short = bench(flash, ram - 1);
    let refused = short.expect(3, &COMPILE).stderr;
    assert!(refused.contains(&ram.to_string()) && refused.contains(&(ram - 1).to_string()), "{refused}");
    assert!(refused.contains("largest tensors at step"), "{refused}");
    assert_eq!(short.names(), ["board.toml", "m.onnx"]);
    let refused = bench(flash - 1, ram).expect(3, &COMPILE).stderr;
    assert!(refused.contains(&(flash + 4096).to_string()) && refused.contains("largest constants: of "), "{refused}");
}

#[test]
fn boards_are_listed_and_shown() {
    let bench = bench(1 << 20, 1 << 20);
    let listed = json(&bench.expect(0, &["boards", "list", "--json"]));
    for board in listed["boards"].as_array().unwrap() {
        bench.expect(0, &["boards", "show", board["name"].as_str().unwrap()]);
    }
    let shown = json(&bench.expect(0, &["boards", "show", "./board.toml", "--json"]));
    assert_eq!(shown["board"]["memory"]["ram"]["origin"], 0x2000_0000);
    bench.expect(2, &["boards", "show", "no-such-board"]);
    bench.write("bad.toml", board(1 << 20, 1 << 20).replace("baud", "speed").as_bytes());
    let message = bench.expect(2, &["boards", "show", "bad.toml"]).stderr;
    assert!(message.contains("bad.toml, line") && message.contains("speed"), "{message}");
    let two = [&COMPILE[..], &["--target", support::ELSEWHERE]].concat();
    assert!(bench.expect(2, &two).stderr.contains("leave --target out"));
}
