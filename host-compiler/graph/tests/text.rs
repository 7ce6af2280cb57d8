//! The text form prints, parses back to the same graph, and says where a text is wrong. The verifier refuses what it
//! should.

use lathe_graph::text::{ConstantForm, ConstantTable, parse, print};
use lathe_graph::{DType, Graph, Op, TensorType, ValueId, VerifyError, verify};

const ALL_OPERATORS: &str = include_str!("text/operators.txt");

#[test]
fn every_operator_prints_and_parses_back() {
    let graph = parse(ALL_OPERATORS, &ConstantTable::default()).expect("parses");
    verify(&graph).expect("is well-formed");
    assert_eq!(print(&graph, ConstantForm::Short(16)), ALL_OPERATORS);
}

#[test]
fn hashed_constants_come_from_the_table() {
    let graph =
        parse("graph \"g\"\nconst %c: f32[40] = noise 3\noutput \"c\" = %c\n", &ConstantTable::default()).unwrap();
    let text = graph.to_string();
    assert!(text.contains("= #"), "{text}");
    assert!(parse(&text, &ConstantTable::default()).is_err());
    let again = parse(&text, &ConstantTable::of(&graph)).unwrap();
    assert_eq!(again.constant(ValueId(0)), graph.constant(ValueId(0)));
    let full = parse(&print(&graph, ConstantForm::Full), &ConstantTable::default()).unwrap();
    assert_eq!(full.constant(ValueId(0)), graph.constant(ValueId(0)));
}

#[test]
fn mistakes_are_named_with_their_line() {
    let problem = |text: &str| parse(text, &ConstantTable::default()).unwrap_err().to_string();
    assert_eq!(problem("graph \"g\"\n%y: f32[1] = Relu(%x)"), "line 2: value \"x\" is not defined above");
    assert_eq!(problem("input %x: f33[1]"), "line 1: \"f33\" is not an element type");
    assert_eq!(problem("input %x: f32[1]\n%y: f32[1] = Frob(%x)"), "line 2: there is no operator \"Frob\"");
    assert_eq!(problem("input %x: f32[1]\n%y: f32[1] = Relu(%x) k=1"), "line 2: Relu has no attribute \"k\"");
    assert_eq!(problem("const %c: u8[1] = [256]"), "line 1: the list is not the data of a u8[1]");
}

fn graph_of(text: &str) -> Graph {
    parse(text, &ConstantTable::default()).expect("parses")
}

#[test]
fn the_verifier_refuses_broken_graphs() {
    let good =
        graph_of("graph \"g\"\ninput %x: f32[2]\n%y: f32[2] = Relu(%x)\n%z: f32[2] = Neg(%y)\noutput \"z\" = %z\n");
    assert_eq!(verify(&good), Ok(()));

    let mut order = good.clone();
    order.nodes.swap(0, 1);
    assert!(matches!(verify(&order), Err(VerifyError::NotComputed { .. })));

    let mut ty = good.clone();
    ty.values[1].ty = TensorType::new(DType::F32, [3]);
    assert!(matches!(verify(&ty), Err(VerifyError::ResultType { .. })));

    let mut name = good.clone();
    name.values[2].name = "x".into();
    assert!(matches!(verify(&name), Err(VerifyError::Name { .. })));

    let mut twice = good.clone();
    let node = twice.nodes[0].clone();
    twice.nodes.push(node);
    assert!(matches!(verify(&twice), Err(VerifyError::TwoSources { .. })));

    let mut range = good.clone();
    range.nodes[0].inputs[0] = ValueId(99);
    assert!(matches!(verify(&range), Err(VerifyError::UnknownValue { .. })));

    let mut operator = good;
    operator.nodes[0].op = Op::Select;
    assert!(matches!(verify(&operator), Err(VerifyError::Inference { .. })));
}
