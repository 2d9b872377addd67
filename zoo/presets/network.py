"""The Keras network of a preset."""

from typing import TYPE_CHECKING

from zoo.core.architectures import ARCHITECTURES
from zoo.presets.preset import Preset

if TYPE_CHECKING:
    import keras


def network(preset: Preset) -> "keras.Model":
    """Build the network with the stored weights, which are read before anything is built.

    Raises:
        PresetError: The weights do not fit the card.
    """
    from zoo.networks import build
    from zoo.networks.transfer import set_weights

    arrays = preset.stored(preset.codec.frontend()).arrays
    built = build.network(ARCHITECTURES[preset.card.architecture], preset.codec, preset.card.recipe)
    set_weights(built, arrays)
    return built
