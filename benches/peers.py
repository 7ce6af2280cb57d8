"""One other inference engine on one ONNX model, kept warm, timed on request.

    python3 peers.py ENGINE THREADS MODEL.onnx CACHE_DIR [NAME=1,3,224,224]...

ENGINE is ort (onnxruntime), ov (OpenVINO) or mnn (MNN). The model is loaded and run until it is warm; then a line
`{"ready": VERSION}` is printed. Every line read from standard input is a number of seconds to run for; the answer is
one line `{"samples_ms": [...]}`. End of input ends the program. `cargo xtask bench` asks several such programs in turn,
so that all engines are measured under the same load of the machine.

Inputs are `input_N.npy` beside the model, else pseudo-random numbers from a fixed seed. f32 arithmetic everywhere.
"""
import json
import os
import sys
import time

import numpy as np
import onnx

WARM_RUNS = 3


def graph_inputs(model, fixed):
    """Names, shapes and numpy types of what the caller must give."""
    constant = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name in constant:
            continue
        kind = value.type.tensor_type
        shape = fixed.get(value.name) or [dim.dim_value or 1 for dim in kind.shape.dim]
        yield value.name, shape, np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))


def make_feed(path, model, fixed):
    """Input arrays by name, in the graph's order."""
    generator = np.random.default_rng(20)
    feed = {}
    for index, (name, shape, dtype) in enumerate(graph_inputs(model, fixed)):
        recorded = os.path.join(os.path.dirname(os.path.abspath(path)), f"input_{index}.npy")
        if os.path.exists(recorded):
            feed[name] = np.load(recorded)
        elif dtype.kind == "f":
            feed[name] = generator.standard_normal(shape).astype(dtype)
        else:
            feed[name] = np.ones(shape, dtype)
    return feed


def onnxruntime_runner(path, threads, feed, _cache):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return onnxruntime.__version__, lambda: session.run(None, feed)


def openvino_runner(path, threads, feed, _cache):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({name: list(array.shape) for name, array in feed.items()})
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return openvino.__version__.split("-")[0], lambda: request.infer(feed)


def mnn_runner(path, threads, feed, cache):
    import importlib.metadata

    import MNN

    converted = os.path.join(cache, mnn_name(path))
    if not os.path.exists(converted):
        # The converter itself: the package's own front end installs a telemetry client first.
        import _tools

        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", path, "--MNNModel", converted + ".partial",
                           "--bizCode", "bench"])
        os.rename(converted + ".partial", converted)
    outputs = [value.name for value in onnx.load(path, load_external_data=False).graph.output]
    manager = MNN.nn.create_runtime_manager(({"backend": 0, "numThread": threads, "precision": "high"},))
    network = MNN.nn.load_module_from_file(converted, list(feed), outputs, runtime_manager=manager)
    variables = []
    for array in feed.values():
        variable = MNN.expr.const(array, list(array.shape), MNN.expr.NCHW)
        variables.append(MNN.expr.convert(variable, MNN.expr.NC4HW4) if array.ndim == 4 else variable)

    def run():
        results = network.forward(variables)
        for result in results if isinstance(results, (list, tuple)) else [results]:
            result.read()

    return importlib.metadata.version("MNN"), run


def mnn_name(path):
    """A file name that belongs to this very model."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16] + ".mnn"


RUNNERS = {"ort": onnxruntime_runner, "ov": openvino_runner, "mnn": mnn_runner}


def timed(run, seconds):
    """Milliseconds of each run until the time is over, at least three."""
    samples = []
    end = time.perf_counter() + seconds
    while len(samples) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        samples.append((time.perf_counter() - start) * 1e3)
    return samples


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in RUNNERS:
        raise SystemExit(__doc__)
    engine, threads, path, cache = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    # Libraries print on standard output as they like; ours is for the answers alone.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    pairs = (word.rsplit("=", 1) for word in sys.argv[5:])
    fixed = {name: [int(extent) for extent in shape.split(",")] for name, shape in pairs}
    feed = make_feed(path, onnx.load(path, load_external_data=False), fixed)
    version, run = RUNNERS[engine](path, threads, feed, cache)
    for _ in range(WARM_RUNS):
        run()
    print(json.dumps({"ready": version}), file=answers)
    for line in sys.stdin:
        print(json.dumps({"samples_ms": timed(run, float(line))}), file=answers)


if __name__ == "__main__":
    main()
