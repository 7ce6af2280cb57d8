//! Runs an artifact on raw input files and prints the largest elements of every output.
//!
//! `rust-inference MODEL.lathe [NAME=FILE]...`: each file holds an input's elements in memory order, little-endian;
//! inputs without a file stay zero.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use device_runtime::artifact::golden::element;
use device_runtime::{Options, Runner, Tensor};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(model) = arguments.next() else { bail!("usage: rust-inference MODEL.lathe [NAME=FILE]...") };
    // SAFETY: the user asks for this artifact to be run, and nothing changes the file meanwhile.
    let mut runner = unsafe { Runner::open(&model, &Options { threads: 0, ..Options::default() }) }?;
    for argument in arguments {
        let (name, file) = argument.split_once('=').with_context(|| format!("{argument:?} is not NAME=FILE"))?;
        set_from_file(&mut runner, name, Path::new(file))?;
    }
    let start = Instant::now();
    runner.run();
    println!("{} ran in {:.3} ms on {} threads", model, start.elapsed().as_secs_f64() * 1e3, runner.threads());
    for (tensor, bytes) in runner.outputs() {
        print_largest(&tensor, bytes);
    }
    Ok(())
}

fn set_from_file(runner: &mut Runner, name: &str, file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let input = runner.artifact().inputs().find(|input| input.name == name);
    let input = input.with_context(|| format!("the model has no input named {name:?}"))?;
    let (dtype, shape) = (input.dtype, input.shape.dims().map(|dim| dim as usize).collect::<Vec<_>>());
    Ok(runner.set_input(name, dtype, &shape, &bytes)?)
}

fn print_largest(tensor: &Tensor<'_>, bytes: &[u8]) {
    println!("{} {} {}", tensor.name, tensor.dtype, tensor.shape);
    let values = (0u32..).map_while(|index| element(tensor.dtype, bytes, index));
    let mut ranked: Vec<(usize, f64)> = values.enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (index, value) in ranked.iter().take(5) {
        println!("  [{index}] {value}");
    }
}
