//! One node, as its translation sees it: inputs, attributes, opset, and the graph to append to.

use lathe_graph::op::{Binary, Reduction, Unary};
use lathe_graph::{DType, Op, Tensor, TensorType, ValueId};

use super::builder::MAX_RANK;
use super::{Fault, Walk};
use crate::error::NodeRef;
use crate::proto::attributes::Attributes;
use crate::proto::{GraphProto, NodeProto, TensorProto, tensor};

/// Appends what a node stands for; answers its outputs in order.
pub(crate) type Translate = fn(&mut NodeContext) -> Result<Vec<ValueId>, Fault>;

/// Gives the translation of the operator that a node names, or says why there is none.
pub(crate) type Lookup = fn(&NodeRef) -> Result<Translate, Fault>;

/// One node under translation.
pub(crate) struct NodeContext<'n, 'w> {
    walk: &'n mut Walk<'w>,
    node: &'n NodeProto,
    reference: &'n NodeRef,
    inputs: &'n [Option<ValueId>],
    /// The node's attributes.
    pub(crate) attributes: Attributes<'n>,
}

impl<'n, 'w> NodeContext<'n, 'w> {
    pub(super) fn new(
        walk: &'n mut Walk<'w>,
        node: &'n NodeProto,
        reference: &'n NodeRef,
        inputs: &'n [Option<ValueId>],
    ) -> NodeContext<'n, 'w> {
        NodeContext { walk, node, reference, inputs, attributes: Attributes(&node.attribute) }
    }

    /// The operator's name.
    pub(crate) fn operator(&self) -> &'n str {
        &self.reference.operator
    }

    /// The version of the operator set.
    pub(crate) fn opset(&self) -> i64 {
        self.reference.opset
    }

    /// Number of outputs, those left out in the middle included.
    pub(crate) fn output_count(&self) -> usize {
        self.node.output.len()
    }

    /// Whether output `index` has a name.
    pub(crate) fn wants(&self, index: usize) -> bool {
        self.node.output.get(index).is_some_and(|name| !name.is_empty())
    }

    /// Input `index`, which must be there.
    pub(crate) fn input(&self, index: usize) -> Result<ValueId, Fault> {
        self.optional(index).ok_or_else(|| Fault::Invalid(format!("input {index} is missing")))
    }

    /// Input `index`, if it is there.
    pub(crate) fn optional(&self, index: usize) -> Option<ValueId> {
        self.inputs.get(index).copied().flatten()
    }

    /// All inputs of a variadic operator; at least one.
    pub(crate) fn all_inputs(&self) -> Result<Vec<ValueId>, Fault> {
        let inputs: Option<Vec<ValueId>> = self.inputs.iter().copied().collect();
        inputs.filter(|v| !v.is_empty()).ok_or_else(|| Fault::Invalid("an input is missing".into()))
    }

    /// All inputs from `first` on, none of which may be left out.
    pub(crate) fn inputs_from(&self, first: usize) -> Result<Vec<ValueId>, Fault> {
        (first..self.inputs.len()).map(|i| self.input(i)).collect()
    }

    /// Type of a value.
    pub(crate) fn ty(&self, value: ValueId) -> &TensorType {
        self.walk.builder.graph.ty(value)
    }

    /// Shape of a value.
    pub(crate) fn shape(&self, value: ValueId) -> Vec<usize> {
        self.ty(value).shape.clone()
    }

    /// Rank of a value.
    pub(crate) fn rank(&self, value: ValueId) -> usize {
        self.ty(value).rank()
    }

    /// Element type of a value.
    pub(crate) fn dtype(&self, value: ValueId) -> DType {
        self.ty(value).dtype
    }

    /// The data of a value that depends on constants alone.
    pub(crate) fn known(&mut self, value: ValueId) -> Result<Option<Tensor>, Fault> {
        self.walk.builder.known(value)
    }

    /// The data of a value that must be constant; `decides` says what for.
    pub(crate) fn constant(&mut self, value: ValueId, decides: &str) -> Result<Tensor, Fault> {
        if let Some(tensor) = self.known(value)? {
            return Ok(tensor);
        }
        let value = self.walk.builder.graph.value(value).name.clone();
        Err(Fault::DataDependent { value, reason: format!("it decides {decides}") })
    }

    /// The integers of input `index`, which must be constant if it is there.
    pub(crate) fn constant_ints(&mut self, index: usize, decides: &str) -> Result<Option<Vec<i64>>, Fault> {
        let Some(value) = self.optional(index) else { return Ok(None) };
        if self.dtype(value).is_float() {
            let dtype = self.dtype(value);
            return Err(Fault::Invalid(format!("input {index} must be of an integer type, but is {dtype}")));
        }
        Ok(Some(self.constant(value, decides)?.to_i64s()))
    }

    /// The one integer of input `index`, which must be constant if it is there.
    pub(crate) fn constant_int(&mut self, index: usize, decides: &str) -> Result<Option<i64>, Fault> {
        let Some(ints) = self.constant_ints(index, decides)? else { return Ok(None) };
        match ints[..] {
            [value] => Ok(Some(value)),
            _ => Err(Fault::Invalid(format!("input {index} must be one integer, but has {}", ints.len()))),
        }
    }

    /// The one number of input `index`, which must be constant if it is there.
    pub(crate) fn constant_float(&mut self, index: usize, decides: &str) -> Result<Option<f64>, Fault> {
        let Some(value) = self.optional(index) else { return Ok(None) };
        match self.constant(value, decides)?.to_f64s()[..] {
            [number] => Ok(Some(number)),
            _ => Err(Fault::Invalid(format!("input {index} must be one number"))),
        }
    }

    /// Whether a value depends on constants alone.
    pub(crate) fn is_constant(&self, value: ValueId) -> bool {
        self.walk.builder.is_constant(value)
    }

    /// Adds a constant.
    pub(crate) fn add_constant(&mut self, tensor: Tensor) -> ValueId {
        let name = format!("{}/constant", self.reference.name);
        self.walk.builder.graph.add_constant(name, tensor)
    }

    /// Adds a scalar constant.
    pub(crate) fn scalar(&mut self, dtype: DType, value: f64) -> ValueId {
        self.add_constant(Tensor::scalar(dtype, value))
    }

    /// Adds a constant of integers.
    pub(crate) fn integers(&mut self, dtype: DType, shape: &[usize], values: &[i64]) -> Result<ValueId, Fault> {
        let tensor = Tensor::from_i64s(dtype, shape, values);
        Ok(self.add_constant(tensor.ok_or_else(|| Fault::Invalid(format!("{shape:?} is no shape of its values")))?))
    }

    /// A value of `shape` whose every element is `value`.
    pub(crate) fn filled(&mut self, dtype: DType, shape: &[usize], value: f64) -> Result<ValueId, Fault> {
        let scalar = self.scalar(dtype, value);
        self.push(Op::Expand { shape: shape.to_vec() }, &[scalar])
    }

    /// Reads a stored tensor.
    pub(crate) fn read(&self, proto: &TensorProto) -> Result<Tensor, Fault> {
        Ok(tensor::read(proto, self.walk.options)?)
    }

    /// Appends an operator; all its results.
    pub(crate) fn push_all(&mut self, op: Op, inputs: &[ValueId]) -> Result<Vec<ValueId>, Fault> {
        self.walk.builder.push(&self.reference.name, op, inputs)
    }

    /// Appends an operator; its first result.
    pub(crate) fn push(&mut self, op: Op, inputs: &[ValueId]) -> Result<ValueId, Fault> {
        let results = self.push_all(op, inputs)?;
        results.first().copied().ok_or_else(|| Fault::Invalid("the operator has no result".into()))
    }

    /// Appends a function of one operand.
    pub(crate) fn unary(&mut self, function: Unary, x: ValueId) -> Result<ValueId, Fault> {
        self.push(Op::Unary(function), &[x])
    }

    /// Appends a function of two operands.
    pub(crate) fn binary(&mut self, function: Binary, a: ValueId, b: ValueId) -> Result<ValueId, Fault> {
        self.push(Op::Binary(function), &[a, b])
    }

    /// Appends a function of an operand and a number.
    pub(crate) fn with_scalar(&mut self, function: Binary, x: ValueId, number: f64) -> Result<ValueId, Fault> {
        let scalar = self.scalar(self.dtype(x), number);
        self.binary(function, x, scalar)
    }

    /// `x` in element type `to`, itself when it has that type.
    pub(crate) fn cast(&mut self, x: ValueId, to: DType) -> Result<ValueId, Fault> {
        if self.dtype(x) == to { Ok(x) } else { self.push(Op::Cast(to), &[x]) }
    }

    /// `x` under another shape, itself when it has that shape.
    pub(crate) fn reshape(&mut self, x: ValueId, shape: &[usize]) -> Result<ValueId, Fault> {
        if self.ty(x).shape == shape { Ok(x) } else { self.push(Op::Reshape { shape: shape.to_vec() }, &[x]) }
    }

    /// `x` with its dimensions permuted, itself when they stay.
    pub(crate) fn transpose(&mut self, x: ValueId, perm: &[usize]) -> Result<ValueId, Fault> {
        if perm.iter().copied().eq(0..self.rank(x)) {
            return Ok(x);
        }
        self.push(Op::Transpose { perm: perm.to_vec() }, &[x])
    }

    /// `x` reduced over `axes`, which stay with extent 1.
    pub(crate) fn reduce(&mut self, reduction: Reduction, x: ValueId, axes: &[usize]) -> Result<ValueId, Fault> {
        self.push(Op::Reduce { reduction, axes: axes.to_vec() }, &[x])
    }

    /// Elements `start..start + size` of dimension `axis`; `x` itself when that is all.
    pub(crate) fn slice(&mut self, x: ValueId, axis: usize, start: usize, size: usize) -> Result<ValueId, Fault> {
        let mut sizes = self.shape(x);
        if start == 0 && sizes.get(axis) == Some(&size) {
            return Ok(x);
        }
        let mut starts = vec![0; sizes.len()];
        let steps = vec![1; sizes.len()];
        if let (Some(s), Some(n)) = (starts.get_mut(axis), sizes.get_mut(axis)) {
            (*s, *n) = (start, size);
        }
        self.push(Op::Slice { starts, sizes, steps }, &[x])
    }

    /// The dimension that a possibly negative `axis` names in a tensor of `rank` dimensions.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize, Fault> {
        if rank > MAX_RANK {
            return Err(Fault::Unsupported(format!("tensors of {rank} dimensions; the limit is {MAX_RANK}")));
        }
        let count = rank as i64;
        let index = if axis < 0 { axis.checked_add(count) } else { Some(axis) };
        match index {
            Some(i) if (0..count).contains(&i) => Ok(i as usize),
            _ => Err(Fault::Invalid(format!("axis {axis} does not exist in a tensor of {rank} dimensions"))),
        }
    }

    /// Several axes, ascending; repeats are refused.
    pub(crate) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, Fault> {
        let mut list = axes.iter().map(|&a| self.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
        list.sort_unstable();
        match list.windows(2).find(|w| w[0] == w[1]) {
            Some(w) => Err(Fault::Invalid(format!("axis {} is given twice", w[0]))),
            None => Ok(list),
        }
    }

    /// Translates a body in place with its inputs bound to `values`: its results.
    pub(crate) fn body(&mut self, body: &GraphProto, values: &[ValueId]) -> Result<Vec<ValueId>, Fault> {
        if body.input.len() != values.len() {
            let (takes, given) = (body.input.len(), values.len());
            return Err(Fault::Invalid(format!("its body takes {takes} values, {given} are given")));
        }
        let given: Vec<_> = body.input.iter().zip(values).map(|(i, &v)| (i.name.clone(), Some(v))).collect();
        Ok(self.walk.nested(&mut body.clone(), &given, false)?)
    }
}

/// Non-negative integers as extents.
pub(crate) fn extents(values: &[i64], what: &str) -> Result<Vec<usize>, Fault> {
    let extent =
        |&v: &i64| usize::try_from(v).map_err(|_| Fault::Invalid(format!("{what} {values:?} has a negative entry")));
    values.iter().map(extent).collect()
}
