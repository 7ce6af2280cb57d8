//! The golden self-test: inputs from the artifact's seed, a run, a few output elements compared.

use lathe_artifact::golden::{element, fill};

use crate::error::GoldenError;
use crate::model::Model;
use crate::workers::Workers;

impl<W: Workers> Model<'_, W> {
    /// Fills the inputs with the self-test's, runs, and compares the recorded output elements. Inputs and outputs are
    /// the self-test's afterwards.
    pub fn verify_golden(&mut self) -> Result<(), GoldenError> {
        let golden = self.artifact.golden().ok_or(GoldenError::Absent)?;
        for (number, (tensor, range)) in (0u32..).zip(self.artifact.inputs().zip(golden.inputs())) {
            fill(tensor.dtype, golden.seed, number, range, self.arena.tensor_mut(&tensor));
        }
        self.run();
        for sample in golden.samples() {
            let found = self
                .artifact
                .output(usize::from(sample.output))
                .and_then(|tensor| element(tensor.dtype, self.arena.tensor(&tensor), sample.element))
                .unwrap_or(f64::NAN);
            if !sample.accepts(found) {
                return Err(GoldenError::Mismatch {
                    output: sample.output,
                    element: sample.element,
                    expected: sample.value,
                    found,
                    tolerance: sample.tolerance,
                });
            }
        }
        Ok(())
    }
}
