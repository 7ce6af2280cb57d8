//! The trace: the steps taken, as text that replays.

use std::fmt;
use std::str::FromStr;

use super::packing::PackedDim;

/// One primitive step. Loops, stages and buffers are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `collapse STAGE AXIS AXIS` (neighbouring spatial axes)
    Collapse(String, String, String),
    /// `inline STAGE`
    Inline(String),
    /// `compute_at STAGE LOOP`
    ComputeAt(String, String),
    /// `split LOOP FACTOR…` (factors of the inner loops, outermost first)
    Split(String, Vec<i64>),
    /// `tile LOOP LOOP FACTOR FACTOR`
    Tile(String, String, i64, i64),
    /// `reorder LOOP…`
    Reorder(Vec<String>),
    /// `fuse LOOP LOOP`
    Fuse(String, String),
    /// `vectorize LOOP`
    Vectorize(String),
    /// `tensorize LOOP INTRINSIC`
    Tensorize(String, String),
    /// `unroll LOOP`
    Unroll(String),
    /// `parallel LOOP`
    Parallel(String),
    /// `cache_write STAGE`
    CacheWrite(String),
    /// `cache_read BUFFER STAGE`
    CacheRead(String, String),
    /// `rfactor LOOP FACTOR`
    Rfactor(String, i64),
    /// `rblock LOOP SIZE`
    Rblock(String, i64),
    /// `prefetch BUFFER LOOP AT`
    Prefetch(String, String, String),
    /// `pack BUFFER DIM…` (dimensions as `d`, `d/block`, `d%block`)
    Pack(String, Vec<PackedDim>),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |v: &[i64]| v.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        match self {
            Step::Collapse(s, a, b) => write!(f, "collapse {s} {a} {b}"),
            Step::Inline(s) => write!(f, "inline {s}"),
            Step::ComputeAt(s, l) => write!(f, "compute_at {s} {l}"),
            Step::Split(l, factors) => write!(f, "split {l} {}", join(factors)),
            Step::Tile(a, b, x, y) => write!(f, "tile {a} {b} {x} {y}"),
            Step::Reorder(loops) => write!(f, "reorder {}", loops.join(" ")),
            Step::Fuse(a, b) => write!(f, "fuse {a} {b}"),
            Step::Vectorize(l) => write!(f, "vectorize {l}"),
            Step::Tensorize(l, i) => write!(f, "tensorize {l} {i}"),
            Step::Unroll(l) => write!(f, "unroll {l}"),
            Step::Parallel(l) => write!(f, "parallel {l}"),
            Step::CacheWrite(s) => write!(f, "cache_write {s}"),
            Step::CacheRead(b, s) => write!(f, "cache_read {b} {s}"),
            Step::Rfactor(l, n) => write!(f, "rfactor {l} {n}"),
            Step::Rblock(l, n) => write!(f, "rblock {l} {n}"),
            Step::Prefetch(b, l, at) => write!(f, "prefetch {b} {l} {at}"),
            Step::Pack(b, dims) => {
                write!(f, "pack {b}")?;
                dims.iter().try_for_each(|d| write!(f, " {}", d.text()))
            }
        }
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(line: &str) -> Result<Step, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = |i: usize| words.get(i).map(|w| w.to_string()).ok_or(format!("`{line}` lacks a name"));
        let number = |w: &str| w.parse::<i64>().map_err(|_| format!("`{w}` in `{line}` is not a number"));
        let exactly = |n: usize| match words.len() == n + 1 {
            true => Ok(()),
            false => Err(format!("`{line}` takes {n} operands, got {}", words.len() - 1)),
        };
        let verb = *words.first().ok_or("an empty step")?;
        if let Some(n) = match verb {
            "inline" | "vectorize" | "unroll" | "parallel" | "cache_write" => Some(1),
            "compute_at" | "fuse" | "cache_read" | "rfactor" | "rblock" | "tensorize" => Some(2),
            "collapse" | "prefetch" => Some(3),
            "tile" => Some(4),
            _ => None,
        } {
            exactly(n)?;
        }
        Ok(match verb {
            "collapse" => Step::Collapse(name(1)?, name(2)?, name(3)?),
            "inline" => Step::Inline(name(1)?),
            "vectorize" => Step::Vectorize(name(1)?),
            "tensorize" => Step::Tensorize(name(1)?, name(2)?),
            "unroll" => Step::Unroll(name(1)?),
            "parallel" => Step::Parallel(name(1)?),
            "cache_write" => Step::CacheWrite(name(1)?),
            "compute_at" => Step::ComputeAt(name(1)?, name(2)?),
            "fuse" => Step::Fuse(name(1)?, name(2)?),
            "cache_read" => Step::CacheRead(name(1)?, name(2)?),
            "rfactor" => Step::Rfactor(name(1)?, number(words[2])?),
            "rblock" => Step::Rblock(name(1)?, number(words[2])?),
            "prefetch" => Step::Prefetch(name(1)?, name(2)?, name(3)?),
            "tile" => Step::Tile(name(1)?, name(2)?, number(words[3])?, number(words[4])?),
            "split" => Step::Split(name(1)?, words[2..].iter().map(|w| number(w)).collect::<Result<_, _>>()?),
            "reorder" => Step::Reorder(words[1..].iter().map(|w| w.to_string()).collect()),
            "pack" => {
                let dim = |w: &&str| PackedDim::parse(w).ok_or(format!("`{w}` in `{line}` is not a packed dimension"));
                Step::Pack(name(1)?, words.get(2..).unwrap_or(&[]).iter().map(dim).collect::<Result<_, _>>()?)
            }
            other => return Err(format!("unknown primitive `{other}`")),
        })
    }
}

/// Steps in the order taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(pub Vec<Step>);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl FromStr for Trace {
    type Err = String;

    /// One step a line; blank lines and lines that begin with `#` are passed over.
    fn from_str(text: &str) -> Result<Trace, String> {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        lines.map(str::parse).collect::<Result<_, _>>().map(Trace)
    }
}
