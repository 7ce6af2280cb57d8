//! The register tile of a contraction: how many rows and vectors of accumulators are kept in registers.
//!
//! One step of the reduction costs the larger of three: multiply-adds over their issue rate, loads over theirs, and
//! the latency of the dependent multiply-adds of one accumulator. Rows and columns that the tile does not divide
//! cost a smaller tile of their own; the tile chosen is the one with the least total.

use crate::target::Target;

/// Vector loads a core issues per cycle.
const LOADS_PER_CYCLE: f64 = 2.0;
/// What a load costs beside its share of the load units, in cycles: it takes an issue slot from something else.
const ISSUE: f64 = 0.15;
/// Cost of a loop iteration beside its loads and multiply-adds, in cycles.
const OVERHEAD: f64 = 0.25;

/// A tile of accumulators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegisterTile {
    /// rows: elements that share a weight vector
    pub rows: i64,
    /// vectors of a row
    pub vectors: i64,
    /// estimated cycles of one reduction step over the whole problem
    pub cycles: f64,
}

/// Estimated cycles of one reduction step of a `rows` x `vectors` tile.
fn step_cycles(rows: i64, vectors: i64, target: &Target) -> f64 {
    let fma = (rows * vectors) as f64 / f64::from(target.fma_per_cycle.max(1));
    // a scalar operand taken from a lane costs a load only every vector's worth of steps
    let scalar_loads = if target.multiply_by_lane { rows as f64 / target.lanes(4) as f64 } else { rows as f64 };
    let loads = scalar_loads + vectors as f64;
    fma.max(loads / LOADS_PER_CYCLE).max(f64::from(target.fma_latency)) + ISSUE * loads + OVERHEAD
}

/// Whether the tile's accumulators and operands fit the registers.
///
/// A row of one needs each weight once, straight from memory; more rows share weights, which then stay in registers.
/// Where multiply-adds take a scalar from a lane, a vector of each row's operands stays instead.
fn fits(rows: i64, vectors: i64, target: &Target) -> bool {
    let operands = match (target.multiply_by_lane, rows) {
        (true, _) => rows + vectors.min(3),
        (false, 1) => 2,
        (false, _) => vectors + 1,
    };
    rows * vectors + operands <= i64::from(target.vector_registers)
}

/// Whether packing `vectors` into tiles of `v` adds more than a hundredth of zeros, where weights lie in scarce flash.
fn wastes_flash(vectors: i64, v: i64, target: &Target) -> bool {
    let added = (vectors + v - 1) / v * v - vectors;
    target.is_microcontroller() && added * 100 > vectors
}

/// The best tile for `rows` x `columns` results of `lanes`-wide vectors.
pub fn choose(rows: i64, columns: i64, target: &Target) -> RegisterTile {
    let lanes = target.lanes(4);
    let vectors = (columns + lanes - 1) / lanes;
    let mut best: Option<RegisterTile> = None;
    for r in 1..=rows.min(i64::from(target.vector_registers)) {
        for v in 1..=vectors.min(i64::from(target.vector_registers)) {
            if !fits(r, v, target) || wastes_flash(vectors, v, target) {
                continue;
            }
            let cost = |rows_left: i64| {
                let whole = (vectors / v) as f64 * step_cycles(rows_left, v, target);
                let rest = vectors % v;
                whole + if rest > 0 { step_cycles(rows_left, rest, target) } else { 0.0 }
            };
            let tail = rows % r;
            let cycles = (rows / r) as f64 * cost(r) + if tail > 0 { cost(tail) } else { 0.0 };
            if best.is_none_or(|b| cycles < b.cycles * 0.999) {
                best = Some(RegisterTile { rows: r, vectors: v, cycles });
            }
        }
    }
    best.unwrap_or(RegisterTile { rows: 1, vectors: 1, cycles: 0.0 })
}
