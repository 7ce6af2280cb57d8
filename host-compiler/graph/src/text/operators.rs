//! Operators from their name and attributes: the inverse of `attributes`.

use std::collections::BTreeMap;
use std::str::FromStr;

use lathe_artifact::DType;

use super::attributes::{parse_combine, parse_direction, parse_map, parse_reduction, parse_round};
use crate::op::{Binary, Interpolation, Layout, Op, PadMode, Pool, Unary, Window};

/// The attributes of one line, taken out one by one.
pub(super) struct Attributes<'a>(pub BTreeMap<&'a str, &'a str>);

impl<'a> Attributes<'a> {
    fn word(&mut self, key: &str) -> Result<&'a str, String> {
        self.0.remove(key).ok_or_else(|| format!("attribute \"{key}\" is missing"))
    }

    fn get<T: FromStr>(&mut self, key: &str) -> Result<T, String> {
        let text = self.word(key)?;
        text.parse().map_err(|_| format!("attribute \"{key}\" cannot be \"{text}\""))
    }

    fn named<T>(&mut self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let text = self.word(key)?;
        parse(text).ok_or_else(|| format!("attribute \"{key}\" cannot be \"{text}\""))
    }

    fn list<T: FromStr>(&mut self, key: &str) -> Result<Vec<T>, String> {
        let items = |text: &str| {
            let inner = text.strip_prefix('[')?.strip_suffix(']')?;
            inner.split(',').filter(|t| !t.is_empty()).map(|t| t.parse().ok()).collect()
        };
        self.named(key, items)
    }

    fn list_or(&mut self, key: &str, usual: usize, length: usize) -> Result<Vec<usize>, String> {
        if self.0.contains_key(key) { self.list(key) } else { Ok(vec![usual; length]) }
    }

    fn layout(&mut self) -> Result<Layout, String> {
        match self.0.remove("layout") {
            None | Some("channels_first") => Ok(Layout::ChannelsFirst),
            Some("channels_last") => Ok(Layout::ChannelsLast),
            Some(other) => Err(format!("attribute \"layout\" cannot be \"{other}\"")),
        }
    }

    fn window(&mut self) -> Result<Window, String> {
        let kernel: Vec<usize> = self.list("kernel")?;
        let n = kernel.len();
        Ok(Window {
            kernel,
            strides: self.list_or("strides", 1, n)?,
            dilations: self.list_or("dilations", 1, n)?,
            pad_before: self.list_or("pad_before", 0, n)?,
            pad_after: self.list_or("pad_after", 0, n)?,
        })
    }
}

/// The operator `name` with these attributes; what is wrong in words otherwise.
pub(super) fn operator(name: &str, mut attributes: Attributes) -> Result<Op, String> {
    let a = &mut attributes;
    let op = match structured(name, a)? {
        Some(op) => op,
        None => computing(name, a)?.ok_or_else(|| format!("there is no operator \"{name}\""))?,
    };
    match attributes.0.keys().next() {
        Some(key) => Err(format!("{name} has no attribute \"{key}\"")),
        None => Ok(op),
    }
}

/// Operators that move, index or convert.
fn structured(name: &str, a: &mut Attributes) -> Result<Option<Op>, String> {
    Ok(Some(match name {
        "Select" => Op::Select,
        "Cast" => Op::Cast(a.named("to", DType::from_name)?),
        "Reshape" => Op::Reshape { shape: a.list("shape")? },
        "Expand" => Op::Expand { shape: a.list("shape")? },
        "Transpose" => Op::Transpose { perm: a.list("perm")? },
        "Slice" => Op::Slice { starts: a.list("starts")?, sizes: a.list("sizes")?, steps: a.list("steps")? },
        "Concat" => Op::Concat { axis: a.get("axis")? },
        "Pad" => Op::Pad { before: a.list("before")?, after: a.list("after")?, mode: pad_mode(a)? },
        "Tile" => Op::Tile { repeats: a.list("repeats")? },
        "Gather" => Op::Gather { axis: a.get("axis")? },
        "GatherElements" => Op::GatherElements { axis: a.get("axis")? },
        "GatherNd" => Op::GatherNd { batch_dims: a.get("batch_dims")? },
        "ScatterNd" => Op::ScatterNd { combine: a.named("combine", parse_combine)? },
        "ScatterElements" => Op::ScatterElements { axis: a.get("axis")?, combine: a.named("combine", parse_combine)? },
        "Trilu" => Op::Trilu { upper: a.get("upper")?, k: a.get("k")? },
        "OneHot" => Op::OneHot { axis: a.get("axis")?, depth: a.get("depth")? },
        "Resize" => Op::Resize {
            sizes: a.list("sizes")?,
            scales: a.list("scales")?,
            map: a.named("map", parse_map)?,
            interpolation: interpolation(a)?,
            antialias: a.get("antialias")?,
        },
        "Quantize" => Op::Quantize { axis: a.get("axis")? },
        "Dequantize" => Op::Dequantize { axis: a.get("axis")? },
        _ => return Ok(None),
    }))
}

/// Operators that compute.
fn computing(name: &str, a: &mut Attributes) -> Result<Option<Op>, String> {
    Ok(Some(match name {
        "CumSum" => Op::CumSum { axis: a.get("axis")?, exclusive: a.get("exclusive")?, reverse: a.get("reverse")? },
        "Reduce" => Op::Reduce { reduction: a.named("reduction", parse_reduction)?, axes: a.list("axes")? },
        "ArgReduce" => Op::ArgReduce { max: a.get("max")?, axis: a.get("axis")?, select_last: a.get("select_last")? },
        "TopK" => Op::TopK { axis: a.get("axis")?, k: a.get("k")?, largest: a.get("largest")? },
        "Conv" => Op::Conv { window: a.window()?, groups: a.get("groups")?, layout: a.layout()? },
        "ConvTranspose" => {
            let window = a.window()?;
            let output_padding = a.list_or("output_padding", 0, window.kernel.len())?;
            Op::ConvTranspose { window, groups: a.get("groups")?, output_padding, layout: a.layout()? }
        }
        "MatMul" => Op::MatMul { transpose_a: a.get("transpose_a")?, transpose_b: a.get("transpose_b")? },
        "Einsum" => Op::Einsum { equation: a.get("equation")? },
        "Pool" => Op::Pool { pool: pool(a)?, window: a.window()?, output: a.list("output")?, layout: a.layout()? },
        "Softmax" => Op::Softmax { axes: a.list("axes")?, log: a.get("log")? },
        "LayerNorm" => Op::LayerNorm { axis: a.get("axis")?, epsilon: a.get("epsilon")? },
        "RmsNorm" => Op::RmsNorm { axis: a.get("axis")?, epsilon: a.get("epsilon")? },
        "BatchNorm" => Op::BatchNorm { epsilon: a.get("epsilon")?, layout: a.layout()? },
        "InstanceNorm" => Op::InstanceNorm { epsilon: a.get("epsilon")?, layout: a.layout()? },
        "Lstm" => Op::Lstm { direction: a.named("direction", parse_direction)?, hidden: a.get("hidden")? },
        "Gru" => Op::Gru {
            direction: a.named("direction", parse_direction)?,
            hidden: a.get("hidden")?,
            linear_before_reset: a.get("linear_before_reset")?,
        },
        _ => match Binary::ALL.into_iter().find(|f| f.name() == name) {
            Some(f) => Op::Binary(f),
            None => return Ok(unary(name, a)?.map(Op::Unary)),
        },
    }))
}

fn unary(name: &str, a: &mut Attributes) -> Result<Option<Unary>, String> {
    Ok(Some(match name {
        "LeakyRelu" => Unary::LeakyRelu { alpha: a.get("alpha")? },
        "HardSigmoid" => Unary::HardSigmoid { alpha: a.get("alpha")?, beta: a.get("beta")? },
        "Elu" => Unary::Elu { alpha: a.get("alpha")? },
        "Selu" => Unary::Selu { alpha: a.get("alpha")?, gamma: a.get("gamma")? },
        "Celu" => Unary::Celu { alpha: a.get("alpha")? },
        "ThresholdedRelu" => Unary::ThresholdedRelu { alpha: a.get("alpha")? },
        "Gelu" => Unary::Gelu { tanh: a.get("tanh")? },
        "IsInf" => Unary::IsInf { negative: a.get("negative")?, positive: a.get("positive")? },
        _ => return Ok(Unary::PLAIN.into_iter().find(|f| f.name() == name)),
    }))
}

fn pad_mode(a: &mut Attributes) -> Result<PadMode, String> {
    match a.word("mode")? {
        "constant" => Ok(PadMode::Constant(a.get("value")?)),
        "reflect" => Ok(PadMode::Reflect),
        "edge" => Ok(PadMode::Edge),
        "wrap" => Ok(PadMode::Wrap),
        other => Err(format!("attribute \"mode\" cannot be \"{other}\"")),
    }
}

fn pool(a: &mut Attributes) -> Result<Pool, String> {
    match a.word("pool")? {
        "max" => Ok(Pool::Max),
        "average" => Ok(Pool::Average { count_padding: a.get("count_padding")? }),
        "lp" => Ok(Pool::Lp { p: a.get("p")? }),
        other => Err(format!("attribute \"pool\" cannot be \"{other}\"")),
    }
}

fn interpolation(a: &mut Attributes) -> Result<Interpolation, String> {
    match a.word("mode")? {
        "nearest" => Ok(Interpolation::Nearest(a.named("round", parse_round)?)),
        "linear" => Ok(Interpolation::Linear),
        "cubic" => Ok(Interpolation::Cubic { a: a.get("a")?, exclude_outside: a.get("exclude_outside")? }),
        other => Err(format!("attribute \"mode\" cannot be \"{other}\"")),
    }
}
