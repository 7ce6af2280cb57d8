//! Register tiles of a contraction: accumulators under the reduction, weights packed in the order they are read.

use super::register_tile::RegisterTile;
use super::take;
use crate::expr::{Expr, VarId};
use crate::index::{Ranges, Sum};
use crate::program::{Role, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// What the schedule needs to know of a contraction.
pub(super) struct Shape {
    /// stage whose loops are tiled: the last of the group
    pub tile: String,
    /// stage that computes into registers
    pub compute: String,
    /// stage that sums one block of a long reduction, under `compute`
    pub block: Option<String>,
    /// stage that pads the image
    pub pad: Option<String>,
}

impl Shape {
    /// The stage that multiplies.
    pub fn product(&self) -> &str {
        self.block.as_deref().unwrap_or(&self.compute)
    }
}

/// Splits the output's loops into tiles: `column` into vectors of them, `row` into rows.
pub(super) fn split_tile(
    s: &mut Schedule,
    row: &str,
    column: &str,
    tile: RegisterTile,
    target: &Target,
) -> Result<(), ScheduleError> {
    take(s, format!("split {column} {} {}", tile.vectors, target.lanes(4)))?;
    take(s, format!("split {row} {}", tile.rows))
}

/// Unrolls and vectorises the output tile.
pub(super) fn finish_tile(s: &mut Schedule, row: &str, column: &str) -> Result<(), ScheduleError> {
    take(s, format!("unroll {row}.1"))?;
    take(s, format!("unroll {column}.1"))?;
    take(s, format!("vectorize {column}.2"))
}

/// Places the computing stages under `at`: reduction outside, the tile's rows and vectors inside, weights packed.
pub(super) fn compute_tile(
    s: &mut Schedule,
    shape: &Shape,
    at: &str,
    tile: RegisterTile,
    target: &Target,
) -> Result<(), ScheduleError> {
    let columns = s.stage_named(&shape.compute).map_or(0, |id| s.program().stage(id).axes.len());
    let reduce = accumulate(s, &shape.compute, at, columns, shape.block.is_none(), target)?;
    if let (Some(block), Some(level)) = (&shape.block, reduce.first()) {
        accumulate(s, block, level, columns, true, target)?;
    }
    pack_product(s, shape, columns - 1, tile, target)?;
    Ok(())
}

/// Packs the weights of the stage that multiplies for column tiles of the register tile's width; their name, if it did.
pub(super) fn pack_product(
    s: &mut Schedule,
    shape: &Shape,
    column: usize,
    tile: RegisterTile,
    target: &Target,
) -> Result<Option<String>, ScheduleError> {
    match s.stage_named(shape.product()) {
        Some(id) => pack_weights(s, id, column, tile.vectors * target.lanes(4)),
        None => Ok(None),
    }
}

/// Places a reduction under `at`; its first `columns` axes are the tile's, a further one counts blocks. The reduce loops.
pub(super) fn accumulate(
    s: &mut Schedule,
    stage: &str,
    at: &str,
    columns: usize,
    multiplies: bool,
    target: &Target,
) -> Result<Vec<String>, ScheduleError> {
    let lanes = target.lanes(4);
    take(s, format!("compute_at {stage} {at}"))?;
    let Some(id) = s.stage_named(stage) else { return Ok(vec![]) };
    let st = s.program().stage(id).clone();
    let loops = s.loops_of(stage);
    let own = &loops[loops.len() - st.axes.len() - st.reduce.len()..];
    let (spatial, reduce) = own.split_at(st.axes.len());
    let (tile, blocks) = spatial.split_at(columns);
    let order: Vec<String> = blocks.iter().chain(reduce).chain(tile).cloned().collect();
    if order.len() > 1 {
        take(s, format!("reorder {}", order.join(" ")))?;
    }
    let Some(c) = tile.last() else { return Ok(vec![]) };
    if multiplies && target.multiply_by_lane {
        let k = join_contiguous(s, stage, reduce, lanes)?;
        if let Some(k) = k.filter(|k| s.extent(k).unwrap_or(1) >= lanes) {
            // a vector of operands, one lane after the other
            take(s, format!("split {k} {lanes}"))?;
            take(s, format!("unroll {k}.1"))?;
        }
    }
    let row = tile.len().checked_sub(2).and_then(|k| tile.get(k));
    vectorize_tile(s, row.map(String::as_str), c, target)?;
    Ok(reduce.to_vec())
}

/// Unrolls a tile of sums: `column` in vectors, and `row`.
pub(super) fn vectorize_tile(
    s: &mut Schedule,
    row: Option<&str>,
    column: &str,
    target: &Target,
) -> Result<(), ScheduleError> {
    take(s, format!("split {column} {}", target.lanes(4)))?;
    take(s, format!("unroll {column}.0"))?;
    take(s, format!("vectorize {column}.1"))?;
    match row {
        Some(row) => take(s, format!("unroll {row}")),
        None => Ok(()),
    }
}

/// The innermost reduce loop. Where it fills no whole vectors (three colours) and its operands go on without a gap at the
/// next step of the loop around it (the window's next column), the two become one.
fn join_contiguous(
    s: &mut Schedule,
    stage: &str,
    reduce: &[String],
    lanes: i64,
) -> Result<Option<String>, ScheduleError> {
    let [.., outer, inner] = reduce else { return Ok(reduce.last().cloned()) };
    let whole = s.extent(inner).unwrap_or(1) % lanes == 0;
    if whole || !s.stage_named(stage).is_some_and(|id| walks_without_gap(s, id)) {
        return Ok(Some(inner.clone()));
    }
    take(s, format!("fuse {outer} {inner}"))?;
    Ok(Some(format!("{outer}+{inner}")))
}

/// Whether every buffer that the stage reads along its last two reduce axes is read in memory order along both.
fn walks_without_gap(s: &Schedule, id: StageId) -> bool {
    let stage = s.program().stage(id);
    let first = stage.axes.len() + stage.reduce.len();
    let [.., _, last] = stage.reduce.as_slice() else { return false };
    let (outer, inner) = (Expr::Var(VarId(first as u32 - 2)), Expr::Var(VarId(first as u32 - 1)));
    let mut without = true;
    stage.body.visit(&mut |e| {
        let Expr::Load { buffer, index } = e else { return };
        if s.program().buffer(*buffer).role == Role::Constant {
            return; // packed in the order of the loops
        }
        let [.., before, end] = index.as_slice() else { return };
        let steps = |e: &Expr, v: &Expr| Sum::of(e, &Ranges::default()).terms.iter().find(|t| t.0 == *v).map(|t| t.1);
        let all = s.program().buffer(*buffer).shape.last() == Some(&last.extent);
        without &= all && *end == inner && steps(before, &outer) == Some(1) && steps(before, &inner).is_none();
    });
    without
}

/// Packs the constant that is read along the columns (spatial axis `column`): column tiles outermost, then the reduction in its order, then
/// the columns of a tile.
pub(super) fn pack_weights(
    s: &mut Schedule,
    id: StageId,
    column: usize,
    width: i64,
) -> Result<Option<String>, ScheduleError> {
    let stage = s.program().stage(id).clone();
    let column = VarId(column as u32);
    let mut found = None;
    stage.body.visit(&mut |e| {
        if let Expr::Load { buffer, index } = e {
            let constant = s.program().buffer(*buffer).role == Role::Constant;
            let position = index.iter().position(|i| *i == Expr::Var(column));
            if let (true, Some(position)) = (constant, position) {
                found = Some((*buffer, index.clone(), position));
            }
        }
    });
    let Some((buffer, index, position)) = found else { return Ok(None) };
    if s.readers(buffer).len() > 1 {
        return Ok(None);
    }
    // a dimension walked in blocks: blocks outside, what is in them innermost
    let mut dims = vec![format!("{position}/{width}")];
    let mut rest = vec![];
    for d in (0..index.len()).filter(|d| *d != position) {
        let sum = Sum::of(&index[d], &Ranges::default());
        match sum.terms.as_slice() {
            [(Expr::Var(v), 1)] => rest.push((v.0, d.to_string())),
            [(Expr::Var(blocks), size), (Expr::Var(within), 1)] => {
                dims.push(format!("{d}/{size}"));
                debug_assert!(blocks < within, "blocks are the outer variable");
                rest.push((within.0, format!("{d}%{size}")));
            }
            _ => rest.push((0, d.to_string())),
        }
    }
    rest.sort();
    dims.extend(rest.into_iter().map(|(_, text)| text));
    dims.push(format!("{position}%{width}"));
    let name = s.program().buffer(buffer).name.clone();
    take(s, format!("pack {name} {}", dims.join(" ")))?;
    Ok(Some(name))
}
