//! The state a schedule transforms: program, loop tree, variables, regions, packings and the steps taken.

use std::collections::HashMap;
use std::sync::Arc;

use super::fetch_share::Prefetch;
use super::packing::Packing;
use super::region::Region;
use super::trace::Trace;
use super::tree::{Block, Loop, Tree};
use crate::expr::{BufferId, Expr, VarId};
use crate::index::{Range, Ranges};
use crate::intrinsic::Intrinsic;
use crate::program::{Program, StageId};

/// A loop variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Var {
    pub name: String,
    pub extent: i64,
    /// whether iterations combine into one element of a reduction (order matters for floats, init comes first)
    pub reduce: bool,
}

/// A program with loops. See the module's invariants.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(crate) program: Program,
    pub(crate) roots: Vec<Tree>,
    pub(crate) vars: Vec<Var>,
    pub(crate) regions: HashMap<BufferId, Region>,
    pub(crate) packings: HashMap<BufferId, Packing>,
    /// what `tensorize` may name
    pub(crate) intrinsics: Vec<Arc<Intrinsic>>,
    /// outermost loops that became an intrinsic
    pub(crate) tensorized: Vec<(VarId, Arc<Intrinsic>)>,
    pub(crate) prefetches: Vec<Prefetch>,
    pub(super) trace: Trace,
}

impl Schedule {
    /// Every stage in its own nest of serial loops, in program order; the stages of a scan share their first loop.
    pub fn new(program: Program) -> Schedule {
        let mut s = Schedule {
            program,
            roots: vec![],
            vars: vec![],
            regions: HashMap::new(),
            packings: HashMap::new(),
            intrinsics: Intrinsic::builtin().to_vec(),
            tensorized: vec![],
            prefetches: vec![],
            trace: Trace::default(),
        };
        let mut next = 0;
        while next < s.program.stages.len() {
            let scan = s.program.scans.iter().find(|scan| scan.first.0 as usize == next).copied();
            let Some(scan) = scan else {
                let nest = s.initial_nest(StageId(next as u32));
                s.roots.extend(nest);
                next += 1;
                continue;
            };
            let stages: Vec<StageId> = (scan.first.0..=scan.last.0).map(StageId).collect();
            let axis = s.program.stage(scan.first).axes[0].clone();
            let name = format!("{}.{}", s.program.stage(scan.first).name, axis.name);
            let time = s.new_var(&name, axis.extent, true);
            let body = stages.iter().flat_map(|&stage| s.nest_around(stage, Some(time))).collect();
            s.roots.extend(Tree::nest(&[time], body));
            next = scan.last.0 as usize + 1;
        }
        s
    }

    /// The program as transformed so far (stages inlined, caches added, constants repacked).
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The loop trees, one per phase, in order.
    pub fn roots(&self) -> &[Tree] {
        &self.roots
    }

    /// Lets `tensorize` name one more intrinsic; one of the same name is replaced.
    pub fn declare(&mut self, intrinsic: Intrinsic) {
        self.intrinsics.retain(|i| i.name != intrinsic.name);
        self.intrinsics.push(Arc::new(intrinsic));
    }

    /// The steps taken so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The packed layout of each repacked constant.
    pub fn packings(&self) -> &HashMap<BufferId, Packing> {
        &self.packings
    }

    /// Names of the loops around a stage's block, outermost first; empty when it has none or was inlined.
    pub fn loops_of(&self, stage: &str) -> Vec<String> {
        let Some(id) = self.stage_named(stage) else { return vec![] };
        self.path(id).iter().map(|v| self.var(*v).name.clone()).collect()
    }

    /// Extent of the loop `name`.
    pub fn extent(&self, name: &str) -> Option<i64> {
        self.vars.iter().find(|v| v.name == name).map(|v| v.extent)
    }

    pub(crate) fn var(&self, id: VarId) -> &Var {
        &self.vars[id.0 as usize]
    }

    pub(crate) fn stage_named(&self, name: &str) -> Option<StageId> {
        self.program.stages.iter().position(|s| s.name == name).map(|i| StageId(i as u32))
    }

    pub(crate) fn path(&self, stage: StageId) -> Vec<VarId> {
        self.roots.iter().find_map(|t| t.path(stage)).unwrap_or_default()
    }

    /// What is known of every loop variable.
    pub(crate) fn ranges(&self) -> Ranges {
        let mut ranges = Ranges::default();
        for (i, v) in self.vars.iter().enumerate() {
            ranges.insert(VarId(i as u32), Range::extent(v.extent));
        }
        ranges
    }

    /// A new variable; the name is made unique.
    pub(crate) fn new_var(&mut self, name: &str, extent: i64, reduce: bool) -> VarId {
        let mut unique = name.to_string();
        let mut n = 1;
        while self.vars.iter().any(|v| v.name == unique) {
            n += 1;
            unique = format!("{name}'{n}");
        }
        self.vars.push(Var { name: unique, extent, reduce });
        VarId((self.vars.len() - 1) as u32)
    }

    /// Forgets a variable's name, so that a nest built anew gets it again.
    pub(crate) fn retire_var(&mut self, var: VarId) {
        let n = self.vars.len();
        let v = &mut self.vars[var.0 as usize];
        v.name = format!("~{}.{n}", var.0);
    }

    fn initial_nest(&mut self, stage: StageId) -> Vec<Tree> {
        self.nest_around(stage, None)
    }

    /// Fresh serial loops over all axes of a stage around its block; `first` is the variable of the first axis if it exists.
    pub(crate) fn nest_around(&mut self, stage: StageId, first: Option<VarId>) -> Vec<Tree> {
        let s = self.program.stage(stage).clone();
        let mut vars: Vec<VarId> = first.into_iter().collect();
        for (k, axis) in s.axes.iter().chain(&s.reduce).enumerate().skip(vars.len()) {
            vars.push(self.new_var(&format!("{}.{}", s.name, axis.name), axis.extent, k >= s.axes.len()));
        }
        let axes = vars.iter().map(|v| Expr::Var(*v)).collect();
        let block = Tree::Block(Block { stage, axes, guards: vec![] });
        Tree::nest(&vars[first.map_or(0, |_| 1)..], vec![block])
    }

    /// The loop `name` in the tree.
    pub(crate) fn loop_named(&self, name: &str) -> Option<VarId> {
        let id = VarId(self.vars.iter().position(|v| v.name == name)? as u32);
        self.roots.iter().find_map(|t| t.find_loop(id)).map(|l| l.var)
    }

    pub(crate) fn loop_mut(&mut self, var: VarId) -> Option<&mut Loop> {
        self.roots.iter_mut().find_map(|t| t.find_loop_mut(var))
    }

    pub(crate) fn loop_ref(&self, var: VarId) -> Option<&Loop> {
        self.roots.iter().find_map(|t| t.find_loop(var))
    }

    /// The block of a stage.
    pub(crate) fn block(&self, stage: StageId) -> Option<Block> {
        let mut found = None;
        for t in &self.roots {
            t.visit_blocks(&mut |b| {
                if b.stage == stage {
                    found = Some(b.clone());
                }
            });
        }
        found
    }

    /// Stages whose bodies read `buffer`, inlined ones left out.
    pub(crate) fn readers(&self, buffer: BufferId) -> Vec<StageId> {
        let reads = |s: &crate::program::Stage| {
            let mut found = false;
            s.body.visit(&mut |e| found |= matches!(e, Expr::Load { buffer: b, .. } if *b == buffer));
            found
        };
        let stages = self.program.stages.iter().enumerate().filter(|(_, s)| reads(s));
        stages.map(|(i, _)| StageId(i as u32)).filter(|id| self.block(*id).is_some()).collect()
    }

    /// The stages that fill `buffer`.
    pub(crate) fn writers(&self, buffer: BufferId) -> Vec<StageId> {
        let stages = self.program.stages.iter().enumerate();
        stages.filter(|(_, s)| s.output == buffer).map(|(i, _)| StageId(i as u32)).collect()
    }
}
