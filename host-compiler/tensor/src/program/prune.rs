//! Dropping what no output depends on.

use std::collections::HashSet;

use super::{InPlace, Program, Role, Scan, StageId};
use crate::expr::{BufferId, Expr};

/// A program without dead stages and buffers, and where the old ones went.
#[derive(Clone, Debug)]
pub struct Pruned {
    /// the program
    pub program: Program,
    /// new id of each old buffer that is still there
    pub buffers: Vec<Option<BufferId>>,
    /// new id of each old stage that is still there
    pub stages: Vec<Option<StageId>>,
}

impl Program {
    /// Drops stages and buffers that no output depends on.
    pub fn prune(&self) -> Pruned {
        let live = self.live_buffers();
        let kept = |k: usize| live.contains(&BufferId(k as u32));
        let buffers = renumber((0..self.buffers.len()).map(kept), BufferId);
        let stages = renumber(self.stages.iter().map(|s| live.contains(&s.output)), StageId);
        let mut program = Program { name: self.name.clone(), ..Program::default() };
        program.buffers =
            self.buffers.iter().zip(&buffers).filter(|(_, n)| n.is_some()).map(|(b, _)| b.clone()).collect();
        for (stage, _) in self.stages.iter().zip(&stages).filter(|(_, n)| n.is_some()) {
            let mut stage = stage.clone();
            stage.output = moved(stage.output, &buffers);
            stage.body = stage.body.map(&mut |e| reading(e.clone(), &buffers));
            program.stages.push(stage);
        }
        let both = |p: &InPlace| Some((buffers[p.output.0 as usize]?, buffers[p.over.0 as usize]?));
        program.in_place =
            self.in_place.iter().filter_map(both).map(|(output, over)| InPlace { output, over }).collect();
        program.scans = self.scans.iter().filter_map(|s| surviving(*s, &stages)).collect();
        Pruned { program, buffers, stages }
    }

    fn live_buffers(&self) -> HashSet<BufferId> {
        let ids = (0..self.buffers.len() as u32).map(BufferId);
        let mut live: HashSet<BufferId> = ids.filter(|&b| self.buffer(b).role == Role::Output).collect();
        loop {
            let before = live.len();
            for stage in self.stages.iter().rev().filter(|s| live.contains(&s.output)).collect::<Vec<_>>() {
                stage.body.visit(&mut |e| {
                    if let Expr::Load { buffer, .. } = e {
                        live.insert(*buffer);
                    }
                });
            }
            if live.len() == before {
                return live;
            }
        }
    }
}

/// New ids, in order, of what is kept.
fn renumber<T>(kept: impl Iterator<Item = bool>, id: impl Fn(u32) -> T) -> Vec<Option<T>> {
    let mut next = 0;
    let number = |keep: bool| {
        keep.then(|| {
            next += 1;
            id(next - 1)
        })
    };
    kept.map(number).collect()
}

fn moved(buffer: BufferId, buffers: &[Option<BufferId>]) -> BufferId {
    buffers[buffer.0 as usize].unwrap_or(buffer)
}

fn reading(expr: Expr, buffers: &[Option<BufferId>]) -> Expr {
    match expr.map_operands(&mut |e| reading(e, buffers)) {
        Expr::Load { buffer, index } => Expr::Load { buffer: moved(buffer, buffers), index },
        other => other,
    }
}

/// The scan over what is left of its stages.
fn surviving(scan: Scan, stages: &[Option<StageId>]) -> Option<Scan> {
    let mut left = stages[scan.first.0 as usize..=scan.last.0 as usize].iter().flatten();
    let first = *left.next()?;
    Some(Scan { first, last: left.next_back().copied().unwrap_or(first) })
}
