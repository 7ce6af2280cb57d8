//! The ordered list of passes from an ONNX model to an artifact.
