//! `rfactor LOOP FACTOR`: a reduction is cut into FACTOR independent ones, whose results a second stage combines.
//!
//! Contract: LOOP is a reduce loop of a stage whose loops are still as they were made. A new stage `STAGE.rf` reduces
//! into FACTOR partial results, element `i` taking every FACTOR-th value (so that they can be vectorised: its last
//! spatial loop is `STAGE.rf.LANE`); `STAGE` combines them. Floating-point sums are reassociated.
//!
//! `rblock LOOP SIZE` is the same with neighbouring values together: each partial result takes SIZE of them in a row
//! (SIZE divides the loop). Long sums round less that way.
//!
//! ```text
//! for k in 0..64: s += a[k]   ->   for k in 0..8: for lane in 0..8: rf[lane] += a[k*8 + lane]
//!                                  for lane in 0..8: s += rf[lane]
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::{CompareFn, Expr, Scalar, VarId};
use crate::index::substitute;
use crate::loops::identity;
use crate::program::{Axis, Body, Role, Stage, StageId};

/// Which values a partial result takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// every n-th
    Strided,
    /// this many in a row
    Blocks,
}

pub(super) fn rfactor(s: &mut Schedule, name: &str, size: i64, share: Share) -> Outcome {
    let var = find_loop(s, name)?;
    let owner = (0..s.program.stages.len() as u32)
        .map(StageId)
        .find(|id| s.path(*id).last().is_some() && s.path(*id).contains(&var));
    let Some(id) = owner else { return refuse(name, "the loop holds no stage") };
    let stage = s.program.stage(id).clone();
    let (Body::Reduce(combiner, value), true) = (&stage.body, s.is_pristine_root(id)) else {
        return refuse(name, "rfactor takes a loop of a reduction whose loops are as they were made");
    };
    let position = s.path(id).iter().position(|v| *v == var).unwrap_or(0);
    let Some(k) = position.checked_sub(stage.axes.len()) else {
        return refuse(name, "the loop is spatial: rfactor takes a reduce loop");
    };
    let extent = stage.reduce[k].extent;
    if size < 1 || size > extent {
        return refuse(name, format!("the factor must lie in 1..={extent}"));
    }
    if share == Share::Blocks && extent % size != 0 {
        return refuse(name, format!("blocks of {size} do not divide {extent}"));
    }
    // partial results, and how many values each takes
    let (factor, each) = match share {
        Share::Strided => (size, (extent + size - 1) / size),
        Share::Blocks => (extent / size, size),
    };
    let n = stage.axes.len();
    let out = s.program.buffer(stage.output).clone();
    let mut shape = out.shape.clone();
    shape.push(factor);
    let partial = s.program.add_buffer(&format!("{}.rf", out.name), out.dtype, shape, Role::Temp);
    // axes of the new stage: the old spatial ones, the lane, then the reduce axes
    let lane = Expr::Var(VarId(n as u32));
    let outer = Expr::Var(VarId((n + 1 + k) as u32));
    let factored = match share {
        Share::Strided => outer * Expr::Index(factor) + lane.clone(),
        Share::Blocks => lane.clone() * Expr::Index(each) + outer,
    };
    let mut lanes_value = substitute(value, &|v: VarId| match v.0 as usize {
        i if i < n => None,
        i if i == n + k => Some(factored.clone()),
        i => Some(Expr::Var(VarId(i as u32 + 1))),
    });
    if factor * each != extent {
        let inside = Expr::compare(CompareFn::Lt, factored, Expr::Index(extent));
        let neutral: Scalar = identity(*combiner, out.dtype);
        lanes_value = Expr::select(inside, lanes_value, Expr::Const(neutral));
    }
    let mut axes = stage.axes.clone();
    axes.push(Axis { name: "lane".into(), extent: factor });
    let mut reduce = stage.reduce.clone();
    reduce[k].extent = each;
    let first = Stage {
        name: format!("{}.rf", stage.name),
        output: partial,
        axes,
        reduce,
        body: Body::Reduce(*combiner, lanes_value),
    };
    let index = (0..=n).map(|i| Expr::Var(VarId(i as u32))).collect();
    let second = Stage {
        reduce: vec![Axis { name: "lane".into(), extent: factor }],
        body: Body::Reduce(*combiner, Expr::load(partial, index)),
        ..stage
    };
    s.path(id).into_iter().for_each(|v| s.retire_var(v));
    let at = s.remove_nest(id);
    s.program.stages[id.0 as usize] = first;
    let second_id = s.insert_stage_after(id, second);
    let nests: Vec<_> = [id, second_id].into_iter().flat_map(|i| s.nest_around(i, None)).collect();
    s.roots.splice(at..at, nests);
    Ok(())
}
