//! ONNX import: protobuf to graph, one file per operator.
