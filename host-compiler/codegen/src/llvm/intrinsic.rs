//! Tensor intrinsics: the call of the LLVM intrinsic a declaration names, or its scalar loops where the target lacks it.

use std::sync::Arc;

use inkwell::intrinsics::Intrinsic as LlvmIntrinsic;
use inkwell::types::BasicMetadataTypeEnum;
use inkwell::values::InstructionOpcode;
use lathe_tensor::intrinsic::Argument;
use lathe_tensor::{BufferId, Expr, Intrinsic, VarId};

use super::index::{Index, Sum};
use super::ir::{V, built, shape};
use super::value::{Emitter, memory_type};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// `output = intrinsic(operands…)`, every operand a vector of neighbouring elements.
    pub fn intrinsic(&mut self, intrinsic: &Arc<Intrinsic>, operands: &[(BufferId, Expr)]) -> Result<(), CodegenError> {
        if self.lanes != 1 {
            return Err(self.bad(format!("{} lies inside a vectorised loop", intrinsic.name)));
        }
        if operands.len() != intrinsic.pattern.buffers.len() {
            return Err(self.bad(format!("{} is given {} operands", intrinsic.name, operands.len())));
        }
        if !intrinsic.features.iter().all(|f| self.target.features.contains(f)) {
            return self.scalar(intrinsic, operands);
        }
        if LlvmIntrinsic::find(&intrinsic.llvm).is_none() {
            let what = format!("`{}` of {} is no intrinsic of this LLVM", intrinsic.llvm, intrinsic.name);
            return Err(self.unsupported(what));
        }
        let mut places = Vec::new();
        for ((buffer, first), pattern) in operands.iter().zip(&intrinsic.pattern.buffers) {
            if self.buffer_type(*buffer)? != pattern.dtype {
                return Err(
                    self.bad(format!("operand {} of {} is not {}", pattern.name, intrinsic.name, pattern.dtype))
                );
            }
            match self.index(first)?.simplified() {
                Index::One(sum) if sum.stride() == 0 => places.push((*buffer, sum, pattern.elements() as u32)),
                _ => return Err(self.bad(format!("an operand of {} begins at no single place", intrinsic.name))),
            }
        }
        let arguments: Vec<V<'c>> = intrinsic.arguments.iter().map(|a| self.argument(a, &places)).collect();
        let output = &places[intrinsic.output()];
        let element = memory_type(self.ir.context, intrinsic.pattern.buffers[intrinsic.output()].dtype);
        let types: Vec<BasicMetadataTypeEnum<'c>> = arguments.iter().map(|v| v.get_type().into()).collect();
        let function = self.ir.module.get_function(&intrinsic.llvm).unwrap_or_else(|| {
            let ty = shape(element, output.2).into_vector_type().fn_type(&types, false);
            self.ir.module.add_function(&intrinsic.llvm, ty, None)
        });
        let result = self.ir.call(function, &arguments);
        self.store_at(output.0, &output.1, result);
        Ok(())
    }

    /// One operand as the call takes it.
    fn argument(&self, argument: &Argument, places: &[(BufferId, Sum<'c>, u32)]) -> V<'c> {
        let (buffer, at, elements) = &places[argument.operand];
        let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
        let mut v = self.load_at(*buffer, at, *elements);
        let mut bytes = elements * dtype.size() as u32;
        if argument.repeat > 1 {
            // all elements as one number, in every lane
            let context = self.ir.context;
            let whole = match bytes {
                1 => context.i8_type(),
                2 => context.i16_type(),
                4 => context.i32_type(),
                _ => context.i64_type(),
            };
            let number = built(self.ir.builder.build_cast(InstructionOpcode::BitCast, v, whole, ""));
            v = self.ir.splat(number, argument.repeat);
            bytes *= argument.repeat;
        }
        let element = argument.dtype.unwrap_or(dtype);
        let ty = shape(self.memory_type(element), bytes / element.size() as u32);
        if ty == v.get_type() { v } else { built(self.ir.builder.build_cast(InstructionOpcode::BitCast, v, ty, "")) }
    }

    fn scalar(&mut self, intrinsic: &Intrinsic, operands: &[(BufferId, Expr)]) -> Result<(), CodegenError> {
        let known = self.variables.len();
        let stage = &intrinsic.pattern.stages[0];
        self.variables.resize(known + stage.axes.len() + stage.reduce.len(), None);
        let loops = intrinsic.scalar_loops(operands, VarId(known as u32));
        self.statements(&[loops])?;
        self.variables.truncate(known);
        Ok(())
    }
}
