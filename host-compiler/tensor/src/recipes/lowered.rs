//! What a recipe leaves in the program under construction.

use super::kind::AnchorKind;
use crate::program::StageId;
use crate::program::build::{Builder, Operand};

/// What a recipe built.
pub(super) struct Lowered {
    /// the operator's results
    pub(super) outputs: Vec<Operand>,
    /// the stage default schedules are built around
    pub(super) anchor: StageId,
    /// what that stage is
    pub(super) kind: AnchorKind,
}

impl Lowered {
    /// A result whose last stage is the main one.
    pub(super) fn last(b: &Builder, outputs: Vec<Operand>, kind: AnchorKind) -> Lowered {
        Lowered { outputs, anchor: b.last_stage(), kind }
    }
}
