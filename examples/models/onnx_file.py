"""Writes small ONNX models from lists of numbers: the few fields of the format's protobuf messages that they need."""

import struct

FLOAT = 1
INTS = 7


def _varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, value):
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def tensor(name, dims, values):
    """A constant of 32-bit floats in memory order."""
    raw = struct.pack(f"<{len(values)}f", *values)
    return b"".join(_number(1, d) for d in dims) + _number(2, FLOAT) + _bytes(8, name) + _bytes(9, raw)


def node(op, inputs, outputs, **ints):
    """An operator; its attributes are lists of whole numbers."""
    out = b"".join(_bytes(1, name) for name in inputs) + b"".join(_bytes(2, name) for name in outputs)
    out += _bytes(3, f"{op}_{outputs[0]}") + _bytes(4, op)
    for name, values in ints.items():
        attribute = _bytes(1, name) + b"".join(_number(8, v) for v in values) + _number(20, INTS)
        out += _bytes(5, attribute)
    return out


def _value(name, dims):
    shape = b"".join(_bytes(1, _number(1, d)) for d in dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, shape)))


def write(path, name, nodes, constants, inputs, outputs):
    """Writes a model; inputs and outputs are {name: dims}, all of 32-bit floats."""
    graph = b"".join(_bytes(1, n) for n in nodes) + _bytes(2, name) + b"".join(_bytes(5, c) for c in constants)
    graph += b"".join(_bytes(11, _value(n, d)) for n, d in inputs.items())
    graph += b"".join(_bytes(12, _value(n, d)) for n, d in outputs.items())
    opset = _bytes(1, "") + _number(2, 13)
    with open(path, "wb") as file:
        file.write(_number(1, 8) + _bytes(8, opset) + _bytes(7, graph))
