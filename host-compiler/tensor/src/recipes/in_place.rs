//! Results of a group that take the memory of an operand nobody reads afterwards.
//!
//! ```text
//! relu(conv(x) + y)  ->  the sum is written over y
//! ```

use lathe_graph::ValueId;

use super::group::GroupProgram;
use crate::expr::BufferId;
use crate::program::{InPlace, Role};

impl GroupProgram {
    /// The same group with results written over operands of `free`, which nothing reads after it; `None` when there is
    /// no such result.
    pub fn in_place(&self, free: &[ValueId]) -> Option<GroupProgram> {
        let mut group = self.clone();
        let ids = |role: Role| {
            let all = (0u32..).map(BufferId).zip(&self.program.buffers);
            all.filter(move |(_, b)| b.role == role).map(|(id, _)| id)
        };
        let is_free =
            |b: &BufferId| self.buffers.get(b.0 as usize).copied().flatten().is_some_and(|v| free.contains(&v));
        for output in ids(Role::Output) {
            for over in ids(Role::Input).filter(is_free) {
                group.program.in_place.push(InPlace { output, over });
                if group.program.verify().is_ok() {
                    break;
                }
                group.program.in_place.pop();
            }
        }
        (!group.program.in_place.is_empty()).then_some(group)
    }
}
