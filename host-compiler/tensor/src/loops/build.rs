//! From a schedule's tree to statements: reductions get their initial value, indices become flat offsets.

use lathe_graph::DType;

use super::LoopKind;
use super::node::{Names, Node, Replacement, copy};
use crate::expr::{BinaryFn, BufferId, Expr, Scalar, VarId};
use crate::index::{is_index, substitute};
use crate::intrinsic::matching::matching;
use crate::program::{Body, Combiner};
use crate::schedule::{Block, Fetched, Guard, Prefetch, Schedule, Tree, fetched};

/// The value a reduction starts from.
pub fn identity(combiner: Combiner, dtype: DType) -> Scalar {
    match combiner {
        Combiner::Sum => Scalar::new(dtype, 0.0),
        Combiner::Prod => Scalar::new(dtype, 1.0),
        Combiner::Max if dtype.is_float() => Scalar::new(dtype, f64::NEG_INFINITY),
        Combiner::Min if dtype.is_float() => Scalar::new(dtype, f64::INFINITY),
        Combiner::Max => Scalar::Int(dtype, lowest(dtype)),
        Combiner::Min => Scalar::Int(dtype, highest(dtype)),
    }
}

fn lowest(dtype: DType) -> i64 {
    if dtype.is_signed_int() { i64::MIN >> (64 - 8 * dtype.size()) } else { 0 }
}

fn highest(dtype: DType) -> i64 {
    match dtype {
        DType::Bool => 1,
        DType::U64 => -1,
        d if d.is_signed_int() => i64::MAX >> (64 - 8 * d.size()),
        d => (1i64 << (8 * d.size())) - 1,
    }
}

/// The new value of an element of a reduction.
pub(crate) fn combine(combiner: Combiner, dtype: DType, old: Expr, value: Expr) -> Expr {
    let f = match combiner {
        Combiner::Sum if dtype == DType::Bool => BinaryFn::Or,
        Combiner::Prod if dtype == DType::Bool => BinaryFn::And,
        Combiner::Sum => BinaryFn::Add,
        Combiner::Prod => BinaryFn::Mul,
        Combiner::Max => BinaryFn::Max,
        Combiner::Min => BinaryFn::Min,
    };
    Expr::binary(f, old, value)
}

/// What a block stores: buffer, flat index, value, and the conditions under which it does.
pub(crate) fn store_of(schedule: &Schedule, block: &Block) -> (BufferId, Expr, Expr, Vec<Guard>) {
    Builder { schedule, names: Names { vars: vec![], buffers: vec![] } }.parts(block)
}

/// Builds the statements of one root of a schedule.
pub(super) struct Builder<'a> {
    pub schedule: &'a Schedule,
    pub names: Names,
}

impl Builder<'_> {
    pub fn nodes(&mut self, trees: &[Tree]) -> Vec<Node> {
        let mut out = vec![];
        for tree in trees {
            match tree {
                Tree::Block(b) => out.push(self.store(b)),
                Tree::Loop(l) if l.kind == LoopKind::Tensorized => out.extend(self.intrinsic(tree, l.var)),
                Tree::Loop(l) => {
                    out.extend(self.inits(tree));
                    let mut body = self.fetches(l.var);
                    body.extend(self.nodes(&l.body));
                    let extent = self.schedule.var(l.var).extent;
                    out.push(Node::For { var: l.var, extent, kind: l.kind, body, locals: self.locals(l.var) });
                }
            }
        }
        out
    }

    /// A tensorised nest, behind the initial value where the whole reduction is in it.
    fn intrinsic(&mut self, tree: &Tree, var: VarId) -> Vec<Node> {
        let Some((_, intrinsic)) = self.schedule.tensorized.iter().find(|(v, _)| *v == var) else { return vec![] };
        let Ok(found) = matching(self.schedule, tree, intrinsic) else {
            debug_assert!(false, "every step checks that what is tensorised still matches");
            return vec![];
        };
        let reduce = self.reduce_vars(&found.block);
        let outermost = self.schedule.path(found.block.stage).into_iter().find(|v| reduce.contains(v));
        let begins = outermost.is_some_and(|v| found.vars.contains(&v));
        let mut out: Vec<Node> = begins.then(|| self.init(tree, &found.block)).into_iter().collect();
        let (operands, guards) = (found.operands, found.guards);
        out.push(Node::Intrinsic { intrinsic: intrinsic.clone(), operands, guards });
        out
    }

    /// What is fetched ahead at each iteration of the loop.
    fn fetches(&self, at: VarId) -> Vec<Node> {
        let here = self.schedule.prefetches.iter().filter(|p| p.at == at);
        let node = |p: &Prefetch| {
            let Ok(Fetched { first, elements }) = fetched(self.schedule, p) else {
                debug_assert!(false, "every step checks that what is fetched ahead still can be");
                return None;
            };
            Some(Node::Prefetch { buffer: p.buffer, index: first, elements })
        };
        here.filter_map(node).collect()
    }

    /// Buffers that live inside the loop, in a fixed order.
    fn locals(&self, at: VarId) -> Vec<BufferId> {
        let regions = &self.schedule.regions;
        let mut locals: Vec<BufferId> = regions.iter().filter(|(_, r)| r.at == at).map(|(b, _)| *b).collect();
        locals.sort();
        locals
    }

    /// Initial values for the reductions whose outermost reduce loop is this one.
    fn inits(&mut self, tree: &Tree) -> Vec<Node> {
        let Tree::Loop(l) = tree else { return vec![] };
        let mut blocks = vec![];
        tree.visit_blocks(&mut |b| blocks.push(b.clone()));
        blocks.retain(|b| {
            let reduce = self.reduce_vars(b);
            self.schedule.path(b.stage).into_iter().find(|v| reduce.contains(v)) == Some(l.var)
        });
        blocks.iter().map(|b| self.init(tree, b)).collect()
    }

    fn init(&mut self, tree: &Tree, block: &Block) -> Node {
        let reduce = self.reduce_vars(block);
        let stage = self.schedule.program.stage(block.stage);
        let Body::Reduce(combiner, _) = stage.body else { return self.store(block) };
        let dtype = self.schedule.program.buffer(stage.output).dtype;
        let spatial = &block.axes[..stage.axes.len()];
        let guards = block.guards.iter().filter(|g| !reduce.iter().any(|v| g.index.mentions(*v))).cloned().collect();
        let mut node = Node::Store {
            buffer: stage.output,
            index: self.offset(stage.output, spatial),
            value: Expr::Const(identity(combiner, dtype)),
            guards,
        };
        for var in tree.path(block.stage).unwrap_or_default().into_iter().rev() {
            if !reduce.contains(&var) {
                let kind = match tree.find_loop(var).map_or(LoopKind::Serial, |l| l.kind) {
                    LoopKind::Tensorized => LoopKind::Vectorized,
                    kind => kind,
                };
                let extent = self.schedule.var(var).extent;
                node = Node::For { var, extent, kind, body: vec![node], locals: vec![] };
            }
        }
        copy(&[node], &Replacement::default(), &mut self.names).remove(0)
    }

    /// Variables of a block's reduce axes that are not also in its spatial ones.
    fn reduce_vars(&self, block: &Block) -> Vec<VarId> {
        let stage = self.schedule.program.stage(block.stage);
        if !matches!(stage.body, Body::Reduce(..)) {
            return vec![];
        }
        let vars_of = |axes: &[Expr]| {
            let mut vars = vec![];
            for e in axes {
                e.visit(&mut |e| {
                    if let Expr::Var(v) = e {
                        vars.push(*v)
                    }
                });
            }
            vars
        };
        let spatial = vars_of(&block.axes[..stage.axes.len()]);
        vars_of(&block.axes[stage.axes.len()..]).into_iter().filter(|v| !spatial.contains(v)).collect()
    }

    fn store(&self, block: &Block) -> Node {
        let (buffer, index, value, guards) = self.parts(block);
        Node::Store { buffer, index, value, guards }
    }

    fn parts(&self, block: &Block) -> (BufferId, Expr, Expr, Vec<Guard>) {
        let program = &self.schedule.program;
        let stage = program.stage(block.stage);
        let buffer = program.buffer(stage.output);
        let in_loops = |e: &Expr| self.flat(&substitute(e, &|v: VarId| block.axes.get(v.0 as usize).cloned()));
        let mut guards = block.guards.clone();
        let (at, value, combiner) = match &stage.body {
            Body::Map(value) => (block.axes[..stage.axes.len()].to_vec(), in_loops(value), None),
            Body::Reduce(combiner, value) => {
                let folded = stage.reduce.is_empty();
                (block.axes[..stage.axes.len()].to_vec(), in_loops(value), (!folded).then_some(*combiner))
            }
            Body::Update { index, combiner, value } => {
                let index: Vec<Expr> = index.iter().map(in_loops).collect();
                let bounds = index.iter().zip(&buffer.shape);
                guards.extend(bounds.map(|(i, n)| Guard { index: i.clone(), bound: *n }));
                (index, in_loops(value), *combiner)
            }
        };
        let index = self.offset(stage.output, &at);
        let value = match combiner {
            None => value,
            Some(c) => combine(c, buffer.dtype, Expr::load(stage.output, vec![index.clone()]), value),
        };
        (stage.output, index, value, guards)
    }

    /// `e` with every load's index flat.
    fn flat(&self, e: &Expr) -> Expr {
        match e.clone().map_operands(&mut |x| self.flat(&x)) {
            Expr::Load { buffer, index } => Expr::load(buffer, vec![self.offset(buffer, &index)]),
            e => e,
        }
    }

    /// Element offset of `index` in `buffer`, or in the part of it that is kept.
    fn offset(&self, buffer: BufferId, index: &[Expr]) -> Expr {
        let region = self.schedule.regions.get(&buffer);
        let shape = region.map_or(&self.schedule.program.buffer(buffer).shape, |r| &r.extent);
        let mut offset = Expr::Index(0);
        let mut stride = 1;
        for d in (0..shape.len()).rev() {
            debug_assert!(is_index(&index[d]), "a data value used as an index without a cast");
            let i = match region {
                Some(r) => index[d].clone() - r.min[d].clone(),
                None => index[d].clone(),
            };
            offset = i * Expr::Index(stride) + offset;
            stride *= shape[d];
        }
        offset
    }
}
