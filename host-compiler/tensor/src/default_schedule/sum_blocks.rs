//! Long sums of few rows with many weights: a block of the sum is a loop outside the rows.
//!
//! ```text
//! parallel column tile                        parallel column tile
//!   for row tile                                for block of the sum
//!     for block of the sum             ->         for row tile
//!       multiply, add to registers                  fetch a share of the next block's weights
//!   ...                                             multiply; add to the row tile's sums in memory
//! ```
//!
//! On the left each row tile reads all weights of the column tile: the first one from wherever they are, as fast as they
//! come, the others from the second cache if they stay there. On the right a block's weights stay in the first cache,
//! and the next block's are fetched meanwhile, evenly over the time that the rows take. Either alone gains nothing: on
//! Zen 3, ResNet's 7²x512 (9.4 MB of weights, read from memory) ran at 76-85 % of the peak before, at 77-81 % with the
//! order alone, and with both at 92-94 %. Where all weights stay in the second cache, sums in memory are only a price.

use super::compute_tile::{Shape, accumulate, pack_product, vectorize_tile};
use super::register_tile::RegisterTile;
use super::take;
use crate::expr::Expr;
use crate::program::{Role, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::{CACHE_LINE, Target};

/// So many cache lines are asked for at once: a core waits when more are on their way than it can keep track of, 24 on
/// Zen 3. Asked for 48 at a time, those of a 1x1 convolution (7²x960) cost 5 % of its speed.
const AT_ONCE: i64 = 3;

/// Whether a sum of `rows` results is worth taking so: its weights, of so many bytes, do not stay in the second cache, and
/// the sums of a column tile's rows stay in the first beside what one block reads.
pub(super) fn pay(shape: &Shape, rows: i64, weights: i64, tile: RegisterTile, target: &Target) -> bool {
    let sums = rows * tile.vectors * i64::from(target.vector_bits / 8);
    let streamed = target.l2_bytes > 0 && weights > i64::from(target.l2_bytes);
    shape.block.is_some() && streamed && sums * 4 <= i64::from(target.l1_bytes)
}

/// Places the computing stages under the column tile's loop `at`.
pub(super) fn compute_blocks(
    s: &mut Schedule,
    shape: &Shape,
    at: &str,
    tile: RegisterTile,
    target: &Target,
) -> Result<(), ScheduleError> {
    take(s, format!("compute_at {} {at}", shape.compute))?;
    let loops = s.loops_of(&shape.compute);
    let [.., row, column, block] = loops.as_slice() else { return Ok(()) };
    take(s, format!("split {row} {}", tile.rows))?;
    take(s, format!("reorder {block} {row}.0 {row}.1 {column}"))?;
    vectorize_tile(s, Some(&format!("{row}.1")), column, target)?;
    let columns = s.stage_named(&shape.compute).map_or(0, |id| s.program().stage(id).axes.len());
    accumulate(s, shape.product(), &format!("{row}.0"), columns, true, target)?;
    pack_product(s, shape, columns - 1, tile, target)?;
    fetch_ahead(s, shape, block, tile.vectors * target.lanes(4))
}

/// Fetches the weights of the next iteration of `ahead` meanwhile, [`AT_ONCE`] cache lines or a few more at a time: where
/// no loop inside runs as often as that, one is split.
fn fetch_ahead(s: &mut Schedule, shape: &Shape, ahead: &str, columns: i64) -> Result<(), ScheduleError> {
    let Some(id) = s.stage_named(shape.product()) else { return Ok(()) };
    let Some((weights, size)) = constant_of(s, id) else { return Ok(()) };
    let terms: i64 = s.program().stage(id).reduce.iter().map(|axis| axis.extent).product();
    let mut times = terms * columns * size as i64 / CACHE_LINE as i64 / AT_ONCE;
    let mut at = ahead.to_string();
    for l in s.loops_of(shape.product()).into_iter().skip_while(|l| l != ahead).skip(1) {
        let extent = s.extent(&l).unwrap_or(1);
        let count = (1..=times.min(extent)).rev().find(|count| extent % count == 0).unwrap_or(1);
        times /= count;
        if count == extent {
            at = l;
            continue;
        }
        if count > 1 && !s.is_guarded(&l) {
            take(s, format!("split {l} {}", extent / count))?;
            at = format!("{l}.0");
        }
        break;
    }
    // weights that could not be packed are left to the processor
    take(s, format!("prefetch {weights} {ahead} {at}")).or(Ok(()))
}

/// The constant a stage reads, and the bytes of one element.
fn constant_of(s: &Schedule, id: StageId) -> Option<(String, usize)> {
    let mut found = None;
    s.program().stage(id).body.visit(&mut |e| {
        if let Expr::Load { buffer, .. } = e {
            let b = s.program().buffer(*buffer);
            found = found.take().or((b.role == Role::Constant).then(|| (b.name.clone(), b.dtype.size())));
        }
    });
    found
}
