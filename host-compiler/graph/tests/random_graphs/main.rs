//! Every pass preserves what the interpreter computes, on random small graphs; groups of fusion are valid on them; the
//! text form parses back.

mod generator;

use generator::generate;
use lathe_graph::interpreter::run;
use lathe_graph::passes::{self, PIPELINE, Pass, fuse};
use lathe_graph::text::{ConstantForm, ConstantTable, noise, parse, print};
use lathe_graph::{Graph, NodeId, Tensor, verify};

const GRAPHS: u64 = 500;

fn inputs(graph: &Graph) -> Vec<Tensor> {
    graph.inputs.iter().enumerate().map(|(i, &v)| noise(graph.ty(v), i as u64).expect("small")).collect()
}

/// Largest difference relative to the output's range (at least 1); `None` if the expected output is not finite.
fn difference(want: &Tensor, got: &Tensor) -> Option<f64> {
    assert_eq!(want.ty(), got.ty());
    let (want, got) = (want.to_f64s(), got.to_f64s());
    let range = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    if want.iter().any(|v| !v.is_finite()) {
        return None;
    }
    Some(
        want.iter()
            .zip(&got)
            .map(|(w, g)| (w - g).abs() / range)
            .fold(0.0, |m: f64, d| if d > m || d.is_nan() { d } else { m }),
    )
}

/// Runs `transform` on many graphs and compares outputs before and after.
fn preserves(name: &str, transform: impl Fn(&mut Graph)) {
    let (mut compared, mut all, mut changed) = (0, 0, 0);
    for seed in 0..GRAPHS {
        let before = generate(seed);
        let inputs = inputs(&before);
        let want = run(&before, &inputs).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{before}"));
        let mut after = before.clone();
        transform(&mut after);
        verify(&after).unwrap_or_else(|e| panic!("{name}, seed {seed}: {e}\n{before}\nbecame\n{after}"));
        let got =
            run(&after, &inputs).unwrap_or_else(|e| panic!("{name}, seed {seed}: {e}\n{before}\nbecame\n{after}"));
        changed += usize::from(after.to_string() != before.to_string());
        for ((want, got), (output, _)) in want.iter().zip(&got).zip(&before.outputs) {
            all += 1;
            let Some(d) = difference(want, got) else { continue };
            compared += 1;
            assert!(d <= 2e-5, "{name}, seed {seed}, output {output} differs by {d}\n{before}\nbecame\n{after}");
        }
    }
    assert!(compared * 10 >= all * 9, "{name}: only {compared} of {all} outputs are finite");
    assert!(changed > 0, "{name} changed none of the graphs");
}

fn pass(name: &str) -> Pass {
    *PIPELINE.iter().find(|p| p.name == name).expect("a pass of this name")
}

fn preserves_alone(name: &str) {
    preserves(name, |g| (pass(name).run)(g).expect("succeeds"));
}

#[test]
fn each_pass_alone() {
    let mut names: Vec<&str> = PIPELINE.iter().map(|p| p.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 9);
    names.into_iter().for_each(preserves_alone);
}

#[test]
fn the_pipeline() {
    preserves("optimize", |g| passes::optimize(g, |_, _| {}).expect("succeeds"));
}

#[test]
fn the_pipeline_is_stable() {
    for seed in 0..GRAPHS / 4 {
        let mut once = generate(seed);
        passes::optimize(&mut once, |_, _| {}).expect("succeeds");
        let mut again = generate(seed);
        passes::optimize(&mut again, |_, _| {}).expect("succeeds");
        assert_eq!(once.to_string(), again.to_string(), "two runs differ for seed {seed}");
    }
}

#[test]
fn text_parses_back() {
    for seed in 0..GRAPHS {
        let graph = generate(seed);
        for form in [ConstantForm::Short(4), ConstantForm::Full] {
            let text = print(&graph, form);
            let again = parse(&text, &ConstantTable::of(&graph)).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
            assert_eq!(print(&again, form), text, "seed {seed}");
        }
    }
}

#[test]
fn groups_are_valid() {
    for seed in 0..GRAPHS {
        let mut graph = generate(seed);
        if seed % 2 == 0 {
            passes::optimize(&mut graph, |_, _| {}).expect("succeeds");
        }
        check_groups(seed, &graph);
    }
}

fn check_groups(seed: u64, graph: &Graph) {
    let groups = fuse(graph);
    let mut all: Vec<NodeId> = groups.iter().flat_map(|g| g.nodes.iter().copied()).collect();
    all.sort_unstable();
    assert!(all.iter().copied().eq((0..graph.nodes.len() as u32).map(NodeId)), "seed {seed}: not a partition");
    let mut ready: Vec<bool> = graph.values.iter().map(|v| v.constant.is_some()).collect();
    graph.inputs.iter().for_each(|v| ready[v.0 as usize] = true);
    for group in &groups {
        assert!(group.nodes.contains(&group.anchor) && group.nodes.is_sorted(), "seed {seed}");
        for v in group.inputs(graph) {
            assert!(ready[v.0 as usize], "seed {seed}: a group reads {} too early\n{graph}", graph.value(v).name);
        }
        group.outputs(graph).iter().for_each(|v| ready[v.0 as usize] = true);
    }
    for (_, v) in &graph.outputs {
        assert!(ready[v.0 as usize], "seed {seed}: an output is hidden in a group\n{graph}");
    }
}
