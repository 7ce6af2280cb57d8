//! The C example compiles without warnings, links against the static library, runs a model and reports failures.

#[path = "../../runtime-std/tests/sample/mod.rs"]
mod sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The static library, which Cargo builds beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.parent().expect("its folder");
    let places = [folder.join("liblathe.a"), folder.join("../liblathe.a")];
    places.into_iter().find(|place| place.exists()).expect("Cargo built liblathe.a for this test")
}

fn compile(folder: &Path) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.join("c-inference");
    let output = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(package.join("include"))
        .arg(package.join("../../examples/c-inference/main.c"))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .expect("a C compiler, cc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn run(program: &Path, arguments: &[&Path]) -> Output {
    Command::new(program).args(arguments).output().expect("runs")
}

#[test]
fn the_c_example_runs_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile(folder.path());
    let (model, input) = (folder.path().join("model.lathe"), folder.path().join("x.f32"));
    std::fs::write(&model, sample::contents().to_bytes().expect("writes")).expect("written");
    let x: Vec<u8> = (0..sample::ELEMENTS).flat_map(|i| (if i == 77 { 50f32 } else { 1.0 }).to_le_bytes()).collect();
    std::fs::write(&input, &x).expect("written");

    let output = run(&program, &[&model, &input, Path::new("2")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text, "input x [17, 59] 4012 bytes\noutput y [1003] 4012 bytes\nlargest: element 77 of y is 100.25\n");

    std::fs::write(&input, &x[1..]).expect("written");
    let output = run(&program, &[&model, &input]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read the 4012 bytes of input x"));

    std::fs::write(&model, b"hello").expect("written");
    let output = run(&program, &[&model]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("this is not a Lathe artifact"));
}
