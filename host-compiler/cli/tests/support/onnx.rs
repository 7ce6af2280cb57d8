//! Tiny ONNX models, written as protobuf bytes by hand: only the fields the tests need.

/// A protobuf message under construction.
#[derive(Clone, Default)]
pub struct Message(Vec<u8>);

impl Message {
    pub fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn bytes(mut self, field: u64, value: impl AsRef<[u8]>) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.as_ref().len() as u64);
        self.0.extend(value.as_ref());
        self
    }

    pub fn message(self, field: u64, value: Message) -> Self {
        self.bytes(field, value.0)
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 128 {
            self.0.push(value as u8 | 128);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// ONNX element types.
pub const FLOAT: u64 = 1;
pub const INT64: u64 = 7;

/// A dimension: fixed, or a name to be fixed with --input-shape.
pub enum Dim {
    Fixed(u64),
    Open(&'static str),
}

/// A model under construction.
#[derive(Default)]
pub struct Model {
    graph: Message,
}

fn tensor(name: &str, dims: &[u64], values: &[f32]) -> Message {
    let message = dims.iter().fold(Message::default(), |m, &d| m.number(1, d)).number(2, FLOAT).bytes(8, name);
    message.bytes(9, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

impl Model {
    /// Adds a graph input (field 11) or output (field 12).
    fn value(mut self, field: u64, name: &str, element: u64, dims: &[Dim]) -> Self {
        let shape = dims.iter().fold(Message::default(), |m, d| {
            m.message(
                1,
                match d {
                    Dim::Fixed(n) => Message::default().number(1, *n),
                    Dim::Open(name) => Message::default().bytes(2, name),
                },
            )
        });
        let ty = Message::default().message(1, Message::default().number(1, element).message(2, shape));
        self.graph = self.graph.message(field, Message::default().bytes(1, name).message(2, ty));
        self
    }

    pub fn input(self, name: &str, dims: &[u64]) -> Self {
        let dims: Vec<Dim> = dims.iter().map(|&d| Dim::Fixed(d)).collect();
        self.value(11, name, FLOAT, &dims)
    }

    pub fn open_input(self, name: &str, dims: &[Dim]) -> Self {
        self.value(11, name, FLOAT, dims)
    }

    pub fn output(self, name: &str, element: u64, dims: &[u64]) -> Self {
        let dims: Vec<Dim> = dims.iter().map(|&d| Dim::Fixed(d)).collect();
        self.value(12, name, element, &dims)
    }

    pub fn constant(mut self, name: &str, dims: &[u64], values: &[f32]) -> Self {
        self.graph = self.graph.message(5, tensor(name, dims, values));
        self
    }

    pub fn constant_int64(mut self, name: &str, values: &[i64]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let tensor = Message::default().number(1, values.len() as u64).number(2, INT64).bytes(8, name).bytes(9, raw);
        self.graph = self.graph.message(5, tensor);
        self
    }

    /// A constant whose data is said to lie in the file `location`.
    pub fn external_constant(mut self, name: &str, dims: &[u64], location: &str) -> Self {
        let entry = Message::default().bytes(1, "location").bytes(2, location);
        let tensor = dims.iter().fold(Message::default(), |m, &d| m.number(1, d)).number(2, FLOAT).bytes(8, name);
        self.graph = self.graph.message(5, tensor.message(13, entry).number(14, 1));
        self
    }

    pub fn node(self, op: &str, inputs: &[&str], outputs: &[&str]) -> Self {
        self.node_with(op, inputs, outputs, &[])
    }

    /// A node with attributes that are lists of integers.
    pub fn node_with(mut self, op: &str, inputs: &[&str], outputs: &[&str], ints: &[(&str, &[u64])]) -> Self {
        let node = inputs.iter().fold(Message::default(), |m, name| m.bytes(1, name));
        let node = outputs.iter().fold(node, |m, name| m.bytes(2, name)).bytes(3, format!("{op}_{}", outputs[0]));
        let node = ints.iter().fold(node.bytes(4, op), |m, (name, values)| {
            let attribute = values.iter().fold(Message::default().bytes(1, name), |a, &v| a.number(8, v));
            m.message(5, attribute.number(20, 7))
        });
        self.graph = self.graph.message(1, node);
        self
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let opset = Message::default().bytes(1, "").number(2, 13);
        Message::default().number(1, 8).message(8, opset).message(7, self.graph.clone().bytes(2, "tiny")).0
    }
}

/// A note that may stand behind a model: its field `metadata_props`.
pub fn note(key: &str, value: &str) -> Vec<u8> {
    Message::default().message(14, Message::default().bytes(1, key).bytes(2, value)).0
}

/// Values that look random and are the same everywhere.
pub fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// conv 3x3 (2 -> 4 channels, padded) + relu + global average pool + gemm (4 -> 3), input `x: f32[1,2,5,7]`, output
/// `y: f32[1,3]`; and what it computes.
pub fn small_network() -> Model {
    Model::default()
        .input("x", &[1, 2, 5, 7])
        .constant("w", &[4, 2, 3, 3], &noise(1, 72))
        .constant("b", &[4], &noise(2, 4))
        .constant("v", &[4, 3], &noise(3, 12))
        .node_with("Conv", &["x", "w", "b"], &["c"], &[("pads", &[1, 1, 1, 1]), ("kernel_shape", &[3, 3])])
        .node("Relu", &["c"], &["r"])
        .node("GlobalAveragePool", &["r"], &["p"])
        .node("Flatten", &["p"], &["f"])
        .node("MatMul", &["f", "v"], &["y"])
        .output("y", FLOAT, &[1, 3])
}

/// What [`small_network`] computes, straight from the definitions.
pub fn small_network_answer(x: &[f32]) -> Vec<f32> {
    let (w, b, v) = (noise(1, 72), noise(2, 4), noise(3, 12));
    let pixel = |c: usize, i: i64, j: i64| {
        if (0..5).contains(&i) && (0..7).contains(&j) { x[c * 35 + i as usize * 7 + j as usize] } else { 0.0 }
    };
    let mut pooled = [0f64; 4];
    for (o, sum) in pooled.iter_mut().enumerate() {
        for (i, j) in (0..5i64).flat_map(|i| (0..7i64).map(move |j| (i, j))) {
            let mut acc = f64::from(b[o]);
            for (c, k) in (0..2).flat_map(|c| (0..9).map(move |k| (c, k))) {
                acc +=
                    f64::from(w[o * 18 + c * 9 + k]) * f64::from(pixel(c, i + k as i64 / 3 - 1, j + k as i64 % 3 - 1));
            }
            *sum += acc.max(0.0) / 35.0;
        }
    }
    (0..3).map(|n| (0..4).map(|o| pooled[o] * f64::from(v[o * 3 + n])).sum::<f64>() as f32).collect()
}
