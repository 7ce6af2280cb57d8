//! Why a step is refused.

/// A step that cannot be taken, with the loops as they stand and the one concerned marked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("cannot apply `{step}`: {reason}\n{nest}")]
pub struct ScheduleError {
    /// the step as text
    pub step: String,
    /// what is wrong and what would be legal
    pub reason: String,
    /// the loop tree, a `>` before the line of the loop or block concerned
    pub nest: String,
}
