//! What a processor has instructions for; the rest is emitted by us or called out of the builtins.

use inkwell::types::BasicTypeEnum;
use lathe_tensor::Target;

/// Instructions that kernels are written around.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// fused multiply-add of f32
    fma_f32: bool,
    /// fused multiply-add of f64
    fma_f64: bool,
    /// f32 arithmetic without instructions that round to an integer: worth emitting by addition
    pub rounds_by_addition: bool,
    /// `llvm.maximum` and `llvm.minimum` are one instruction
    pub maximum: bool,
    /// the intrinsic that rounds to the nearest even integer: Helium knows it by the name that leaves the direction to
    /// the mode the processor is in, which is that
    pub round_even: &'static str,
    /// signs are copied as bits: LLVM 19 cannot select a sign taken from an f16 on Armv8.1-M
    pub sign_by_bits: bool,
    /// in comparisons of vectors NaN is decided by bits: LLVM 19 turns `a < b` into Helium's `lt`, which holds for NaN
    pub compares_nan_by_bits: bool,
    /// vectors come from the schedule alone: what LLVM's vectoriser makes of scalar loops compares NaN wrongly, too
    pub keep_loops_scalar: bool,
    /// f16 arithmetic
    pub f16: bool,
    /// the remainder of floats is a function among the builtins
    pub remainder_builtin: bool,
}

impl Capabilities {
    /// Of a target.
    pub fn of(target: &Target) -> Self {
        let has = |feature: &str| target.features.iter().any(|f| f == feature);
        let large = !target.is_microcontroller();
        let vfp = has("vfp4d16sp");
        Capabilities {
            fma_f32: large || vfp,
            fma_f64: large || has("fp64"),
            rounds_by_addition: vfp && !has("fp-armv8d16sp"),
            maximum: has("neon"),
            round_even: if large { "llvm.roundeven" } else { "llvm.rint" },
            sign_by_bits: !large,
            compares_nan_by_bits: has("mve.fp"),
            keep_loops_scalar: has("mve.fp"),
            f16: has("fp16"),
            remainder_builtin: !large,
        }
    }

    /// Whether a fused multiply-add of this type is an instruction.
    pub fn fma(&self, element: BasicTypeEnum<'_>) -> bool {
        match element.into_float_type().get_bit_width() {
            64 => self.fma_f64,
            _ => self.fma_f32,
        }
    }
}
