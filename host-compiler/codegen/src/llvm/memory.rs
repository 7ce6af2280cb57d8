//! Loads and stores: by the stride of the index in the vectorised loop's variable.
//!
//! Stride 0 is one scalar, stride 1 one vector, stride -1 a vector reversed; anything else goes lane by lane. Under a
//! guard (a `Select` side that not every lane takes) a load that is not known to be in range is masked.

use inkwell::IntPredicate;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{InstructionOpcode, PointerValue};
use lathe_graph::DType;
use lathe_tensor::{BufferId, CACHE_LINE, Expr};

use super::index::{Index, Sum};
use super::ir::{V, built, lanes, shape};
use super::value::{Data, Emitter};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// Buffers start at multiples of this.
    fn buffer_alignment(&self) -> i64 {
        self.target.buffer_alignment() as i64
    }

    /// Whether every lane of `index` is an element of `buffer`.
    pub fn in_range(&self, buffer: BufferId, index: &Index<'c>) -> bool {
        let len = self.kernel.buffers[buffer.0 as usize].len;
        let inside = |s: &Sum<'c>| s.range().is_some_and(|(low, high)| low >= 0 && high < len);
        match index {
            Index::One(sum) => inside(sum),
            Index::PerLane(sums) => sums.iter().all(inside),
        }
    }

    /// The element type of a buffer.
    pub fn buffer_type(&self, buffer: BufferId) -> Result<DType, CodegenError> {
        let found = self.kernel.buffers.get(buffer.0 as usize);
        found.map(|b| b.dtype).ok_or_else(|| self.bad(format!("buffer {} does not exist", buffer.0)))
    }

    /// `buffer[index]`
    pub fn load(&mut self, buffer: BufferId, index: Index<'c>) -> Result<Data<'c>, CodegenError> {
        let dtype = self.buffer_type(buffer)?;
        let guard = self.guard.filter(|_| !self.in_range(buffer, &index));
        let raw = match (index.simplified(), guard) {
            (Index::One(sum), None) => match sum.stride() {
                0 => self.load_uniform(buffer, &sum),
                1 => self.load_at(buffer, &sum.at_lane(0), self.lanes),
                -1 => {
                    let last = sum.at_lane(i64::from(self.lanes) - 1);
                    self.ir.reverse(self.load_at(buffer, &last, self.lanes))
                }
                _ => self.load_lanes(buffer, &Index::One(sum)),
            },
            (index @ Index::PerLane(_), None) => self.load_lanes(buffer, &index),
            (Index::One(sum), Some(guard)) if sum.stride() == 0 => {
                let any = self.ir.intrinsic("llvm.vector.reduce.or", &[guard]);
                let safe = self.clamped(&sum, any);
                self.load_at(buffer, &safe, 1)
            }
            (Index::One(sum), Some(guard)) if sum.stride() == 1 => self.load_masked(buffer, &sum.at_lane(0), guard),
            (index, Some(guard)) => {
                let lanes = (0..self.lanes)
                    .map(|k| {
                        let safe = self.clamped(&index.at_lane(k), self.ir.lane(guard, k));
                        self.load_at(buffer, &safe, 1)
                    })
                    .collect::<Vec<_>>();
                self.ir.gather(&lanes)
            }
        };
        Ok(Data { dtype, v: self.loaded(dtype, raw) })
    }

    /// One element for all lanes. Where multiply-adds take a scalar from a lane, it is a lane of the vector around it, at
    /// a multiple of the lanes as far as constants go: copies of an unrolled loop then share one load, and the element
    /// needs no register of its own.
    fn load_uniform(&self, buffer: BufferId, at: &Sum<'c>) -> V<'c> {
        let buffer_info = &self.kernel.buffers[buffer.0 as usize];
        let group = self.target.lanes(buffer_info.dtype.size());
        let lane = at.constant.rem_euclid(group);
        let base = at.plus(&Sum::constant(lane), -1);
        let inside = base.range().is_some_and(|(low, high)| low >= 0 && high + group <= buffer_info.len);
        if self.lanes == 1 || !self.target.multiply_by_lane || !buffer_info.dtype.is_float() || !inside {
            return self.load_at(buffer, at, 1);
        }
        self.ir.lane(self.load_at(buffer, &base, group as u32), lane as u32)
    }

    /// The index where `taken` holds, else 0.
    fn clamped(&self, sum: &Sum<'c>, taken: V<'c>) -> Sum<'c> {
        let zero = self.ir.int(self.index_type, 0, 1);
        let v = self.ir.select(taken, self.materialise(sum).into(), zero);
        self.opaque(v.into_int_value(), self.depth, None)
    }

    fn load_lanes(&self, buffer: BufferId, index: &Index<'c>) -> V<'c> {
        let lanes: Vec<V<'c>> = (0..self.lanes).map(|k| self.load_at(buffer, &index.at_lane(k), 1)).collect();
        self.ir.gather(&lanes)
    }

    /// A scalar or a vector of neighbours.
    pub fn load_at(&self, buffer: BufferId, at: &Sum<'c>, lanes: u32) -> V<'c> {
        let (element, address, alignment) = self.address(buffer, at);
        let v = built(self.ir.builder.build_load(shape(element, lanes), address, ""));
        self.set_alignment(v, alignment);
        v
    }

    fn load_masked(&self, buffer: BufferId, at: &Sum<'c>, guard: V<'c>) -> V<'c> {
        let (element, address, alignment) = self.address(buffer, at);
        let ty = shape(element, self.lanes);
        let alignment = self.ir.int(self.ir.context.i32_type(), i64::from(alignment), 1);
        let zero = match element {
            BasicTypeEnum::FloatType(t) => self.ir.float(t, 0.0, self.lanes),
            other => self.ir.int(other.into_int_type(), 0, self.lanes),
        };
        let types = [ty, address.get_type().into()];
        self.ir.intrinsic_of("llvm.masked.load", &types, &[address.into(), alignment, guard, zero])
    }

    /// `buffer[index] = value`
    pub fn store(&mut self, buffer: BufferId, index: Index<'c>, value: Data<'c>) -> Result<(), CodegenError> {
        let dtype = self.buffer_type(buffer)?;
        if dtype != value.dtype {
            return Err(self.bad(format!("a {} is stored into a buffer of {dtype}", value.dtype)));
        }
        let v = self.to_memory(dtype, value.v);
        match index.simplified() {
            Index::One(sum) if sum.stride() == 0 => {
                if lanes(v) > 1 {
                    return Err(self.bad("a store's value varies by lane but its index does not"));
                }
                self.store_at(buffer, &sum, v);
            }
            Index::One(sum) if sum.stride() == 1 => {
                self.store_at(buffer, &sum.at_lane(0), self.widen(v, self.lanes));
            }
            Index::One(sum) if sum.stride() == -1 => {
                let last = sum.at_lane(i64::from(self.lanes) - 1);
                self.store_at(buffer, &last, self.ir.reverse(self.widen(v, self.lanes)));
            }
            index => {
                for k in 0..self.lanes {
                    self.store_at(buffer, &index.at_lane(k), self.ir.lane(v, k));
                }
            }
        }
        Ok(())
    }

    /// Stores a scalar or a vector of neighbours. Narrow elements in vectors of odd length are stored in pieces: LLVM 19 loses lanes of `<3 x i8>` cut from
    /// `<3 x i64>` on AArch64.
    pub fn store_at(&self, buffer: BufferId, at: &Sum<'c>, v: V<'c>) {
        let count = lanes(v);
        if count.is_power_of_two() || self.kernel.buffers[buffer.0 as usize].dtype.size() >= 4 {
            return self.store_whole(buffer, at, v);
        }
        let mut done = 0;
        while done < count {
            let piece = 1 << (count - done).ilog2();
            let from = at.plus(&Sum::constant(i64::from(done)), 1);
            self.store_whole(buffer, &from, self.ir.lanes_of(v, done, piece));
            done += piece;
        }
    }

    fn store_whole(&self, buffer: BufferId, at: &Sum<'c>, v: V<'c>) {
        let (_, address, alignment) = self.address(buffer, at);
        let store = built(self.ir.builder.build_store(address, v));
        store.set_alignment(alignment).expect("an alignment is a power of two");
    }

    /// Asks for the cache lines of `elements` from `first` on. Any address may be asked for.
    pub fn prefetch(&mut self, buffer: BufferId, first: &Expr, elements: i64) -> Result<(), CodegenError> {
        let size = self.buffer_type(buffer)?.size() as i64;
        let Index::One(first) = self.index(first)? else { return Err(self.bad("what is fetched varies by lane")) };
        // a read, for all levels of the cache, of data
        let [read, all_levels, data] = [0, 3, 1].map(|k| self.ir.int(self.ir.context.i32_type(), k, 1));
        for line in (0..elements * size).step_by(CACHE_LINE) {
            let (_, address, _) = self.address(buffer, &first.plus(&Sum::constant(line / size), 1));
            self.ir.effect("llvm.prefetch", &[address.get_type().into()], &[address.into(), read, all_levels, data]);
        }
        Ok(())
    }

    /// Element type, address and alignment of a lane-free offset. The constant is a step of its own, so that copies of
    /// an unrolled loop share the rest of the address.
    fn address(&self, buffer: BufferId, at: &Sum<'c>) -> (BasicTypeEnum<'c>, PointerValue<'c>, u32) {
        let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
        let element = self.memory_type(dtype);
        let mut address = self.buffers[buffer.0 as usize];
        let variable = Sum { terms: at.terms.clone(), constant: 0 };
        if !variable.terms.is_empty() {
            address = self.step(element, address, self.materialise(&variable));
        }
        if at.constant != 0 {
            let constant = self.ir.int(self.index_type, at.constant, 1);
            address = self.step(element, address, constant.into_int_value());
        }
        let alignment = at.alignment(dtype.size() as i64, self.buffer_alignment()).max(dtype.size() as i64);
        (element, address, alignment as u32)
    }

    fn step(
        &self,
        element: BasicTypeEnum<'c>,
        from: PointerValue<'c>,
        by: inkwell::values::IntValue<'c>,
    ) -> PointerValue<'c> {
        // SAFETY: one index over a plain element type; without `inbounds` the result is defined for any index.
        built(unsafe { self.ir.builder.build_gep(element, from, &[by], "") })
    }

    fn set_alignment(&self, loaded: V<'c>, alignment: u32) {
        use inkwell::values::BasicValue;
        if let Some(instruction) = loaded.as_instruction_value() {
            instruction.set_alignment(alignment).expect("an alignment is a power of two");
        }
    }

    fn loaded(&self, dtype: DType, v: V<'c>) -> V<'c> {
        if dtype == DType::Bool { self.ir.icmp(IntPredicate::NE, v, self.ir.int_like(v, 0)) } else { v }
    }

    fn to_memory(&self, dtype: DType, v: V<'c>) -> V<'c> {
        if dtype == DType::Bool { self.ir.cast(InstructionOpcode::ZExt, v, self.memory_type(dtype)) } else { v }
    }
}
