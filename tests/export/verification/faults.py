"""Models in NumPy, and faults for the checks to find."""

from dataclasses import replace

import numpy as np
import pytest

from tests import cells
from tests.conftest import tiny_model, user_model
from zoo.errors import VerificationError

TOLERANCE = 1e-5


def weights_of(layer):
    return [np.array(weight) for weight in layer.get_weights()]


def zoo_run(weights=None):
    """The tiny model of the zoo in NumPy, perhaps with other weights of its LSTM."""
    model = tiny_model()
    if weights is not None:
        model.engine.network.get_layer("recurrent_0").set_weights(weights)

    def run(arrays):
        y, new = cells.forward(model, arrays[0], arrays[1:])
        return [a.astype(np.float32) for a in (y, *new)]

    return run


def user_run(weights=None):
    weights = weights or weights_of(user_model().layers[0])

    def run(arrays):
        y, new = cells.over_time("lstm", arrays[0], weights, arrays[1:])
        return [a.astype(np.float32) for a in (y, *new)]

    return run


RUNS = {"zoo": zoo_run, "user": user_run}


def remembered(function):
    found = {}

    def run(arrays):
        key = tuple((a.shape, a.tobytes()) for a in arrays)
        if key not in found:
            found[key] = function(arrays)
        return found[key]

    return run


BOTH = pytest.mark.parametrize("which", RUNS)


def with_gate(which, gate, change, arrays=(0, 1, 2)):
    """Change one of LSTM's four gates in some of kernel, recurrent kernel and bias."""
    layer = tiny_model().engine.network.get_layer("recurrent_0") if which == "zoo" else user_model().layers[0]
    weights = weights_of(layer)
    units = weights[1].shape[0]
    for i in arrays:
        part = weights[i][..., gate * units : (gate + 1) * units]
        part[...] = change(part)
    return RUNS[which](weights)


def swapped_in(run, inputs, _):
    return run([inputs[0], *inputs[:0:-1]])


def swapped_out(run, inputs, _):
    y, *state = run(inputs)
    return [y, *state[::-1]]


def dropped(run, inputs, _):
    return run([inputs[0], *(np.zeros_like(s) for s in inputs[1:])])


def frozen(run, inputs, _):
    return [run(inputs)[0], *inputs[1:]]


def reversed_time(run, inputs, _):
    y, *state = run([inputs[0][:, ::-1], *inputs[1:]])
    return [y[:, ::-1], *state]


def permuted(run, inputs, _):
    y, *state = run(inputs)
    return [np.roll(y, 1, -1), *state]


def nan(run, inputs, _):
    y, *state = run(inputs)
    return [np.where(np.arange(y.shape[-1]) == 1, np.nan, y).astype(np.float32), *state]


def last_only(run, inputs, _):
    y, *state = run(inputs)
    return [y[:, -1:], *state]


def rows_mixed(run, inputs, _):
    return [array[::-1] for array in run(inputs)]


def first_row_only(run, inputs, _):
    return [np.repeat(array[:1], len(array), 0) for array in run(inputs)]


def long_ones_cut(run, inputs, _):
    y, *state = run(inputs)
    return [np.where(np.arange(y.shape[1])[:, None] < 32, y, 0), *state]


def output_missing(run, inputs, _):
    return run(inputs)[:-1]


def output_added(run, inputs, _):
    return [*run(inputs), inputs[1]]


def remembers(run, inputs, calls):
    y, *state = run(inputs)
    return [y + np.float32(1e-6 * calls), *state]


FAULTS = {
    "h and c swapped in": (swapped_in, "parity"),
    "h and c swapped out": (swapped_out, "parity"),
    "state dropped": (dropped, "parity"),
    "state not moved on": (frozen, "parity"),
    "time reversed": (reversed_time, "parity"),
    "labels permuted": (permuted, "parity"),
    "not a number": (nan, "parity"),
    "time axis collapsed": (last_only, "parity"),
    "rows mixed": (rows_mixed, "parity"),
    "first row for all": (first_row_only, "parity"),
    "long ones cut": (long_ones_cut, "parity"),
    "output missing": (output_missing, "parity"),
    "output added": (output_added, "parity"),
    "hidden state": (remembers, "repeat"),
}


def broken(run, fault):
    """A function around another, with a fault in it that may count the calls."""
    calls = []

    def call(inputs):
        calls.append(1)
        return fault(run, list(inputs), len(calls))

    return call


def failed_check(check, *args):
    with pytest.raises(VerificationError) as caught:
        check(*args)
    return caught.value.check


def first_input(s, **changes):
    return replace(s, inputs=(replace(s.inputs[0], **changes), *s.inputs[1:]))


def first_output(s, **changes):
    return replace(s, outputs=(replace(s.outputs[0], **changes), *s.outputs[1:]))
