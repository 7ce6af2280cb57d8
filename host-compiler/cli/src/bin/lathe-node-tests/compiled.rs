//! Graphs compiled for this machine, loaded into this process and run.

use clap::ValueEnum;
use lathe_driver::{Blame, CompileError, OptimizationLevel, Options, lower_graph};
use lathe_graph::{Graph, Tensor, TensorType};
use lathe_import::node_tests::{Backend, BackendError};
use lathe_runtime_std::{Options as RunOptions, Runner, host_target};

/// How much the compiler optimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// each operator by itself, plain loops
    #[value(name = "0")]
    None,
    /// graph passes and fusion, plain loops
    #[value(name = "1")]
    Graph,
    /// everything
    #[default]
    #[value(name = "2")]
    Full,
}

/// The compiler and this machine.
pub struct Compiled {
    options: Options,
}

impl Compiled {
    /// Compiles for this machine's processor.
    pub fn for_this_machine(level: Level) -> std::io::Result<Compiled> {
        let target = lathe_codegen::targets::find(host_target(), Some("native")).map_err(std::io::Error::other)?;
        let level = match level {
            Level::None => OptimizationLevel::None,
            Level::Graph => OptimizationLevel::Graph,
            Level::Full => OptimizationLevel::Full,
        };
        Ok(Compiled { options: Options { level, self_test: false, ..Options::new(target) } })
    }
}

impl Backend for Compiled {
    fn run(&self, graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        let lowering = lower_graph(graph.clone(), String::new(), &self.options, &());
        let artifact = lowering.and_then(|lowering| lowering.pack(&())).map_err(refusal)?;
        let mut runner = load(&artifact.bytes)?;
        for (index, tensor) in inputs.iter().enumerate() {
            let input = runner.input_bytes(index);
            if input.len() != tensor.bytes().len() {
                return failed(format!("input {index} has {} bytes, not {}", input.len(), tensor.bytes().len()));
            }
            input.copy_from_slice(tensor.bytes());
        }
        runner.run();
        let output = |(described, bytes): (lathe_runtime_std::Tensor<'_>, &[u8])| {
            let shape: Vec<usize> = described.shape.dims().map(|d| d as usize).collect();
            Tensor::new(TensorType::new(described.dtype, shape), bytes.to_vec())
        };
        let outputs: Option<Vec<Tensor>> = runner.outputs().map(output).collect();
        outputs.map_or_else(|| failed("an output's bytes do not fit its type".into()), Ok)
    }
}

fn failed<T>(why: String) -> Result<T, BackendError> {
    Err(BackendError::Failed(why))
}

fn refusal(error: CompileError) -> BackendError {
    match error.blame() {
        Blame::Unsupported => BackendError::Unsupported(error.to_string()),
        Blame::Request | Blame::Failure => BackendError::Failed(error.to_string()),
    }
}

#[allow(unsafe_code)]
fn load(artifact: &[u8]) -> Result<Runner, BackendError> {
    // SAFETY: the compiler wrote this artifact a moment ago.
    let runner = unsafe { Runner::from_bytes(artifact, &RunOptions::default()) };
    runner.map_err(|e| BackendError::Failed(e.to_string()))
}
