"""What runs the network of a preset: ONNX Runtime, by its graph, or Keras."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zoo.core.engine import Engine, EngineName
from zoo.core.quiet import start_tensorflow
from zoo.errors import ArgumentError
from zoo.presets.preset import Preset

if TYPE_CHECKING:
    import keras


def open_engine(
    preset: Preset, name: EngineName, threads: int | None = None, providers: Sequence[str] | None = None
) -> Engine:
    """Open the network of a preset on an engine.

    Args:
        preset: The preset.
        name: The engine.
        threads: Threads that ONNX Runtime may use within one call.
        providers: ONNX Runtime's execution providers, the preferred one first.

    Raises:
        PresetError: The graph or the weights are missing or damaged, or do not fit the card.
        ArgumentError: An execution provider is not available, or the engine has no such option.
        MissingExtra: Keras is not installed.
    """
    return _keras(preset, threads, providers) if name == "keras" else _onnx(preset, threads, providers)


def _onnx(preset: Preset, threads: int | None, providers: Sequence[str] | None) -> Engine:
    """Open the graph of a preset in ONNX Runtime."""
    from zoo.presets import graph
    from zoo.runtime.engine import runtime_options

    opened = graph.engine(preset, runtime_options(threads, providers))
    kept = replace(preset, folder=preset.folder.absolute())  # the process may change its working folder
    opened.build = functools.partial(_network, kept)
    return opened


def _keras(preset: Preset, threads: int | None, providers: Sequence[str] | None) -> Engine:
    """Build the Keras network of a preset.

    Raises:
        ArgumentError: There are options of another engine.
    """
    if threads is not None or providers is not None:
        raise ArgumentError("threads, providers: they are for ONNX Runtime, and this runs on Keras: leave them out")
    network = _network(preset)
    from zoo.networks.keras_engine import engine_of

    return engine_of(network, preset.codec)


def _network(preset: Preset) -> "keras.Model":
    """Build the Keras network of a preset: Keras is imported only now."""
    start_tensorflow()
    from zoo.presets.network import network

    return network(preset)
