"""Makes a network of two dense layers that computes the sine of a number in 0..2 pi.

    python3 sine.py sine.onnx

Its weights are not trained but written down: sixteen ReLU units bend a straight line at sixteen points, so that it goes
through the sine there. Between them it is at most (pi/8)^2 / 8 = 0.0193 away.
"""

import math
import sys

import onnx_file

KNOTS = 16


def main(path):
    step = 2 * math.pi / KNOTS
    values = [math.sin(step * k) for k in range(KNOTS + 1)]
    slopes = [(values[k + 1] - values[k]) / step for k in range(KNOTS)]
    bends = [slopes[0]] + [slopes[k] - slopes[k - 1] for k in range(1, KNOTS)]
    onnx_file.write(
        path,
        "sine",
        nodes=[
            onnx_file.node("MatMul", ["x", "ones"], ["spread"]),
            onnx_file.node("Add", ["spread", "knots"], ["shifted"]),
            onnx_file.node("Relu", ["shifted"], ["bent"]),
            onnx_file.node("MatMul", ["bent", "bends"], ["sine"]),
        ],
        constants=[
            onnx_file.tensor("ones", [1, KNOTS], [1.0] * KNOTS),
            onnx_file.tensor("knots", [1, KNOTS], [-step * k for k in range(KNOTS)]),
            onnx_file.tensor("bends", [KNOTS, 1], bends),
        ],
        inputs={"x": [1, 1]},
        outputs={"sine": [1, 1]},
    )


if __name__ == "__main__":
    main(sys.argv[1])
