//! Fusion groups: how nodes are strung together and named.

use std::collections::HashMap;

use lathe_graph::interpreter::run_observed;
use lathe_graph::op::{Binary, Layout, Unary, Window};
use lathe_graph::{DType, Graph, NodeId, Op, Tensor, TensorType, ValueId};

use super::{Random, agree, push, round_trips, run};
use crate::program::Role;
use crate::recipes::{AnchorKind, RecipeError, program_for_group};

/// `relu(conv(x) + bias + skip) * 2`, with the sum used outside as well.
fn residual() -> (Graph, ValueId, Vec<Tensor>) {
    let mut random = Random::new(90);
    let mut graph = Graph::new("residual");
    let (x, skip) = (random.tensor(DType::F32, &[1, 5, 5, 3]), random.tensor(DType::F32, &[1, 5, 5, 4]));
    let x_id = graph.add_input("x", x.ty().clone());
    let skip_id = graph.add_input("skip", skip.ty().clone());
    let w = graph.add_constant("w", random.tensor(DType::F32, &[4, 3, 3, 3]));
    let bias = graph.add_constant("bias", random.tensor(DType::F32, &[4]));
    let two = graph.add_constant("two", Tensor::scalar(DType::F32, 2.0));
    let window = Window {
        kernel: vec![3, 3],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pad_before: vec![1, 1],
        pad_after: vec![1, 1],
    };
    let conv = Op::Conv { window, groups: 1, layout: Layout::ChannelsLast };
    let y = push(&mut graph, conv, vec![x_id, w, bias])[0];
    let sum = push(&mut graph, Op::Binary(Binary::Add), vec![y, skip_id])[0];
    let relu = push(&mut graph, Op::Unary(Unary::Relu), vec![sum])[0];
    let scaled = push(&mut graph, Op::Binary(Binary::Mul), vec![relu, two])[0];
    graph.outputs = vec![("sum".to_string(), sum), ("scaled".to_string(), scaled)];
    (graph, sum, vec![x, skip])
}

#[test]
fn a_residual_block() {
    let (graph, sum, inputs) = residual();
    let nodes: Vec<NodeId> = (0..4).map(NodeId).collect();
    let group = program_for_group(&graph, &nodes, NodeId(0)).expect("a program");
    let program = &group.program;
    round_trips(program);
    assert_eq!(program.name, "conv2d_f32_nhwc_3x3_add_relu_mul");
    assert!(matches!(group.kind, AnchorKind::Conv { pad: Some(_), .. }));
    assert_eq!(program.stage(group.anchor_stage).name, "conv");
    // the scalar is part of the program, the sum is a result although it is read inside
    let names: Vec<&str> = program.buffers.iter().filter(|b| b.role != Role::Temp).map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["in0", "const0", "const1", "in1", "out0", "out1"]);

    let mut values: HashMap<ValueId, Tensor> = graph.inputs.iter().copied().zip(inputs.clone()).collect();
    for (k, value) in graph.values.iter().enumerate() {
        if let Some(t) = &value.constant {
            values.insert(ValueId(k as u32), t.clone());
        }
    }
    let found = run(&group, &values);
    let mut expected = HashMap::new();
    run_observed(&graph, &inputs, |v, t| {
        expected.insert(v, t.clone());
    })
    .expect("the graph runs");
    assert!(found.contains_key(&sum));
    for (_, value) in &graph.outputs {
        agree(&found[value], &expected[value], 2e-6, &|| program.to_string());
    }
}

#[test]
fn equal_computations_have_equal_text() {
    let (graph, ..) = residual();
    let (mut other, ..) = residual();
    for value in &mut other.values {
        value.name = format!("other_{}", value.name);
    }
    other.name = "other".to_string();
    let nodes: Vec<NodeId> = (0..4).map(NodeId).collect();
    let text = |g: &Graph| program_for_group(g, &nodes, NodeId(0)).expect("a program").program.to_string();
    assert_eq!(text(&graph), text(&other));
}

#[test]
fn unused_results_cost_nothing() {
    let mut graph = Graph::new("topk");
    let x = graph.add_input("x", TensorType::new(DType::F32, [9]));
    let results = push(&mut graph, Op::TopK { axis: 0, k: 3, largest: true }, vec![x]);
    graph.outputs = vec![("indices".to_string(), results[1])];
    let group = program_for_group(&graph, &[NodeId(0)], NodeId(0)).expect("a program");
    assert!(group.program.buffers.iter().all(|b| b.name != "values"));
    assert_eq!(group.buffers.iter().flatten().count(), 2);
    round_trips(&group.program);
}

#[test]
fn a_foreign_anchor_is_refused() {
    let (graph, ..) = residual();
    let refused = program_for_group(&graph, &[NodeId(1)], NodeId(0));
    assert!(matches!(refused, Err(RecipeError::Group(_))));
}
