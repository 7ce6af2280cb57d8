//! HannWindow, HammingWindow, BlackmanWindow: constants of a length known when compiling.

use std::f64::consts::TAU;

use lathe_graph::{DType, Tensor, ValueId};

use crate::proto::dtype;
use crate::translate::{Fault, NodeContext};

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), where n is the size, or one less for a symmetric window.
pub(super) fn window(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let [a0, a1, a2] = match n.operator() {
        "HannWindow" => [0.5, 0.5, 0.0],
        "HammingWindow" => [25.0 / 46.0, 1.0 - 25.0 / 46.0, 0.0],
        _ => [0.42, 0.5, 0.08],
    };
    n.input(0)?;
    let size = n.constant_int(0, "the length of the window")?.unwrap_or_default();
    let size = usize::try_from(size).ok().filter(|&s| s <= 1 << 24);
    let size = size.ok_or_else(|| Fault::Invalid("the size is negative or too large".into()))?;
    let to = n.attributes.maybe_int("output_datatype")?.map(dtype::from_code).transpose()?.unwrap_or(DType::F32);
    let period = if n.attributes.flag("periodic", true)? { size } else { size.saturating_sub(1) }.max(1) as f64;
    let at = |i: usize| {
        let angle = TAU * i as f64 / period;
        a0 - a1 * angle.cos() + a2 * (2.0 * angle).cos()
    };
    let values: Vec<f64> = (0..size).map(at).collect();
    let tensor = Tensor::from_f64s(to, &[size], &values);
    Ok(vec![n.add_constant(tensor.ok_or_else(|| Fault::Invalid("the window is malformed".into()))?)])
}
