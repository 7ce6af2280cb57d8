//! How an operator fuses.

use crate::op::{Interpolation, Op, Unary};

/// The kinds fusion tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Each result element depends on the operands' elements at the same (broadcast) position.
    Elementwise,
    /// Each result element is one element of an operand.
    Movement,
    /// The same elements under another shape.
    View,
    /// Combines elements along dimensions.
    Reduction,
    /// Does much work per element; absorbs element-wise nodes behind it.
    Complex,
    /// Never fuses.
    Opaque,
}

impl Kind {
    /// Whether each result element is computed from one element of each operand.
    pub fn is_injective(self) -> bool {
        matches!(self, Kind::Elementwise | Kind::Movement)
    }
}

/// The kind of an operator.
pub(super) fn kind(op: &Op) -> Kind {
    match op {
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Cast(_) | Op::Quantize { .. } | Op::Dequantize { .. } => {
            Kind::Elementwise
        }
        Op::Transpose { .. }
        | Op::Expand { .. }
        | Op::Slice { .. }
        | Op::Concat { .. }
        | Op::Pad { .. }
        | Op::Tile { .. }
        | Op::Gather { .. }
        | Op::GatherElements { .. }
        | Op::GatherNd { .. }
        | Op::Trilu { .. }
        | Op::OneHot { .. }
        | Op::Resize { interpolation: Interpolation::Nearest(_), .. } => Kind::Movement,
        Op::Reshape { .. } => Kind::View,
        Op::Reduce { .. }
        | Op::Softmax { .. }
        | Op::LayerNorm { .. }
        | Op::RmsNorm { .. }
        | Op::InstanceNorm { .. } => Kind::Reduction,
        Op::Conv { .. } | Op::ConvTranspose { .. } | Op::MatMul { .. } | Op::Einsum { .. } | Op::Pool { .. } => {
            Kind::Complex
        }
        Op::ScatterNd { .. }
        | Op::ScatterElements { .. }
        | Op::CumSum { .. }
        | Op::Resize { .. }
        | Op::ArgReduce { .. }
        | Op::TopK { .. }
        | Op::BatchNorm { .. }
        | Op::Lstm { .. }
        | Op::Gru { .. } => Kind::Opaque,
    }
}

/// Whether computing an element again costs about as much as loading it.
pub(super) fn is_cheap(op: &Op) -> bool {
    use crate::op::Binary::{Div, Fmod, Mod, Pow};
    use Unary::{Abs, BitNot, Ceil, Floor, LeakyRelu, Neg, Not, Relu, Round, Sign, ThresholdedRelu};
    match op {
        Op::Unary(f) => matches!(
            f,
            Abs | Neg | Not | BitNot | Ceil | Floor | Round | Sign | Relu | LeakyRelu { .. } | ThresholdedRelu { .. }
        ),
        Op::Binary(f) => !matches!(f, Div | Mod | Fmod | Pow),
        _ => kind(op).is_injective(),
    }
}
