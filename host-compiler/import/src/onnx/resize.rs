//! Resize and Upsample: result extents from scales or sizes, and how a coordinate is mapped.

use lathe_graph::op::{CoordinateMap, Interpolation, NearestRound};
use lathe_graph::{Op, ValueId};

use super::crop_resize::{self, Region};
use crate::translate::{Fault, NodeContext, extents};

/// Result extents and the scales coordinates are computed with.
struct Extents {
    sizes: Vec<usize>,
    scales: Vec<f32>,
}

pub(super) fn resize(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let interpolation = interpolation(n)?;
    let crops = n.attributes.string("coordinate_transformation_mode", "")? == "tf_crop_and_resize";
    let map = if crops { CoordinateMap::AlignCorners } else { coordinate_map(n)? };
    let antialias = n.attributes.flag("antialias", false)?;
    let shape = n.shape(x);
    let (scales_input, sizes_input) = if n.opset() < 11 { (1, usize::MAX) } else { (2, 3) };
    let sizes = n.constant_ints(sizes_input, "the shape of the result")?.filter(|s| !s.is_empty());
    let axes: Vec<usize> = match n.attributes.ints("axes")? {
        Some(axes) => axes.iter().map(|&a| n.axis(a, shape.len())).collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect(),
    };
    let wanted = match sizes {
        Some(sizes) => by_sizes(n, &shape, &axes, &extents(&sizes, "sizes")?)?,
        None => {
            let scales = n.optional(scales_input).ok_or_else(|| Fault::Invalid("neither scales nor sizes".into()))?;
            let scales = n.constant(scales, "the shape of the result")?.to_f64s();
            by_scales(&shape, &axes, &scales)?
        }
    };
    if crops {
        return crop(n, x, &axes, &wanted.sizes, interpolation);
    }
    finish(n, x, wanted, map, interpolation, antialias)
}

/// The region of interest along `axes`, resized to `sizes`.
fn crop(
    n: &mut NodeContext,
    x: ValueId,
    axes: &[usize],
    sizes: &[usize],
    interpolation: Interpolation,
) -> Result<Vec<ValueId>, Fault> {
    let region = n.input(1)?;
    let region = n.constant(region, "the region of interest")?.to_f64s();
    if region.len() != 2 * axes.len() || region.iter().any(|r| !r.is_finite()) {
        return Err(Fault::Invalid(format!("the region {region:?} must have a start and an end for each axis")));
    }
    let (starts, ends) = region.split_at(axes.len());
    let regions: Vec<Region> = (0..axes.len())
        .map(|i| Region { axis: axes[i], extent: sizes[axes[i]], start: starts[i], end: ends[i] })
        .filter(|r| r.extent != n.shape(x)[r.axis] || (r.start, r.end) != (0.0, 1.0))
        .collect();
    let outside = f64::from(n.attributes.float("extrapolation_value", 0.0)?);
    Ok(vec![crop_resize::sample(n, x, &regions, interpolation, outside)?])
}

/// Upsample, the older operator: scales are an attribute before opset 9.
pub(super) fn upsample(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let shape = n.shape(x);
    let scales: Vec<f64> = if n.opset() < 9 {
        let list = n.attributes.floats("scales")?.ok_or_else(|| Fault::Invalid("scales are missing".into()))?;
        list.iter().map(|&s| f64::from(s)).collect()
    } else {
        let scales = n.input(1)?;
        n.constant(scales, "the shape of the result")?.to_f64s()
    };
    let axes: Vec<usize> = (0..shape.len()).collect();
    let wanted = by_scales(&shape, &axes, &scales)?;
    let interpolation = interpolation(n)?;
    finish(n, x, wanted, CoordinateMap::Asymmetric, interpolation, false)
}

fn finish(
    n: &mut NodeContext,
    x: ValueId,
    wanted: Extents,
    map: CoordinateMap,
    interpolation: Interpolation,
    antialias: bool,
) -> Result<Vec<ValueId>, Fault> {
    let (wanted, map) = fractional_corners(n.shape(x), wanted, map, antialias);
    let Extents { sizes, scales } = wanted;
    if sizes == n.shape(x) && scales.iter().all(|&s| s == 1.0) {
        return Ok(vec![x]);
    }
    Ok(vec![n.push(Op::Resize { sizes, scales, map, interpolation, antialias }, &[x])?])
}

/// Aligned corners with scales that give no whole extents: ONNX maps by the extent before it is rounded down, which is
/// an asymmetric map by other scales.
fn fractional_corners(
    shape: Vec<usize>,
    mut wanted: Extents,
    map: CoordinateMap,
    antialias: bool,
) -> (Extents, CoordinateMap) {
    let exact = |(k, &size): (usize, &usize)| (shape[k] as f32 * wanted.scales[k] - size as f32).abs() < 1e-3;
    if map != CoordinateMap::AlignCorners || antialias || wanted.sizes.iter().enumerate().all(exact) {
        return (wanted, map);
    }
    for (scale, &extent) in wanted.scales.iter_mut().zip(&shape) {
        let last = extent as f32 * *scale - 1.0;
        *scale = if extent > 1 && last > 0.0 { last / (extent - 1) as f32 } else { 1.0 };
    }
    (wanted, CoordinateMap::Asymmetric)
}

/// floor(extent * scale) along `axes`.
fn by_scales(shape: &[usize], axes: &[usize], given: &[f64]) -> Result<Extents, Fault> {
    if given.len() != axes.len() || given.iter().any(|s| !(*s > 0.0 && *s < 1e9)) {
        return Err(Fault::Invalid(format!(
            "scales {given:?} must be one positive number for each of {} axes",
            axes.len()
        )));
    }
    let mut sizes = shape.to_vec();
    let mut scales = vec![1.0; shape.len()];
    for (&axis, &scale) in axes.iter().zip(given) {
        scales[axis] = scale as f32;
        sizes[axis] = (shape[axis] as f64 * scale).floor() as usize;
    }
    Ok(Extents { sizes, scales })
}

/// The given extents; with an aspect-ratio policy one scale for all axes, the smallest or largest.
fn by_sizes(n: &NodeContext, shape: &[usize], axes: &[usize], given: &[usize]) -> Result<Extents, Fault> {
    if given.len() != axes.len() {
        return Err(Fault::Invalid(format!("sizes {given:?} must be one for each of {} axes", axes.len())));
    }
    let ratio = |(&axis, &size): (&usize, &usize)| size as f64 / shape[axis].max(1) as f64;
    let ratios: Vec<f64> = axes.iter().zip(given).map(ratio).collect();
    let common = match n.attributes.string("keep_aspect_ratio_policy", "stretch")? {
        "stretch" => None,
        "not_larger" => Some(ratios.iter().copied().fold(f64::INFINITY, f64::min)),
        "not_smaller" => Some(ratios.iter().copied().fold(0.0, f64::max)),
        other => return Err(Fault::Invalid(format!("keep_aspect_ratio_policy '{other}' is unknown"))),
    };
    let mut sizes = shape.to_vec();
    let mut scales = vec![1.0; shape.len()];
    for (i, &axis) in axes.iter().enumerate() {
        let scale = common.unwrap_or(ratios[i]);
        sizes[axis] = if common.is_some() { (shape[axis] as f64 * scale + 0.5).floor() as usize } else { given[i] };
        scales[axis] = if scale > 0.0 { scale as f32 } else { 1.0 };
    }
    Ok(Extents { sizes, scales })
}

fn interpolation(n: &NodeContext) -> Result<Interpolation, Fault> {
    Ok(match n.attributes.string("mode", "nearest")? {
        "nearest" => Interpolation::Nearest(nearest_round(n)?),
        "linear" | "bilinear" => Interpolation::Linear,
        "cubic" => Interpolation::Cubic {
            a: n.attributes.float("cubic_coeff_a", -0.75)?,
            exclude_outside: n.attributes.flag("exclude_outside", false)?,
        },
        other => return Err(Fault::Invalid(format!("mode '{other}' is unknown"))),
    })
}

fn nearest_round(n: &NodeContext) -> Result<NearestRound, Fault> {
    if n.opset() < 11 {
        return Ok(NearestRound::Floor);
    }
    Ok(match n.attributes.string("nearest_mode", "round_prefer_floor")? {
        "round_prefer_floor" => NearestRound::HalfDown,
        "round_prefer_ceil" => NearestRound::HalfUp,
        "floor" => NearestRound::Floor,
        "ceil" => NearestRound::Ceil,
        other => return Err(Fault::Invalid(format!("nearest_mode '{other}' is unknown"))),
    })
}

fn coordinate_map(n: &NodeContext) -> Result<CoordinateMap, Fault> {
    if n.opset() < 11 {
        return Ok(CoordinateMap::Asymmetric);
    }
    Ok(match n.attributes.string("coordinate_transformation_mode", "half_pixel")? {
        "half_pixel" => CoordinateMap::HalfPixel,
        "half_pixel_symmetric" => CoordinateMap::HalfPixelSymmetric,
        "pytorch_half_pixel" => CoordinateMap::PytorchHalfPixel,
        "align_corners" => CoordinateMap::AlignCorners,
        "asymmetric" => CoordinateMap::Asymmetric,
        other => return Err(Fault::Unsupported(format!("coordinate transformation '{other}' is not supported"))),
    })
}
