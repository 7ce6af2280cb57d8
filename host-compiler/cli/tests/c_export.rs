//! `--emit c-object` and `staticlib`: what a C compiler and a linker make of them.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Bench, HERE, json, onnx};

/// Ends with 0 when the object is what the header says.
const PROGRAM: &str = r#"#include "small-net.h"
static const uint32_t dims[] = {LATHE_MODEL_SMALL_NET_INPUT_0_DIMS};
int main(void) {
    if (lathe_model_small_net_end - lathe_model_small_net != LATHE_MODEL_SMALL_NET_BYTES) {
        return 1;
    }
    if ((uintptr_t)lathe_model_small_net % ALIGN != 0) {
        return 2;
    }
    if (lathe_model_small_net[0] != 0x89 || lathe_model_small_net[1] != 'L') {
        return 3;
    }
    if (sizeof dims != 4 * LATHE_MODEL_SMALL_NET_INPUT_0_RANK || dims[1] != 2 || dims[3] != 7) {
        return 4;
    }
    if (LATHE_MODEL_SMALL_NET_INPUT_0_BYTES != 280 || LATHE_MODEL_SMALL_NET_INPUT_0_ELEMENTS != 70) {
        return 5;
    }
    if (LATHE_MODEL_SMALL_NET_OUTPUT_0_DTYPE != LATHE_F32 || LATHE_MODEL_SMALL_NET_OUTPUTS != 1) {
        return 6;
    }
    return LATHE_MODEL_SMALL_NET_INPUT_0_NAME[0] == 'x' ? 0 : 7;
}
"#;

#[test]
fn an_object_is_what_its_header_says() {
    let bench = Bench::with_model(&onnx::small_network());
    let arguments = ["compile", "m.onnx", "--target", HERE, "--emit", "c-object", "-o", "small-net.o", "--json"];
    let told = json(&bench.expect(0, &arguments));
    assert_eq!((&told["artifact"], &told["header"]), (&"small-net.o".into(), &"small-net.h".into()));
    bench.compile(&[]);
    let (object, artifact) = (bench.read("small-net.o"), bench.read("m.lathe"));
    assert!(object.windows(artifact.len()).any(|part| part == artifact), "the object holds another artifact");
    let align = if HERE.starts_with("x86") { 64 } else { 4096 };
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../device-runtime/c-api/include");
    bench.write("main.c", PROGRAM.as_bytes());
    let mut cc = Command::new("cc");
    cc.current_dir(bench.path("")).args(["-std=c11", "-Wall", "-Wextra", "-Werror", "main.c", "small-net.o"]);
    let compiled = cc.arg(format!("-DALIGN={align}")).arg("-I").arg(include).args(["-o", "program"]).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    assert_eq!(Command::new(bench.path("program")).status().unwrap().code(), Some(0));
}

#[test]
fn an_object_for_a_microcontroller_tells_the_memory_it_takes() {
    let bench = Bench::with_model(&onnx::small_network());
    let object = ["compile", "m.onnx", "--board", "mps2-an386", "--emit", "c-object", "-o", "net.o", "--json"];
    let told = json(&bench.expect(0, &object));
    let header = String::from_utf8(bench.read("net.h")).unwrap();
    let arena = told["arena_bytes"].as_u64().unwrap() + told["workspace_bytes"].as_u64().unwrap();
    let value = |name: &str| {
        let line = header.lines().find(|line| line.contains(&format!("_{name} "))).unwrap();
        line.split_whitespace().nth(2).unwrap().trim_start_matches('(').parse::<u64>().unwrap()
    };
    assert_eq!(value("ARENA_BYTES"), arena);
    assert_eq!(value("MEMORY_BYTES"), arena.next_multiple_of(8));
    // The way to a multiple of 8 at the most, and the input's 70 elements.
    assert!(header.contains(&format!("SERVER_BYTES (LATHE_SERVER_BYTES + {})", arena + 8 + 4 * 70)), "{header}");
    // Four dimensions and a letter, two dimensions and a letter, and what ends the letters.
    assert!(header.contains("+ LATHE_MODEL_BYTES + 2 * sizeof(lathe_tensor) + 28)"), "{header}");
}

#[test]
fn what_cannot_be_linked_is_refused() {
    let bench = Bench::with_model(&onnx::small_network());
    let library = ["compile", "m.onnx", "--target", HERE, "--emit", "staticlib", "-o", "libnet.a"];
    assert!(bench.expect(2, &library).stderr.contains("--emit c-object"));
    let header = ["compile", "m.onnx", "--target", HERE, "--emit", "c-object", "-o", "net.h"];
    assert!(bench.expect(2, &header).stderr.contains("object and header"));
    assert_eq!(bench.names(), ["m.onnx"]);
}
