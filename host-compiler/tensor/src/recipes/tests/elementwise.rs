//! Unary, binary, select, cast, quantisation.

use lathe_graph::op::{Binary, Unary};
use lathe_graph::{DType, Op, Tensor};

use super::{Given, Random, check, check_given};

const FLOATS: [DType; 3] = [DType::F32, DType::F16, DType::F64];

#[test]
fn unary_functions_of_floats() {
    let everywhere = [
        Unary::Abs,
        Unary::Neg,
        Unary::Ceil,
        Unary::Floor,
        Unary::Round,
        Unary::Sign,
        Unary::Exp,
        Unary::Erf,
        Unary::Sin,
        Unary::Cos,
        Unary::Tan,
        Unary::Atan,
        Unary::Sinh,
        Unary::Cosh,
        Unary::Tanh,
        Unary::Asinh,
        Unary::Relu,
        Unary::Sigmoid,
        Unary::HardSwish,
        Unary::Softplus,
        Unary::Softsign,
        Unary::Mish,
        Unary::LeakyRelu { alpha: 0.1 },
        Unary::HardSigmoid { alpha: 0.3, beta: 0.4 },
        Unary::Elu { alpha: 1.5 },
        Unary::Selu { alpha: 1.67, gamma: 1.05 },
        Unary::Celu { alpha: 0.7 },
        Unary::ThresholdedRelu { alpha: 0.5 },
        Unary::Gelu { tanh: false },
        Unary::Gelu { tanh: true },
        Unary::Reciprocal,
    ];
    let mut random = Random::new(1);
    for dtype in FLOATS {
        for f in everywhere {
            check(Op::Unary(f), vec![random.range(dtype, &[3, 5], -4.0, 4.0)]);
        }
        for f in [Unary::Sqrt, Unary::Log] {
            check(Op::Unary(f), vec![random.range(dtype, &[7], 0.1, 9.0)]);
        }
        for f in [Unary::Asin, Unary::Acos, Unary::Atanh] {
            check(Op::Unary(f), vec![random.range(dtype, &[7], -0.9, 0.9)]);
        }
        check(Op::Unary(Unary::Acosh), vec![random.range(dtype, &[7], 1.1, 9.0)]);
    }
}

#[test]
fn unary_functions_at_the_edges() {
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -100.0, 100.0, 1e-6, -1e-6];
    let x = || Tensor::from_slice(&[8], &values).expect("eight values");
    for f in [
        Unary::IsNan,
        Unary::IsInf { negative: true, positive: true },
        Unary::IsInf { negative: true, positive: false },
        Unary::IsInf { negative: false, positive: true },
        Unary::IsInf { negative: false, positive: false },
        Unary::Abs,
        Unary::Sign,
        Unary::Relu,
        Unary::Softplus,
    ] {
        check(Op::Unary(f), vec![x()]);
    }
    let large = Tensor::from_slice(&[5], &[-90.0f32, -20.0, 20.0, 50.0, 90.0]).expect("five values");
    for f in [Unary::Mish, Unary::Softplus, Unary::Elu { alpha: 1.0 }, Unary::Sigmoid, Unary::Gelu { tanh: false }] {
        check(Op::Unary(f), vec![large.clone()]);
    }
}

#[test]
fn unary_functions_of_integers() {
    let mut random = Random::new(2);
    for dtype in [DType::I8, DType::I32, DType::I64] {
        for f in [Unary::Abs, Unary::Neg, Unary::Sign, Unary::BitNot, Unary::Relu] {
            check(Op::Unary(f), vec![random.tensor(dtype, &[4, 3])]);
        }
    }
    for f in [Unary::Sign, Unary::BitNot, Unary::Abs] {
        check(Op::Unary(f), vec![random.tensor(DType::U8, &[6])]);
    }
    check(Op::Unary(Unary::Not), vec![random.tensor(DType::Bool, &[6])]);
}

#[test]
fn binary_functions_broadcast() {
    let mut random = Random::new(3);
    let float = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Mod,
        Binary::Fmod,
        Binary::Min,
        Binary::Max,
        Binary::Prelu,
        Binary::Equal,
        Binary::Less,
        Binary::LessOrEqual,
        Binary::Greater,
        Binary::GreaterOrEqual,
    ];
    for dtype in FLOATS {
        for f in float {
            check(Op::Binary(f), vec![random.tensor(dtype, &[2, 3, 4]), random.tensor(dtype, &[3, 1])]);
            check(Op::Binary(f), vec![random.tensor(dtype, &[4]), random.tensor(dtype, &[2, 1, 4])]);
        }
        check(Op::Binary(Binary::Pow), vec![random.range(dtype, &[5], 0.2, 3.0), random.tensor(dtype, &[5])]);
    }
    for dtype in [DType::I8, DType::U8, DType::I32, DType::U32, DType::I64, DType::U64] {
        for f in float.into_iter().chain([Binary::And, Binary::Or, Binary::Xor]) {
            if f == Binary::Prelu && !dtype.is_signed_int() {
                continue;
            }
            check(Op::Binary(f), vec![random.tensor(dtype, &[3, 4]), random.tensor(dtype, &[4])]);
        }
        let exponents = random.range(dtype, &[9], 0.0, 4.0);
        check(Op::Binary(Binary::Pow), vec![random.tensor(dtype, &[9]), exponents]);
    }
    for f in [Binary::ShiftLeft, Binary::ShiftRight] {
        check(Op::Binary(f), vec![random.tensor(DType::U8, &[9]), random.range(DType::U8, &[9], 0.0, 7.0)]);
    }
    for f in [Binary::And, Binary::Or, Binary::Xor, Binary::Equal] {
        check(Op::Binary(f), vec![random.tensor(DType::Bool, &[3, 4]), random.tensor(DType::Bool, &[4])]);
    }
}

#[test]
fn negative_integer_exponents() {
    let bases = Tensor::from_slice(&[6], &[1i32, -1, -1, 2, -3, 0]).expect("six");
    let exponents = Tensor::from_slice(&[6], &[-3i32, -3, -2, -1, 63, 0]).expect("six");
    check(Op::Binary(Binary::Pow), vec![bases, exponents]);
}

#[test]
fn every_bit_of_an_integer_exponent_counts() {
    let bases = [0i64, 2, 3, -3, -1, 7, 1];
    let exponents = [64i64, 64, 65, 127, 1 << 32, 1 << 40, i64::MIN];
    let narrow = |v: i64| v.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    let tensors = [bases, exponents].map(|v| Tensor::from_slice(&[v.len()], &v).expect("as many as the shape says"));
    check(Op::Binary(Binary::Pow), tensors.to_vec());
    let tensors = [bases, exponents].map(|v| Tensor::from_slice(&[v.len()], &v.map(narrow)).expect("as many"));
    check(Op::Binary(Binary::Pow), tensors.to_vec());
}

#[test]
fn constant_exponents_need_no_pow() {
    let mut random = Random::new(4);
    for exponent in [0.5, -0.5, 1.0, -1.0, 2.0, 3.0, 2.5] {
        let y = Tensor::scalar(DType::F32, exponent);
        let x = random.range(DType::F32, &[6], 0.3, 3.0);
        let group = check_given(Op::Binary(Binary::Pow), vec![Given::Input(x), Given::Constant(y)]);
        assert_eq!(group.program.to_string().contains("pow("), exponent == 2.5);
        // the exponent is part of the program, not an operand
        assert_eq!(group.program.buffers.len(), 2);
    }
}

#[test]
fn select_and_cast() {
    let mut random = Random::new(5);
    for dtype in [DType::F32, DType::F16, DType::I64, DType::Bool] {
        let condition = random.tensor(DType::Bool, &[3, 1]);
        check(Op::Select, vec![condition, random.tensor(dtype, &[2, 1, 4]), random.tensor(dtype, &[])]);
    }
    for from in DType::ALL {
        for to in DType::ALL {
            let operand =
                if from.is_float() { random.range(from, &[10], 0.0, 100.0) } else { random.tensor(from, &[10]) };
            check(Op::Cast(to), vec![operand]);
        }
    }
}

#[test]
fn quantisation() {
    let mut random = Random::new(6);
    for (dtype, zero) in [(DType::U8, 128.0), (DType::I8, -3.0), (DType::I16, 0.0), (DType::U16, 9.0)] {
        let scalar = || vec![Tensor::scalar(DType::F32, 0.05), Tensor::scalar(dtype, zero)];
        let mut operands = vec![random.range(DType::F32, &[2, 3, 4], -20.0, 20.0)];
        operands.extend(scalar());
        check(Op::Quantize { axis: 1 }, operands);
        let mut operands = vec![random.range(dtype, &[2, 3, 4], 0.0, 100.0)];
        operands.extend(scalar());
        check(Op::Dequantize { axis: 1 }, operands);
        let scales = random.range(DType::F32, &[3], 0.01, 0.2);
        let zeros = random.range(dtype, &[3], 0.0, 5.0);
        let x = random.range(DType::F32, &[2, 3, 4], -20.0, 20.0);
        check(Op::Quantize { axis: 1 }, vec![x, scales.clone(), zeros.clone()]);
        let x = random.range(dtype, &[2, 3, 4], 0.0, 100.0);
        check(Op::Dequantize { axis: 1 }, vec![x, scales, zeros]);
    }
}
