//! Short ways to write kernels.

use lathe_graph::DType;
use lathe_tensor::loops::{KernelBuffer, Place};
use lathe_tensor::{BufferId, Expr, Kernel, LoopKind, Stmt, VarId};

pub fn var(k: u32) -> Expr {
    Expr::Var(VarId(k))
}

pub fn ix(k: i64) -> Expr {
    Expr::Index(k)
}

pub fn at(buffer: u32, index: Expr) -> Expr {
    Expr::load(BufferId(buffer), vec![index])
}

pub fn store(buffer: u32, index: Expr, value: Expr) -> Stmt {
    Stmt::Store { buffer: BufferId(buffer), index, value }
}

pub fn serial(v: u32, extent: i64, body: Vec<Stmt>) -> Stmt {
    Stmt::For { var: VarId(v), extent, kind: LoopKind::Serial, body }
}

pub fn unrolled(v: u32, extent: i64, body: Vec<Stmt>) -> Stmt {
    Stmt::For { var: VarId(v), extent, kind: LoopKind::Unrolled, body }
}

pub fn vector(v: u32, extent: i64, body: Vec<Stmt>) -> Stmt {
    Stmt::For { var: VarId(v), extent, kind: LoopKind::Vectorized, body }
}

pub fn parallel(v: u32, extent: i64, body: Vec<Stmt>) -> Stmt {
    Stmt::For { var: VarId(v), extent, kind: LoopKind::Parallel, body }
}

pub fn param(dtype: DType, index: u32, len: i64, written: bool) -> KernelBuffer {
    KernelBuffer { name: format!("p{index}"), dtype, len, place: Place::Param { index, written } }
}

pub fn register(dtype: DType, len: i64) -> KernelBuffer {
    KernelBuffer { name: "r".into(), dtype, len, place: Place::Register }
}

pub fn workspace(dtype: DType, len: i64, offset: usize) -> KernelBuffer {
    KernelBuffer { name: "w".into(), dtype, len, place: Place::Workspace { offset } }
}

/// A kernel of up to eight loop variables.
pub fn kernel(name: impl Into<String>, buffers: Vec<KernelBuffer>, body: Vec<Stmt>) -> Kernel {
    let workspace = buffers
        .iter()
        .filter_map(|b| match b.place {
            Place::Workspace { offset } => Some(offset + b.len as usize * b.dtype.size()),
            _ => None,
        })
        .max()
        .unwrap_or(0);
    let parallel = match body.as_slice() {
        [Stmt::For { extent, kind: LoopKind::Parallel, .. }] => *extent,
        _ => 1,
    };
    let vars = (0..8).map(|k| format!("v{k}")).collect();
    Kernel { name: name.into(), buffers, vars, parallel, body, workspace }
}

/// The bytes of numbers given as f64, converted to `dtype`.
pub fn bytes(dtype: DType, values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|x| match dtype {
            DType::F32 => (*x as f32).to_le_bytes().to_vec(),
            DType::F16 => half::f16::from_f64(*x).to_le_bytes().to_vec(),
            DType::F64 => x.to_le_bytes().to_vec(),
            DType::Bool => vec![u8::from(*x != 0.0)],
            DType::I8 | DType::U8 => vec![*x as i64 as u8],
            DType::I16 | DType::U16 => (*x as i64 as u16).to_le_bytes().to_vec(),
            DType::I32 | DType::U32 => (*x as i64 as u32).to_le_bytes().to_vec(),
            DType::I64 => (*x as i64).to_le_bytes().to_vec(),
            DType::U64 => (*x as u64).to_le_bytes().to_vec(),
        })
        .collect()
}

/// A small deterministic generator (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 33) % n as u64) as usize
    }

    /// -8..8 in steps of 1/16
    pub fn small(&mut self) -> f64 {
        (self.below(256) as f64 - 128.0) / 16.0
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}
