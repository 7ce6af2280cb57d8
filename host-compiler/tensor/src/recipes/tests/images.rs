//! Convolutions and pools.

use lathe_graph::op::{Layout, Pool, Window};
use lathe_graph::{DType, Op, Tensor};

use super::kernels::targets;
use super::{Given, Random, check, check_given};
use crate::default_schedule::default_schedule;
use crate::recipes::{AnchorKind, GroupProgram};

const LAYOUTS: [Layout; 2] = [Layout::ChannelsFirst, Layout::ChannelsLast];

fn window(kernel: &[usize], strides: &[usize], dilations: &[usize], before: &[usize], after: &[usize]) -> Window {
    Window {
        kernel: kernel.to_vec(),
        strides: strides.to_vec(),
        dilations: dilations.to_vec(),
        pad_before: before.to_vec(),
        pad_after: after.to_vec(),
    }
}

fn image(layout: Layout, n: usize, spatial: &[usize], c: usize) -> Vec<usize> {
    match layout {
        Layout::ChannelsFirst => [&[n, c], spatial].concat(),
        Layout::ChannelsLast => [&[n], spatial, &[c]].concat(),
    }
}

struct Convolution<'a> {
    spatial: &'a [usize],
    ic: usize,
    oc: usize,
    groups: usize,
    window: Window,
}

fn conv(dtype: DType, layout: Layout, c: &Convolution, bias: bool) -> GroupProgram {
    let mut random = Random::new(70);
    let weights = [&[c.oc, c.ic / c.groups], c.window.kernel.as_slice()].concat();
    let mut operands = vec![random.tensor(dtype, &image(layout, 2, c.spatial, c.ic)), random.tensor(dtype, &weights)];
    if bias {
        operands.push(random.tensor(dtype, &[c.oc]));
    }
    check(Op::Conv { window: c.window.clone(), groups: c.groups, layout }, operands)
}

#[test]
fn convolutions() {
    let one = |k: &[usize]| vec![1; k.len()];
    let plain = |kernel: &[usize], pad: usize| {
        window(kernel, &one(kernel), &one(kernel), &vec![pad; kernel.len()], &vec![pad; kernel.len()])
    };
    let strided = window(&[3, 2], &[2, 1], &[1, 2], &[1, 0], &[0, 2]);
    let cases = [
        Convolution { spatial: &[5, 6], ic: 3, oc: 4, groups: 1, window: plain(&[3, 3], 1) },
        Convolution { spatial: &[5, 6], ic: 4, oc: 6, groups: 2, window: strided.clone() },
        Convolution { spatial: &[5, 6], ic: 4, oc: 4, groups: 4, window: plain(&[3, 3], 1) },
        Convolution { spatial: &[5, 6], ic: 3, oc: 6, groups: 1, window: strided.clone() },
        Convolution { spatial: &[5, 6], ic: 3, oc: 6, groups: 3, window: strided },
        Convolution { spatial: &[4, 4], ic: 3, oc: 5, groups: 1, window: plain(&[1, 1], 0) },
        Convolution { spatial: &[7], ic: 2, oc: 3, groups: 1, window: plain(&[3], 1) },
        Convolution { spatial: &[3, 4, 3], ic: 2, oc: 2, groups: 1, window: plain(&[2, 2, 2], 0) },
        Convolution { spatial: &[4, 5], ic: 1, oc: 3, groups: 1, window: plain(&[3, 3], 1) },
        Convolution { spatial: &[4, 5], ic: 3, oc: 3, groups: 3, window: plain(&[1, 1], 0) },
        Convolution {
            spatial: &[6, 6],
            ic: 2,
            oc: 2,
            groups: 1,
            window: window(&[1, 1], &[2, 2], &[1, 1], &[0, 0], &[0, 0]),
        },
    ];
    for layout in LAYOUTS {
        for case in &cases {
            conv(DType::F32, layout, case, true);
            conv(DType::F32, layout, case, false);
            conv(DType::F16, layout, case, true);
        }
    }
}

#[test]
fn convolution_shapes_of_program() {
    let padded = window(&[3, 3], &[1, 1], &[1, 1], &[1, 1], &[1, 1]);
    let full = Convolution { spatial: &[5, 6], ic: 4, oc: 4, groups: 1, window: padded.clone() };
    let group = conv(DType::F32, Layout::ChannelsLast, &full, false);
    assert_eq!(group.program.name, "conv2d_f32_nhwc_3x3");
    assert!(matches!(group.kind, AnchorKind::Conv { pad: Some(_), .. }));
    let axes: Vec<&str> = group.program.stage(group.anchor_stage).reduce.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(axes, ["kh", "kw", "ic"]);

    let depthwise = Convolution { groups: 4, window: window(&[3, 3], &[2, 2], &[1, 1], &[0, 0], &[0, 0]), ..full };
    let group = conv(DType::F32, Layout::ChannelsLast, &depthwise, false);
    assert_eq!(group.program.name, "dwconv2d_f32_nhwc_3x3s2");
    assert!(matches!(group.kind, AnchorKind::DepthwiseConv { pad: None, multiplier: 1, .. }));
    let axes: Vec<&str> = group.program.stage(group.anchor_stage).reduce.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(axes, ["kh", "kw"]);
    assert_eq!(group.program.stages.len(), 1);
}

/// Three colours fill no vector; a window's columns and colours together do, unless the window skips columns.
#[test]
fn stems_join_columns_and_colours_where_operands_come_from_lanes() {
    for (dilation, expected) in [(1, [false, true, false]), (2, [false; 3])] {
        let window = window(&[3, 3], &[2, 2], &[1, dilation], &[1, 1], &[1, 1]);
        let mut random = Random::new(71);
        let picture = Given::Input(random.tensor(DType::F32, &[1, 9, 9, 3]));
        let weights = Given::Constant(random.tensor(DType::F32, &[8, 3, 3, 3]));
        let op = Op::Conv { window, groups: 1, layout: Layout::ChannelsLast };
        let group = check_given(op, vec![picture, weights]);
        let joined = targets().map(|t| default_schedule(&group, &t).unwrap().trace().to_string().contains("kw+"));
        assert_eq!(joined, expected, "dilation {dilation}");
    }
}

#[test]
fn transposed_convolutions() {
    let mut random = Random::new(71);
    let mut deconv = |layout, dtype, window: Window, groups: usize, output_padding: Vec<usize>, bias: bool| {
        let (ic, oc) = (4, 6);
        let spatial = [4, 3];
        let spatial = &spatial[..window.kernel.len()];
        let weights = [&[ic, oc / groups], window.kernel.as_slice()].concat();
        let mut operands = vec![random.tensor(dtype, &image(layout, 2, spatial, ic)), random.tensor(dtype, &weights)];
        if bias {
            operands.push(random.tensor(dtype, &[oc]));
        }
        check(Op::ConvTranspose { window, groups, output_padding, layout }, operands);
    };
    for layout in LAYOUTS {
        for (groups, dtype) in [(1, DType::F32), (2, DType::F32), (1, DType::F16)] {
            let mut geometry = |k: &[usize], s: &[usize], d: &[usize], b: &[usize], a: &[usize], o: &[usize]| {
                deconv(layout, dtype, window(k, s, d, b, a), groups, o.to_vec(), true);
            };
            geometry(&[2, 2], &[2, 2], &[1, 1], &[0, 0], &[0, 0], &[0, 0]);
            geometry(&[3, 3], &[2, 2], &[1, 1], &[1, 1], &[1, 1], &[1, 1]);
            geometry(&[3, 3], &[2, 2], &[1, 1], &[0, 0], &[0, 0], &[0, 0]);
            geometry(&[4, 4], &[2, 2], &[1, 1], &[1, 1], &[1, 1], &[0, 0]);
            geometry(&[3, 2], &[1, 3], &[1, 1], &[1, 0], &[1, 0], &[0, 0]);
            geometry(&[3, 3], &[2, 1], &[2, 2], &[1, 1], &[0, 2], &[0, 0]);
            geometry(&[1, 1], &[3, 2], &[1, 1], &[0, 0], &[0, 0], &[2, 1]);
            geometry(&[5, 5], &[1, 1], &[1, 1], &[3, 3], &[3, 3], &[0, 0]);
        }
        deconv(layout, DType::F32, window(&[3], &[2], &[1], &[1], &[0]), 1, vec![0], false);
    }
}

#[test]
fn pools() {
    let mut random = Random::new(72);
    let kinds = [
        Pool::Max,
        Pool::Average { count_padding: false },
        Pool::Average { count_padding: true },
        Pool::Lp { p: 1 },
        Pool::Lp { p: 2 },
        Pool::Lp { p: 3 },
    ];
    let cases = [
        (window(&[2, 2], &[2, 2], &[1, 1], &[0, 0], &[0, 0]), vec![3, 3]),
        (window(&[3, 3], &[2, 2], &[1, 1], &[1, 1], &[1, 1]), vec![3, 3]),
        (window(&[3, 3], &[1, 1], &[1, 1], &[1, 1], &[1, 1]), vec![6, 6]),
        // ceil mode: the last window runs past the end
        (window(&[3, 3], &[2, 2], &[1, 1], &[0, 0], &[0, 0]), vec![3, 3]),
        (window(&[2, 3], &[3, 1], &[2, 1], &[1, 2], &[1, 0]), vec![2, 6]),
        (window(&[6, 6], &[1, 1], &[1, 1], &[0, 0], &[0, 0]), vec![1, 1]),
    ];
    for layout in LAYOUTS {
        for (window, output) in &cases {
            for pool in kinds {
                for dtype in [DType::F32, DType::F16] {
                    let x = random.tensor(dtype, &image(layout, 2, &[6, 6], 3));
                    check(Op::Pool { pool, window: window.clone(), output: output.clone(), layout }, vec![x]);
                }
            }
        }
    }
    let x: Tensor = random.tensor(DType::I8, &[1, 2, 5]);
    let window = window(&[3], &[1], &[1], &[1], &[1]);
    check(Op::Pool { pool: Pool::Max, window, output: vec![5], layout: Layout::ChannelsFirst }, vec![x]);
}
