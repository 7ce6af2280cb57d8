//! Schedules: a program's loops, and the primitive steps that transform them.
//!
//! [`Schedule::new`] gives every stage its own nest of serial loops, in program order. Each primitive
//! ([`primitives`], one file each) checks its legality and transforms the loop tree, or fails with a
//! [`ScheduleError`] that shows the loop. The steps taken are recorded: the [`Trace`] is text that replays to the same
//! loops on every machine, and is what tuning remembers.
//!
//! Invariants: every stage has at most one block; loop names are unique; `Block::axes` gives each axis of the stage as
//! a function of the enclosing loops' variables; a buffer with a [`Region`] is written and read only inside the loop
//! the region belongs to.

mod apply;
mod edit;
mod error;
mod fetch_share;
mod packing;
pub mod primitives;
mod query;
mod region;
mod state;
mod text;
mod trace;
mod tree;

pub use error::ScheduleError;
pub(crate) use fetch_share::{Fetched, Prefetch, fetched};
pub use packing::{PackedDim, Packing};
pub use region::Region;
pub use state::Schedule;
pub use trace::{Step, Trace};
pub use tree::{Block, Guard, Loop, Tree};
