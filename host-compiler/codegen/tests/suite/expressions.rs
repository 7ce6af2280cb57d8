//! Every function of every element type, scalar and in vectors of full and odd length, over special values.

use lathe_graph::DType;
use lathe_tensor::{BinaryFn, CompareFn, Expr, Type, UnaryFn};

use super::Case;
use super::build::{at, bytes, kernel, param, serial, store, var, vector};

const UNARY: [UnaryFn; 24] = [
    UnaryFn::Neg,
    UnaryFn::Abs,
    UnaryFn::Not,
    UnaryFn::Sqrt,
    UnaryFn::Floor,
    UnaryFn::Ceil,
    UnaryFn::Round,
    UnaryFn::Exp,
    UnaryFn::Log,
    UnaryFn::Erf,
    UnaryFn::Tanh,
    UnaryFn::Sigmoid,
    UnaryFn::Sin,
    UnaryFn::Cos,
    UnaryFn::Tan,
    UnaryFn::Asin,
    UnaryFn::Acos,
    UnaryFn::Atan,
    UnaryFn::Sinh,
    UnaryFn::Cosh,
    UnaryFn::Asinh,
    UnaryFn::Acosh,
    UnaryFn::Atanh,
    UnaryFn::IsNan,
];

const BINARY: [BinaryFn; 13] = [
    BinaryFn::Add,
    BinaryFn::Sub,
    BinaryFn::Mul,
    BinaryFn::Div,
    BinaryFn::Rem,
    BinaryFn::Min,
    BinaryFn::Max,
    BinaryFn::Pow,
    BinaryFn::And,
    BinaryFn::Or,
    BinaryFn::Xor,
    BinaryFn::Shl,
    BinaryFn::Shr,
];

const COMPARE: [CompareFn; 4] = [CompareFn::Eq, CompareFn::Ne, CompareFn::Lt, CompareFn::Le];

/// Loop lengths: (vectors, lanes); lanes 1 is a scalar loop.
const FORMS: [i64; 4] = [1, 8, 3, 16];

/// Special values of a type.
fn values(dtype: DType) -> Vec<f64> {
    if dtype.is_float() {
        let mut v = vec![0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 2.0, 3.0, -3.0, 0.1, -0.1, 7.25, -7.75];
        v.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-6, -1e-6, 88.0, -87.0, 700.0, -12.0, 1e4, 6e4, 100.5]);
        v.extend([0.25, 0.75, 0.9, -0.99, 4.0, 5.5, 1e-3, 0.999]);
        return v;
    }
    if dtype == DType::Bool {
        return vec![0.0, 1.0, 1.0, 0.0, 1.0];
    }
    let bits = dtype.size() as i32 * 8;
    let (low, high) =
        if dtype.is_signed_int() { (-(2f64.powi(bits - 1)), 2f64.powi(bits - 1)) } else { (0.0, 2f64.powi(bits)) };
    let top = if bits == 64 { high - 4096.0 } else { high - 1.0 };
    let mut v = vec![0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 13.0, 64.0, 100.0, low, top, top - 1.0, high / 2.0];
    if dtype.is_signed_int() {
        v.extend([-1.0, -2.0, -3.0, -7.0, -100.0, low + 1.0]);
    }
    v
}

/// f over all values of an element type, or over all pairs.
fn case(name: String, from: DType, to: DType, lanes: i64, inputs: Vec<Vec<f64>>, value: impl Fn(Expr) -> Expr) -> Case {
    let n = inputs[0].len() as i64 / lanes * lanes;
    let mut buffers = vec![param(to, 0, n, true)];
    let mut params = vec![vec![0xee; n as usize * to.size()]];
    for (k, input) in inputs.iter().enumerate() {
        buffers.push(param(from, k as u32 + 1, n, false));
        params.push(bytes(from, &input[..n as usize]));
    }
    let body = if lanes == 1 {
        serial(0, n, vec![store(0, var(0), value(var(0)))])
    } else {
        let index = || var(0) * Expr::Index(lanes) + var(1);
        serial(0, n / lanes, vec![vector(1, lanes, vec![store(0, index(), value(index()))])])
    };
    Case::new(kernel(name, buffers, vec![body]), params)
}

fn is_exact(f: UnaryFn) -> bool {
    use UnaryFn::{Abs, Ceil, Floor, IsNan, Neg, Not, Round, Sqrt};
    matches!(f, Neg | Abs | Not | Sqrt | Floor | Ceil | Round | IsNan)
}

fn unary_cases(all: &mut Vec<Case>) {
    for dtype in DType::ALL {
        for f in UNARY {
            let meaningful = match f {
                UnaryFn::Not => !dtype.is_float(),
                UnaryFn::Neg | UnaryFn::Abs => dtype != DType::Bool,
                _ => dtype.is_float(),
            };
            if !meaningful {
                continue;
            }
            for lanes in FORMS {
                let to = if f == UnaryFn::IsNan { DType::Bool } else { dtype };
                let mut input = values(dtype);
                input.extend(values(dtype));
                let name = format!("{f:?}_{dtype}_{lanes}");
                let c = case(name, dtype, to, lanes, vec![input], |i| Expr::unary(f, at(1, i)));
                // f64's reference is the standard library in f64 itself.
                let ulps = if is_exact(f) {
                    0.0
                } else if dtype == DType::F16 {
                    1.0
                } else {
                    5.0
                };
                all.push(c.within(ulps));
            }
        }
    }
}

fn pairs(dtype: DType) -> Vec<Vec<f64>> {
    let v = values(dtype);
    let both = v.iter().flat_map(|a| v.iter().map(move |b| (*a, *b)));
    let (a, b) = both.unzip();
    vec![a, b]
}

fn binary_cases(all: &mut Vec<Case>) {
    for dtype in DType::ALL {
        for f in BINARY {
            let meaningful = match f {
                BinaryFn::And | BinaryFn::Or | BinaryFn::Xor => !dtype.is_float(),
                BinaryFn::Shl | BinaryFn::Shr => dtype.is_int(),
                BinaryFn::Min | BinaryFn::Max => true,
                _ => dtype != DType::Bool,
            };
            if !meaningful {
                continue;
            }
            for lanes in FORMS {
                let mut inputs = pairs(dtype);
                if f == BinaryFn::Pow && dtype.is_int() {
                    inputs[1].iter_mut().for_each(|b| *b = b.clamp(-3.0, 130.0));
                }
                let name = format!("{f:?}_{dtype}_{lanes}");
                let c = case(name, dtype, dtype, lanes, inputs, |i| Expr::binary(f, at(1, i.clone()), at(2, i)));
                let loose = f == BinaryFn::Pow && dtype.is_float();
                // The reference rounds twice where f16 goes through f64; powers as stated in math/pow.rs.
                all.push(c.within(if !loose {
                    0.0
                } else if dtype == DType::F64 {
                    1500.0
                } else {
                    1.0
                }));
            }
        }
        for f in COMPARE {
            for lanes in FORMS {
                let name = format!("{f:?}_{dtype}_{lanes}");
                all.push(case(name, dtype, DType::Bool, lanes, pairs(dtype), |i| {
                    Expr::compare(f, at(1, i.clone()), at(2, i))
                }));
            }
        }
    }
}

/// Quotients of f64 that overflow, and results without all digits.
fn remainder_cases(all: &mut Vec<Case>) {
    let extremes = [1.7e308, 1e300, -3.3e200, 1e154, 1.0, 0.3, 1e-20, -7e-155, 1e-300, 3e-308, 5e-324, 1.3e-321];
    let (a, b) = extremes.iter().flat_map(|a| extremes.iter().map(move |b| (*a, *b))).unzip();
    let f = |i: Expr| Expr::binary(BinaryFn::Rem, at(1, i.clone()), at(2, i));
    all.push(case("Rem_f64_extremes".to_string(), DType::F64, DType::F64, 8, vec![a, b], f));
}

fn constant_operand_cases(all: &mut Vec<Case>) {
    for dtype in [DType::F32, DType::F64, DType::F16] {
        for f in [BinaryFn::Min, BinaryFn::Max, BinaryFn::Pow] {
            for (k, constant) in [0.0, 6.0, 2.0, 3.0, f64::NAN].into_iter().enumerate() {
                for swapped in [false, true] {
                    let name = format!("{f:?}_{dtype}_const{k}{swapped}");
                    let c = case(name, dtype, dtype, 8, vec![values(dtype)], |i| {
                        let (a, b) = (at(1, i), Expr::constant(dtype, constant));
                        if swapped { Expr::binary(f, b, a) } else { Expr::binary(f, a, b) }
                    });
                    let ulps = match (f, dtype) {
                        (BinaryFn::Pow, DType::F64) => 1500.0,
                        (BinaryFn::Pow, _) => 1.0,
                        _ => 0.0,
                    };
                    all.push(c.within(ulps));
                }
            }
        }
    }
}

fn cast_cases(all: &mut Vec<Case>) {
    for from in DType::ALL {
        for to in DType::ALL {
            for lanes in FORMS {
                let mut input = values(from);
                if from.is_float() {
                    input.extend([127.5, 128.0, -128.5, 255.9, 256.0, 65504.0, 65520.0, 65535.0, 3e9, -3e9, 5e9, 1e19]);
                    input.extend([
                        2e19,
                        -1e19,
                        1.0 + 2f64.powi(-11),
                        1.0 + 2f64.powi(-11) + 2f64.powi(-40),
                        2f64.powi(-25),
                    ]);
                }
                input.extend(input.clone());
                let name = format!("cast_{from}_{to}_{lanes}");
                all.push(case(name, from, to, lanes, vec![input], |i| Expr::cast(Type::Data(to), at(1, i))));
            }
        }
        for lanes in FORMS {
            let input = vec![0.0; 32];
            let name = format!("cast_index_{from}_{lanes}");
            all.push(case(name, from, from, lanes, vec![input], |i| {
                Expr::cast(Type::Data(from), i.clone() * Expr::Index(3) - Expr::Index(1))
            }));
        }
    }
}

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    unary_cases(&mut all);
    binary_cases(&mut all);
    remainder_cases(&mut all);
    constant_operand_cases(&mut all);
    cast_cases(&mut all);
    all
}
