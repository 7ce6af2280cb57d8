//! Loop and Scan with a number of steps known when compiling: the body is translated once for each step.

use lathe_graph::{DType, Op, Tensor, ValueId};

use crate::proto::GraphProto;
use crate::translate::{Fault, NodeContext};

/// More steps are not unrolled.
const MAX_STEPS: usize = 1024;

fn too_long() -> Fault {
    Fault::Unsupported(format!("more than {MAX_STEPS} steps are not unrolled"))
}

/// The body reads step, condition and carried values; it gives the next condition, carried values and collected ones.
pub(super) fn looped(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let body = n.attributes.graph("body")?;
    let steps = n.constant_int(0, "the number of steps")?;
    let mut goes_on = n.constant_int(1, "whether there are steps")?.unwrap_or(1) != 0;
    let mut carried = n.inputs_from(2)?;
    let count = carried.len();
    let mut collected = vec![Vec::new(); outputs_beyond(body, count + 1)?];
    let mut step = 0;
    while goes_on && steps.is_none_or(|s| (step as i64) < s) {
        if step == MAX_STEPS {
            return Err(too_long());
        }
        let number = n.integers(DType::I64, &[], &[step as i64])?;
        let condition = n.add_constant(Tensor::scalar(DType::Bool, 1.0));
        let results = n.body(body, &[&[number, condition], carried.as_slice()].concat())?;
        goes_on = n.constant(results[0], "whether there is another step")?.to_i64s().iter().any(|&c| c != 0);
        carried = results[1..=count].to_vec();
        collect(&mut collected, &results[count + 1..]);
        step += 1;
    }
    for (i, parts) in collected.into_iter().enumerate() {
        if parts.is_empty() && !n.wants(count + i) {
            break;
        }
        carried.push(stacked(n, &parts, 0)?);
    }
    Ok(carried)
}

/// The body reads carried values and one slice of each scanned input; it gives carried values and collected ones.
pub(super) fn scan(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let body = n.attributes.graph("body")?;
    let mut carried = n.inputs_from(0)?;
    let scanned = usize::try_from(n.attributes.required_int("num_scan_inputs")?).ok();
    let states = scanned.and_then(|s| carried.len().checked_sub(s));
    let states = states.ok_or_else(|| Fault::Invalid("num_scan_inputs does not fit the inputs".into()))?;
    let scanned = carried.split_off(states);
    let mut collected = vec![Vec::new(); outputs_beyond(body, states)?];
    let axes = axes(n, "scan_input_axes", &scanned)?;
    let backwards = directions(n, "scan_input_directions", scanned.len())?;
    let Some(steps) = scanned.iter().zip(&axes).map(|(&x, &axis)| n.shape(x)[axis]).min() else {
        return Err(Fault::Invalid("it scans no input".into()));
    };
    if steps > MAX_STEPS {
        return Err(too_long());
    }
    for step in 0..steps {
        let mut values = carried.clone();
        for (i, &x) in scanned.iter().enumerate() {
            values.push(element(n, x, axes[i], if backwards[i] { steps - 1 - step } else { step })?);
        }
        let results = n.body(body, &values)?;
        carried = results[..states].to_vec();
        collect(&mut collected, &results[states..]);
    }
    let given = n.attributes.ints("scan_output_axes")?;
    let backwards = directions(n, "scan_output_directions", collected.len())?;
    for (i, mut parts) in collected.into_iter().enumerate() {
        if backwards[i] {
            parts.reverse();
        }
        let axis = given.and_then(|axes| axes.get(i)).copied().unwrap_or(0);
        let rank = parts.first().map_or(0, |&part| n.rank(part));
        let axis = n.axis(axis, rank + 1)?;
        carried.push(stacked(n, &parts, axis)?);
    }
    Ok(carried)
}

/// How many results the body has beyond the first `count`.
fn outputs_beyond(body: &GraphProto, count: usize) -> Result<usize, Fault> {
    let beyond = body.output.len().checked_sub(count);
    beyond.ok_or_else(|| Fault::Invalid(format!("its body gives fewer than {count} values")))
}

fn collect(collected: &mut [Vec<ValueId>], results: &[ValueId]) {
    collected.iter_mut().zip(results).for_each(|(parts, &result)| parts.push(result));
}

fn axes(n: &NodeContext, name: &str, scanned: &[ValueId]) -> Result<Vec<usize>, Fault> {
    let given = n.attributes.ints(name)?.unwrap_or_default();
    let axis = |(i, &x): (usize, &ValueId)| n.axis(given.get(i).copied().unwrap_or(0), n.rank(x));
    scanned.iter().enumerate().map(axis).collect()
}

fn directions(n: &NodeContext, name: &str, count: usize) -> Result<Vec<bool>, Fault> {
    let given = n.attributes.ints(name)?.unwrap_or_default();
    Ok((0..count).map(|i| given.get(i).is_some_and(|&d| d == 1)).collect())
}

/// One slice of `x` without the dimension `axis`.
fn element(n: &mut NodeContext, x: ValueId, axis: usize, index: usize) -> Result<ValueId, Fault> {
    let slice = n.slice(x, axis, index, 1)?;
    let mut shape = n.shape(slice);
    shape.remove(axis);
    n.reshape(slice, &shape)
}

/// The parts side by side along a new dimension.
fn stacked(n: &mut NodeContext, parts: &[ValueId], axis: usize) -> Result<ValueId, Fault> {
    if parts.is_empty() {
        return Err(Fault::Unsupported("values collected over no steps have no known shape".into()));
    }
    let mut wide = Vec::with_capacity(parts.len());
    for &part in parts {
        let mut shape = n.shape(part);
        shape.insert(axis, 1);
        wide.push(n.reshape(part, &shape)?);
    }
    n.push(Op::Concat { axis }, &wide)
}
