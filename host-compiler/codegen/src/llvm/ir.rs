//! A thin layer over inkwell's builder: scalars and vectors alike, one call per instruction.
//!
//! inkwell's builder fails only when it was not given a position; an [`Ir`] always has one while a function is
//! emitted, so its methods give values, not results.

use inkwell::basic_block::BasicBlock;
use inkwell::builder::{Builder, BuilderError};
use inkwell::context::Context;
use inkwell::intrinsics::Intrinsic;
use inkwell::module::Module;
use inkwell::types::{BasicType, BasicTypeEnum, FloatType, IntType, VectorType};
use inkwell::values::{BasicMetadataValueEnum, BasicValue, BasicValueEnum, FunctionValue, InstructionOpcode};
use inkwell::{FloatPredicate, IntPredicate};

use super::capabilities::Capabilities;

/// An LLVM value: a scalar or a vector.
pub type V<'c> = BasicValueEnum<'c>;

/// A module and a builder at work in one function of it.
pub struct Ir<'c> {
    /// the context of all types
    pub context: &'c Context,
    /// what is built
    pub module: Module<'c>,
    /// inkwell's builder
    pub builder: Builder<'c>,
    /// what the processor has instructions for
    pub capabilities: Capabilities,
    /// the processor instructions are chosen and ordered for
    pub tune_cpu: String,
}

/// The value of a builder call.
pub fn built<T>(result: Result<T, BuilderError>) -> T {
    result.expect("the builder has a position and operands of one type")
}

/// `element` for one lane, a vector of it for several.
pub fn shape<'c>(element: BasicTypeEnum<'c>, lanes: u32) -> BasicTypeEnum<'c> {
    match element {
        _ if lanes == 1 => element,
        BasicTypeEnum::FloatType(t) => t.vec_type(lanes).into(),
        BasicTypeEnum::IntType(t) => t.vec_type(lanes).into(),
        BasicTypeEnum::PointerType(t) => t.vec_type(lanes).into(),
        other => other,
    }
}

/// Lanes of a value (1 for a scalar).
pub fn lanes(v: V<'_>) -> u32 {
    match v {
        BasicValueEnum::VectorValue(v) => v.get_type().get_size(),
        _ => 1,
    }
}

impl<'c> Ir<'c> {
    /// element type of a scalar or vector value
    pub fn element(&self, v: V<'c>) -> BasicTypeEnum<'c> {
        match v {
            BasicValueEnum::VectorValue(v) => v.get_type().get_element_type(),
            other => other.get_type(),
        }
    }

    /// float constant in the shape of `like`
    pub fn float_like(&self, like: V<'c>, x: f64) -> V<'c> {
        let scalar = self.element(like).into_float_type().const_float(x).into();
        self.splat(scalar, lanes(like))
    }

    /// float constant
    pub fn float(&self, ty: FloatType<'c>, x: f64, lanes: u32) -> V<'c> {
        self.splat(ty.const_float(x).into(), lanes)
    }

    /// integer constant
    pub fn int(&self, ty: IntType<'c>, x: i64, lanes: u32) -> V<'c> {
        let bits = ty.get_bit_width();
        let masked = if bits >= 64 { x as u64 } else { x as u64 & ((1 << bits) - 1) };
        self.splat(ty.const_int(masked, false).into(), lanes)
    }

    /// integer constant in the shape of `like`
    pub fn int_like(&self, like: V<'c>, x: i64) -> V<'c> {
        self.int(self.element(like).into_int_type(), x, lanes(like))
    }

    /// the integer type as wide as a float type
    pub fn bits_of(&self, ty: FloatType<'c>) -> IntType<'c> {
        match ty.get_bit_width() {
            16 => self.context.i16_type(),
            32 => self.context.i32_type(),
            _ => self.context.i64_type(),
        }
    }

    /// `v` in every lane (a constant where `v` is one)
    pub fn splat(&self, v: V<'c>, lanes: u32) -> V<'c> {
        if lanes == 1 {
            return v;
        }
        if v.is_const() {
            return self.const_vector(&vec![v; lanes as usize]);
        }
        let VectorPoison(poison) = VectorPoison::new(v.get_type(), lanes);
        let zero = self.context.i32_type().const_zero();
        let first = built(self.builder.build_insert_element(poison, v, zero, ""));
        let mask = self.context.i32_type().vec_type(lanes).const_zero();
        built(self.builder.build_shuffle_vector(first, poison, mask, "")).into()
    }

    /// a constant vector from constant scalars
    pub fn const_vector(&self, values: &[V<'c>]) -> V<'c> {
        VectorType::const_vector(values).into()
    }

    /// a vector from scalars, one per lane
    pub fn gather(&self, values: &[V<'c>]) -> V<'c> {
        if values.len() == 1 {
            return values[0];
        }
        if values.iter().all(|v| v.is_const()) {
            return self.const_vector(values);
        }
        let VectorPoison(mut vector) = VectorPoison::new(values[0].get_type(), values.len() as u32);
        for (k, v) in values.iter().enumerate() {
            let lane = self.context.i32_type().const_int(k as u64, false);
            vector = built(self.builder.build_insert_element(vector, *v, lane, ""));
        }
        vector.into()
    }

    /// lane `k` of a vector; a scalar is itself
    pub fn lane(&self, v: V<'c>, k: u32) -> V<'c> {
        match v {
            BasicValueEnum::VectorValue(v) => {
                let lane = self.context.i32_type().const_int(u64::from(k), false);
                built(self.builder.build_extract_element(v, lane, ""))
            }
            other => other,
        }
    }

    /// `count` lanes from `first`
    pub fn lanes_of(&self, v: V<'c>, first: u32, count: u32) -> V<'c> {
        let BasicValueEnum::VectorValue(vector) = v else { return v };
        if count == 1 {
            return self.lane(v, first);
        }
        let i32_type = self.context.i32_type();
        let order: Vec<V<'c>> =
            (first..first + count).map(|k| i32_type.const_int(u64::from(k), false).into()).collect();
        let mask = VectorType::const_vector(&order);
        built(self.builder.build_shuffle_vector(vector, vector, mask, "")).into()
    }

    /// the lanes in reverse order
    pub fn reverse(&self, v: V<'c>) -> V<'c> {
        let BasicValueEnum::VectorValue(vector) = v else { return v };
        let i32_type = self.context.i32_type();
        let order: Vec<V<'c>> =
            (0..vector.get_type().get_size()).rev().map(|k| i32_type.const_int(u64::from(k), false).into()).collect();
        let mask = VectorType::const_vector(&order);
        built(self.builder.build_shuffle_vector(vector, vector, mask, "")).into()
    }

    /// a two-operand instruction
    pub fn op(&self, opcode: InstructionOpcode, a: V<'c>, b: V<'c>) -> V<'c> {
        built(self.builder.build_binop(opcode, a, b, ""))
    }

    /// float a + b
    pub fn fadd(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::FAdd, a, b)
    }

    /// float a - b
    pub fn fsub(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::FSub, a, b)
    }

    /// float a * b
    pub fn fmul(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::FMul, a, b)
    }

    /// float a / b
    pub fn fdiv(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::FDiv, a, b)
    }

    /// float -a
    pub fn fneg(&self, a: V<'c>) -> V<'c> {
        match a {
            BasicValueEnum::VectorValue(a) => built(self.builder.build_float_neg(a, "")).into(),
            other => built(self.builder.build_float_neg(other.into_float_value(), "")).into(),
        }
    }

    /// a * b + c with one rounding where the target has it, with two elsewhere
    pub fn fma(&self, a: V<'c>, b: V<'c>, c: V<'c>) -> V<'c> {
        if self.capabilities.fma(self.element(a)) {
            self.intrinsic("llvm.fma", &[a, b, c])
        } else {
            self.fadd(self.fmul(a, b), c)
        }
    }

    /// |a| with the sign of b
    pub fn copysign(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        if !self.capabilities.sign_by_bits {
            return self.intrinsic("llvm.copysign", &[a, b]);
        }
        let bits = self.bits_of(self.element(a).into_float_type());
        let [a_bits, b_bits] = [a, b].map(|v| self.bitcast(v, bits.into()));
        let sign = self.int_like(a_bits, 1 << (bits.get_bit_width() - 1));
        let magnitude = self.and(a_bits, self.xor(sign, self.int_like(sign, -1)));
        self.bitcast(self.or(magnitude, self.and(b_bits, sign)), self.element(a))
    }

    /// integer a + b
    pub fn add(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::Add, a, b)
    }

    /// integer a - b
    pub fn sub(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::Sub, a, b)
    }

    /// bitwise a & b
    pub fn and(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::And, a, b)
    }

    /// bitwise a | b
    pub fn or(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::Or, a, b)
    }

    /// bitwise a ^ b
    pub fn xor(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.op(InstructionOpcode::Xor, a, b)
    }

    /// compares integers
    pub fn icmp(&self, predicate: IntPredicate, a: V<'c>, b: V<'c>) -> V<'c> {
        match (a, b) {
            (BasicValueEnum::VectorValue(a), BasicValueEnum::VectorValue(b)) => {
                built(self.builder.build_int_compare(predicate, a, b, "")).into()
            }
            _ => built(self.builder.build_int_compare(predicate, a.into_int_value(), b.into_int_value(), "")).into(),
        }
    }

    /// compares floats
    pub fn fcmp(&self, predicate: FloatPredicate, a: V<'c>, b: V<'c>) -> V<'c> {
        if lanes(a) > 1 && self.capabilities.compares_nan_by_bits {
            return self.fcmp_numbers(predicate, a, b);
        }
        self.fcmp_plain(predicate, a, b)
    }

    /// As an instruction, with NaN decided by the bits of the operands.
    fn fcmp_numbers(&self, predicate: FloatPredicate, a: V<'c>, b: V<'c>) -> V<'c> {
        let sides = if a == b { vec![a] } else { vec![a, b] };
        let numbers = sides.into_iter().filter(|v| !v.is_const()).map(|v| self.is_number(v));
        let numbers = numbers.reduce(|x, y| self.and(x, y));
        match (predicate, numbers) {
            (FloatPredicate::UNO, Some(numbers)) => self.xor(numbers, self.int_like(numbers, 1)),
            (FloatPredicate::OLT | FloatPredicate::OLE | FloatPredicate::OGT | FloatPredicate::OGE, Some(numbers)) => {
                self.and(numbers, self.fcmp_plain(predicate, a, b))
            }
            _ => self.fcmp_plain(predicate, a, b),
        }
    }

    /// Whether a float is not NaN, by its bits.
    fn is_number(&self, v: V<'c>) -> V<'c> {
        let float = self.element(v).into_float_type();
        let (width, digits) = match float.get_bit_width() {
            16 => (16, 10),
            32 => (32, 23),
            _ => (64, 52),
        };
        let bits = self.bitcast(v, self.bits_of(float).into());
        let magnitude = self.and(bits, self.int_like(bits, i64::MAX >> (64 - width)));
        let infinity = ((1i64 << (width - digits - 1)) - 1) << digits;
        self.icmp(IntPredicate::ULE, magnitude, self.int_like(bits, infinity))
    }

    fn fcmp_plain(&self, predicate: FloatPredicate, a: V<'c>, b: V<'c>) -> V<'c> {
        match (a, b) {
            (BasicValueEnum::VectorValue(a), BasicValueEnum::VectorValue(b)) => {
                built(self.builder.build_float_compare(predicate, a, b, "")).into()
            }
            _ => {
                let (a, b) = (a.into_float_value(), b.into_float_value());
                built(self.builder.build_float_compare(predicate, a, b, "")).into()
            }
        }
    }

    /// `a` where the condition holds, else `b`; both are evaluated
    pub fn select(&self, condition: V<'c>, a: V<'c>, b: V<'c>) -> V<'c> {
        match condition {
            BasicValueEnum::VectorValue(c) => built(self.builder.build_select(c, a, b, "")),
            other => built(self.builder.build_select(other.into_int_value(), a, b, "")),
        }
    }

    /// a conversion instruction to `element` in the value's shape
    pub fn cast(&self, opcode: InstructionOpcode, v: V<'c>, element: BasicTypeEnum<'c>) -> V<'c> {
        let ty = shape(element, lanes(v));
        if ty == v.get_type() { v } else { built(self.builder.build_cast(opcode, v, ty, "")) }
    }

    /// the same bits as `element`s in the value's shape
    pub fn bitcast(&self, v: V<'c>, element: BasicTypeEnum<'c>) -> V<'c> {
        self.cast(InstructionOpcode::BitCast, v, element)
    }

    /// calls an intrinsic overloaded on its first operand's type
    pub fn intrinsic(&self, name: &str, args: &[V<'c>]) -> V<'c> {
        self.intrinsic_of(name, &[args[0].get_type()], args)
    }

    /// calls an intrinsic overloaded on `types`
    pub fn intrinsic_of(&self, name: &str, types: &[BasicTypeEnum<'c>], args: &[V<'c>]) -> V<'c> {
        self.call(self.intrinsic_function(name, types), args)
    }

    /// calls an intrinsic overloaded on `types` that gives no value
    pub fn effect(&self, name: &str, types: &[BasicTypeEnum<'c>], args: &[V<'c>]) {
        let args: Vec<BasicMetadataValueEnum<'c>> = args.iter().map(|v| (*v).into()).collect();
        built(self.builder.build_call(self.intrinsic_function(name, types), &args, ""));
    }

    fn intrinsic_function(&self, name: &str, types: &[BasicTypeEnum<'c>]) -> FunctionValue<'c> {
        let intrinsic = Intrinsic::find(name).expect("the intrinsic's name is LLVM's");
        intrinsic.get_declaration(&self.module, types).expect("the intrinsic takes these types")
    }

    /// calls a function that gives a value
    pub fn call(&self, function: FunctionValue<'c>, args: &[V<'c>]) -> V<'c> {
        let args: Vec<BasicMetadataValueEnum<'c>> = args.iter().map(|v| (*v).into()).collect();
        built(self.builder.build_call(function, &args, "")).try_as_basic_value().unwrap_basic()
    }

    /// the block being filled
    pub fn block(&self) -> BasicBlock<'c> {
        self.builder.get_insert_block().expect("the builder has a position")
    }

    /// the function being filled
    pub fn function(&self) -> FunctionValue<'c> {
        self.block().get_parent().expect("a block lies in a function")
    }

    /// a new block at the end of the function
    pub fn new_block(&self, name: &str) -> BasicBlock<'c> {
        self.context.append_basic_block(self.function(), name)
    }

    /// ends the block with a jump
    pub fn jump(&self, to: BasicBlock<'c>) {
        built(self.builder.build_unconditional_branch(to));
    }

    /// ends the block with a branch
    pub fn branch(&self, condition: V<'c>, yes: BasicBlock<'c>, no: BasicBlock<'c>) {
        built(self.builder.build_conditional_branch(condition.into_int_value(), yes, no));
    }

    /// joins one value per incoming block
    pub fn phi(&self, ty: impl BasicType<'c>, incoming: &[(V<'c>, BasicBlock<'c>)]) -> V<'c> {
        let phi = built(self.builder.build_phi(ty, ""));
        for (value, block) in incoming {
            phi.add_incoming(&[(value, *block)]);
        }
        phi.as_basic_value()
    }

    /// `Some` when a scalar bool is known now
    pub fn known_bool(&self, v: V<'c>) -> Option<bool> {
        match v {
            BasicValueEnum::IntValue(i) if i.is_const() => i.get_zero_extended_constant().map(|x| x != 0),
            _ => None,
        }
    }
}

/// An all-poison vector to insert lanes into.
struct VectorPoison<'c>(inkwell::values::VectorValue<'c>);

impl<'c> VectorPoison<'c> {
    fn new(element: BasicTypeEnum<'c>, lanes: u32) -> Self {
        VectorPoison(shape(element, lanes).into_vector_type().get_poison())
    }
}
