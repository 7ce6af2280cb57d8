//! Golden tests of the passes: `tests/passes/<pass>.txt` holds cases of a graph and what the pass makes of it.
//!
//! ```text
//! === what the case shows
//! graph "…"
//! …
//! --- becomes
//! graph "…"
//! ```
//!
//! With `LATHE_BLESS=1` the second half of each case is rewritten. Whatever the text says, each case is also run
//! through the interpreter before and after the pass, and the outputs must agree.

use std::fs;
use std::path::Path;

use lathe_graph::interpreter::run;
use lathe_graph::passes::{self, Group, PassError};
use lathe_graph::text::{ConstantForm, ConstantTable, noise, parse, print};
use lathe_graph::{Graph, Tensor, verify};

/// A case: its title, the graph before, and the expected text.
struct Case {
    title: String,
    before: String,
    after: String,
}

fn cases(text: &str) -> Vec<Case> {
    let split = |chunk: &str| {
        let (title, rest) = chunk.split_once('\n').expect("a case has a title and a graph");
        let (before, after) = rest.split_once("--- becomes\n").unwrap_or((rest, ""));
        Case { title: title.trim().into(), before: before.into(), after: after.into() }
    };
    text.split("=== ").skip(1).map(split).collect()
}

fn golden(name: &str, transform: impl Fn(&mut Graph) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/passes").join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).expect("the golden file is there");
    let bless = std::env::var_os("LATHE_BLESS").is_some();
    let mut blessed = String::new();
    let all = cases(&text);
    assert!(!all.is_empty());
    for case in all {
        let before = parse(&case.before, &ConstantTable::default()).unwrap_or_else(|e| panic!("{}: {e}", case.title));
        verify(&before).unwrap_or_else(|e| panic!("{}: {e}", case.title));
        let mut after = before.clone();
        let got = transform(&mut after);
        verify(&after).unwrap_or_else(|e| panic!("{}: {e}\n{got}", case.title));
        assert_same_outputs(&case.title, &before, &after);
        if !bless {
            assert_eq!(got.trim_end(), case.after.trim_end(), "case \"{}\" of {name}.txt", case.title);
        }
        blessed += &format!("=== {}\n{}--- becomes\n{}\n\n", case.title, case.before, got.trim_end());
    }
    if bless {
        fs::write(&path, blessed.trim_end().to_string() + "\n").expect("the golden file can be written");
    }
}

fn assert_same_outputs(title: &str, before: &Graph, after: &Graph) {
    let inputs: Vec<Tensor> =
        before.inputs.iter().enumerate().map(|(i, &v)| noise(before.ty(v), 7 + i as u64).expect("small")).collect();
    let want = run(before, &inputs).unwrap_or_else(|e| panic!("{title}: {e}"));
    let got = run(after, &inputs).unwrap_or_else(|e| panic!("{title}: {e}"));
    for ((name, _), (want, got)) in before.outputs.iter().zip(want.iter().zip(&got)) {
        assert_eq!(want.ty(), got.ty(), "{title}: output {name}");
        let (want, got) = (want.to_f64s(), got.to_f64s());
        let range = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
        for (w, g) in want.iter().zip(&got) {
            assert!(w == g || (w - g).abs() <= 1e-5 * range, "{title}: output {name}: {w} became {g}");
        }
    }
}

fn pass(name: &str, run: fn(&mut Graph) -> Result<(), PassError>) {
    golden(name, |graph| {
        run(graph).expect("the pass succeeds");
        print(graph, ConstantForm::Short(16))
    });
}

#[test]
fn dead_code() {
    pass("dead_code", passes::dead_code);
}

#[test]
fn common_subexpressions() {
    pass("common_subexpressions", passes::common_subexpressions);
}

#[test]
fn fold() {
    pass("fold", passes::fold);
}

#[test]
fn simplify() {
    pass("simplify", |g| passes::simplify(g).and_then(|()| passes::dead_code(g)));
}

#[test]
fn layer_norm() {
    pass("layer_norm", |g| passes::layer_norm(g).and_then(|()| passes::dead_code(g)));
}

#[test]
fn gelu() {
    pass("gelu", |g| passes::gelu(g).and_then(|()| passes::dead_code(g)));
}

#[test]
fn fold_affine() {
    pass("fold_affine", |g| passes::fold_affine(g).and_then(|()| passes::dead_code(g)));
}

#[test]
fn layout() {
    pass("layout", |g| {
        passes::layout(g)?;
        passes::simplify(g)?;
        passes::dead_code(g)
    });
}

#[test]
fn sink_reshape() {
    pass("sink_reshape", |g| passes::sink_reshape(g).and_then(|()| passes::dead_code(g)));
}

#[test]
fn optimize() {
    pass("optimize", |g| passes::optimize(g, |_, _| {}));
}

#[test]
fn fuse() {
    golden("fuse", |graph| {
        let line = |group: &Group| {
            let name = |n: &lathe_graph::NodeId| graph.nodes[n.0 as usize].name.clone();
            let nodes: Vec<String> = group.nodes.iter().map(name).collect();
            format!("{}: {}\n", name(&group.anchor), nodes.join(" "))
        };
        passes::fuse(graph).iter().map(line).collect()
    });
}
