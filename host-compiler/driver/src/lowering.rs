//! What is between the model and code generation.

use lathe_graph::Graph;

use crate::groups::ScheduledGroup;
use crate::kernel_set::KernelSet;
use crate::options::Options;
use crate::plan::Plan;

/// A model down to loop nests, before code generation.
#[derive(Debug)]
pub struct Lowering {
    /// the options it was made with
    pub options: Options,
    /// SHA-256 of the model file, in hexadecimal
    pub model_sha256: String,
    /// the graph as imported, pictures folded in: what the self-test and comparisons are computed from
    pub imported: Graph,
    /// the graph after all passes
    pub graph: Graph,
    /// the groups in the model's order
    pub groups: Vec<ScheduledGroup>,
    /// the distinct kernels
    pub kernels: KernelSet,
    /// the order chosen, steps and memory
    pub plan: Plan,
    /// the most bytes live at one step in the model's order, and in the order chosen
    pub peaks: (usize, usize),
}
