"""Weights of the recurrent layers that ran on cuDNN (CuDNNLSTM, CuDNNGRU), brought to the layout of the plain ones.

cuDNN multiplies from the other side and keeps two biases: each gate's kernel is stored transposed, and the biases of
the input and of the state one after the other. LSTM needs their sum; GRU (`reset_after`) needs both.
"""

from __future__ import annotations

import numpy as np

CUDNN_GATES = {"CuDNNLSTM": 4, "CuDNNGRU": 3}


def from_cudnn(value: np.ndarray, leaf: str, gates: int) -> np.ndarray:
    """Converts one weight.

    Args:
        value: as stored; `kernel` is (inputs, gates * units), `recurrent_kernel` (units, gates * units), `bias`
            (2 * gates * units,).
        leaf: the weight's name.
        gates: 4 for an LSTM, 3 for a GRU.

    Returns:
        the weight of the plain layer; as it is where its shape is not that of cuDNN.
    """
    if leaf == "bias":
        if value.ndim != 1 or value.size % (2 * gates):
            return value
        halves = value.reshape(2, -1)
        return np.asarray(halves.sum(axis=0)) if gates == 4 else halves
    if value.ndim != 2 or value.shape[1] % gates:
        return value
    parts = np.split(value, gates, axis=1)
    if leaf == "recurrent_kernel":
        return np.concatenate([part.T for part in parts], axis=1)
    # The kernel keeps its shape, but its values lie in the order of the transposed matrix.
    return np.concatenate([part.reshape(part.shape[::-1]).T for part in parts], axis=1)
