//! Shapes of loop nests: strides, gathers, guards, workspace, registers, unrolled and parallel loops, conditions.

use lathe_graph::DType;
use lathe_tensor::{BinaryFn, BufferId, CompareFn, Expr, Scalar, Stmt, Type, UnaryFn};

use super::Case;
use super::build::{
    Dice, at, bytes, ix, kernel, parallel, param, register, serial, store, unrolled, var, vector, workspace,
};

const F: DType = DType::F32;

fn numbers(n: usize) -> Vec<f64> {
    let mut dice = Dice(0x1234_5678_9abc_def1 + n as u64);
    (0..n).map(|_| dice.small()).collect()
}

fn f(x: f64) -> Expr {
    Expr::constant(F, x)
}

fn lt(a: Expr, b: Expr) -> Expr {
    Expr::compare(CompareFn::Lt, a, b)
}

fn le(a: Expr, b: Expr) -> Expr {
    Expr::compare(CompareFn::Le, a, b)
}

fn out_in(n: i64, m: i64) -> Vec<lathe_tensor::loops::KernelBuffer> {
    vec![param(F, 0, n, true), param(F, 1, m, false)]
}

fn params(n: usize, m: usize) -> Vec<Vec<u8>> {
    vec![bytes(F, &vec![9.0; n]), bytes(F, &numbers(m))]
}

/// Loads and stores of stride 0, 1, -1, 2, 5, -3 and by quotient and remainder, in vectors of several lengths.
fn strides(all: &mut Vec<Case>) {
    for lanes in [2, 3, 4, 7, 8, 16, 20] {
        for stride in [0i64, 1, -1, 2, 5, -3] {
            let offset = if stride < 0 { -stride * (lanes - 1) } else { 0 };
            let span = stride.abs() * (lanes - 1) + 1;
            let index = |v: Expr| v * ix(stride) + ix(offset);
            let body =
                vec![vector(1, lanes, vec![store(0, var(0) * ix(lanes) + var(1), at(1, var(0) + index(var(1))))])];
            let k =
                kernel(format!("load_stride{stride}_{lanes}"), out_in(4 * lanes, span + 4), vec![serial(0, 4, body)]);
            all.push(Case::new(k, params(4 * lanes as usize, span as usize + 4)));
            if stride == 0 {
                continue;
            }
            let body = vec![vector(1, lanes, vec![store(0, index(var(1)), at(1, var(1)) + f(1.0))])];
            let k = kernel(format!("store_stride{stride}_{lanes}"), out_in(span, lanes), body);
            all.push(Case::new(k, params(span as usize, lanes as usize)));
        }
        for divisor in [2, 3, 4, 8] {
            let read = |v: Expr| v.clone() / ix(divisor) * ix(2) + v % ix(divisor);
            let total = lanes * 3;
            let body = vec![vector(
                1,
                lanes,
                vec![store(0, var(0) * ix(lanes) + var(1), at(1, read(var(0) * ix(lanes) + var(1))))],
            )];
            let k = kernel(format!("divide{divisor}_{lanes}"), out_in(total, 2 * total + 8), vec![serial(0, 3, body)]);
            all.push(Case::new(k, params(total as usize, 2 * total as usize + 8)));
        }
    }
}

/// One fused loop over rows, columns and blocks of channels: quotients and remainders of the loop beside a plain lane.
fn fused_loops(all: &mut Vec<Case>) {
    for lanes in [3, 4, 8] {
        let (rows, columns, blocks) = (3, 5, 2);
        let flat = || var(0) * ix(lanes) + var(1);
        let channels = blocks * lanes;
        let (c, x) = (flat() % ix(channels), flat() / ix(channels) % ix(columns));
        let y = flat() / ix(channels * columns);
        let read = at(1, (x * ix(rows) + y) * ix(channels) + c);
        let total = rows * columns * channels;
        let body = vec![vector(1, lanes, vec![store(0, flat(), read)])];
        let k = kernel(format!("fused{lanes}"), out_in(total, total), vec![serial(0, total / lanes, body)]);
        all.push(Case::new(k, params(total as usize, total as usize)));
    }
}

/// Negative numerators: `Index` division rounds down.
fn floor_division(all: &mut Vec<Case>) {
    for divisor in [2, 3, 7] {
        let i = || var(0) - ix(9);
        let data = |e: Expr| Expr::cast(Type::Data(F), e);
        let body = vec![
            store(0, var(0) * ix(2), data(i() / ix(divisor))),
            store(0, var(0) * ix(2) + ix(1), data(i() % ix(divisor))),
        ];
        let k = kernel(format!("floor_division{divisor}"), out_in(40, 1), vec![serial(0, 20, body)]);
        all.push(Case::new(k, params(40, 1)));
    }
}

/// Gather by loaded indices (also negative ones, from the end), scalar and vector.
fn gathers(all: &mut Vec<Case>) {
    for (name, lanes) in [("scalar", 1), ("vector", 8), ("odd", 5)] {
        let n = 40;
        let indices: Vec<f64> = (0..n).map(|k| ((k * 7) % 10) as f64 - if k % 3 == 0 { 10.0 } else { 0.0 }).collect();
        let buffers = vec![param(F, 0, n, true), param(F, 1, 10, false), param(DType::I64, 2, n, false)];
        let i = || if lanes == 1 { var(0) } else { var(0) * ix(lanes) + var(1) };
        let loaded = Expr::Let {
            id: 1,
            value: Box::new(Expr::cast(Type::Index, at(2, i()))),
            body: Box::new(at(1, Expr::select(lt(Expr::Local(1), ix(0)), Expr::Local(1) + ix(10), Expr::Local(1)))),
        };
        let inner = vec![store(0, i(), loaded)];
        let body = if lanes == 1 { serial(0, n, inner) } else { serial(0, n / lanes, vec![vector(1, lanes, inner)]) };
        let k = kernel(format!("gather_{name}"), buffers, vec![body]);
        let p = vec![bytes(F, &vec![0.0; n as usize]), bytes(F, &numbers(10)), bytes(DType::I64, &indices)];
        all.push(Case::new(k, p));
    }
}

/// Padding: a load guarded by its own range, in every form a condition can take.
fn guards(all: &mut Vec<Case>) {
    let (n, pad) = (24i64, 3i64);
    let inside = |i: Expr| Expr::and(le(ix(pad), i.clone()), lt(i, ix(n + pad)));
    let padded = |i: Expr| Expr::select(inside(i.clone()), at(1, i - ix(pad)), f(-1.0));
    let total = n + 2 * pad;
    let scalar = serial(0, total, vec![store(0, var(0), padded(var(0)))]);
    all.push(Case::new(kernel("guard_scalar", out_in(total, n), vec![scalar]), params(total as usize, n as usize)));
    let copied = unrolled(0, total, vec![store(0, var(0), padded(var(0)))]);
    all.push(Case::new(kernel("guard_unrolled", out_in(total, n), vec![copied]), params(total as usize, n as usize)));
    for lanes in [3, 5, 6, 10] {
        let i = || var(0) * ix(lanes) + var(1);
        let body = serial(0, total / lanes, vec![vector(1, lanes, vec![store(0, i(), padded(i()))])]);
        let k = kernel(format!("guard_lanes{lanes}"), out_in(total, n), vec![body]);
        all.push(Case::new(k, params(total as usize, n as usize)));
        // A stride, so that the guarded loads are gathered.
        let body = serial(
            0,
            total / lanes,
            vec![vector(
                1,
                lanes,
                vec![store(0, i(), Expr::select(inside(i()), at(1, (i() - ix(pad)) * ix(2)), f(-1.0)))],
            )],
        );
        let k = kernel(format!("guard_gather{lanes}"), out_in(total, 2 * n), vec![body]);
        all.push(Case::new(k, params(total as usize, 2 * n as usize)));
    }
    // Rows guarded, channels vectorised: the condition is the same in every lane.
    for lanes in [4, 7] {
        let channels = 2 * lanes;
        let row = Expr::select(
            inside(var(0)),
            at(1, (var(0) - ix(pad)) * ix(channels) + var(1) * ix(lanes) + var(2)) * f(2.0),
            f(0.0),
        );
        let body = vector(2, lanes, vec![store(0, var(0) * ix(channels) + var(1) * ix(lanes) + var(2), row)]);
        let k = kernel(
            format!("guard_rows{lanes}"),
            out_in(total * channels, n * channels),
            vec![serial(0, total, vec![serial(1, 2, vec![body])])],
        );
        all.push(Case::new(k, params((total * channels) as usize, (n * channels) as usize)));
    }
    nested_guards(all);
}

/// A guarded side that is itself a guarded choice, by data and by index, with a bool and an int in play.
fn nested_guards(all: &mut Vec<Case>) {
    for lanes in [1, 4, 9] {
        let n = 36;
        let i = || if lanes == 1 { var(0) } else { var(0) * ix(lanes) + var(1) };
        let positive = lt(f(0.0), at(1, i()));
        let choice = Expr::select(
            positive,
            Expr::select(lt(i(), ix(30)), at(1, i() + ix(6)), f(7.0)),
            Expr::select(le(ix(5), i()), Expr::unary(UnaryFn::Exp, at(1, i() - ix(5))), f(8.0)),
        );
        let inner = vec![store(0, i(), choice)];
        let body = if lanes == 1 { serial(0, n, inner) } else { serial(0, n / lanes, vec![vector(1, lanes, inner)]) };
        let k = kernel(format!("guard_nested{lanes}"), out_in(n, n), vec![body]);
        all.push(Case::new(k, params(n as usize, n as usize)).within(3.0));
    }
}

/// Matrix product in a register tile with every tail the sizes leave: rows by `If`, columns by a shorter vector.
fn register_tiles(all: &mut Vec<Case>) {
    for (m, n, k, lanes) in [(6, 16, 9, 8), (5, 11, 7, 8), (7, 19, 3, 4), (1, 3, 5, 8)] {
        let rows = 3;
        let mut body = Vec::new();
        let mut from = 0;
        while from < n {
            let width = lanes.min(n - from);
            body.push(serial(0, (m + rows - 1) / rows, tile(rows, width, from, n, k, m)));
            from += width;
        }
        let buffers = vec![
            param(F, 0, m * n, true),
            param(F, 1, m * k, false),
            param(F, 2, k * n, false),
            register(F, rows * lanes),
        ];
        let p = vec![
            bytes(F, &vec![0.0; (m * n) as usize]),
            bytes(F, &numbers((m * k) as usize)),
            bytes(F, &numbers((k * n) as usize)),
        ];
        // Sums of k products: fused or not.
        all.push(Case::new(kernel(format!("matmul_{m}x{n}x{k}"), buffers, body), p).within(64.0));
    }
}

fn tile(rows: i64, width: i64, from: i64, n: i64, k: i64, m: i64) -> Vec<lathe_tensor::Stmt> {
    let row = || var(0) * ix(rows) + var(2);
    let slot = || var(2) * ix(width) + var(3);
    let each = |body: lathe_tensor::Stmt| unrolled(2, rows, vec![vector(3, width, vec![body])]);
    let guarded = |body: Vec<lathe_tensor::Stmt>| {
        unrolled(2, rows, vec![lathe_tensor::Stmt::If { cond: lt(row(), ix(m)), then: body, otherwise: vec![] }])
    };
    let product = at(1, row() * ix(k) + var(1)) * at(2, var(1) * ix(n) + ix(from) + var(3));
    vec![
        each(store(3, slot(), f(0.0))),
        serial(1, k, vec![guarded(vec![vector(3, width, vec![store(3, slot(), at(3, slot()) + product)])])]),
        guarded(vec![vector(3, width, vec![store(0, row() * ix(n) + ix(from) + var(3), at(3, slot()))])]),
    ]
}

/// A register buffer written by vectors and read lane by lane, and one read at a place that is no constant.
fn mixed_registers(all: &mut Vec<Case>) {
    let body = vec![
        vector(0, 4, vec![store(2, var(0), at(1, var(0)))]),
        unrolled(
            1,
            4,
            vec![vector(0, 8, vec![store(0, var(1) * ix(8) + var(0), at(2, var(1)) * at(1, ix(4) + var(0)))])],
        ),
    ];
    let mut buffers = out_in(32, 12);
    buffers.push(register(F, 4));
    all.push(Case::new(kernel("register_by_lane", buffers, body), params(32, 12)));
    let body = vec![
        serial(0, 10, vec![store(2, ix(9) - var(0), at(1, var(0)))]),
        serial(0, 10, vec![store(0, var(0), at(2, var(0)))]),
    ];
    let mut buffers = out_in(10, 10);
    buffers.push(register(F, 10));
    all.push(Case::new(kernel("register_indexed", buffers, body), params(10, 10)));
}

/// Two workspace buffers that share nothing, and two that share their bytes one after the other.
fn workspaces(all: &mut Vec<Case>) {
    for (name, second) in [("apart", 128), ("shared", 0)] {
        let mut buffers = out_in(20, 20);
        buffers.extend([workspace(F, 20, 0), workspace(F, 20, second)]);
        let body = vec![
            serial(0, 20, vec![store(2, var(0), at(1, var(0)) + f(1.0))]),
            serial(0, 20, vec![store(3, var(0), at(2, var(0)) * f(3.0))]),
            serial(0, 20, vec![store(0, ix(19) - var(0), at(3, var(0)))]),
        ];
        all.push(Case::new(kernel(format!("workspace_{name}"), buffers, body), params(20, 20)));
    }
}

/// The outer loop in slices, an empty one among them; scalar reductions with `Let`.
fn parallels(all: &mut Vec<Case>) {
    let rows = 13;
    let sum = vec![
        store(2, ix(0), f(0.0)),
        serial(1, 5, vec![store(2, ix(0), at(2, ix(0)) + at(1, var(0) * ix(5) + var(1)))]),
        store(
            0,
            var(0),
            Expr::Let {
                id: 0,
                value: Box::new(at(2, ix(0))),
                body: Box::new(Expr::Local(0) * Expr::Local(0) - Expr::Local(0)),
            },
        ),
    ];
    let mut buffers = out_in(rows, rows * 5);
    buffers.push(register(F, 1));
    let k = kernel("parallel_rows", buffers, vec![parallel(0, rows, sum)]);
    for (tag, slices) in [("whole", vec![(0, 13)]), ("parts", vec![(0, 4), (4, 4), (4, 11)]), ("tail", vec![(12, 13)])]
    {
        let mut c = Case::new(k.clone(), params(rows as usize, rows as usize * 5)).within(8.0);
        c.kernel.name = format!("parallel_{tag}");
        c.slices = slices;
        all.push(c);
    }
}

/// In place: one parameter read and written.
fn in_place(all: &mut Vec<Case>) {
    let body = serial(
        0,
        3,
        vec![vector(
            1,
            8,
            vec![store(
                0,
                var(0) * ix(8) + var(1),
                Expr::binary(BinaryFn::Max, at(0, var(0) * ix(8) + var(1)), f(0.0)),
            )],
        )],
    );
    all.push(Case::new(kernel("relu_in_place", vec![param(F, 0, 24, true)], vec![body]), vec![bytes(F, &numbers(24))]));
}

/// f16 and int8 storage around f32 and int32 arithmetic, bool masks.
fn storage(all: &mut Vec<Case>) {
    for lanes in [1, 8, 6] {
        let n = 24;
        let i = || if lanes == 1 { var(0) } else { var(0) * ix(lanes) + var(1) };
        let wrap = |inner: Vec<lathe_tensor::Stmt>| {
            if lanes == 1 { serial(0, n, inner) } else { serial(0, n / lanes, vec![vector(1, lanes, inner)]) }
        };
        let wide = |b: u32| Expr::cast(Type::Data(F), at(b, i()));
        let half = Expr::cast(Type::Data(DType::F16), wide(1) * wide(2) + f(0.5));
        let buffers =
            vec![param(DType::F16, 0, n, true), param(DType::F16, 1, n, false), param(DType::F16, 2, n, false)];
        let p = vec![vec![0; 48], bytes(DType::F16, &numbers(24)), bytes(DType::F16, &numbers(24))];
        all.push(Case::new(kernel(format!("f16_storage{lanes}"), buffers, vec![wrap(vec![store(0, i(), half)])]), p));

        let int = |b: u32| Expr::cast(Type::Data(DType::I32), at(b, i()));
        let scale = Expr::Const(Scalar::Int(DType::I32, 12345));
        let buffers = vec![param(DType::I32, 0, n, true), param(DType::I8, 1, n, false), param(DType::U8, 2, n, false)];
        let p = vec![vec![0; 96], bytes(DType::I8, &numbers(24)), bytes(DType::U8, &numbers(24))];
        let body = wrap(vec![store(0, i(), int(1) * int(2) + scale)]);
        all.push(Case::new(kernel(format!("i8_storage{lanes}"), buffers, vec![body]), p));

        let mask = Expr::binary(BinaryFn::Or, at(1, i()), lt(at(2, i()), f(0.0)));
        let buffers = vec![param(DType::Bool, 0, n, true), param(DType::Bool, 1, n, false), param(F, 2, n, false)];
        let p = vec![vec![0; 24], bytes(DType::Bool, &[0.0, 1.0, 0.0].repeat(8)), bytes(F, &numbers(24))];
        all.push(Case::new(kernel(format!("bool_mask{lanes}"), buffers, vec![wrap(vec![store(0, i(), mask)])]), p));
    }
}

/// Conditions on the lane alone and on lane and loop together.
fn lane_conditions(all: &mut Vec<Case>) {
    for (k, compare) in [CompareFn::Eq, CompareFn::Ne, CompareFn::Lt, CompareFn::Le].into_iter().enumerate() {
        let i = || var(0) * ix(8) + var(1);
        let triangle = Expr::select(Expr::compare(compare, var(1) * ix(2), var(0) + ix(1)), at(1, i()), f(0.0));
        let body = serial(0, 6, vec![vector(1, 8, vec![store(0, i(), triangle)])]);
        all.push(Case::new(kernel(format!("triangle{k}"), out_in(48, 48), vec![body]), params(48, 48)));
    }
}

/// Three cache lines at an iteration, inside the buffer and far behind it.
fn fetched_ahead(all: &mut Vec<Case>) {
    let index = var(0) * ix(1 << 20);
    let body = vec![
        Stmt::Prefetch { buffer: BufferId(1), index, elements: 48 },
        vector(1, 8, vec![store(0, var(0) * ix(8) + var(1), at(1, var(0) * ix(8) + var(1)))]),
    ];
    all.push(Case::new(kernel("fetched_ahead", out_in(512, 512), vec![serial(0, 64, body)]), params(512, 512)));
}

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    strides(&mut all);
    fused_loops(&mut all);
    floor_division(&mut all);
    gathers(&mut all);
    guards(&mut all);
    register_tiles(&mut all);
    mixed_registers(&mut all);
    workspaces(&mut all);
    parallels(&mut all);
    in_place(&mut all);
    storage(&mut all);
    lane_conditions(&mut all);
    fetched_ahead(&mut all);
    all
}
