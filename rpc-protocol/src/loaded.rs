//! What both sides of the protocol hold of a loaded artifact.

/// What was loaded; the fields of [`crate::Response::Loaded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Bytes of arena taken, workspaces included.
    pub arena: u64,
    /// Workers that will run kernels.
    pub threads: u32,
    /// Whether the noise that a bundle reads lies where the device keeps a model's weights.
    pub noise_as_weights: bool,
}
