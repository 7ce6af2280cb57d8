//! The main way: a model in, an artifact out, right numbers from it.

mod support;

use support::onnx::{Dim, FLOAT, Model, noise, small_network, small_network_answer};
use support::{Bench, HERE, assert_close, json};

/// A bench with the small network and its input in `x.npy`.
fn bench() -> (Bench, Vec<f32>) {
    let bench = Bench::with_model(&small_network());
    let x = noise(9, 70);
    bench.npy("x.npy", "(1, 2, 5, 7)", &x);
    (bench, x)
}

#[test]
fn every_optimisation_level_computes_the_same() {
    let (bench, x) = bench();
    for level in ["-O0", "-O1", "-O2"] {
        bench.compile(&[level]);
        bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "-o", "y.npz", "--self-test"]);
        assert_close(&bench.npz_floats("y.npz"), &small_network_answer(&x));
        bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "--compare", "m.onnx"]);
    }
}

#[test]
fn several_threads_and_runs_give_the_same_numbers() {
    let (bench, x) = bench();
    bench.compile(&[]);
    let ran =
        bench.expect(0, &["run", "m.lathe", "-i", "x.npy", "-o", "y.npz", "--threads", "3", "--repeat", "5", "--json"]);
    assert_close(&bench.npz_floats("y.npz"), &small_network_answer(&x));
    assert_eq!(json(&ran)["times_ms"].as_array().unwrap().len(), 5);
}

#[test]
fn a_model_without_a_verb_is_compiled() {
    let (bench, _) = bench();
    let ran = bench.expect(0, &["--target", HERE, "m.onnx", "-o", "m.lathe", "--json"]);
    let document = json(&ran);
    assert_eq!(document["bytes"].as_u64().unwrap(), bench.read("m.lathe").len() as u64);
    assert_eq!(bench.names(), ["m.lathe", "m.onnx", "x.npy"]);
}

#[test]
fn a_jetson_artifact_says_that_cuda_is_not_there_yet() {
    let (bench, _) = bench();
    let ran = bench.expect(0, &["--target", "aarch64-jetson-orin", "m.onnx", "-o", "m.lathe"]);
    assert!(ran.stderr.contains("CUDA kernels are not there yet"), "{}", ran.stderr);
}

#[test]
fn artifacts_are_byte_identical_whatever_the_surroundings() {
    let (bench, _) = bench();
    bench.compile(&["--threads", "1"]);
    let other = Bench::with_model(&small_network());
    let compile = ["compile", "m.onnx", "--target", HERE, "-o", "m.lathe", "--threads", "4"];
    let status =
        other.command(&compile).env("HOME", "/nonexistent").env("TZ", "Asia/Tokyo").env("LANG", "tr_TR").status();
    assert!(status.unwrap().success());
    assert!(bench.read("m.lathe") == other.read("m.lathe"));
}

#[test]
fn the_memory_plan_can_be_recomputed_from_inspect() {
    let (bench, _) = bench();
    bench.compile(&[]);
    let document = json(&bench.expect(0, &["inspect", "m.lathe", "--json"]));
    let planned = document["memory_plan"].as_array().unwrap();
    let number = |v: &serde_json::Value, key: &str| v[key].as_u64().unwrap();
    let steps = document["steps"].as_array().unwrap().len() as u64;
    let live = |step: u64| {
        let alive = planned.iter().filter(|t| number(t, "first_step") <= step && step <= number(t, "last_step"));
        alive.map(|t| number(t, "bytes").next_multiple_of(64)).sum::<u64>()
    };
    let bound = (0..steps).map(live).max().unwrap();
    let arena = document["arena_bytes"].as_u64().unwrap();
    assert!(arena >= bound && arena as f64 <= 1.05 * bound as f64, "{arena} over {bound}");
    for (i, a) in planned.iter().enumerate() {
        for b in &planned[i + 1..] {
            let together =
                number(a, "first_step") <= number(b, "last_step") && number(b, "first_step") <= number(a, "last_step");
            let apart = number(a, "offset") + number(a, "bytes") <= number(b, "offset")
                || number(b, "offset") + number(b, "bytes") <= number(a, "offset");
            assert!(!together || apart, "{a} {b}");
        }
    }
    assert!(bench.expect(0, &["inspect", "m.lathe"]).stdout.contains("memory plan"));
}

#[test]
fn outputs_may_be_inputs_constants_and_views() {
    let model = Model::default()
        .input("x", &[2, 3])
        .constant("k", &[2], &[5.0, 6.0])
        .constant_int64("shape", &[3, 2])
        .node("Relu", &["x"], &["r"])
        .node("Reshape", &["r", "shape"], &["v"])
        .node("Identity", &["x"], &["same"])
        .node("Identity", &["k"], &["five"])
        .output("v", FLOAT, &[3, 2])
        .output("same", FLOAT, &[2, 3])
        .output("five", FLOAT, &[2]);
    let bench = Bench::with_model(&model);
    bench.npy("x.npy", "(2, 3)", &[1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
    bench.compile(&[]);
    let ran = bench.expect(0, &["run", "m.lathe", "-i", "x.npy", "--json", "--repeat", "2"]);
    let document = json(&ran);
    let first = |i: usize| document["outputs"][i]["first"].clone();
    assert_eq!(first(0), serde_json::json!([1.0, 0.0, 3.0, 0.0, 5.0, 0.0]));
    assert_eq!(document["outputs"][0]["shape"], serde_json::json!([3, 2]));
    assert_eq!(first(1), serde_json::json!([1.0, -2.0, 3.0, -4.0, 5.0, -6.0]));
    assert_eq!(first(2), serde_json::json!([5.0, 6.0]));
}

#[test]
fn open_dimensions_are_fixed_by_input_shape() {
    let model = Model::default()
        .open_input("x", &[Dim::Open("batch"), Dim::Fixed(3)])
        .node("Relu", &["x"], &["y"])
        .output("y", FLOAT, &[]);
    let bench = Bench::with_model(&model);
    let ran = bench.expect(2, &["compile", "m.onnx", "--target", HERE, "-o", "m.lathe"]);
    assert!(ran.stderr.contains("--input-shape x="), "{}", ran.stderr);
    bench.compile(&["--input-shape", "x=2,3"]);
    bench.npy("x.npy", "(2, 3)", &[1.0; 6]);
    bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "--compare", "m.onnx"]);
}

#[test]
fn pictures_are_prepared_inside_the_artifact() {
    let model = Model::default().input("image", &[1, 3, 2, 2]).node("Neg", &["image"], &["y"]).output(
        "y",
        FLOAT,
        &[1, 3, 2, 2],
    );
    let bench = Bench::with_model(&model);
    bench.compile(&["--input", "image=u8,nhwc,scale=1/255,mean=0.5,std=0.5,bgr"]);
    let picture = image::RgbImage::from_fn(2, 2, |x, y| image::Rgb([255, (x * 100) as u8, (y * 50) as u8]));
    picture.save(bench.path("p.png")).unwrap();
    bench.expect(0, &["run", "m.lathe", "-i", "image=p.png", "--compare", "m.onnx"]);
    bench.expect(0, &["run", "m.lathe", "-i", "image=p.png", "-o", "y.npz"]);
    let level = |v: f32| -((v / 255.0 - 0.5) / 0.5);
    let blue = [0.0, 0.0, 50.0, 50.0];
    let green = [0.0, 100.0, 0.0, 100.0];
    let expected: Vec<f32> = blue.into_iter().chain(green).chain([255.0; 4]).map(level).collect();
    assert_close(&bench.npz_floats("y.npz"), &expected);
}

#[test]
fn top_prints_labels() {
    let model = Model::default().input("x", &[1, 4]).node("Relu", &["x"], &["y"]).output("y", FLOAT, &[1, 4]);
    let bench = Bench::with_model(&model);
    bench.compile(&[]);
    bench.npy("x.npy", "(1, 4)", &[0.5, 3.0, 1.0, 2.0]);
    bench.write("labels.txt", b"zero\none\ntwo\nthree\n");
    let ran = bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "--top", "2", "--labels", "labels.txt"]);
    let labels: Vec<&str> = ran.stdout.lines().filter_map(|l| l.split_whitespace().last()).collect();
    assert_eq!(labels, ["one", "three"]);
}

#[test]
fn time_gives_every_sample() {
    let (bench, _) = bench();
    bench.compile(&[]);
    let document = json(&bench.expect(0, &["time", "m.lathe", "--number", "3", "--repeat", "7", "--json"]));
    assert_eq!(document["samples_ms"].as_array().unwrap().len(), 7);
    let ms = |key: &str| document[key].as_f64().unwrap();
    assert!(ms("min_ms") <= ms("median_ms") && ms("median_ms") <= ms("max_ms") && ms("min_ms") > 0.0);
    let profile = json(&bench.expect(0, &["time", "m.lathe", "--profile", "--json"]));
    let steps = profile["steps"].as_array().unwrap().iter();
    let conv =
        steps.filter(|s| s["label"].as_str().unwrap().contains("Conv")).map(|s| s["operations"].as_u64().unwrap());
    // 4 x 5 x 7 outputs of 2 x 9 multiply-adds at least, and not many times as much.
    let conv: u64 = conv.sum();
    assert!((2 * 4 * 35 * 18..4 * 4 * 35 * 18).contains(&conv), "{conv}");
}

#[test]
fn intermediate_forms_can_be_looked_at() {
    let (bench, _) = bench();
    for form in ["graph", "program", "schedule", "loops", "llvm-ir", "asm"] {
        let ran = bench.expect(0, &["compile", "m.onnx", "--target", HERE, "--emit", form]);
        assert!(!ran.stdout.trim().is_empty(), "{form}");
        let document = json(&bench.expect(0, &["compile", "m.onnx", "--target", HERE, "--emit", form, "--json"]));
        let first = document["pieces"][0]["text"].as_str().unwrap();
        assert!(ran.stdout.starts_with(first), "{form}");
    }
    let all = bench.expect(0, &["compile", "m.onnx", "--target", HERE, "--emit", "program"]).stdout;
    let conv = bench.expect(0, &["compile", "m.onnx", "--target", HERE, "--emit", "program=*Conv*"]).stdout;
    assert!(conv.len() < all.len() && all.contains(conv.trim()));
    bench.expect(2, &["compile", "m.onnx", "--target", HERE, "--emit", "loops=nothing*"]);
    bench.expect(2, &["compile", "m.onnx", "--target", HERE, "--emit", "nonsense"]);
    let loops = bench.expect(0, &["compile", "m.onnx", "--target", HERE, "--emit", "loops"]).stdout;
    let kernel = loops.lines().find_map(|line| line.strip_prefix("kernel ")?.split_whitespace().next()).unwrap();
    let object = ["compile", "m.onnx", "--target", HERE, "--emit", &format!("obj={kernel}"), "--json"];
    bench.expect(2, &object);
    let document = json(&bench.expect(0, &[&object[..], &["-o", "kernel.o"]].concat()));
    assert_eq!((&document["form"], &document["pieces"][0]["text"]), (&"obj".into(), &serde_json::Value::Null));
    assert!(bench.read("kernel.o").starts_with(b"\x7fELF"));
}

/// A sum that f32 cannot compute is the step at fault; the steps after it run all the same.
#[test]
fn compare_names_the_step_at_fault_and_judges_whole_runs() {
    let weights = [1.0, 2.0, 3.0, 4.0];
    let model = Model::default()
        .input("x", &[2, 4, 1024])
        .constant_int64("axes", &[2])
        .constant_int64("rows", &[2, 4])
        .constant("v", &[4, 1], &weights)
        .node("ReduceSum", &["x", "axes"], &["s"])
        .node("Reshape", &["s", "rows"], &["r"])
        .node("MatMul", &["r", "v"], &["y"])
        .output("y", FLOAT, &[2, 1]);
    let bench = Bench::with_model(&model);
    // Beside 3e7 the ones are lost; the sum is 1022.
    let row = |k: usize| {
        if k == 0 {
            3e7
        } else if k == 1023 {
            -3e7
        } else {
            1.0
        }
    };
    let x: Vec<f32> = (0..2 * 4 * 1024).map(|k| row(k % 1024)).collect();
    bench.npy("x.npy", "(2, 4, 1024)", &x);
    bench.compile(&[]);
    bench.expect(0, &["run", "m.lathe", "-i", "x=x.npy", "-o", "y.npz"]);
    let right = 1022.0 * weights.iter().sum::<f32>();
    let error = bench.npz_floats("y.npz").iter().map(|y| f64::from((y - right).abs())).fold(0.0, f64::max);
    let told = json(&bench.expect(4, &["run", "m.lathe", "-i", "x=x.npy", "--compare", "m.onnx", "--json"]));
    assert_ne!(told["first_difference"]["value"], "y", "a step before the last is at fault");
    assert_eq!(told["outputs"][0]["largest_error"].as_f64(), Some(error));
}
