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
        let total: i64 = self.packed_shape().iter().product();
        let mut out = vec![0; total as usize * size];
        self.visit(|slot, element| {
            let (to, from) = (slot * size, element * size);
            out[to..to + size].copy_from_slice(&bytes[from..from + size]);
        });
        out
    }

    /// The inverse of [`Packing::pack`]: the original of `packed`.
    pub fn unpack(&self, packed: &[u8], size: usize) -> Vec<u8> {
        let total: i64 = self.shape.iter().product();
        let mut out = vec![0; total as usize * size];
        self.visit(|slot, element| {
            let (to, from) = (element * size, slot * size);
            out[to..to + size].copy_from_slice(&packed[from..from + size]);
        });
        out
    }

    /// Calls `at` with the place of every element that is not beyond the original: packed, and original.
    fn visit(&self, mut at: impl FnMut(usize, usize)) {
        let packed = self.packed_shape();
        let strides = row_major_strides(&self.shape);
        let mut index = vec![0i64; packed.len()];
        for slot in 0..packed.iter().product::<i64>() as usize {
            let mut source = vec![0i64; self.shape.len()];
            for (dim, i) in self.dims.iter().zip(&index) {
                match *dim {
                    PackedDim::Whole { source: s } | PackedDim::Inner { source: s, .. } => source[s] += i,
                    PackedDim::Outer { source: s, block } => source[s] += i * block,
                }
            }
            if source.iter().zip(&self.shape).all(|(i, n)| i < n) {
                let element: i64 = source.iter().zip(&strides).map(|(i, s)| i * s).sum();
                at(slot, element as usize);
            }
            advance(&mut index, &packed);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacking_undoes_packing_and_padding_is_left_out() {
        let dims = vec![
            PackedDim::Outer { source: 0, block: 4 },
            PackedDim::Whole { source: 1 },
            PackedDim::Inner { source: 0, block: 4 },
        ];
        let packing = Packing { shape: vec![6, 3], dims };
        let original: Vec<u8> = (1..=36).collect();
        let mut packed = packing.pack(&original, 2);
        assert_eq!((packed.len(), &packed[..8]), (48, &[1, 2, 7, 8, 13, 14, 19, 20][..]));
        assert_eq!(packing.unpack(&packed, 2), original);
        packed.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 99);
        assert_eq!(packing.unpack(&packed, 2), original);
    }
}
