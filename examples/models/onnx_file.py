"""Writes small ONNX models from lists of numbers: the few fields of the format's protobuf messages that they need."""

import struct

FLOAT = 1
INTS = 7


def varint(value):
    """A whole number, seven bits a byte."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    """A field that holds a whole number."""
    return varint(field << 3) + varint(value)


def block(field, value):
    """A field that holds bytes, a text or a message."""
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, values):
    """A constant of 32-bit floats in memory order."""
    raw = struct.pack(f"<{len(values)}f", *values)
    return b"".join(number(1, d) for d in dims) + number(2, FLOAT) + block(8, name) + block(9, raw)


def node(op, inputs, outputs, **ints):
    """An operator; its attributes are lists of whole numbers."""
    out = b"".join(block(1, name) for name in inputs) + b"".join(block(2, name) for name in outputs)
    out += block(3, f"{op}_{outputs[0]}") + block(4, op)
    for name, values in ints.items():
        attribute = block(1, name) + b"".join(number(8, v) for v in values) + number(20, INTS)
        out += block(5, attribute)
    return out


def value_info(name, dims):
    """An input or output of 32-bit floats."""
    shape = b"".join(block(1, number(1, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, FLOAT) + block(2, shape)))


def write(path, name, nodes, constants, inputs, outputs):
    """Writes a model; inputs and outputs are {name: dims}, all of 32-bit floats."""
    graph = b"".join(block(1, n) for n in nodes) + block(2, name) + b"".join(block(5, c) for c in constants)
    graph += b"".join(block(11, value_info(n, d)) for n, d in inputs.items())
    graph += b"".join(block(12, value_info(n, d)) for n, d in outputs.items())
    opset = block(1, "") + number(2, 13)
    with open(path, "wb") as file:
        file.write(number(1, 8) + block(8, opset) + block(7, graph))
