//! The kernels of an artifact: equal loop nests once.

use std::collections::{HashMap, HashSet};

use lathe_tensor::loops::{KernelBuffer, Place};
use lathe_tensor::{BufferId, Expr, Kernel, Stmt};

/// Distinct kernels under distinct names.
#[derive(Clone, Debug, Default)]
pub struct KernelSet {
    kernels: Vec<Kernel>,
    by_nest: HashMap<String, usize>,
    names: HashSet<String>,
}

impl KernelSet {
    /// The number of `kernel` in this set; it is added unless an equal nest is there. Names do not count as a
    /// difference: the kernel's is made unique here, those of loops and buffers are for reading.
    pub fn add(&mut self, kernel: &Kernel) -> usize {
        let next = self.kernels.len();
        let number = *self.by_nest.entry(nest_text(kernel)).or_insert(next);
        if number == next {
            let mut kernel = kernel.clone();
            kernel.name = self.unique(&kernel.name);
            self.kernels.push(kernel);
        }
        number
    }

    /// The kernels by number.
    pub fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_string();
        let mut n = 1;
        while !self.names.insert(unique.clone()) {
            n += 1;
            unique = format!("{name}_{n}");
        }
        unique
    }
}

/// The nest without the names it carries for reading.
fn nest_text(kernel: &Kernel) -> String {
    let mut nameless = kernel.clone();
    nameless.name.clear();
    nameless.vars.iter_mut().for_each(String::clear);
    nameless.buffers.iter_mut().for_each(|b| b.name.clear());
    format!("{nameless:?}")
}

/// Which parameters of `kernel` it reads and which it writes, by their position.
pub fn accesses(kernel: &Kernel) -> Vec<(bool, bool)> {
    let index =
        |b: &KernelBuffer| if let Place::Param { index, .. } = b.place { Some(index as usize + 1) } else { None };
    let mut accesses = vec![(false, false); kernel.buffers.iter().filter_map(index).max().unwrap_or(0)];
    let mut read = HashSet::new();
    reads(&kernel.body, &mut read);
    for (i, buffer) in kernel.buffers.iter().enumerate() {
        if let Place::Param { index, written } = buffer.place
            && let Some(access) = accesses.get_mut(index as usize)
        {
            // A result written over an operand is one parameter with it.
            *access = (access.0 || read.contains(&BufferId(i as u32)), access.1 || written);
        }
    }
    accesses
}

fn reads(body: &[Stmt], read: &mut HashSet<BufferId>) {
    let in_expr = |e: &Expr, read: &mut HashSet<BufferId>| {
        e.visit(&mut |e| {
            if let Expr::Load { buffer, .. } = e {
                read.insert(*buffer);
            }
        });
    };
    for stmt in body {
        match stmt {
            Stmt::For { body, .. } => reads(body, read),
            Stmt::Store { index, value, .. } => {
                in_expr(index, read);
                in_expr(value, read);
            }
            Stmt::Intrinsic { operands, .. } => operands.iter().for_each(|(buffer, first)| {
                read.insert(*buffer);
                in_expr(first, read);
            }),
            Stmt::Prefetch { .. } => {}
            Stmt::If { cond, then, otherwise } => {
                in_expr(cond, read);
                reads(then, read);
                reads(otherwise, read);
            }
        }
    }
}
