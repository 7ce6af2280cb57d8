//! Help, targets, completions.

mod support;

use support::onnx::{Dim, FLOAT, Model};
use support::{Bench, json};

#[test]
fn help_teaches() {
    let bench = Bench::new();
    let top = bench.expect(0, &["--help"]).stdout;
    for word in ["Examples:", "Exit codes:", "compile", "run", "time", "inspect", "check", "targets", "completions"] {
        assert!(top.contains(word), "{word}");
    }
    for verb in ["compile", "run", "time"] {
        assert!(bench.expect(0, &[verb, "--help"]).stdout.contains("Examples:"), "{verb}");
    }
    assert!(bench.expect(0, &["--version"]).stdout.starts_with("host-compiler "));
}

#[test]
fn targets_are_listed_and_shown() {
    let bench = Bench::new();
    let document = json(&bench.expect(0, &["targets", "list", "--json"]));
    let names: Vec<&str> =
        document["targets"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    for name in ["x86_64-linux", "aarch64-linux", "aarch64-jetson", "aarch64-jetson-orin"] {
        assert!(names.contains(&name), "{names:?}");
        bench.expect(0, &["targets", "show", name]);
    }
    bench.expect(2, &["targets", "show", "pdp11"]);
}

#[test]
fn completions_name_the_verbs() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.expect(0, &["completions", shell]).stdout;
        assert!(script.contains("inspect") && script.contains("mcpu"), "{shell}");
    }
}

#[test]
fn the_device_server_is_missed_with_a_hint() {
    let bench = Bench::new();
    bench.write("m.onnx", &support::onnx::small_network().to_bytes());
    bench.expect(0, &["compile", "m.onnx", "--target", "aarch64-linux", "-o", "m.lathe"]);
    bench.npy("x.npy", "(1, 2, 5, 7)", &[0.0; 70]);
    let run = ["run", "m.lathe", "-i", "x=x.npy", "--device", "qemu:aarch64-linux"];
    let output = bench.command(&run).env("LATHE_DEVICE_SERVER_AARCH64", "/nonexistent").output().unwrap();
    let ran = support::ran(output);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("cargo xtask setup"), "{}", ran.stderr);
}

#[test]
fn check_tells_operators_and_weights() {
    let bench = Bench::with_model(&support::onnx::small_network());
    let document = json(&bench.expect(0, &["check", "m.onnx", "--json"]));
    assert_eq!((document["supported"].as_bool(), document["weight_bytes"].as_u64()), (Some(true), Some(352)));
    let text = bench.expect(0, &["check", "m.onnx"]).stdout;
    assert!(text.contains("GlobalAveragePool") && text.contains("352 B of weights"), "{text}");
    bench.expect(2, &["check", "m.onnx", "--input", "x=u8,scale"]);
}

/// To compile the same model without shapes is wrong usage: bad_input.rs.
#[test]
fn check_of_a_model_with_open_dimensions_names_them() {
    let open = Model::default().open_input("x", &[Dim::Open("n"), Dim::Fixed(4)]).node("Relu", &["x"], &["y"]);
    let bench = Bench::with_model(&open.output("y", FLOAT, &[3, 4]));
    let document = json(&bench.expect(0, &["check", "m.onnx", "--json"]));
    assert_eq!(document["supported"], true);
    assert_eq!(document["open_inputs"], serde_json::json!([{ "name": "x", "shape": "[n,4]" }]));
    let text = bench.expect(0, &["check", "m.onnx"]).stdout;
    assert!(text.contains("--input-shape x=N,N,...   (the model says [n,4])"), "{text}");
    let fixed = bench.expect(0, &["check", "m.onnx", "--input-shape", "x=3,4"]).stdout;
    assert!(!fixed.contains("--input-shape"), "{fixed}");
    bench.expect(2, &["check", "m.onnx", "--input-shape", "x=3,5"]);
}
