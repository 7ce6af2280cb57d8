//! The numeric suite: kernels with inputs as data, so that every backend runs the same ones.
#![allow(dead_code)]

pub mod build;
pub mod cortex_m;
pub mod expressions;
pub mod interpreter;
pub mod libm;
pub mod native;
pub mod qemu;
pub mod random;
pub mod shapes;
pub mod tensorised;

use std::ffi::OsStr;
use std::process::Command;

use lathe_codegen::{Blob, compile};
use lathe_graph::DType;
use lathe_tensor::loops::Place;
use lathe_tensor::{Kernel, Target};

use interpreter::Number;

/// The command `program`, for the kernel to kill when the calling thread ends, as when the tests are killed: an emulator
/// may have no end of its own. util-linux has `setpriv`.
pub fn ended_with_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// A kernel, what it is given and how near it must come to the interpreter.
#[derive(Clone)]
pub struct Case {
    pub kernel: Kernel,
    /// bytes of each parameter before the call
    pub params: Vec<Vec<u8>>,
    /// slices of the parallel loop, each one call
    pub slices: Vec<(u32, u32)>,
    /// units in the last place allowed in floats (0: the same bits, any NaN for NaN)
    pub ulps: f64,
}

impl Case {
    /// One call over the whole parallel loop, exact.
    pub fn new(kernel: Kernel, params: Vec<Vec<u8>>) -> Case {
        let slices = vec![(0, kernel.parallel as u32)];
        Case { kernel, params, slices, ulps: 0.0 }
    }

    /// With this tolerance.
    pub fn within(mut self, ulps: f64) -> Case {
        self.ulps = ulps;
        self
    }

    /// What the parameters hold after the calls, by the interpreter.
    pub fn expected(&self) -> Vec<Vec<u8>> {
        let mut params = self.params.clone();
        for (begin, end) in &self.slices {
            interpreter::run(&self.kernel, &mut params, i64::from(*begin), i64::from(*end));
        }
        params
    }

    /// Compares what a backend left in the parameters; describes the first difference.
    pub fn check(&self, actual: &[Vec<u8>]) -> Result<(), String> {
        for (index, (a, e)) in actual.iter().zip(self.expected()).enumerate() {
            let dtype = self.param_type(index);
            for (k, (x, y)) in a.chunks(dtype.size()).zip(e.chunks(dtype.size())).enumerate() {
                let (x, y) = (interpreter::read(dtype, x), interpreter::read(dtype, y));
                if !near(x, y, self.ulps) {
                    return Err(format!("{}: parameter {index}, element {k}: {x:?}, expected {y:?}", self.kernel.name));
                }
            }
        }
        Ok(())
    }

    fn param_type(&self, param: usize) -> DType {
        let is = |p: &Place| matches!(p, Place::Param { index, .. } if *index as usize == param);
        self.kernel.buffers.iter().find(|b| is(&b.place)).unwrap().dtype
    }
}

fn near(a: Number, b: Number, ulps: f64) -> bool {
    match (a, b) {
        (Number::Float(_, a), Number::Float(_, b)) if a.is_nan() && b.is_nan() => true,
        (Number::Float(_, a), Number::Float(_, b)) if a == b => a == 0.0 || a.signum() == b.signum(),
        (Number::Float(d, a), Number::Float(_, b)) => (a - b).abs() <= ulps * ulp(d, b),
        (a, b) => a == b,
    }
}

/// The distance of neighbouring numbers of a type at `x`.
pub fn ulp(dtype: DType, x: f64) -> f64 {
    let (digits, smallest) = match dtype {
        DType::F32 => (23, -126),
        DType::F16 => (10, -14),
        _ => (52, -1022),
    };
    let exponent = if x == 0.0 { smallest } else { (x.abs().log2().floor() as i32).clamp(smallest, 1023) };
    f64::from(exponent - digits).exp2()
}

/// Every case of the suite.
pub fn cases() -> Vec<Case> {
    let mut all = expressions::cases();
    all.extend(shapes::cases());
    all.extend(tensorised::cases());
    all.extend(random::cases(300));
    all
}

/// All cases compiled into one blob.
pub fn blob(cases: &[Case], target: &Target) -> Blob {
    let kernels: Vec<Kernel> = cases.iter().map(|c| c.kernel.clone()).collect();
    compile(&kernels, target).unwrap_or_else(|e| panic!("{e}"))
}
