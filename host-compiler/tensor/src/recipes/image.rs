//! Images: how batch, spatial and channel dimensions are ordered and named.

use lathe_graph::op::{Layout, Window};

use super::error::Refusal;
use crate::expr::{CompareFn, Expr};
use crate::program::Axis;
use crate::program::build::{Builder, Operand, axes, guarded, in_range, offset, vars};

/// A layout of a given number of spatial dimensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    layout: Layout,
    /// spatial dimensions
    pub(super) spatial: usize,
}

impl Image {
    /// The image `x` is in.
    pub(super) fn of(x: &Operand, layout: Layout) -> Result<Image, Refusal> {
        let spatial = x.rank().checked_sub(2).ok_or(Refusal::Malformed("an image needs batch and channels"))?;
        Ok(Image { layout, spatial })
    }

    /// Batch, spatial dimensions and channel in the layout's order.
    pub(super) fn place<T: Clone>(&self, n: T, spatial: &[T], c: T) -> Vec<T> {
        let mut all = vec![n];
        match self.layout {
            Layout::ChannelsFirst => {
                all.push(c);
                all.extend_from_slice(spatial);
            }
            Layout::ChannelsLast => {
                all.extend_from_slice(spatial);
                all.push(c);
            }
        }
        all
    }

    /// The inverse of [`Image::place`].
    pub(super) fn split<T: Clone>(&self, all: &[T]) -> (T, Vec<T>, T) {
        match self.layout {
            Layout::ChannelsFirst => (all[0].clone(), all[2..].to_vec(), all[1].clone()),
            Layout::ChannelsLast => (all[0].clone(), all[1..all.len() - 1].to_vec(), all[all.len() - 1].clone()),
        }
    }

    /// Axes `n`, `oh`, `ow`, `oc` (by prefix `o`) in the layout's order.
    pub(super) fn axes(&self, prefix: &str, n: i64, spatial: &[i64], c: i64) -> Vec<Axis> {
        let names = self.place("n".to_string(), &spatial_names(prefix, self.spatial), format!("{prefix}c"));
        axes(&names, &self.place(n, spatial, c))
    }

    /// The variables of [`Image::axes`]: batch, spatial dimensions, channel.
    pub(super) fn point(&self) -> (Expr, Vec<Expr>, Expr) {
        self.split(&vars(self.spatial + 2))
    }

    /// `x` with `before` zeros before and `extents` elements in all in each spatial dimension, as a stage `pad`; `x`
    /// itself where it has at least these elements and none are needed before.
    pub(super) fn padded(&self, b: &mut Builder, x: &Operand, before: &[i64], extents: &[i64]) -> Operand {
        let (n, size, c) = self.split(&x.shape);
        let needed = |k: usize| before[k] > 0 || extents[k] > size[k];
        if !(0..self.spatial).any(needed) {
            return x.clone();
        }
        let (at_n, at, at_c) = self.point();
        let mut conditions = vec![];
        let mut source = vec![];
        let mut padded = vec![];
        for (k, o) in at.into_iter().enumerate() {
            if !needed(k) {
                padded.push(size[k]);
                source.push(o);
                continue;
            }
            padded.push(extents[k]);
            let i = offset(o.clone(), -before[k]);
            let (starts, ends) = (before[k] > 0, extents[k] - before[k] > size[k]);
            match (starts, ends) {
                (true, true) => conditions.push(in_range(i.clone(), size[k])),
                (true, false) => conditions.push(Expr::compare(CompareFn::Le, Expr::Index(before[k]), o)),
                (false, _) => conditions.push(Expr::compare(CompareFn::Lt, i.clone(), Expr::Index(size[k]))),
            }
            source.push(i);
        }
        // Copied as stored: half precision is not widened to be padded.
        let value =
            guarded(conditions, Expr::load(x.buffer, self.place(at_n, &source, at_c)), Expr::constant(x.dtype, 0.0));
        b.copy("pad", x.dtype, self.axes("p", n, &padded, c), value)
    }
}

/// `ow`; `oh`, `ow`; `od`, `oh`, `ow`; numbered beyond three dimensions.
pub(super) fn spatial_names(prefix: &str, count: usize) -> Vec<String> {
    let letters: &[&str] = match count {
        0 => &[],
        1 => &["w"],
        2 => &["h", "w"],
        3 => &["d", "h", "w"],
        _ => return (0..count).map(|k| format!("{prefix}{k}")).collect(),
    };
    letters.iter().map(|l| format!("{prefix}{l}")).collect()
}

/// A window's geometry as signed extents.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub(super) kernel: Vec<i64>,
    pub(super) strides: Vec<i64>,
    pub(super) dilations: Vec<i64>,
    pub(super) before: Vec<i64>,
    pub(super) after: Vec<i64>,
}

impl Geometry {
    /// The geometry of `window` for `spatial` dimensions.
    pub(super) fn of(window: &Window, spatial: usize) -> Result<Geometry, Refusal> {
        let signed = |v: &[usize]| v.iter().map(|&e| e as i64).collect::<Vec<_>>();
        let g = Geometry {
            kernel: signed(&window.kernel),
            strides: signed(&window.strides),
            dilations: signed(&window.dilations),
            before: signed(&window.pad_before),
            after: signed(&window.pad_after),
        };
        let lists = [&g.kernel, &g.strides, &g.dilations, &g.before, &g.after];
        if lists.iter().any(|l| l.len() != spatial) || g.strides.iter().chain(&g.dilations).any(|&s| s < 1) {
            return Err(Refusal::Malformed("the window does not fit the operand's rank"));
        }
        Ok(g)
    }

    /// Elements of dimension `k` that `outputs` windows reach over, from the first window's start.
    pub(super) fn reach(&self, k: usize, outputs: i64) -> i64 {
        (outputs - 1) * self.strides[k] + (self.kernel[k] - 1) * self.dilations[k] + 1
    }
}

/// Reduce axes that leave out extents of 1, and for each dimension its variable (or 0).
pub(super) fn reduce_axes(names: &[String], extents: &[i64], first: usize) -> (Vec<Axis>, Vec<Expr>) {
    let mut list = vec![];
    let mut at = vec![];
    for (name, &extent) in names.iter().zip(extents) {
        if extent == 1 {
            at.push(Expr::Index(0));
        } else {
            at.push(crate::program::build::var(first + list.len()));
            list.push(Axis { name: name.clone(), extent });
        }
    }
    (list, at)
}
