//! Contractions: convolution and matrix product. A register tile of accumulators under the reduction, weights packed
//! in the order they are read, work shared out over rows or over output channels, whichever reads less.

use super::compute_tile::{Shape, compute_tile, finish_tile, split_tile};
use super::elementwise::{remaining, schedule_map};
use super::inlining::inline_maps;
use super::register_tile::{RegisterTile, choose};
use super::sum_blocks::{self, compute_blocks};
use super::take;
use crate::expr::{BufferId, Expr, VarId};
use crate::program::{Body, Role, Stage, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Sums longer than this are taken in blocks: rounding errors grow with the length of a chain of additions.
const LONG: i64 = 512;

/// With fewer iterations to share out, one worker's share is much larger than another's.
const ENOUGH: i64 = 12;

/// Sums of fewer terms leave a tile little work beside finding its place, which two loops make dearer: the stem of
/// SqueezeNet 1.1 (27 terms) took about 240 instructions a tile more on AArch64.
const SHORT: i64 = 64;
/// Terms of the sum, over all tiles of one piece of shared work, beside which finding the piece's place does not matter.
const WORTH_SHARING: i64 = 512;

pub(super) fn schedule(s: &mut Schedule, anchor: &str, target: &Target) -> Result<(), ScheduleError> {
    let pad = pad_stage(s, anchor);
    let keep: Vec<&str> = pad.iter().map(String::as_str).chain([anchor]).collect();
    inline_maps(s, &keep, &[anchor])?;
    let blocked = block_long_sum(s, anchor)?;
    let Some((tile, compute)) = output_stage(s, anchor)? else {
        return remaining(s, &[], target);
    };
    let block = blocked.then(|| format!("{anchor}.rf"));
    let shape = Shape { tile, compute, block, pad };
    let by_row = plan_rows(s, &shape, target);
    match by_row {
        Some(rows) => image_rows(s, &shape, rows, target)?,
        None => joined_rows(s, &shape, target)?,
    }
    remaining(s, &[&shape.tile], target)
}

/// Cuts a long sum into blocks along its last reduce axis; whether it did.
fn block_long_sum(s: &mut Schedule, anchor: &str) -> Result<bool, ScheduleError> {
    let Some(id) = s.stage_named(anchor) else { return Ok(false) };
    let stage = s.program().stage(id).clone();
    let length: i64 = stage.reduce.iter().map(|a| a.extent).product();
    let Some(k) = stage.reduce.last() else { return Ok(false) };
    if length <= LONG || stage.axes.is_empty() {
        return Ok(false);
    }
    let most = (LONG * k.extent / length).max(16);
    let Some(size) = (16..=most.min(k.extent / 2)).rev().find(|b| k.extent % b == 0 && b % 4 == 0) else {
        return Ok(false);
    };
    take(s, format!("rblock {anchor}.{} {size}", k.name))?;
    Ok(true)
}

/// The stage whose loops are tiled and the one that computes inside them; `None` when the anchor has no axes to tile.
///
/// The first is the one map that reads the anchor point by point; where there is none, a copy is made (`cache_write`).
pub(super) fn output_stage(s: &mut Schedule, anchor: &str) -> Result<Option<(String, String)>, ScheduleError> {
    let Some(id) = s.stage_named(anchor) else { return Ok(None) };
    let stage = s.program().stage(id).clone();
    if stage.axes.is_empty() {
        return Ok(None);
    }
    let readers = s.readers(stage.output);
    if let ([reader], Role::Temp) = (readers.as_slice(), s.program().buffer(stage.output).role) {
        let r = s.program().stage(*reader).clone();
        if matches!(r.body, Body::Map(_))
            && reads_point_by_point(&r, stage.output, &stage)
            && s.is_pristine_root(*reader)
        {
            return Ok(Some((r.name, anchor.to_string())));
        }
    }
    take(s, format!("cache_write {anchor}"))?;
    Ok(Some((anchor.to_string(), format!("{anchor}.local"))))
}

fn reads_point_by_point(reader: &Stage, buffer: BufferId, of: &Stage) -> bool {
    let same_axes = reader.axes.iter().map(|a| a.extent).eq(of.axes.iter().map(|a| a.extent));
    let mut straight = same_axes;
    reader.body.visit(&mut |e| {
        if let Expr::Load { buffer: b, index } = e
            && *b == buffer
        {
            let point = |(k, i): (usize, &Expr)| {
                *i == Expr::Var(VarId(k as u32))
                    || (*i == Expr::Index(0) && of.axes.get(k).is_some_and(|a| a.extent == 1))
            };
            straight &= index.iter().enumerate().all(point);
        }
    });
    straight
}

/// The stage that pads what the anchor reads.
pub(super) fn pad_stage(s: &Schedule, anchor: &str) -> Option<String> {
    let id = s.stage_named(anchor)?;
    let mut found = None;
    s.program().stage(id).body.visit(&mut |e| {
        if let Expr::Load { buffer, .. } = e {
            let writers = s.writers(*buffer);
            let maps = |w: &StageId| matches!(s.program().stage(*w).body, Body::Map(_));
            if let Some(w) = writers.first().filter(|w| maps(w) && s.program().stage(**w).name.starts_with("pad")) {
                found = Some(s.program().stage(*w).name.clone());
            }
        }
    });
    found
}

/// Bytes of the constant the contraction reads, and of everything else it reads.
fn traffic(s: &Schedule, id: StageId) -> (i64, i64) {
    let (mut weights, mut other) = (0, 0);
    let mut seen = vec![];
    s.program().stage(id).body.visit(&mut |e| {
        if let Expr::Load { buffer, .. } = e
            && !seen.contains(buffer)
        {
            seen.push(*buffer);
            let b = s.program().buffer(*buffer);
            let bytes = b.elements() * b.dtype.size() as i64;
            if b.role == Role::Constant { weights += bytes } else { other += bytes }
        }
    });
    (weights, other)
}

/// How an image's rows are tiled, when they are worth tiling one by one: the tile, and the axes' names.
struct ImageRows {
    tile: RegisterTile,
}

/// What joining all rows must save before the whole padded image is kept: in a cache, and where memory is scarce.
const JOINING_SAVES: f64 = 1.04;
const JOINING_SAVES_WITHOUT_CACHE: f64 = 1.25;

/// Rows one by one (padding then happens row by row, in cache) unless joining them wastes clearly less. Without a cache
/// nothing is gained by reading weights seldom, and the rows in the workspace are all that padding takes of the memory.
fn plan_rows(s: &Schedule, shape: &Shape, target: &Target) -> Option<ImageRows> {
    let axes: Vec<i64> = s.program().stage(s.stage_named(&shape.compute)?).axes.iter().map(|a| a.extent).collect();
    let (columns, w) = (*axes.last()?, *axes.get(axes.len().checked_sub(2)?)?);
    let rows: i64 = axes[..axes.len() - 2].iter().product();
    shape.pad.as_ref()?;
    let (weights, _) = traffic(s, s.stage_named(shape.product())?);
    let row_tile = choose(w, columns, target);
    let joined = choose(w * rows, columns, target);
    let (weights_stay, saves) = match target.l2_bytes {
        0 => (true, JOINING_SAVES_WITHOUT_CACHE),
        cache => (weights <= i64::from(cache) / 2, JOINING_SAVES),
    };
    (weights_stay && row_tile.cycles * rows as f64 <= joined.cycles * saves).then_some(ImageRows { tile: row_tile })
}

/// `parallel n, h { pad; for oc.0 { for w.0 { tile } } }`
fn image_rows(s: &mut Schedule, shape: &Shape, rows: ImageRows, target: &Target) -> Result<(), ScheduleError> {
    let loops = s.loops_of(&shape.tile);
    let (outer, w, c) = (&loops[..loops.len() - 2], &loops[loops.len() - 2], &loops[loops.len() - 1]);
    split_tile(s, w, c, rows.tile, target)?;
    take(s, format!("reorder {c}.0 {w}.0 {w}.1 {c}.1 {c}.2"))?;
    let shared = fuse_all(s, outer)?;
    compute_tile(s, shape, &format!("{w}.0"), rows.tile, target)?;
    finish_tile(s, w, c)?;
    if let (Some(pad), Some(shared)) = (&shape.pad, &shared) {
        take(s, format!("compute_at {pad} {shared}"))?;
        vectorize_channels(s, pad, target)?;
    }
    match shared {
        Some(shared) => take(s, format!("parallel {shared}")),
        None => Ok(()),
    }
}

/// All rows as one axis: `parallel oc.0 { for m.0 { tile } }` or `parallel m.0 { for oc.0 { tile } }`.
fn joined_rows(s: &mut Schedule, shape: &Shape, target: &Target) -> Result<(), ScheduleError> {
    join_row_axes(s, shape)?;
    let Some(id) = s.stage_named(&shape.compute) else { return Ok(()) };
    let stage = s.program().stage(id).clone();
    let loops = s.loops_of(&shape.tile);
    if loops.len() < 2 {
        // one row: columns only
        let c = &loops[0];
        let tile = choose(1, s.extent(c).unwrap_or(1), target);
        take(s, format!("split {c} {} {}", tile.vectors, target.lanes(4)))?;
        compute_tile(s, shape, &format!("{c}.0"), tile, target)?;
        take(s, format!("unroll {c}.1"))?;
        take(s, format!("vectorize {c}.2"))?;
        return take(s, format!("parallel {c}.0"));
    }
    let (outer, m, c) = (&loops[..loops.len() - 2], &loops[loops.len() - 2], &loops[loops.len() - 1]);
    let (m_extent, c_extent) = (s.extent(m).unwrap_or(1), s.extent(c).unwrap_or(1));
    let tile = choose(m_extent, c_extent, target);
    split_tile(s, m, c, tile, target)?;
    let (weights, other) = s.stage_named(shape.product()).map_or((0, 0), |id| traffic(s, id));
    let column_tiles = s.extent(&format!("{c}.0")).unwrap_or(1);
    let row_tiles = s.extent(&format!("{m}.0")).unwrap_or(1);
    // What is read again and again: all weights for each row tile, or all rows for each column tile.
    let columns_outside = weights * row_tiles.min(m_extent) > other * column_tiles && !stage.reduce.is_empty();
    let order = if columns_outside { format!("{c}.0 {m}.0") } else { format!("{m}.0 {c}.0") };
    take(s, format!("reorder {order} {m}.1 {c}.1 {c}.2"))?;
    let at = format!("{}.0", if columns_outside { m } else { c });
    if columns_outside && column_tiles >= ENOUGH && sum_blocks::pay(shape, m_extent, weights, tile, target) {
        compute_blocks(s, shape, &format!("{c}.0"), tile, target)?;
    } else {
        compute_tile(s, shape, &at, tile, target)?;
    }
    finish_tile(s, m, c)?;
    let mut shared: Vec<String> = outer.to_vec();
    shared.extend(order.split(' ').map(str::to_string));
    share_out(s, shared, terms(s, shape), target)?;
    if let Some(pad) = &shape.pad {
        schedule_map(s, pad, target)?;
    }
    Ok(())
}

/// Terms of the sum behind one result; a long sum's are the blocks times what is in one.
fn terms(s: &Schedule, shape: &Shape) -> i64 {
    let stages = shape.block.iter().chain([&shape.compute]);
    let ids = stages.filter_map(|name| s.stage_named(name));
    ids.flat_map(|id| &s.program().stage(id).reduce).map(|axis| axis.extent).product()
}

/// Makes the outermost of `loops` parallel, and blocks of the next one with it while it has too few iterations to share
/// out evenly. The tile, a sum of so many terms, is computed at the last loop.
fn share_out(s: &mut Schedule, mut loops: Vec<String>, terms: i64, target: &Target) -> Result<(), ScheduleError> {
    let few = |s: &Schedule, l: &str| !target.is_microcontroller() && s.extent(l).unwrap_or(1) < ENOUGH;
    while let [outer, inner, _, ..] = loops.as_slice()
        && few(s, outer)
        // conditions of a last iteration would stay inside
        && !s.is_guarded(outer)
        && !s.is_guarded(inner)
    {
        let joined = format!("{outer}+{inner}");
        take(s, format!("fuse {outer} {inner}"))?;
        loops.splice(0..2, [joined]);
    }
    take(s, format!("parallel {}", loops[0]))?;
    let [outer, inner, ..] = loops.as_slice() else { return Ok(()) };
    if !few(s, outer) || terms < SHORT {
        return Ok(());
    }
    let (shares, iterations) = (s.extent(outer).unwrap_or(1), s.extent(inner).unwrap_or(1));
    // From an iteration's number to the positions of both loops is not for free: blocks as large as leave enough of them.
    let enough = |block: i64| iterations % block == 0 && iterations / block * shares >= 2 * ENOUGH;
    let block = (1..=iterations).rev().find(|block| enough(*block)).unwrap_or(1);
    if block * terms < WORTH_SHARING {
        return Ok(());
    }
    if block == 1 {
        return take(s, format!("parallel {inner}"));
    }
    take(s, format!("split {inner} {block}"))?;
    take(s, format!("parallel {inner}.0"))
}

/// Collapses all axes but the last into one, where both operands allow it: batch axes of a product of two activations stay.
fn join_row_axes(s: &mut Schedule, shape: &Shape) -> Result<(), ScheduleError> {
    loop {
        let Some(id) = s.stage_named(&shape.compute) else { return Ok(()) };
        let axes: Vec<String> = s.program().stage(id).axes.iter().map(|a| a.name.clone()).collect();
        if axes.len() < 3 {
            return Ok(());
        }
        let (a, b) = (&axes[axes.len() - 3], &axes[axes.len() - 2]);
        let product = s.stage_named(shape.product()).unwrap_or(id);
        if s.reads_columns_by(product, axes.len() - 1, axes.len() - 3) {
            return Ok(());
        }
        let Some(tile) = s.stage_named(&shape.tile) else { return Ok(()) };
        let names: Vec<String> = s.program().stage(tile).axes.iter().map(|a| a.name.clone()).collect();
        take(s, format!("collapse {} {a} {b}", shape.compute))?;
        if let Some(block) = &shape.block {
            take(s, format!("collapse {block} {a} {b}"))?;
        }
        take(s, format!("collapse {} {} {}", shape.tile, names[axes.len() - 3], names[axes.len() - 2]))?;
    }
}

/// Fuses all of `loops` into one; `None` when there are none.
fn fuse_all(s: &mut Schedule, loops: &[String]) -> Result<Option<String>, ScheduleError> {
    let Some(mut joined) = loops.first().cloned() else { return Ok(None) };
    for next in &loops[1..] {
        take(s, format!("fuse {joined} {next}"))?;
        joined = format!("{joined}+{next}");
    }
    Ok(Some(joined))
}

/// Vectors copied in one iteration.
const COPIED: i64 = 8;

/// Copies along the last loop of a stage become vector copies.
fn vectorize_channels(s: &mut Schedule, stage: &str, target: &Target) -> Result<(), ScheduleError> {
    let Some(last) = s.loops_of(stage).last().cloned() else { return Ok(()) };
    let extent = s.extent(&last).unwrap_or(1);
    let lanes = target.lanes(4);
    if extent > lanes {
        let vectors = (extent / lanes).min(COPIED);
        take(s, format!("split {last} {vectors} {lanes}"))?;
        take(s, format!("unroll {last}.1"))?;
        return take(s, format!("vectorize {last}.2"));
    }
    if extent > 1 { take(s, format!("vectorize {last}")) } else { Ok(()) }
}
