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
//! and the next block's are fetched meanwhile, evenly over the time that the rows take. The order alone gains nothing: on
//! Zen 3, ResNet's 7²x512 (9.4 MB of weights, read from memory) ran at 78-85 % of the peak before, at 77-81 % with it, and
//! with both at 92-94 %. Where all weights stay in the second cache, sums in memory are only a price.

use super::compute_tile::{Shape, accumulate, pack_product, vectorize_tile};
use super::register_tile::RegisterTile;
use super::take;
use crate::loops::LoopKind;
use crate::schedule::{Schedule, ScheduleError};
use crate::target::{CACHE_LINE, Target};

/// So many cache lines are asked for at once: a core waits when more are on their way than it can keep track of, 24 on
/// Zen 3, the one this was measured on. Asked for 48 at a time, those of a 1x1 convolution (7²x960) cost 5 % of its speed.
const AT_ONCE: i64 = 3;

/// Whether a sum of `rows` results is worth taking so: there are several row tiles to read a block, the weights, of so many
/// bytes, do not stay in the second cache, and the sums of a column tile's rows stay in the first beside what a block reads.
pub(super) fn pay(shape: &Shape, rows: i64, weights: i64, tile: RegisterTile, target: &Target) -> bool {
    let sums = rows * tile.vectors * i64::from(target.vector_bits / 8);
    let streamed = target.l2_bytes > 0 && weights > i64::from(target.l2_bytes);
    shape.block.is_some() && rows > tile.rows && streamed && sums * 4 <= i64::from(target.l1_bytes)
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
    if let Some(weights) = pack_product(s, shape, columns - 1, tile, target)? {
        let mut fetching = s.clone();
        if fetch_ahead(&mut fetching, shape, &weights, block, tile.vectors * target.lanes(4)).is_ok() {
            *s = fetching;
        }
    }
    Ok(())
}

/// Fetches the `weights` of the next iteration of `ahead` meanwhile, [`AT_ONCE`] cache lines or a few more at a time: where
/// no loop inside runs as often as that, one is split.
fn fetch_ahead(s: &mut Schedule, shape: &Shape, weights: &str, ahead: &str, columns: i64) -> Result<(), ScheduleError> {
    let mut times = piece_bytes(s, shape, weights, columns) / CACHE_LINE as i64 / AT_ONCE;
    let mut at = ahead.to_string();
    let inside = s.loops_of(shape.product()).into_iter().skip_while(|l| l != ahead).skip(1);
    for l in inside.collect::<Vec<_>>() {
        let extent = s.extent(&l).unwrap_or(1);
        let count = (1..=times.min(extent)).rev().find(|count| extent % count == 0).unwrap_or(1);
        if !s.is_of_kind(&l, LoopKind::Serial) || count < extent && s.is_guarded(&l) {
            break;
        }
        if count < extent {
            if count > 1 {
                take(s, format!("split {l} {}", extent / count))?;
                at = format!("{l}.0");
            }
            break;
        }
        times /= count;
        at = l;
    }
    take(s, format!("prefetch {weights} {ahead} {at}"))
}

/// Bytes of the `weights` that a block of the sum reads for so many columns.
fn piece_bytes(s: &Schedule, shape: &Shape, weights: &str, columns: i64) -> i64 {
    let product = s.stage_named(shape.product()).map(|id| s.program().stage(id));
    let terms: i64 = product.map_or(0, |stage| stage.reduce.iter().map(|axis| axis.extent).product());
    let size = s.program().buffers.iter().find(|b| b.name == weights).map_or(0, |b| b.dtype.size());
    terms * columns * size as i64
}
