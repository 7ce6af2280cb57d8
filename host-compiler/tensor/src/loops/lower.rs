//! Lowering: one kernel for each root of a schedule. Between kernels there is a barrier.

use super::Kernel;
use super::build::Builder;
use super::finish;
use super::node::Names;
use super::parallel;
use super::partition::partition;
use crate::expr::BufferId;
use crate::index::Ranges;
use crate::schedule::Schedule;

/// One phase of a scheduled program.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// the loop nest
    pub kernel: Kernel,
    /// The program's buffer behind each parameter of the kernel, in order. Temporaries among them live in the arena
    /// from the phase that writes them to the last that reads them.
    pub params: Vec<BufferId>,
}

/// The kernels of a schedule, in execution order, named `<program>.<phase>` (without the number when there is one). What
/// lies in a workspace starts at multiples of `alignment` bytes.
pub fn lower(schedule: &Schedule, alignment: usize) -> Vec<Lowered> {
    let several = schedule.roots.len() > 1;
    let phases = schedule.roots.iter().enumerate().map(|(phase, root)| {
        let names = Names {
            vars: schedule.vars.iter().map(|v| v.name.clone()).collect(),
            buffers: (0..schedule.program.buffers.len() as u32).map(BufferId).collect(),
        };
        let mut builder = Builder { schedule, names };
        let nodes = builder.nodes(std::slice::from_ref(root));
        let mut names = builder.names;
        let nodes = partition(nodes, &Ranges::default(), &mut names);
        let nodes = parallel::join(nodes, &mut names);
        let body = finish::statements(&nodes, &Ranges::default());
        let program = &schedule.program.name;
        let name = if several { format!("{program}.{phase}") } else { program.clone() };
        let (kernel, params) = finish::kernel(schedule, name, body, &nodes, names, alignment);
        Lowered { kernel, params }
    });
    phases.filter(|l| !l.kernel.body.is_empty()).collect()
}
