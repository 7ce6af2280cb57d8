//! The operators of the graph IR.
//!
//! Fewer than ONNX's and more regular: all attributes are static and explicit (no negative axes, no auto padding, no
//! optional inputs), so type inference is a function of the operator and its input types alone. Views, shape
//! arithmetic and defaults are the importer's work.

use lathe_artifact::DType;

/// Element-wise function of one operand. The result has the operand's type, but for the tests (`IsNan`, `IsInf`),
/// which give `bool`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `|x|`
    Abs,
    /// `-x`
    Neg,
    /// logical not of a bool
    Not,
    /// bitwise not of an integer
    BitNot,
    /// smallest integer not below x
    Ceil,
    /// largest integer not above x
    Floor,
    /// nearest integer, halves to even
    Round,
    /// -1, 0 or 1
    Sign,
    /// square root
    Sqrt,
    /// 1 / x
    Reciprocal,
    /// e^x
    Exp,
    /// natural logarithm
    Log,
    /// error function
    Erf,
    /// sine of radians
    Sin,
    /// cosine of radians
    Cos,
    /// tangent of radians
    Tan,
    /// inverse sine
    Asin,
    /// inverse cosine
    Acos,
    /// inverse tangent
    Atan,
    /// hyperbolic sine
    Sinh,
    /// hyperbolic cosine
    Cosh,
    /// hyperbolic tangent
    Tanh,
    /// inverse hyperbolic sine
    Asinh,
    /// inverse hyperbolic cosine
    Acosh,
    /// inverse hyperbolic tangent
    Atanh,
    /// max(x, 0)
    Relu,
    /// 1 / (1 + e^-x)
    Sigmoid,
    /// x * clamp(x/6 + 1/2, 0, 1)
    HardSwish,
    /// ln(1 + e^x)
    Softplus,
    /// x / (1 + |x|)
    Softsign,
    /// x * tanh(softplus(x))
    Mish,
    /// x if x >= 0, else alpha * x
    LeakyRelu {
        /// slope of the negative side
        alpha: f32,
    },
    /// clamp(alpha * x + beta, 0, 1)
    HardSigmoid {
        /// slope
        alpha: f32,
        /// offset
        beta: f32,
    },
    /// x if x >= 0, else alpha * (e^x - 1)
    Elu {
        /// scale of the negative side
        alpha: f32,
    },
    /// gamma * (x if x > 0, else alpha * (e^x - 1))
    Selu {
        /// scale of the negative side
        alpha: f32,
        /// overall scale
        gamma: f32,
    },
    /// max(0, x) + min(0, alpha * (e^(x/alpha) - 1))
    Celu {
        /// scale
        alpha: f32,
    },
    /// x if x > alpha, else 0
    ThresholdedRelu {
        /// threshold
        alpha: f32,
    },
    /// x * Phi(x), by erf (`tanh: false`) or its tanh approximation
    Gelu {
        /// use the tanh approximation
        tanh: bool,
    },
    /// x is not a number (gives bool)
    IsNan,
    /// x is infinite of an asked-for sign (gives bool)
    IsInf {
        /// count -inf
        negative: bool,
        /// count +inf
        positive: bool,
    },
}

impl Unary {
    /// The functions without parameters, in declaration order.
    #[rustfmt::skip]
    pub const PLAIN: [Unary; 32] = [
        Unary::Abs, Unary::Neg, Unary::Not, Unary::BitNot, Unary::Ceil, Unary::Floor, Unary::Round, Unary::Sign,
        Unary::Sqrt, Unary::Reciprocal, Unary::Exp, Unary::Log, Unary::Erf, Unary::Sin, Unary::Cos, Unary::Tan,
        Unary::Asin, Unary::Acos, Unary::Atan, Unary::Sinh, Unary::Cosh, Unary::Tanh, Unary::Asinh, Unary::Acosh,
        Unary::Atanh, Unary::Relu, Unary::Sigmoid, Unary::HardSwish, Unary::Softplus, Unary::Softsign, Unary::Mish,
        Unary::IsNan,
    ];

    /// The function's name in messages and in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Abs => "Abs",
            Unary::Neg => "Neg",
            Unary::Not => "Not",
            Unary::BitNot => "BitNot",
            Unary::Ceil => "Ceil",
            Unary::Floor => "Floor",
            Unary::Round => "Round",
            Unary::Sign => "Sign",
            Unary::Sqrt => "Sqrt",
            Unary::Reciprocal => "Reciprocal",
            Unary::Exp => "Exp",
            Unary::Log => "Log",
            Unary::Erf => "Erf",
            Unary::Sin => "Sin",
            Unary::Cos => "Cos",
            Unary::Tan => "Tan",
            Unary::Asin => "Asin",
            Unary::Acos => "Acos",
            Unary::Atan => "Atan",
            Unary::Sinh => "Sinh",
            Unary::Cosh => "Cosh",
            Unary::Tanh => "Tanh",
            Unary::Asinh => "Asinh",
            Unary::Acosh => "Acosh",
            Unary::Atanh => "Atanh",
            Unary::Relu => "Relu",
            Unary::Sigmoid => "Sigmoid",
            Unary::HardSwish => "HardSwish",
            Unary::Softplus => "Softplus",
            Unary::Softsign => "Softsign",
            Unary::Mish => "Mish",
            Unary::LeakyRelu { .. } => "LeakyRelu",
            Unary::HardSigmoid { .. } => "HardSigmoid",
            Unary::Elu { .. } => "Elu",
            Unary::Selu { .. } => "Selu",
            Unary::Celu { .. } => "Celu",
            Unary::ThresholdedRelu { .. } => "ThresholdedRelu",
            Unary::Gelu { .. } => "Gelu",
            Unary::IsNan => "IsNan",
            Unary::IsInf { .. } => "IsInf",
        }
    }
}

/// Element-wise function of two operands of one type, broadcast NumPy-wise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a - b
    Sub,
    /// a * b
    Mul,
    /// a / b (integers truncate toward zero)
    Div,
    /// remainder with the sign of the divisor (Python's %)
    Mod,
    /// remainder with the sign of the dividend (C's fmod)
    Fmod,
    /// a to the power b (b is cast to a's type by the importer)
    Pow,
    /// the smaller; NaN wins
    Min,
    /// the larger; NaN wins
    Max,
    /// a if a >= 0, else a * b
    Prelu,
    /// logical or bitwise and
    And,
    /// logical or bitwise or
    Or,
    /// logical or bitwise exclusive or
    Xor,
    /// a << b
    ShiftLeft,
    /// a >> b (logical on unsigned)
    ShiftRight,
    /// a == b (gives bool)
    Equal,
    /// a < b (gives bool)
    Less,
    /// a <= b (gives bool)
    LessOrEqual,
    /// a > b (gives bool)
    Greater,
    /// a >= b (gives bool)
    GreaterOrEqual,
}

impl Binary {
    /// Whether the result is `bool` whatever the operands.
    pub fn is_comparison(self) -> bool {
        matches!(self, Binary::Equal | Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual)
    }

    /// Every function, in declaration order.
    pub const ALL: [Binary; 20] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Mod,
        Binary::Fmod,
        Binary::Pow,
        Binary::Min,
        Binary::Max,
        Binary::Prelu,
        Binary::And,
        Binary::Or,
        Binary::Xor,
        Binary::ShiftLeft,
        Binary::ShiftRight,
        Binary::Equal,
        Binary::Less,
        Binary::LessOrEqual,
        Binary::Greater,
        Binary::GreaterOrEqual,
    ];

    /// The function's name in messages and in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "Add",
            Binary::Sub => "Sub",
            Binary::Mul => "Mul",
            Binary::Div => "Div",
            Binary::Mod => "Mod",
            Binary::Fmod => "Fmod",
            Binary::Pow => "Pow",
            Binary::Min => "Min",
            Binary::Max => "Max",
            Binary::Prelu => "Prelu",
            Binary::And => "And",
            Binary::Or => "Or",
            Binary::Xor => "Xor",
            Binary::ShiftLeft => "ShiftLeft",
            Binary::ShiftRight => "ShiftRight",
            Binary::Equal => "Equal",
            Binary::Less => "Less",
            Binary::LessOrEqual => "LessOrEqual",
            Binary::Greater => "Greater",
            Binary::GreaterOrEqual => "GreaterOrEqual",
        }
    }
}

/// How a reduction combines elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// sum
    Sum,
    /// arithmetic mean
    Mean,
    /// maximum
    Max,
    /// minimum
    Min,
    /// product
    Prod,
    /// sum of |x|
    L1,
    /// square root of the sum of squares
    L2,
    /// ln of the sum
    LogSum,
    /// ln of the sum of e^x, computed without overflow
    LogSumExp,
    /// sum of squares
    SumSquare,
}

/// How padding is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// with a value (of the operand's type; 1.0 or 0.0 for bool)
    Constant(f64),
    /// mirror without repeating the edge
    Reflect,
    /// repeat the edge
    Edge,
    /// wrap around
    Wrap,
}

/// Where the channel dimension stands: `N C spatial…` or `N spatial… C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// N C spatial… (ONNX)
    #[default]
    ChannelsFirst,
    /// N spatial… C
    ChannelsLast,
}

impl Layout {
    /// Index of the channel dimension in a tensor of `rank` dimensions.
    pub fn channel_axis(self, rank: usize) -> usize {
        match self {
            Layout::ChannelsFirst => 1,
            Layout::ChannelsLast => rank - 1,
        }
    }

    /// Index of spatial dimension `k`.
    pub fn spatial_axis(self, k: usize) -> usize {
        match self {
            Layout::ChannelsFirst => 2 + k,
            Layout::ChannelsLast => 1 + k,
        }
    }
}

/// Window geometry of convolutions and pools, one entry per spatial dimension. Padding is resolved: explicit, in
/// elements, never automatic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Window {
    /// kernel extents
    pub kernel: Vec<usize>,
    /// steps
    pub strides: Vec<usize>,
    /// spacing of kernel elements
    pub dilations: Vec<usize>,
    /// padding before each dimension
    pub pad_before: Vec<usize>,
    /// padding after each dimension (with `ceil_mode` the window may run past it)
    pub pad_after: Vec<usize>,
}

impl Window {
    /// Output extent of spatial dimension `k` for an input extent of `n`, rounding down; `None` if the kernel does not fit.
    pub fn output_extent(&self, k: usize, n: usize) -> Option<usize> {
        let span = self.dilations[k].checked_mul(self.kernel[k].checked_sub(1)?)?.checked_add(1)?;
        let padded = n.checked_add(self.pad_before[k])?.checked_add(self.pad_after[k])?;
        Some(padded.checked_sub(span)? / self.strides[k].max(1) + 1)
    }
}

/// What a pooling window computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// maximum of the elements inside
    Max,
    /// mean; `count_padding` divides by the whole kernel (padding counted), else by the elements inside
    Average {
        /// divide by elements inside the padded tensor rather than inside the tensor
        count_padding: bool,
    },
    /// p-norm of the elements inside
    Lp {
        /// the norm's order
        p: u32,
    },
}

/// How `Resize` maps an output coordinate to the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoordinateMap {
    /// (x + 0.5) / scale - 0.5
    HalfPixel,
    /// as HalfPixel, but symmetric about the centre when the length is not a multiple
    HalfPixelSymmetric,
    /// as HalfPixel, but 0 when the output has one element
    PytorchHalfPixel,
    /// x * (in - 1) / (out - 1)
    AlignCorners,
    /// x / scale
    Asymmetric,
}

/// How `Resize` interpolates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interpolation {
    /// nearest element; how a fraction is rounded
    Nearest(NearestRound),
    /// linear in every resized dimension
    Linear,
    /// cubic with this coefficient
    Cubic {
        /// the cubic coefficient (usually -0.75 or -0.5)
        a: f32,
        /// ignore samples outside and renormalise
        exclude_outside: bool,
    },
}

/// Rounding of a nearest coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NearestRound {
    /// halves down
    HalfDown,
    /// halves up
    HalfUp,
    /// floor
    Floor,
    /// ceil
    Ceil,
}

/// How scattered updates combine with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScatterCombine {
    /// the update replaces (the last one wins)
    Replace,
    /// sum
    Add,
    /// product
    Mul,
    /// maximum
    Max,
    /// minimum
    Min,
}

/// Direction of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// first to last
    Forward,
    /// last to first
    Reverse,
    /// both, on the direction axis
    Bidirectional,
}

/// An operator with its static attributes. Inputs and outputs are listed in order behind `in:` and `out:`.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// in: x. out: f(x).
    Unary(Unary),
    /// in: a, b (one dtype, broadcast). out: f(a, b).
    Binary(Binary),
    /// in: condition (bool), a, b; broadcast. out: a where condition, else b.
    Select,
    /// in: x. out: x in another dtype (float to integer truncates; nonzero to bool is true).
    Cast(DType),
    /// in: x. out: the same elements under `shape` (all positive or zero extents).
    Reshape {
        /// target shape
        shape: Vec<usize>,
    },
    /// in: x. out: dimension `i` is x's dimension `perm[i]`.
    Transpose {
        /// source dimension of each result dimension
        perm: Vec<usize>,
    },
    /// in: x. out: x broadcast to `shape` (NumPy rules, x's shape aligned right).
    Expand {
        /// target shape
        shape: Vec<usize>,
    },
    /// in: x. out: `x[starts + i * steps]`, `sizes[i]` elements in each dimension; steps may be negative.
    Slice {
        /// first index of each dimension
        starts: Vec<usize>,
        /// extents of the result
        sizes: Vec<usize>,
        /// step of each dimension, not zero
        steps: Vec<isize>,
    },
    /// in: one or more. out: joined along `axis`.
    Concat {
        /// the dimension
        axis: usize,
    },
    /// in: x. out: x with padding (negative padding crops).
    Pad {
        /// before each dimension
        before: Vec<isize>,
        /// after each dimension
        after: Vec<isize>,
        /// what to fill with
        mode: PadMode,
    },
    /// in: x. out: x repeated.
    Tile {
        /// repeats of each dimension
        repeats: Vec<usize>,
    },
    /// in: x, indices (i32 or i64; negative counts from the end). out: slices of x along `axis`.
    Gather {
        /// the dimension
        axis: usize,
    },
    /// in: x, indices of x's rank. out: `x[.., indices[..], ..]`.
    GatherElements {
        /// the dimension
        axis: usize,
    },
    /// in: x, indices (last dimension holds coordinates). out: gathered slices.
    GatherNd {
        /// leading dimensions shared by both operands
        batch_dims: usize,
    },
    /// in: x, indices, updates. out: x with updates written at the coordinates in indices' last dimension.
    ScatterNd {
        /// how updates combine
        combine: ScatterCombine,
    },
    /// in: x, indices, updates of one rank. out: x with updates written along `axis`.
    ScatterElements {
        /// the dimension
        axis: usize,
        /// how updates combine
        combine: ScatterCombine,
    },
    /// in: x. out: x with one triangle of each matrix kept, the rest zero.
    Trilu {
        /// keep the upper triangle
        upper: bool,
        /// diagonal
        k: i64,
    },
    /// in: indices, values (off, on). out: one more dimension of `depth` at `axis`.
    OneHot {
        /// position of the new dimension
        axis: usize,
        /// its extent
        depth: usize,
    },
    /// in: x. out: running sums along `axis`.
    CumSum {
        /// the dimension
        axis: usize,
        /// leave out the element itself
        exclusive: bool,
        /// from the end
        reverse: bool,
    },
    /// in: x. out: x resized to `sizes`; `scales` are what coordinates are computed with (one per dimension).
    Resize {
        /// result extents
        sizes: Vec<usize>,
        /// scale of each dimension (result over source)
        scales: Vec<f32>,
        /// coordinate map
        map: CoordinateMap,
        /// interpolation
        interpolation: Interpolation,
        /// low-pass filter when shrinking
        antialias: bool,
    },
    /// in: x. out: reduced over `axes`; reduced dimensions stay with extent 1.
    Reduce {
        /// how elements combine
        reduction: Reduction,
        /// dimensions, ascending
        axes: Vec<usize>,
    },
    /// in: x. out: i64 index of the extreme element along `axis` (kept with extent 1).
    ArgReduce {
        /// maximum rather than minimum
        max: bool,
        /// the dimension
        axis: usize,
        /// the last of equals rather than the first
        select_last: bool,
    },
    /// in: x. out: the k extreme values along `axis` sorted, and their i64 indices.
    TopK {
        /// the dimension
        axis: usize,
        /// how many
        k: usize,
        /// largest rather than smallest
        largest: bool,
    },
    /// in: x, weights `[out, in/groups, kernel…]`, optional bias `[out]`. out: correlation.
    Conv {
        /// geometry
        window: Window,
        /// groups
        groups: usize,
        /// layout of x and the result (weights stay as they are)
        layout: Layout,
    },
    /// in: x, weights `[in, out/groups, kernel…]`, optional bias `[out]`. out: transposed convolution.
    ConvTranspose {
        /// geometry; padding crops the result
        window: Window,
        /// groups
        groups: usize,
        /// extra extent at the end of each spatial dimension
        output_padding: Vec<usize>,
        /// layout of x and the result
        layout: Layout,
    },
    /// in: a `[…, m, k]`, b `[…, k, n]` (last two swapped when transposed); leading dimensions broadcast. out: `[…, m, n]`.
    MatMul {
        /// a is `[…, k, m]`
        transpose_a: bool,
        /// b is `[…, n, k]`
        transpose_b: bool,
    },
    /// in: operands. out: Einstein summation; the equation is explicit (`ij,jk->ik`), without blanks or ellipsis.
    Einsum {
        /// the equation
        equation: String,
    },
    /// in: x. out: pooled; the result's spatial extents are `output` (so ceil mode is resolved).
    Pool {
        /// what a window computes
        pool: Pool,
        /// geometry
        window: Window,
        /// result's spatial extents
        output: Vec<usize>,
        /// layout of x and the result
        layout: Layout,
    },
    /// in: x. out: softmax (or its logarithm) over `axes`.
    Softmax {
        /// dimensions, ascending
        axes: Vec<usize>,
        /// give the logarithm
        log: bool,
    },
    /// in: x, scale, bias (both of the shape of x's dimensions from `axis` on, or broadcastable to it).
    /// out: (x - mean) / sqrt(variance + epsilon) * scale + bias over dimensions `axis..`.
    LayerNorm {
        /// first normalised dimension
        axis: usize,
        /// added to the variance
        epsilon: f32,
    },
    /// in: x, scale. out: x / sqrt(mean(x^2) + epsilon) * scale over dimensions `axis..`.
    RmsNorm {
        /// first normalised dimension
        axis: usize,
        /// added to the mean square
        epsilon: f32,
    },
    /// in: x, scale, bias, mean, variance (each `[channels]`). out: inference-time batch normalisation.
    BatchNorm {
        /// added to the variance
        epsilon: f32,
        /// layout of x
        layout: Layout,
    },
    /// in: x, scale, bias (each `[channels]`). out: normalised over the spatial dimensions of each image and channel.
    InstanceNorm {
        /// added to the variance
        epsilon: f32,
        /// layout of x
        layout: Layout,
    },
    /// in: x `[time, batch, in]`, w `[dirs, 4*hidden, in]`, r `[dirs, 4*hidden, hidden]`, bias `[dirs, 8*hidden]`,
    /// h0, c0 `[dirs, batch, hidden]`, peepholes `[dirs, 3*hidden]` (ONNX gate order i, o, f, c; sigmoid, tanh, tanh).
    /// out: y `[time, dirs, batch, hidden]`, h, c `[dirs, batch, hidden]`.
    Lstm {
        /// direction
        direction: Direction,
        /// hidden units
        hidden: usize,
    },
    /// in: x, w `[dirs, 3*hidden, in]`, r `[dirs, 3*hidden, hidden]`, bias `[dirs, 6*hidden]`, h0 (gate order z, r, h).
    /// out: y `[time, dirs, batch, hidden]`, h `[dirs, batch, hidden]`.
    Gru {
        /// direction
        direction: Direction,
        /// hidden units
        hidden: usize,
        /// apply the reset gate after the recurrent product
        linear_before_reset: bool,
    },
    /// in: x, scale, zero point (scalars or per channel of `axis`). out: clamp(round(x / scale) + zero point).
    Quantize {
        /// channel dimension of per-channel parameters
        axis: usize,
    },
    /// in: x, scale, zero point (scalars or per channel of `axis`). out: (x - zero point) * scale.
    Dequantize {
        /// channel dimension of per-channel parameters
        axis: usize,
    },
}

impl Op {
    /// The operator's name in messages and in the text form.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Unary(f) => f.name(),
            Op::Binary(f) => f.name(),
            Op::Select => "Select",
            Op::Cast(_) => "Cast",
            Op::Reshape { .. } => "Reshape",
            Op::Transpose { .. } => "Transpose",
            Op::Expand { .. } => "Expand",
            Op::Slice { .. } => "Slice",
            Op::Concat { .. } => "Concat",
            Op::Pad { .. } => "Pad",
            Op::Tile { .. } => "Tile",
            Op::Gather { .. } => "Gather",
            Op::GatherElements { .. } => "GatherElements",
            Op::GatherNd { .. } => "GatherNd",
            Op::ScatterNd { .. } => "ScatterNd",
            Op::ScatterElements { .. } => "ScatterElements",
            Op::Trilu { .. } => "Trilu",
            Op::OneHot { .. } => "OneHot",
            Op::CumSum { .. } => "CumSum",
            Op::Resize { .. } => "Resize",
            Op::Reduce { .. } => "Reduce",
            Op::ArgReduce { .. } => "ArgReduce",
            Op::TopK { .. } => "TopK",
            Op::Conv { .. } => "Conv",
            Op::ConvTranspose { .. } => "ConvTranspose",
            Op::MatMul { .. } => "MatMul",
            Op::Einsum { .. } => "Einsum",
            Op::Pool { .. } => "Pool",
            Op::Softmax { .. } => "Softmax",
            Op::LayerNorm { .. } => "LayerNorm",
            Op::RmsNorm { .. } => "RmsNorm",
            Op::BatchNorm { .. } => "BatchNorm",
            Op::InstanceNorm { .. } => "InstanceNorm",
            Op::Lstm { .. } => "Lstm",
            Op::Gru { .. } => "Gru",
            Op::Quantize { .. } => "Quantize",
            Op::Dequantize { .. } => "Dequantize",
        }
    }
}
