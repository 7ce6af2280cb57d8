//! Normalisation over the spatial dimensions of each image and channel.

use lathe_graph::op::Layout;

use super::error::Refusal;
use super::image::Image;
use super::kind::AnchorKind;
use super::layer_norm::moments;
use super::lowered::Lowered;
use super::reduce::Over;
use crate::program::build::{Builder, Operand, vars};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` with `scale` and `bias` by channel.
pub(super) fn instance_norm(
    b: &mut Builder,
    x: &Operand,
    scale: &Operand,
    bias: &Operand,
    epsilon: f32,
    layout: Layout,
) -> Result<Lowered, Refusal> {
    let image = Image::of(x, layout)?;
    let axes: Vec<usize> = (0..image.spatial).map(|k| layout.spatial_axis(k)).collect();
    let over = Over::new(&x.shape, &axes)?;
    let (mean, inverse) = moments(b, x, &over, epsilon);
    let (n, size, c) = image.split(&x.shape);
    let (_, _, channel) = image.point();
    let normal = (b.read(x, vars(x.rank())) - b.read(&mean, over.result())) * b.read(&inverse, over.result());
    let value = normal * b.read(scale, vec![channel.clone()]) + b.read(bias, vec![channel]);
    let result = b.map("norm", x.dtype, image.axes("o", n, &size, c), value);
    Ok(Lowered::last(b, vec![result], AnchorKind::RowReduction { axes }))
}
