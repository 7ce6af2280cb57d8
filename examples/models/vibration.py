"""Makes a network that tells which of eight frequencies is strongest in 256 samples of a vibration.

    python3 vibration.py vibration.onnx

Its weights are not trained but written down: a convolution compares the signal with a sine and a cosine of each
frequency, squares and sums make energies of that. Class k is (3 + 3 k) / 64 of the sample rate; the frequencies are
orthogonal over the 64 samples of a filter.
"""

import math
import sys

import onnx_file

SAMPLES = 256
TAPS = 64
CLASSES = 8


def main(path):
    filters, join = [], []
    for k in range(CLASSES):
        turn = 2 * math.pi * (3 + 3 * k) / TAPS
        for wave in (math.cos, math.sin):
            filters += [wave(turn * i) / (TAPS / 2) for i in range(TAPS)]
            join += [1.0 if column == k else 0.0 for column in range(CLASSES)]
    onnx_file.write(
        path,
        "vibration",
        nodes=[
            onnx_file.node("Conv", ["signal", "filters"], ["waves"], kernel_shape=[1, TAPS]),
            onnx_file.node("Mul", ["waves", "waves"], ["squares"]),
            onnx_file.node("GlobalAveragePool", ["squares"], ["means"]),
            onnx_file.node("Flatten", ["means"], ["energies"]),
            onnx_file.node("MatMul", ["energies", "join"], ["classes"]),
        ],
        constants=[
            onnx_file.tensor("filters", [2 * CLASSES, 1, 1, TAPS], filters),
            onnx_file.tensor("join", [2 * CLASSES, CLASSES], join),
        ],
        inputs={"signal": [1, 1, 1, SAMPLES]},
        outputs={"classes": [1, CLASSES]},
    )


if __name__ == "__main__":
    main(sys.argv[1])
