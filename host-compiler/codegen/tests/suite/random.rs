//! Random index expressions and conditions over scalar, vectorised and unrolled loops, differential to the interpreter.

use lathe_graph::DType;
use lathe_tensor::{BinaryFn, CompareFn, Expr, Type};

use super::Case;
use super::build::{Dice, at, bytes, ix, kernel, param, serial, store, unrolled, var, vector};

const LEN: i64 = 64;

/// `count` kernels, the same ones every time.
pub fn cases(count: usize) -> Vec<Case> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|k| case(k, &mut dice)).collect()
}

fn case(k: usize, dice: &mut Dice) -> Case {
    let (outer, inner) = (1 + dice.below(5) as i64, 1 + dice.below(9) as i64);
    let value = value(dice, 3);
    let index = var(0) * ix(inner) + var(1);
    let statement = store(0, index, value);
    let body = match dice.below(4) {
        0 => serial(0, outer, vec![serial(1, inner, vec![statement])]),
        1 => serial(0, outer, vec![unrolled(1, inner, vec![statement])]),
        2 => unrolled(0, outer, vec![vector(1, inner, vec![statement])]),
        _ => serial(0, outer, vec![vector(1, inner, vec![statement])]),
    };
    let total = outer * inner;
    let buffers =
        vec![param(DType::I32, 0, total, true), param(DType::I32, 1, LEN, false), param(DType::U8, 2, LEN, false)];
    let numbers = |dice: &mut Dice| -> Vec<f64> { (0..LEN).map(|_| (dice.small() * 16.0).floor()).collect() };
    let p = vec![vec![0; total as usize * 4], bytes(DType::I32, &numbers(dice)), bytes(DType::U8, &numbers(dice))];
    Case::new(kernel(format!("random{k}"), buffers, vec![body]), p)
}

/// An i32 expression.
fn value(dice: &mut Dice, depth: usize) -> Expr {
    match if depth == 0 { dice.below(3) } else { dice.below(8) } {
        0 => at(1, inside(index(dice, 2))),
        1 => Expr::cast(Type::Data(DType::I32), at(2, inside(index(dice, 2)))),
        2 => Expr::cast(Type::Data(DType::I32), index(dice, 2)),
        3 | 4 => {
            // Guarded: the index itself may lie outside.
            let i = index(dice, 2);
            let low = Expr::compare(CompareFn::Le, ix(0), i.clone());
            let guard = Expr::and(low, Expr::compare(CompareFn::Lt, i.clone(), ix(LEN)));
            Expr::select(guard, at(1, i), value(dice, depth - 1))
        }
        5 => Expr::select(condition(dice), value(dice, depth - 1), value(dice, depth - 1)),
        _ => {
            let f =
                dice.pick(&[BinaryFn::Add, BinaryFn::Sub, BinaryFn::Mul, BinaryFn::Min, BinaryFn::Max, BinaryFn::Div]);
            Expr::binary(f, value(dice, depth - 1), value(dice, depth - 1))
        }
    }
}

/// Any index into 0..LEN.
fn inside(i: Expr) -> Expr {
    i % ix(LEN)
}

fn index(dice: &mut Dice, depth: usize) -> Expr {
    match if depth == 0 { dice.below(3) } else { dice.below(10) } {
        0 => var(0),
        1 => var(1),
        2 => ix(dice.below(21) as i64 - 10),
        3 | 4 => index(dice, depth - 1) + index(dice, depth - 1),
        5 => index(dice, depth - 1) - index(dice, depth - 1),
        6 => index(dice, depth - 1) * ix(dice.below(9) as i64 - 3),
        7 => index(dice, depth - 1) / ix(1 + dice.below(6) as i64),
        8 => index(dice, depth - 1) % ix(1 + dice.below(12) as i64),
        _ => match dice.below(3) {
            0 => Expr::binary(BinaryFn::Max, index(dice, depth - 1), index(dice, depth - 1)),
            1 => Expr::select(condition(dice), index(dice, depth - 1), index(dice, depth - 1)),
            _ => Expr::cast(Type::Index, at(2, inside(index(dice, depth - 1)))),
        },
    }
}

fn condition(dice: &mut Dice) -> Expr {
    let f = dice.pick(&[CompareFn::Eq, CompareFn::Ne, CompareFn::Lt, CompareFn::Le]);
    Expr::compare(f, index(dice, 1), index(dice, 1))
}
