//! Lathe: compiles a trained ONNX model into an artifact for a device, runs and times it.
fn main() {}
