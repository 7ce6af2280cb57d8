//! The loop tree as text, for reading, for error messages and for golden tests.

use super::fetch_share::Prefetch;
use super::state::Schedule;
use super::tree::{Block, Tree};
use crate::expr::VarId;
use crate::index::substitute;
use crate::loops::write_expr;
use crate::program::{Body, Combiner};

impl Schedule {
    /// The loop tree; the line of the loop or stage named `mark` begins with `>`.
    pub fn text(&self, mark: Option<&str>) -> String {
        let mut out = String::new();
        for tree in &self.roots {
            self.write_tree(tree, 0, mark, &mut out);
        }
        out
    }

    fn write_tree(&self, tree: &Tree, depth: usize, mark: Option<&str>, out: &mut String) {
        let mut line = |name: &str, text: String| {
            let flag = if mark == Some(name) { ">" } else { " " };
            out.push_str(&format!("{flag}{}{text}\n", "  ".repeat(depth)));
        };
        match tree {
            Tree::Block(b) => line(&self.program.stage(b.stage).name, self.block_text(b)),
            Tree::Loop(l) => {
                let v = self.var(l.var);
                let kind = l.kind.word();
                let intrinsic = self.tensorized.iter().find(|(var, _)| *var == l.var);
                let by = intrinsic.map_or(String::new(), |(_, i)| format!(" by {}", i.name));
                line(&v.name, format!("{kind} {} in 0..{}{by}{}", v.name, v.extent, self.fetches_text(l.var)));
                l.body.iter().for_each(|t| self.write_tree(t, depth + 1, mark, out));
            }
        }
    }

    fn fetches_text(&self, at: VarId) -> String {
        let here = self.prefetches.iter().filter(|p| p.at == at);
        let text = |p: &Prefetch| {
            format!(", fetching {} of the next {}", self.program.buffer(p.buffer).name, self.var(p.ahead).name)
        };
        here.map(text).collect()
    }

    fn block_text(&self, block: &Block) -> String {
        let stage = self.program.stage(block.stage);
        let name = |v: VarId| self.var(v).name.clone();
        let buffer = |b| self.program.buffer(b).name.clone();
        let in_loops =
            |e: &_| write_expr(&substitute(e, &|v: VarId| block.axes.get(v.0 as usize).cloned()), &name, &buffer);
        let axes: Vec<String> = block.axes[..stage.axes.len()].iter().map(|e| write_expr(e, &name, &buffer)).collect();
        let mut text = match &stage.body {
            Body::Map(value) => format!("{}[{}] = {}", buffer(stage.output), axes.join(", "), in_loops(value)),
            Body::Reduce(combiner, value) => {
                let op = combiner_text(*combiner);
                format!("{}[{}] {op} {}", buffer(stage.output), axes.join(", "), in_loops(value))
            }
            Body::Update { index, combiner, value } => {
                let op = combiner.map_or("=", combiner_text);
                let index: Vec<String> = index.iter().map(in_loops).collect();
                format!("{}[{}] {op} {}", buffer(stage.output), index.join(", "), in_loops(value))
            }
        };
        for g in &block.guards {
            text.push_str(&format!(" if {} < {}", write_expr(&g.index, &name, &buffer), g.bound));
        }
        text
    }
}

fn combiner_text(c: Combiner) -> &'static str {
    match c {
        Combiner::Sum => "+=",
        Combiner::Prod => "*=",
        Combiner::Max => "max=",
        Combiner::Min => "min=",
    }
}
