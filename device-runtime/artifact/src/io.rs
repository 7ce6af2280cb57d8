//! Graph inputs and outputs: name, type, shape, quantisation, place in the arena, attributes.

use core::fmt;

use crate::dtype::DType;
use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_align, check_range, wrong_length};
use crate::header::Header;
use crate::layout::{ATTRIBUTE_BYTES, IO_HEADER_BYTES, TENSOR_BYTES};
use crate::part::Part;

/// `real = scale * (stored - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// Step between two stored values.
    pub scale: f32,
    /// The stored value that means zero.
    pub zero_point: i32,
}

/// A graph input or output.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its name in the model.
    pub name: &'a str,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions, outermost first.
    pub shape: Shape<'a>,
    /// What a stored integer means, for quantised tensors.
    pub quantization: Option<Quantization>,
    /// Where it lies in the arena.
    pub arena_offset: u32,
    /// Its size.
    pub bytes: u32,
    index: u32,
    io: Io<'a>,
    strings: &'a str,
}

impl<'a> Tensor<'a> {
    /// The attribute `key`: picture preprocessing (`layout`, `resize`), `labels`; the list is in SPEC.md.
    pub fn attribute(&self, key: &str) -> Option<&'a str> {
        self.attributes().find(|(found, _)| *found == key).map(|(_, value)| value)
    }

    /// All attributes, in file order.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (index, strings) = (self.index, self.strings);
        let own = self.io.attributes.iter().filter(move |record| record.u32(0) == index);
        own.map(move |record| (record.text(4, strings), record.text(12, strings)))
    }
}

/// The dimensions of a tensor.
#[derive(Clone, Copy)]
pub struct Shape<'a>(&'a [u8]);

impl<'a> Shape<'a> {
    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len() / 4
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.0.as_chunks::<4>().0.iter().map(|dim| u32::from_le_bytes(*dim))
    }

    /// Whether the dimensions are exactly `dims`.
    pub fn is(&self, dims: &[usize]) -> bool {
        self.rank() == dims.len() && self.dims().zip(dims).all(|(have, want)| usize::try_from(have) == Ok(*want))
    }

    /// Number of elements; `None` beyond 64 bits.
    pub fn elements(&self) -> Option<u64> {
        self.dims().try_fold(1u64, |product, dim| product.checked_mul(u64::from(dim)))
    }
}

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, dim) in self.dims().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The I/O section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Io<'a> {
    pub inputs: Records<'a, TENSOR_BYTES>,
    pub outputs: Records<'a, TENSOR_BYTES>,
    dims: Records<'a, 4>,
    dim_bytes: &'a [u8],
    attributes: Records<'a, ATTRIBUTE_BYTES>,
}

impl<'a> Io<'a> {
    pub fn parse(section: &'a [u8], strings: &'a str, header: &Header<'a>) -> Result<Io<'a>, ArtifactError> {
        let Some((counts, rest)) = section.split_at_checked(IO_HEADER_BYTES) else {
            return Err(wrong_length(Part::IoSectionLength, section));
        };
        let counts = Fields(counts);
        let (inputs, rest) = Records::split(rest, counts.u32(0), Part::InputCount)?;
        let (outputs, rest) = Records::split(rest, counts.u32(4), Part::OutputCount)?;
        let (dims, after) = Records::split(rest, counts.u32(8), Part::DimensionCount)?;
        let (attributes, after) = Records::split(after, counts.u32(12), Part::AttributeCount)?;
        if !after.is_empty() {
            return Err(wrong_length(Part::IoSectionLength, section));
        }
        let io = Io { inputs, outputs, dims, dim_bytes: rest, attributes };
        for (index, record) in inputs.numbered() {
            io.check_tensor(Part::Input, index, record, strings, header)?;
        }
        for (index, record) in outputs.numbered() {
            io.check_tensor(Part::Output, index, record, strings, header)?;
        }
        for (index, record) in attributes.numbered() {
            check_range(Part::AttributeTensor, index, record.u32(0), 1, io.tensor_count())?;
            record.check_text(4, strings, Part::AttributeKey, index)?;
            record.check_text(12, strings, Part::AttributeValue, index)?;
        }
        Ok(io)
    }

    fn tensor_count(&self) -> u32 {
        u32::try_from(self.inputs.len().saturating_add(self.outputs.len())).unwrap_or(u32::MAX)
    }

    fn check_tensor(
        &self,
        what: Part,
        index: u32,
        record: Fields<'a>,
        strings: &'a str,
        header: &Header<'a>,
    ) -> Result<(), ArtifactError> {
        record.check_text(0, strings, what, index)?;
        let (offset, bytes) = (record.u32(8), record.u32(12));
        check_range(what, index, offset, bytes, header.arena_bytes)?;
        check_align(what, index, offset, header.arena_align_log2, header.arena_align_log2)?;
        let Some(dtype) = DType::from_byte(record.u8(20)) else {
            return Err(ArtifactError::BadValue { what: Part::ElementType, index, value: u32::from(record.u8(20)) });
        };
        let rank = usize::from(record.u8(21));
        let Some(shape) = self.shape(record.u32(16), rank) else {
            let end = record.u32(16).saturating_add(u32::from(record.u8(21)));
            let limit = u32::try_from(self.dims.len()).unwrap_or(u32::MAX);
            return Err(ArtifactError::OutOfRange { what: Part::TensorDimensions, index, end, limit });
        };
        let size = shape.elements().and_then(|count| count.checked_mul(dtype.size() as u64));
        if size != Some(u64::from(bytes)) {
            return Err(ArtifactError::BadValue { what: Part::TensorSize, index, value: bytes });
        }
        if record.u8(22) > 1 || record.u8(23) != 0 {
            return Err(ArtifactError::BadValue { what: Part::TensorFlags, index, value: u32::from(record.u16(22)) });
        }
        Ok(())
    }

    fn shape(&self, first: u32, rank: usize) -> Option<Shape<'a>> {
        let _all_there = self.dims.range(first, rank)?;
        let start = usize::try_from(first).ok()?.checked_mul(4)?;
        self.dim_bytes.get(start..start.checked_add(rank.checked_mul(4)?)?).map(Shape)
    }

    /// Tensor `record`, whose number among inputs and then outputs is `index`.
    pub fn read(&self, index: usize, record: Fields<'a>, strings: &'a str) -> Tensor<'a> {
        let quantized = record.u8(22) == 1;
        Tensor {
            name: record.text(0, strings),
            dtype: DType::from_byte(record.u8(20)).unwrap_or(DType::U8),
            shape: self.shape(record.u32(16), usize::from(record.u8(21))).unwrap_or(Shape(&[])),
            quantization: quantized.then(|| Quantization {
                scale: f32::from_bits(record.u32(24)),
                zero_point: record.u32(28).cast_signed(),
            }),
            arena_offset: record.u32(8),
            bytes: record.u32(12),
            index: u32::try_from(index).unwrap_or(u32::MAX),
            io: *self,
            strings,
        }
    }
}
