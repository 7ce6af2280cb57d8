//! Window geometry of convolutions and pools, and the channels-last form they are computed in.

use crate::op::{Layout, Window};

/// For each spatial dimension and output position, the kernel elements inside the input: (kernel index, input index).
pub(super) struct Windows {
    inside: Vec<Vec<Vec<(usize, usize)>>>,
    kernel: Vec<usize>,
    input: Vec<usize>,
    output: Vec<usize>,
}

impl Windows {
    /// The windows of `output` positions over `input` extents.
    pub fn new(window: &Window, input: &[usize], output: &[usize]) -> Windows {
        let taps = |k: usize, o: usize| {
            let position = move |t: usize| {
                let padded = o * window.strides[k] + t * window.dilations[k];
                padded.checked_sub(window.pad_before[k]).filter(|&i| i < input[k]).map(|i| (t, i))
            };
            (0..window.kernel[k]).filter_map(position).collect()
        };
        let inside = (0..input.len()).map(|k| (0..output[k]).map(|o| taps(k, o)).collect()).collect();
        Windows { inside, kernel: window.kernel.clone(), input: input.to_vec(), output: output.to_vec() }
    }

    /// Number of output positions.
    pub fn positions(&self) -> usize {
        self.output.iter().product()
    }

    /// Number of input positions.
    pub fn pixels(&self) -> usize {
        self.input.iter().product()
    }

    /// Number of kernel elements.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Visits the kernel elements of output position `position` that lie inside: (kernel element, input pixel).
    pub fn for_each_tap(&self, position: usize, f: &mut impl FnMut(usize, usize)) {
        let mut rest = position;
        let mut index = vec![0; self.output.len()];
        for k in (0..self.output.len()).rev() {
            index[k] = rest % self.output[k];
            rest /= self.output[k];
        }
        self.visit(0, &index, 0, 0, f);
    }

    fn visit(&self, k: usize, index: &[usize], tap: usize, pixel: usize, f: &mut impl FnMut(usize, usize)) {
        if k == index.len() {
            return f(tap, pixel);
        }
        for &(t, i) in &self.inside[k][index[k]] {
            self.visit(k + 1, index, tap * self.kernel[k] + t, pixel * self.input[k] + i, f);
        }
    }
}

/// Batch, channels and spatial extents of an image tensor.
pub(super) fn image(shape: &[usize], layout: Layout) -> (usize, usize, Vec<usize>) {
    let spatial = (0..shape.len() - 2).map(|k| shape[layout.spatial_axis(k)]).collect();
    (shape[0], shape[layout.channel_axis(shape.len())], spatial)
}

/// `[batch][rows][columns]` as `[batch][columns][rows]`.
pub(super) fn swap<T: Copy>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(values.len());
    for matrix in values.chunks((rows * columns).max(1)) {
        for c in 0..columns {
            out.extend((0..rows).map(|r| matrix[r * columns + c]));
        }
    }
    out
}

/// An image tensor's elements as `[batch][pixel][channel]`.
pub(super) fn to_channels_last<T: Copy>(values: Vec<T>, channels: usize, pixels: usize, layout: Layout) -> Vec<T> {
    match layout {
        Layout::ChannelsFirst => swap(&values, channels, pixels),
        Layout::ChannelsLast => values,
    }
}

/// The inverse of [`to_channels_last`].
pub(super) fn from_channels_last<T: Copy>(values: Vec<T>, channels: usize, pixels: usize, layout: Layout) -> Vec<T> {
    match layout {
        Layout::ChannelsFirst => swap(&values, pixels, channels),
        Layout::ChannelsLast => values,
    }
}
