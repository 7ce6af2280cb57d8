//! The text form of programs: printed by `Display`, parsed back by [`Program::parse`]. Task ids hash it.
//!
//! ```text
//! program conv2d_f32_nhwc_1x1s1_relu
//! buffer in0: input f32[1,7,7,64]
//! buffer const0: constant f32[128,64,1,1]
//! buffer conv: temp f32[1,7,7,128]
//! buffer out0: output f32[1,7,7,128]
//! stage conv[n:1, oh:7, ow:7, oc:128] sum[ic:64] -> conv = (in0[n, oh, ow, ic] * const0[oc, ic, 0, 0])
//! stage relu[n:1, oh:7, ow:7, oc:128] -> out0 = max(conv[n, oh, ow, oc], f32:0.0)
//! ```
//! Axes stand for themselves, integers are indices, `dtype:value` is a constant, `%k` a local bound by
//! `(let %k = value in body)`. A scalar load is `name[]`. An update is `stage s[i:4] -> x[index, …] set value`, or
//! `add`, `mul`, `max`, `min` instead of `set`. `scan first last` names the stages of a recurrence, `in_place out0 in0` a
//! result that is written over an operand.

mod parse;
mod print;

pub use parse::ParseError;

use crate::expr::{BinaryFn, CompareFn, UnaryFn};

const UNARY: [(UnaryFn, &str); 24] = [
    (UnaryFn::Neg, "neg"),
    (UnaryFn::Abs, "abs"),
    (UnaryFn::Not, "not"),
    (UnaryFn::Sqrt, "sqrt"),
    (UnaryFn::Floor, "floor"),
    (UnaryFn::Ceil, "ceil"),
    (UnaryFn::Round, "round"),
    (UnaryFn::Exp, "exp"),
    (UnaryFn::Log, "log"),
    (UnaryFn::Erf, "erf"),
    (UnaryFn::Tanh, "tanh"),
    (UnaryFn::Sigmoid, "sigmoid"),
    (UnaryFn::Sin, "sin"),
    (UnaryFn::Cos, "cos"),
    (UnaryFn::Tan, "tan"),
    (UnaryFn::Asin, "asin"),
    (UnaryFn::Acos, "acos"),
    (UnaryFn::Atan, "atan"),
    (UnaryFn::Sinh, "sinh"),
    (UnaryFn::Cosh, "cosh"),
    (UnaryFn::Asinh, "asinh"),
    (UnaryFn::Acosh, "acosh"),
    (UnaryFn::Atanh, "atanh"),
    (UnaryFn::IsNan, "isnan"),
];

const BINARY: [(BinaryFn, &str); 13] = [
    (BinaryFn::Add, "+"),
    (BinaryFn::Sub, "-"),
    (BinaryFn::Mul, "*"),
    (BinaryFn::Div, "/"),
    (BinaryFn::Rem, "%"),
    (BinaryFn::And, "&"),
    (BinaryFn::Or, "|"),
    (BinaryFn::Xor, "^"),
    (BinaryFn::Shl, "<<"),
    (BinaryFn::Shr, ">>"),
    (BinaryFn::Min, "min"),
    (BinaryFn::Max, "max"),
    (BinaryFn::Pow, "pow"),
];

const COMPARE: [(CompareFn, &str); 4] =
    [(CompareFn::Eq, "=="), (CompareFn::Ne, "!="), (CompareFn::Lt, "<"), (CompareFn::Le, "<=")];

const ROLES: [(super::Role, &str); 4] = [
    (super::Role::Input, "input"),
    (super::Role::Constant, "constant"),
    (super::Role::Output, "output"),
    (super::Role::Temp, "temp"),
];

const COMBINERS: [(super::Combiner, &str, &str); 4] = [
    (super::Combiner::Sum, "sum", "add"),
    (super::Combiner::Prod, "prod", "mul"),
    (super::Combiner::Max, "max", "max"),
    (super::Combiner::Min, "min", "min"),
];

fn name_of<T: PartialEq + Copy>(table: &[(T, &'static str)], key: T) -> &'static str {
    table.iter().find(|(k, _)| *k == key).map_or("?", |(_, name)| name)
}

fn key_of<T: Copy>(table: &[(T, &'static str)], name: &str) -> Option<T> {
    table.iter().find(|(_, n)| *n == name).map(|(k, _)| *k)
}
