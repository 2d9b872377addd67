import numpy as np
import pytest

from export.pairs import opened
from export.tracing.pair import of_network, zoo_names
from tests.export.pairs import attending, characters
from tests.tasks.translation.translators import tiny
from zoo.core.architectures import ARCHITECTURES, pair_states


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_names_of_the_zoo(architecture):
    """What the encoder returns is what the decoder takes, and every state leaves again."""
    model = tiny(architecture)
    encoder, decoder = (source.signature("sequence") for source in of_network(model.network, model.codec))
    states = pair_states(ARCHITECTURES[architecture], 2)
    assert [tensor.name for tensor in encoder.outputs] == list(zoo_names(states).between)
    assert encoder.outputs == decoder.inputs[1:]
    assert [tensor.name for tensor in decoder.outputs[:2]] == ["y", "attention"]
    assert [(decoder.inputs[i].name, decoder.outputs[o].name) for i, o in decoder.states] == [
        (name, name.replace("0_", "n_")) for name in states
    ]


@pytest.mark.parametrize("make", [characters, attending])
def test_inputs_to_try_a_decoder_with(make):
    """The memory has a length of its own."""
    source = opened(make(), None, None).decoder
    arrays = source.sample(np.random.default_rng(0), 3, 5)
    sizes = {tensor.name: array.shape for tensor, array in zip(source.inputs, arrays, strict=True)}
    assert sizes["x"][:2] == (3, 5)
    assert sizes.get("memory", (3, 8))[1] == 8
    assert len(source.run(arrays)[0]) == 3
