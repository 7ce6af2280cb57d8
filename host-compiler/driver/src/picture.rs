//! `--input NAME=u8,nhwc,mean=…,std=…,scale=…,rgb|bgr`: picture preparation folded into the graph.
//!
//! The named input becomes `u8` in N H W C order, RGB as decoders give it; nodes before the model's own turn it into
//! what the model wants: `y = (x * scale - mean) / std` per channel, red and blue exchanged for `bgr`, transposed to the
//! model's N C H W.
//!
//! before: `x: f32[1,3,8,8] -> model`
//! after:  `x: u8[1,8,8,3] -> Cast -> [Slice | Gather] -> Sub -> Mul -> Transpose -> model`

use std::fmt;
use std::str::FromStr;

use lathe_graph::op::{Binary, Op};
use lathe_graph::{DType, Graph, Node, Tensor, TensorType, ValueId};

/// One `--input`.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureInput {
    /// the graph input
    pub name: String,
    /// subtracted from each channel after `scale`; empty for 0, one for all channels, or one per channel
    pub mean: Vec<f64>,
    /// divides each channel last; empty for 1, one for all channels, or one per channel
    pub std: Vec<f64>,
    /// multiplies the bytes first
    pub scale: f64,
    /// the model wants blue first
    pub bgr: bool,
}

impl fmt::Display for PictureInput {
    /// The text that parses back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |v: &[f64]| v.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        write!(f, "{}=u8,nhwc,scale={}", self.name, self.scale)?;
        if !self.mean.is_empty() {
            write!(f, ",mean={}", list(&self.mean))?;
        }
        if !self.std.is_empty() {
            write!(f, ",std={}", list(&self.std))?;
        }
        f.write_str(if self.bgr { ",bgr" } else { ",rgb" })
    }
}

/// Why an `--input` is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PictureInputError {
    /// The text cannot be read.
    #[error(
        "--input {text:?}: {what}; for example --input image=u8,nhwc,scale=1/255,mean=0.485,0.456,0.406,std=0.229,0.224,0.225,rgb"
    )]
    Syntax {
        /// what was given
        text: String,
        /// what is wrong
        what: String,
    },
    /// The model has no such input.
    #[error("--input {name}: the model has no input of this name; its inputs are: {}", available.join(", "))]
    UnknownInput {
        /// the name
        name: String,
        /// the model's inputs
        available: Vec<String>,
    },
    /// The input is no picture.
    #[error(
        "--input {name}: it is {ty}, a picture input is a float tensor [n,channels,h,w] or [n,h,w,channels] with 1, 3 or 4 channels"
    )]
    NotAPicture {
        /// the input
        name: String,
        /// its type
        ty: String,
    },
    /// `mean` or `std` has neither one number nor one per channel.
    #[error("--input {name}: {key} has {given} numbers, the input has {channels} channels")]
    Channels {
        /// the input
        name: String,
        /// `mean` or `std`
        key: &'static str,
        /// numbers given
        given: usize,
        /// channels
        channels: usize,
    },
}

impl FromStr for PictureInput {
    type Err = PictureInputError;

    fn from_str(text: &str) -> Result<Self, PictureInputError> {
        let error = |what: String| PictureInputError::Syntax { text: text.to_string(), what };
        // The name may hold `=`, the settings begin with the element type.
        let (name, settings) = text.rsplit_once("=u8").ok_or_else(|| error("expected NAME=u8,nhwc,…".into()))?;
        if !settings.is_empty() && !settings.starts_with(',') {
            return Err(error(format!("\"u8{}\" is not known", settings.split(',').next().unwrap_or(settings))));
        }
        let mut input = PictureInput { name: name.to_string(), mean: vec![], std: vec![], scale: 1.0, bgr: false };
        let mut list: Option<&mut Vec<f64>> = None;
        for word in settings.split(',').skip(1) {
            match word.split_once('=') {
                None if word == "nhwc" || word == "rgb" => list = None,
                None if word == "bgr" => {
                    input.bgr = true;
                    list = None;
                }
                None => match (number(word), list.as_deref_mut()) {
                    (Some(v), Some(l)) => l.push(v),
                    _ => return Err(error(format!("{word:?} is not known"))),
                },
                Some((key, value)) => {
                    let value = number(value).ok_or_else(|| error(format!("{value:?} is not a finite number")))?;
                    list = match key {
                        "mean" => Some(&mut input.mean),
                        "std" => Some(&mut input.std),
                        "scale" => None,
                        _ => return Err(error(format!("{key:?} is not known"))),
                    };
                    match list.as_deref_mut() {
                        Some(l) => l.push(value),
                        None => input.scale = value,
                    }
                }
            }
        }
        if input.scale == 0.0 || input.std.contains(&0.0) {
            return Err(error("scale and std must not be zero".into()));
        }
        Ok(input)
    }
}

/// `0.5`, `1/255`.
fn number(text: &str) -> Option<f64> {
    let value = match text.split_once('/') {
        Some((a, b)) => a.parse::<f64>().ok()? / b.parse::<f64>().ok()?,
        None => text.parse().ok()?,
    };
    value.is_finite().then_some(value)
}

/// Folds the preparation into `graph`.
pub fn apply(graph: &mut Graph, input: &PictureInput) -> Result<(), PictureInputError> {
    let names = || graph.inputs.iter().map(|&v| graph.value(v).name.clone()).collect();
    let unknown = || PictureInputError::UnknownInput { name: input.name.clone(), available: names() };
    let position = graph.inputs.iter().position(|&v| graph.value(v).name == input.name).ok_or_else(unknown)?;
    let wanted = graph.inputs[position];
    let ty = graph.ty(wanted).clone();
    let layout = Layout::of(&ty)
        .ok_or_else(|| PictureInputError::NotAPicture { name: input.name.clone(), ty: ty.to_string() })?;
    let (offset, factor) = coefficients(input, layout.channels)?;

    let nhwc: Vec<usize> = layout.to_nhwc.iter().map(|&d| ty.shape[d]).collect();
    let picture = graph.add_value(format!("{}.prepared", input.name), TensorType::new(DType::U8, nhwc.clone()));
    // The picture takes the input's name, the model's own value the new one.
    let new_name = graph.value(picture).name.clone();
    let model_name = std::mem::replace(&mut graph.values[wanted.0 as usize].name, new_name);
    graph.values[picture.0 as usize].name = model_name;
    graph.inputs[position] = picture;

    let mut chain = Chain { graph, name: &input.name, nodes: Vec::new(), at: picture };
    chain.push(Op::Cast(ty.dtype), None, &nhwc, ty.dtype);
    match layout.channels {
        3 if input.bgr => {
            let op = Op::Slice { starts: vec![0, 0, 0, 2], sizes: nhwc.clone(), steps: vec![1, 1, 1, -1] };
            chain.push(op, None, &nhwc, ty.dtype);
        }
        // A fourth channel, opacity, stays where it is.
        4 if input.bgr => {
            let order = [2i64, 1, 0, 3].iter().flat_map(|c| c.to_le_bytes()).collect();
            chain.push(Op::Gather { axis: 3 }, Some((DType::I64, order)), &nhwc, ty.dtype);
        }
        _ => {}
    }
    let per_channel = |values: &[f64]| Some((ty.dtype, values.iter().flat_map(|&v| element(ty.dtype, v)).collect()));
    if offset.iter().any(|&v| v != 0.0) {
        chain.push(Op::Binary(Binary::Sub), per_channel(&offset), &nhwc, ty.dtype);
    }
    if factor.iter().any(|&v| v != 1.0) {
        chain.push(Op::Binary(Binary::Mul), per_channel(&factor), &nhwc, ty.dtype);
    }
    if layout.to_nhwc != [0, 1, 2, 3] {
        chain.push(Op::Transpose { perm: vec![0, 3, 1, 2] }, None, &ty.shape, ty.dtype);
    }
    let (mut nodes, last) = (chain.nodes, chain.at);
    // The last new node computes the value the model's nodes read.
    if let Some(node) = nodes.last_mut() {
        node.outputs = vec![wanted];
    }
    for output in graph.outputs.iter_mut().filter(|(_, v)| *v == last) {
        output.1 = wanted;
    }
    graph.nodes.splice(0..0, nodes);
    Ok(())
}

/// `(offset, factor)` per channel, so that `y = (x - offset) * factor`.
fn coefficients(input: &PictureInput, channels: usize) -> Result<(Vec<f64>, Vec<f64>), PictureInputError> {
    let per_channel = |key: &'static str, list: &[f64], default: f64| match *list {
        [] => Ok(vec![default; channels]),
        [v] => Ok(vec![v; channels]),
        _ if list.len() == channels => Ok(list.to_vec()),
        _ => Err(PictureInputError::Channels { name: input.name.clone(), key, given: list.len(), channels }),
    };
    let offset = per_channel("mean", &input.mean, 0.0)?.iter().map(|m| m / input.scale).collect();
    let factor = per_channel("std", &input.std, 1.0)?.iter().map(|s| input.scale / s).collect();
    Ok((offset, factor))
}

struct Layout {
    channels: usize,
    to_nhwc: [usize; 4],
}

impl Layout {
    /// Where the channels of a picture tensor are; N C H W when both could be.
    fn of(ty: &TensorType) -> Option<Layout> {
        let float = matches!(ty.dtype, DType::F32 | DType::F16);
        match *ty.shape.as_slice() {
            [_, channels @ (1 | 3 | 4), _, _] if float => Some(Layout { channels, to_nhwc: [0, 2, 3, 1] }),
            [_, _, _, channels @ (1 | 3 | 4)] if float => Some(Layout { channels, to_nhwc: [0, 1, 2, 3] }),
            _ => None,
        }
    }
}

/// Nodes under construction, each reading the one before.
struct Chain<'g> {
    graph: &'g mut Graph,
    name: &'g str,
    nodes: Vec<Node>,
    at: ValueId,
}

impl Chain<'_> {
    /// Adds a node that reads the last value, and a constant of the given type and bytes, one element per channel.
    fn push(&mut self, op: Op, constant: Option<(DType, Vec<u8>)>, shape: &[usize], dtype: DType) {
        let step = format!("{}.prepare.{}", self.name, self.nodes.len());
        let mut inputs = vec![self.at];
        if let Some((dtype, bytes)) = constant {
            let tensor = Tensor::new(TensorType::new(dtype, [bytes.len() / dtype.size()]), bytes);
            inputs.extend(tensor.map(|t| self.graph.add_constant(format!("{step}.constant"), t)));
        }
        self.at = self.graph.add_value(step.clone(), TensorType::new(dtype, shape));
        self.nodes.push(Node { name: step, op, inputs, outputs: vec![self.at] });
    }
}

fn element(dtype: DType, value: f64) -> Vec<u8> {
    match dtype {
        DType::F16 => half::f16::from_f64(value).to_le_bytes().to_vec(),
        _ => (value as f32).to_le_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests;
