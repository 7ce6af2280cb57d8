//! Parsing of `--input`, and the prepared values as the interpreter computes them.

use lathe_graph::op::Unary;

use super::*;

/// `x -> Neg -> y`, so that the prepared picture can be read off.
fn model(shape: [usize; 4]) -> Graph {
    let mut graph = Graph::new("t");
    let ty = TensorType::new(DType::F32, shape);
    let x = graph.add_input("x", ty.clone());
    let y = graph.add_value("y", ty);
    graph.nodes.push(Node { name: "neg".into(), op: Op::Unary(Unary::Neg), inputs: vec![x], outputs: vec![y] });
    graph.outputs.push(("y".into(), y));
    graph
}

fn prepared(graph: &mut Graph, input: &str, picture: &[u8]) -> Vec<f32> {
    apply(graph, &input.parse().unwrap()).unwrap();
    let tensor = Tensor::new(graph.ty(graph.inputs[0]).clone(), picture.to_vec()).unwrap();
    let y = lathe_graph::interpreter::run(graph, &[tensor]).unwrap();
    y[0].bytes().as_chunks::<4>().0.iter().map(|b| -f32::from_le_bytes(*b)).collect()
}

#[test]
fn channels_are_normalised_and_transposed() {
    let mut graph = model([1, 3, 1, 2]);
    let y = prepared(&mut graph, "x=u8,nhwc,mean=1,2,3,std=2,4,8,rgb", &[11, 22, 43, 1, 2, 3]);
    assert_eq!(y, [5.0, 0.0, 5.0, 0.0, 5.0, 0.0]);
    assert_eq!(graph.ty(graph.inputs[0]).to_string(), "u8[1,1,2,3]");
    assert_eq!(graph.value(graph.inputs[0]).name, "x");
}

#[test]
fn bgr_reverses_channels_before_the_mean() {
    let y = prepared(&mut model([1, 3, 1, 1]), "x=u8,nhwc,mean=10,20,30,bgr", &[1, 2, 3]);
    assert_eq!(y, [3.0 - 10.0, 2.0 - 20.0, 1.0 - 30.0]);
}

#[test]
fn bgr_leaves_opacity_where_it_is() {
    let y = prepared(&mut model([1, 4, 1, 2]), "x=u8,nhwc,mean=1,2,3,4,bgr", &[10, 20, 30, 40, 50, 60, 70, 80]);
    assert_eq!(y, [29.0, 69.0, 18.0, 58.0, 7.0, 47.0, 36.0, 76.0]);
}

#[test]
fn scale_comes_first_and_an_nhwc_model_is_not_transposed() {
    let mut graph = model([1, 1, 2, 3]);
    // [1,1,2,3] could be one channel of 2 x 3: N C H W is taken.
    assert_eq!(
        prepared(&mut graph, "x=u8,nhwc,scale=1/2,mean=1", &[2, 4, 6, 8, 10, 12]),
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    );
    let mut graph = model([1, 2, 2, 3]);
    let y = prepared(&mut graph, "x=u8,nhwc,scale=1/255,std=1", &[255; 12]);
    assert!(y.iter().all(|v| (v - 1.0).abs() < 1e-6));
    assert_eq!(graph.ty(graph.inputs[0]).to_string(), "u8[1,2,2,3]");
}

#[test]
fn wrong_requests_say_what_is_wrong() {
    let parse = |text: &str| text.parse::<PictureInput>().unwrap_err().to_string();
    assert!(parse("x").contains("expected NAME=u8"));
    assert!(parse("x=u8garbage,nhwc").contains("\"u8garbage\" is not known"));
    assert!(parse("x=u8,nchw").contains("\"nchw\" is not known"));
    assert!(parse("x=u8,std=0").contains("must not be zero"));
    assert!(parse("x=u8,mean=nan").contains("not a finite number"));
    assert!(parse("x=u8,gamma=2").contains("\"gamma\" is not known"));
    let refuse = |shape, text: &str| apply(&mut model(shape), &text.parse().unwrap()).unwrap_err().to_string();
    assert!(refuse([1, 3, 2, 2], "z=u8").contains("its inputs are: x"));
    assert!(refuse([1, 3, 2, 2], "x=u8,mean=1,2").contains("mean has 2 numbers, the input has 3 channels"));
    assert!(refuse([1, 5, 2, 2], "x=u8").contains("f32[1,5,2,2]"));
}

#[test]
fn the_text_form_parses_back() {
    for text in
        ["x=u8", "a=b=u8,nhwc,scale=1/255,mean=0.485,0.456,0.406,std=0.229,0.224,0.225,bgr", "x=u8,nhwc,mean=-3"]
    {
        let input: PictureInput = text.parse().unwrap();
        assert_eq!(input.to_string().parse::<PictureInput>().unwrap(), input);
    }
}
