//! What the caller decides.

use std::collections::BTreeMap;

use lathe_tensor::Target;

use crate::picture::PictureInput;

/// How much work goes into speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptimizationLevel {
    /// graph and loops as they come: each operator by itself, plain serial loops (to find out who is wrong)
    None,
    /// graph passes and fusion, plain serial loops
    Graph,
    /// graph passes, fusion and default schedules
    #[default]
    Full,
}

/// What the caller decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// whom the artifact is for
    pub target: Target,
    /// shapes of inputs whose dimensions the model leaves open
    pub input_shapes: BTreeMap<String, Vec<usize>>,
    /// inputs that become pictures
    pub pictures: Vec<PictureInput>,
    /// how much work goes into speed
    pub level: OptimizationLevel,
    /// compute the golden self-test
    pub self_test: bool,
    /// Weights that are 8-bit integers times a scale are stored so, and widened where they are used. On
    /// microcontrollers, where flash is scarce.
    pub narrow_weights: bool,
    /// Graph inputs keep their bytes through a run, so that a second run needs no new input. Not on microcontrollers,
    /// where their memory is worth more.
    pub keep_inputs: bool,
}

impl Options {
    /// The defaults for a target.
    pub fn new(target: Target) -> Options {
        Options {
            input_shapes: BTreeMap::new(),
            pictures: Vec::new(),
            level: OptimizationLevel::default(),
            self_test: true,
            narrow_weights: target.is_microcontroller(),
            keep_inputs: !target.is_microcontroller(),
            target,
        }
    }
}
