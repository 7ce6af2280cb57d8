//! Attributes of each operator as `key=value`, without blanks. What has its usual value is left out: unit strides and
//! dilations, no padding, the channels-first layout.

use crate::op::{
    CoordinateMap, Direction, Interpolation, Layout, NearestRound, Op, PadMode, Pool, Reduction, ScatterCombine, Unary,
    Window,
};

/// A list under construction.
struct List(Vec<(&'static str, String)>);

impl List {
    fn with(mut self, key: &'static str, value: impl ToString) -> List {
        self.0.push((key, value.to_string()));
        self
    }

    fn list<T: ToString>(self, key: &'static str, values: &[T]) -> List {
        let items: Vec<String> = values.iter().map(T::to_string).collect();
        self.with(key, format!("[{}]", items.join(",")))
    }

    fn list_unless(self, key: &'static str, values: &[usize], usual: usize) -> List {
        if values.iter().all(|&v| v == usual) { self } else { self.list(key, values) }
    }

    fn layout(self, layout: Layout) -> List {
        if layout == Layout::ChannelsLast { self.with("layout", "channels_last") } else { self }
    }

    fn window(self, w: &Window) -> List {
        self.list("kernel", &w.kernel)
            .list_unless("strides", &w.strides, 1)
            .list_unless("dilations", &w.dilations, 1)
            .list_unless("pad_before", &w.pad_before, 0)
            .list_unless("pad_after", &w.pad_after, 0)
    }
}

/// The attributes of `op` in the text form.
pub(super) fn attributes(op: &Op) -> Vec<(&'static str, String)> {
    let l = List(Vec::new());
    let list = match op {
        Op::Unary(f) => unary(*f, l),
        Op::Binary(_) | Op::Select => l,
        Op::Cast(to) => l.with("to", to),
        Op::Reshape { shape } | Op::Expand { shape } => l.list("shape", shape),
        Op::Transpose { perm } => l.list("perm", perm),
        Op::Slice { starts, sizes, steps } => l.list("starts", starts).list("sizes", sizes).list("steps", steps),
        Op::Concat { axis }
        | Op::Gather { axis }
        | Op::GatherElements { axis }
        | Op::Quantize { axis }
        | Op::Dequantize { axis } => l.with("axis", axis),
        Op::Pad { before, after, mode } => pad_mode(*mode, l.list("before", before).list("after", after)),
        Op::Tile { repeats } => l.list("repeats", repeats),
        Op::GatherNd { batch_dims } => l.with("batch_dims", batch_dims),
        Op::ScatterNd { combine } => l.with("combine", combine_name(*combine)),
        Op::ScatterElements { axis, combine } => l.with("axis", axis).with("combine", combine_name(*combine)),
        Op::Trilu { upper, k } => l.with("upper", upper).with("k", k),
        Op::OneHot { axis, depth } => l.with("axis", axis).with("depth", depth),
        Op::CumSum { axis, exclusive, reverse } => {
            l.with("axis", axis).with("exclusive", exclusive).with("reverse", reverse)
        }
        Op::Resize { sizes, scales, map, interpolation, antialias } => {
            let l = l.list("sizes", sizes).list("scales", scales).with("map", map_name(*map));
            interpolation_words(*interpolation, l).with("antialias", antialias)
        }
        Op::Reduce { reduction, axes } => l.with("reduction", reduction_name(*reduction)).list("axes", axes),
        Op::ArgReduce { max, axis, select_last } => {
            l.with("max", max).with("axis", axis).with("select_last", select_last)
        }
        Op::TopK { axis, k, largest } => l.with("axis", axis).with("k", k).with("largest", largest),
        Op::Conv { window, groups, layout } => l.window(window).with("groups", groups).layout(*layout),
        Op::ConvTranspose { window, groups, output_padding, layout } => {
            l.window(window).with("groups", groups).list_unless("output_padding", output_padding, 0).layout(*layout)
        }
        Op::MatMul { transpose_a, transpose_b } => l.with("transpose_a", transpose_a).with("transpose_b", transpose_b),
        Op::Einsum { equation } => l.with("equation", equation),
        Op::Pool { pool, window, output, layout } => {
            pool_words(*pool, l).window(window).list("output", output).layout(*layout)
        }
        Op::Softmax { axes, log } => l.list("axes", axes).with("log", log),
        Op::LayerNorm { axis, epsilon } | Op::RmsNorm { axis, epsilon } => {
            l.with("axis", axis).with("epsilon", epsilon)
        }
        Op::BatchNorm { epsilon, layout } | Op::InstanceNorm { epsilon, layout } => {
            l.with("epsilon", epsilon).layout(*layout)
        }
        Op::Lstm { direction, hidden } => l.with("direction", direction_name(*direction)).with("hidden", hidden),
        Op::Gru { direction, hidden, linear_before_reset } => l
            .with("direction", direction_name(*direction))
            .with("hidden", hidden)
            .with("linear_before_reset", linear_before_reset),
    };
    list.0
}

fn unary(f: Unary, l: List) -> List {
    match f {
        Unary::LeakyRelu { alpha }
        | Unary::Elu { alpha }
        | Unary::Celu { alpha }
        | Unary::ThresholdedRelu { alpha } => l.with("alpha", alpha),
        Unary::HardSigmoid { alpha, beta } => l.with("alpha", alpha).with("beta", beta),
        Unary::Selu { alpha, gamma } => l.with("alpha", alpha).with("gamma", gamma),
        Unary::Gelu { tanh } => l.with("tanh", tanh),
        Unary::IsInf { negative, positive } => l.with("negative", negative).with("positive", positive),
        _ => l,
    }
}

fn pad_mode(mode: PadMode, l: List) -> List {
    match mode {
        PadMode::Constant(v) => l.with("mode", "constant").with("value", v),
        PadMode::Reflect => l.with("mode", "reflect"),
        PadMode::Edge => l.with("mode", "edge"),
        PadMode::Wrap => l.with("mode", "wrap"),
    }
}

fn pool_words(pool: Pool, l: List) -> List {
    match pool {
        Pool::Max => l.with("pool", "max"),
        Pool::Average { count_padding } => l.with("pool", "average").with("count_padding", count_padding),
        Pool::Lp { p } => l.with("pool", "lp").with("p", p),
    }
}

fn interpolation_words(interpolation: Interpolation, l: List) -> List {
    match interpolation {
        Interpolation::Nearest(round) => l.with("mode", "nearest").with("round", round_name(round)),
        Interpolation::Linear => l.with("mode", "linear"),
        Interpolation::Cubic { a, exclude_outside } => {
            l.with("mode", "cubic").with("a", a).with("exclude_outside", exclude_outside)
        }
    }
}

/// Declares the names of an enum, both ways.
macro_rules! names {
    ($print:ident, $parse:ident, $ty:ident, $($variant:ident = $name:literal),* $(,)?) => {
        fn $print(value: $ty) -> &'static str {
            match value { $($ty::$variant => $name),* }
        }
        pub(super) fn $parse(name: &str) -> Option<$ty> {
            match name { $($name => Some($ty::$variant),)* _ => None }
        }
    };
}

names!(
    combine_name,
    parse_combine,
    ScatterCombine,
    Replace = "replace",
    Add = "add",
    Mul = "mul",
    Max = "max",
    Min = "min"
);
names!(
    map_name,
    parse_map,
    CoordinateMap,
    HalfPixel = "half_pixel",
    HalfPixelSymmetric = "half_pixel_symmetric",
    PytorchHalfPixel = "pytorch_half_pixel",
    AlignCorners = "align_corners",
    Asymmetric = "asymmetric"
);
names!(
    round_name,
    parse_round,
    NearestRound,
    HalfDown = "half_down",
    HalfUp = "half_up",
    Floor = "floor",
    Ceil = "ceil"
);
names!(
    reduction_name,
    parse_reduction,
    Reduction,
    Sum = "sum",
    Mean = "mean",
    Max = "max",
    Min = "min",
    Prod = "prod",
    L1 = "l1",
    L2 = "l2",
    LogSum = "log_sum",
    LogSumExp = "log_sum_exp",
    SumSquare = "sum_square"
);
names!(
    direction_name,
    parse_direction,
    Direction,
    Forward = "forward",
    Reverse = "reverse",
    Bidirectional = "bidirectional"
);
