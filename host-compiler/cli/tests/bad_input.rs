//! Wrong requests, damaged files, full disks: a clear message, the documented exit code, no partial file.

mod support;

use support::onnx::{self, Dim, FLOAT, Model, noise, small_network};
use support::{Bench, ELSEWHERE, HERE, json};

fn relu() -> Model {
    Model::default().input("x", &[1, 4]).node("Relu", &["x"], &["y"]).output("y", FLOAT, &[1, 4])
}

/// Compiles `model` for this machine, expects `code`, no output file and `says` among the words.
fn refused(model: &Model, code: i32, says: &[&str]) {
    let bench = Bench::with_model(model);
    let ran = bench.expect(code, &["compile", "m.onnx", "--target", HERE, "-o", "m.lathe"]);
    for word in says {
        assert!(ran.stderr.contains(word), "{word:?} is missing in:\n{}", ran.stderr);
    }
    assert_eq!(bench.names(), ["m.onnx"]);
}

#[test]
fn what_is_no_model_is_refused() {
    let bench = Bench::new();
    bench.write("m.onnx", b"this is not a protobuf at all");
    let ran = bench.expect(1, &["compile", "m.onnx", "--target", HERE, "-o", "m.lathe"]);
    assert!(ran.stderr.contains("not an ONNX model"), "{}", ran.stderr);
    bench.expect(1, &["compile", "absent.onnx", "--target", HERE, "-o", "m.lathe"]);
    bench.expect(1, &["check", "absent.onnx"]);
    assert_eq!(bench.names(), ["m.onnx"]);
}

#[test]
fn an_unsupported_operator_is_named_with_node_and_opset() {
    let model = Model::default().input("x", &[1, 4]).node("Frobnicate", &["x"], &["y"]).output("y", FLOAT, &[1, 4]);
    refused(&model, 3, &["Frobnicate", "Frobnicate_y", "opset 13"]);
    let bench = Bench::with_model(&model);
    let ran = bench.expect(3, &["check", "m.onnx", "--json"]);
    let document = json(&ran);
    assert_eq!(document["supported"], false);
    assert_eq!(document["operators"][0]["name"], "Frobnicate");
}

#[test]
fn shapes_that_are_missing_or_do_not_fit_are_refused() {
    let open = Model::default().open_input("x", &[Dim::Open("n"), Dim::Fixed(4)]).node("Relu", &["x"], &["y"]).output(
        "y",
        FLOAT,
        &[],
    );
    refused(&open, 2, &["x", "--input-shape"]);
    let bench = Bench::with_model(&open);
    for shape in ["x=3,5", "z=1,4", "x", "x=a,b", "x=-1,4", "x=99999999999999999999,4"] {
        bench.expect(2, &["compile", "m.onnx", "--target", HERE, "--input-shape", shape, "-o", "m.lathe"]);
    }
    let inconsistent = Model::default()
        .input("x", &[2, 3])
        .constant("w", &[4, 5], &noise(1, 20))
        .node("MatMul", &["x", "w"], &["y"])
        .output("y", FLOAT, &[2, 5]);
    refused(&inconsistent, 1, &["MatMul_y"]);
}

#[test]
fn external_data_outside_the_folder_is_refused() {
    for location in ["../secret.bin", "/etc/hostname", "a/../../secret.bin"] {
        let model = Model::default()
            .input("x", &[1])
            .external_constant("w", &[1], location)
            .node("Add", &["x", "w"], &["y"])
            .output("y", FLOAT, &[1]);
        refused(&model, 1, &["outside the model's folder"]);
    }
}

#[test]
fn targets_and_flags_that_do_not_exist_are_usage_errors() {
    let bench = Bench::with_model(&relu());
    let ran = bench.expect(2, &["compile", "m.onnx", "--target", "x86-64-linux", "-o", "m.lathe"]);
    assert!(ran.stderr.contains("did you mean x86_64-linux"), "{}", ran.stderr);
    bench.expect(2, &["compile", "m.onnx", "--target", HERE, "--mcpu", "z80", "-o", "m.lathe"]);
    bench.expect(2, &["compile", "m.onnx", "--target", HERE]);
    bench.expect(2, &["compile", "m.onnx", "--target", HERE, "-O9", "-o", "m.lathe"]);
    bench.expect(2, &["m.onnx"]);
    bench.expect(2, &[]);
    bench.expect(2, &["compile", "m.onnx", "--target", HERE, "--input", "x=u8,nhwc", "-o", "m.lathe"]);
    assert_eq!(bench.names(), ["m.onnx"]);
}

#[test]
fn a_full_disk_and_a_missing_folder_are_said_and_leave_nothing() {
    let bench = Bench::with_model(&relu());
    let ran = bench.expect(1, &["compile", "m.onnx", "--target", HERE, "-o", "/dev/full"]);
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
    bench.expect(1, &["compile", "m.onnx", "--target", HERE, "-o", "nowhere/m.lathe"]);
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 4)", &[0.0; 4]);
    bench.expect(1, &["run", "m.lathe", "-i", "x=x.npy", "-o", "/dev/full"]);
    assert_eq!(bench.names(), ["m.lathe", "m.onnx", "x.npy"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = bench.command(&["inspect", "m.lathe"]).stdout(full).output().unwrap();
    assert_eq!(support::ran(output).code, 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::with_model(&relu());
    bench.compile(&[]);
    let mut child =
        bench.command(&["inspect", "m.lathe", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_inputs_are_usage_errors_that_name_the_right_ones() {
    let bench = Bench::with_model(&relu());
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 4)", &[0.0; 4]);
    bench.npy("long.npy", "(1, 5)", &[0.0; 5]);
    bench.write(
        "i64.npy",
        b"\x93NUMPY\x01\x00\x3a\x00{'descr': '<i8', 'fortran_order': False, 'shape': (1, 4)}\n\0\0\0\0",
    );
    let says = |code: i32, input: &[&str], words: &str| {
        let ran = bench.expect(code, &[&["run", "m.lathe", "-o", "y.npz"], input].concat());
        assert!(ran.stderr.contains(words), "{words:?} is missing in:\n{}", ran.stderr);
    };
    says(2, &["-i", "z=x.npy"], "no input \"z\"");
    says(2, &["-i", "x=long.npy"], "f32[1,4]");
    says(2, &[], "-i x=FILE.npy");
    says(2, &["-i", "x=m.onnx"], ".npy, .npz, .png or .jpg");
    says(1, &["-i", "x=i64.npy"], "i64.npy");
    says(1, &["-i", "x=absent.npy"], "absent.npy");
    says(2, &["-i", "x=x.npy", "--device", "tpu"], "not known");
    says(2, &["-i", "x=x.npy", "--labels", "l.txt"], "--top");
    assert!(!bench.path("y.npz").exists());
}

#[test]
fn an_arena_too_small_is_refused_with_both_numbers() {
    let bench = Bench::with_model(&support::onnx::small_network());
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 2, 5, 7)", &[0.5; 70]);
    let inspected = json(&bench.expect(0, &["inspect", "m.lathe", "--json"]));
    let bytes = |key: &str| inspected[key].as_u64().unwrap().next_multiple_of(64);
    let needed = bytes("arena_bytes") + bytes("workspace_bytes");
    let with = |code: i32, verb: &[&str], given: u64| {
        bench.expect(code, &[verb, &["--arena", &given.to_string()]].concat()).stderr
    };
    let (run, time) = (["run", "m.lathe", "-i", "x=x.npy"], ["time", "m.lathe", "--number", "1", "--repeat", "1"]);
    with(0, &run, needed);
    with(0, &time, needed);
    for said in [with(1, &run, needed - 1), with(1, &time, needed - 1)] {
        assert!(said.contains(&format!("{needed} bytes")) && said.contains(&(needed - 1).to_string()), "{said}");
    }
    let elsewhere = with(2, &[&run[..], &["--device", "qemu:aarch64-linux"]].concat(), needed);
    assert!(elsewhere.contains("--device local"), "{elsewhere}");
}

#[test]
fn a_damaged_artifact_is_refused() {
    let bench = Bench::with_model(&relu());
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 4)", &[0.0; 4]);
    let whole = bench.read("m.lathe");
    for i in 0..24 {
        let cut = whole.len() * i / 24;
        bench.write("bad.lathe", &whole[..cut]);
        bench.expect(7, &["inspect", "bad.lathe"]);
        let mut flipped = whole.clone();
        flipped[whole.len() * i / 24] ^= 1 << (i % 8);
        bench.write("bad.lathe", &flipped);
        bench.expect(7, &["run", "bad.lathe", "-i", "x=x.npy", "-o", "y.npz"]);
    }
    bench.expect(7, &["time", "bad.lathe"]);
    bench.expect(1, &["run", "absent.lathe", "-i", "x=x.npy"]);
    assert!(!bench.path("y.npz").exists());
}

#[test]
fn an_artifact_for_another_processor_is_refused() {
    let bench = Bench::with_model(&relu());
    bench.npy("x.npy", "(1, 4)", &[0.0; 4]);
    bench.expect(0, &["compile", "m.onnx", "--target", ELSEWHERE, "-o", "other.lathe"]);
    let ran = bench.expect(7, &["run", "other.lathe", "-i", "x=x.npy"]);
    assert!(ran.stderr.contains(ELSEWHERE) && ran.stderr.contains(HERE), "{}", ran.stderr);
}

#[test]
fn failures_are_documents_with_json() {
    let bench = Bench::with_model(&relu());
    let ran = bench.expect(7, &["inspect", "m.onnx", "--json"]);
    let document = json(&ran);
    assert_eq!(document["error"]["exit_code"], 7);
    assert!(!document["error"]["message"].as_str().unwrap().is_empty());
}

#[test]
fn compare_refuses_another_model() {
    let bench = Bench::with_model(&relu());
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 4)", &[0.0; 4]);
    bench.write("other.onnx", &small_network().to_bytes());
    let ran = bench.expect(2, &["run", "m.lathe", "-i", "x=x.npy", "--compare", "other.onnx"]);
    assert!(ran.stderr.contains("another model"), "{}", ran.stderr);
}

/// Every place a small model can be cut at: fails as documented and leaves no part, or only lacks the note behind the graph
/// and computes the same.
#[test]
fn a_cut_model_fails_cleanly_or_is_the_same() {
    let bench = Bench::new();
    bench.npy("x.npy", "(1, 4)", &[-1.0, 0.5, 2.0, -3.0]);
    let model = relu().to_bytes();
    let whole = [&model[..], &onnx::note("made by", "a test")].concat();
    let mut complete = vec![];
    for end in 0..=whole.len() {
        bench.write("m.onnx", &whole[..end]);
        let ran = bench.run(&["compile", "m.onnx", "--target", HERE, "--no-self-test", "-o", "m.lathe"]);
        assert_eq!(ran.code == 0, bench.path("m.lathe").exists(), "cut at {end}: {}", ran.stderr);
        if ran.code == 0 {
            complete.push(end);
            bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "-o", "y.npz"]);
            assert_eq!(bench.npz_floats("y.npz"), [0.0, 0.5, 2.0, 0.0], "cut at {end}");
            std::fs::remove_file(bench.path("m.lathe")).unwrap();
        }
    }
    assert_eq!(complete, [model.len(), whole.len()]);
}
