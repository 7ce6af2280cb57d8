//! What a group's anchor is: what default schedules and search spaces are chosen by.

use lathe_graph::op::Layout;

use crate::program::StageId;

/// The shape of computation of a group's anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorKind {
    /// Convolution; axes `n`, `oh`, `ow`, `oc` in the layout's order, reduce axes `kh`, `kw`, `ic` (those of extent 1
    /// left out).
    Conv {
        /// layout of image and result
        layout: Layout,
        /// groups
        groups: i64,
        /// kernel extents
        kernel: Vec<i64>,
        /// strides
        strides: Vec<i64>,
        /// dilations
        dilations: Vec<i64>,
        /// the stage that pads the image, if any
        pad: Option<StageId>,
    },
    /// Convolution of each channel by itself: no reduction over channels.
    DepthwiseConv {
        /// layout of image and result
        layout: Layout,
        /// result channels per channel
        multiplier: i64,
        /// kernel extents
        kernel: Vec<i64>,
        /// strides
        strides: Vec<i64>,
        /// dilations
        dilations: Vec<i64>,
        /// the stage that pads the image, if any
        pad: Option<StageId>,
    },
    /// Transposed convolution in gather form; axes as `Conv`.
    ConvTranspose {
        /// layout of image and result
        layout: Layout,
        /// groups
        groups: i64,
        /// kernel extents
        kernel: Vec<i64>,
        /// strides
        strides: Vec<i64>,
        /// the stage that pads the image, if any
        pad: Option<StageId>,
    },
    /// Matrix product; axes batch dimensions, `m`, `n`, reduce axis `k`.
    MatMul {
        /// leading batch axes
        batch: usize,
        /// the first operand is read `[k, m]`
        transpose_a: bool,
        /// the second operand is read `[n, k]`
        transpose_b: bool,
    },
    /// Pooling window; axes as `Conv`, reduce axes the window.
    Pool {
        /// layout of image and result
        layout: Layout,
    },
    /// Reductions whose results are broadcast back over what was reduced: softmax, normalisations. The anchor stage is
    /// the last, over all axes.
    RowReduction {
        /// the reduced axes of the anchor stage
        axes: Vec<usize>,
    },
    /// A reduction; the anchor stage is the main `Reduce` (each axis kept, reduced ones with extent 1).
    Reduction {
        /// the reduced dimensions of the operand
        axes: Vec<usize>,
    },
    /// Element-wise or index-only stages.
    Injective,
    /// A recurrence.
    Scan,
    /// Stages that do not fit the above (updates, sorting): scheduled one after the other.
    Opaque,
}

impl AnchorKind {
    /// The kind with the stages it names replaced (`None`: the stage is gone).
    pub(super) fn map_stages(mut self, f: &mut impl FnMut(StageId) -> Option<StageId>) -> AnchorKind {
        match &mut self {
            AnchorKind::Conv { pad, .. }
            | AnchorKind::DepthwiseConv { pad, .. }
            | AnchorKind::ConvTranspose { pad, .. } => *pad = pad.and_then(f),
            _ => {}
        }
        self
    }
}
