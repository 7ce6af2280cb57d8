//! Constant layouts: how a constant's elements are rearranged at compile time.

/// One dimension of a packed layout, from dimension `source` of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedDim {
    /// the dimension as it is: `d`
    Whole {
        /// original dimension
        source: usize,
    },
    /// index divided by the block: `d/b`
    Outer {
        /// original dimension
        source: usize,
        /// block extent
        block: i64,
    },
    /// index within the block: `d%b`
    Inner {
        /// original dimension
        source: usize,
        /// block extent
        block: i64,
    },
}

/// A packed layout of one constant: dimensions outermost first. Elements beyond the original are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// original extents
    pub shape: Vec<i64>,
    /// packed dimensions
    pub dims: Vec<PackedDim>,
}

impl PackedDim {
    /// The original dimension.
    pub fn source(self) -> usize {
        match self {
            PackedDim::Whole { source } | PackedDim::Outer { source, .. } | PackedDim::Inner { source, .. } => source,
        }
    }

    /// Extent of this packed dimension for the original `shape`.
    pub fn extent(self, shape: &[i64]) -> i64 {
        match self {
            PackedDim::Whole { source } => shape[source],
            PackedDim::Outer { source, block } => (shape[source] + block - 1) / block,
            PackedDim::Inner { block, .. } => block,
        }
    }

    /// The text form: `2`, `0/16`, `0%16`.
    pub fn text(self) -> String {
        match self {
            PackedDim::Whole { source } => source.to_string(),
            PackedDim::Outer { source, block } => format!("{source}/{block}"),
            PackedDim::Inner { source, block } => format!("{source}%{block}"),
        }
    }

    /// The inverse of [`PackedDim::text`].
    pub fn parse(text: &str) -> Option<PackedDim> {
        if let Some((s, b)) = text.split_once('/') {
            return Some(PackedDim::Outer { source: s.parse().ok()?, block: b.parse().ok().filter(|b| *b > 0)? });
        }
        if let Some((s, b)) = text.split_once('%') {
            return Some(PackedDim::Inner { source: s.parse().ok()?, block: b.parse().ok().filter(|b| *b > 0)? });
        }
        Some(PackedDim::Whole { source: text.parse().ok()? })
    }
}

impl Packing {
    /// Packed extents.
    pub fn packed_shape(&self) -> Vec<i64> {
        self.dims.iter().map(|d| d.extent(&self.shape)).collect()
    }

    /// `bytes` (row-major, `size` bytes an element) in the packed layout.
    pub fn pack(&self, bytes: &[u8], size: usize) -> Vec<u8> {
        let packed = self.packed_shape();
        let total: i64 = packed.iter().product();
        let mut out = vec![0; total as usize * size];
        let strides = row_major_strides(&self.shape);
        let mut index = vec![0i64; packed.len()];
        for slot in out.chunks_exact_mut(size) {
            let mut source = vec![0i64; self.shape.len()];
            for (dim, i) in self.dims.iter().zip(&index) {
                match *dim {
                    PackedDim::Whole { source: s } | PackedDim::Inner { source: s, .. } => source[s] += i,
                    PackedDim::Outer { source: s, block } => source[s] += i * block,
                }
            }
            if source.iter().zip(&self.shape).all(|(i, n)| i < n) {
                let offset: i64 = source.iter().zip(&strides).map(|(i, s)| i * s).sum();
                let at = offset as usize * size;
                slot.copy_from_slice(&bytes[at..at + size]);
            }
            advance(&mut index, &packed);
        }
        out
    }
}

/// Element strides of a dense row-major array.
pub(super) fn row_major_strides(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d];
    }
    strides
}

/// The next index in row-major order.
fn advance(index: &mut [i64], shape: &[i64]) {
    for d in (0..index.len()).rev() {
        index[d] += 1;
        if index[d] < shape[d] {
            return;
        }
        index[d] = 0;
    }
}
